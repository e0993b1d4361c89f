// Routes with `object_header`: the app answers each request itself, and where its 200 names an object, Sluice sends that
// instead. Which objects may be named, what of the request reaches the app, and what happens where there is no object.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 300007;
const uri = 's3://media/films/v.mp4';
const header = 'X-Accel-Redirect';
const target = '/api/may-read/v';

/// `s.names(value, how)`: the app answers by naming an object. Its own body is "of the app".
async function startAccel(t, { route = {}, ...config } = {}) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'accel', path: '/api/{rest*}', query: 'any', object_header: header, ...route }], ...config },
    app: { publicMedia: true },
  });
  s.object = s.origin.put('films/v.mp4', { size });
  s.answers = (status, headers, body = Buffer.from('of the app')) => (s.app.mayRead = () => ({ status, headers, body }));
  s.names = (value, headers = {}) => s.answers(200, { [header]: value, ...headers });
  s.names(uri);
  s.ask = (headers = {}, options = {}) => get(s.sluice.url + target, { headers, keep: true, ...options });
  return s;
}

function checkServed(answer, object, [status, first, last] = [200], what) {
  assert.deepEqual([answer.status, answer.sha256, answer.complete], [status, object.sha256(first, last), true], what);
  assert.ok(cacheStatus(answer), what);
  assert.equal(answer.headers[header.toLowerCase()], undefined, 'the field itself does not leave');
}

/// Status of an answer of Sluice's own: neither the app's body nor the object's.
function checkRefused(s, answer, status, what) {
  assert.equal(answer.status, status, what);
  assert.doesNotMatch(`${answer.body}`, /of the app|s3:|films/, what);
  assert.equal(answer.headers[header.toLowerCase()], undefined, what);
}

test('the object that the app names is sent, cold and from the cache; the app is asked each time', async (t) => {
  const s = await startAccel(t);
  checkServed(await s.ask(), s.object);
  const warm = await s.ask();
  checkServed(warm, s.object);
  assert.equal(cacheStatus(warm).hit, true);
  assert.deepEqual([s.app.of(target).length, s.origin.requests.length], [2, 1]);
  s.answers(403, {});
  assert.equal((await s.ask()).status, 403, 'at once');
});

test('s3://bucket/key is literal, /store/key percent-decoded once', async (t) => {
  const s = await startAccel(t);
  const latin = (text) => Buffer.from(text).toString('latin1'); // as bytes
  const rows = [
    [uri, 'films/v.mp4'], ['/media/films/v.mp4', 'films/v.mp4'], ['s3://media/a #1?.mp4', 'a #1?.mp4'], ['s3://media/x%20y.mp4',
      'x%20y.mp4'],
    ['/media/x%20y.mp4', 'x y.mp4'], ['/media/x y.mp4', 'x y.mp4'], ['/media/a%2541.mp4', 'a%41.mp4'],
    ['/media/a%2Fb%23.mp4', 'a/b#.mp4'], ['/media/a+b.mp4', 'a+b.mp4'], ['/media/%3F.mp4', '?.mp4'], ['/media/%C3%BC.mp4', 'ü.mp4'],
    [latin('/media/ü.mp4'), 'ü.mp4'], [latin('s3://media/🎬.mp4'), '🎬.mp4'], ['s3://media/%2e%2e/x', '%2e%2e/x'], ['s3://media/...', '...'],
  ];
  for (const [value, key] of rows) {
    const object = s.origin.object(key) ?? s.origin.put(key, { seed: key, size: 1000 });
    s.names(value);
    checkServed(await s.ask(), object, [200], value);
    assert.ok(s.origin.of(key).length > 0, value);
  }
});

