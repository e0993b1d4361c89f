// A GET whose answer is late is sent a second time beside the first (stores.NAME.hedge_after): the first usable answer counts,
// the other connection is closed, and second requests are few.
import assert from 'node:assert/strict';
import test from 'node:test';
import { KiB, MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 3 * MiB + 4321;
const burst = 5; // second requests that a store has without any request before
const hedged = (over = {}) => ({ stores: { media: { hedge_after: '20ms', ...over } } });

const isFirst = (seen) => (r) => r.method === 'GET' && !seen.has(r.key) && seen.add(r.key);

/// Each first GET of a key is held; gives the rule with its gate.
function holdFirsts(s) {
  const rule = s.origin.when(isFirst(new Set()));
  return Object.assign(rule, { gate: rule.hold() });
}
async function checkWhole(s, object, answer) {
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
  assert.equal(answer.headers['x-app'], undefined, 'the store answers');
}
const results = async (s) => {
  const metrics = await s.sluice.metrics();
  return Object.fromEntries(['won', 'lost', 'error', 'limit'].map((result) => [result, metrics.sum('origin_hedges_total', { result })]));
};

test('the second request has the answer, and the first connection is closed', async (t) => {
  const s = await startStack(t, { config: hedged() });
  const object = s.origin.put('v.mp4', { size });
  const held = holdFirsts(s);
  await checkWhole(s, object, await s.get('v.mp4'));
  await s.origin.board.until(() => s.origin.of('v.mp4').every((r) => r.finished), 'the first ends too');
  const [first, second] = s.origin.of('v.mp4');
  assert.equal(s.origin.of('v.mp4').length, 2);
  assert.deepEqual([first.aborted, first.sent, second.aborted], [true, 0, false]);
  assert.equal(first.target, second.target, 'one signature');
  assert.equal(first.range, second.range);
  assert.notEqual(first.connection, second.connection);
  assert.deepEqual(await results(s), { won: 1, lost: 0, error: 0, limit: 0 });
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('origin_requests_total', { code: 'canceled' }), 1);
  assert.equal(metrics.sum('origin_requests_total', { code: 'error' }), 0);
  assert.equal(held.taken, 1);
});

test('the first one has the answer after all, and the second connection is closed', async (t) => {
  const s = await startStack(t, { config: hedged() });
  const object = s.origin.put('v.mp4', { size });
  const first = holdFirsts(s);
  const second = s.origin.when('v.mp4');
  second.hold();
  const answer = s.get('v.mp4');
  await s.origin.board.until(() => second.taken === 1, 'the second request');
  first.gate.release();
  await checkWhole(s, object, await answer);
  await s.origin.board.until(() => s.origin.of('v.mp4').every((r) => r.finished), 'the second ends too');
  assert.deepEqual(s.origin.of('v.mp4').map((r) => [r.aborted, r.sent]), [[false, size], [true, 0]]);
  assert.deepEqual(await results(s), { won: 0, lost: 1, error: 0, limit: 0 });
});

test('off by default, and where answers come in time', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const held = holdFirsts(s);
  const answer = s.get('v.mp4');
  await held.gate.reached;
  // One that is asked later, where it is on, has its second request: what must not happen had more time.
  const other = await startStack(t, { config: hedged() });
  other.origin.put('v.mp4', { size });
  const others = holdFirsts(other);
  assert.equal((await other.get('v.mp4')).complete, true);
  assert.deepEqual([others.taken, other.origin.of('v.mp4').length], [1, 2]);
  held.gate.release();
  await checkWhole(s, object, await answer);
  assert.equal(s.origin.of('v.mp4').length, 1);
  s.origin.clearRules();
  await s.restart(hedged({ hedge_after: '5s' }));
  await checkWhole(s, s.origin.put('w.mp4', { size }), await s.get('w.mp4'));
  assert.equal(s.origin.of('w.mp4').length, 1);
  assert.deepEqual(await results(s), { won: 0, lost: 0, error: 0, limit: 0 });
});

test('at most 5 % of the requests, and a few', async (t) => {
  const s = await startStack(t, { config: hedged({ hedge_after: '5ms' }) });
  const keys = Array.from({ length: 200 }, (_, i) => `${i}.mp4`);
  for (const [seed, key] of keys.entries()) s.origin.put(key, { seed, size: 10 * KiB });
  s.origin.when().delay(60); // each answer is late
  const answers = await Promise.all(Array.from({ length: 8 }, async (_, lane) => {
    const wrong = [];
    for (let i = lane; i < keys.length; i += 8) {
      const answer = await s.get(keys[i]);
      if (answer.sha256 !== s.origin.object(keys[i]).sha256()) wrong.push([keys[i], answer.status]);
    }
    return wrong;
  }));
  assert.deepEqual(answers.flat(), []);
  const second = s.origin.of().length - keys.length;
  assert.ok(second >= 5 && second <= keys.length / 20 + burst, `${second} second requests`);
  const { won, lost, limit } = await results(s);
  assert.equal(won + lost, second);
  assert.equal(limit, keys.length - second);
});

