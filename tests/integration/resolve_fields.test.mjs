// Routes that resolve: the type and the name that the app's answer gives, and HEAD.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 100003;
const uri = 's3://media/films/v.mp4';

async function startNamed(t, over = {}) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'files', path: '/media/{id}/raw', store: 'media', authorize: { subrequest: '/api/may-read/{id}',
      ttl: '10s', timeout: '2s' },
      resolve: { object: '/path', content_type: '/meta/type', filename: '/meta/name' }, ...over }] },
    app: { publicMedia: false, mediaObject: () => s.object },
  });
  s.object = s.origin.put('films/v.mp4', { size, contentType: 'image/x-of-the-store' });
  s.cookie = s.app.logIn();
  s.says = (body, { status = 200, headers } = {}) => (s.app.mayRead = () => ({ status, body, headers }));
  let ids = 0;
  s.ask = (options = {}, id = ++ids) => get(`${s.sluice.url}/media/${id}/raw`, { keep: true, ...options,
    headers: { Cookie: s.cookie, ...options.headers } });
  /// The type and disposition of the answer where the app's answer has these.
  s.shown = async (meta, options) => {
    s.says({ path: uri, meta });
    const answer = await s.ask(options);
    assert.deepEqual([answer.status, answer.sha256], [200, s.object.sha256()]);
    assert.equal(answer.rawHeaders.filter((name) => /^content-(type|disposition)$/i.test(name)).length,
      1 + (answer.headers['content-disposition'] === undefined ? 0 : 1), 'each once');
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    return [answer.headers['content-type'], answer.headers['content-disposition']];
  };
  return s;
}

test('the type is the app\'s, else the store\'s; what a browser would run is an attachment', async (t) => {
  const s = await startNamed(t);
  const inline = ['video/mp4', 'Video/MP4', 'audio/mpeg', 'image/png', 'application/pdf', 'text/plain', 'text/plain; charset=utf-8'];
  for (const type of inline) assert.deepEqual(await s.shown({ type }), [type, undefined]);
  const attached = ['text/html', 'image/svg+xml', 'Image/SVG+xml', 'application/xhtml+xml', 'text/xml', 'application/javascript',
    'application/zip', 'x'];
  for (const type of attached) assert.deepEqual(await s.shown({ type }), [type, 'attachment']);
  for (const meta of [{}, { type: null }, { type: '' }, { type: 'video/mp4\r\nX-Evil: 1' }, { type: 'video/mp4\nX-Evil: 1' },
    { type: 'a\0b' }]) {
    assert.deepEqual(await s.shown(meta), ['image/x-of-the-store', undefined], JSON.stringify(meta));
  }
});

test('the name goes into the disposition, and nothing else of it into the head', async (t) => {
  const s = await startNamed(t);
  const names = {
    'v.mp4': 'v.mp4', 'a b.mp4': 'a%20b.mp4', 'x"y\\z.mp4': 'x%22y%5Cz.mp4', "it's;a=b.mp4": 'it%27s%3Ba%3Db.mp4',
      'ü🎬.mp4': '%C3%BC%F0%9F%8E%AC.mp4',
    'a\r\nSet-Cookie: evil=1\r\n\r\n<script>.mp4': 'a%0D%0ASet-Cookie%3A%20evil%3D1%0D%0A%0D%0A%3Cscript%3E.mp4', 'a\0b': 'a%00b',
      '100%25.mp4': '100%2525.mp4',
    '../../etc/passwd': '..%2F..%2Fetc%2Fpasswd', '(1)*,.mp4': '%281%29%2A%2C.mp4', '\u202egpj.exe': '%E2%80%AEgpj.exe',
      ['n'.repeat(4000)]: 'n'.repeat(4000),
  };
  for (const [name, written] of Object.entries(names)) {
    assert.deepEqual(await s.shown({ name, type: 'video/mp4' }), ['video/mp4', `inline; filename*=UTF-8''${written}`], name.slice(0, 60));
    assert.deepEqual(await s.shown({ name, type: 'text/html' }), ['text/html', `attachment; filename*=UTF-8''${written}`],
      name.slice(0, 60));
  }
  assert.deepEqual(await s.shown({ name: null, type: 'video/mp4' }), ['video/mp4', undefined]);
});

test('a name without a type of the app\'s: the store\'s type says whether it may be shown in place', async (t) => {
  const s = await startNamed(t);
  assert.deepEqual(await s.shown({ name: 'page.html' }), ['image/x-of-the-store', "inline; filename*=UTF-8''page.html"]);
  s.object = s.origin.put('films/v.mp4', { size, seed: 'page', contentType: 'text/html' });
  await s.sluice.purge({ uris: [uri] });
  assert.deepEqual(await s.shown({ name: 'film.mp4' }), ['text/html', "attachment; filename*=UTF-8''film.mp4"]);
});

