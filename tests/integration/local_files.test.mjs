// Files of local stores that are written to while they are sent: no response that is whole mixes what was and what is.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { createHash } from 'node:crypto';
import { connect, range } from '../support/client.mjs';
import { KiB, MiB, startStack } from '../support/stack.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
/// Bytes that tell of which version they are.
const version = (letter, size) => Buffer.alloc(size, letter);
const large = 64 * MiB; // more than the buffers of both sockets can take

/// Sluice with the local store `files` and, where asked for, `copied` (`copy: true`) of the same directory, each a route.
async function start(t, { copied = false, limits = {} } = {}) {
  const root = temporaryDirectory('local');
  const route = (name) => ({ name, path: `/${name}/{file*}`, store: name, object: '{file}', authorize: 'none' });
  const s = await startStack(t, {
    config: {
      limits,
      stores: { files: { type: 'local', root }, ...(copied && { copied: { type: 'local', root, copy: true } }) },
      routes: [route('files'), ...(copied ? [route('copied')] : [])],
    },
    cleanup: [() => removeDirectory(root)],
  });
  return Object.assign(s, {
    file: (name) => path.join(root, name),
    put: (name, bytes) => fs.writeFileSync(path.join(root, name), bytes),
    /// Writes over the file in place, from its beginning, without changing its size.
    overwrite(name, letter) {
      const file = fs.openSync(path.join(root, name), 'r+');
      const piece = version(letter, MiB);
      const { size } = fs.fstatSync(file);
      for (let at = 0; at < size; at += MiB) fs.writeSync(file, piece, 0, Math.min(MiB, size - at), at);
      fs.closeSync(file);
    },
  });
}

/// A request whose answer's head has come, and little of its body: the client reads no more until `resume()`.
async function stalled(s, store, name, options = {}) {
  const exchange = s.openFrom(store, name, { paused: true, keep: true, ...options });
  assert.ok([200, 206].includes((await exchange.head).status));
  return exchange;
}

async function assertCut(exchange, what) {
  exchange.resume();
  const answer = await exchange.done;
  assert.equal(answer.complete, false, `${what}: ${answer.length} bytes of ${answer.headers['content-length']} came`);
  assert.ok(answer.length < Number(answer.headers['content-length']), what);
  return answer;
}

const asked = {
  'the whole file': {},
  'a range': { headers: range(MiB + 1, large - MiB) },
  'several ranges': { headers: { Range: `bytes=0-9,${MiB}-${large - MiB},${large - 10}-` } },
};

for (const [what, options] of Object.entries(asked)) {
  test(`${what} of a file that is written over in place is cut`, async (t) => {
    const s = await start(t);
    s.put('film', version('a', large));
    const exchange = await stalled(s, 'files', 'film', options);
    s.overwrite('film', 'b');
    await assertCut(exchange, what);
    const warned = await s.sluice.waitForLog((r) => r.message === 'a response was cut short');
    assert.equal(warned.reason, 'validator_changed');
  });
}

test('what is in the socket already is the file\'s: it is written over there too, and the response is cut', async (t) => {
  const s = await start(t);
  for (const size of [300 * KiB, 2 * MiB, 5 * MiB]) {
    s.put('clip', version('a', size));
    const exchange = await stalled(s, 'files', 'clip');
    s.overwrite('clip', 'b');
    exchange.resume();
    const answer = await exchange.done;
    // What the client's own host had acknowledged was the client's before it was written over.
    assert.ok(!answer.complete || size < MiB, `${size} bytes: ${answer.length} came, whole`);
  }
});

test('a file that is cut, grows, or whose dates are set back, is cut too', async (t) => {
  const s = await start(t);
  const changes = {
    truncated: (file) => fs.truncateSync(file, large / 2),
    emptied: (file) => fs.truncateSync(file, 0),
    'longer by a byte': (file) => fs.appendFileSync(file, 'b'),
    'written over and dated back'(file) {
      const { atime, mtime } = fs.statSync(file);
      s.overwrite(path.basename(file), 'b');
      fs.utimesSync(file, atime, mtime);
    },
  };
  for (const [what, change] of Object.entries(changes)) {
    s.put('film', version('a', large));
    const exchange = await stalled(s, 'files', 'film');
    change(s.file('film'));
    await assertCut(exchange, what);
  }
});

