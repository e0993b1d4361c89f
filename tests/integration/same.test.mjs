// `authorize: {same: head | first_byte}`: the app is asked for the original URL itself whether its caller may have it.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = MiB + 7;
const target = '/media/films/v.mp4?v=a%2Bb&w';

/// The stand-in app serves its media to whoever is logged in.
async function startSame(t, authorize, over = {}) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'media', path: '/media/{file*}', query: ['v', 'w'], store: 'media', object: '{file}', authorize, ...over }] },
    app: { publicMedia: false },
  });
  s.object = s.origin.put('films/v.mp4', { size });
  s.cookie = s.app.logIn();
  s.ask = (headers = { Cookie: s.cookie }, options = {}) => get(s.sluice.url + target, { headers, keep: true, ...options });
  return s;
}

/// An app of its own, which answers by `say(req, res)`. `s.asked`: the requests that it got.
async function startBare(t, authorize, over = {}) {
  const asked = [];
  const app = http.createServer((req, res) => {
    asked.push(req);
    return app.say(req, res);
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    app.closeAllConnections();
    app.close();
  });
  const s = await startStack(t, {
    config: { app: { url: `http://127.0.0.1:${app.address().port}` },
      routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize, ...over }] },
  });
  s.object = s.origin.put('v.mp4', { size });
  s.asked = asked;
  s.says = (status, headers = {}, body = '') => (app.say = (req, res) => {
    res.writeHead(status, { 'Content-Length': Buffer.byteLength(body), 'X-App': 'bare', ...headers });
    res.end(req.method === 'HEAD' ? '' : body);
  });
  s.does = (say) => (app.say = say);
  s.ask = (headers = {}, options = {}) => get(`${s.sluice.url}/media/v.mp4`, { headers, keep: true, ...options });
  return s;
}

function checkServed(s, answer, [status, first, last] = [200], what) {
  assert.deepEqual([answer.status, answer.sha256, answer.complete, answer.headers['x-app']],
    [status, s.object.sha256(first, last), true, undefined], what);
}

for (const [same, method, asks] of [['head', 'HEAD', undefined], ['first_byte', 'GET', 'bytes=0-0']]) {
  test(`${same}: the original URL is asked, and the object comes from the store`, async (t) => {
    const s = await startSame(t, { same });
    const own = { 'If-None-Match': '"x"', 'If-Range': '"y"', 'Accept-Encoding': 'gzip', 'X-Custom': 'kept', Cookie: s.cookie };
    checkServed(s, await s.ask({ ...own, ...range(5, 99) }), [200], 'If-Range names another version');
    assert.equal(s.app.requests.length, 1);
    const [asked] = s.app.requests;
    assert.deepEqual([asked.method, asked.target, asked.headers.range, asked.headers['x-custom'], asked.headers.cookie],
      [method, target, asks, 'kept', s.cookie]);
    for (const name of ['if-none-match', 'if-range', 'accept-encoding']) assert.equal(asked.headers[name], undefined, name);
    for (let i = 0; i < 10; i++) {
      checkServed(s, await s.ask({ 'X-Custom': 'kept', Cookie: s.cookie, ...range(i, i + 9) }), [206, i, i + 9]);
    }
    assert.equal(s.app.requests.length, 1, 'one decision for many ranges');
    assert.equal((await s.ask({ 'X-Custom': 'kept', Cookie: s.cookie, 'If-None-Match': s.object.etag })).status, 304);
    const head = await s.ask({ Cookie: s.cookie }, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length'], head.headers['content-type'], head.headers['x-app']],
      [200, `${size}`, 'video/mp4', undefined]);
    assert.equal(s.app.requests.at(-1).method, method);
  });

  test(`${same}: who may not have it gets the app's own answer, cold and warm`, async (t) => {
    const s = await startSame(t, { same });
    const check = async () => {
      for (const options of [{}, { method: 'HEAD' }]) {
        const refused = await s.ask(range(0, 9), options);
        assert.deepEqual([refused.status, refused.headers['x-app']], [401, 'stand-in']);
        const { headers, method: relayed } = s.app.requests.at(-1);
        assert.deepEqual([headers.range, relayed], ['bytes=0-9', options.method ?? 'GET'], 'relayed as it came');
      }
    };
    await check();
    assert.equal(s.origin.requests.length, 0);
    checkServed(s, await s.ask());
    await check();
    await s.sluice.counted(4, { route: 'media', result: 'denied', code: '401' });
  });

  test(`${same}: what may be a page for everything grants nothing, unless \`accept\` says so`, async (t) => {
    const s = await startBare(t, { same, ttl: '0s' });
    const pages = [{ 'Content-Type': 'text/html; charset=utf-8' }, { 'Content-Type': 'Text/HTML' }, { 'Content-Type': '' }, {}];
    for (const headers of pages) {
      s.says(200, headers, 'a page');
      const answer = await s.ask();
      assert.deepEqual([answer.status, `${answer.body}`, answer.headers['x-app']], [200, 'a page', 'bare'], JSON.stringify(headers));
    }
    assert.equal(s.origin.requests.length, 0);
    await s.sluice.counted(pages.length, { route: 'media', result: 'relay', code: '200' });
    assert.equal(await s.sluice.metric('requests_total', { result: 'denied' }), 0, 'it served after all');
    const warned = () => s.sluice.log.filter((line) => line.level === 'warn' && line.message.includes('is a page'));
    await poll(() => warned().length > 0, 'the warning');
    assert.deepEqual(warned().map((line) => line.route), ['media'], 'once');
    const wide = await startBare(t, { same, accept: [200], ttl: '0s' });
    for (const headers of pages) {
      wide.says(200, headers, 'a page');
      checkServed(wide, await wide.ask(), [200], JSON.stringify(headers));
    }
    wide.says(201, { 'Content-Type': 'video/mp4' });
    assert.equal((await wide.ask()).status, 201);
  });

  test(`${same}: the app's type and disposition are the object's, and what \`take\` names`, async (t) => {
    const fields = { 'Content-Type': 'image/png', 'Content-Disposition': 'attachment; filename="a.png"', 'X-Tag': '1',
      'Content-Security-Policy': 'sandbox', ETag: '"of-the-app"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' };
    const shown = async (over, route) => {
      const s = await startBare(t, { same, ...over }, route);
      s.says(200, fields, 'of the app');
      for (const state of ['asked', 'kept']) {
        const answer = await s.ask();
        checkServed(s, answer, [200], state);
        assert.equal(answer.headers.etag, s.object.etag);
        s.shown = ['content-type', 'content-disposition', 'x-tag', 'content-security-policy'].map((name) => answer.headers[name]);
      }
      assert.equal(s.asked.length, 1);
      return s.shown;
    };
    const { 'Content-Disposition': named } = fields;
    assert.deepEqual(await shown({}), ['image/png', named, undefined, 'sandbox']);
    assert.deepEqual(await shown({ take: [] }), ['video/mp4', undefined, undefined, 'sandbox']);
    assert.deepEqual(await shown({ take: ['X-Tag', 'content-type'] }), ['image/png', undefined, '1', 'sandbox']);
    assert.deepEqual(await shown({}, { content_type: 'store' }), ['video/mp4', named, undefined, 'sandbox']);
  });

  test(`${same}: Set-Cookie goes to its caller, once`, async (t) => {
    const s = await startBare(t, { same });
    s.says(200, { 'Content-Type': 'video/mp4', 'Set-Cookie': 'a=1' });
    assert.deepEqual((await s.ask()).headers['set-cookie'], ['a=1']);
    assert.equal((await s.ask()).headers['set-cookie'], undefined);
  });

  test(`${same}: an answer that varies by what the decision does not hold is asked for again`, async (t) => {
    const s = await startBare(t, { same });
    for (const [vary, asked] of [['*', 3], ['Referer', 3], ['Cookie, Accept-Encoding', 1], ['Accept', 2], ['Origin', 1]]) {
      const before = s.asked.length;
      s.says(200, { 'Content-Type': 'video/mp4', Vary: vary });
      for (const accept of ['a/b', 'a/b', 'c/d']) {
        checkServed(s, await s.ask({ 'X-Case': vary, ...(vary === 'Accept' ? { Accept: accept } : {}) }));
      }
      assert.equal(s.asked.length - before, asked, vary);
    }
  });
}