test('what lies in no configured store, or is no name: 502, and nothing is fetched', async (t) => {
  const s = await startAccel(t, { stores: { media: { prefix: 'films/' } } });
  const values = ['', '/', '/media', '/media/', '/unknown/films/v.mp4', '/Media/films/v.mp4', 's3://other/films/v.mp4',
    's3://media', 's3://media/', 's3://mediafilms/v.mp4',
    'S3://media/films/v.mp4', 'gs://media/films/v.mp4', 'https://media.example/films/v.mp4', 'media/films/v.mp4', 'films/v.mp4',
      '/etc/passwd', '//media/films/v.mp4',
    '/media/films/../films/v.mp4', '/media/films/%2e%2e/v.mp4', '/media/films/%2E/v.mp4', '/media/films%2F..%2Fv.mp4',
      's3://media/films/../v.mp4', '/media//films/v.mp4',
    '/media/films/v.mp4%', '/media/films/%zz', '/media/films/%00', '/media/films/%0d%0a', '/media/films/%FF',
      '/media/films/v.mp4?x=1', '/media/films/',
    '/media/other/v.mp4', 's3://media/other/v.mp4', `/media/films/${'k'.repeat(1100)}`, `${uri}\t/`];
  for (const value of values) {
    s.names(value);
    for (const method of ['GET', 'HEAD']) {
      const answer = await s.ask({}, { method });
      checkRefused(s, answer, 502, JSON.stringify(value));
      assert.deepEqual(cacheStatus(answer), { fwd: 'bypass', detail: 'not_ours' }, JSON.stringify(value));
    }
  }
  assert.equal(s.origin.requests.length, 0);
  assert.equal(s.app.of(target).length, 2 * values.length, 'and the app is asked once for each');
  await s.sluice.counted(2 * values.length, { route: 'accel', result: 'bypass', code: '502' });
  assert.deepEqual([await s.sluice.metric('requests_total', { result: 'relay' }), await s.sluice.metric('fallback_total')], [0, 0]);
  await poll(() => s.sluice.access.length === 2 * values.length, 'the access log');
  for (const line of s.sluice.access) assert.deepEqual([line.route, line.result, line.detail], ['accel', 'bypass', 'not_ours']);
  const warned = s.sluice.log.filter((record) => record.level === 'warn' && record.reason === 'not_ours');
  assert.deepEqual(warned.map(({ route, named, configured }) => [route, named, configured]), [['accel', '', 's3://media/films/']], 'said once');
});

test('what lies in no configured store is told once, without its query, and with what to configure', async (t) => {
  for (const [value, named, needed] of [['s3://other/a.mp4?sig=secret', 's3://other/a.mp4', /type s3 with bucket: other/],
    ['/protected/a.mp4?sig=secret', '/protected/a.mp4', /internal: \/protected\//]]) {
    const s = await startAccel(t);
    s.names(value);
    for (let i = 0; i < 2; i++) assert.equal((await s.ask()).status, 502);
    const warned = () => s.sluice.log.filter((record) => record.reason === 'not_ours');
    await poll(() => warned().length > 0, 'the warning');
    assert.deepEqual(warned().map((record) => [record.level, record.named]), [['warn', named]]);
    assert.match(warned()[0].needed, needed);
    assert.doesNotMatch(JSON.stringify(s.sluice.log), /secret/);
  }
});

test('the app gets Range and conditions as they came; those of the object are Sluice\'s', async (t) => {
  const s = await startAccel(t);
  for (const state of ['cold', 'warm']) {
    checkServed(await s.ask(range(5, 99)), s.object, [206, 5, 99], state);
    checkServed(await s.ask({ Range: 'bytes=-7' }), s.object, [206, size - 7, size - 1], state);
    checkServed(await s.ask({ ...range(5, 99), 'If-Range': s.object.etag }), s.object, [206, 5, 99], state);
    checkServed(await s.ask({ ...range(5, 99), 'If-Range': '"another"' }), s.object, [200], state);
    const beyond = await s.ask(range(size));
    assert.deepEqual([beyond.status, beyond.headers['content-range'], beyond.length], [416, `bytes */${size}`, 0], state);
  }
  const sent = { range: 'bytes=0-9', 'if-range': '"x"', 'if-none-match': '"of-another"', 'if-modified-since':
    'Sun, 06 Nov 1994 08:49:37 GMT', 'accept-encoding': 'gzip', 'x-trace': 'kept' };
  await s.ask(sent);
  const last = s.app.of(target).at(-1);
  assert.deepEqual(Object.keys(sent).map((name) => last.headers[name]), Object.values(sent));
  for (const request of s.app.requests) {
    for (const name of ['x-original-uri', 'x-original-method']) assert.equal(request.headers[name], undefined, name);
  }
});

test('a 206 or 416 of the app that names an object counts as 200: the range is then the object\'s', async (t) => {
  const s = await startAccel(t);
  const own = { 206: { 'Content-Range': 'bytes 5-6/10', 'Content-Type': 'video/mp4' }, 416: { 'Content-Range': 'bytes */0' } };
  for (const status of [206, 416]) {
    s.answers(status, { [header]: uri, ...own[status] }, 'of');
    checkServed(await s.ask(range(5, 99)), s.object, [206, 5, 99], `${status}`);
    checkServed(await s.ask(range(size - 3)), s.object, [206, size - 3, size - 1], `${status}`);
    const beyond = await s.ask(range(size));
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, `bytes */${size}`]);
    const whole = await s.ask();
    checkServed(whole, s.object, [200], `${status}`);
    assert.equal(whole.headers['content-range'], undefined);
  }
});

