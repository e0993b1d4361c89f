// A store that fails for a moment costs that moment: no client is cut, none is sent to the app.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 4 * MiB + 4321;

async function checkWhole(s, object, answer) {
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
  assert.equal(answer.headers['x-app'], undefined, 'the store answers');
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('fallback_total'), 0);
}

for (const status of [429, 500, 503]) {
  test(`${status} before the first byte, more often than one would count`, async (t) => {
    const s = await startStack(t);
    const object = s.origin.put('v.mp4', { size });
    const rule = s.origin.when('v.mp4').times(6).status(status);
    await checkWhole(s, object, await s.get('v.mp4'));
    assert.equal(rule.taken, 6);
  });

  test(`${status} in the middle of a transfer, more often than one would count`, async (t) => {
    const s = await startStack(t);
    const object = s.origin.put('v.mp4', { size });
    s.origin.when('v.mp4').times(1).closeAt(MiB + 17);
    const refusals = s.origin.when((r) => r.key === 'v.mp4' && r.headers['if-match'] !== undefined).times(6).status(status);
    await checkWhole(s, object, await s.get('v.mp4'));
    assert.equal(refusals.taken, 6);
    assert.deepEqual(s.origin.pagesSentTwice('v.mp4'), []);
  });
}

test('eight resets in one transfer', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  for (let i = 1; i <= 8; ++i) s.origin.when('v.mp4').times(1).resetAt(i * 400 * KiB + i);
  await checkWhole(s, object, await s.get('v.mp4'));
});

test('eight resets one after the other, without a byte between', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').times(8).closeAt(2 * MiB);
  await checkWhole(s, object, await s.get('v.mp4'));
});

test('Retry-After is kept, where there is time', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const times = [];
  s.origin.when((r) => r.key === 'v.mp4' && times.push(performance.now()) && false); // sees each request, takes none
  s.origin.when('v.mp4').times(1).status(503, 'SlowDown', { 'Retry-After': '1' });
  await checkWhole(s, object, await s.get('v.mp4'));
  assert.ok(times[1] - times[0] >= 1000, `asked again after ${times[1] - times[0]} ms`);
});

test('Retry-After for longer than there is: the app at once', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').status(503, 'SlowDown', { 'Retry-After': '3600' });
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, 'stand-in', object.sha256()]);
  assert.equal(s.origin.of('v.mp4').length, 1);
});

test('Retry-After for longer than a transfer has: it is not asked again', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '3s' } }, fallback: { after: '1s' } } });
  s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').times(1).closeAt(MiB + 17);
  const refusals = s.origin.when((r) => r.key === 'v.mp4' && r.headers['if-match'] !== undefined)
    .status(503, 'SlowDown', { 'Retry-After': '3600' });
  const answer = await s.get('v.mp4');
  assert.equal(answer.complete, false, 'cut, since nobody else has the rest');
  assert.ok(refusals.taken <= 3, `${refusals.taken} requests: the transfer's, one ahead, and one of the reader's own`);
});

test('one object that always fails does not open the breaker for others', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '300ms', breaker: { failures: 2, open: '1h' } } } });
  const bad = s.origin.put('bad.mp4', { size: 1000 });
  const good = s.origin.put('good.mp4', { size });
  s.origin.when('bad.mp4').status(500);
  for (let i = 0; i < 5; ++i) {
    const answer = await s.get('bad.mp4');
    assert.deepEqual([answer.headers['x-app'], answer.sha256], ['stand-in', bad.sha256()]);
  }
  const answer = await s.get('good.mp4', { headers: range(0, size - 1) });
  assert.deepEqual([answer.headers['x-app'], answer.sha256], [undefined, good.sha256()]);
});

test('a store that asks for a slower pace does not open the breaker', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '300ms', breaker: { failures: 2, open: '1h' } } } });
  const rule = s.origin.when().status(429);
  for (const key of ['a.mp4', 'b.mp4', 'c.mp4']) {
    s.origin.put(key, { size: 1000 });
    assert.equal((await s.get(key)).headers['x-app'], 'stand-in');
  }
  rule.remove();
  const object = s.origin.put('v.mp4', { size });
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.headers['x-app'], answer.sha256], [undefined, object.sha256()]);
});

test('readers who leave end the attempts for them', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').times(1).closeAt(MiB + 17);
  const refusals = s.origin.when((r) => r.key === 'v.mp4' && r.headers['if-match'] !== undefined).status(503);
  const reader = s.open('v.mp4');
  await reader.reached(MiB);
  await s.origin.board.until(() => refusals.taken >= 2, 'two attempts to resume');
  reader.abort();
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'no transfer is left');
});
