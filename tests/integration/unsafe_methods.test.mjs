// What an unsafe request does to what is cached and kept: only what the app did, and only to what the request names. Other
// files: deletes.test.mjs (what is under way meanwhile), resolve_decisions.test.mjs (which names a DELETE purges).
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { startWebui, contentOf } from '../support/open_webui_stack.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 100001;
const byTemplate = { name: 'media', path: '/media/{course}/{file*}', store: 'media', object: '{course}/{file}',
  authorize: { subrequest: '/api/may-read/{course}', ttl: '1m', timeout: '5s' } };
const byAnswer = { name: 'files', path: '/media/{id}/raw', store: 'media', resolve: { object: '/path' },
  authorize: { subrequest: '/api/may-read/{id}', ttl: '1m', timeout: '5s' } };
const kinds = [['a template', byTemplate], ['an answer that resolves', byAnswer]];

/// Objects 1 and 2 and leave for them, cached and kept. `s.unsafe`: the app's answer to what is unsafe.
async function startUnsafe(t, route = byAnswer, over = {}) {
  const s = await startStack(t, { config: { routes: [route], ...over }, app: { publicMedia: false, mediaObject: () => undefined } });
  const resolves = route === byAnswer;
  s.objects = { 1: s.origin.put('1/v.mp4', { seed: 'one', size }), 2: s.origin.put('2/v.mp4', { seed: 'two', size }) };
  s.unsafe = () => ({ status: 204 });
  s.gates = [];
  t.after(() => s.gates.forEach((gate) => gate.release()));
  s.gate = () => {
    s.gates.push(pauseGate());
    return s.gates.at(-1);
  };
  s.app.mayRead = (request, id) => (request.method === 'GET' ? { status: 200, body: { path: `s3://media/${id}/v.mp4` } }
    : s.unsafe(request));
  s.path = (id) => `/api/may-read/${id}`;
  s.ask = (id, headers = {}) => get(`${s.sluice.url}/media/${resolves ? `${id}/raw` : `${id}/v.mp4`}`, { headers, keep: true });
  s.do = (method, path, options = {}) => get(s.sluice.url + path, { method, keep: true, ...options });
  s.asked = (id) => s.app.of(`/api/may-read/${id}`).filter((r) => r.method === 'GET').length;
  s.fetched = (id) => s.origin.of(`${id}/v.mp4`);
  /// Asks for it once more: which questions that took.
  s.costs = async (id) => {
    const [asked, fetched] = [s.asked(id), s.fetched(id).length];
    const answer = await s.ask(id);
    assert.deepEqual([answer.status, answer.complete, answer.sha256, answer.headers['x-app']],
      [200, true, s.objects[id].sha256(), undefined]);
    const origin = s.fetched(id).slice(fetched).map((r) => (r.headers['if-none-match'] ? 'conditional' : 'plain'));
    return { leave: s.asked(id) - asked, origin, hit: cacheStatus(answer).hit === true };
  };
  for (const id of ['1', '2']) await s.costs(id);
  for (const id of ['1', '2']) assert.deepEqual(await s.costs(id), nothing, 'all is there');
  return s;
}

const nothing = { leave: 0, origin: [], hit: true };
const once = { leave: 1, origin: ['conditional'], hit: false };

for (const [kind, route] of kinds) {
  // What a route's template makes a key of is named by the medium's path, what the app named by the path that it was asked for.
  const named = route === byTemplate ? '/media/1/v.mp4' : '/api/may-read/1';
  const answers = async (s, status) => {
    s.unsafe = () => ({ status, headers: { Location: '/elsewhere' } });
    if (route === byTemplate) s.app.options.publicMedia = status < 400; // the stand-in's media answer 204, 401 or 404
  };

  test(`${kind}: a 2xx to a method that is not DELETE has it revalidated once, and no other`, async (t) => {
    const s = await startUnsafe(t, route);
    for (const method of ['POST', 'PUT', 'PATCH']) {
      if (route === byTemplate) s.app.options.mediaObject = () => s.objects[1];
      await answers(s, 200);
      const answer = await s.do(method, named);
      assert.equal(answer.status, 200, method);
      assert.deepEqual(await s.costs('1'), once, `${method}: exactly one conditional request, one for leave`);
      assert.deepEqual([await s.costs('1'), await s.costs('2')], [nothing, nothing], `${method}: then hits, and the other untouched`);
    }
    assert.equal(await s.sluice.metric('cache_objects'), 2, 'nothing was evicted');
  });

  test(`${kind}: 4xx and 5xx change nothing`, async (t) => {
    const s = await startUnsafe(t, route);
    for (const method of ['DELETE', 'POST', 'PUT']) {
      for (const status of route === byTemplate ? [401] : [400, 401, 403, 404, 409, 500, 503]) {
        await answers(s, status);
        assert.equal((await s.do(method, named)).status, status);
        assert.deepEqual(await s.costs('1'), nothing, `${method} ${status}`);
      }
    }
  });
}

