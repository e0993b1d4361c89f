// Any number of readers follow one fill: the origin sends each byte once, nobody waits for the end, and a slow reader
// holds up nobody else.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { MiB, startStack, checkSentOnce } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const clients = 50;

test('fifty clients on one cold range', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 16 * MiB });
  const [first, last] = [3 * MiB + 11, 11 * MiB + 10];
  const answers = await Promise.all(Array.from({ length: clients }, () => s.get('v.mp4', { headers: range(first, last) })));
  for (const answer of answers) {
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)]);
  }
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4');
  assert.ok(s.origin.bytesSent('v.mp4') <= 8 * MiB + 2 * 65536, `${s.origin.bytesSent('v.mp4')} bytes`);
  const metrics = await s.sluice.metrics();
  assert.ok(metrics.sum('fill_joins_total') > 0, 'joins are counted');
  assert.equal(metrics.sum('fills_in_flight'), 0);
});

test('the last of fifty clients has its first byte before the fill ends', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(4 * MiB);
  const exchanges = [s.open('v.mp4', { headers: range(0, 8 * MiB - 1) })];
  await gate.reached;
  for (let i = 1; i < clients; i++) exchanges.push(s.open('v.mp4', { headers: range(i, 8 * MiB - 1) }));
  // All that the origin has sent reaches every client while the origin stands still in mid-body.
  await Promise.all(exchanges.map((exchange, i) => exchange.reached(4 * MiB - i)));
  assert.equal(s.origin.of('v.mp4').filter((r) => !r.finished).length, 1);
  assert.ok(exchanges.every((exchange) => !exchange.result.finished));
  gate.release();
  for (const [i, exchange] of exchanges.entries()) assert.equal((await exchange.done).sha256, object.sha256(i));
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4', object.size);
});

test('fifty clients who ask behind the end of an object', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size: MiB });
  const gate = s.origin.when('v.mp4').times(1).hold();
  const exchanges = Array.from({ length: clients }, (_, i) => s.open('v.mp4', { headers: range(2 * MiB + i, 3 * MiB) }));
  await gate.reached;
  // The others wait for what the first one asked: none may be answered before it.
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) >= clients, 'all have come');
  gate.release();
  for (const exchange of exchanges) {
    const answer = await exchange.done;
    assert.deepEqual([answer.status, answer.headers['content-range']], [416, `bytes */${MiB}`]);
  }
  assert.equal((await s.sluice.metrics()).sum('fallback_total'), 0);
});

test('slow readers beside fast ones', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 48 * MiB });
  const slow = Array.from({ length: 5 }, () => s.open('v.mp4', { rate: 10000 }));
  await Promise.all(slow.map((exchange) => exchange.firstByte));
  const fast = await Promise.all(Array.from({ length: 10 }, () => s.get('v.mp4')));
  for (const answer of fast) assert.equal(answer.sha256, object.sha256());
  assert.ok(slow.every((exchange) => !exchange.result.finished), 'the fast ones were done while the slow ones still read');
  await s.origin.idle();
  // A fill that was cut, since another would bring its bytes sooner, may leave some in the sockets: that is counted.
  const sent = s.origin.bytesSent('v.mp4');
  assert.ok(sent === object.size || (await s.sluice.metric('fill_overlaps_total')) > 0, `${sent} bytes`);
  assert.ok(sent <= object.size * 1.1, `${sent} bytes`);
  for (const exchange of slow) exchange.hurry();
  for (const exchange of slow) assert.equal((await exchange.done).sha256, object.sha256());
  assert.equal(s.origin.bytesSent('v.mp4'), sent, 'the slow ones read from the disk');
});

test('a reader that comes while others are reading joins at its own offset', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 16 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(5 * MiB);
  const first = s.open('v.mp4');
  await gate.reached;
  const behind = await s.get('v.mp4', { headers: range(MiB, 2 * MiB) });
  assert.equal(behind.sha256, object.sha256(MiB, 2 * MiB), 'what is published is there for others');
  const ahead = s.open('v.mp4', { headers: range(4 * MiB + 5, 6 * MiB) });
  await ahead.reached(MiB - 5);
  gate.release();
  assert.equal((await ahead.done).sha256, object.sha256(4 * MiB + 5, 6 * MiB));
  assert.equal((await first.done).sha256, object.sha256());
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4');
});

test('the first reader leaves, the others go on', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 16 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(2 * MiB);
  const leader = s.open('v.mp4');
  await gate.reached;
  const followers = Array.from({ length: 5 }, () => s.open('v.mp4'));
  await Promise.all(followers.map((exchange) => exchange.reached(2 * MiB)));
  leader.abort();
  await leader.done;
  gate.release();
  for (const follower of followers) assert.equal((await follower.done).sha256, object.sha256());
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4');
});

test('a reader that stops reading stops the fetching', async (t) => {
  const s = await startStack(t, { config: { cache: { read_ahead: '4MiB' } } });
  const object = s.origin.put('v.mp4', { size: 128 * MiB });
  const reader = s.open('v.mp4', { paused: true });
  await reader.head;
  // The kernel's buffers and the window fill up; then nothing more leaves the origin. Nothing tells us when that is so.
  let seen = -1;
  await poll(() => {
    const sent = s.origin.bytesSent('v.mp4');
    const same = sent > 0 && sent === seen;
    seen = sent;
    return same;
  }, 'the origin comes to rest', 30000, 500);
  assert.ok(s.origin.bytesSent('v.mp4') < 64 * MiB, `${s.origin.bytesSent('v.mp4')} bytes for a reader that does not read`);
  reader.resume();
  assert.equal((await reader.done).sha256, object.sha256());
  await checkSentOnce(s, 'v.mp4');
});

test('when all readers leave, the fetching ends soon', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size: 256 * MiB });
  const readers = Array.from({ length: 3 }, () => s.open('v.mp4', { abortAfter: MiB }));
  await Promise.all(readers.map((reader) => reader.done));
  await s.origin.idle();
  assert.ok(s.origin.bytesSent('v.mp4') < 64 * MiB, `${s.origin.bytesSent('v.mp4')} bytes for 1 MiB`);
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'no fill is left');
});
