// `compress`: text in a content coding that the client accepts; ranges, validators and what is large as ever.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';
import { exchange, range } from '../support/client.mjs';
import { content, sha256 } from '../support/content.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';

const words = (size) => Buffer.from('Sie sagte es noch einmal, und noch einmal. 0123456789\n'.repeat(Math.ceil(size / 54)).slice(0, size));
const decoders = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync };
const decode = (answer) => decoders[answer.headers['content-encoding']](answer.body);

const codings = Object.keys(decoders).filter((coding) => decoders[coding]);
const all = { 'Accept-Encoding': codings.join(', ') };
const accept = (coding) => ({ 'Accept-Encoding': coding });

/// Sluice with the routes /media (S3), /files (local) and /plain (S3, without the key), with texts of several sizes in each.
async function start(t, config = {}) {
  const root = temporaryDirectory('local');
  const route = (name, store, more = {}) => ({ name, path: `/${name}/{file*}`, store, object: '{file}', authorize: 'none', ...more });
  const s = await startStack(t, {
    config: {
      stores: { files: { type: 'local', root } },
      routes: [route('media', 'media', { compress: {} }), route('files', 'files', { compress: { max_size: '2MiB' } }), route('plain', 'media')],
      ...config,
    },
    cleanup: [() => removeDirectory(root)],
  });
  s.texts = { 'small.txt': words(499), 'a.txt': words(500), 'b.txt': words(70 * KiB), 'c.txt': words(3 * MiB), 'noise.txt': content('noise', 0, MiB) };
  for (const [name, bytes] of Object.entries(s.texts)) {
    s.origin.put(name, { bytes, contentType: 'text/plain' });
    fs.writeFileSync(path.join(root, name), bytes);
  }
  return s;
}

test('whole answers are coded: cold, cached, local; and say so', async (t) => {
  const s = await start(t);
  for (const store of ['media', 'files']) {
    for (const name of ['a.txt', 'b.txt', 'noise.txt']) {
      for (const coding of codings) {
        const answer = await s.getFrom(store, name, { headers: accept(coding), keep: true });
        const what = `${store} ${name} ${coding}`;
        assert.deepEqual([answer.status, answer.complete, answer.headers['content-encoding'], answer.headers.vary], [200, true, coding, 'Accept-Encoding'], what);
        assert.match(answer.headers.etag, /^W\/"/, what);
        assert.deepEqual([answer.headers['content-length'], answer.headers['accept-ranges']], [undefined, undefined], what);
        assert.equal(sha256(decode(answer)), sha256(s.texts[name]), what);
        if (name === 'b.txt') assert.ok(answer.length < s.texts[name].length / 20, what);
        const head = await s.getFrom(store, name, { method: 'HEAD', headers: accept(coding) });
        for (const field of ['content-encoding', 'etag', 'vary', 'content-type', 'last-modified', 'content-length']) {
          assert.equal(head.headers[field], answer.headers[field], `${what}: ${field} of HEAD`);
        }
      }
    }
    const [small, none] = [await s.getFrom(store, 'small.txt', { headers: all }), await s.getFrom(store, 'b.txt')];
    assert.deepEqual([small.headers['content-encoding'], small.headers.vary, small.length], [undefined, undefined, 499]);
    assert.deepEqual([none.headers['content-encoding'], none.headers.vary, none.sha256], [undefined, 'Accept-Encoding', sha256(s.texts['b.txt'])]);
    assert.match(none.headers.etag, /^"/);
  }
  const large = await s.getFrom('files', 'c.txt', { headers: all });
  assert.deepEqual([large.headers['content-encoding'], large.length], [undefined, 3 * MiB], 'above max_size');
  const plain = await s.getFrom('plain', 'b.txt', { headers: all });
  assert.deepEqual([plain.headers['content-encoding'], plain.headers.vary], [undefined, undefined], 'off where it is not written');
  const metrics = await s.sluice.metrics();
  assert.ok(metrics.sum('compression_input_bytes_total', { coding: 'gzip' }) > 70 * KiB);
  assert.ok(metrics.sum('compression_output_bytes_total', { coding: 'gzip' }) > 0);
});

test('a cold large text while it is filled, and past the cache', async (t) => {
  const s = await start(t);
  const answers = await Promise.all([...codings, ...codings].map((coding) => s.getFrom('media', 'c.txt', { headers: accept(coding), keep: true })));
  for (const answer of answers) assert.equal(sha256(decode(answer)), sha256(s.texts['c.txt']));
  await s.restart({ cache: { directory: undefined } });
  for (const coding of codings) {
    const answer = await s.getFrom('media', 'c.txt', { headers: accept(coding), keep: true });
    assert.equal(cacheStatus(answer).fwd, 'bypass');
    assert.equal(sha256(decode(answer)), sha256(s.texts['c.txt']));
  }
});

test('validators: 304 by either tag, ranges as they are, If-Range never by a weak one', async (t) => {
  const s = await start(t);
  for (const store of ['media', 'files']) {
    const ask = (headers) => s.getFrom(store, 'b.txt', { headers, keep: true });
    const [coded, plain] = [await ask(all), await ask({})];
    assert.equal(coded.headers.etag, `W/${plain.headers.etag}`);
    for (const tag of [coded.headers.etag, plain.headers.etag]) {
      const same = await ask({ ...all, 'If-None-Match': tag });
      assert.deepEqual([same.status, same.headers.etag, same.headers.vary, same.length], [304, coded.headers.etag, 'Accept-Encoding', 0]);
      const still = await ask({ 'If-None-Match': tag });
      assert.deepEqual([still.status, still.headers.etag], [304, plain.headers.etag]);
    }
    const part = await ask({ ...all, ...range(10, 19) });
    assert.deepEqual([part.status, part.headers['content-encoding'], part.headers.etag, part.sha256],
      [206, undefined, plain.headers.etag, sha256(s.texts['b.txt'].subarray(10, 20))]);
    assert.equal((await ask({ ...all, ...range(10, 19), 'If-Range': plain.headers.etag })).status, 206);
    const whole = await ask({ ...all, ...range(10, 19), 'If-Range': coded.headers.etag });
    assert.deepEqual([whole.status, sha256(decode(whole))], [200, sha256(s.texts['b.txt'])]);
    assert.equal((await ask({ ...all, 'If-Match': plain.headers.etag })).status, 200);
    assert.equal((await ask({ ...all, 'If-Match': coded.headers.etag })).status, 412);
    assert.equal((await ask({ ...all, 'Cache-Control': 'no-transform' })).headers['content-encoding'], undefined);
  }
  const old = await exchange(s.sluice.port, 'GET /media/b.txt HTTP/1.0\r\nAccept-Encoding: gzip\r\n\r\n');
  assert.deepEqual([old.headers['content-encoding'], sha256(old.body)], [undefined, sha256(s.texts['b.txt'])]);
});

test('an origin that breaks: never a whole coded answer of a part', async (t) => {
  const s = await start(t, { cache: { directory: undefined } });
  s.origin.when((r) => r.key === 'c.txt').resetAt(MiB);
  const answer = await s.getFrom('media', 'c.txt', { headers: accept('gzip'), keep: true });
  assert.equal(answer.complete, false);
});