test('a 3xx to an unsafe method has it revalidated once, and evicts nothing', async (t) => {
  const s = await startUnsafe(t);
  for (const method of ['DELETE', 'POST']) {
    for (const status of [302, 307]) {
      s.unsafe = () => ({ status, headers: { Location: '/login' } });
      assert.equal((await s.do(method, s.path(1))).status, status);
      assert.deepEqual(await s.costs('1'), once, `${method} ${status}`);
      assert.deepEqual([await s.costs('1'), await s.costs('2')], [nothing, nothing]);
    }
  }
});

test('safe methods change nothing, whatever the answer', async (t) => {
  const s = await startUnsafe(t);
  s.unsafe = () => ({ status: 204 });
  for (const method of ['OPTIONS', 'HEAD']) await s.do(method, s.path(1));
  assert.deepEqual(await s.costs('1'), nothing);
});

test('an answer that never came has it revalidated once', async (t) => {
  const s = await startUnsafe(t);
  for (const method of ['DELETE', 'POST']) {
    s.unsafe = () => 'silent';
    const answer = s.do(method, s.path(1));
    await s.app.waitFor((r) => r.method === method, method);
    await s.app.down();
    assert.equal((await answer).status, 502);
    await s.app.up();
    assert.deepEqual(await s.costs('1'), once, method);
    assert.deepEqual([await s.costs('1'), await s.costs('2')], [nothing, nothing]);
  }
});

test('what did not reach the app whole changes nothing', async (t) => {
  const s = await startUnsafe(t);
  for (const framing of ['Content-Length: 10\r\n\r\n123', 'Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n']) {
    s.unsafe = () => 'silent';
    const seen = s.app.requests.length;
    const client = await connect(s.sluice.port);
    await client.send(`DELETE ${s.path(1)} HTTP/1.1\r\nHost: app\r\n${framing}`);
    const request = await s.app.waitFor((r) => r.id > seen && r.method === 'DELETE', 'the DELETE');
    client.destroy();
    await s.app.board.until(() => request.finished, 'Sluice lets go of the app');
    assert.deepEqual([await s.costs('1'), await s.costs('2')], [nothing, nothing]);
  }
});

test('an open DELETE switches off nothing: not for others, not for what it names, until it is answered', async (t) => {
  const s = await startUnsafe(t);
  const gate = s.gate();
  s.unsafe = async () => {
    await gate.wait();
    return { status: 204 };
  };
  const deleting = s.do('DELETE', s.path(1));
  await gate.reached;
  for (let i = 0; i < 20; i++) {
    assert.equal((await s.ask('2', range(i, i + 10))).status, 206);
    assert.equal((await s.ask('1', range(i, i + 10))).status, 206);
  }
  assert.deepEqual([s.asked('1'), s.asked('2')], [1, 1], 'nobody was asked');
  const ann = { Cookie: 'user=ann' };
  for (let i = 0; i < 3; i++) await s.ask('2', ann);
  assert.equal(s.asked('2'), 2, 'what is asked meanwhile is kept');
  gate.release();
  assert.equal((await deleting).status, 204);
  assert.deepEqual(await s.costs('1'), { leave: 1, origin: ['plain'], hit: false }, 'deleted');
  assert.deepEqual(await s.costs('2'), nothing);
  await s.ask('2', ann);
  assert.equal(s.asked('2'), 2);
});

test('a request beneath a path drops leave for that and has its object revalidated; one above or beside it does nothing', async (t) => {
  for (const [, route] of kinds) {
    const s = await startUnsafe(t, route);
    Object.assign(s.app.options, { publicMedia: true, mediaObject: () => s.objects[1] }); // the stand-in answers 200
    const medium = route === byTemplate ? '/media/1/v.mp4' : '/media/1/raw';
    for (const path of ['/media/1', '/media', '/media/1/other', `${medium}2`, '/media/2', '/health', '/']) {
      assert.ok((await s.do('POST', path)).status < 300, path);
      assert.deepEqual([await s.costs('1'), await s.costs('2')], [nothing, nothing], path);
    }
    for (const path of [`${medium}/update`, `${medium}/a/b/?x=1`, medium.replace('1', '%31') + '/x', `${medium}/`]) {
      assert.equal((await s.do('POST', path)).status, 200, path);
      const { leave, origin } = await s.costs('1');
      assert.deepEqual([leave, origin], [1, ['conditional']], path);
      assert.deepEqual([await s.costs('1'), await s.costs('2')], [nothing, nothing], path);
    }
  }
});

