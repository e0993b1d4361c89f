// What comes after a fault: a disk that loses bytes while they are sent, a multipart that the cache has no room for, a
// client that leaves before the first byte. What was promised in the head is kept to the byte, or the answer is cut.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { connect, range } from '../support/client.mjs';
import { sha256 } from '../support/content.mjs';
import { filesIn } from '../support/disk.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const patient = { stores: { media: { response_timeout: '10m' } } };
const request = (path, fields = {}) => `GET /media/${path} HTTP/1.1\r\nHost: a\r\n` +
  `${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

test('a disk fault in the middle of a span: the promised length and the right bytes, or cut', async (t) => {
  const s = await startStack(t);
  const size = 8 * MiB;
  const object = s.origin.put('v.mp4', { size });
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'all is cached');
  s.origin.forget();
  const client = await connect(s.sluice.port);
  t.after(() => client.destroy());
  // Reads the first bytes, so that the body is on its way, and then nothing: what the sockets do not hold waits on the disk.
  const began = new Promise((resolve) => client.socket.once('data', () => {
    client.socket.pause();
    resolve();
  }));
  await client.send(request('v.mp4', { Connection: 'close' }));
  await began;
  const { file } = filesIn(s.cacheDirectory).find((one) => one.file.endsWith('.data'));
  // The kernel keeps a file in pieces of up to 2 MiB, and one that a cut goes through becomes zeros from there on, in what
  // sendfile has queued of it too: a cut between pieces takes nothing back that has left. It lies beyond what is queued.
  fs.truncateSync(file, 6 * MiB);
  client.socket.resume();
  await client.untilEnd();
  client.destroy();
  const start = client.received.indexOf('\r\n\r\n') + 4;
  const head = client.received.subarray(0, start).toString('latin1');
  const body = client.received.subarray(start);
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.match(head, new RegExp(`\r\ncontent-length: ${size}\r\n`, 'i'));
  assert.ok(body.length <= size, `${body.length} bytes where ${size} were promised`);
  assert.equal(sha256(body), object.sha256(0, body.length - 1), `wrong bytes among the ${body.length} that came`);
  assert.ok(body.length < size || s.origin.of('v.mp4').length > 0, 'the fault was met: what is lost can only come from the store');
  const again = await s.get('v.mp4', { headers: range(7 * MiB) });
  assert.deepEqual([again.status, again.complete, again.sha256], [206, true, object.sha256(7 * MiB)], 'afterwards');
});

/// The parts of a raw multipart/byteranges response, as they came: [{range, size, bytes}].
function partsOf({ headers, body }) {
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(headers['content-type'])?.[1];
  assert.ok(boundary, headers['content-type']);
  const pieces = body.toString('latin1').split(`--${boundary}`);
  assert.deepEqual([pieces[0], pieces.at(-1)], ['', '--\r\n']);
  return pieces.slice(1, -1).map((piece) => {
    const match = /^\r\n(?:.*\r\n)*?Content-Range: bytes (\d+)-(\d+)\/(\d+)\r\n\r\n([^]*)\r\n$/i.exec(piece);
    assert.ok(match, JSON.stringify(piece.slice(0, 200)));
    return { range: [Number(match[1]), Number(match[2])], size: Number(match[3]), bytes: Buffer.from(match[4], 'latin1') };
  });
}

test('a multipart of which a part must pass the cache by is whole, and its connection stays in step', async (t) => {
  const s = await startStack(t, { config: { limits: { fills: 1 }, ...patient } });
  const size = 8 * MiB;
  const object = s.origin.put('v.mp4', { size });
  s.origin.put('stalled.mp4', { seed: 'stalled', size });
  assert.equal((await s.get('v.mp4', { headers: range(0, 9) })).sha256, object.sha256(0, 9));
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'the first part is cached');
  const gate = s.origin.when('stalled.mp4').pauseAt(100);
  s.open('stalled.mp4');
  await gate.reached;
  assert.equal(await s.sluice.metric('fills_in_flight'), 1, 'the one transfer into the cache that may be');
  const asked = [[0, 9], [5000000, 5000009]];
  const client = await connect(s.sluice.port);
  t.after(() => client.destroy());
  await client.send(request('v.mp4', { Range: 'bytes=0-9,5000000-5000009' }));
  const answer = await client.response();
  assert.equal(answer.status, 206);
  assert.equal(answer.body.length, Number(answer.headers['content-length']));
  const parts = partsOf(answer);
  assert.deepEqual(parts.map((p) => [p.range, p.size]), asked.map((one) => [one, size]));
  for (const { range: [first, last], bytes } of parts) assert.ok(bytes.equals(object.read(first, last - first + 1)), `${first}`);
  await client.send(request('v.mp4', { Range: 'bytes=5-14' }));
  const next = await client.response();
  assert.deepEqual([next.status, next.headers['content-range']], [206, `bytes 5-14/${size}`]);
  assert.ok(next.body.equals(object.read(5, 10)), 'the next answer on the same connection');
  assert.equal(client.received.length, 0, 'and nothing after it');
  client.destroy();
  gate.release();
});

test('a client that leaves before the first byte is not asked for again at the app', async (t) => {
  const s = await startStack(t, { config: patient });
  const size = 4 * MiB;
  const leaving = [['whole', {}, 0], ['a range', range(MiB), MiB], ['several ranges', { Range: 'bytes=0-9,2000000-2000009' }, 0]];
  const gates = [];
  for (const [key, headers, first] of leaving) {
    s.origin.put(key, { seed: key, size });
    gates.push(s.origin.when(key).times(1).pauseAt(first)); // after the store's head
    const reader = s.open(encodeURIComponent(key), { headers });
    await gates.at(-1).reached;
    reader.abort();
    await reader.done;
  }
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'the transfers end, while the store still waits');
  const ended = () => s.sluice.access.filter((record) => record.path?.startsWith('/media/')).length;
  await s.sluice.board.until(() => ended() === leaving.length, 'the requests have ended');
  assert.deepEqual(s.app.of('/media/').map((r) => r.target), []);
  assert.equal(await s.sluice.metric('fallback_total'), 0);
  for (const gate of gates) gate.release();
  for (const [key] of leaving) {
    const answer = await s.get(encodeURIComponent(key));
    assert.deepEqual([answer.status, answer.sha256], [200, s.origin.object(key).sha256()], key);
  }
  assert.equal(s.app.of('/media/').length, 0);
});
