// preset: open-webui, as shipped, in front of the real Open WebUI with an S3 store (Swift's S3 interface) and a key prefix.
import test from 'node:test';
import { checkNamedContent, checkPresentations, checkRanges, checkRefusals, checkSpellings } from '../support/open_webui_contract.mjs';
import { startRealWebui } from '../support/open_webui_real.mjs';
import { checkBrowser } from './open-webui/browser.mjs';
import { changes } from './open-webui/changes.mjs';
import { checkOddNames, checkParallelSeeks } from './open-webui/files.mjs';
import { records } from './open-webui/records.mjs';
import { checkLeaving, checkPageChat, checkSocket, checkTokens } from './open-webui/streams.mjs';

test('Open WebUI with S3', async (t) => {
  const s = await startRealWebui(t, { storage: 's3', prefix: 'up' });
  const [owner, stranger] = [await s.user('ann'), await s.user('bob')];
  await t.test('types and dispositions', () => checkPresentations(s, owner));
  await t.test('ranges', () => checkRanges(s, owner));
  await t.test('refusals', () => checkRefusals(s, { owner, stranger, admin: s.admin }));
  await t.test('the spellings of attachment', () => checkSpellings(s, owner, { ours: true }));
  await t.test('/content/{file_name}', () => checkNamedContent(s, { owner, stranger }, { ours: true }));
  await t.test('45 odd names', () => checkOddNames(s, owner));
  await t.test('20 seeks at once', (tt) => checkParallelSeeks(s, owner, tt));
  for (const [what, check] of Object.entries(records)) await t.test(what, () => check(s, owner));
  for (const target of ['/api/chat/completions', '/openai/chat/completions']) {
    await t.test(`${target}: token by token`, () => checkTokens(s, s.admin, target));
    await t.test(`${target}: a client that leaves`, () => checkLeaving(s, s.admin, target));
  }
  await t.test('a socket by WebSocket', (tt) => checkSocket(s, tt, owner, 'websocket'));
  await t.test('a chat of the page\'s, stopped', (tt) => checkPageChat(s, tt, s.admin, 'websocket'));
  await t.test('somebody at its page, in Chromium', (tt) => checkBrowser(s, tt, s.admin));
  for (const [what, check] of Object.entries(changes)) await t.test(`at once: ${what}`, () => check(s));
});
