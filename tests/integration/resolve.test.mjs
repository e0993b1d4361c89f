// Routes that resolve: which object the subrequest's answer may name, and what it must look like. Anything else is the
// app's to answer, and nothing is fetched for it.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { get, range } from '../support/client.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';

const size = 300007;
const uri = 's3://media/films/v.mp4';
const route = (over = {}) => ({ name: 'files', path: '/media/{id}/raw', store: 'media',
  authorize: { subrequest: '/api/may-read/{id}', ttl: '10s', timeout: '30s' },
  resolve: { object: '/path', content_type: '/meta/content_type', filename: '/meta/name' }, ...over });

async function startResolve(t, { route: over, ...config } = {}) {
  const s = await startStack(t, { config: { routes: [route(over)], ...config },
    app: { publicMedia: false, mediaObject: () => s.object } });
  s.object = s.origin.put('films/v.mp4', { size, contentType: 'binary/octet-stream' });
  s.cookie = s.app.logIn();
  s.says = (body, { status = 200, headers } = {}) => (s.app.mayRead = () => ({ status, body, headers }));
  let ids = 0;
  s.ask = (headers = {}, id = ++ids) => get(`${s.sluice.url}/media/${id}/raw`, { headers: { Cookie: s.cookie, ...headers }, keep: true });
  return s;
}

function checkServed(answer, object, what) {
  assert.deepEqual([answer.status, answer.sha256, answer.headers['x-app']], [200, object.sha256(), undefined], what);
}

/// The app's own answer to the request itself; the store was not asked.
function checkRelayed(s, answer, what) {
  assert.deepEqual([answer.status, answer.sha256, answer.headers['x-app']], [200, s.object.sha256(), 'stand-in'], what);
  assert.equal(s.origin.requests.length, 0, `${what}: nothing was fetched`);
}

test('a URI, a bare key, and names as raw as they come', async (t) => {
  const s = await startResolve(t);
  const names = ['films/v.mp4', 'a #1?.mp4', '100%.mp4', 'x%20y.mp4', 'a+b&c=d;e.mp4', 'ü 🎬.mp4', "it's (1) \"q\" \\.mp4", '...', 'a/.b/c',
    'k'.repeat(1024)];
  for (const name of names) {
    const object = s.origin.object(name) ?? s.origin.put(name, { seed: name, size: 1000 });
    for (const path of [`s3://media/${name}`, name]) {
      s.says({ path });
      checkServed(await s.ask(), object, path.slice(0, 60));
    }
  }
  assert.equal(s.app.of('/media/').length, 0);
});

