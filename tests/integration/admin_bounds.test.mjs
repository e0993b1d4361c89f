// The admin port holds while everything else is exhausted: probes and metrics answer, and nobody without a token makes it
// keep anything.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { connect, get } from '../support/client.mjs';
import { adminToken } from '../support/sluice.mjs';
import { poll, within } from '../support/wait.mjs';
import { startRelay } from './relay_stack.mjs';

const adminPort = (s) => Number(new URL(s.sluice.adminUrl).port);

/// `n` connections to `port` on which `bytes` was sent; closed with the test.
async function hold(t, port, n, bytes = '') {
  const held = [];
  t.after(() => held.forEach((each) => each.destroy()));
  for (let i = 0; i < n; i += 1) {
    const connection = await connect(port);
    held.push(connection);
    if (bytes) await connection.send(bytes);
  }
  return held;
}

const residentKiB = (s) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${s.sluice.child.pid}/status`, 'utf8'))[1]);

// UBSan looks at an object's type through a pipe of its own, and takes it for none where there is no descriptor for that.
const blind = /undefined/.test(process.env.SLUICE_SANITIZE ?? '') && 'this sanitizer needs descriptors itself';

test('without a descriptor left, probes and metrics answer', { skip: blind }, async (t) => {
  const s = await startRelay(t, { by: ['prlimit', '--nofile=256:256'],
    config: { workers: 4, limits: { header_timeout: '10m', idle_timeout: '10m' } } });
  await s.sluice.waitForLog((r) => /^file descriptor limit .* is too low/.test(r.message) && /may have 256/.test(r.warning), 'it says that they are too few');
  await hold(t, s.port, 150, 'GET /?gate=hold HTTP/1.1\r\nHost: a\r\n\r\n'); // with the app: two descriptors each
  await hold(t, s.port, 400, 'GET / HTTP/1.1\r\nHost: a\r\n'); // heads that do not end; all workers want descriptors
  await hold(t, adminPort(s), 300);
  for (let round = 0; round < 5; round += 1) {
    for (const path of ['livez', 'readyz', 'metrics']) {
      const answer = await within(get(`${s.sluice.adminUrl}/${path}`, { keep: true }), path, 5000);
      assert.equal(answer.status, 200, `${path}: ${answer.error}`);
    }
  }
  const descriptors = await s.sluice.metric('sluice_open_descriptors');
  assert.ok(descriptors > 200 && descriptors <= 256, `${descriptors} descriptors`);
  s.app.gate('hold').release();
});

test('for a newer connection the one that waits for longest is closed', async (t) => {
  const s = await startRelay(t);
  const first = await hold(t, adminPort(s), 1, 'GET /livez HT'); // half a head makes way like none
  const others = await hold(t, adminPort(s), 40);
  await first[0].untilEnd();
  assert.equal((await get(`${s.sluice.adminUrl}/livez`)).status, 200);
  await poll(() => others.filter((each) => each.ended || each.closed).length >= 9, 'the next ones were closed too');
  assert.ok(others.filter((each) => !each.ended && !each.closed).length <= 32);
  assert.ok((await s.sluice.metric('sluice_connections_closed_total', { side: 'admin' })) >= 10);
});

test('a body is read only where the head and the token allow it', async (t) => {
  const s = await startRelay(t, { config: { limits: { header_timeout: '10m', idle_timeout: '10m' } } });
  const before = residentKiB(s);
  const size = 1000000;
  const body = Buffer.alloc(size - 1, 'x'); // never whole
  const answers = [];
  const senders = [];
  t.after(() => senders.forEach((each) => each.destroy()));
  for (let i = 0; i < 400; i += 1) {
    const connection = await connect(adminPort(s));
    senders.push(connection);
    connection.send(`POST /purge HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer wrong\r\nContent-Length: ${size}\r\n\r\n`)
      .then(() => connection.send(body)).catch(() => {});
    answers.push(connection);
  }
  const statuses = await Promise.all(answers.slice(-8).map(async (connection) => (await connection.response()).status));
  assert.deepEqual(statuses, statuses.map(() => 401));
  assert.ok(residentKiB(s) - before < 24 * 1024, `${(residentKiB(s) - before) >> 10} MiB more`);
});

test('the times of heads and of idleness hold on the admin port', async (t) => {
  const s = await startRelay(t, { config: { limits: { header_timeout: '200ms', idle_timeout: '400ms' } } });
  const [begun, silent, withToken] = await hold(t, adminPort(s), 3);
  await begun.send('GET /livez HTTP/1.1\r\n');
  await withToken.send(`POST /purge HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${adminToken}\r\nContent-Length: 10\r\n\r\n{`);
  for (const each of [begun, silent, withToken]) await each.untilEnd(5000);
});

test('a purge waits to be told to go on, and one connection serves many', async (t) => {
  const s = await startRelay(t);
  const [connection] = await hold(t, adminPort(s), 1);
  await connection.send(`POST /purge HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${adminToken}\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n`);
  assert.equal((await connection.response()).status, 100);
  await connection.send('{"uris":[]}');
  assert.equal((await connection.response()).status, 200);
  for (const path of ['/livez', '/metrics', '/nothing']) {
    await connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await connection.response()).status, path === '/nothing' ? 404 : 200);
  }
  await connection.send('GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde'); // not read: no other can follow
  const last = await connection.response();
  assert.equal(last.status, 200);
  assert.equal(last.headers.connection, 'close');
  await connection.untilEnd(5000);
});
