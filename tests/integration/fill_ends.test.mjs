// How transfers from the store end that bring nothing more: nobody is waited for by a transfer, and a store that breaks
// each attempt is not asked without pause.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 8 * MiB;
const noFills = (s) => poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'the transfer ends');

test('a transfer that waits for a silent store ends when its last reader leaves', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '10m' } } } });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').times(1).pauseAt(100 * KiB);
  const first = s.open('v.mp4');
  const second = s.open('v.mp4');
  await gate.reached;
  await first.reached(100 * KiB);
  await second.reached(100 * KiB);
  first.abort();
  await first.done;
  assert.ok((await s.sluice.metric('fills_in_flight')) > 0, 'the other reader still waits for it');
  second.abort();
  await noFills(s);
  const whole = await s.get('v.mp4');
  assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()]);
  gate.release();
});

test('a drain does not wait for a silent store', async (t) => {
  const s = await startStack(t, {
    config: { stores: { media: { response_timeout: '10m' } }, limits: { drain_timeout: '10m' } } });
  s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').pauseAt(100 * KiB);
  const reader = s.open('v.mp4');
  await gate.reached;
  await reader.reached(100 * KiB);
  const stopped = s.sluice.stop(); // fails where it takes longer than the tests' patience
  reader.abort();
  await stopped;
  gate.release();
});

test('a drain gives up what is fetched for later, and what nobody waits for', async (t) => {
  const s = await startStack(t, { config: {
    stores: { media: { response_timeout: '10m' } }, limits: { drain_timeout: '10m' }, fallback: { after: '5m' },
    cache: { max_age: '0s', stale_while_revalidate: '1h' } } });
  const step = 64 * KiB;
  s.origin.put('v.mp4', { size });
  s.origin.put('w.mp4', { size: 1000 });
  await s.get('w.mp4');
  await s.origin.idle();
  const revalidation = s.origin.when((r) => r.key === 'w.mp4' && r.headers['if-none-match'] !== undefined).hold();
  for (let i = 0; i < 2; ++i) await s.get('v.mp4', { headers: range(i * step, (i + 1) * step - 1) });
  const forLater = s.origin.when('v.mp4').pauseAt(3 * step + 5);
  await s.get('v.mp4', { headers: range(2 * step, 3 * step - 1) });
  await s.get('w.mp4');
  await Promise.all([forLater.reached, revalidation.reached]);
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) === 0, 'nobody is there');
  await s.sluice.stop(); // fails where it takes longer than the tests' patience
});

test('a drain does not wait until a store wants to be asked again', async (t) => {
  const s = await startStack(t, { config: {
    limits: { drain_timeout: '10m' }, fallback: { after: '5m' }, cache: { max_age: '0s', stale_while_revalidate: '1h' } } });
  s.origin.put('w.mp4', { size: 1000 });
  await s.get('w.mp4');
  await s.origin.idle();
  const later = s.origin.when('w.mp4').status(503, 'SlowDown', { 'Retry-After': '240' });
  await s.get('w.mp4');
  await s.origin.board.until(() => later.taken === 1, 'the revalidation is told to wait');
  await s.sluice.stop();
});

test('a store that breaks each attempt at the same byte is given up when its patience ends', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '2s' } } } });
  s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').closeAt(2 * MiB);
  const answer = await s.get('v.mp4', { headers: { Range: `bytes=0-${3 * MiB}` } });
  assert.equal(answer.complete, false, 'cut, never ended as if whole');
  assert.ok(answer.length >= 2 * MiB - 64 * KiB && answer.length <= 2 * MiB);
  assert.ok(s.origin.of('v.mp4').length <= 100, `${s.origin.of('v.mp4').length} requests`);
});
