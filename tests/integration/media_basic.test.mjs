// What a client sees of one media object (RFC 9110 §13, §14), cold and warm alike, and what is not media at all.
import assert from 'node:assert/strict';
import test from 'node:test';
import { exchange, get, range } from '../support/client.mjs';
import { KiB, MiB, cacheStatus, startStack, checkSentOnce } from '../support/stack.mjs';

const size = 3 * MiB + 12345;
const last = size - 1;

/// [what, request fields, status, [first, last] of the body or null]
function cases(object) {
  const modified = new Date(object.modified).toUTCString();
  const later = new Date(object.modified + 60000).toUTCString();
  const earlier = new Date(object.modified - 60000).toUTCString();
  return [
    ['whole', {}, 200, [0, last]],
    ['open range from 0', range(0), 206, [0, last]],
    ['one byte', range(0, 0), 206, [0, 0]],
    ['in a page', range(1000, 2000), 206, [1000, 2000]],
    ['over pages', range(65535, 65536), 206, [65535, 65536]],
    ['over blocks', range(MiB - 7, 2 * MiB + 9), 206, [MiB - 7, 2 * MiB + 9]],
    ['open range', range(2 * MiB + 1), 206, [2 * MiB + 1, last]],
    ['last byte', range(last, last), 206, [last, last]],
    ['past the end', range(last - 9, size + 1000), 206, [last - 9, last]],
    ['suffix', { Range: 'bytes=-1000' }, 206, [size - 1000, last]],
    ['suffix longer than all', { Range: `bytes=-${size + 5}` }, 206, [0, last]],
    ['suffix of nothing', { Range: 'bytes=-0' }, 416, null],
    ['beyond', range(size), 416, null],
    ['far beyond', range(size + 10 * MiB, size + 11 * MiB), 416, null],
    ['unknown unit', { Range: 'lines=1-2' }, 200, [0, last]],
    ['first after last', { Range: 'bytes=9-5' }, 200, [0, last]],
    ['no number', { Range: 'bytes=a-b' }, 200, [0, last]],
    ['If-Range, same ETag', { ...range(5, 9), 'If-Range': object.etag }, 206, [5, 9]],
    ['If-Range, other ETag', { ...range(5, 9), 'If-Range': '"other"' }, 200, [0, last]],
    ['If-Range, weak ETag', { ...range(5, 9), 'If-Range': `W/${object.etag}` }, 200, [0, last]],
    ['If-Range, other date', { ...range(5, 9), 'If-Range': earlier }, 200, [0, last]],
    ['If-None-Match, same', { 'If-None-Match': object.etag }, 304, null],
    ['If-None-Match, weak', { 'If-None-Match': `W/${object.etag}` }, 304, null],
    ['If-None-Match, list', { 'If-None-Match': `"a", ${object.etag}` }, 304, null],
    ['If-None-Match, any', { 'If-None-Match': '*' }, 304, null],
    ['If-None-Match, other', { 'If-None-Match': '"other"', ...range(5, 9) }, 206, [5, 9]],
    ['If-None-Match before Range', { 'If-None-Match': object.etag, ...range(5, 9) }, 304, null],
    ['If-Match, same', { 'If-Match': object.etag, ...range(5, 9) }, 206, [5, 9]],
    ['If-Match, other', { 'If-Match': '"other"' }, 412, null],
    ['If-Match is strong', { 'If-Match': `W/${object.etag}` }, 412, null],
    ['If-Match before 416', { 'If-Match': '"other"', ...range(size) }, 412, null],
    ['If-Modified-Since, not', { 'If-Modified-Since': modified }, 304, null],
    ['If-Modified-Since, modified', { 'If-Modified-Since': earlier, ...range(5, 9) }, 206, [5, 9]],
    ['If-None-Match over If-Modified-Since', { 'If-None-Match': '"other"', 'If-Modified-Since': later, ...range(5, 9) }, 206, [5, 9]],
    ['If-Unmodified-Since, modified', { 'If-Unmodified-Since': earlier }, 412, null],
    ['If-Unmodified-Since, not', { 'If-Unmodified-Since': later, ...range(5, 9) }, 206, [5, 9]],
    ['no-cache does not bypass', { 'Cache-Control': 'no-cache', Pragma: 'no-cache', ...range(5, 9) }, 206, [5, 9]],
  ];
}

