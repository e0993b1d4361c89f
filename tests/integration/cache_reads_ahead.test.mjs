// What is fetched before it is asked for: behind requests that follow each other, the parts of one request, and no more
// than its client takes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const step = 64 * KiB;

async function ask(s, object, key, first, last) {
  const answer = await s.get(key, { headers: range(first, last) });
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)]);
  return answer;
}

/// Eight requests that follow each other, after which the first block is fetched.
async function readOn(s, object, begin = 0) {
  for (let i = begin; i < 8; ++i) await ask(s, object, 'v.mp4', i * step, (i + 1) * step - 1);
  await poll(() => s.origin.bytesSent('v.mp4') >= MiB, 'the block is fetched');
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'no fill is left');
}

test('after two ranges that follow each other more is fetched, in the end to that of the block', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  for (let i = 0; i < 2; ++i) {
    await ask(s, object, 'v.mp4', i * step, (i + 1) * step - 1);
    await s.origin.idle();
    assert.equal(s.origin.bytesSent('v.mp4'), (i + 1) * step, 'exact');
  }
  await ask(s, object, 'v.mp4', 2 * step, 3 * step - 1);
  await poll(() => s.origin.bytesSent('v.mp4') >= 4 * step, 'the next is fetched');
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'no fill is left');
  assert.ok(s.origin.bytesSent('v.mp4') <= 5 * step, 'no more than was sent');
  const next = await ask(s, object, 'v.mp4', 3 * step, 4 * step - 1);
  assert.equal(cacheStatus(next).hit, true);
  await readOn(s, object, 4);
  assert.equal(s.origin.bytesSent('v.mp4'), MiB);
  const asked = s.origin.of('v.mp4').length;
  assert.equal(cacheStatus(await ask(s, object, 'v.mp4', 12 * step, 13 * step - 1)).hit, true);
  assert.equal(s.origin.of('v.mp4').length, asked);
});

test('random ranges stay exact', async (t) => {
  const s = await startStack(t);
  const seed = Number(process.env.SLUICE_TEST_SEED ?? 20240103);
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  const object = s.origin.put('v.mp4', { size: 64 * MiB });
  const pages = new Set();
  for (let i = 0; i < 30; ++i) {
    const first = random.next(object.size - 10_000);
    await ask(s, object, 'v.mp4', first, first + 9_999);
    for (let page = Math.floor(first / step); page * step <= first + 9_999; ++page) pages.add(page);
  }
  await s.origin.idle();
  assert.equal(s.origin.bytesSent('v.mp4'), pages.size * step);
});

test('a reader that jumps is exact again', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  await readOn(s, object);
  await ask(s, object, 'v.mp4', 5 * MiB, 5 * MiB + 9);
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'no fill is left');
  assert.equal(s.origin.bytesSent('v.mp4'), MiB + step);
});

test('the parts of one request are fetched at once', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 16 * MiB });
  await ask(s, object, 'v.mp4', 15 * MiB, 15 * MiB + 9); // it is known
  const gate = s.origin.when('v.mp4').pauseAt(50 * KiB);
  const parts = [0, 2, 4, 6, 8].map((at) => [at * MiB, at * MiB + 100 * KiB - 1]);
  const exchange = s.open('v.mp4', { headers: { Range: `bytes=${parts.map((part) => part.join('-')).join(',')}` } });
  await gate.reached;
  await s.origin.board.until(() => s.origin.of('v.mp4').length === 6, 'all parts are asked for while the first stands still');
  gate.release();
  const answer = await exchange.done;
  assert.deepEqual([answer.status, answer.complete], [206, true]);
  await s.origin.idle();
  for (const [first, last] of parts) assert.equal(cacheStatus(await ask(s, object, 'v.mp4', first, last)).hit, true);
  assert.deepEqual(s.origin.pagesSentTwice('v.mp4'), []);
});

test('clients that leave end the fills of the parts to come', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 64 * MiB });
  await ask(s, object, 'v.mp4', 60 * MiB, 60 * MiB + 9);
  const gates = [50 * KiB, 20 * MiB + 50 * KiB].map((offset) => s.origin.when('v.mp4').pauseAt(offset));
  const exchange = s.open('v.mp4', { headers: { Range: `bytes=0-${MiB},${20 * MiB}-${21 * MiB}` } });
  for (const gate of gates) await gate.reached;
  exchange.abort();
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'no fill is left');
  for (const gate of gates) gate.release();
});

for (const headers of [{}, range(0, 60 * MiB)]) {
  test(`a client that stops costs little (${headers.Range ?? 'the whole'})`, async (t) => {
    const s = await startStack(t, { config: { cache: { read_ahead: '64MiB' } } });
    s.origin.put('v.mp4', { size: 64 * MiB });
    const other = s.origin.put('other.mp4', { size: 32 * MiB });
    const exchange = s.open('v.mp4', { headers, rate: 10_000 });
    await exchange.firstByte;
    const fetched = () => s.sluice.metric('origin_bytes_total', { store: 'media' });
    await poll(async () => (await fetched()) >= MiB, 'the first window has come');
    const answer = await s.get('other.mp4'); // another has all of his meanwhile
    assert.equal(answer.sha256, other.sha256());
    const bytes = (await fetched()) - other.size;
    const most = 4 * MiB; // its socket may take more than the 256 KiB by which a client shows that it reads
    assert.ok(bytes <= most, `${bytes} bytes for a client that takes 10 KB a second`);
    assert.ok(s.origin.bytesSent('v.mp4') <= most, `${s.origin.bytesSent('v.mp4')} bytes left the origin`);
    exchange.abort();
  });
}
