// Routes with `object_header`: whose fields the answer has. The app's own say how the object is shown; what speaks of the
// app's bytes is replaced by the object's.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { startStack } from '../support/stack.mjs';

const size = 70001;
const header = 'X-Accel-Redirect';

async function startAccel(t, { route = {}, object = {} } = {}) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'accel', path: '/api/{rest*}', object_header: header, ...route }] },
  });
  s.object = s.origin.put('v.mp4', { size, ...object });
  s.app.mayRead = () => ({ status: 200, body: Buffer.from('of the app'), headers: { [header]: 's3://media/v.mp4', ...s.fields } });
  s.ask = (options) => get(`${s.sluice.url}/api/may-read/v`, options);
  return s;
}

const count = (answer, name) => answer.rawHeaders.filter((one, i) => i % 2 === 0 && one.toLowerCase() === name.toLowerCase()).length;

const kept = {
  'Content-Type': 'application/pdf', 'Content-Disposition': 'inline; filename="a b.pdf"', 'Cache-Control': 'public, max-age=5',
  Expires: 'Sun, 06 Nov 2094 08:49:37 GMT',
  'Content-Language': 'de', Vary: 'Cookie', 'X-Own': 'kept', 'Content-Security-Policy': 'sandbox', 'Access-Control-Allow-Origin': '*',
};
const replaced = {
  ETag: '"of-the-app"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT', 'Accept-Ranges': 'none', 'Content-Encoding': 'gzip',
  'Content-MD5': 'x', Digest: 'x',
  'Content-Range': 'bytes 0-9/10', 'X-Content-Type-Options': 'off', Age: '7',
};

test('the app\'s type, disposition, freshness and cookies are kept; its length and validators are not', async (t) => {
  const s = await startAccel(t);
  s.fields = { ...kept, ...replaced, 'Set-Cookie': ['a=1; Path=/', 'b=2; HttpOnly'] };
  for (const [status, options, length] of [[200, {}, size], [200, {}, size], [206, { headers: range(1, 9) }, 9], [200,
    { method: 'HEAD' }, size]]) {
    const answer = await s.ask(options);
    assert.equal(answer.status, status);
    for (const [name, value] of Object.entries(kept)) {
      assert.deepEqual([answer.headers[name.toLowerCase()], count(answer, name)], [value, 1], name);
    }
    assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2; HttpOnly'], 'with each answer that the app gave');
    for (const [name, value] of Object.entries(replaced)) assert.notEqual(answer.headers[name.toLowerCase()], value, name);
    assert.deepEqual(['content-length', 'etag', 'last-modified', 'accept-ranges', 'content-encoding',
      'x-content-type-options'].map((name) => answer.headers[name]),
      [`${length}`, s.object.etag, new Date(s.object.modified).toUTCString(), 'bytes', undefined, 'nosniff']);
    for (const name of ['ETag', 'Last-Modified', 'Accept-Ranges', 'Content-Length', 'Date',
      'X-Content-Type-Options']) assert.equal(count(answer, name), 1, name);
  }
  for (const [status, options] of [[304, { headers: { 'If-None-Match': s.object.etag } }], [416, { headers: range(size) }]]) {
    const answer = await s.ask(options);
    assert.deepEqual([answer.status, answer.length, answer.headers['cache-control'], answer.headers['x-own'],
      answer.headers['set-cookie'].length],
      [status, 0, 'public, max-age=5', 'kept', 2]);
    assert.equal(answer.headers['content-length'] ?? '0', '0', 'not the length of what the app sent');
    assert.notEqual(answer.headers.etag, '"of-the-app"');
  }
});

test('where the app does not say it: no store in between may keep it', async (t) => {
  const s = await startAccel(t);
  s.fields = {};
  const answer = await s.ask();
  assert.deepEqual([answer.headers['cache-control'], answer.headers['set-cookie']], ['private, no-cache', undefined]);
});

test('the type that the client sees decides on the disposition: the app\'s type, where it says one', async (t) => {
  const s = await startAccel(t, { object: { contentType: 'binary/octet-stream' } });
  for (const type of ['application/pdf', 'video/mp4', 'text/plain; charset=utf-8']) {
    s.fields = { 'Content-Type': type };
    const { headers } = await s.ask();
    assert.deepEqual([headers['content-type'], headers['content-disposition']], [type, undefined], 'as the app would have shown it');
  }
});

test('a page of the app\'s type is an attachment, whatever the store calls it', async (t) => {
  const s = await startAccel(t, { object: { contentType: 'video/mp4' } });
  for (const type of ['text/html; charset=utf-8', 'image/svg+xml', 'application/xhtml+xml']) {
    s.fields = { 'Content-Type': type };
    const { headers } = await s.ask();
    assert.deepEqual([headers['content-type'], headers['content-disposition']], [type, 'attachment']);
  }
});

/// An app of its own, which answers every request by what `say(res)` does.
async function startBare(t, route = {}, object = {}) {
  const app = http.createServer((req, res) => app.say(res));
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const s = await startStack(t, {
    config: { app: { url: `http://127.0.0.1:${app.address().port}` },
      routes: [{ name: 'accel', path: '/api/{rest*}', object_header: header, ...route }] },
  });
  s.origin.put('v.mp4', { size, ...object });
  s.shown = async (type, { how = 'length', method = 'GET', key = 'v.mp4', status = 200 } = {}) => {
    app.say = (res) => {
      res.sendDate = false;
      res.setHeader(header, `s3://media/${key}`);
      if (type !== undefined) res.setHeader('Content-Type', type);
      if (how === 'length') res.setHeader('Content-Length', 0);
      if (how === 'body') res.setHeader('Content-Length', 4);
      res.writeHead(status);
      if (how === 'chunked body') res.write('some');
      else if (how !== 'length') res.flushHeaders();
      res.end(how === 'body' && method !== 'HEAD' ? 'some' : '');
    };
    const answer = await get(`${s.sluice.url}/api/v`, { method, keep: true });
    assert.equal(answer.status, 200);
    assert.equal(count(answer, 'content-type'), 1);
    return [answer.headers['content-type'], answer.headers['content-disposition']];
  };
  return s;
}

