// What opens a store's breaker: a store that hangs does, our own haste does not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { open, range } from '../support/client.mjs';
import { poll } from '../support/wait.mjs';

const fromApp = (answer) => answer.headers['x-app'] === 'stand-in';

test('a store that takes requests and never answers opens it', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '400ms', breaker: { failures: 3, open: '1h' } } } });
  for (let i = 0; i < 5; ++i) s.origin.put(`${i}`, { size: 100 });
  s.origin.when().silent();
  const reasons = [];
  for (let i = 0; i < 5; ++i) {
    const answer = await s.get(`${i}`);
    assert.ok(fromApp(answer));
    reasons.push((await s.sluice.waitForLog((r) => r.message === 'access' && r.path === `/media/${i}`)).detail);
  }
  assert.deepEqual(reasons, ['timeout', 'timeout', 'timeout', 'breaker_open', 'breaker_open']);
  assert.equal(s.origin.requests.length, 3);
});

test('a request that has little time left does not', async (t) => {
  // One failure that counts would leave the store alone for the whole test.
  const s = await startStack(t, { config: { fallback: { after: '3s', breaker: { failures: 1, open: '1h' } } } });
  const object = s.origin.put('slow.mp4', { size: 4 * MiB });
  const other = s.origin.put('other.mp4', { size: MiB });
  // That the range is not in it, is told after more than half of the time; what there is instead gets what is left.
  s.origin.when('slow.mp4').times(1).delay(1800);
  s.origin.when('slow.mp4').times(1).silent();
  const answer = await s.get('slow.mp4', { headers: { Range: `bytes=${8 * MiB}-`, 'If-None-Match': '"another"' } });
  assert.ok(fromApp(answer));
  assert.equal(s.origin.of('slow.mp4').length, 2, 'both were asked');
  assert.equal(s.origin.of('slow.mp4')[1].finished, true);
  const next = await s.get('other.mp4');
  assert.deepEqual([fromApp(next), next.sha256], [false, other.sha256()]);
  const again = await s.get('slow.mp4', { headers: range(64 * KiB, 64 * KiB + 9) });
  assert.deepEqual([again.status, fromApp(again), again.sha256], [206, false, object.sha256(64 * KiB, 64 * KiB + 9)]);
  assert.equal(cacheStatus(again).fwd, 'miss');
});

test('the outcome of a trial counts although its client has left', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '3s', breaker: { failures: 1, open: '1s' } } } });
  const object = s.origin.put('v.mp4', { size: MiB });
  s.origin.put('bad', { size: 100 });
  s.origin.when('bad').silent();
  assert.ok(fromApp(await s.get('bad')));
  assert.equal(await s.sluice.metric('breaker_open', { store: 'media' }), 1);
  const gate = s.origin.when('v.mp4').hold();
  let trial;
  await poll(async () => { // refused ones are the app's
    trial = s.open('v.mp4');
    await Promise.race([trial.done, gate.reached]);
    return s.origin.of('v.mp4').length === 1;
  }, 'the trial');
  // That one client's leaving was noticed tells that the trial's was.
  const relayed = open(`${s.sluice.url}/relayed?gate=held`);
  await s.app.board.until(() => s.app.of('/relayed').length === 1, 'the app has it');
  trial.abort();
  relayed.abort();
  await s.app.board.until(() => s.app.of('/relayed')[0].aborted, 'its client left');
  gate.release();
  await poll(async () => (await s.sluice.metric('breaker_open', { store: 'media' })) === 0, 'it closes');
  const answer = await s.get('v.mp4');
  assert.deepEqual([fromApp(answer), answer.sha256], [false, object.sha256()]);
});
