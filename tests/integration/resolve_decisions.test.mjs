// Routes that resolve: decisions are a caller's and a target's own, and a DELETE takes what was resolved with it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 70001;

/// `s.says(request)`: the app's answer for a subrequest or a DELETE.
async function startFiles(t, { authorize = {}, ...over } = {}) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'files', path: '/media/{id}/raw', query: 'any', store: 'media',
      authorize: { subrequest: '/api/may-read/{id}', ttl: '10s', timeout: '2s', ...authorize }, resolve: { object: '/path' }, ...over }] },
    app: { publicMedia: false, mediaObject: () => undefined },
  });
  s.objects = {};
  for (const name of ['a', 'b']) s.objects[name] = s.origin.put(`films/${name}.mp4`, { seed: name, size });
  s.asked = () => s.app.of('/api/').filter((r) => r.method === 'GET');
  s.ask = (id = '17', headers = {}) => get(`${s.sluice.url}/media/${id}/raw`.replace(/(\?[^/]*)\/raw$/, '/raw$1'), { headers, keep: true });
  s.names = (name, headers) => ({ status: 200, body: { path: `s3://media/films/${name}.mp4` }, headers });
  s.check = (answer, name, what) => assert.deepEqual([answer.status, answer.sha256], [200, s.objects[name].sha256()], what);
  return s;
}

test('what is named for one caller is not another\'s', async (t) => {
  const s = await startFiles(t);
  s.app.mayRead = (request) => s.names(/user=ann/.test(request.headers.cookie ?? '') ? 'a' : 'b');
  for (let i = 0; i < 3; i++) {
    s.check(await s.ask('17', { Cookie: 'user=ann' }), 'a');
    s.check(await s.ask('17', { Cookie: 'user=bob' }), 'b');
  }
  assert.equal(s.asked().length, 2, 'one question for each');
  s.check(await s.ask('17', { Cookie: 'user=bob', 'X-Remote-User': 'ann' }), 'b');
  s.check(await s.ask('17', { Cookie: 'user=bob', 'X-Remote-User': 'bob' }), 'b');
  s.check(await s.ask('18', { Cookie: 'user=bob' }), 'b');
  assert.equal(s.asked().length, 5, 'another field, another value, another id: another question');
  for (const name of ['a', 'b']) assert.equal(s.origin.of(`films/${name}.mp4`).length, 1, 'and one copy of the bytes for all');
});

test('what is named for one query is not another\'s', async (t) => {
  const s = await startFiles(t);
  s.app.mayRead = (request) => s.names(/v=1$/.test(request.headers['x-original-uri']) ? 'a' : 'b');
  const ask = (query) => get(`${s.sluice.url}/media/17/raw${query}`, { keep: true });
  for (let i = 0; i < 2; i++) {
    s.check(await ask('?v=1'), 'a');
    s.check(await ask('?v=2'), 'b');
    s.check(await ask(''), 'b');
  }
  assert.deepEqual(s.asked().map((r) => [r.target, r.headers['x-original-uri']]),
    ['?v=1', '?v=2', ''].map((query) => ['/api/may-read/17', `/media/17/raw${query}`]));
});

test('HEAD and GET are asked for apart', async (t) => {
  const s = await startFiles(t);
  s.app.mayRead = (request) => (request.headers['x-original-method'] === 'GET' ? s.names('a') : { status: 403, body: {} });
  s.check(await s.ask(), 'a');
  assert.equal((await get(`${s.sluice.url}/media/17/raw`, { method: 'HEAD' })).status, 403);
  s.check(await s.ask(), 'a');
  assert.equal(s.asked().length, 2);
});

test('a decision holds for its ttl, and so does leave to nothing that can be served', async (t) => {
  const s = await startFiles(t, { authorize: { ttl: '400ms' } });
  let name = 'a';
  s.app.mayRead = () => s.names(name);
  s.check(await s.ask(), 'a');
  name = 'b';
  await poll(async () => (await s.ask()).sha256 === s.objects.b.sha256(), 'the new name');
  s.app.mayRead = () => ({ status: 200, body: {} });
  await poll(async () => (await s.ask()).headers['x-app'] === 'stand-in', 'nothing that can be served');
  s.app.mayRead = () => s.names('a');
  await poll(async () => (await s.ask()).sha256 === s.objects.a.sha256(), 'and again something');
  await s.restart({ routes: s.config.routes.map((r) => ({ ...r, authorize: { ...r.authorize, ttl: '1h' } })) });
  s.app.mayRead = () => ({ status: 200, body: {} });
  const before = s.asked().length;
  for (let i = 0; i < 3; i++) assert.equal((await s.ask()).headers['x-app'], 'stand-in');
  assert.equal(s.asked().length, before + 1);
});