test('a file that is replaced by another, or removed, is sent to its end', async (t) => {
  const s = await start(t);
  const changes = {
    replaced(file) {
      fs.writeFileSync(`${file}.new`, version('b', large));
      fs.renameSync(`${file}.new`, file);
    },
    removed: (file) => fs.unlinkSync(file),
    'linked once more': (file) => fs.linkSync(file, `${file}.link`),
  };
  for (const [what, change] of Object.entries(changes)) {
    s.put('film', version('a', large));
    const exchange = await stalled(s, 'files', 'film');
    change(s.file('film'));
    exchange.resume();
    const answer = await exchange.done;
    assert.deepEqual([answer.complete, answer.length], [true, large], what);
    assert.equal(answer.sha256, sha256(version('a', large)), what);
  }
});

test('copy: true sends no byte of what is written meanwhile', async (t) => {
  const s = await start(t, { copied: true });
  for (const [what, options] of Object.entries(asked)) {
    s.put('film', version('a', large));
    const exchange = await stalled(s, 'copied', 'film', options);
    s.overwrite('film', 'b');
    const answer = await assertCut(exchange, what);
    const text = answer.body.toString('latin1').replace(/\r\n--[^]*?\r\n\r\n|^--[^]*?\r\n\r\n/g, '');
    assert.match(text, /^a+$/, what);
  }
});

test('what nobody writes to arrives whole, in every size and form', async (t) => {
  const s = await start(t, { copied: true });
  const sizes = [0, 1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 128 * KiB, MiB + 7, 9 * MiB + 1];
  for (const store of ['files', 'copied']) {
    for (const size of sizes) {
      const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255));
      s.put('it', bytes);
      const whole = await s.getFrom(store, 'it');
      assert.deepEqual([whole.status, whole.complete, whole.length, whole.sha256], [200, true, size, sha256(bytes)], `${store} ${size}`);
      const head = await s.getFrom(store, 'it', { method: 'HEAD' });
      assert.deepEqual([head.status, head.headers['content-length'], head.length], [200, `${size}`, 0]);
      const known = await s.getFrom(store, 'it', { headers: { 'If-None-Match': whole.headers.etag } });
      assert.deepEqual([known.status, known.length], [304, 0]);
      if (size < 3) continue;
      const part = await s.getFrom(store, 'it', { headers: range(1, size - 2) });
      assert.deepEqual([part.status, part.sha256], [206, sha256(bytes.subarray(1, size - 1))], `${store} ${size}`);
      const several = await s.getFrom(store, 'it', { keep: true, headers: { Range: `bytes=0-${size - 3000},${size - 2}-` } });
      const boundary = /boundary=(\w+)/.exec(several.headers['content-type'])?.[1];
      const rest = (first, last) => `Content-Range: bytes ${first}-${last}/${size}\r\n\r\n${bytes.subarray(first, last + 1).toString('latin1')}`;
      const type = 'Content-Type: application/octet-stream\r\n';
      assert.equal(several.body.toString('latin1'), `--${boundary}\r\n${type}${rest(0, size - 3000)}\r\n--${boundary}\r\n` +
        `${type}${rest(size - 2, size - 1)}\r\n--${boundary}--\r\n`, `${store} ${size}`);
    }
  }
});

test('the next request is answered at once on the same connection', async (t) => {
  const s = await start(t);
  s.put('clip', version('a', MiB));
  const connection = await connect(s.sluice.port);
  t.after(() => connection.destroy());
  const request = 'GET /files/clip HTTP/1.1\r\nHost: x\r\n\r\n';
  await connection.send(request + request);
  for (let i = 0; i < 2; ++i) assert.equal((await connection.response()).body.length, MiB);
});

test('a client that takes nothing any more is cut by the send time-out, also at the very end', async (t) => {
  const s = await start(t, { limits: { send_timeout: '300ms' } });
  for (const size of [2 * MiB, large]) {
    s.put('film', version('a', size));
    const exchange = await stalled(s, 'files', 'film');
    await s.sluice.waitForLog((r) => r.message === 'access' && r.path === '/files/film', 'the end of the request');
    await assertCut(exchange, size);
    s.sluice.log.length = 0;
  }
});
