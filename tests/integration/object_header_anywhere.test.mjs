// Routes with `object_header` over a whole site (`path: "/{rest*}"`): what the app answers without naming an object passes as
// it came. And the ways to name one: X-Sendfile with a file's path, X-Accel-Redirect beneath a store's `internal` path.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { createHash } from 'node:crypto';
import { connect, get, range } from '../support/client.mjs';
import { answerFor } from '../support/http_object.mjs';
import { startStack } from '../support/stack.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';

const size = 200003;
const header = 'X-Accel-Redirect';

async function startSite(t, { header: field = header, ...config } = {}) {
  const pages = { 'a.html': { type: 'text/html; charset=utf-8', body: '<html>a page</html>' }, 'a.json': { type: 'application/json',
    body: '{"a": 1}' } };
  const s = await startStack(t, {
    config: { routes: [{ name: 'site', path: '/{rest*}', query: 'any', object_header: field }], ...config },
    app: { pages },
  });
  s.object = s.origin.put('films/v.mp4', { size });
  s.names = (value) => (s.app.mayRead = () => ({ status: 200, body: '', headers: { [field]: value, 'Content-Type': 'video/mp4' } }));
  s.ask = (headers = {}) => get(`${s.sluice.url}/api/may-read/v`, { headers, keep: true });
  return s;
}

/// What of an answer must be the same through Sluice.
function told(answer) {
  const own = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);
  const fields = [];
  for (let i = 0; i < answer.rawHeaders.length; i += 2) {
    if (!own.has(answer.rawHeaders[i].toLowerCase())) fields.push(answer.rawHeaders.slice(i, i + 2).join(': '));
  }
  return { status: answer.status, fields: fields.sort(), sha256: answer.sha256, complete: answer.complete };
}

test('every answer that names nothing is the app\'s, byte for byte', async (t) => {
  const s = await startSite(t);
  const { etag } = s.object;
  s.app.mayRead = ({ headers }) => {
    const found = answerFor(headers, s.object);
    return { ...found, body: found.body ?? s.object.read(found.first, found.length) };
  };
  const since = new Date(s.object.modified).toUTCString();
  const rows = [
    ['/pages/a.html'], ['/pages/a.html', { method: 'HEAD' }], ['/pages/a.json?x=1&y=%2F'], ['/not/there'], ['/status/503'],
    ['/download?size=500000'], ['/download?size=500000&chunked'], ['/sse?count=3'],
    ['/api/may-read/own'], ['/api/may-read/own', { method: 'HEAD' }],
    ['/api/may-read/own', { headers: range(7, 99) }], ['/api/may-read/own', { headers: range(size) }],
    ['/api/may-read/own', { headers: { ...range(7, 99), 'If-Range': etag } }],
    ['/api/may-read/own', { headers: { ...range(7, 99), 'If-Range': '"other"' } }],
    ['/api/may-read/own', { headers: { 'If-None-Match': etag } }], ['/api/may-read/own', { headers: { 'If-Match': '"other"' } }],
    ['/api/may-read/own', { headers: { 'If-Modified-Since': since } }],
  ];
  const statuses = new Set();
  for (const [target, options] of rows) {
    const direct = await get(s.app.url + target, options);
    const through = await get(s.sluice.url + target, options);
    assert.deepEqual(told(through), told(direct), `${target} ${JSON.stringify(options)}`);
    statuses.add(direct.status);
  }
  for (const status of [200, 206, 304, 404, 412, 416, 503]) assert.ok(statuses.has(status), `the app answered ${status}`);
  assert.equal(s.origin.requests.length, 0);
  await s.sluice.counted(rows.length, { route: 'site', result: 'relay' });
  s.names('s3://media/films/v.mp4');
  assert.equal((await s.ask(range(3, 4))).sha256, s.object.sha256(3, 4), 'and what names an object is that object');
});

test('uploads and WebSockets pass', async (t) => {
  const s = await startSite(t);
  const body = Buffer.alloc(100000, 'u');
  const sent = await get(`${s.sluice.url}/echo`, { method: 'POST', body, headers: { 'Content-Length': `${body.length}` } });
  assert.deepEqual([sent.status, sent.sha256], [200, createHash('sha256').update(body).digest('hex')]);
  const client = await connect(s.sluice.port);
  await client.send('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  const switched = await client.response({ head: true });
  client.destroy(); // Sluice would wait for its end
  assert.equal(switched.status, 101);
});

test('X-Sendfile: a path beneath a local store\'s root, literal', async (t) => {
  const root = fs.realpathSync(temporaryDirectory('sendfile'));
  t.after(() => removeDirectory(root));
  const put = (name) => {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), name);
  };
  for (const name of ['pub/a.mp4', 'pub/a%20b.mp4', 'pub/a b.mp4', 'pub/what?.mp4', 'secret.mp4']) put(name);
  fs.symlinkSync('/etc/passwd', path.join(root, 'pub/link.mp4'));
  const s = await startSite(t, { header: 'X-Sendfile', stores: { disk: { type: 'local', root, prefix: 'pub/' } } });
  for (const name of ['pub/a.mp4', 'pub/a%20b.mp4', 'pub/a b.mp4', 'pub/what?.mp4']) {
    s.names(path.join(root, name));
    const answer = await s.ask();
    assert.deepEqual([answer.status, `${answer.body}`, answer.headers['content-type'], answer.headers['x-sendfile']],
      [200, name, 'video/mp4', undefined], name);
    const part = await s.ask(range(1, 2));
    assert.deepEqual([part.status, `${part.body}`], [206, name.slice(1, 3)]);
  }
  for (const value of [`${root}/secret.mp4`, `${root}/pub/../secret.mp4`, `${root}/pub/./a.mp4`, `${root}/pub//a.mp4`, `${root}/pub/`,
    root, '/etc/passwd', `${root}/../x`, `${root}x/pub/a.mp4`]) {
    s.names(value);
    const answer = await s.ask();
    assert.equal(answer.status, 502, value);
    assert.doesNotMatch(`${answer.body}`, /mp4|root/, value);
  }
  s.names(path.join(root, 'pub/link.mp4'));
  assert.ok([404, 502].includes((await s.ask()).status), 'no link leads out of the root');
});

test('X-Accel-Redirect beneath a store\'s internal path', async (t) => {
  const s = await startSite(t, { stores: { media: { internal: '/protected/', prefix: 'films/' } } });
  const odd = s.origin.put('films/x y%41.mp4', { seed: 'odd', size: 1000 });
  for (const [value, object] of [['/protected/films/v.mp4', s.object], ['/protected/films/x%20y%2541.mp4', odd],
    ['/media/films/v.mp4', s.object]]) {
    s.names(value);
    const answer = await s.ask();
    assert.deepEqual([answer.status, answer.sha256], [200, object.sha256()], value);
  }
  for (const value of ['/protected/other.mp4', '/protected/films/../other.mp4', '/protected/films/%2e%2e/v.mp4', '/protected/',
    '/protected/films/v.mp4?x', '/Protected/films/v.mp4', '/protectedfilms/v.mp4', '//protected/films/v.mp4']) {
    s.names(value);
    assert.equal((await s.ask()).status, 502, value);
  }
});
