// Clients that hold what others need: connections, and time.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { connect, get, open } from '../support/client.mjs';
import { startStack, MiB } from '../support/stack.mjs';
import { poll, within } from '../support/wait.mjs';
import { ok, startRelay, takeHead } from './relay_stack.mjs';

const closed = (sluice, reason) => sluice.metric('sluice_connections_closed_total', { side: 'client', reason });
const request = (target, fields = '') => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

test('where all connections are taken, the one that is idle for longest makes way', async (t) => {
  const s = await startRelay(t, { config: { limits: { connections: 8, idle_timeout: '10m' } } });
  const silent = [];
  for (let i = 0; i < 4; i += 1) silent.push(await s.connect()); // never said anything
  for (let i = 0; i < 4; i += 1) {
    const kept = await s.connect();
    await kept.send(request('/'));
    await kept.response();
    silent.push(kept);
  }
  for (let i = 0; i < 8; i += 1) {
    const late = await s.connect();
    await late.send(request('/'));
    assert.equal((await late.response()).status, 200);
    await silent[i].untilEnd();
    assert.ok(silent.slice(i + 1).every((each) => !each.ended && !each.closed), `only the first ${i + 1}`);
  }
  assert.equal(await closed(s.sluice, 'idle'), 8);
});

test('who has begun a head makes way like who has not, in the order in which they began to wait', async (t) => {
  const s = await startRelay(t, { config: { limits: { connections: 4, header_timeout: '10m', idle_timeout: '10m' } } });
  const slow = [];
  for (let i = 0; i < 3; i += 1) {
    slow.push(await s.connect());
    if (i !== 1) await slow[i].send('G'); // the second says nothing
  }
  const busy = await s.connect();
  await busy.send(request('/?gate=hold'));
  await s.app.board.until(() => s.app.requests.length === 1, 'one is with the app');
  await slow[0].send('ET /'); // a byte more wins no time
  for (let i = 0; i < 3; i += 1) {
    const late = await s.connect();
    await late.send(request('/'));
    assert.equal((await late.response()).status, 200);
    await slow[i].untilEnd();
    assert.ok(slow.slice(i + 1).every((each) => !each.ended && !each.closed), `only the first ${i + 1}`);
  }
  assert.equal(await closed(s.sluice, 'idle'), 3);
  s.app.gate('hold').release();
  assert.equal((await busy.response()).status, 200);
});

test('what is at work does not make way', async (t) => {
  const s = await startRelay(t, { config: { limits: { connections: 3 } } });
  const busy = [];
  for (let i = 0; i < 3; i += 1) {
    const connection = await s.connect();
    await connection.send(request('/?gate=hold'));
    busy.push(connection);
  }
  await s.app.board.until(() => s.app.requests.length === 3, 'all three are with the app');
  const late = await s.connect();
  await late.untilEnd();
  assert.equal(await closed(s.sluice, 'limit'), 1);
  s.app.gate('hold').release();
  for (const each of busy) assert.equal((await each.response()).status, 200);
});

test('one address has only so many connections', async (t) => {
  const s = await startRelay(t, { config: { limits: { connections_per_client: 2 } } });
  const both = [await s.connect(), await s.connect()];
  const third = await s.connect();
  await third.send(request('/'));
  const answer = await third.response();
  assert.equal(answer.status, 503);
  assert.match(answer.headers['retry-after'], /^\d+$/);
  assert.equal(answer.headers.connection, 'close');
  await third.untilEnd();
  third.end();
  assert.equal(await closed(s.sluice, 'per_client'), 1);
  for (const each of both) {
    await each.send(request('/'));
    assert.equal((await each.response()).status, 200);
  }
  both[0].destroy();
  await poll(async () => (await get(`${s.url}/`)).status === 200, 'there is room again');
});

test('who is refused keeps nobody out, whatever they send', async (t) => {
  const s = await startRelay(t, { config: { limits: { connections: 20, connections_per_client: 2, header_timeout: '60s' } } });
  const from = (localAddress, text) => new Promise((resolve) => {
    const socket = net.connect({ port: s.port, host: '127.0.0.1', localAddress });
    t.after(() => socket.destroy());
    socket.on('error', () => resolve(socket));
    socket.once('connect', () => socket.write(text, () => resolve(socket)));
  });
  for (let i = 0; i < 60; i++) await from('127.0.0.2', 'G'); // heads that never end
  const [status] = await within(new Promise((resolve) => {
    from('127.0.0.3', request('/health')).then((socket) => socket.once('data', (bytes) => resolve(bytes.toString().split('\r\n'))));
  }), 'an answer to another address');
  assert.match(status, /^HTTP\/1.1 200 /);
});