test('text/html on an answer without content, and an empty type, are none: the store\'s counts', async (t) => {
  const s = await startBare(t, {}, { contentType: 'video/mp4' });
  for (const state of ['cold', 'warm']) {
    for (const type of ['text/html', 'Text/HTML; charset=utf-8', '', undefined]) {
      for (const how of ['length', 'chunked']) {
        assert.deepEqual(await s.shown(type, { how }), ['video/mp4', undefined], `${state} ${type} ${how}`);
      }
      assert.deepEqual(await s.shown(type, { method: 'HEAD' }), ['video/mp4', undefined], `${state} ${type} HEAD`);
      assert.deepEqual(await s.shown(type, { how: 'chunked', method: 'HEAD' }), ['video/mp4', undefined]);
    }
    for (const how of ['body', 'chunked body']) assert.deepEqual(await s.shown('text/html', { how }), ['text/html', 'attachment'], how);
    assert.deepEqual(await s.shown('text/html', { how: 'body', method: 'HEAD' }), ['text/html', 'attachment']);
    for (const how of ['length', 'chunked', 'body']) {
      assert.deepEqual(await s.shown('image/png', { how }), ['image/png', undefined], 'any other is the object\'s');
      assert.deepEqual(await s.shown('image/svg+xml', { how }), ['image/svg+xml', 'attachment']);
    }
    assert.deepEqual(await s.shown('text/html', { status: 206 }), ['video/mp4', undefined]);
  }
});

test('where the store says no type either, the name\'s counts, but for what a browser would run', async (t) => {
  const s = await startBare(t);
  for (const [name, ...shown] of [['films/a.webm', 'video/webm', undefined], ['a.txt', 'text/plain', undefined],
    ['a.html', 'application/octet-stream', 'attachment'], ['a.js', 'application/octet-stream', 'attachment'],
    ['a', 'application/octet-stream', 'attachment']]) {
    s.origin.put(name, { seed: name, size: 1000, contentType: '' });
    for (const state of ['cold', 'warm']) assert.deepEqual(await s.shown('text/html', { key: name }), shown, `${name} ${state}`);
  }
});

test('content_type settles whose type counts', async (t) => {
  const object = { contentType: 'video/mp4' };
  const store = await startBare(t, { content_type: 'store' }, object);
  for (const type of ['text/html', 'image/png', 'application/pdf']) {
    assert.deepEqual(await store.shown(type, { how: 'body' }), ['video/mp4', undefined]);
  }
  const app = await startBare(t, { content_type: 'app' }, object);
  assert.deepEqual(await app.shown('text/html; charset=utf-8'), ['text/html; charset=utf-8', 'attachment']);
  assert.deepEqual(await app.shown(''), ['video/mp4', undefined]);
  const own = await startBare(t, { content_type: 'audio/mpeg' }, object);
  assert.deepEqual(await own.shown('text/html', { how: 'body' }), ['audio/mpeg', undefined]);
});

test('the route\'s own fields win over the app\'s', async (t) => {
  const s = await startAccel(t, { route: { headers: { 'Cache-Control': 'private, max-age=9', 'Content-Type': 'video/x-route',
    'X-Own': 'of the route' } } });
  s.fields = kept;
  for (const options of [{}, { headers: range(0, 9) }]) {
    const answer = await s.ask(options);
    assert.deepEqual(['cache-control', 'content-type', 'x-own', 'content-disposition'].map((name) => [answer.headers[name],
      count(answer, name)]),
      [['private, max-age=9', 1], ['video/x-route', 1], ['of the route', 1], [kept['Content-Disposition'], 1]]);
  }
});

test('fields that end at the hop do not go on', async (t) => {
  const s = await startAccel(t);
  s.fields = { Connection: 'X-Hop', 'X-Hop': '1', 'Keep-Alive': 'timeout=7', 'Proxy-Connection': 'keep-alive',
    X_Accel_Redirect: '/x', 'x-accel_redirect': '/y' };
  const { status, headers } = await s.ask();
  assert.equal(status, 200);
  for (const name of ['x-hop', 'keep-alive', 'proxy-connection', 'x_accel_redirect', 'x-accel_redirect', 'x-accel-redirect']) {
    assert.notEqual(headers[name], s.fields[name] ?? '', name);
    assert.ok(headers[name] === undefined || name === 'keep-alive', name);
  }
});

test('cors on such a route: said once, on 206, 304 and 416 too', async (t) => {
  const s = await startAccel(t, { route: { cors: { origins: ['https://app.example'], credentials: true } } });
  s.fields = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-App', Vary: 'Cookie' };
  for (const [status, headers] of [[200, {}], [206, range(0, 9)], [304, { 'If-None-Match': s.object.etag }], [416, range(size)]]) {
    const answer = await s.ask({ headers: { ...headers, Origin: 'https://app.example' } });
    assert.equal(answer.status, status);
    assert.deepEqual([answer.headers['access-control-allow-origin'], count(answer, 'access-control-allow-origin'), count(answer,
      'access-control-expose-headers')],
      ['https://app.example', 1, 1]);
    assert.match(answer.headers.vary, /Cookie/);
    assert.match(answer.headers.vary, /Origin/);
  }
});
