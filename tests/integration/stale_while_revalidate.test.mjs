// A stale object goes out at once while one revalidation of it runs (RFC 5861 §3). The origin is held at a gate meanwhile:
// what is served then waited for nobody.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 2 * MiB + 5;
const isConditional = (r) => r.headers['if-none-match'] !== undefined;
const isStaleHit = (answer) => cacheStatus(answer)?.hit === true && cacheStatus(answer).ttl <= 0;
const noBreaker = { failures: 1000, open: '1s' };

const start = (t, cache = {}, { fallback = {}, ...over } = {}) => startStack(t, { config: {
  cache: { max_age: '1s', stale_while_revalidate: '1h', ...cache }, fallback: { after: '60s', breaker: noBreaker, ...fallback }, ...over } });
const revalidated = (s, result, count = 1) => poll(async () => (await s.sluice.metric('background_revalidations_total', { result })) >= count,
  `${count} revalidations: ${result}`);
const askUntil = (ask, accept, what) => poll(async () => {
  const answer = await ask();
  return (await accept(answer)) ? answer : undefined;
}, what, 20000);

/// A version that is stale, whose revalidation waits at the gate.
async function staleAndHeld(s, description = { size }) {
  const object = s.origin.put('v.mp4', description);
  const first = await s.get('v.mp4');
  assert.equal(first.sha256, object.sha256());
  await s.origin.idle();
  const rule = s.origin.when(isConditional);
  const gate = rule.hold();
  const stale = () => askUntil(() => s.get('v.mp4'), (answer) => {
    assert.deepEqual([answer.status, answer.sha256], [200, object.sha256()]);
    return isStaleHit(answer);
  }, 'it is stale, and served');
  return { object, rule, gate, stale };
}

test('served at once while the origin stands still; one revalidation for all; confirmed, and then fresh', async (t) => {
  const s = await start(t);
  const { object, rule, gate, stale } = await staleAndHeld(s);
  const sent = s.origin.bytesSent('v.mp4');
  const first = await stale();
  assert.equal(cacheStatus(first).detail, 'revalidating');
  await gate.reached;
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => s.get('v.mp4', i % 2 ? { headers: range(i * 100, MiB + i) } : {})));
  for (const [i, answer] of answers.entries()) {
    assert.deepEqual([answer.status, answer.sha256], i % 2 ? [206, object.sha256(i * 100, MiB + i)] : [200, object.sha256()]);
    assert.ok(isStaleHit(answer), answer.headers['cache-status']);
  }
  assert.equal(rule.taken, 1, 'one question');
  await s.sluice.countedSome({ route: 'media', result: 'stale' }, 50);
  gate.release();
  await revalidated(s, 'confirmed');
  const fresh = await askUntil(() => s.get('v.mp4'), (answer) => cacheStatus(answer).hit && cacheStatus(answer).ttl === undefined, 'fresh again');
  assert.equal(fresh.sha256, object.sha256());
  assert.equal(s.origin.bytesSent('v.mp4'), sent, 'no byte was fetched again');
});

test('changed: the old version is served whole until it is known, and never after', async (t) => {
  const s = await start(t);
  const { object: old, gate, stale } = await staleAndHeld(s, { seed: 'old', size });
  const changed = s.origin.put('v.mp4', { seed: 'new', size: size + MiB });
  await stale();
  await gate.reached;
  const slow = s.open('v.mp4', { paused: true });
  await slow.head;
  gate.release();
  await revalidated(s, 'changed');
  for (const [first, last] of [[0, 99], [size - 10, size + 10], [MiB, MiB + 70000]]) {
    const part = await s.get('v.mp4', { headers: range(first, last) });
    assert.deepEqual([part.status, part.sha256, part.headers.etag], [206, changed.sha256(first, last), changed.etag]);
  }
  assert.equal((await s.get('v.mp4')).sha256, changed.sha256());
  slow.resume();
  const before = await slow.done;
  assert.deepEqual([before.complete, before.sha256], [true, old.sha256()], 'who has begun the old version gets all of it');
});

