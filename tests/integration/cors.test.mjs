// `cors:` of a route (Fetch §3.2): preflights, and the fields of media answers for pages of other origins.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { binary, merge, removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';

const size = 70001;
const target = '/media/v.mp4';
const page = 'https://app.example';
const own = { origins: [page, 'http://localhost:5173'], credentials: true, expose_headers: ['Server-Timing', 'X-Own'], max_age: '10m' };

async function startCors(t, { cors = own, route = {}, app = {} } = {}) {
  const s = await startStack(t, {
    config: { routes: [
      { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none', ...(cors && { cors }), ...route },
      { name: 'without', path: '/status/{file*}', store: 'media', object: '{file}', authorize: 'none' },
    ] },
    app,
  });
  s.object = s.origin.put('v.mp4', { size });
  s.ask = (headers = {}, options = {}) => get(s.sluice.url + target, { headers, keep: true, ...options });
  s.preflight = (headers = {}, at = target) => get(s.sluice.url + at, { method: 'OPTIONS', keep: true,
    headers: { Origin: page, 'Access-Control-Request-Method': 'GET', ...headers } });
  return s;
}

const ofCors = (answer) => Object.fromEntries(Object.entries(answer.headers).filter(([name]) => name.startsWith('access-control-')));
const count = (answer, name) => answer.rawHeaders.filter((one, i) => i % 2 === 0 && one.toLowerCase() === name.toLowerCase()).length;
const list = (text) => (text ?? '').toLowerCase().split(',').map((one) => one.trim()).filter(Boolean).sort();

test('a preflight for GET or HEAD is answered, without the app and without the store', async (t) => {
  const s = await startCors(t);
  for (const origin of own.origins) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await s.preflight({ Origin: origin, 'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'range, X-Custom,authorization' });
      const fields = ofCors(answer);
      assert.deepEqual([answer.status, answer.length, answer.headers['content-length'], answer.headers['content-type']], [204, 0,
        undefined, undefined]);
      assert.deepEqual([fields['access-control-allow-origin'], fields['access-control-allow-credentials'],
        fields['access-control-max-age']], [origin, 'true', '600']);
      assert.deepEqual([list(fields['access-control-allow-methods']), list(fields['access-control-allow-headers'])],
        [['get', 'head'], ['authorization', 'range', 'x-custom']]);
      assert.ok(list(answer.headers.vary).includes('origin'));
    }
  }
  const bare = await s.preflight();
  assert.deepEqual([bare.status, ofCors(bare)['access-control-allow-headers']], [204, undefined]);
  assert.deepEqual([s.app.requests.length, s.origin.requests.length], [0, 0]);
});

test('a preflight needs no leave: the request that follows does', async (t) => {
  const s = await startCors(t, { route: { authorize: { subrequest: '/api/may-read/x' } }, app: { publicMedia: false } });
  assert.equal((await s.preflight()).status, 204);
  assert.equal(s.app.requests.length, 0);
  const refused = await s.ask({ Origin: page });
  assert.deepEqual([refused.status, refused.headers['x-app'], ofCors(refused)], [401, 'stand-in', {}],
    "the app's own answer, with the app's own fields");
});

test('a preflight from elsewhere, or that asks for what is no field, is allowed nothing', async (t) => {
  const s = await startCors(t);
  const origins = ['https://evil.example', 'null', 'http://app.example', 'https://app.example:8443',
    'https://app.example.evil.example', 'https://xapp.example',
    'HTTPS://APP.EXAMPLE', 'https://app.example/', '*', ''];
  for (const origin of origins) {
    const answer = await s.preflight({ Origin: origin, 'Access-Control-Request-Headers': 'range' });
    assert.deepEqual([answer.status, ofCors(answer)], [204, {}], origin);
    assert.ok(list(answer.headers.vary).includes('origin'), origin);
  }
  for (const asked of ['range, a b', 'x:y', '(', Array.from({ length: 50 }, (_, i) => `x-${i}`).join(',')]) {
    const answer = await s.preflight({ 'Access-Control-Request-Headers': asked });
    assert.deepEqual([answer.status, ofCors(answer)], [204, {}], asked.slice(0, 40));
  }
  assert.equal(s.app.requests.length, 0);
});

test('every other OPTIONS is the app\'s', async (t) => {
  const s = await startCors(t);
  const rows = [
    ['another method is asked for', { 'Access-Control-Request-Method': 'PUT' }], ['DELETE', { 'Access-Control-Request-Method': 'DELETE' }],
    ['in lower case it is another method', { 'Access-Control-Request-Method': 'get' }], ['two methods',
      { 'Access-Control-Request-Method': ['GET', 'GET'] }],
    ['no such field', { 'Access-Control-Request-Method': undefined }], ['no Origin', { Origin: undefined }],
    ['another query', {}, `${target}?x=1`], ['a path that is no media path', {}, '/media/a%2Fb'], ['no route', {}, '/headers'],
      ['a route without cors', {}, '/status/200'],
  ];
  for (const [what, headers, at = target] of rows) {
    s.app.forget();
    const fields = Object.fromEntries(Object.entries({ Origin: page, 'Access-Control-Request-Method': 'GET',
      ...headers }).filter(([, value]) => value !== undefined));
    const answer = await get(s.sluice.url + at, { method: 'OPTIONS', headers: fields });
    const relayed = s.app.requests.filter((r) => r.method === 'OPTIONS' && r.target === at);
    assert.equal(relayed.length, 1, what);
    assert.equal(relayed[0].headers.origin, fields.Origin, what);
    assert.deepEqual([answer.headers['x-app'] ?? 'stand-in', ofCors(answer)], ['stand-in', {}], what);
  }
  const withBody = await s.ask({ Origin: page, 'Access-Control-Request-Method': 'GET', 'Content-Length': '1' }, { method: 'OPTIONS',
    body: 'x' });
  assert.notEqual(withBody.status, 204);
});

test('200, 206, 304, 412, 416 and HEAD: who may read, what is exposed, each field once', async (t) => {
  const s = await startCors(t);
  const kinds = [[200, {}], [206, range(0, 9)], [304, { 'If-None-Match': s.object.etag }], [412, { 'If-Match': '"other"' }], [416,
    range(size)], [200, {}, { method: 'HEAD' }]];
  for (const state of ['cold', 'warm']) {
    for (const [status, headers, options] of kinds) {
      const answer = await s.ask({ ...headers, Origin: page }, options);
      const what = `${state} ${status}`;
      assert.equal(answer.status, status, what);
      assert.ok(cacheStatus(answer), what);
      const fields = ofCors(answer);
      assert.deepEqual(Object.keys(fields).sort(), ['access-control-allow-credentials', 'access-control-allow-origin',
        'access-control-expose-headers'], what);
      assert.deepEqual([fields['access-control-allow-origin'], fields['access-control-allow-credentials']], [page, 'true'], what);
      for (const name of ['Content-Range', 'Content-Length', 'Accept-Ranges', 'ETag', 'Server-Timing', 'X-Own']) {
        assert.equal(list(fields['access-control-expose-headers']).filter((one) => one === name.toLowerCase()).length, 1,
          `${what}: ${name}`);
      }
      for (const name of [...Object.keys(fields), 'Vary']) assert.equal(count(answer, name), 1, `${what}: ${name}`);
      assert.deepEqual(list(answer.headers.vary), ['origin'], what);
    }
  }
});

test('without an Origin, or with another: no leave to read, but the same bytes, and Vary all the same', async (t) => {
  const s = await startCors(t);
  for (const headers of [{}, { Origin: 'https://evil.example' }, { Origin: 'null' }]) {
    for (const [status, more] of [[200, {}], [206, range(0, 9)], [304, { 'If-None-Match': s.object.etag }], [416, range(size)]]) {
      const answer = await s.ask({ ...headers, ...more });
      assert.deepEqual([answer.status, ofCors(answer), list(answer.headers.vary)], [status, {}, ['origin']], JSON.stringify(headers));
    }
  }
});

test('two origins, one cache: each gets its own field', async (t) => {
  const s = await startCors(t);
  for (const origin of [...own.origins, ...own.origins]) {
    const answer = await s.ask({ Origin: origin });
    assert.deepEqual([ofCors(answer)['access-control-allow-origin'], answer.sha256], [origin, s.object.sha256()]);
  }
  assert.equal(s.origin.requests.length, 1);
});

test('origins: ["*"]: the same answer for all, so no Vary, and never with credentials', async (t) => {
  const s = await startCors(t, { cors: { origins: ['*'] } });
  for (const headers of [{ Origin: page }, { Origin: 'null' }, { Origin: 'https://other.example', Cookie: 'a=1' }]) {
    for (const [status, more] of [[200, {}], [206, range(0, 9)], [416, range(size)]]) {
      const answer = await s.ask({ ...headers, ...more });
      const fields = ofCors(answer);
      assert.deepEqual([answer.status, fields['access-control-allow-origin'], fields['access-control-allow-credentials'],
        answer.headers.vary],
        [status, '*', undefined, undefined]);
    }
  }
  const answer = await s.preflight({ 'Access-Control-Request-Headers': 'range' });
  assert.deepEqual([answer.status, ofCors(answer)['access-control-allow-origin'],
    ofCors(answer)['access-control-allow-credentials'], ofCors(answer)['access-control-max-age']],
    [204, '*', undefined, '3600']);
});

test('credentials only where they are configured', async (t) => {
  const s = await startCors(t, { cors: { origins: [page] } });
  for (const answer of [await s.ask({ Origin: page }), await s.preflight()]) {
    assert.deepEqual([ofCors(answer)['access-control-allow-origin'], ofCors(answer)['access-control-allow-credentials']], [page,
      undefined]);
  }
});

test('without `cors` a route says nothing of it, and the app answers preflights', async (t) => {
  const s = await startCors(t, { cors: null });
  const answer = await s.ask({ Origin: page });
  assert.deepEqual([answer.status, ofCors(answer), answer.headers.vary], [200, {}, undefined]);
  await s.preflight();
  assert.equal(s.app.of(target).length, 1);
});

test('the app\'s own CORS on what it grants is not doubled; on what it refuses it is left alone', async (t) => {
  const s = await startCors(t, { route: { authorize: { subrequest: '/api/may-read/x', ttl: '10s' } } });
  const said = { 'Access-Control-Allow-Origin': page, 'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'X-App', Vary: 'Origin, Cookie' };
  s.app.mayRead = () => ({ status: 200, body: {}, headers: said });
  for (const [status, more] of [[200, {}], [206, range(0, 9)], [304, { 'If-None-Match': s.object.etag }], [416, range(size)], [200, {}]]) {
    const answer = await s.ask({ Origin: page, ...more });
    assert.equal(answer.status, status);
    for (const name of Object.keys(ofCors(answer))) assert.equal(count(answer, name), 1, name);
    assert.deepEqual([ofCors(answer)['access-control-allow-origin'], [...new Set(list(answer.headers.vary))]], [page, ['cookie',
      'origin']]);
  }
  // A media request that the app answers itself: here because the store does not have the object.
  s.app.options.mediaObject = () => s.object;
  const relayed = await get(`${s.sluice.url}/media/not-in-the-store.mp4`, { headers: { Origin: page } });
  assert.deepEqual([relayed.status, relayed.headers['x-app'], ofCors(relayed)], [200, 'stand-in', {}], 'what the app says, no more');
});

test('impossible settings are refused by `check`', async (t) => {
  const s = await startCors(t);
  const directory = temporaryDirectory('cors');
  t.after(() => removeDirectory(directory));
  const file = path.join(directory, 'sluice.yaml');
  const check = (cors, headers) => {
    const [route] = s.config.routes;
    fs.writeFileSync(file, JSON.stringify(merge(s.config, { routes: [{ ...route, cors, ...(headers && { headers }) }] }), null, 1));
    const { status, stdout, stderr } = spawnSync(binary, ['check', '--config', file], { encoding: 'utf8', timeout: 30000 });
    return [status, stdout + stderr];
  };
  assert.equal(check(own)[0], 0);
  const faults = [{ origins: ['*'], credentials: true }, { origins: [] }, {}, { origins: ['*', page] }, { origins: [`${page}/`] },
    { origins: ['app.example'] },
    { origins: ['https://App.Example'] }, { origins: ['https://app.example:443'] }, { origins: ['null'] },
      { origins: ['https://*.example'] },
    { origins: [page], expose_headers: ['*'] }, { origins: [page], expose_headers: ['a b'] }, { origins: [page], max_age: 600 },
      { origins: [page], methods: ['GET'] }];
  for (const cors of faults) {
    const [status, said] = check(cors);
    assert.equal(status, 1, JSON.stringify(cors));
    assert.match(said, /sluice\.yaml:\d+:\d+: .*cors/, JSON.stringify(cors));
  }
  assert.equal(check(own, { 'Access-Control-Allow-Origin': '*' })[0], 1, 'and the same field in headers');
});
