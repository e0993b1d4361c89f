// Bodies far larger than memory may grow: 2 GiB each way, a peer that is slow at first, and never more than 64 MiB.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { startRelay, takeHead } from './relay_stack.mjs';

const size = 2 * 1024 ** 3;
const slowRate = 1024 * 1024;
const slowFor = 3000;
// A sanitizer's shadow and quarantine take memory of their own; a quarter of the body held would still be seen.
const limitKiB = (process.env.SLUICE_SANITIZE ? 512 : 64) * 1024;
const piece = Buffer.alloc(256 * 1024, 'sluice');

/// Writes `size` bytes as fast as the socket takes them.
function pour(socket) {
  return new Promise((resolve, reject) => {
    let left = size;
    const more = () => {
      while (left > 0) {
        const n = Math.min(left, piece.length);
        left -= n;
        if (!socket.write(n === piece.length ? piece : piece.subarray(0, n))) break;
      }
      if (left === 0) resolve();
    };
    socket.on('drain', more);
    socket.on('error', reject);
    more();
  });
}

/// Counts what arrives: at 1 MB/s for the first seconds, then as fast as it comes.
function drink(socket) {
  const counter = { received: 0 };
  const began = Date.now();
  counter.done = new Promise((resolve, reject) => {
    socket.on('data', (bytes) => {
      counter.received += bytes.length;
      if (counter.received >= size) return resolve();
      const ahead = (counter.received / slowRate) * 1000 - (Date.now() - began);
      if (Date.now() - began < slowFor && ahead > 1) {
        socket.pause();
        setTimeout(() => socket.resume(), Math.min(ahead, slowFor));
      }
      return undefined;
    });
    socket.on('close', () => reject(new Error(`closed after ${counter.received} bytes`)));
  });
  return counter;
}

test('2 GiB to the app, which reads slowly at first', { timeout: 120000 }, async (t) => {
  const arrived = {};
  const s = await startRelay(t, {
    serve: async (app) => {
      await takeHead(app);
      app.socket.removeAllListeners('data');
      const early = app.received.length;
      const counter = drink(app.socket);
      counter.received += early;
      await counter.done;
      arrived.bytes = counter.received;
      await app.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    },
  });
  const client = await s.connect();
  await client.send(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
  await pour(client.socket);
  const answer = await client.response({ timeout: 90000 });
  assert.deepEqual([answer.status, arrived.bytes], [200, size]);
  assert.ok(s.sluice.vmHwmKiB() < limitKiB, `${s.sluice.vmHwmKiB()} KiB`);
});

test('2 GiB from the app to a client that reads slowly at first', { timeout: 120000 }, async (t) => {
  const head = `HTTP/1.1 200 OK\r\nDate: ${new Date(0).toUTCString()}\r\nContent-Length: ${size}\r\n\r\n`;
  const s = await startRelay(t, {
    serve: async (app) => {
      await takeHead(app);
      await app.send(head);
      await pour(app.socket);
    },
  });
  const socket = net.connect({ port: s.port, host: '127.0.0.1' });
  t.after(() => socket.destroy());
  const counter = drink(socket);
  counter.received -= head.length;
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await counter.done;
  assert.equal(counter.received, size);
  assert.ok(s.sluice.vmHwmKiB() < limitKiB, `${s.sluice.vmHwmKiB()} KiB`);
});