test('one thing purged does not turn the misses of others into a bypass', async (t) => {
  const s = await startUnsafe(t);
  s.origin.put('3/v.mp4', { seed: 'three', size });
  const gate = s.gate();
  s.origin.options.lookup = (key) => (key === '3/v.mp4' ? gate.wait() : Promise.resolve()).then(() => s.origin.objects.get(key));
  const miss = s.ask('3');
  await gate.reached;
  assert.equal((await s.do('DELETE', s.path(1))).status, 204);
  const purged = await s.sluice.purge({ uris: ['s3://media/2/v.mp4'] });
  assert.deepEqual(JSON.parse(purged.body), { purged: 1 });
  gate.release();
  const answer = await miss;
  assert.deepEqual([answer.status, cacheStatus(answer).fwd, cacheStatus(answer).stored], [200, 'miss', true]);
  assert.equal(cacheStatus(await s.ask('3')).hit, true, 'it was stored');
});

test('preset: a DELETE of all files that is cut short, without a login, takes nothing', async (t) => {
  const s = await startWebui(t);
  const ann = s.user('ann');
  const headers = s.session(ann);
  const files = [await s.upload({ owner: ann, name: 'a.mp4' }), await s.upload({ owner: ann, name: 'b.mp4' })];
  for (const file of files) assert.equal((await s.through(contentOf(file), { headers })).sha256, file.sha256());
  const gate = s.app.hold((r) => r.method === 'DELETE');
  for (const path of ['/api/v1/files/all', `/api/v1/files/${files[0].id}`]) {
    const seen = s.app.requests.length;
    const client = await connect(s.sluice.port);
    await client.send(`DELETE ${path} HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\n123`);
    await s.app.board.until(() => s.app.requests.length > seen, 'the DELETE');
    const request = s.app.requests.at(-1);
    client.destroy();
    await s.app.board.until(() => request.finished || request.aborted, 'Sluice lets go of the app');
  }
  gate.release();
  for (const file of files) {
    const asked = s.asked(file).length;
    const answer = await s.through(contentOf(file), { headers });
    assert.deepEqual([answer.sha256, cacheStatus(answer).hit, s.asked(file).length - asked], [file.sha256(), true, 0]);
  }
  assert.equal(await s.sluice.metric('cache_objects'), 2);
});

test('a question that is the same for all objects names none of them: what is done there drops nobody\'s leave', async (t) => {
  const fixed = { ...byTemplate, authorize: { ...byTemplate.authorize, subrequest: '/api/may-read/all' } };
  const s = await startStack(t, { config: { routes: [fixed] }, app: { publicMedia: false, mediaObject: () => undefined } });
  s.origin.put('1/v.mp4', { seed: 'one', size });
  s.app.mayRead = (r) => (r.method === 'GET' ? { status: 200, body: {} } : { status: 302, headers: { Location: '/log-in' } });
  const ask = async () => assert.equal((await get(`${s.sluice.url}/media/1/v.mp4`)).status, 200);
  await ask();
  await ask();
  await get(`${s.sluice.url}/api/may-read/all`, { method: 'POST' });
  await ask();
  assert.equal(s.app.of('/api/may-read/all').filter((r) => r.method === 'GET').length, 1);
});

test('marks that come while an object is revalidated are for those who come after them', async (t) => {
  const s = await startUnsafe(t);
  s.unsafe = () => ({ status: 303, headers: { Location: '/elsewhere' } });
  const mark = () => s.do('POST', s.path('1'));
  const leaves = () => s.sluice.metric('sluice_authorize_total', { route: 'files' });
  await mark();
  const before = s.fetched('1').length;
  const gate = s.gate();
  s.origin.options.lookup = (key) => gate.wait().then(() => s.origin.objects.get(key));
  const had = await leaves();
  const readers = Array.from({ length: 6 }, () => s.ask('1'));
  await gate.reached; // one asks the store
  await poll(async () => (await leaves()) === had + readers.length, 'all others have leave, and wait for it');
  for (let i = 0; i < 3; i++) await mark();
  gate.release();
  for (const answer of await Promise.all(readers)) {
    assert.deepEqual([answer.status, answer.sha256, answer.headers['x-app']], [200, s.objects[1].sha256(), undefined]);
  }
  assert.equal(s.fetched('1').length - before, 1, 'one answer of the store serves all who waited for it');
  assert.deepEqual(await s.costs('1'), once, 'and who comes later asks for what changed meanwhile');
});
