// The stand-in for Open WebUI, alone and through Sluice, answers a file's content as the real app does: the same assertions
// are made of that one in tests/apps.
import test from 'node:test';
import { checkNamedContent, checkPresentations, checkRanges, checkRefusals, checkSpellings } from '../support/open_webui_contract.mjs';
import { startWebui } from '../support/open_webui_stack.mjs';

test('the stand-in', async (t) => {
  const s = await startWebui(t, { prefix: 'up/load' });
  const [owner, stranger, admin] = [s.user('ann'), s.user('bob'), s.user('root', { role: 'admin' })];
  await t.test('types and dispositions', () => checkPresentations(s, owner));
  await t.test('ranges', () => checkRanges(s, owner));
  await t.test('refusals', () => checkRefusals(s, { owner, stranger, admin }));
  await t.test('the spellings of attachment', () => checkSpellings(s, owner));
  await t.test('/content/{file_name}', () => checkNamedContent(s, { owner, stranger }));
});
