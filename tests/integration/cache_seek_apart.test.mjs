// Readers at different places of one cold object: each has a transfer of its own and waits for no other's, and what both
// come to leaves the origin once. The pages that two transfers meet in belong to whoever wants them next.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, cacheStatus, startStack, checkSentOnce } from '../support/stack.mjs';

const page = 64 * KiB;
const pagesOf = (first, last) => (Math.floor(last / page) - Math.floor(first / page) + 1) * page;

for (const [which, held, free] of [
  ['in front', [3 * MiB + 7, 11 * MiB], [40 * MiB + 9, 48 * MiB + 1]],
  ['behind', [40 * MiB + 9, 48 * MiB + 1], [3 * MiB + 7, 11 * MiB]],
]) {
  test(`two named ranges far apart, the one ${which} held up by the origin`, async (t) => {
    const s = await startStack(t);
    const object = s.origin.put('v.mp4', { size: 64 * MiB });
    const gate = s.origin.when('v.mp4').pauseAt(held[0] + 2 * MiB);
    const waiting = s.open('v.mp4', { headers: range(...held) });
    await gate.reached;
    const answer = await s.get('v.mp4', { headers: range(...free) });
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(...free)]);
    assert.ok(!waiting.result.finished, 'the other one still waits');
    gate.release();
    assert.equal((await waiting.done).sha256, object.sha256(...held));
    await s.origin.idle();
    await checkSentOnce(s, 'v.mp4', pagesOf(...held) + pagesOf(...free));
    assert.equal(s.origin.of('v.mp4').length, 2, 'a named range is one request');
  });
}

test('one reads from the beginning, one from far behind, both to the end', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 48 * MiB + 12345 });
  const seek = 30 * MiB + 5;
  const gate = s.origin.when('v.mp4').pauseAt(MiB / 2);
  const first = s.open('v.mp4');
  await gate.reached;
  const second = await s.get('v.mp4', { headers: range(seek) });
  assert.deepEqual([second.complete, second.sha256], [true, object.sha256(seek)]);
  assert.ok(!first.result.finished);
  gate.release();
  const whole = await first.done;
  assert.deepEqual([whole.complete, whole.sha256], [true, object.sha256()]);
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4', object.size);
});

test('the one in front comes to where the one behind is being held up, and follows it', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 24 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(13 * MiB);
  const behind = s.open('v.mp4', { headers: range(12 * MiB + 100, 20 * MiB) });
  await gate.reached;
  const front = s.open('v.mp4');
  await front.reached(13 * MiB);
  gate.release();
  assert.equal((await front.done).sha256, object.sha256());
  assert.equal((await behind.done).sha256, object.sha256(12 * MiB + 100, 20 * MiB));
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4', object.size);
});

test('what lies before a cold suffix in its first page does not wait for the suffix', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  const suffix = 700000;
  const begin = object.size - suffix;
  assert.notEqual(begin % page, 0);
  const gate = s.origin.when('v.mp4').times(1).pauseAt(begin + 3 * page);
  const last = s.open('v.mp4', { headers: { Range: `bytes=-${suffix}` } });
  await gate.reached;
  await last.reached(2 * page);
  const wanted = [begin - 1000, begin + 1000];
  const before = await s.get('v.mp4', { headers: range(...wanted) });
  assert.deepEqual([before.status, before.sha256], [206, object.sha256(...wanted)]);
  assert.ok(!last.result.finished);
  gate.release();
  assert.equal((await last.done).sha256, object.sha256(begin));
  await s.origin.idle();
  const requests = s.origin.of('v.mp4').length;
  const again = await s.get('v.mp4', { headers: range(begin - 1000) });
  assert.equal(again.sha256, object.sha256(begin - 1000));
  assert.equal(cacheStatus(again).hit, true, 'now the page is whole');
  assert.equal(s.origin.of('v.mp4').length, requests);
});

test('after a transfer that failed, the next reader needs one request', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  const broken = 2 * MiB + 5 * page + 1234;
  s.origin.when('v.mp4').times(1).closeAt(broken);
  s.origin.when((r) => r.key === 'v.mp4' && (r.range ?? '').startsWith(`bytes=${broken}-`)).times(1).status(404);
  // The failure is told to a reader that waits for it; one that was still sending goes on as if it came anew.
  const cut = await s.get('v.mp4', { headers: range(0, 6 * MiB - 1) });
  assert.equal(cut.sha256, object.sha256(0, cut.length - 1));
  assert.equal(cut.complete, cut.length === 6 * MiB, 'a failed transfer is no end of file');
  await s.origin.idle();
  const answer = await s.get('v.mp4', { headers: range(0, 6 * MiB - 1) });
  assert.equal(answer.sha256, object.sha256(0, 6 * MiB - 1));
  await s.origin.idle();
  const ranges = s.origin.of('v.mp4').map((r) => r.range);
  assert.deepEqual(ranges.slice(2), [`bytes=${broken - 1234}-${6 * MiB - 1}`], 'the torn page and all behind it at once');
  const again = await s.get('v.mp4', { headers: range(0, 6 * MiB - 1) });
  assert.deepEqual([again.sha256, cacheStatus(again).hit], [object.sha256(0, 6 * MiB - 1), true]);
});
