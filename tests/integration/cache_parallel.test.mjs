// `stores.NAME.parallel`: what one fast reader wants comes over several connections; no byte leaves the store twice, seeks
// cost no more than with one connection, and a fault in one piece is nobody's but that piece's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const parallel = 4;
const size = 24 * MiB + 4321;

const start = (t, { rate = 0, config = {} } = {}) => startStack(t, {
  originOptions: { rate, delay: 10 },
  config: { stores: { media: { parallel } }, ...config },
});
const underWay = (s, key) => s.origin.of(key).filter((r) => !r.finished).length;

function checkPages(s, key) {
  assert.deepEqual(s.origin.pagesSentTwice(key), [], 'pages that left twice');
}

for (const [what, headers, first, last] of [
  ['the whole', {}, 0, size - 1],
  ['an open range', range(MiB + 5), MiB + 5, size - 1],
  ['a range named to the last byte', range(0, size - 1), 0, size - 1],
  ['a named range', range(MiB + 5, 22 * MiB + 4), MiB + 5, 22 * MiB + 4],
]) {
  test(`${what} comes over several connections`, async (t) => {
    const s = await start(t, { rate: 8_000_000 });
    const object = s.origin.put('v.mp4', { size });
    const exchange = s.open('v.mp4', { headers });
    let most = 0;
    await s.origin.board.until(() => {
      most = Math.max(most, underWay(s, 'v.mp4'));
      return exchange.result.finished || s.origin.of('v.mp4').reduce((sum, r) => sum + r.sent, 0) > last - first - MiB;
    }, 'most of it has left', 60000);
    const answer = await exchange.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(first, last)]);
    await s.origin.idle();
    checkPages(s, 'v.mp4');
    assert.ok(most >= parallel && most <= 4 * parallel, `${most} requests at once`);
    assert.ok(s.origin.of('v.mp4').length <= (last - first) / (256 * KiB), `${s.origin.of('v.mp4').length} requests`);
    assert.equal(cacheStatus(await s.get('v.mp4', { headers })).hit, true);
  });
}

test('a range that is fetched at once comes in pieces; the first question is one of them', async (t) => {
  const s = await start(t);
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').hold();
  for (const [first, pieces] of [[0, 4], [8 * MiB, 4]]) {
    const exchange = s.open('v.mp4', { headers: range(first, first + 4 * MiB - 1) });
    if (first === 0) {
      await gate.reached;
      assert.equal(s.origin.of('v.mp4').length, 1, 'nothing is known yet');
      gate.release();
    }
    const answer = await exchange.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(first, first + 4 * MiB - 1)]);
    await s.origin.idle();
    const asked = s.origin.of('v.mp4').map((r) => r.headers.range.match(/\d+/g).map(Number)).filter(([from]) => from >= first);
    assert.deepEqual(asked.sort((a, b) => a[0] - b[0]),
      Array.from({ length: pieces }, (_, i) => [first + i * MiB, first + (i + 1) * MiB - 1]));
  }
  checkPages(s, 'v.mp4');
});

test('a client that takes nothing costs no more than with one connection', async (t) => {
  const s = await start(t);
  s.origin.put('v.mp4', { size });
  const exchange = s.open('v.mp4', { headers: range(5 * MiB), paused: true });
  await exchange.head;
  await poll(async () => (await s.sluice.metric('origin_bytes_total', { store: 'media' })) >= MiB, 'the first window has come');
  assert.ok(s.origin.of('v.mp4').length <= 2, `${s.origin.of('v.mp4').length} requests`);
  assert.ok(s.origin.bytesSent('v.mp4') <= 1.25 * MiB, `${s.origin.bytesSent('v.mp4')} bytes`);
  exchange.abort();
});

for (const [what, fault] of [
  ['a reset', (rule) => rule.resetAt(9 * MiB + 12345)],
  ['a short body', (rule) => rule.closeAt(9 * MiB + 12345)],
  ['a refusal', (rule) => rule.status(503)],
]) {
  test(`${what} in one piece does not cut the client`, async (t) => {
    const s = await start(t, { rate: 20_000_000 });
    const object = s.origin.put('v.mp4', { size });
    const isPiece = (r) => r.headers.range && r.headers.range.match(/\d+/g).map(Number).every((at, i) => (i === 0 ? at > 2 * MiB && at <= 9 * MiB : at > 9 * MiB + 12345));
    const rule = fault(s.origin.when(isPiece).times(1));
    const answer = await s.get('v.mp4', { headers: range(0) });
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256()]);
    assert.equal(rule.taken, 1, 'a piece met it');
    await s.origin.idle();
    if (what !== 'a reset') checkPages(s, 'v.mp4'); // that one takes bytes with it that have left
    assert.equal(await s.sluice.metric('fallback_total'), 0);
  });
}

test('many readers at once stay within limits.fills', async (t) => {
  const s = await start(t, { rate: 8_000_000, config: { limits: { fills: 8 } } });
  const keys = ['a', 'b', 'c', 'd'];
  for (const key of keys) s.origin.put(key, { seed: key, size: 8 * MiB });
  let most = 0;
  const watch = s.origin.board.until(() => {
    most = Math.max(most, keys.reduce((sum, key) => sum + underWay(s, key), 0));
    return keys.every((key) => s.origin.of(key).length > 0 && s.origin.bytesSent(key) === 8 * MiB);
  }, 'all of them have left', 60000);
  for (const [i, answer] of (await Promise.all(keys.map((key) => s.get(key, { headers: range(0) })))).entries()) {
    assert.equal(answer.sha256, s.origin.object(keys[i]).sha256());
  }
  await watch;
  assert.ok(most <= 8, `${most} at once`);
  for (const key of keys) checkPages(s, key);
});