test('a second one that fails leaves it to the first', async (t) => {
  const s = await startStack(t, { config: hedged() });
  const object = s.origin.put('v.mp4', { size });
  const held = holdFirsts(s);
  const failing = s.origin.when('v.mp4').times(1).status(500);
  const answer = s.get('v.mp4');
  await s.origin.board.until(() => failing.taken === 1 && s.origin.of('v.mp4')[1].finished, 'the second has failed');
  held.gate.release();
  await checkWhole(s, object, await answer);
  assert.equal(s.origin.of('v.mp4').length, 2);
  assert.deepEqual(await results(s), { won: 0, lost: 1, error: 0, limit: 0 });
});

test('a first one that fails leaves it to the second', async (t) => {
  const s = await startStack(t, { config: hedged() });
  const object = s.origin.put('v.mp4', { size });
  const seen = new Set();
  const first = s.origin.when(isFirst(seen)).status(500);
  const firstGate = first.hold();
  const second = s.origin.when('v.mp4').times(1);
  const secondGate = second.hold();
  const answer = s.get('v.mp4');
  await s.origin.board.until(() => second.taken === 1, 'the second request');
  firstGate.release();
  await s.origin.board.until(() => s.origin.of('v.mp4')[0].finished, 'the first has failed');
  secondGate.release();
  await checkWhole(s, object, await answer);
  assert.equal(s.origin.of('v.mp4').length, 2, 'nothing was asked a third time');
  assert.deepEqual(await results(s), { won: 1, lost: 0, error: 0, limit: 0 });
});

test('two that fail are one failure', async (t) => {
  const config = { ...hedged(), fallback: { after: '5s', breaker: { failures: 2, open: '1h' } } };
  const s = await startStack(t, { config });
  const object = s.origin.put('v.mp4', { size });
  const rule = s.origin.when('v.mp4').times(2).status(500);
  const gate = rule.hold();
  const answer = s.get('v.mp4');
  await s.origin.board.until(() => rule.taken === 2, 'two requests');
  gate.release();
  await checkWhole(s, object, await answer);
  assert.ok(s.origin.of('v.mp4').length >= 3);
  assert.equal((await results(s)).error, 1);
  assert.equal(await s.sluice.metric('breaker_open', { store: 'media' }), 0);
});

test('an answer that says no ends it at once', async (t) => {
  const s = await startStack(t, { config: hedged() });
  const held = holdFirsts(s);
  const answer = await s.get('none.mp4'); // the second one is told that there is none; the first is still held
  assert.equal(answer.headers['x-app'], 'stand-in');
  assert.equal(s.origin.of('none.mp4').length, 2);
  assert.equal(held.gate.released, false);
  assert.deepEqual(await results(s), { won: 1, lost: 0, error: 0, limit: 0 });
});

test('HEAD is sent once', async (t) => {
  const s = await startStack(t, { config: hedged() });
  s.origin.put('v.mp4', { size });
  const rule = s.origin.when((r) => r.method === 'HEAD').delay(150);
  const answer = await s.get('v.mp4', { method: 'HEAD' });
  assert.equal(answer.status, 200);
  if (rule.taken > 0) assert.equal(s.origin.of('v.mp4').filter((r) => r.method === 'HEAD').length, 1);
});

test('while the breaker is open nothing is sent twice', async (t) => {
  const config = { ...hedged(), fallback: { after: '300ms', breaker: { failures: 1, open: '50ms' } } };
  const s = await startStack(t, { config });
  s.origin.put('bad.mp4', { size });
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('bad.mp4').status(500);
  assert.equal((await s.get('bad.mp4')).headers['x-app'], 'stand-in');
  await poll(async () => (await s.sluice.metric('breaker_open', { store: 'media' })) === 1, 'the breaker is open');
  s.origin.clearRules();
  s.origin.when('v.mp4').delay(100); // late: the trial would have a second one
  await poll(async () => (await s.get('v.mp4')).headers['x-app'] === undefined, 'the trial has passed');
  assert.equal(s.origin.of('v.mp4').length, 1);
  assert.deepEqual(await results(s), { won: 0, lost: 0, error: 0, limit: 1 });
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
});
