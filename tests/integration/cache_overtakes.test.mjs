// A reader waits for a running fill only where that is sooner than a request of its own; else it takes the pages over
// from there on, and nothing is fetched twice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 64 * MiB + 4321;

/// A reader whose fill stands still at 1 MiB.
async function startBehindGate(t, [first, last] = [0, 10 * MiB - 1], config = {}) {
  const s = await startStack(t, { config });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').pauseAt(first + MiB);
  const reader = s.open('v.mp4', { headers: range(first, last) });
  await gate.reached;
  await reader.reached(MiB);
  const ask = async (from, to) => {
    const answer = await s.get('v.mp4', { headers: range(from, to) });
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(from, to)]);
    return answer;
  };
  const end = async () => {
    assert.ok(!reader.result.finished, 'the first still waits');
    gate.release();
    const answer = await reader.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(first, last)]);
    await s.origin.idle();
    for (const [from, to] of [[0, 65535], [first, last]]) await ask(from, to);
    const metrics = await s.sluice.metrics();
    assert.equal(metrics.sum('fills_in_flight'), 0);
    assert.equal(metrics.sum('fallback_total'), 0);
    return metrics;
  };
  return { s, object, ask, end };
}

test('the next range beside a slow fill', async (t) => {
  const { s, ask, end } = await startBehindGate(t);
  const answer = await ask(10 * MiB, 10 * MiB + 100 * KiB);
  assert.equal(cacheStatus(answer).fwd, 'miss');
  await end();
  assert.deepEqual(s.origin.pagesSentTwice('v.mp4'), []);
});

test('a range that begins in the last page of a slow fill', async (t) => {
  const { s, ask, end } = await startBehindGate(t, [0, 10 * MiB + 999]);
  await ask(10 * MiB + 1000, 10 * MiB + 100 * KiB);
  const metrics = await end();
  assert.equal(metrics.sum('fill_overlaps_total'), 1);
  assert.equal(s.origin.of('v.mp4').length, 2);
});

test('a seek inside what a slow fill will bring', async (t) => {
  const { s, ask, end } = await startBehindGate(t);
  await ask(8 * MiB + 5, 9 * MiB);
  const metrics = await end();
  assert.equal(metrics.sum('fill_overlaps_total'), 1);
  // From the page, and what the first wanted too.
  assert.deepEqual(s.origin.of('v.mp4').map((r) => r.headers.range), [`bytes=0-${10 * MiB - 1}`, `bytes=${8 * MiB}-${10 * MiB - 1}`]);
});

for (const [inside, own] of [[0, [`bytes=${8 * MiB}-${10 * MiB - 1}`]],
  [5, [`bytes=${8 * MiB}-${10 * MiB - 1}`, `bytes=${8 * MiB + 5}-${8 * MiB + 65535}`]]]) {
  test(`what is answered sooner than was foreseen is not overtaken in turn, ${inside} bytes into a page`, async (t) => {
    const s = await startStack(t);
    const object = s.origin.put('v.mp4', { size });
    const slow = s.origin.when((r) => r.headers.range?.startsWith('bytes=0-')).delay(400);
    const gate = slow.pauseAt(MiB);
    const reader = s.open('v.mp4', { headers: range(0, 10 * MiB - 1) });
    await gate.reached;
    await reader.reached(MiB);
    const [first, last] = [8 * MiB + inside, 9 * MiB];
    const seek = await s.get('v.mp4', { headers: range(first, last) });
    assert.deepEqual([seek.complete, seek.sha256], [true, object.sha256(first, last)]);
    gate.release();
    const answer = await reader.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(0, 10 * MiB - 1)]);
    await s.origin.idle();
    assert.deepEqual(s.origin.of('v.mp4').map((r) => r.headers.range).sort(), [`bytes=0-${10 * MiB - 1}`, ...own]);
  });
}

test('a late answer to the request of its own: it is sent a second time', async (t) => {
  const { s, ask, end } = await startBehindGate(t, undefined, { stores: { media: { hedge_after: '20ms' } } });
  const isOwn = (r) => r.headers.range?.startsWith(`bytes=${8 * MiB}-`);
  const late = s.origin.when(isOwn).times(1);
  late.hold();
  await ask(8 * MiB + 5, 9 * MiB);
  assert.deepEqual([late.taken, s.origin.of('v.mp4').filter(isOwn).length], [1, 2]);
  assert.equal((await s.sluice.metrics()).sum('origin_hedges_total', { result: 'won' }), 1);
  await end();
});

