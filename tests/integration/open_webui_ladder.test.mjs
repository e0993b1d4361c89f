// preset: open-webui. When the bucket fails: fresh, revalidated, stale, and then the app, but never too much of it at once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { contentOf, startDeletingStore, startWebui } from '../support/open_webui_stack.mjs';
import { userAgent } from '../support/open_webui_storage.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const notFound = "We could not find what you're looking for :/";
const ofSluice = (request) => request.headers['user-agent'] !== userAgent;

/// The app's bucket works; the one that Sluice is told of is down.
async function startDead(t, { fallback = {}, ...options } = {}) {
  const dead = await startDeletingStore();
  const s = await startWebui(t, { env: { S3_ENDPOINT_URL: dead.url }, ...options,
    config: { fallback: { concurrency: 8, after: '2s', breaker: { failures: 3, open: '60s' }, ...fallback } } });
  await dead.close();
  s.ann = s.user('ann');
  s.fields = s.session(s.ann);
  return s;
}

test('the bucket down and 200 clients seeking: so many downloads by the app at once, and 503 beyond', async (t) => {
  const s = await startDead(t, { app: { storage: { rate: 40 } } });
  // Of 40 files: those of one go to the app one at a time.
  const files = [];
  for (let i = 0; i < 40; i++) files.push(await s.upload({ owner: s.ann, name: `${i}.mp4`, size: 4_000_000 }));
  const gate = s.app.hold((r) => r.path.endsWith('/content'));
  let refused = 0;
  const seek = async (i) => {
    const first = 15_000 * i;
    const file = files[i % 40];
    const answer = await s.through(contentOf(file), { headers: { ...s.fields, ...range(first, first + 9999) } });
    if (answer.status === 503) {
      refused += 1;
      assert.ok(Number(answer.headers['retry-after']) > 0, 'Retry-After');
    } else {
      assert.deepEqual([answer.status, answer.sha256], [206, file.sha256(first, first + 9999)]);
    }
    return answer.status;
  };
  const all = Promise.all(Array.from({ length: 200 }, (_, i) => seek(i)));
  await gate.reached(8);
  await poll(() => refused === 192, '192 are told to come again', 20000);
  gate.release();
  const statuses = await all;
  assert.equal(statuses.filter((status) => status === 206).length, 8);
  assert.ok(s.app.storage.downloads.most <= 8);
  // And without the gate, as fast as it goes.
  await Promise.all(Array.from({ length: 200 }, (_, i) => seek(i)));
  assert.ok(s.app.storage.downloads.most <= 8, `${s.app.storage.downloads.most} downloads at once`);
  assert.equal(s.app.storage.downloads.now, 0);
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('fallback_total', { route: 'open-webui' }), 400);
});

test('a denial is no fallback: it never falls through, and waits for no place', async (t) => {
  const s = await startDead(t, { fallback: { concurrency: 2 } });
  const [file, other] = [await s.upload({ owner: s.ann, name: 'v.mp4' }), await s.upload({ owner: s.ann, name: 'w.mp4' })];
  const bob = s.session(s.user('bob'));
  const denied = async () => {
    for (const [fields, status, detail] of [[bob, 404, notFound], [{}, 401, 'Not authenticated']]) {
      const answer = await s.through(contentOf(file), { headers: { ...fields, ...range(0, 99) } });
      assert.deepEqual([answer.status, JSON.parse(answer.body).detail], [status, detail]);
    }
  };
  await denied();
  assert.deepEqual([await s.sluice.metric('fallback_total'), s.app.storage.downloads.all], [0, 0]);
  const gate = s.app.hold((r) => r.path.endsWith('/content') && r.headers.authorization === s.fields.Authorization);
  const two = [file, other].map((one) => s.through(contentOf(one), { headers: s.fields }));
  await gate.reached(2);
  await denied();
  gate.release();
  for (const [i, answer] of (await Promise.all(two)).entries()) assert.equal(answer.sha256, [file, other][i].sha256());
});

async function startFaulty(t, options = {}) {
  const s = await startWebui(t, { ...options, config: { fallback: { after: '1s', breaker: { failures: 1000, open: '1s' } }, ...options.config } });
  s.ann = s.user('ann');
  s.fields = s.session(s.ann);
  return s;
}

const troubles = {
  'the store\'s 403': (rule) => rule.status(403),
  'the store\'s 404': (rule) => rule.status(404),
  '500 again and again': (rule) => rule.status(500),
  '503 again and again': (rule) => rule.status(503),
  'a reset before the first byte': (rule) => rule.resetAt(0),
  'no answer': (rule) => rule.silent(),
  'no HTTP': (rule) => rule.garbage(),
  'an encoded body': (rule) => rule.encoding('gzip'),
};

