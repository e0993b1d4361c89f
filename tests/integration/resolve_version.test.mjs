// `resolve.version`: where the app says that the object is another now, the store is asked before any byte, however fresh the
// cached one is; and where it says the same, never.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';

const size = 300007;
const route = { name: 'files', path: '/media/{id}/raw', store: 'media', immutable: true,
  authorize: { subrequest: '/api/may-read/{id}', ttl: '0s', timeout: '5s' }, resolve: { object: '/path', version: '/data/modified_on' } };

/// The app says that its object is `s.version`.
async function startVersions(t, over = {}) {
  const s = await startStack(t, { config: { routes: [{ ...route, ...over }] }, app: { publicMedia: true, mediaObject: () => s.object } });
  s.app.mayRead = () => ({ status: 200, body: { path: 's3://media/v.mp4', data: { modified_on: s.version } } });
  s.write = (seed) => (s.object = s.origin.put('v.mp4', { seed, size }));
  s.ask = (headers = {}) => get(`${s.sluice.url}/media/17/raw`, { headers, keep: true });
  /// Asks once: whether that was a hit, and the conditions of what the store was asked.
  s.costs = async (object, what) => {
    const before = s.origin.of('v.mp4').length;
    const answer = await s.ask();
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()], what);
    return [cacheStatus(answer).hit === true, ...s.origin.of('v.mp4').slice(before).map((r) => r.headers['if-none-match'])];
  };
  return s;
}

for (const [kind, versions] of [['a text', ['2024-01-02T03:04:05Z', '2024-01-02T03:04:06Z', '2024-01-02T03:04:05Z']],
  ['a number', [1, 2, 10]]]) {
  for (const [age, over] of [['immutable', {}], ['within max_age', { immutable: false, max_age: '1h' }],
    ['within stale_while_revalidate', { immutable: false, max_age: '1ms', stale_while_revalidate: '1h' }]]) {
    test(`${kind}, ${age}: another one has the store asked first`, async (t) => {
      const s = await startVersions(t, over);
      for (const [i, version] of versions.entries()) {
        s.version = version;
        const old = s.object;
        const object = s.write(`version ${i}`);
        const [hit, condition] = await s.costs(object);
        assert.deepEqual([hit, condition], [false, old?.etag], `${version}`);
        if (age.startsWith('within stale')) continue;
        assert.deepEqual(await s.costs(object), [true], 'then it is fresh');
      }
    });
  }
}

test('the same bytes under another version cost one conditional request', async (t) => {
  const s = await startVersions(t);
  const object = s.write('one');
  for (const version of ['a', 'b', 'c']) {
    s.version = version;
    assert.equal((await s.costs(object))[0], false);
    assert.deepEqual(await s.costs(object), [true]);
  }
  assert.equal(s.origin.of('v.mp4').filter((r) => r.status === 304).length, 2);
});

test('none, or null, is no version: max_age counts', async (t) => {
  const s = await startVersions(t);
  const object = s.write('one');
  s.version = 'a';
  await s.costs(object);
  for (const version of [undefined, null, '']) {
    s.version = version;
    s.write('two');
    assert.deepEqual(await s.costs(object), [true]);
  }
  s.version = { of: 'something' };
  assert.equal((await s.ask()).headers['x-app'], 'stand-in', 'what is neither text nor number: the app answers');
});

test('after a restart it is not known: the store is asked once', async (t) => {
  const s = await startVersions(t);
  s.version = 'a';
  const object = s.write('one');
  await s.costs(object);
  assert.deepEqual(await s.costs(object), [true]);
  await s.restart();
  assert.deepEqual(await s.costs(object), [false, object.etag]);
  assert.deepEqual(await s.costs(object), [true]);
});

test('one question at a time, and none that began before the version was known answers for it', async (t) => {
  const s = await startVersions(t);
  s.version = 'a';
  const first = s.write('one');
  await s.costs(first);
  const gate = pauseGate();
  t.after(() => gate.release());
  s.origin.options.lookup = () => gate.wait().then(() => first);
  s.version = 'b'; // the store is asked, and answers as of before
  const early = s.ask();
  await gate.reached;
  s.version = 'c';
  const second = s.write('two');
  const late = Array.from({ length: 4 }, (_, i) => s.ask(range(i, i + 99)));
  await s.app.board.until(() => s.app.of('/api/may-read/17').filter((r) => r.finished).length === 6, 'all have leave');
  s.origin.options.lookup = undefined;
  gate.release();
  assert.equal((await early).sha256, first.sha256(), 'it came before');
  for (const [i, answer] of (await Promise.all(late)).entries()) {
    assert.deepEqual([answer.status, answer.sha256], [206, second.sha256(i, i + 99)]);
  }
});

test('while the store is down, nothing is served under another version', async (t) => {
  const s = await startVersions(t);
  s.version = 'a';
  const object = s.write('one');
  await s.costs(object);
  await s.origin.down();
  assert.deepEqual(await s.costs(object), [true]);
  s.version = 'b';
  const answer = await s.ask();
  assert.deepEqual([answer.status, answer.headers['x-app']], [200, 'stand-in'], 'the app serves it');
});