test('an app without HEAD, or that fails: its own answer, conditions and all', async (t) => {
  const s = await startBare(t, { same: 'head' });
  s.does((req, res) => {
    if (req.method === 'HEAD') res.writeHead(405, { 'Content-Length': 0 }).end();
    else if (req.headers['if-none-match'] === '"mine"') res.writeHead(304, { ETag: '"mine"' }).end();
    else res.writeHead(200, { 'Content-Type': 'video/mp4', 'Content-Length': 4 }).end('mine');
  });
  const answer = await s.ask();
  assert.deepEqual([answer.status, `${answer.body}`], [200, 'mine']);
  const same = await s.ask({ 'If-None-Match': '"mine"' });
  assert.deepEqual([same.status, same.headers.etag], [304, '"mine"']);
  await s.sluice.counted(2, { route: 'media', result: 'relay' });
  assert.equal(s.origin.requests.length, 0);
});

test('first_byte: 200 with the whole object is not read to its end', async (t) => {
  const s = await startBare(t, { same: 'first_byte', ttl: '0s' });
  for (const length of [undefined, 1024 * MiB]) {
    let closed = false;
    s.does((req, res) => {
      res.on('close', () => (closed = true));
      res.writeHead(200, { 'Content-Type': 'video/mp4', ...(length && { 'Content-Length': length }) });
      const more = () => {
        while (!res.destroyed && res.write(Buffer.alloc(64 * 1024)));
        if (!res.destroyed) res.once('drain', more);
      };
      more();
    });
    checkServed(s, await s.ask(range(1, 9)), [206, 1, 9], `${length}`);
    await poll(() => closed, 'the app is told that nobody reads it');
  }
});

test('another query matches no route', async (t) => {
  const s = await startSame(t, { same: 'head' });
  for (const query of ['?x=1', '?v=1&x=2']) {
    const answer = await get(`${s.sluice.url}/media/films/v.mp4${query}`, { headers: { Cookie: s.cookie } });
    assert.deepEqual([answer.status, answer.headers['x-app']], [200, 'stand-in'], query);
  }
  assert.equal(s.origin.requests.length, 0);
});