test('preconditions are met by the object\'s validator, not by the app\'s', async (t) => {
  const s = await startAccel(t);
  s.names(uri, { ETag: '"of-the-app"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' });
  for (const state of ['cold', 'warm']) {
    const same = await s.ask({ 'If-None-Match': s.object.etag });
    assert.deepEqual([same.status, same.length, same.headers.etag], [304, 0, s.object.etag], state);
    assert.equal((await s.ask({ 'If-Match': '"other"' })).status, 412, state);
    checkServed(await s.ask({ 'If-None-Match': '"of-the-app"' }), s.object, [200], state);
    const since = await s.ask({ 'If-Modified-Since': new Date(s.object.modified).toUTCString() });
    assert.equal(since.status, 304, state);
  }
});

test('HEAD: the object\'s head, and the app got HEAD', async (t) => {
  const s = await startAccel(t);
  const client = await connect(s.sluice.port);
  t.after(() => client.destroy());
  for (const state of ['cold', 'again']) {
    await client.send(`HEAD ${target} HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n`);
    const { status, headers } = await client.response({ head: true });
    assert.deepEqual([status, headers['content-length'], headers.etag, headers['content-type'], headers[header.toLowerCase()]],
      [200, `${size}`, s.object.etag, 'application/json', undefined], state);
    assert.equal(client.received.length, 0);
  }
  assert.deepEqual(s.app.of(target).map((r) => r.method), ['HEAD', 'HEAD']);
  s.answers(404, {});
  await client.send(`HEAD ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const { status, headers } = await client.response({ head: true });
  assert.deepEqual([status, headers['content-length']], [404, '10']);
});

test('every other answer of the app passes with its body, and without the field', async (t) => {
  const s = await startAccel(t);
  const may = [206, 416];
  for (const status of [201, 202, 203, 301, 302, 400, 401, 403, 404, 410, 500, 503, ...may]) {
    for (const headers of [...(may.includes(status) ? [] : [{ [header]: uri }]), {}]) {
      s.answers(status, { ...headers, 'X-Why': 'own', ETag: '"own"', 'Content-Type': 'text/x-own' });
      const answer = await s.ask(range(0, 3));
      assert.deepEqual([answer.status, `${answer.body}`, answer.headers['x-why'], answer.headers.etag,
        answer.headers['content-type'], answer.headers['x-app']],
        [status, 'of the app', 'own', '"own"', 'text/x-own', 'stand-in']);
      assert.equal(answer.headers[header.toLowerCase()], undefined, `${status}`);
      assert.equal(answer.headers['cache-status'], undefined);
    }
  }
  for (const status of [204, 304]) {
    s.answers(status, { [header]: uri }, '');
    const answer = await s.ask();
    assert.deepEqual([answer.status, answer.length, answer.headers[header.toLowerCase()]], [status, 0, undefined]);
  }
  s.answers(200, { 'X-Why': 'own' });
  const plain = await s.ask();
  assert.deepEqual([plain.status, `${plain.body}`, plain.headers['x-app'], plain.headers['x-why']], [200, 'of the app', 'stand-in',
    'own'], '200 without it');
  assert.equal(s.origin.requests.length, 0);
});

test('two such fields name nothing: the answer passes, and neither leaves', async (t) => {
  const s = await startAccel(t);
  for (const values of [[uri, uri], [uri, 's3://media/other'], ['', uri]]) {
    s.answers(200, { [header]: values });
    const answer = await s.ask();
    assert.deepEqual([answer.status, `${answer.body}`, answer.headers[header.toLowerCase()]], [200, 'of the app', undefined]);
  }
  assert.equal(s.origin.requests.length, 0);
});

test('the store has no such object: 404; it refuses or fails: 502; the app is not asked again', async (t) => {
  const s = await startAccel(t, { fallback: { after: '1s' } });
  s.names('/media/not/there.mp4');
  const gone = await s.ask();
  checkRefused(s, gone, 404);
  assert.equal(cacheStatus(gone).detail, 'not_found');
  const troubles = [(r) => r.status(403), (r) => r.status(500), (r) => r.status(503), (r) => r.resetAt(0), (r) => r.garbage(),
    (r) => r.encoding('gzip')];
  for (const [i, trouble] of troubles.entries()) {
    s.origin.put(`films/${i}.mp4`, { size });
    trouble(s.origin.when(`films/${i}.mp4`));
    s.names(`/media/films/${i}.mp4`);
    const answer = await s.ask(range(0, 9));
    checkRefused(s, answer, 502, `${trouble}`);
    assert.ok(cacheStatus(answer).detail, answer.headers['cache-status']);
  }
  assert.equal(s.app.of(target).length, 1 + troubles.length);
  assert.equal(await s.sluice.metric('fallback_total', { route: 'accel' }), 0);
});

test('the store is down: 502, and what is cached and fresh is sent all the same', async (t) => {
  const s = await startAccel(t, { fallback: { after: '1s' } });
  checkServed(await s.ask(), s.object);
  await s.origin.down();
  checkServed(await s.ask(range(1, 5)), s.object, [206, 1, 5]);
  s.names('/media/films/other.mp4');
  checkRefused(s, await s.ask(), 502);
  s.answers(404, {});
  assert.equal((await s.ask()).status, 404, "the app's own answers pass");
  await s.app.down();
  assert.equal((await s.ask()).status, 502);
});

test('a body behind the field is not waited for, and not sent', async (t) => {
  const s = await startAccel(t);
  s.answers(200, { [header]: uri, 'Content-Length': 3_000_000 }, Buffer.alloc(3_000_000, 'x'));
  for (let i = 0; i < 3; i++) checkServed(await s.ask(), s.object);
  s.answers(200, { [header]: uri }, '');
  for (let i = 0; i < 3; i++) checkServed(await s.ask(), s.object);
});

test('a caller\'s own field never reaches the app, on any route, in any spelling', async (t) => {
  const s = await startStack(t, {
    config: { routes: [
      { name: 'accel', path: '/api/{rest*}', query: 'any', object_header: header },
      { name: 'other', path: '/headers/accel/{rest*}', object_header: 'X-Sendfile' },
      { name: 'gated', path: '/media/gated/{file*}', store: 'media', object: '{file}', authorize: { subrequest: '/status/403' } },
      { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none' },
    ] },
    app: { publicMedia: true },
  });
  const forged = ['X-Accel-Redirect: /media/forged', 'x-accel-redirect: /media/forged', 'X_Accel_Redirect: /media/forged',
    'X-ACCEL_REDIRECT: s3://media/forged',
    'X-Sendfile: /media/forged', 'x_sendfile: /media/forged'];
  const connections = [[], ['Connection: X-Accel-Redirect, X-Sendfile'], ['Connection: x_accel_redirect'],
    ['Connection: keep-alive, X-SENDFILE', 'Connection: X-Accel-Redirect']];
  const targets = ['/api/may-read/v', '/api/may-read/v?x=1', '/headers/accel/x', '/media/gated/v.mp4', '/media/not-there.mp4',
    '/headers', '/api//x', '/api/%2e/x', '/'];
  for (const connection of connections) {
    for (const line of [...targets.map((one) => `GET ${one}`), 'HEAD /api/may-read/v', 'POST /api/may-read/v', 'POST /headers',
      'DELETE /media/gated/v.mp4', 'OPTIONS /headers/accel/x']) {
      const client = await connect(s.sluice.port);
      const length = line.startsWith('POST') ? 'Content-Length: 0\r\n' : '';
      const fields = ['X-Kept: 1', ...forged, ...connection].map((field) => `${field}\r\n`).join('');
      await client.send(`${line} HTTP/1.1\r\nHost: x\r\n${fields}${length}\r\n`);
      const { status } = await client.response({ head: line.startsWith('HEAD') });
      assert.ok(status < 500 && status !== 400, `${line}: ${status}`);
      client.destroy();
    }
  }
  assert.ok(s.app.requests.length >= 50);
  for (const request of s.app.requests) {
    assert.doesNotMatch(request.rawHeaders.join('\n'), /forged|accel|sendfile/i, `${request.method} ${request.target}`);
    assert.equal(request.headers['x-kept'], '1');
  }
});

for (const [what, options] of [['POST', { method: 'POST', body: 'x' }], ['DELETE', { method: 'DELETE' }], ['a GET with a body',
  { body: 'x', headers: { 'Content-Length': '1' } }], ['PUT', { method: 'PUT', body: 'x' }],
  ['a GET with Expect', { headers: { Expect: '100-continue' } }]]) {
  test(`the field does not reach the client on requests that the route only relays: ${what}`, async (t) => {
    const s = await startAccel(t);
    const answer = await get(s.sluice.url + target, { keep: true, ...options });
    assert.deepEqual([answer.status, `${answer.body}`], [200, 'of the app']);
    assert.equal(answer.headers[header.toLowerCase()], undefined);
    assert.equal(s.origin.requests.length, 0);
  });
}
