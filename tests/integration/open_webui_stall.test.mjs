// preset: open-webui. The whole app falls silent for a while (an upload does that to it), and how often it is asked.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { contentOf, startWebui } from '../support/open_webui_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

async function start(t, options) {
  const s = await startWebui(t, options);
  s.ann = s.user('ann');
  s.fields = s.session(s.ann);
  return s;
}

test('seeks while the app is silent wait for it, and are served', async (t) => {
  const s = await start(t);
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.path === `/api/v1/files/${file.id}`);
  const seeks = Array.from({ length: 10 }, (_, i) => s.through(contentOf(file), { headers: { ...s.fields, ...range(i, i + 99) } }));
  await gate.reached(1);
  gate.release();
  for (const [i, one] of (await Promise.all(seeks)).entries()) assert.deepEqual([one.status, one.sha256], [206, file.sha256(i, i + 99)]);
  assert.deepEqual([s.asked(file).length, s.relayed(file).length], [1, 0]);
});

test('a silence beyond authorize.timeout: fallbacks by their reason, one at a time for a caller', async (t) => {
  const s = await start(t, { route: { authorize: { timeout: '400ms' } }, app: { storage: { rate: 20 } }, config: { fallback: { after: '20s' } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.path === `/api/v1/files/${file.id}`);
  t.after(() => gate.release());
  const seeks = Array.from({ length: 10 }, (_, i) => s.through(contentOf(file), { headers: { ...s.fields, ...range(i, i + 99) } }));
  for (const [i, one] of (await Promise.all(seeks)).entries()) {
    assert.deepEqual([one.status, one.sha256, cacheStatus(one).detail], [206, file.sha256(i, i + 99), 'authorize_timeout']);
  }
  const metrics = await s.sluice.metrics();
  assert.deepEqual([s.app.storage.downloads.most, metrics.sum('fallback_total', { reason: 'authorize_timeout' }),
    metrics.sum('requests_total', { result: 'denied' })], [1, 10, 0]);
});

test('storage that is not the app\'s: said once, counted, and the app serves one request of a file at a time', async (t) => {
  const s = await start(t, { env: { S3_BUCKET_NAME: 'elsewhere', S3_KEY_PREFIX: 'up' }, app: { storage: { rate: 20 } },
    config: { fallback: { concurrency: 1, after: '20s' } } });
  const file = s.app.addFile({ owner: s.ann, name: 'v.mp4', path: '/app/backend/data/uploads/gone?x.mp4' });
  const answers = await Promise.all(Array.from({ length: 5 }, () => s.through(contentOf(file), { headers: s.fields })));
  for (const one of answers) assert.deepEqual([one.status, cacheStatus(one).detail], [400, 'not_ours'], "the app's own answer");
  assert.equal(await s.sluice.metric('fallback_total', { route: 'open-webui', reason: 'not_ours' }), 5);
  await s.sluice.waitForLog((record) => record.level === 'warn' && record.reason, 'it is said');
  const said = s.sluice.log.filter((record) => record.level === 'warn' && record.reason);
  assert.equal(said.length, 1);
  assert.deepEqual([said[0].reason, said[0].store, said[0].named], ['not_ours', 'open-webui', '/app/backend/data/uploads/gone']);
  assert.match(said[0].configured, /^s3:\/\/elsewhere\//);
});

test('a page of images, a video, a PDF: one browser is asked about once a file', async (t) => {
  const s = await start(t);
  const file = await s.upload({ owner: s.ann, name: 'v.png', type: 'image/png' });
  const fetches = [
    { 'Sec-Fetch-Dest': 'image', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'same-origin', Priority: 'i' },
    { 'Sec-Fetch-Dest': 'video', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Site': 'same-origin', Priority: 'u=4, i', ...range(0) },
    { 'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-User': '?1', 'Upgrade-Insecure-Requests': '1', Priority: 'u=0, i' },
    { 'Cache-Control': 'no-cache', Pragma: 'no-cache', DNT: '1', 'Sec-GPC': '1', 'Save-Data': 'on', 'Sec-Purpose': 'prefetch' },
    { 'Sec-CH-UA': '"x"', 'Sec-CH-UA-Mobile': '?0', 'sec-ch-viewport-width': '800', 'Device-Memory': '8', DPR: '2', Width: '100' },
    { 'Viewport-Width': '800', Downlink: '10', ECT: '4g', RTT: '50', 'Cache-Control': 'max-age=0' },
  ];
  for (const fields of fetches) {
    const answer = await s.through(contentOf(file), { headers: { ...s.fields, ...fields } });
    assert.equal(answer.sha256, file.sha256());
  }
  assert.equal(s.asked(file).length, 1);
  const [asked] = s.asked(file);
  for (const name of Object.keys(Object.assign({}, ...fetches))) assert.equal(asked.headers[name.toLowerCase()], undefined, name);
  await s.through(contentOf(file), { headers: { ...s.fields, 'X-Remote-User': 'ann' } });
  assert.equal(s.asked(file).length, 2, 'any other field may decide');
});

test('what is relayed keeps all of its fields', async (t) => {
  const s = await start(t);
  const file = await s.upload({ owner: s.ann, name: 'v.png', type: 'image/png' });
  const fields = { 'sec-fetch-dest': 'image', priority: 'i', 'cache-control': 'no-cache', dnt: '1', 'device-memory': '8' };
  await s.through(contentOf(file, '?attachment=1&attachment=1'), { headers: { ...s.fields, ...fields } });
  const [relayed] = s.relayed(file);
  for (const [name, value] of Object.entries(fields)) assert.equal(relayed.headers[name], value, name);
  await poll(() => s.asked(file).length === 1, 'asked whether it has leave');
});
