// No byte without leave: the authorisation subrequest, what it carries, what it grants, how long it holds.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = MiB + 7;
const target = '/media/course-1/v.mp4';

async function startGate(t, { authorize = {}, route = {}, ...over } = {}) {
  const s = await startStack(t, {
    config: {
      routes: [{ name: 'media', path: '/media/{course}/{file*}', store: 'media', object: '{course}/{file}',
        authorize: { subrequest: '/api/may-read/{course}', ttl: '10s', timeout: '2s', ...authorize }, ...route }],
      ...over,
    },
    app: { publicMedia: false },
  });
  s.object = s.origin.put('course-1/v.mp4', { size });
  s.cookie = s.app.logIn();
  s.ask = (headers = { Cookie: s.cookie }, path = target) => get(s.sluice.url + path, { headers, keep: true });
  s.asked = () => s.app.of('/api/');
  return s;
}

/// Served by Sluice, whole and right.
function checkServed(s, answer, [first, last] = [0, size - 1]) {
  assert.equal(answer.headers['x-app'], undefined);
  assert.deepEqual([answer.status, answer.complete, answer.sha256],
    [answer.headers['content-range'] ? 206 : 200, true, s.object.sha256(first, last)]);
}

test('leave first: without a cookie the app refuses, cold and warm', async (t) => {
  const s = await startGate(t);
  const check = async () => {
    const refused = await s.ask({});
    assert.deepEqual([refused.status, JSON.parse(refused.body)], [401, { detail: 'Not authenticated' }]);
    assert.equal(refused.headers['x-app'], 'stand-in', "the app's own answer");
    const wrong = await s.ask({ Cookie: 'session=0123' });
    assert.equal(wrong.status, 401);
    const conditional = await s.ask({ 'If-None-Match': s.object.etag });
    assert.equal(conditional.status, 401, 'leave before preconditions');
    const beyond = await s.ask({ ...range(size + 5) });
    assert.equal(beyond.status, 401, 'leave before ranges');
  };
  await check();
  assert.equal(s.origin.requests.length, 0, 'nothing was fetched for them');
  checkServed(s, await s.ask());
  checkServed(s, await s.ask({ Cookie: s.cookie, ...range(5, 99) }), [5, 99]);
  await check();
  assert.ok(await s.sluice.metric('authorize_total', { route: 'media' }) > 0);
  await s.sluice.counted(8, { route: 'media', result: 'denied' });
});

test('the subrequest: its method, path and fields', async (t) => {
  const s = await startGate(t);
  const fields = {
    Cookie: s.cookie, Authorization: 'Bearer abc', 'X-Custom': 'kept', Range: 'bytes=0-9', 'If-Range': '"x"',
    'If-None-Match': '"y"', 'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT', 'Accept-Encoding': 'gzip',
    'X-Original-URI': '/forged', 'X-Original-Method': 'FORGED', 'X_Original_URI': '/forged-too', Accept: 'video/*',
    'User-Agent': 'a player',
  };
  await s.ask(fields, '/media/course-1/a%20b%2B.mp4');
  const [sub] = s.asked();
  assert.deepEqual([sub.method, sub.target], ['GET', '/api/may-read/course-1']);
  for (const name of ['range', 'if-range', 'if-none-match', 'if-modified-since', 'accept-encoding', 'content-length', 'transfer-encoding']) {
    assert.equal(sub.headers[name], undefined, name);
  }
  assert.equal(sub.headers['x-original-method'], 'GET');
  assert.equal(sub.headers['x-original-uri'], '/media/course-1/a%20b%2B.mp4', 'raw');
  assert.equal(sub.rawHeaders.filter((name) => /^x[-_]original[-_]uri$/i.test(name)).length, 1);
  assert.deepEqual([sub.headers.cookie, sub.headers.authorization, sub.headers['x-custom']], [s.cookie, 'Bearer abc', 'kept']);
  assert.equal(sub.headers.host, new URL(s.sluice.url).host, 'Host as it came');
  // The relayed request (here: of an object that the store does not have) does not carry forged fields either.
  for (const request of s.app.requests) {
    for (let i = 1; i < request.rawHeaders.length; i += 2) assert.ok(!/forged/i.test(request.rawHeaders[i]), request.rawHeaders[i - 1]);
  }
});

