// Which store an object of a template lies in: URIs in its own store or in any, keys that the app names in part, and tenants by
// host. What the app was asked for is what is fetched.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { KiB, startStack } from '../support/stack.mjs';

const size = 100 * KiB + 3;
const base64url = (text) => Buffer.from(text).toString('base64url');

/// Two stores that are parts of one bucket.
async function start(t, routes, config = {}) {
  const s = await startStack(t, { app: { publicMedia: false } });
  const store = (prefix) => ({ ...s.config.stores.media, prefix });
  await s.restart({ stores: { media: undefined, a: store('a/'), b: store('b/') }, routes, ...config });
  s.put = (key) => s.origin.put(key, { size, seed: key });
  s.cookie = s.app.logIn();
  s.ask = (target, headers = {}) => get(s.sluice.url + target, { headers: { Cookie: s.cookie, ...headers }, keep: true });
  s.asked = () => s.app.of('/api/').map((request) => request.target);
  return s;
}

function checkServed(answer, object, what) {
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, undefined, object.sha256(0, size - 1)], what);
}

async function checkRelayed(s, target, headers) {
  const before = s.origin.requests.length;
  await s.ask(target, headers);
  assert.equal(s.app.requests.at(-1).target, target, 'the app answers');
  assert.equal(s.origin.requests.length, before, target);
}

test("a URI of the route's own store, and of no other", async (t) => {
  const s = await start(t, [{ name: 'own', path: '/own', store: 'a', object: '{query.uri}', authorize: 'none' }]);
  const object = s.put('a/x y');
  s.put('b/x');
  s.put('c');
  checkServed(await s.ask('/own?uri=a%2Fx+y'), object, 'a key');
  checkServed(await s.ask('/own?uri=s3%3A%2F%2Fmedia%2Fa%2Fx%20y'), object, 'a URI');
  for (const uri of ['s3://media/b/x', 's3://media/c', 's3://other/a/x', 'b/x', 's3://media/a/../b/x', 's3://media/a/', 'gs://media/a/x',
    's3://media@evil/a/x', 's3:/media/a/x', '//media/a/x']) {
    await checkRelayed(s, `/own?uri=${encodeURIComponent(uri)}`);
  }
});

test('a URI of any store, for all of which the app is asked', async (t) => {
  const s = await start(t, [{ name: 'any', path: '/any', object: '{query.f|base64url}',
    authorize: { subrequest: '/api/may-read/any?f={query.f}' } }]);
  const [a, b] = [s.put('a/x'), s.put('b/x')];
  s.put('c');
  checkServed(await s.ask(`/any?f=${base64url('s3://media/a/x')}`), a);
  checkServed(await s.ask(`/any?f=${base64url('s3://media/b/x')}`), b);
  assert.deepEqual(s.asked(), ['a/x', 'b/x'].map((key) => `/api/may-read/any?f=${base64url(`s3://media/${key}`)}`));
  for (const uri of ['s3://media/c', 's3://other/a/x', 'a/x', 'http://127.0.0.1/a/x', 's3://media/a/../c', '/etc/passwd']) {
    await checkRelayed(s, `/any?f=${base64url(uri)}`);
  }
  assert.deepEqual(s.asked().length, 2, 'and not asked for what lies nowhere');
});

test('a prefix before what the app resolves, and a file in it', async (t) => {
  const s = await start(t, [
    { name: 'bare', path: '/bare/{id}', store: 'a', object: 'a/{resolved}', authorize: { subrequest: '/api/may-read/{id}' },
      resolve: { object: '/path' } },
    { name: 'within', path: '/within/{id}', object: '{resolved}/{query.path}', authorize: { subrequest: '/api/may-read/{id}' },
      resolve: { object: '/path' } },
  ]);
  const says = (path) => (s.app.mayRead = () => ({ status: 200, body: { path } }));
  const [a, b] = [s.put('a/x'), s.put('b/run/m/x')];
  says('x');
  checkServed(await s.ask('/bare/1'), a, 'a bare key that lies beneath the prefix only with it');
  for (const outside of ['../b/x', 's3://media/b/x/..', 'a/\0', '']) {
    says(outside);
    await checkRelayed(s, `/bare/${encodeURIComponent(outside).length + 10}`);
  }
  says('s3://media/b/run');
  checkServed(await s.ask('/within/1?path=m%2Fx'), b, 'a file of a directory');
  const other = s.put('b/run/y');
  checkServed(await s.ask('/within/1?path=y'), other, 'another file, by the same answer');
  for (const path of ['..%2Fy', '%2e%2e', 'm%2F..%2F..%2Fx', '', 'y&path=y']) await checkRelayed(s, `/within/1?path=${path}`);
});

test('a prefix before what a field of the app names', async (t) => {
  const s = await start(t, [{ name: 'accel', path: '/api/{rest*}', object: 'a/{resolved}', object_header: 'X-Accel-Redirect' }]);
  const object = s.put('a/x y');
  const names = (value) => (s.app.mayRead = () => ({ status: 200, body: 'of the app', headers: { 'X-Accel-Redirect': value } }));
  names('/a/x%20y');
  const served = await s.ask('/api/may-read/1');
  assert.deepEqual([served.status, served.sha256], [200, object.sha256(0, size - 1)]);
  for (const outside of ['/b/x', '/a/../b/x', 's3://media/c']) {
    names(outside);
    const answer = await s.ask('/api/may-read/1');
    assert.equal(answer.status, 502, outside);
  }
});

test("tenants by host: one's route never serves another", async (t) => {
  const route = (tenant) => ({ name: tenant, path: '/f/{id}', hosts: [`${tenant}.example`], store: tenant, object: `${tenant}/{id}`,
    authorize: { subrequest: '/api/may-read/{id}' } });
  const s = await start(t, [route('a'), route('b')], { trusted_proxies: ['127.0.0.0/8'] });
  const [a, b] = [s.put('a/1'), s.put('b/1')];
  checkServed(await s.ask('/f/1', { Host: 'a.example' }), a);
  checkServed(await s.ask('/f/1', { Host: 'B.example:8080' }), b);
  checkServed(await s.ask('/f/1', { Host: 'sluice', 'X-Forwarded-Host': 'b.example' }), b, 'as the proxy says');
  for (const headers of [{ Host: 'c.example' }, { Host: 'a.example', 'X-Forwarded-Host': 'b.example' },
    { Host: 'a.example', 'X-Forwarded-Host': 'c.example' }, { Host: 'a.example', 'X-Forwarded-Host': 'a.example, b.example' },
    { Host: 'a.example', Forwarded: 'for=1.2.3.4;host=b.example' }, { Host: 'sluice' }]) {
    await checkRelayed(s, '/f/1', headers);
  }
  await s.restart({ trusted_proxies: [] });
  checkServed(await s.ask('/f/1', { Host: 'a.example', 'X-Forwarded-Host': 'b.example' }), a, 'what a client forwards is nothing');
  await checkRelayed(s, '/f/1', { Host: 'sluice', 'X-Forwarded-Host': 'b.example' });
});
