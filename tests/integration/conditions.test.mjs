// If-Range and preconditions where nothing is cached yet or nothing ever is: a range that the client asked for with a
// condition must not become a 416 of the store, nor a condition an answer without its end (RFC 9110 §13.1.5, §13.2.2).
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, range } from '../support/client.mjs';
import { MiB, startStack } from '../support/stack.mjs';

const size = 1000;

/// [what, request fields for an object of `size` bytes, status, bytes [first, last] of the body or null]
const cases = (object, beyond) => [
  ['If-Range of another version, beyond', { ...range(beyond), 'If-Range': '"old"' }, 200, [0, size - 1]],
  ['If-Range of this version, beyond', { ...range(beyond), 'If-Range': object.etag }, 416, null],
  ['beyond', range(beyond), 416, null],
  ['If-None-Match: *', { 'If-None-Match': '*' }, 304, null],
  ['If-None-Match: * and a range beyond', { ...range(beyond), 'If-None-Match': '*' }, 304, null],
  ['If-Range of another version, within', { ...range(5, 9), 'If-Range': '"old"' }, 200, [0, size - 1]],
  ['If-Range of this version, within', { ...range(5, 9), 'If-Range': object.etag }, 206, [5, 9]],
];

const without = { cache: { directory: undefined } };

for (const [cache, config, beyond] of [['no cache', without, 5000], ['a cold cache', {}, 500000]]) {
  test(`conditions and ranges beyond the end: ${cache}`, async (t) => {
    const s = await startStack(t, { config });
    const list = cases(s.origin.put('0.bin', { size }), beyond);
    for (const [i, [what, headers, status, bytes]] of list.entries()) {
      const object = s.origin.put(`${i}.bin`, { size });
      const answer = await s.get(`${i}.bin`, { headers });
      assert.deepEqual([answer.status, answer.complete], [status, true], what);
      if (bytes) assert.deepEqual([answer.length, answer.sha256], [bytes[1] - bytes[0] + 1, object.sha256(...bytes)], what);
      if (status === 416) assert.equal(answer.headers['content-range'], `bytes */${size}`, what);
      if (status === 304) assert.deepEqual([answer.length, answer.headers.etag], [0, object.etag], what);
    }
    assert.equal(s.app.of('/media/').length, 0, 'no fallback');
  });

  test(`two requests on one connection stay in step: ${cache}`, async (t) => {
    const s = await startStack(t, { config });
    const list = cases(s.origin.put('0.bin', { size }), beyond);
    const next = s.origin.put('next.bin', { seed: 'next', size: 5000 });
    const client = await connect(s.sluice.port);
    t.after(() => client.destroy());
    const head = (key, fields) => `GET /media/${key} HTTP/1.1\r\nHost: a\r\n` +
      `${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    for (const [i, [what, headers, status, bytes]] of list.entries()) {
      const object = s.origin.put(`${i}.bin`, { size });
      await client.send(head(`${i}.bin`, headers) + head('next.bin', range(100, 199)));
      const first = await client.response();
      assert.equal(first.status, status, what);
      if (bytes) assert.ok(first.body.equals(object.read(bytes[0], bytes[1] - bytes[0] + 1)), what);
      const second = await client.response();
      assert.deepEqual([second.status, second.headers['content-range']], [206, 'bytes 100-199/5000'], `after ${what}`);
      assert.ok(second.body.equals(next.read(100, 100)), `after ${what}`);
      assert.equal(client.received.length, 0, `nothing more after ${what}`);
    }
    client.destroy();
  });
}

test('a stale object that became shorter, and a range beyond its new end: 416', async (t) => {
  const s = await startStack(t, { config: { cache: { max_age: '0s' } } });
  const old = s.origin.put('v.mp4', { seed: 'old', size: 3 * MiB });
  assert.equal((await s.get('v.mp4')).sha256, old.sha256());
  const object = s.origin.put('v.mp4', { seed: 'new', size });
  const answer = await s.get('v.mp4', { headers: range(500000) });
  assert.deepEqual([answer.status, answer.complete, answer.headers['content-range']], [416, true, `bytes */${size}`]);
  assert.equal(answer.headers['x-app'], undefined);
  const whole = await s.get('v.mp4', { headers: { ...range(500000), 'If-Range': old.etag } });
  assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()], 'for a player that has bytes of the old one');
  assert.equal(s.app.of('/media/').length, 0);
  assert.equal(await s.sluice.metric('fallback_total'), 0);
});

test('a content type that names several is an attachment: a browser may take the last', async (t) => {
  const s = await startStack(t);
  const types = ['image/png,text/html', 'image/png, text/html', 'video/mp4;a=b,text/html; charset=utf-8'];
  for (const [i, contentType] of types.entries()) {
    const object = s.origin.put(`t${i}`, { size: 10, contentType });
    for (const temperature of ['cold', 'warm']) {
      const answer = await s.get(`t${i}`);
      assert.equal(answer.sha256, object.sha256());
      assert.match(answer.headers['content-disposition'] ?? 'none', /^attachment/, `${contentType}, ${temperature}`);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    }
  }
});
