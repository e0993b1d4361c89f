// Nobody reads standard output: memory stays, what is lost is counted and said, and the end comes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { connect, get } from '../support/client.mjs';
import { parseMetrics } from '../support/prometheus.mjs';
import { dyingWithUs, program } from '../support/sluice.mjs';
import { within } from '../support/wait.mjs';
import { directoryFor, freePort } from '../tools/service.mjs';

/// Sluice whose output is read up to the line that tells where it listens, and no further.
async function startUnread(t) {
  const directory = directoryFor(t, 'log');
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, JSON.stringify({
    workers: 1, listeners: [{ address: '127.0.0.1:0' }], admin: { address: '127.0.0.1:0' },
    app: { url: `http://127.0.0.1:${await freePort()}` }, // where nobody is: 502
    limits: { shutdown_delay: '0s', drain_timeout: '2s' },
  }));
  // Not where the suite keeps what Sluice prints: that would be read.
  const [command, ...args] = [...dyingWithUs, program, 'serve', '--config', file];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  let text = '';
  const addressOf = (side) => text.split('\n').slice(0, -1).map((line) => JSON.parse(line))
    .find((r) => r.message === 'listening' && r.side === side)?.address;
  await within(new Promise((resolve) => {
    child.stdout.on('data', function take(bytes) {
      text += bytes;
      if (!addressOf('admin')) return;
      child.stdout.off('data', take).pause();
      resolve();
    });
  }), 'it listens');
  return { child, exited, text, port: Number(addressOf('client').split(':')[1]), admin: `http://${addressOf('admin')}` };
}

const peakKiB = (pid) => Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

/// Requests whose access lines are 60 KB each; all are answered 502.
async function fillLog(port, requests) {
  const connection = await connect(port);
  const request = `GET /${'x'.repeat(60000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (let i = 0; i < requests; i += 1) {
    await connection.send(request);
    assert.equal((await connection.response()).status, 502);
  }
  connection.destroy();
}

test('lines that nobody reads are bounded in bytes, counted, and said once; the end does not wait for them', async (t) => {
  const s = await startUnread(t);
  const before = peakKiB(s.child.pid);
  await fillLog(s.port, 2000);
  const grown = (peakKiB(s.child.pid) - before) >> 10;
  // A sanitizer's quarantine alone may hold 256 MiB of what was given back (quarantine_size_mb).
  assert.ok(grown < (process.env.SLUICE_SANITIZE ? 368 : 48), `${grown} MiB more`);
  const dropped = async () => parseMetrics((await get(`${s.admin}/metrics`, { keep: true })).body.toString()).sum('sluice_log_dropped_total');
  assert.ok((await dropped()) > 1000);
  s.child.kill('SIGTERM');
  const { code } = await within(s.exited, 'its end', 15000);
  assert.equal(code, 0);
});

test('where it is read again, the log tells what is missing, and no line is torn', async (t) => {
  const s = await startUnread(t);
  await fillLog(s.port, 400);
  let text = s.text;
  s.child.stdout.on('data', (bytes) => (text += bytes)).resume();
  await within(new Promise((resolve) => s.child.stdout.on('data', () => /were dropped/.test(text) && resolve())), 'the notice');
  s.child.kill('SIGTERM');
  await within(Promise.all([s.exited, new Promise((resolve) => s.child.stdout.once('close', resolve))]), 'its end', 15000);
  const records = text.trimEnd().split('\n').map((line) => JSON.parse(line));
  const notices = records.filter((r) => /were dropped/.test(r.message));
  assert.equal(notices.length, 1);
  assert.equal(records.at(-1).message, 'stopped');
  // Each request has two lines: that the app failed, and its own.
  const seen = records.filter((r) => r.message === 'access' || /^the app gave no response/.test(r.message)).length;
  assert.equal(seen + notices[0].lines, 800);
});