/// A reader of 2 MiB of an object that comes slowly, whose fill stands still at 256 KiB.
async function startSlow(t) {
  const s = await startStack(t, { originOptions: { rate: 500_000 } });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when((r) => r.headers.range?.startsWith('bytes=0-')).pauseAt(256 * KiB);
  const reader = s.open('v.mp4', { headers: range(0, 2 * MiB - 1) });
  await gate.reached;
  await reader.reached(256 * KiB);
  const end = async () => {
    gate.release();
    const answer = await reader.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(0, 2 * MiB - 1)]);
    await s.origin.idle();
  };
  return { s, object, end };
}

test('a seek into a page whose beginning would take long: from the very byte', async (t) => {
  const { s, object, end } = await startSlow(t);
  const [first, last] = [MiB + 40_000, MiB + 140_000];
  for (const [from, to] of [[first, last], [MiB - 20_000, MiB - 10_000]]) {
    const seek = await s.get('v.mp4', { headers: range(from, to) });
    assert.deepEqual([seek.status, seek.complete, seek.sha256], [206, true, object.sha256(from, to)]);
  }
  await end();
  assert.deepEqual(s.origin.of('v.mp4').map((r) => r.headers.range).sort(), [
    `bytes=0-${2 * MiB - 1}`,
    `bytes=${first}-${MiB + 64 * KiB - 1}`,
    `bytes=${MiB}-${2 * MiB - 1}`, // with that page, for others who come to it
    `bytes=${MiB - 20_000}-${MiB - 10_000}`,
  ].sort());
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('fill_overlaps_total'), 3);
  assert.equal(metrics.sum('fill_overlap_bytes_total'), 64 * KiB - 40_000 + 10_001);
  // What was sent past the cache came with the fill too.
  const again = await s.get('v.mp4', { headers: range(first, last) });
  assert.deepEqual([cacheStatus(again).hit, again.sha256], [true, object.sha256(first, last)]);
});

test('a seek into a page before anything says how fast the store is: from the very byte', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').pauseAt(1000);
  const reader = s.open('v.mp4', { headers: range(0, 8 * MiB - 1) });
  await gate.reached;
  const [first, last] = [4 * MiB + 40_000, 4 * MiB + 140_000];
  const seek = await s.get('v.mp4', { headers: range(first, last) });
  assert.deepEqual([seek.status, seek.complete, seek.sha256], [206, true, object.sha256(first, last)]);
  gate.release();
  assert.equal((await reader.done).sha256, object.sha256(0, 8 * MiB - 1));
  const asked = s.origin.of('v.mp4').map((r) => r.headers.range);
  assert.ok(asked.includes(`bytes=${first}-${4 * MiB + 64 * KiB - 1}`), asked.join(' '));
});

for (const [what, fail] of [
  ['refused', (rule) => rule.status(503)],
  ['reset before its first byte', (rule, first) => rule.resetAt(first)],
  ['reset inside', (rule, first) => rule.resetAt(first + 7)],
  ['closed before its last byte', (rule) => rule.closeAt(MiB + 64 * KiB - 1)],
  ['answered with all of the object', (rule) => rule.ignoreRange()],
  ['answered with another version', (rule) => rule.ignoreConditions().etag('"other"')],
]) {
  test(`a request for the rest of a page that is ${what}`, async (t) => {
    const { s, object, end } = await startSlow(t);
    const [first, last] = [MiB + 40_000, MiB + 140_000];
    const rule = s.origin.when((r) => r.headers.range?.startsWith(`bytes=${first}-`)).times(1);
    fail(rule, first);
    const seek = s.open('v.mp4', { headers: range(first, last) });
    await s.origin.board.until(() => rule.taken === 1, 'it fails');
    await end();
    const answer = await seek.done;
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)]);
    assert.equal((await s.sluice.metrics()).sum('fallback_total'), 0);
  });
}

test('a store that refuses a request for a page is not asked again and again: the fill is waited for', async (t) => {
  const { s, object, end } = await startSlow(t);
  const refusals = s.origin.when((r) => r.headers.range === `bytes=${MiB}-${MiB + 4999}`).status(503);
  const seek = s.open('v.mp4', { headers: range(MiB, MiB + 4999) });
  await s.origin.board.until(() => refusals.taken > 0, 'it is refused');
  await poll(async () => (await s.sluice.metric('fill_joins_total')) === 1, 'it waits');
  await end();
  assert.equal((await seek.done).sha256, object.sha256(MiB, MiB + 4999));
  assert.equal(refusals.taken, 1);
});