test('206, 304 and HEAD say the same of the object', async (t) => {
  const s = await startNamed(t);
  s.says({ path: uri, meta: { type: 'text/html', name: 'a "b".html' } });
  const whole = await s.ask();
  for (const answer of [await s.ask({ headers: range(7, 99) }), await s.ask({ method: 'HEAD' })]) {
    for (const name of ['content-type', 'content-disposition', 'etag', 'last-modified', 'accept-ranges']) {
      assert.equal(answer.headers[name], whole.headers[name], name);
    }
  }
  const same = await s.ask({ headers: { 'If-None-Match': whole.headers.etag } });
  assert.deepEqual([same.status, same.length, same.headers.etag], [304, 0, whole.headers.etag]);
});

test('what the route says itself is said once', async (t) => {
  const s = await startNamed(t, { headers: { 'Content-Type': 'video/x-route', 'Content-Disposition': 'inline' } });
  assert.deepEqual(await s.shown({ type: 'text/html', name: 'a.html' }), ['video/x-route', 'inline']);
});

test('HEAD granted: the object\'s head, cold and warm', async (t) => {
  const s = await startNamed(t);
  s.says({ path: uri, meta: { type: 'video/mp4' } });
  for (const state of ['cold', 'again']) {
    const answer = await s.ask({ method: 'HEAD' });
    assert.deepEqual([answer.status, answer.headers['content-length'], answer.length, answer.headers['content-type'], answer.headers.etag],
      [200, `${size}`, 0, 'video/mp4', s.object.etag], state);
    assert.equal(answer.headers['x-app'], undefined);
  }
  const asked = s.app.of('/api/');
  assert.deepEqual(asked.map((r) => [r.method, r.headers['x-original-method']]), [['GET', 'HEAD'], ['GET', 'HEAD']]);
  assert.equal((await s.ask()).sha256, s.object.sha256(), 'and then a GET');
});

test('HEAD denied: the subrequest\'s status and fields, no body, and the connection goes on', async (t) => {
  const s = await startNamed(t);
  const client = await connect(s.sluice.port);
  t.after(() => client.destroy());
  const send = async (method, id) => {
    await client.send(`${method} /media/${id}/raw HTTP/1.1\r\nHost: x\r\nCookie: ${s.cookie}\r\n\r\n`);
    return client.response({ head: method === 'HEAD' });
  };
  for (const status of [401, 403, 404, 410, 302, 500]) {
    s.says({ detail: 'no' }, { status, headers: { 'X-Why': `it is ${status}`, 'WWW-Authenticate': 'Bearer', Location: '/login' } });
    const refused = await send('HEAD', status);
    assert.deepEqual([refused.status, refused.headers['x-why'], refused.headers['www-authenticate'], refused.headers.location],
      [status, `it is ${status}`, 'Bearer', '/login']);
    assert.deepEqual([refused.headers['content-type'], refused.headers['content-length'], refused.headers.connection],
      ['application/json', '15', undefined]);
    assert.equal(client.received.length, 0, 'no body');
    s.says({ path: uri });
    const granted = await send('GET', `after-${status}`);
    assert.deepEqual([granted.status, granted.body.length], [200, size], 'the next request on this connection');
  }
  assert.equal(s.app.of('/media/').length, 0, 'a refused HEAD is not relayed');
  await s.sluice.counted(5, { route: 'files', result: 'denied' });
  await s.sluice.counted(1, { route: 'files', result: 'relay', code: '302' });
});

test('HEAD where the app grants and names nothing that is there to be served: relayed', async (t) => {
  const s = await startNamed(t);
  s.says({ path: 's3://other/x' });
  const answer = await s.ask({ method: 'HEAD' });
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.headers['content-length'], answer.length], [200, 'stand-in',
    `${size}`, 0]);
  assert.equal(s.app.of('/media/')[0].method, 'HEAD');
});

test('HEAD denied: a cookie that the app sets with it is one caller\'s, though many ask at once', async (t) => {
  const s = await startNamed(t);
  const gate = pauseGate();
  t.after(() => gate.release());
  let sessions = 0;
  s.app.mayRead = async () => {
    await gate.wait();
    return { status: 401, body: { detail: 'no' }, headers: { 'Set-Cookie': `session=of-caller-${++sessions}` } };
  };
  const all = Array.from({ length: 8 }, () => get(`${s.sluice.url}/media/1/raw`, { method: 'HEAD' }));
  await gate.reached;
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) >= 8, 'all are there');
  gate.release();
  const cookies = (await Promise.all(all)).flatMap((answer) => answer.headers['set-cookie'] ?? []);
  assert.equal(new Set(cookies).size, cookies.length, `${cookies}`);
});