test('Set-Cookie goes to its own caller: not with a kept decision, and not to those who asked at once', async (t) => {
  const s = await startFiles(t);
  const gate = pauseGate();
  t.after(() => gate.release());
  let count = 0;
  s.app.mayRead = async () => {
    await gate.wait();
    return s.names('a', { 'Set-Cookie': [`seen=${++count}`, 'other=1; HttpOnly'], 'Set-Cookie2': 'old=1' });
  };
  const alike = Array.from({ length: 10 }, () => s.ask());
  await gate.reached;
  const ann = s.ask('17', { Cookie: 'user=ann' });
  await s.app.board.until(() => s.asked().length >= 2, 'two callers');
  gate.release();
  const answers = await Promise.all(alike);
  for (const answer of answers) s.check(answer, 'a');
  const got = answers.flatMap((answer) => answer.headers['set-cookie'] ?? []).filter((cookie) => cookie.startsWith('seen='));
  const others = (await ann).headers['set-cookie'].filter((cookie) => cookie.startsWith('seen='));
  assert.equal(new Set([...got, ...others]).size, got.length + others.length, 'each cookie once');
  assert.equal(got.length, s.asked().length - 1, 'one for each question');
  const later = await s.ask();
  s.check(later, 'a');
  assert.deepEqual([later.headers['set-cookie'], later.headers['set-cookie2']], [undefined, undefined]);
});

const remove = (s, path, headers) => get(s.sluice.url + path, { method: 'DELETE', headers, keep: true });
const objects = (s, count, what) => poll(async () => (await s.sluice.metric('cache_objects')) === count,
  what ?? `${count} objects in the cache`, 5000);

/// Files 17 and 18 (or `id`) are cached, and then deleted by `path`: whether that purges `id` and it alone.
async function checkPurge(t, { id = '17', path = `/api/may-read/${id}`, status = 204, restart = false, purges = true, asks = purges, ttl = '10s' }) {
  const s = await startFiles(t, { authorize: { ttl } });
  let deleted = false;
  s.app.mayRead = (request) => {
    if (request.method === 'DELETE') {
      deleted = true;
      return { status, body: status === 204 ? '' : { status } };
    }
    return s.names(request.path.endsWith('/18') ? 'b' : 'a');
  };
  s.check(await s.ask(id), 'a');
  s.check(await s.ask('18'), 'b');
  await objects(s, 2);
  if (restart) {
    await s.restart();
    await objects(s, 2, 'both are there after the restart');
  }
  const answer = await remove(s, path);
  assert.deepEqual([answer.status, answer.headers['x-app'], deleted], [status, 'stand-in', true], "the app's own answer");
  const before = s.asked().length;
  await objects(s, purges ? 1 : 2, purges ? 'one is purged' : 'none is purged');
  const again = await s.ask(id);
  s.check(again, 'a');
  assert.equal(s.asked().length, before + (asks || restart ? 1 : 0), 'leave is asked for again where it may have changed');
  const fetched = [cacheStatus(again).hit, cacheStatus(again).fwd, s.origin.of('films/a.mp4').length];
  if (purges) assert.deepEqual(fetched, [undefined, 'miss', 2]);
  else assert.deepEqual(fetched, asks ? [undefined, 'stale', 2] : [true, undefined, 1], 'revalidated where it may have changed');
  const kept = await s.ask('18');
  s.check(kept, 'b');
  assert.equal(cacheStatus(kept).hit, true, 'the other file is kept');
}

const purging = {
  'at once': {}, 'answered with 200': { status: 200 }, 'answered with 202': { status: 202 }, 'no decision kept': { ttl: '0s' },
  'after a restart': { restart: true },
  'percent-encoded': { path: '/api/may-read/%31%37' }, 'percent-encoded, after a restart': { path: '/api/may-read/1%37', restart: true },
  'with a query': { path: '/api/may-read/17?force=true' }, 'an id with escapes': { id: 'a%20b' },
  'an id with escapes, after a restart': { id: 'a%20b', restart: true },
  'an id that is not ASCII': { id: '%C3%BC' }, 'an id escaped in another way': { id: 'x%2Dy', path: '/api/may-read/x-y' },
  'lower-case hex': { id: '%C3%BC', path: '/api/may-read/%c3%bc' },
};
for (const [what, how] of Object.entries(purging)) {
  test(`a DELETE of the subrequest's path purges the object that it named: ${what}`, (t) => checkPurge(t, how));
}
const keeping = {
  'it fails with 404': { status: 404 }, 'it fails with 403': { status: 403 }, 'it fails with 500': { status: 500 },
  'it is answered with 302': { status: 302, asks: true },
  'of another id': { path: '/api/may-read/1' }, 'of a longer path': { path: '/api/may-read/177' },
  'it fails, after a restart': { status: 404, restart: true },
};
for (const [what, how] of Object.entries(keeping)) {
  test(`a DELETE purges nothing: ${what}`, (t) => checkPurge(t, { ...how, purges: false }));
}

test('a DELETE whose answer does not come purges nothing, but the app may have done it: all is asked anew', async (t) => {
  const s = await startFiles(t);
  s.app.mayRead = () => s.names('a');
  s.check(await s.ask(), 'a');
  const answer = remove(s, '/api/may-read/17?gate=never');
  await s.app.waitFor((r) => r.method === 'DELETE', 'the DELETE');
  await s.app.down();
  assert.equal((await answer).status, 502);
  await s.app.up();
  assert.equal(await s.sluice.metric('cache_objects'), 1);
  const before = s.asked().length;
  const again = await s.ask();
  s.check(again, 'a');
  assert.deepEqual([s.asked().length, cacheStatus(again).fwd], [before + 1, 'stale']);
});
