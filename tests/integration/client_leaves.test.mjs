// A client that leaves before the first byte of a store that does not answer: nobody waits on for it, unless others do.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll, within } from '../support/wait.mjs';

// Long enough that only the client's end can have ended what the tests wait for.
const patient = (over = {}) => ({ stores: { media: { response_timeout: '10m', ...over } }, fallback: { after: '10m' } });
const size = 2 * MiB;
const isGivenUp = (s, n) => s.origin.board.until(
  () => s.origin.of('v.mp4').length === n && s.origin.of('v.mp4').every((r) => r.finished && r.aborted), 'all requests are given up');
const lineOf = (s) => s.sluice.waitForLog((r) => r.message === 'access' && r.path === '/media/v.mp4', 'its line');

for (const [what, config] of [
  ['an object that nobody knows', patient()],
  ['past a cache that is off', { ...patient(), cache: { directory: undefined } }],
]) {
  test(`the request is given up: ${what}`, async (t) => {
    const s = await startStack(t, { config });
    s.origin.put('v.mp4', { size });
    const gate = s.origin.when('v.mp4').hold();
    const reader = s.open('v.mp4');
    await gate.reached;
    reader.abort();
    await isGivenUp(s, 1);
    const line = await lineOf(s);
    assert.equal(line.status, 0);
    assert.ok(!('complete' in line));
    const metrics = await s.sluice.metrics();
    assert.equal(metrics.sum('origin_requests_total', { code: 'canceled' }), 1);
    assert.equal(metrics.sum('fallback_total'), 0);
    assert.equal(s.app.of('/media/').length, 0);
  });
}

test('both requests of a hedged one are given up', async (t) => {
  const s = await startStack(t, { config: patient({ hedge_after: '5ms' }) });
  s.origin.put('v.mp4', { size });
  const rule = s.origin.when('v.mp4');
  rule.hold();
  const reader = s.open('v.mp4');
  await s.origin.board.until(() => rule.taken === 2, 'two requests');
  reader.abort();
  await isGivenUp(s, 2);
  assert.equal((await lineOf(s)).status, 0);
});

test('a connection that is being opened is given up', async (t) => {
  const silent = net.createServer({ allowHalfOpen: false }).listen(0, '127.0.0.1'); // says nothing in the TLS handshake
  t.after(() => silent.close());
  await once(silent, 'listening');
  const accepted = once(silent, 'connection');
  const config = patient({ endpoint: `https://127.0.0.1:${silent.address().port}`, connect_timeout: '5m' });
  const s = await startStack(t, { config });
  s.origin.put('v.mp4', { size });
  const reader = s.open('v.mp4');
  const [socket] = await within(accepted, 'a connection');
  socket.on('error', () => {}).resume();
  const closed = once(socket, 'close');
  reader.abort();
  await within(closed, 'its end');
  assert.equal((await lineOf(s)).status, 0);
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('origin_requests_total', { code: 'canceled' }), 1);
  assert.equal(metrics.sum('fallback_total'), 0);
  assert.equal(await s.sluice.metric('breaker_open', { store: 'media' }), 0);
});

test('who still waits gets the answer of the request that the other one began', async (t) => {
  const s = await startStack(t, { config: patient() });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').hold();
  const first = s.open('v.mp4');
  await gate.reached;
  const second = s.open('v.mp4');
  await poll(async () => (await s.sluice.metrics()).sum('connections', { side: 'client' }) === 2, 'both are there');
  first.abort();
  gate.release();
  const answer = await second.done;
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
});

test('where all who wait for one request leave, it is given up', async (t) => {
  const s = await startStack(t, { config: patient() });
  s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').hold();
  const readers = [s.open('v.mp4')];
  await gate.reached;
  for (let i = 2; i < 6; ++i) {
    readers.push(s.open('v.mp4'));
    await poll(async () => (await s.sluice.metrics()).sum('connections', { side: 'client' }) === i, `${i} are there`);
  }
  for (const each of readers) each.abort();
  await isGivenUp(s, 1);
});