for (const [what, now] of [['another size', size + MiB], ['nothing', 0]]) {
  test(`${what} under the same entity tag, by a store that does not look at conditions: a new version`, async (t) => {
    const s = await start(t);
    const { gate, rule, stale } = await staleAndHeld(s, { seed: 'old', size, etag: '"same"' });
    rule.ignoreConditions();
    const changed = s.origin.put('v.mp4', { seed: 'new', size: now, etag: '"same"' });
    await stale();
    gate.release();
    await revalidated(s, 'changed');
    const answer = await s.get('v.mp4');
    assert.deepEqual([answer.status, answer.length, answer.sha256], [200, now, changed.sha256()]);
  });
}

for (const status of [404, 403, 410]) {
  test(`answered ${status}: it is served no more, whatever stale_if_error says`, async (t) => {
    const s = await start(t, { stale_if_error: '1h' });
    const { gate, rule, stale } = await staleAndHeld(s);
    rule.status(status);
    await stale();
    gate.release();
    await revalidated(s, 'gone');
    s.origin.when('v.mp4').status(503); // for which stale_if_error would serve it
    const asking = s.open('v.mp4');
    const question = await s.origin.waitFor((r) => r.status === 503, 'it asks');
    assert.ok(!isConditional(question), 'as if nothing were cached');
    s.origin.clearRules();
    s.origin.delete('v.mp4');
    const answer = await asking.done;
    assert.ok(answer.headers['x-app'], answer.headers['cache-status']);
  });
}

test('what a write invalidated is revalidated first', async (t) => {
  const s = await start(t);
  const { object, gate, stale } = await staleAndHeld(s);
  await stale();
  await gate.reached;
  await get(`${s.sluice.url}/media/v.mp4`, { method: 'PUT', body: 'anything' });
  const waiting = s.open('v.mp4');
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) > 0, 'it is there');
  gate.release();
  const answer = await waiting.done;
  assert.equal(answer.sha256, object.sha256());
  assert.deepEqual([cacheStatus(answer).fwd, cacheStatus(answer).hit], ['stale', undefined]);
  const asked = s.origin.of('v.mp4').filter(isConditional);
  assert.equal(asked.length, 2, 'asked once more: the first question was older than the write');
});

test('the origin refuses connections: served at once, again and again, and never by the app', async (t) => {
  const s = await start(t, {}, { fallback: { after: '1s' } });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await s.origin.idle();
  await s.origin.down();
  await askUntil(() => s.get('v.mp4'), isStaleHit, 'it is stale');
  for (let i = 1; i <= 3; i++) {
    await revalidated(s, 'error', i);
    const answer = await s.get('v.mp4');
    assert.deepEqual([answer.status, answer.sha256, isStaleHit(answer)], [200, object.sha256(), true]);
  }
  assert.equal(await s.sluice.metric('fallback_total'), 0);
  await s.origin.up();
  await askUntil(() => s.get('v.mp4'), (answer) => cacheStatus(answer).ttl === undefined, 'fresh again');
});

test('how old it is outlives a restart', async (t) => {
  const s = await start(t, {}, { fallback: { after: '1s' } });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await s.origin.idle();
  await s.origin.down();
  await askUntil(() => s.get('v.mp4'), isStaleHit, 'it is stale');
  await s.restart();
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.sha256, isStaleHit(answer)], [200, object.sha256(), true]);
});

test('the client leaves: the revalidation goes on', async (t) => {
  const s = await start(t);
  const { gate } = await staleAndHeld(s);
  await askUntil(() => s.get('v.mp4', { abortAfter: 1 }), () => s.origin.of('v.mp4').some(isConditional), 'it is asked after');
  await gate.reached;
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) === 0, 'nobody is there');
  gate.release();
  await revalidated(s, 'confirmed');
});

test('so many at once and no more; beyond them it is served all the same', async (t) => {
  const s = await start(t);
  const limit = 64;
  const keys = Array.from({ length: limit + 6 }, (_, i) => `v${i}.mp4`);
  for (const key of keys) s.origin.put(key, { seed: key, size: 1000 });
  await Promise.all(keys.map((key) => s.get(key)));
  await s.origin.idle();
  const rule = s.origin.when(isConditional);
  const gate = rule.hold();
  const askAll = () => Promise.all(keys.map(async (key) => {
    const answer = await s.get(key);
    assert.deepEqual([answer.sha256, cacheStatus(answer).hit], [s.origin.object(key).sha256(), true]);
  }));
  await askUntil(askAll, () => s.sluice.metric('background_revalidations_total', { result: 'limit' }), 'the limit is reached');
  await s.origin.board.until(() => rule.taken === limit, 'as many questions as may be');
  await askAll();
  assert.equal(rule.taken, limit);
  gate.release();
  await revalidated(s, 'confirmed', limit);
  await askUntil(askAll, () => rule.taken >= keys.length, 'the others have their turn');
});

