// Templates that reach real keys: parts of segments, the rest before other segments, parameters, slices and filters; and what
// is authorised stays what is fetched, whatever a client writes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { KiB, cacheStatus, startStack } from '../support/stack.mjs';

const size = 300 * KiB + 7;

/// One route, whose subrequest the app allows as it allows `/api/may-read/…`.
async function start(t, route, keys) {
  const s = await startStack(t, {
    config: { routes: [{ name: 'templates', store: 'media', ...route }] },
    app: { publicMedia: false },
  });
  s.objects = Object.fromEntries(keys.map((key) => [key, s.origin.put(key, { size, seed: key })]));
  s.cookie = s.app.logIn();
  s.ask = (target, headers = { Cookie: s.cookie }) => get(s.sluice.url + target, { headers, keep: true });
  s.asked = () => s.app.of('/api/').map((request) => request.target);
  return s;
}

function checkServed(s, answer, key) {
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, undefined, s.objects[key].sha256(0, size - 1)], key);
}

/// The app answers, and nobody was asked for leave or bytes.
async function checkRelayed(s, target) {
  const before = [s.asked().length, s.origin.requests.length];
  const answer = await s.ask(target);
  assert.equal(cacheStatus(answer), undefined, target);
  assert.equal(s.app.requests.at(-1).target, target, 'as it came');
  assert.deepEqual([s.asked().length, s.origin.requests.length], before, target);
}

test('a part of a segment, and segments before others', async (t) => {
  const s = await start(t, {
    path: '/v2/{name*}/blobs/sha256:{hex}.{kind}', object: 'blobs/{hex[0:2]|lower}/{hex|lower}/{kind}',
    authorize: { subrequest: '/api/may-read/blobs?repository={name}&digest={hex}' },
  }, ['blobs/ab/abcd/tar']);
  const target = '/v2/team/a%20b/blobs/sha256:ABcd.tar';
  for (const result of ['miss', 'hit']) {
    const answer = await s.ask(target);
    checkServed(s, answer, 'blobs/ab/abcd/tar');
    assert.ok(cacheStatus(answer)[result === 'hit' ? 'hit' : 'fwd'], result);
  }
  assert.deepEqual(s.asked(), ['/api/may-read/blobs?repository=team%2Fa%20b&digest=ABcd']);
  assert.equal((await s.ask(target, {})).status, 404, 'without a cookie the app answers');
  for (const other of ['/v2/blobs/sha256:ABcd.tar', '/v2/team/blobs/sha256:ABcd', '/v2/team/blobs/sha256:A.tar',
    '/v2/team/blobs/sha512:ABcd.tar', '/v2/team/blobs/sha256:ABcd.tar/',
    '/v2/team%2Fx/blobs/sha256:ABcd.tar', '/v2/team/blobs/sha256:...tar', '/v2/team/blobs/sha256:%C3%A9.tar']) {
    await checkRelayed(s, other);
  }
});

test('parameters: captured, forwarded, and in the subrequest', async (t) => {
  const s = await start(t, {
    path: '/get-artifact', object: 'runs/{query.path}',
    authorize: { subrequest: '/api/may-read/runs?path={query.path}', forward_query: ['token'] },
  }, ['runs/a/b c&d.mp4', 'runs/%2e']);
  checkServed(s, await s.ask('/get-artifact?path=a%2Fb+c%26d.mp4&token=x%41&token=y'), 'runs/a/b c&d.mp4');
  checkServed(s, await s.ask('/get-artifact?p%61th=%252e'), 'runs/%2e');
  assert.deepEqual(s.asked(), ['/api/may-read/runs?path=a%2Fb%20c%26d.mp4&token=x%41&token=y', '/api/may-read/runs?path=%252e']);
  for (const query of ['', '?path', '?path=', '?path=a&path=a', '?path=a&p%61th=b', '?path=a&PATH=b', '?path=a&path[]=b',
    '?path=a&x=1', '?path=..%2Fa', '?path=a%2F..%2Fb', '?path=%2e%2e', '?path=a%00', '?path=a%0A', '?path=%FF', '?path=%zz',
    '?path=a;path=b', '?token=1']) {
    await checkRelayed(s, `/get-artifact${query}`);
  }
});

test('a decision for one value of a parameter is none for another', async (t) => {
  const s = await start(t, {
    path: '/get', object: '{query.path}', authorize: { subrequest: '/api/may-read/one?path={query.path}', ttl: '1m' },
  }, ['mine', 'yours']);
  s.app.mayRead = ({ target }) => (target.endsWith('path=mine') ? undefined : { status: 403, body: 'no' });
  checkServed(s, await s.ask('/get?path=mine'), 'mine');
  checkServed(s, await s.ask('/get?path=mine'), 'mine');
  const refused = await s.ask('/get?path=yours');
  assert.notEqual(refused.sha256, s.objects.yours.sha256(0, size - 1));
  assert.equal(refused.headers['x-app'] !== undefined || refused.status === 404, true, "the app's own answer");
  assert.deepEqual(s.asked(), ['/api/may-read/one?path=mine', '/api/may-read/one?path=yours']);
});

test('base64url in a parameter', async (t) => {
  const s = await start(t, {
    path: '/data', object: '{query.f|base64url}', authorize: { subrequest: '/api/may-read/f?f={query.f}' },
  }, ['a/é?>.mp4']);
  const encoded = Buffer.from('a/é?>.mp4').toString('base64url');
  checkServed(s, await s.ask(`/data?f=${encoded}`), 'a/é?>.mp4');
  checkServed(s, await s.ask(`/data?f=${encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')}`), 'a/é?>.mp4');
  for (const text of ['../x', 'a/../b', 'a\0', 'a\n']) await checkRelayed(s, `/data?f=${Buffer.from(text).toString('base64url')}`);
  for (const bad of ['gA', 'YWJ', 'Y', 'YWJ*', 'YWJj%2B', 'YWJj%2F']) await checkRelayed(s, `/data?f=${bad}`);
});

test('an unsafe method on such a path has its object revalidated', async (t) => {
  const s = await start(t, {
    path: '/echo/{id}.bin', object: 'x/{id}', authorize: { subrequest: '/api/may-read/{id}' },
  }, ['x/1']);
  checkServed(s, await s.ask('/echo/1.bin'), 'x/1');
  s.objects['x/1'] = s.origin.put('x/1', { size, seed: 'another' });
  await get(`${s.sluice.url}/echo/1.bin`, { method: 'POST', headers: { Cookie: s.cookie } });
  checkServed(s, await s.ask('/echo/1.bin'), 'x/1');
});