test('the capture goes raw into the subrequest, decoded once into the key', async (t) => {
  const s = await startGate(t);
  const object = s.origin.put('ü 1/x%41.mp4', { seed: 'odd', size: 1000 });
  const answer = await s.ask({ Cookie: s.cookie }, '/media/%C3%BC%201/x%2541.mp4');
  assert.equal(answer.sha256, object.sha256());
  assert.equal(s.asked()[0].target, '/api/may-read/%C3%BC%201');
});

const refusals = [
  ['401', { status: 401, body: { detail: 'no' } }],
  ['403', { status: 403, body: { detail: 'no' } }],
  ['404', { status: 404, body: { detail: 'no' } }],
  ['500', { status: 500, body: 'broken' }],
  ['302', { status: 302, headers: { Location: '/login' } }],
  ['200 with HTML', { status: 200, body: '<html>the catch-all page</html>' }],
  ['200 with HTML in capitals', { status: 200, body: 'x', headers: { 'Content-Type': 'Text/HTML; charset=utf-8' } }],
  ['206', { status: 206, body: {} }],
  ['no answer in time', 'silent'],
];

for (const [what, own] of refusals) {
  test(`${what} does not grant: the app answers the original request`, async (t) => {
    const s = await startGate(t, { authorize: { timeout: '500ms' } });
    s.app.mayRead = () => own;
    const headers = { Cookie: 'session=none', ...range(0, 9), 'X-Trace': 'kept' };
    const answer = await s.ask(headers, `${target}`);
    assert.equal(answer.status, 401, "the app's answer to the media request itself");
    assert.equal(answer.headers['x-app'], 'stand-in');
    const relayed = s.app.of(target);
    assert.equal(relayed.length, 1);
    assert.deepEqual([relayed[0].headers.range, relayed[0].headers['x-trace']], ['bytes=0-9', 'kept'], 'relayed as it came');
    assert.equal(s.origin.requests.length, 0);
    s.app.mayRead = undefined;
    checkServed(s, await s.ask(), [0, size - 1]);
  });
}

test('the app down: 502, and nothing cached leaves', async (t) => {
  const s = await startGate(t, { authorize: { ttl: '0s' } });
  checkServed(s, await s.ask());
  await s.app.down();
  const answer = await s.ask();
  assert.ok([502, 503, 504].includes(answer.status), `${answer.status}`);
  assert.notEqual(answer.sha256, s.object.sha256());
});

test('a policy of the endpoint that decides is not the object\'s, unless the route says so', async (t) => {
  const headers = { 'Content-Security-Policy': "default-src 'none'", 'Content-Security-Policy-Report-Only': 'sandbox',
    'Referrer-Policy': 'no-referrer', 'X-Tag': 'of the app', 'Content-Disposition': 'attachment' };
  const shown = async (route) => {
    const s = await startGate(t, { route });
    s.app.mayRead = () => ({ status: 200, body: {}, headers });
    for (const state of ['asked', 'cached decision']) {
      const answer = await s.ask();
      checkServed(s, answer);
      assert.equal(answer.headers['referrer-policy'], 'no-referrer', `${state}: what middleware adds to everything`);
      s.last = Object.keys(headers).filter((name) => answer.headers[name.toLowerCase()] === headers[name]);
    }
    return s.last;
  };
  assert.deepEqual(await shown({}), ['Referrer-Policy']);
  assert.deepEqual(await shown({ allowed_app_headers: ['Content-Security-Policy', 'x-tag', 'Content-Disposition'] }),
    ['Content-Security-Policy', 'Referrer-Policy', 'X-Tag', 'Content-Disposition']);
});

test('204 grants where nothing is resolved', async (t) => {
  const s = await startGate(t);
  s.app.mayRead = () => ({ status: 204, body: '' });
  checkServed(s, await s.ask());
});