test('shutdown while it runs', async (t) => {
  const s = await start(t, {}, { fallback: { after: '1s' } });
  const { stale, gate } = await staleAndHeld(s);
  await stale();
  await gate.reached;
  await s.sluice.stop();
});

test('only what is there whole, and only to who knows no other version', async (t) => {
  const s = await start(t);
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4', { headers: range(0, 99) });
  await s.origin.idle();
  const rule = s.origin.when(isConditional);
  const gate = rule.hold();
  const part = (fields = {}) => s.get('v.mp4', { headers: { ...range(0, 99), ...fields } });
  await askUntil(part, isStaleHit, 'it is stale');
  await gate.reached;
  const head = await s.get('v.mp4', { method: 'HEAD' });
  assert.deepEqual([head.status, isStaleHit(head)], [200, true]);
  const known = await s.get('v.mp4', { headers: { 'If-None-Match': object.etag } });
  assert.deepEqual([known.status, isStaleHit(known)], [304, true]);
  assert.ok(isStaleHit(await part({ 'If-Range': object.etag })));
  const waiting = [s.open('v.mp4'), s.open('v.mp4', { headers: { 'If-None-Match': '"other"' } }),
    s.open('v.mp4', { headers: { ...range(0, 99), 'If-Range': '"other"' } }), s.open('v.mp4', { headers: { 'If-Match': '"other"' } }),
    s.open('v.mp4', { headers: range(size) })];
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) >= waiting.length, 'they are there');
  gate.release();
  const answers = await Promise.all(waiting.map((each) => each.done));
  assert.deepEqual(answers.map((a) => [a.status, isStaleHit(a)]), [200, 200, 200, 412, 416].map((status) => [status, false]));
  assert.equal(answers[0].sha256, object.sha256());
});

test('past its time it waits, for the revalidation that runs', async (t) => {
  const media = { store: 'media', object: '{file}', authorize: 'none' };
  const s = await start(t, { max_age: '300ms' }, { routes: [
    { name: 'brief', path: '/brief/{file*}', ...media, stale_while_revalidate: '300ms' },
    { name: 'media', path: '/media/{file*}', ...media },
  ] });
  const { object, rule, gate } = await staleAndHeld(s);
  await askUntil(() => s.get('v.mp4'), (answer) => cacheStatus(answer).ttl <= -2, 'it is stale for longer than the other route has');
  await gate.reached;
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) === 0, 'nobody is there');
  const waiting = s.openFrom('brief', 'v.mp4');
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) > 0, 'it is there');
  gate.release();
  const answer = await waiting.done;
  assert.equal(answer.sha256, object.sha256());
  assert.deepEqual([cacheStatus(answer).fwd, cacheStatus(answer).ttl], ['stale', undefined]);
  assert.equal(rule.taken, 1);
});

for (const [what, cache] of [['max_age 0', { max_age: '0s', stale_while_revalidate: undefined }],
  ['stale_while_revalidate 0', { max_age: '1ms', stale_while_revalidate: '0s' }],
  ['nothing may be stale', { max_age: '1ms', stale_if_error: '0s', stale_while_revalidate: undefined }]]) {
  test(`${what}: every request waits for its own answer`, async (t) => {
    const s = await start(t, cache);
    const object = s.origin.put('v.mp4', { size });
    await s.get('v.mp4');
    for (let i = 0; i < 3; i++) {
      const answer = await askUntil(() => s.get('v.mp4'), (a) => !cacheStatus(a).hit || cacheStatus(a).ttl !== undefined, 'it is stale');
      assert.deepEqual([answer.sha256, cacheStatus(answer).fwd, cacheStatus(answer)['fwd-status']], [object.sha256(), 'stale', 304]);
    }
  });
}
