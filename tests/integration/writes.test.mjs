// What an app writes through Sluice is seen by the next request, whichever way its object came: by a path or by the path that
// the app was asked for, named in its answer or in a field, pointed at by a Location. Other files: unsafe_methods.test.mjs (which
// answers count), deletes.test.mjs (what is under way meanwhile).
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';

const size = 100001;
const subrequest = (path) => ({ authorize: { subrequest: path, ttl: '1m', timeout: '5s' } });

/// A route, the path by which its object 17 is got, and those that a write may name it by.
const kinds = {
  'a template': { route: { path: '/media/{id}/raw', store: 'media', object: '{id}.mp4', ...subrequest('/api/may-read/all') },
    path: '/media/17/raw', names: ['/media/17/raw'] },
  'a template, by the path that the app is asked for': {
    route: { path: '/media/{id}/raw', store: 'media', object: '{id}.mp4', ...subrequest('/api/may-read/{id}') },
    path: '/media/17/raw', names: ['/api/may-read/17', '/media/17/raw'] },
  'an answer that resolves': {
    route: { path: '/media/{id}/raw', store: 'media', resolve: { object: '/path' }, ...subrequest('/api/may-read/{id}') },
    path: '/media/17/raw', names: ['/api/may-read/17', '/media/17/raw'] },
  'an answer that resolves, of a path that is the same for all': {
    route: { path: '/media/{id}/raw', store: 'media', resolve: { object: '/path' }, ...subrequest('/api/may-read/all') },
    path: '/media/17/raw', names: ['/media/17/raw'] },
  'a field': { route: { path: '/{rest*}', object_header: 'X-Accel-Redirect' }, path: '/api/may-read/17', names: ['/api/may-read/17'] },
};

/// `s.ask()`: the object; `s.write(seed)`: it is another at the store; `s.do(method, path)`: the app answers `s.unsafe()`.
async function startWrites(t, { route, path }, over = {}) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'r', immutable: true, ...route }], ...over },
    app: { publicMedia: true, mediaObject: () => s.object },
  });
  s.write = (seed) => (s.object = s.origin.put('17.mp4', { seed, size }));
  s.unsafe = () => ({ status: 200, body: {} });
  const named = 's3://media/17.mp4';
  s.app.mayRead = (request) => (request.method === 'GET'
    ? { status: 200, headers: { 'X-Accel-Redirect': named }, body: { path: named } } : s.unsafe(request));
  s.ask = (options = {}) => get(s.sluice.url + path, { keep: true, ...options });
  s.do = (method, target, options = {}) => get(s.sluice.url + target, { method, keep: true, ...options });
  s.has = async (object, what) => {
    const answer = await s.ask();
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()], what);
    assert.ok(cacheStatus(answer) && cacheStatus(answer).fwd !== 'bypass', `${what}: ${answer.headers['cache-status']}`);
    return cacheStatus(answer);
  };
  await s.has(s.write('one'));
  assert.equal((await s.has(s.object)).hit, true);
  return s;
}

for (const [kind, how] of Object.entries(kinds)) {
  for (const name of how.names) {
    test(`${kind}: a write to ${name} is seen by the next request`, async (t) => {
      const s = await startWrites(t, how);
      for (const [i, method] of ['PUT', 'POST', 'PATCH'].entries()) {
        s.write(`${method} ${i}`);
        assert.equal((await s.do(method, name)).status, 200);
        assert.notEqual((await s.has(s.object, method)).hit, true, method);
        assert.equal((await s.has(s.object)).hit, true, 'then it is a hit');
      }
      const fetched = s.origin.of('17.mp4').length;
      await s.restart();
      assert.equal((await s.has(s.object)).hit, true);
      await s.do('PUT', name);
      await s.restart();
      await s.has(s.object);
      assert.deepEqual(s.origin.of('17.mp4').slice(fetched).map((r) => r.headers['if-none-match']), [s.object.etag],
        'and known to be written after a restart');
    });

    test(`${kind}: a DELETE of ${name} purges`, async (t) => {
      const s = await startWrites(t, how);
      assert.ok((await s.do('DELETE', name)).status < 300);
      assert.equal(await s.sluice.metric('cache_objects'), 0);
      assert.equal((await s.has(s.object)).fwd, 'miss');
    });
  }
}