test('a decision holds for its ttl, for its caller and its path', async (t) => {
  const s = await startGate(t);
  for (let i = 0; i < 10; i++) checkServed(s, await s.ask({ Cookie: s.cookie, ...range(i * 10, i * 10 + 5) }), [i * 10, i * 10 + 5]);
  assert.equal(s.asked().length, 1, 'one subrequest for many ranges');
  const other = s.app.logIn();
  checkServed(s, await s.ask({ Cookie: other }));
  assert.equal(s.asked().length, 2, 'another cookie, another decision');
  await s.ask({ Cookie: s.cookie, Authorization: 'Bearer x' });
  assert.equal(s.asked().length, 3, 'another Authorization, another decision');
  await s.ask({ Cookie: s.cookie, 'X-User': 'someone' });
  assert.equal(s.asked().length, 4, 'any field that was sent counts');
  s.origin.put('course-1/w.mp4', { size: 10 });
  await s.ask({ Cookie: s.cookie }, '/media/course-1/w.mp4');
  assert.equal(s.asked().length, 5, 'another target, another decision');
  await s.ask({ Cookie: s.cookie, 'User-Agent': 'other', Accept: 'a/b', Referer: 'http://r/', 'If-None-Match': '"z"' });
  assert.equal(s.asked().length, 5, 'these do not count');
});

test('a field that names the user is sent and decides, whatever its name looks like', async (t) => {
  const names = ['Accept-Mail', 'Referer', 'X-Request-Id', 'If-User', 'Content-User'];
  const s = await startGate(t, { trusted_proxies: ['127.0.0.0/8'], strip_request_headers: names });
  for (const name of names) {
    s.app.forget();
    for (const user of ['ann', 'bob', 'ann']) await s.ask({ Cookie: s.cookie, [name]: user });
    assert.deepEqual(s.asked().map((r) => r.headers[name.toLowerCase()]), ['ann', 'bob'], name);
  }
});

test('a refusal is not kept longer than a grant, and a grant not past its ttl', async (t) => {
  const s = await startGate(t, { authorize: { ttl: '400ms' } });
  checkServed(s, await s.ask());
  s.app.sessions.clear();
  const answer = await poll(async () => {
    const one = await s.ask();
    return one.status === 200 ? undefined : one;
  }, 'the grant ends');
  assert.equal(answer.status, 401);
});

test('ttl 0s: asked each time', async (t) => {
  const s = await startGate(t, { authorize: { ttl: '0s' } });
  for (let i = 0; i < 4; i++) checkServed(s, await s.ask());
  assert.equal(s.asked().length, 4);
  s.app.sessions.clear();
  assert.equal((await s.ask()).status, 401, 'at once');
});

test('identical subrequests at once are one; others are not', async (t) => {
  const s = await startGate(t);
  const gate = pauseGate();
  t.after(() => gate.release());
  s.app.mayRead = async () => {
    await gate.wait();
    return undefined;
  };
  const alike = Array.from({ length: 20 }, () => s.ask());
  await gate.reached;
  const other = s.ask({ Cookie: s.app.logIn() });
  const none = s.ask({});
  await s.app.board.until(() => s.asked().length === 3, 'three different callers are asked for');
  gate.release();
  for (const answer of await Promise.all(alike)) checkServed(s, answer);
  checkServed(s, await other);
  assert.equal((await none).status, 401);
  assert.equal(s.asked().length, 3);
});

/// One worker, and an app that holds its subrequests until `gate.release()`.
async function startHeld(t) {
  const s = await startGate(t, { authorize: { timeout: '5m' }, workers: 1 });
  const gate = pauseGate();
  t.after(() => gate.release());
  s.app.mayRead = async () => {
    await gate.wait();
    return { status: 200, body: {} };
  };
  const begin = async (path) => {
    const client = await connect(s.sluice.port);
    t.after(() => client.destroy());
    await client.send(`GET ${path} HTTP/1.1\r\nHost: app\r\nCookie: ${s.cookie}\r\n\r\n`);
    return client;
  };
  const ask = async (path) => {
    const seen = s.asked().length;
    return [await begin(path), await s.app.board.until(() => s.asked()[seen], 'the subrequest')];
  };
  const isGivenUp = async (subrequest) => {
    await s.app.board.until(() => subrequest.finished, 'Sluice lets go of the app');
    assert.ok(subrequest.aborted);
  };
  const leave = async ([client, subrequest]) => {
    client.destroy();
    await isGivenUp(subrequest);
  };
  return { s, gate, begin, ask, isGivenUp, leave };
}