test('after one that was given up the next client is served', async (t) => {
  const s = await startStack(t, { config: patient() });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').times(1).hold();
  const reader = s.open('v.mp4');
  await gate.reached;
  reader.abort();
  await isGivenUp(s, 1);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256()]);
  assert.equal(await s.sluice.metric('breaker_open', { store: 'media' }), 0);
});

const gapBegin = 6 * MiB;
const gap = { headers: range(gapBegin, gapBegin + 200_000) };

/// One worker, and an object of which only the beginning is in the cache: whoever asks for the gap, the store does not answer.
async function startKnown(t, over) {
  const s = await startStack(t, { config: { ...patient(over), workers: 1 } });
  s.object = s.origin.put('v.mp4', { size: 8 * MiB });
  s.origin.put('w.mp4', { size });
  const begun = await s.get('v.mp4', { headers: range(0, 99) });
  assert.equal(begun.complete, true);
  await s.origin.idle();
  const before = s.origin.requests.length;
  s.asked = () => s.origin.of('v.mp4').filter((r) => s.origin.requests.indexOf(r) >= before);
  s.gate = s.origin.when('v.mp4').hold();
  s.checkWhole = (answer) =>
    assert.deepEqual([answer.complete, answer.sha256], [true, s.object.sha256(gapBegin, gapBegin + 200_000)]);
  /// `reader` leaves; Sluice has seen it and looked at its fills afterwards: it looks at all that a worker has together, and
  /// a second one that leaves alone has been given up since.
  s.leaves = async (reader) => {
    s.origin.when('w.mp4').hold();
    for (const leaving of [reader, undefined]) {
      const seen = s.origin.of('w.mp4').length;
      const alone = s.open('w.mp4');
      const request = await s.origin.board.until(() => s.origin.of('w.mp4')[seen], 'another request');
      leaving?.abort();
      alone.abort();
      await s.origin.board.until(() => request.finished, 'the other request is given up');
    }
  };
  return s;
}

for (const [what, over, requests] of [['', {}, 1], [', hedged', { hedge_after: '5ms' }, 2]]) {
  test(`the request for a gap of a known object is given up${what}`, async (t) => {
    const s = await startKnown(t, over);
    const reader = s.open('v.mp4', gap);
    await s.origin.board.until(() => s.asked().length === requests, 'the requests for the gap');
    reader.abort();
    await s.origin.board.until(() => s.asked().every((r) => r.finished && r.aborted), 'they are given up');
    assert.equal(s.asked().length, requests);
    const line = await s.sluice.waitForLog((r) => r.message === 'access' && r.status === 0, 'its line');
    assert.equal(line.path, '/media/v.mp4');
    const metrics = await s.sluice.metrics();
    assert.equal(metrics.sum('fallback_total'), 0);
    assert.equal(s.app.of('/media/').length, 0);
    s.gate.release();
    s.checkWhole(await s.get('v.mp4', gap));
  });
}

/// Two wait for the gap; the first, for whom it was asked for, has left, and its request goes on.
async function startLeftByFirst(t) {
  const s = await startKnown(t);
  const first = s.open('v.mp4', gap);
  await s.gate.reached;
  const second = s.open('v.mp4', gap);
  await s.leaves(first);
  assert.equal(s.asked().filter((r) => r.finished).length, 0);
  return { s, second };
}

test('who waits for the same gap gets what the one who left asked for', async (t) => {
  const { s, second } = await startLeftByFirst(t);
  s.gate.release();
  s.checkWhole(await second.done);
  assert.equal(s.asked().length, 1);
});

test('where all who wait for a gap leave, one after the other, its request is given up', async (t) => {
  const { s, second } = await startLeftByFirst(t);
  second.abort();
  await s.origin.board.until(() => s.asked().every((r) => r.finished && r.aborted), 'it is given up');
  assert.equal(s.asked().length, 1);
});