test('without a store of the route, a URI alone names an object; it may lie in any configured store', async (t) => {
  const s = await startResolve(t, { route: { store: undefined } });
  s.says({ path: 'films/v.mp4' });
  checkRelayed(s, await s.ask(), 'a bare key');
  s.says({ path: uri });
  checkServed(await s.ask(), s.object);
  assert.equal(s.app.of('/media/').length, 1);
  const other = { type: 's3', bucket: 'other', region: 'us-east-1', endpoint: s.origin.url, addressing: 'path',
    credentials: { access_key_id: 'AKTEST', secret_access_key: 'secret' } };
  await s.restart({ stores: { other }, routes: [route({ store: 'other' })] });
  checkServed(await s.ask(), s.object, "a URI outside the route's own store");
  s.says({ path: 'films/v.mp4' });
  s.origin.forget();
  const missed = await s.ask();
  assert.deepEqual([missed.headers['x-app'], cacheStatus(missed).detail], ['stand-in', 'not_found'], "a bare key lies in the route's own");
  assert.match(s.origin.requests[0].path, /^\/other\//);
});

test('a store\'s prefix is a check on what the app names', async (t) => {
  const s = await startResolve(t, { stores: { media: { prefix: 'films/' } } });
  for (const path of ['s3://media/other/v.mp4', 'other/v.mp4', 'films/', 's3://media/films/', 'filmsx/v.mp4', 'v.mp4']) {
    s.says({ path });
    checkRelayed(s, await s.ask(), path);
  }
  for (const path of [uri, 'films/v.mp4']) {
    s.says({ path });
    checkServed(await s.ask(), s.object, path);
  }
});

test('pointers reach into arrays and escaped names, and nowhere else', async (t) => {
  const s = await startResolve(t, { route: { resolve: { object: '/files/1/a~1b~0c' } } });
  s.says({ 'a/b~c': 's3://media/x', files: [{ 'a/b~c': 's3://media/y' }, { x: { 'a/b~c': 's3://media/z' }, 'a/b~c': uri },
    { 'a/b~c': 's3://media/w' }] });
  checkServed(await s.ask(), s.object);
  s.origin.forget();
  for (const body of [{ files: { 1: [] } }, { files: [{ 'a/b~c': uri }] }, { files: [0, { a: { 'b~c': uri } }] },
    { '/files/1/a~1b~0c': uri }]) {
    s.says(body);
    checkRelayed(s, await s.ask(), JSON.stringify(body));
  }
});

const text = (value) => Buffer.from(value);
const types = { 'a number': 7, 'an object': { path: uri }, 'an array': [uri], true: true, null: null, 'an empty text': '' };
const places = {
  'another bucket': 's3://other/films/v.mp4', 'a bucket with the same beginning': 's3://media2/films/v.mp4',
  'a scheme in capitals': 'S3://media/films/v.mp4',
  'another scheme': 'gs://media/films/v.mp4', 'a file URL': 'file:///etc/hostname', 'a file of the system': '/etc/hostname',
  'a slash before the key': '/films/v.mp4',
  'only a bucket': 's3://media', 'an empty key': 's3://media/', 'a dot segment': 's3://media/films/../films/v.mp4',
  'a dot segment in a bare key': '../media/films/v.mp4',
  'a single dot': 's3://media/./films/v.mp4', 'NUL': 's3://media/films/v.mp4\0',
  'a line break': 's3://media/films/v\r\n.mp4', 'a key of 1,025 bytes': `s3://media/${'k'.repeat(1025)}`,
  'a user in the URI': 's3://user@media/films/v.mp4',
};
const bodies = {
  'no path': {}, 'a member of the same name elsewhere': { data: { path: uri } }, 'an array around it': [{ path: uri }],
  'a text': text(JSON.stringify(uri)),
  'null alone': text('null'), 'an empty body': text(''), 'no JSON': text('path=x'), 'a comma too many': text(`{"path":"${uri}",}`),
  'cut off': text(`{"path":"${uri}"`),
  'more behind it': text(`{"path":"${uri}"} {}`), 'the key twice': text(`{"path":"${uri}","path":"${uri}"}`),
  'a comment': text(`{/**/"path":"${uri}"}`),
  'no UTF-8': Buffer.concat([text('{"x":"'), Buffer.from([0xc3, 0x28]), text(`","path":"${uri}"}`)]),
  'half a surrogate pair': text(`{"path":"s3://media/\\ud800.mp4"}`),
  'NaN': text(`{"path":"${uri}","n":NaN}`), 'too deep': text(`{"x":${'['.repeat(100)}${']'.repeat(100)},"path":"${uri}"}`),
  'a type that is a number': { path: uri, meta: { content_type: 7 } }, 'a name that is an object': { path: uri, meta: { name: {} } },
  'a name of 20,000 bytes': { path: uri, meta: { name: 'n'.repeat(20000) } },
};

test('wrong types, places that are not configured, what is no JSON: the app answers', async (t) => {
  const s = await startResolve(t);
  for (const [what, path] of [...Object.entries(types), ...Object.entries(places)]) {
    s.says({ path, meta: { content_type: 'video/mp4', name: 'v.mp4' } });
    checkRelayed(s, await s.ask(), what);
  }
  for (const [what, body] of Object.entries(bodies)) {
    s.says(body);
    checkRelayed(s, await s.ask(), what);
  }
  const [last] = s.app.of('/media/').slice(-1);
  assert.equal(last.headers.cookie, s.cookie);
  s.says({ path: uri, meta: { content_type: null, name: null } });
  checkServed(await s.ask(), s.object, 'null where nothing is needed');
  s.says({ path: uri });
  checkServed(await s.ask(), s.object, 'nothing where nothing is needed');
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('authorize_total', { route: 'files', result: 'unresolved' }),
    Object.keys(types).length + Object.keys(places).length + Object.keys(bodies).length);
});

test('answers that do not grant although they name an object', async (t) => {
  const s = await startResolve(t);
  const body = text(JSON.stringify({ path: uri }));
  const answers = [
    ['204', { status: 204 }, ''], ['201', { status: 201 }], ['206', { status: 206 }], ['302', { status: 302,
      headers: { Location: '/login' } }],
    ['401', { status: 401 }], ['403', { status: 403 }], ['404', { status: 404 }], ['500', { status: 500 }],
    ['a page', { headers: { 'Content-Type': 'text/html' } }], ['a page in capitals',
      { headers: { 'Content-Type': 'TEXT/HTML; charset=utf-8' } }],
    ['a page of another kind', { headers: { 'Content-Type': 'application/json' } }, text('<html>catch-all</html>')],
    ['gzip, though it was not asked for', { headers: { 'Content-Encoding': 'gzip' } }, gzipSync(body)],
  ];
  for (const [what, how, other] of answers) {
    s.says(other ?? body, how);
    checkRelayed(s, await s.ask(), what);
  }
  s.app.mayRead = () => 'silent';
  await s.restart({ routes: [route({ authorize: { subrequest: '/api/may-read/{id}', timeout: '300ms' } })] });
  checkRelayed(s, await s.ask(), 'no answer in time');
});