test('trouble before the first byte: the app answers, by name of the reason', async (t) => {
  const s = await startFaulty(t);
  for (const [what, make] of Object.entries(troubles)) {
    const file = await s.upload({ owner: s.ann, name: `${what}.mp4` });
    make(s.store.when((r) => r.key === file.key && ofSluice(r)));
    const before = await s.sluice.metric('fallback_total', { route: 'open-webui' });
    const answer = await s.through(contentOf(file), { headers: { ...s.fields, ...range(0, 99) } });
    assert.deepEqual([answer.status, answer.sha256, s.relayed(file).length], [206, file.sha256(0, 99), 1], what);
    assert.equal(s.relayed(file)[0].headers.range, 'bytes=0-99');
    const { detail } = cacheStatus(answer) ?? {};
    assert.ok(detail, `${what}: Cache-Status tells why: ${answer.headers['cache-status']}`);
    const metrics = await s.sluice.metrics();
    assert.equal(metrics.sum('fallback_total', { route: 'open-webui' }), before + 1, what);
    assert.ok(metrics.sum('fallback_total', { route: 'open-webui', reason: detail }) > 0, `${what}: counted as ${detail}`);
  }
});

test('an object that is gone from the bucket: the answer is the app\'s own 400', async (t) => {
  const s = await startFaulty(t);
  const file = s.app.addFile({ owner: s.ann, name: 'gone.mp4' });
  const answer = await s.through(contentOf(file), { headers: s.fields });
  assert.deepEqual([answer.status, JSON.parse(answer.body).detail], [400, '[ERROR: Error getting file content]']);
});

test('a dead bucket costs no time-out on each request; it is tried again when it lives', async (t) => {
  const s = await startFaulty(t, { config: { fallback: { after: '500ms', breaker: { failures: 2, open: '2s' } } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const other = await s.upload({ owner: s.ann, name: 'w.mp4' }); // one object alone opens no breaker
  const rule = s.store.when(ofSluice).silent();
  const ask = () => s.through(contentOf(file), { headers: s.fields });
  // Both failures, then the breaker is open: nothing more is tried.
  await poll(async () => {
    const before = rule.taken;
    assert.equal((await s.through(contentOf(other), { headers: s.fields })).sha256, other.sha256());
    assert.equal((await ask()).sha256, file.sha256());
    return rule.taken === before;
  }, 'the store is left alone', 10000);
  const tried = rule.taken;
  await Promise.all(Array.from({ length: 10 }, ask));
  assert.equal(rule.taken, tried);
  s.store.clearRules();
  await poll(async () => {
    const before = s.relayed(file).length;
    const answer = await ask();
    assert.equal(answer.sha256, file.sha256());
    return s.relayed(file).length === before;
  }, 'Sluice answers again', 15000, 200);
});

test('stale while the bucket is down, the app not asked for bytes; then, past stale_if_error, the app', async (t) => {
  const s = await startFaulty(t, { config: { cache: { max_age: '300ms', stale_if_error: '3s' } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const ask = (fields = s.fields) => s.through(contentOf(file), { headers: fields });
  assert.equal((await ask()).sha256, file.sha256());
  await s.store.down();
  const stale = await poll(async () => {
    const answer = await ask();
    assert.deepEqual([answer.status, answer.sha256], [200, file.sha256()]);
    return cacheStatus(answer).fwd === 'stale' ? answer : undefined;
  }, 'it is served stale');
  assert.ok(cacheStatus(stale).detail, stale.headers['cache-status']);
  assert.equal((await ask(s.session(s.user('bob')))).status, 404, 'leave first, also for what is stale');
  assert.equal((await ask({})).status, 401);
  await s.sluice.countedSome({ route: 'open-webui', result: 'stale' });
  const own = s.relayed(file).filter((r) => r.headers.authorization === s.fields.Authorization);
  assert.equal(own.length, 0, 'the app was not asked for bytes');
  const last = await poll(async () => {
    const answer = await ask();
    return answer.status === 200 ? undefined : answer;
  }, 'too old to be served', 15000, 200);
  assert.deepEqual([last.status, JSON.parse(last.body).detail], [400, '[ERROR: Error getting file content]'], "the app's own answer");
  await s.store.up();
  await poll(async () => (await ask()).sha256 === file.sha256(), 'and when the bucket is back');
});