function check(answer, object, [what, , status, bytes]) {
  assert.equal(answer.status, status, what);
  assert.ok(answer.complete, `${what}: a whole body`);
  assert.equal(answer.headers['x-content-type-options'], 'nosniff', what);
  if (status === 416) assert.equal(answer.headers['content-range'], `bytes */${size}`, what);
  if (status === 304) assert.equal(answer.length, 0, what);
  if (!bytes) return;
  const [first, end] = bytes;
  assert.equal(answer.length, end - first + 1, what);
  assert.equal(answer.sha256, object.sha256(first, end), `${what}: the bytes`);
  assert.equal(answer.headers['content-length'], String(end - first + 1), what);
  assert.equal(answer.headers['content-range'], status === 206 ? `bytes ${first}-${end}/${size}` : undefined, what);
  assert.equal(answer.headers.etag, object.etag, what);
  assert.equal(answer.headers['accept-ranges'], 'bytes', what);
  assert.equal(answer.headers['content-type'], 'video/mp4', what);
  assert.equal(answer.headers['last-modified'], new Date(object.modified).toUTCString(), what);
}

test('ranges and preconditions, cold and warm', async (t) => {
  const s = await startStack(t);
  const list = cases(s.origin.put('0.mp4', { size }));
  for (const [i, one] of list.entries()) {
    const object = s.origin.put(`${i}.mp4`, { size });
    const cold = await s.get(`${i}.mp4`, { headers: one[1] });
    check(cold, object, [`cold ${one[0]}`, ...one.slice(1)]);
    assert.equal(s.origin.of(`${i}.mp4`).filter((r) => r.method === 'HEAD').length, 0, `${one[0]}: no HEAD first`);
  }
  const object = s.origin.put('warm.mp4', { size });
  await s.get('warm.mp4');
  s.origin.forget();
  for (const one of list) check(await s.get('warm.mp4', { headers: one[1] }), object, [`warm ${one[0]}`, ...one.slice(1)]);
  assert.equal(s.origin.of('warm.mp4').length, 0, 'a warm object costs the origin nothing');
  assert.equal(s.app.of('/media/').length, 0, 'the app was not asked for media');
});

test('one cold range is one ranged GET for what is wanted', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 64 * MiB });
  const answer = await s.get('v.mp4', { headers: range(40 * MiB, 40 * MiB + 99999) });
  assert.equal(answer.sha256, object.sha256(40 * MiB, 40 * MiB + 99999));
  await s.origin.idle();
  assert.deepEqual(s.origin.of('v.mp4').map((r) => [r.method, r.status]), [['GET', 206]]);
  assert.ok(s.origin.bytesSent('v.mp4') <= 128 * KiB, `${s.origin.bytesSent('v.mp4')} bytes for 100,000`);
  const suffix = await s.get('v.mp4', { headers: { Range: 'bytes=-70000' } });
  assert.equal(suffix.sha256, object.sha256(64 * MiB - 70000, 64 * MiB - 1));
  s.origin.put('w.mp4', { size: 64 * MiB + 77 });
  const cold = await s.get('w.mp4', { headers: { Range: 'bytes=-70000' } });
  assert.equal(cold.headers['content-range'], `bytes ${64 * MiB + 77 - 70000}-${64 * MiB + 76}/${64 * MiB + 77}`);
  assert.equal(cold.sha256, s.origin.object('w.mp4').sha256(64 * MiB + 77 - 70000));
  await s.origin.idle();
  assert.equal(s.origin.of('w.mp4').length, 1);
});

test('Cache-Status says miss, partial, hit', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size: 2 * MiB });
  const miss = cacheStatus(await s.get('v.mp4', { headers: range(0, MiB - 1) }));
  assert.equal(miss.fwd, 'miss', JSON.stringify(miss));
  assert.equal(miss['fwd-status'], 206);
  assert.equal(miss.hit, undefined);
  const partial = cacheStatus(await s.get('v.mp4', { headers: range(0) }));
  assert.equal(partial.fwd, 'partial', JSON.stringify(partial));
  const hit = cacheStatus(await s.get('v.mp4', { headers: range(MiB - 5, MiB + 5) }));
  assert.equal(hit.hit, true, JSON.stringify(hit));
  assert.equal(hit.fwd, undefined);
});

test('HEAD', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  for (const temperature of ['cold', 'warm']) {
    const head = await s.get('v.mp4', { method: 'HEAD' });
    assert.deepEqual([head.status, head.length, head.headers['content-length']], [200, 0, String(size)], temperature);
    assert.equal(head.headers.etag, object.etag);
    assert.equal((await s.get('v.mp4', { method: 'HEAD', headers: { 'If-None-Match': object.etag } })).status, 304);
    assert.equal((await s.get('v.mp4', { method: 'HEAD', headers: { 'If-Match': '"other"' } })).status, 412);
    const ranged = await s.get('v.mp4', { method: 'HEAD', headers: range(0, 9) });
    assert.ok((ranged.status === 200 && ranged.headers['content-length'] === String(size)) ||
      (ranged.status === 206 && ranged.headers['content-length'] === '10'), `${ranged.status}`);
    assert.equal(s.origin.bytesSent('v.mp4') < size, temperature === 'cold', 'HEAD does not fetch the object');
    await s.get('v.mp4');
  }
});