test('the relayed request is the original, its Range included', async (t) => {
  const s = await startResolve(t);
  s.says({ path: 's3://other/x' });
  const answer = await s.ask({ ...range(5, 14), 'X-Trace': 'kept', 'Accept-Encoding': 'gzip' }, 7);
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [206, 'stand-in', s.object.sha256(5, 14)]);
  const [relayed] = s.app.of('/media/7/raw');
  assert.deepEqual([relayed.headers.range, relayed.headers['x-trace'], relayed.headers['accept-encoding']], ['bytes=5-14', 'kept', 'gzip']);
  const [asked] = s.app.of('/api/');
  assert.deepEqual([asked.target, asked.headers.range, asked.headers['accept-encoding'], asked.headers['x-original-uri']],
    ['/api/may-read/7', undefined, undefined, '/media/7/raw']);
});

test('large answers are read, and not held', async (t) => {
  const s = await startResolve(t);
  s.says(text(`{"data":"${'x'.repeat(20_000_000)}","path":"${uri}"}`));
  checkServed(await s.ask(), s.object, '20 MB');
  const before = s.sluice.vmHwmKiB();
  for (const answer of await Promise.all(Array.from({ length: 8 }, () => s.ask()))) checkServed(answer, s.object, '20 MB');
  s.says(text(`{"path":"${uri}","data":"${'\\u0041'.repeat(1_100_000)}"}`));
  for (const answer of await Promise.all(Array.from({ length: 8 }, () => s.ask()))) checkServed(answer, s.object, '6.6 MB');
  if (!process.env.SLUICE_SANITIZE) assert.ok(s.sluice.vmHwmKiB() - before < 16 * 1024, `${s.sluice.vmHwmKiB() - before} KiB more`);
});

/// An app of its own: what `/api/…` says is `serve(res)`; every other path gets "own answer".
async function startOwnApp(t, serve, over = {}) {
  const app = http.createServer((req, res) => (req.url.startsWith('/api/') ? serve(res) : res.end('own answer')));
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => {
    app.close(resolve);
    app.closeAllConnections();
  }));
  return startResolve(t, { app: { url: `http://127.0.0.1:${app.address().port}` },
    route: { authorize: { subrequest: '/api/{id}', timeout: '400ms' } }, ...over });
}

test('an answer that drips beyond authorize.timeout: the app answers, and the drip is cut', async (t) => {
  let cut = 0;
  const s = await startOwnApp(t, (res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' }).write(`{"path":"${uri}"`);
    const drip = setInterval(() => res.write(' '), 50);
    res.on('close', () => {
      clearInterval(drip);
      cut += 1;
    });
  });
  for (let i = 1; i <= 2; i++) {
    const answer = await s.ask();
    assert.deepEqual([answer.status, `${answer.body}`], [200, 'own answer']);
  }
  const metrics = await s.sluice.metrics();
  assert.deepEqual([metrics.sum('fallback_total', { reason: 'authorize_timeout' }), metrics.sum('authorize_total', { result: 'timeout' }),
    metrics.sum('requests_total', { result: 'denied' })], [2, 2, 0]);
  await s.sluice.stop();
  assert.deepEqual([cut, s.origin.requests.length], [2, 0]);
});

test('answers that break off, and answers in small pieces', async (t) => {
  const whole = text(JSON.stringify({ meta: { name: 'ü.mp4', content_type: 'video/mp4' }, path: 's3://media/films/ü.mp4' }));
  let serve;
  const s = await startOwnApp(t, (res) => serve(res), { route: { authorize: { subrequest: '/api/{id}', timeout: '5s' } } });
  const object = s.origin.put('films/ü.mp4', { seed: 'pieces', size: 1000 });
  serve = (res) => {
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': whole.length + 10 }).write(whole);
    setImmediate(() => res.destroy());
  };
  const short = await s.ask();
  assert.deepEqual([`${short.body}`, cacheStatus(short)], ['own answer', { fwd: 'bypass', detail: 'authorize_error' }], 'short of its length');
  assert.equal(await s.sluice.metric('fallback_total', { reason: 'authorize_error' }), 1);
  assert.equal(s.origin.requests.length, 0);
  serve = async (res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' });
    for (const byte of whole) await new Promise((resolve) => res.write(Buffer.from([byte]), resolve));
    res.end();
  };
  const answer = await s.ask();
  assert.deepEqual([answer.status, answer.sha256], [200, object.sha256()], 'byte by byte');
});