for (const [what, last] of [['inside one page', MiB + 50_000], ['into the next pages', MiB + 200_000]]) {
  for (const how of ['at once', 'while the first is answered']) {
    test(`many clients ask for the same range ${what}, ${how}`, async (t) => {
      const { s, object, end } = await startSlow(t);
      const first = MiB + 40_000;
      const ask = () => s.open('v.mp4', { headers: range(first, last) });
      const seeks = [];
      if (how === 'at once') {
        for (let i = 0; i < 20; ++i) seeks.push(ask());
      } else {
        const gate = s.origin.when((r) => r.headers.range?.startsWith(`bytes=${first}-`)).times(1).pauseAt(first + 5000);
        seeks.push(ask());
        await gate.reached;
        await seeks[0].reached(1);
        for (let i = 1; i < 20; ++i) seeks.push(ask());
        await Promise.all(seeks.map((each) => each.firstByte));
        gate.release();
      }
      for (const each of seeks) {
        const answer = await each.done;
        assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)]);
      }
      const ranges = s.origin.of('v.mp4').map((r) => r.headers.range);
      assert.ok(ranges.filter((each) => each.startsWith(`bytes=${first}-`)).length <= 2, ranges.join());
      assert.ok(ranges.length <= 5, ranges.join());
      await end();
      await poll(async () => (await s.sluice.metric('memory_bytes')) === 0, 'no memory is in use');
    });
  }
}

test('a store that ignores ranges: who comes later waits for what is under way', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').ignoreRange().pauseAt(MiB);
  s.origin.when('v.mp4').ignoreRange();
  const reader = s.open('v.mp4');
  await gate.reached;
  await reader.reached(MiB);
  const seeks = [30 * MiB + 5, 50 * MiB].map((first) => [first, s.open('v.mp4', { headers: range(first, first + MiB) })]);
  await poll(async () => (await s.sluice.metric('fill_joins_total')) === 2, 'both wait');
  gate.release();
  for (const [first, seek] of seeks) {
    const answer = await seek.done;
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, first + MiB)]);
  }
  assert.equal((await reader.done).sha256, object.sha256());
  assert.deepEqual(s.origin.of('v.mp4').length, 1);
});

test('a byte here and there of what a slow fill will bring cuts nobody', async (t) => {
  const { s, ask, end } = await startBehindGate(t);
  for (let i = 2; i < 10; ++i) await ask(i * MiB + 7, i * MiB + 7);
  await end();
  assert.equal(s.origin.of('v.mp4').length, 9);
  assert.equal(s.origin.bytesSent('v.mp4'), 10 * MiB + 8);
});

test('a little behind a fill that stands still', async (t) => {
  const { ask, end } = await startBehindGate(t);
  await ask(MiB + 70_000, MiB + 80_000);
  await ask(MiB + 200_000, MiB + 200_000);
  await end();
});

test('many seeks into one slow fill', async (t) => {
  const { s, ask, end } = await startBehindGate(t);
  await Promise.all(Array.from({ length: 8 }, (_, i) => ask((2 + i) * MiB + i, (2 + i) * MiB + 50000)));
  const metrics = await end();
  assert.ok(metrics.sum('fill_overlaps_total') >= 2, 'those nearer to another than a request of their own joined it');
  assert.ok(s.origin.of('v.mp4').length <= 9);
});

test('near enough: joined', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').pauseAt(MiB);
  const reader = s.open('v.mp4', { headers: range(0, 2 * MiB - 1) });
  await gate.reached;
  await reader.reached(MiB);
  const other = s.open('v.mp4', { headers: range(MiB + 100 * KiB, 2 * MiB - 1) });
  gate.release();
  for (const [exchange, first] of [[reader, 0], [other, MiB + 100 * KiB]]) {
    const answer = await exchange.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(first, 2 * MiB - 1)]);
  }
  assert.equal(s.origin.of('v.mp4').length, 1);
});

for (const status of [412, 429, 500]) {
  test(`a request of its own that fails with ${status} harms nobody: the other fill goes on`, async (t) => {
    const { s, object, end } = await startBehindGate(t);
    const own = s.origin.when((r) => r.headers.range?.startsWith(`bytes=${8 * MiB}-`)).status(status);
    const reader = s.open('v.mp4', { headers: range(8 * MiB + 5, 9 * MiB) });
    await s.origin.board.until(() => own.taken === 1, 'it is refused');
    await end();
    const answer = await reader.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(8 * MiB + 5, 9 * MiB)]);
  });
}