test('a subrequest whose client has left is given up, but not while others wait for it', async (t) => {
  const { s, gate, begin, ask, leave } = await startHeld(t);
  await leave(await ask(target));
  const [leader, shared] = await ask(target); // asked anew
  const follower = await begin(target);
  const alone = await ask('/media/course-2/v.mp4');
  leader.destroy();
  await leave(alone); // one worker, one look at all: it has seen that the leader has left
  assert.equal(shared.finished, false);
  gate.release();
  const answer = await follower.response();
  assert.deepEqual([answer.status, answer.body.length], [200, size]);
  assert.equal(s.asked().length, 3, 'the follower asked nothing');
  assert.equal(s.app.requests.filter((r) => r.path.startsWith('/media/')).length, 0, 'and the app answers nobody who has left');
});

test('a subrequest is given up where those who joined it leave after the first', async (t) => {
  const { s, begin, ask, isGivenUp, leave } = await startHeld(t);
  const [leader, shared] = await ask(target);
  const followers = [await begin(target), await begin(target)];
  const alone = await ask('/media/course-2/v.mp4');
  leader.destroy();
  await leave(alone); // the leader has left, and they still wait
  assert.equal(shared.finished, false);
  for (const each of followers) each.destroy();
  await isGivenUp(shared);
  assert.equal(s.asked().length, 2);
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('authorize_total'), 0, 'nobody was there for an outcome');
});

test('a DELETE that succeeds drops decisions and bytes; one that is refused neither', async (t) => {
  const s = await startGate(t);
  checkServed(s, await s.ask());
  checkServed(s, await s.ask());
  assert.equal(s.asked().length, 1);
  s.app.sessions.add('00');
  const deleted = await get(s.sluice.url + target, { method: 'DELETE', headers: { Cookie: s.cookie } });
  assert.equal(deleted.status, 204);
  s.object = s.origin.put('course-1/v.mp4', { seed: 'after the DELETE', size });
  const answer = await s.ask();
  assert.equal(s.asked().length, 2, 'asked again');
  checkServed(s, answer);
  s.app.sessions.clear();
  const refused = await get(s.sluice.url + target, { method: 'DELETE', headers: { Cookie: s.cookie } });
  assert.equal(refused.status, 401);
  checkServed(s, await s.ask());
  assert.equal(s.asked().length, 2, 'nothing was done, so nothing is asked anew');
});

test('a decision asked for while a DELETE passes is not kept', async (t) => {
  const s = await startGate(t);
  const gate = pauseGate();
  t.after(() => gate.release());
  s.app.mayRead = async () => {
    await gate.wait();
    return { status: 200, body: { may_read: true } };
  };
  const early = s.ask();
  await gate.reached;
  assert.equal((await get(s.sluice.url + target, { method: 'DELETE', headers: { Cookie: s.cookie } })).status, 204);
  gate.release();
  await early;
  s.app.mayRead = undefined;
  s.app.sessions.clear();
  assert.equal((await s.ask()).status, 401);
});

test('Set-Cookie of a subrequest goes to its caller once', async (t) => {
  const s = await startGate(t);
  s.app.mayRead = () => ({ status: 200, body: {}, headers: { 'Set-Cookie': 'seen=1' } });
  const first = await s.ask();
  checkServed(s, first);
  assert.deepEqual(first.headers['set-cookie'], ['seen=1']);
  const second = await s.ask();
  assert.equal(second.headers['set-cookie'], undefined);
  assert.equal(cacheStatus(second).hit, true);
});