for (const [what, config, prepare] of [
  ['into the cache', {}, () => {}],
  ['past a cache that is off', { cache: { directory: undefined } }, () => {}],
  ['past the cache, without a validator', {}, (s) => s.origin.when().noEtag()],
]) {
  test(`a store that refuses HEAD tells the same by a GET of one byte: ${what}`, async (t) => {
    const s = await startStack(t, { config });
    const object = s.origin.put('v.mp4', { size });
    s.origin.when((r) => r.method === 'HEAD').status(403);
    prepare(s);
    const head = await s.get('v.mp4', { method: 'HEAD' });
    assert.deepEqual([head.status, head.length, head.headers['content-length'], head.headers['content-type']],
      [200, 0, `${size}`, object.contentType]);
    assert.notEqual(cacheStatus(head).detail, 'forbidden');
    assert.deepEqual(s.origin.of('v.mp4').filter((r) => r.method === 'GET').map((r) => r.range), ['bytes=0-0']);
    assert.equal(s.app.requests.length, 0);
  });
}

test('an empty object, and one of exactly a page and a block', async (t) => {
  const s = await startStack(t);
  const empty = s.origin.put('empty', { size: 0 });
  for (const temperature of ['cold', 'warm']) {
    const whole = await s.get('empty');
    assert.deepEqual([whole.status, whole.length, whole.complete], [200, 0, true], temperature);
    assert.equal(whole.headers['content-length'], '0');
    assert.equal(whole.headers.etag, empty.etag);
    for (const field of ['bytes=0-', 'bytes=0-0', 'bytes=-5', 'bytes=7-']) {
      const answer = await s.get('empty', { headers: { Range: field } });
      assert.deepEqual([answer.status, answer.headers['content-range']], [416, 'bytes */0'], `${temperature} ${field}`);
    }
  }
  for (const exact of [1, 64 * KiB, MiB]) {
    const object = s.origin.put(`o${exact}`, { size: exact });
    assert.equal((await s.get(`o${exact}`, { headers: range(0) })).sha256, object.sha256());
    assert.equal((await s.get(`o${exact}`)).sha256, object.sha256());
  }
});

/// The parts of a multipart/byteranges body: [{type, range, bytes}].
function partsOf(answer) {
  const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(answer.headers['content-type'])?.[1];
  assert.ok(boundary, answer.headers['content-type']);
  const pieces = answer.body.toString('latin1').split(`--${boundary}`);
  assert.deepEqual([pieces[0], pieces.at(-1)], ['', '--\r\n']);
  return pieces.slice(1, -1).map((piece) => {
    const match = /^\r\nContent-Type: (.*)\r\nContent-Range: bytes (\d+)-(\d+)\/(\d+)\r\n\r\n([^]*)\r\n$/.exec(piece);
    assert.ok(match, JSON.stringify(piece.slice(0, 200)));
    return { type: match[1], range: [Number(match[2]), Number(match[3])], size: Number(match[4]), bytes: Buffer.from(match[5], 'latin1') };
  });
}

test('several ranges are multipart/byteranges, cold, partly cached and cached', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const asked = [[100, 199], [size - 70000, size - 1], [0, 0], [2 * MiB - 5, 2 * MiB + 5]];
  const Range = `bytes=100-199, -70000, 0-0, ${2 * MiB - 5}-${2 * MiB + 5}, ${size + 5}-`;
  for (const expected of ['miss', 'hit']) {
    const answer = await s.get('v.mp4', { headers: { Range }, keep: true });
    assert.deepEqual([answer.status, answer.complete, answer.headers['content-range']], [206, true, undefined]);
    const parts = partsOf(answer);
    assert.deepEqual(parts.map((p) => [p.range, p.type, p.size]), asked.map((range) => [range, 'video/mp4', size]));
    for (const { range: [first, last], bytes } of parts) assert.ok(bytes.equals(object.read(first, last - first + 1)));
    const status = cacheStatus(answer);
    assert.ok(expected === 'hit' ? status.hit : status.fwd === 'miss', `${answer.headers['cache-status']} is no ${expected}`);
  }
  await checkSentOnce(s, 'v.mp4');
  assert.equal(s.app.requests.length, 0);
  const many = await s.get('v.mp4', { headers: { Range: `bytes=${Array.from({ length: 65 }, (_, i) => `${i * 10}-${i * 10 + 1}`)}` } });
  assert.deepEqual([many.status, many.sha256], [200, object.sha256()]);
  const merged = await s.get('v.mp4', { headers: { Range: 'bytes=5-100,50-200' } });
  assert.deepEqual([merged.status, merged.headers['content-range'], merged.sha256], [206, `bytes 5-200/${size}`, object.sha256(5, 200)]);
  const none = await s.get('v.mp4', { headers: { Range: `bytes=${size}-,${size + 9}-` } });
  assert.equal(none.status, 416);
  const head = await s.get('v.mp4', { method: 'HEAD', headers: { Range } });
  assert.deepEqual([head.status, head.headers['content-length']], [200, `${size}`]);
});

