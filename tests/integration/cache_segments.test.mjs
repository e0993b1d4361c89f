// A block or an object put together from pieces: each page leaves the origin once, whatever the pieces and their order.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { KiB, MiB, cacheStatus, startStack, checkSentOnce } from '../support/stack.mjs';

/// [first, last] of the pieces between these cuts.
const pieces = (cuts) => cuts.slice(1).map((cut, i) => [cuts[i], cut - 1]);
const evenCuts = (size) => Array.from({ length: 9 }, (_, i) => (i * size) / 8);
const oddCuts = (size) => evenCuts(size).map((cut, i) => (i === 0 || i === 8 ? cut : cut + (i % 2 ? 7001 : -3333)));

function shuffled(list, seed) {
  const random = randomNumbers(seed);
  return list.map((item) => [random.next(1 << 30), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);
}

async function fetchPiece(s, key, [first, last]) {
  const answer = await s.get(key, { headers: range(first, last) });
  assert.equal(answer.status, 206);
  assert.equal(answer.sha256, s.origin.object(key).sha256(first, last), `${key} ${first}-${last}`);
}

async function checkOnce(s, key, requests) {
  await checkSentOnce(s, key, s.origin.object(key).size);
  if ((await s.sluice.metric('fill_overlaps_total')) > 0) return; // on a machine so busy that it pays to ask anew
  // Of pieces that follow each other, part of the next may have been fetched ahead: a run comes in two requests at most.
  assert.ok(s.origin.of(key).length <= 2 * requests, `${key}: ${s.origin.of(key).length} requests for ${requests} runs`);
}

for (const [blocks, size] of [['one block', MiB], ['eight blocks', 8 * MiB]]) {
  for (const [alignment, cuts] of [['page-aligned', evenCuts(size)], ['unaligned', oddCuts(size)]]) {
    test(`eight ${alignment} segments of ${blocks}`, async (t) => {
      const s = await startStack(t);
      const orders = { forwards: pieces(cuts), backwards: pieces(cuts).reverse(), shuffled: shuffled(pieces(cuts), 7) };
      for (const [order, list] of Object.entries(orders)) {
        const key = `${order}.mp4`;
        s.origin.put(key, { seed: order, size });
        for (const piece of list) await fetchPiece(s, key, piece);
        await s.origin.idle();
        await checkOnce(s, key, 8);
        const whole = await s.get(key);
        assert.equal(whole.sha256, s.origin.object(key).sha256());
        assert.equal(cacheStatus(whole).hit, true);
      }
      s.origin.put('at-once.mp4', { seed: 'at once', size });
      await Promise.all(shuffled(pieces(cuts), 3).map((piece) => fetchPiece(s, 'at-once.mp4', piece)));
      await s.origin.idle();
      // Where they were asked for at once, before anything was known, two may have wanted the page between them.
      await checkSentOnce(s, 'at-once.mp4');
      const requests = s.origin.of('at-once.mp4').length;
      assert.equal((await s.get('at-once.mp4')).sha256, s.origin.object('at-once.mp4').sha256());
      assert.equal(s.origin.of('at-once.mp4').length, requests, 'all of it was there');
    });
  }
}

test('a partial hit fetches only what is missing, in as many requests as there are gaps', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 4 * MiB + 1000 });
  await fetchPiece(s, 'v.mp4', [0, MiB - 1]);
  await fetchPiece(s, 'v.mp4', [2 * MiB, 2 * MiB + 128 * KiB - 1]);
  await s.origin.idle();
  const before = s.origin.of('v.mp4').length;
  const whole = await s.get('v.mp4');
  assert.equal(whole.sha256, object.sha256());
  assert.equal(cacheStatus(whole).fwd, 'partial');
  await s.origin.idle();
  const runs = s.origin.of('v.mp4').slice(before);
  await checkOnce(s, 'v.mp4', before + runs.length);
  // Two gaps; a long one may be read in several windows, each going on where the last one ended.
  const starts = runs.filter((r) => !runs.some((o) => o.first + o.sent === r.first)).map((r) => r.first);
  assert.deepEqual(starts.sort((a, b) => a - b), [MiB, 2 * MiB + 128 * KiB]);
  for (const r of runs) assert.equal(r.headers['if-match'], object.etag, 'every fill after the first is conditional');
});

test('three overlapping ranges at once: what they want is there once', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(2 * MiB);
  const first = s.open('v.mp4', { headers: range(0, 4 * MiB - 1) });
  await gate.reached;
  const second = s.open('v.mp4', { headers: range(3 * MiB, 6 * MiB - 1) });
  const third = s.open('v.mp4', { headers: range(MiB, 3 * MiB - 1) });
  await third.reached(MiB);
  // The second does not wait for the first, which stands still: that one ends where the second begins.
  assert.equal((await second.done).sha256, object.sha256(3 * MiB, 6 * MiB - 1));
  gate.release();
  assert.equal((await first.done).sha256, object.sha256(0, 4 * MiB - 1));
  assert.equal((await third.done).sha256, object.sha256(MiB, 3 * MiB - 1));
  await s.origin.idle();
  assert.ok((await s.sluice.metric('fill_overlaps_total')) >= 1);
  assert.ok(s.origin.of('v.mp4').some((r) => r.headers.range.startsWith(`bytes=${3 * MiB}-`)));
});

test('random ranges of random objects, many at once', async (t) => {
  const s = await startStack(t);
  const seed = Number(process.env.SLUICE_TEST_SEED ?? 20240102);
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  const keys = ['a', 'b', 'c'];
  for (const key of keys) s.origin.put(key, { seed: key, size: MiB + random.next(4 * MiB) });
  const queue = Array.from({ length: 150 }, () => {
    const key = keys[random.next(3)];
    const { size } = s.origin.object(key);
    const first = random.next(size);
    return [key, [first, Math.min(size - 1, first + random.next(2 * MiB))]];
  });
  await Promise.all(Array.from({ length: 12 }, async () => {
    while (queue.length > 0) await fetchPiece(s, ...queue.pop());
  }));
  await s.origin.idle();
  for (const key of keys) await checkSentOnce(s, key);
});
