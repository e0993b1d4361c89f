// preset: open-webui, as shipped, in front of the real Open WebUI with its files on the local disk, with long polling in
// place of WebSockets (the app has one or the other), and with users whom an outer proxy names.
import test from 'node:test';
import { checkNamedContent, checkPresentations, checkRanges, checkRefusals, checkSpellings } from '../support/open_webui_contract.mjs';
import { startRealWebui } from '../support/open_webui_real.mjs';
import { changes } from './open-webui/changes.mjs';
import { checkOddNames, checkParallelSeeks } from './open-webui/files.mjs';
import { checkIdentity, identityVariables } from './open-webui/identity.mjs';
import { checkPageChat, checkSocket } from './open-webui/streams.mjs';

test('Open WebUI with local storage', async (t) => {
  const s = await startRealWebui(t, { storage: 'local', app: { ENABLE_WEBSOCKET_SUPPORT: 'false', ...identityVariables } });
  const [owner, stranger] = [await s.user('ann'), await s.user('bob')];
  await t.test('types and dispositions', () => checkPresentations(s, owner));
  await t.test('ranges', () => checkRanges(s, owner));
  await t.test('refusals', () => checkRefusals(s, { owner, stranger, admin: s.admin }));
  await t.test('the spellings of attachment', () => checkSpellings(s, owner, { ours: true }));
  await t.test('/content/{file_name}', () => checkNamedContent(s, { owner, stranger }, { ours: true }));
  await t.test('45 odd names', () => checkOddNames(s, owner));
  await t.test('20 seeks at once', (tt) => checkParallelSeeks(s, owner, tt));
  await t.test('a socket by long polling', (tt) => checkSocket(s, tt, owner, 'polling'));
  await t.test('a chat of the page\'s, stopped', (tt) => checkPageChat(s, tt, s.admin, 'polling'));
  await t.test('fields that name a user', () => checkIdentity(s, owner));
  for (const what of ['a new name', 'a file that is deleted', 'all files, deleted at once']) {
    await t.test(`at once: ${what}`, () => changes[what](s));
  }
});