test('several ranges of what cannot be cached are answered whole', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').weakEtag();
  const answer = await s.get('v.mp4', { headers: { Range: 'bytes=0-9,20-29' } });
  assert.deepEqual([answer.status, answer.sha256], [200, object.sha256()]);
});

test('a store that breaks within a multipart: cut, or resumed, never wrong', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').times(1).resetAt(2 * MiB + 100);
  const answer = await s.get('v.mp4', { headers: { Range: `bytes=0-9,${2 * MiB}-${2 * MiB + 1000}` }, keep: true });
  assert.ok(answer.complete);
  const [, second] = partsOf(answer);
  assert.ok(second.bytes.equals(object.read(2 * MiB, 1001)));
});

test('types that a browser would run are attachments; the route has the last word on its fields', async (t) => {
  const s = await startStack(t, { config: { routes: [
    { name: 'own', path: '/media/own/{file*}', store: 'media', object: '{file}', authorize: 'none',
      headers: { 'Cache-Control': 'private, max-age=3600' } },
    { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none' },
  ] } });
  const attached = { 'text/html': true, 'image/svg+xml': true, 'application/zip': true, 'video/mp4': false, 'image/png': false,
    'audio/mpeg': false, 'application/pdf': false, 'text/plain': false, 'text/plain; charset=utf-8': false };
  let n = 0;
  for (const [contentType, attachment] of Object.entries(attached)) {
    s.origin.put(`t${++n}`, { size: 10, contentType });
    const answer = await s.get(`t${n}`);
    assert.equal(/^attachment/.test(answer.headers['content-disposition'] ?? ''), attachment, contentType);
    assert.equal(answer.headers['content-type'], contentType);
  }
  assert.equal((await s.get('own/t1')).headers['cache-control'], 'private, max-age=3600');
});

test('what is not media goes to the app as it came', async (t) => {
  const s = await startStack(t);
  s.origin.put('a', { size: 10 });
  const strange = ['/media/a%2Fb', '/media/a%2fb', '/media/a%5Cb', '/media/a\\b', '/media//a', '//media/a', '/media/./a',
    '/media/../media/a', '/media/%2e%2e/a', '/media/%2E/a', '/media/x/..', '/media/a;b', '/media/a%3Bb', '/media/%00',
    '/media/a%0Ab', '/media/a%7Fb', '/media/%C3', '/media/%ED%A0%80', '/media/%zz', '/media/%', '/media/%4', '/media/',
    '/media', '/media/a?x=1', '/other/%2e%2E/x?q=%2F', '/x?a=b&&c%23d', '/x^{}|"<>`', '*'];
  for (const target of strange) {
    const method = target === '*' ? 'OPTIONS' : 'GET';
    await exchange(s.sluice.port, `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.equal(s.app.requests.at(-1)?.target, target);
  }
  assert.equal(s.app.requests.length, strange.length);
  for (const request of ['POST /media/a', 'PUT /media/a', 'DELETE /media/a', 'OPTIONS /media/a', 'PATCH /media/a']) {
    const [method, target] = request.split(' ');
    await exchange(s.sluice.port, `${method} ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    assert.deepEqual([s.app.requests.at(-1).method, s.app.requests.at(-1).target], [method, target]);
  }
  const withBody = await get(`${s.sluice.url}/media/a`, { body: 'body', headers: { 'Content-Length': 4 } });
  assert.equal(withBody.headers['x-app'], 'stand-in', 'a media request with a body is the app\'s');
  assert.equal(s.origin.requests.length, 0);
});

test('a request line that is none is 400, and reaches nobody', async (t) => {
  const s = await startStack(t);
  const lines = ['GET /media/a b HTTP/1.1', 'GET  /media/a HTTP/1.1', 'GET /media/a\x01 HTTP/1.1', 'GET /media/a\t HTTP/1.1',
    'GET media/a HTTP/1.1', 'GET /media/a HTTP/1.1 x', 'GET /media/a HTTQ/1.1', 'G(T /media/a HTTP/1.1', ' GET /media/a HTTP/1.1'];
  for (const line of lines) {
    const answer = await exchange(s.sluice.port, `${line}\r\nHost: a\r\n\r\n`);
    assert.equal(answer.status, 400, JSON.stringify(line));
  }
  assert.equal(s.app.requests.length + s.origin.requests.length, 0);
});
