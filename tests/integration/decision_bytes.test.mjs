// Memory for kept decisions is bounded, whatever the app's answers say: one caller whose fields the app mirrors.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { keepAlive } from '../support/client.mjs';
import { startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const KiB = 1024;
// Beside a sanitizer, whose quarantine alone may hold 256 MiB and whose red zones lie around all that is held.
const quarantineKiB = process.env.SLUICE_SANITIZE ? 1024 * KiB : 0;
const residentKiB = (pid) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/// A GET whose answer may have a large head; gives {status, headers}.
const getHead = (url, options) => new Promise((resolve, reject) => {
  http.get(url, { ...options, maxHeaderSize: 256 * KiB }, (response) => {
    response.on('error', reject).on('end', () => resolve({ status: response.statusCode, headers: response.headers })).resume();
  }).on('error', reject);
});

/// An app that mirrors Origin, as many do; `s.ask(i, bytes)` asks with one of that size.
async function startMirror(t, { limits = { decision_bytes: '1MiB' }, ttl = '1h' } = {}) {
  const s = await startStack(t, { config: { limits, log: { level: 'info', access: false },
    routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}',
      authorize: { subrequest: '/api/may-read/x', ttl, timeout: '5s' } }] } });
  s.origin.put('v.mp4', { size: 100 });
  s.app.mayRead = (request) => ({ status: 200, body: {}, headers: { 'Access-Control-Allow-Origin': request.headers.origin } });
  const agent = keepAlive(8);
  t.after(() => agent.destroy());
  s.ask = async (i, size) => {
    const origin = `http://${String(i).padStart(8, '0')}.${'x'.repeat(size)}`;
    const answer = await getHead(`${s.sluice.url}/media/v.mp4`, { agent, headers: { Origin: origin } });
    assert.deepEqual([answer.status, answer.headers['access-control-allow-origin'] === origin, answer.headers['x-app']],
      [200, true, undefined]);
  };
  s.askMany = async (count, size) => {
    let next = 0;
    const some = async () => {
      while (next < count) await s.ask(next++, size);
    };
    await Promise.all(Array.from({ length: 8 }, some));
  };
  s.asked = () => s.app.of('/api/').length;
  return s;
}

test('limits.decision_bytes: the oldest go, the newest are there, and the metric says how much', async (t) => {
  const s = await startMirror(t);
  await s.ask(0, 4 * KiB);
  const one = await s.sluice.metric('decision_bytes');
  assert.ok(one > 4 * KiB && one < 6 * KiB, `${one}`);
  await s.askMany(400, 4 * KiB);
  const all = await s.sluice.metric('decision_bytes');
  assert.ok(all <= KiB * KiB && all > KiB * KiB - 6 * KiB, `${all}`);
  const before = s.asked();
  await s.ask(399, 4 * KiB);
  assert.equal(s.asked(), before, 'the newest is kept');
  await s.ask(0, 4 * KiB);
  assert.equal(s.asked(), before + 1, 'the oldest is not');
});

test('an answer with more fields than that grants, and is not kept', async (t) => {
  const s = await startMirror(t);
  for (let i = 1; i <= 3; i++) {
    await s.ask(0, 17 * KiB);
    assert.equal(s.asked(), i);
  }
  assert.equal(await s.sluice.metric('decision_bytes'), 0);
});

test('what is over is freed without new traffic', async (t) => {
  const s = await startMirror(t, { ttl: '300ms' });
  await s.askMany(100, KiB);
  await poll(async () => (await s.sluice.metric('decision_bytes')) === 0, 'all is freed');
});

test('8,000 requests of one caller take no more memory than that', async (t) => {
  const s = await startMirror(t, { limits: {} });
  await s.askMany(200, 60);
  const idle = residentKiB(s.sluice.child.pid);
  const count = 8000;
  await s.askMany(count, 57 * KiB);
  const large = residentKiB(s.sluice.child.pid);
  await s.askMany(count, 14 * KiB);
  const kept = residentKiB(s.sluice.child.pid);
  const bytes = await s.sluice.metric('decision_bytes');
  t.diagnostic(`resident: idle ${idle} KiB, after ${count} answers of 57 KiB ${large} KiB, of 14 KiB ${kept} KiB; kept ${bytes} bytes`);
  assert.ok(bytes <= 64 * KiB * KiB);
  assert.ok(large - idle < 32 * KiB + quarantineKiB, 'what is too large is not kept');
  assert.ok(kept - idle < 112 * KiB + quarantineKiB, 'all together');
});