for (const [kind, how] of Object.entries(kinds)) {
  test(`${kind}: what was written is not served stale while the store is down`, async (t) => {
    const s = await startWrites(t, how, { cache: { stale_if_error: '1h', stale_while_revalidate: '1h' } });
    await s.do('PUT', how.names[0]);
    await s.origin.down();
    const answer = await s.ask();
    assert.notEqual(cacheStatus(answer)?.fwd, 'stale', `${answer.status} ${answer.headers['cache-status']}`);
    assert.notEqual(cacheStatus(answer)?.hit, true);
  });
}

test('an answer that points at another path of this host has that revalidated, with Content-Location too', async (t) => {
  for (const kind of ['a template', 'an answer that resolves', 'a field']) {
    const how = kinds[kind];
    const s = await startWrites(t, how);
    const at = (value) => ({ Location: value });
    const rows = [
      [201, at(how.path)], [303, at(`${s.sluice.url}${how.path}?x=1`)], [200, { 'Content-Location': how.path }],
      [200, at(`https://127.0.0.1:${s.sluice.port}${how.path}/`)],
    ];
    for (const [status, headers] of rows) {
      s.unsafe = () => ({ status, headers, body: {} });
      s.write(JSON.stringify([kind, status, headers]));
      assert.equal((await s.do('POST', '/api/may-read/elsewhere')).status, status);
      await s.has(s.object, `${kind} ${status} ${JSON.stringify(headers)}`);
    }
    for (const [status, headers] of [[403, at(how.path)], [201, at(`http://other.example${how.path}`)], [201, at('/elsewhere')]]) {
      s.unsafe = () => ({ status, headers, body: {} });
      await s.do('POST', '/api/may-read/elsewhere');
      assert.equal((await s.has(s.object)).hit, true, `${kind} ${status} ${JSON.stringify(headers)}`);
    }
    s.unsafe = () => ({ status: 204, headers: at(how.path) });
    await s.do('DELETE', '/api/may-read/elsewhere');
    assert.equal(await s.sluice.metric('cache_objects'), 1, 'what a DELETE points at is not what it deleted');
  }
});

test('a field: what was asked for before a write, and comes after it, is not kept as it is', async (t) => {
  const how = kinds['a field'];
  const s = await startWrites(t, how);
  await s.do('DELETE', how.path);
  const gate = pauseGate();
  t.after(() => gate.release());
  const before = s.write('two');
  s.origin.options.lookup = () => gate.wait().then(() => before);
  const early = s.ask();
  await gate.reached;
  const after = s.write('three');
  await s.do('PUT', how.path);
  s.origin.options.lookup = undefined;
  gate.release();
  assert.equal((await early).sha256, before.sha256(), 'it was under way');
  await s.has(after);
});

test('what only the operator knows: a write to a path of the API changes what another path gets', async (t) => {
  const how = kinds['an answer that resolves, of a path that is the same for all'];
  const s = await startWrites(t, how, { invalidate: { '/api/may-read/{id}': ['/media/{id}/raw', '/x'] } });
  for (const path of ['/api/may-read/17', '/api/may-read/17?x=1']) {
    s.write(path);
    assert.equal((await s.do('PATCH', path)).status, 200);
    await s.has(s.object, path);
    assert.equal((await s.has(s.object)).hit, true);
  }
  for (const [path, status] of [['/api/may-read/18', 200], ['/api/may-read/17', 403]]) {
    s.unsafe = () => ({ status, body: {} });
    await s.do('PATCH', path);
    assert.equal((await s.has(s.object)).hit, true, `${path} ${status}`);
  }
  s.unsafe = () => ({ status: 204 });
  await s.do('DELETE', '/api/may-read/17');
  assert.equal(await s.sluice.metric('cache_objects'), 0, 'what a DELETE maps to is purged');
});