test('behind trusted proxies, requests in flight are counted for whom the proxy saw', async (t) => {
  const s = await startRelay(t, { config: { trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'], limits: { connections_per_client: 2 } } });
  const from = async (forwarded, target = '/') => {
    const connection = await s.connect();
    await connection.send(request(target, forwarded ? `X-Forwarded-For: ${forwarded}\r\n` : ''));
    return connection;
  };
  const held = [];
  const hold = async (...of) => {
    for (const each of of) held.push(await from(each, '/?gate=hold'));
    await s.app.board.until(() => s.app.requests.length >= held.length, 'they are with the app');
  };
  // What a client wrote itself stands before what the proxies saw.
  await hold('203.0.113.7', '198.51.100.1, 203.0.113.7, 10.1.2.3', '2001:db8::1', '[2001:db8::ffff]:443', undefined, undefined, undefined);
  const over = await from('203.0.113.99, 203.0.113.7');
  const answer = await over.response();
  assert.equal(answer.status, 503);
  assert.match(answer.headers['retry-after'], /^\d+$/);
  await over.send(request('/', 'X-Forwarded-For: 203.0.113.8\r\n'));
  assert.equal((await over.response()).status, 200, 'the proxy keeps its connection, and others are served');
  assert.equal((await (await from('2001:db8::2')).response()).status, 503, 'one /64 is one client');
  assert.equal((await (await from('2001:db8:0:1::2')).response()).status, 200);
  assert.equal((await (await from('203.0.113.7:1234')).response()).status, 503, 'with a port it is the same');
  assert.equal(await s.sluice.metric('sluice_client_limited_requests_total'), 3);
  s.app.gate('hold').release();
  for (const each of held) assert.equal((await each.response()).status, 200);
  assert.equal((await (await from('203.0.113.7')).response()).status, 200);
});

/// Sends a body of `size` bytes, one every 100 ms, until the answer comes.
async function trickle(s, size) {
  const connection = await s.connect();
  await connection.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  const timer = setInterval(() => connection.send('x').catch(() => {}), 100);
  try {
    return await connection.response({ timeout: 40000 });
  } finally {
    clearInterval(timer);
  }
}

test('a body that trickles in is refused, an answer that is not taken is cut; who is waited for by the app is not', async (t) => {
  const s = await startStack(t, { config: { limits: { body_min_rate: '1KiB', send_min_rate: '1KiB', send_timeout: '10m', idle_timeout: '10m' } } });
  s.connect = async () => {
    const connection = await connect(s.sluice.port);
    t.after(() => connection.destroy());
    return connection;
  };
  s.origin.put('big.mp4', { size: 64 * MiB });
  const slow = trickle(s, 1000000);
  // Reads nothing: the socket's own buffers fill, then Sluice waits.
  const reader = net.connect(s.sluice.port, '127.0.0.1');
  t.after(() => reader.destroy());
  reader.on('error', () => {}).pause();
  reader.write(request('/media/big.mp4'));
  // The app takes its time: the client has sent all it has, and can do nothing about it.
  const patient = open(`${s.sluice.url}/upload?gate=late`, { method: 'POST', body: 'small' });
  const answer = await slow;
  assert.equal(answer.status, 408);
  assert.match(answer.headers['retry-after'], /^\d+$/);
  assert.equal(await closed(s.sluice, 'slow_body'), 1);
  await poll(async () => (await closed(s.sluice, 'slow_send')) === 1, 'the reader is cut', 30000, 200);
  const cut = new Promise((resolve) => reader.once('close', resolve));
  reader.on('data', () => {}).resume();
  await within(cut, 'the connection ends');
  s.app.gate('late').release();
  assert.notEqual((await patient.done).status, 408);
});

test('whoever waits to be told to go on is not too slow, and once told has all the time again', async (t) => {
  const heads = [];
  const s = await startRelay(t, { config: { limits: { body_min_rate: '1KiB', idle_timeout: '10m' } },
    serve: async (connection) => {
      heads.push({ ...await takeHead(connection), connection });
      s.sluice.board.changed();
    } });
  const post = async (fields) => {
    const connection = await s.connect();
    const seen = heads.length;
    await connection.send(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n${fields}\r\n`);
    return [connection, await s.sluice.board.until(() => heads[seen], 'the head')];
  };
  const [patient, { connection: app }] = await post('Expect: 100-continue\r\n');
  const [silent] = await post('');
  assert.equal((await silent.response({ timeout: 40000 })).status, 408, 'who came later is too slow by now');
  await app.send('HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal((await patient.response()).status, 100);
  await patient.send('body');
  await app.until('body');
  await app.send(ok());
  assert.equal((await patient.response()).status, 200);
  assert.equal(await closed(s.sluice, 'slow_body'), 1);
});
