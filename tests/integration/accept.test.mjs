// `authorize.accept`: the statuses that grant, in place of the default rule; and answers that take their time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { get, open } from '../support/client.mjs';
import { binary, merge, removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { startStack } from '../support/stack.mjs';
import { within } from '../support/wait.mjs';

const size = 70001;
const target = '/media/v.mp4';
const mediaRoute = (authorize = {}) => ({ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}',
  authorize: { subrequest: '/api/may-read/x', ttl: '0s', timeout: '500ms', ...authorize } });
const resolvedRoute = (authorize = {}) => ({ name: 'resolved', path: '/media/{id}', authorize: { subrequest: '/api/may-read/{id}',
  ttl: '0s', ...authorize },
  resolve: { object: '/path' } });

async function startGate(t, route, over = {}) {
  const s = await startStack(t, { config: { routes: [route], ...over }, app: { publicMedia: true, mediaObject: () => s.object } });
  s.object = s.origin.put('v.mp4', { size });
  /// Whether Sluice serves the object where the app's answer is this; else the app answers the request itself.
  s.grants = async (status, { type = 'application/json', body = JSON.stringify({ path: 's3://media/v.mp4' }), headers } = {}) => {
    s.app.mayRead = () => ({ status, body: Buffer.from([204, 205].includes(status) ? '' : body), headers: { 'Content-Type': type,
      ...headers } });
    const answer = await get(s.sluice.url + target, { keep: true });
    assert.deepEqual([answer.status, answer.sha256], [200, s.object.sha256()]);
    return answer.headers['x-app'] === undefined;
  };
  return s;
}

const others = [201, 202, 203, 204, 206, 226, 299, 300, 302, 400, 401, 403, 404, 407, 418, 429, 500, 503, 599];

test('without `accept`: 200 that is no page, and 204', async (t) => {
  const s = await startGate(t, mediaRoute());
  assert.equal(await s.grants(200), true);
  for (const type of ['text/html', 'TEXT/HTML', 'text/html;charset=utf-8', 'text/html ; x',
    'text/html-like']) assert.equal(await s.grants(200, { type }), false, type);
  for (const type of ['text/plain', 'application/xhtml+xml', 'x',
    'application/json; note="text/html"']) assert.equal(await s.grants(200, { type }), true, type);
  for (const status of others) assert.equal(await s.grants(status), status === 204, `${status}`);
});

test('with `accept`: exactly these statuses, whatever the type', async (t) => {
  const s = await startGate(t, mediaRoute({ accept: [200] }));
  assert.deepEqual([await s.grants(200), await s.grants(200, { type: 'text/html' })], [true, true]);
  for (const status of others) assert.equal(await s.grants(status), false, `${status}: 204 is not in the list`);
});

test('with `accept`: 200 is no exception', async (t) => {
  const s = await startGate(t, mediaRoute({ accept: [202, 206, 299] }));
  for (const status of [200, ...others]) assert.equal(await s.grants(status, { type: 'text/html' }), [202, 206,
    299].includes(status), `${status}`);
  assert.equal((await s.sluice.metrics()).sum('authorize_total', { route: 'media', result: 'granted' }), 3);
});

test('with `accept` on a route that resolves: the body must name the object all the same', async (t) => {
  const s = await startGate(t, resolvedRoute({ accept: [201, 206] }));
  assert.deepEqual([await s.grants(201), await s.grants(206), await s.grants(201, { type: 'application/vnd.api+json' })], [true, true,
    true]);
  for (const type of ['text/html', 'text/plain', 'application/octet-stream']) assert.equal(await s.grants(201, { type }), false, type);
  assert.deepEqual([await s.grants(200), await s.grants(202), await s.grants(204), await s.grants(401)], [false, false, false, false]);
  assert.deepEqual([await s.grants(201, { body: '{}' }), await s.grants(201, { body: '<html>' }), await s.grants(201,
    { body: '' })], [false, false, false]);
});

test('what `accept` lets in is kept and donates as any other leave; what it leaves out is a HEAD\'s answer', async (t) => {
  const s = await startGate(t, mediaRoute({ accept: [202], ttl: '10s' }));
  assert.equal(await s.grants(202, { headers: { 'X-Frame-Options': 'DENY' } }), true);
  const kept = await get(s.sluice.url + target);
  assert.deepEqual([kept.headers['x-frame-options'], s.app.of('/api/').length], ['DENY', 1]);
  s.app.mayRead = () => ({ status: 200, body: Buffer.from('not this one'), headers: { 'X-Why': 'accept' } });
  const refused = await get(s.sluice.url + target, { method: 'HEAD' });
  assert.deepEqual([refused.status, refused.headers['x-why'], refused.headers['content-length'], refused.length], [200, 'accept', '12', 0]);
});

test('a log-in page that is negotiated as JSON grants by the default rule, and not where more is required', async (t) => {
  // To who asks for JSON, the app describes its log-in form with 200.
  const form = { status: 200, body: { log_in: { user: 'text', password: 'password' } }, headers: { 'X-Form': 'log-in' } };
  const s = await startGate(t, mediaRoute());
  const granted = async () => {
    s.app.mayRead = (request) => (/json/.test(request.headers.accept ?? '') ? form : { status: 302, headers: { Location: '/log-in' } });
    const answer = await get(s.sluice.url + target, { headers: { Accept: 'application/json' } });
    return answer.headers['x-app'] === undefined;
  };
  assert.equal(await granted(), true);
  for (const require of [{ header: { 'X-May-Read': 'yes' } }, { status: 204 }, { content_type: 'text/plain' }]) {
    await s.restart({ routes: [mediaRoute({ require })] });
    assert.equal(await granted(), false, JSON.stringify(require));
  }
  await s.restart({ routes: [mediaRoute({ require: { header: { 'x-may-read': 'yes' }, content_type: 'application/json' } })] });
  assert.equal(await s.grants(200, { headers: { 'X-May-Read': 'yes' } }), true);
  assert.equal(await s.grants(200, { headers: { 'X-May-Read': 'no' } }), false);
  assert.equal(await s.grants(200, { headers: { 'X-May-Read': ['yes', 'yes'] } }), false, 'twice');
  assert.equal(await s.grants(200, { headers: { 'X-May-Read': 'yes' }, type: 'text/plain' }), false);
  assert.equal(await s.grants(200, { headers: { 'X-May-Read': 'yes' }, type: 'Application/JSON; charset=utf-8' }), true);
});

test('a route that resolves wants JSON, whatever else the type says', async (t) => {
  const s = await startGate(t, resolvedRoute());
  for (const type of ['application/json', 'application/json; charset=utf-8', 'application/hal+json']) {
    assert.equal(await s.grants(200, { type }), true, type);
  }
  for (const type of ['text/plain', 'text/html', 'application/octet-stream', 'text/json-like']) assert.equal(await s.grants(200, { type }), false, type);
});

test('lists that cannot be meant are refused by `check`', async (t) => {
  const s = await startGate(t, mediaRoute());
  const directory = temporaryDirectory('accept');
  t.after(() => removeDirectory(directory));
  const file = path.join(directory, 'sluice.yaml');
  const check = (route) => {
    fs.writeFileSync(file, JSON.stringify(merge(s.config, { routes: [route] }), null, 1));
    const { status, stdout, stderr } = spawnSync(binary, ['check', '--config', file], { encoding: 'utf8', timeout: 30000 });
    return [status, stdout + stderr];
  };
  for (const accept of [[200], [200, 204], [299], [204]]) assert.equal(check(mediaRoute({ accept }))[0], 0, `${accept}`);
  const faults = [[], [199], [300], [401], [404], ['2xx'], ['ok'], [-200], [200.5], [[200]], [{ a: 1 }], [200, 200], 200, 'any', {}];
  for (const accept of faults) {
    const [status, said] = check(mediaRoute({ accept }));
    assert.equal(status, 1, JSON.stringify(accept));
    assert.match(said, /sluice\.yaml:\d+:\d+: .*accept/, JSON.stringify(accept));
  }
  for (const accept of [[204], [200, 205]]) assert.equal(check(resolvedRoute({ accept }))[0], 1, 'no body to resolve from');
  assert.equal(check(resolvedRoute({ accept: [200, 201] }))[0], 0);
  assert.equal(check({ name: 'w', preset: 'open-webui', store: 'media', authorize: { accept: [200] } })[0], 1, 'a preset says it itself');
});

/// An app whose subrequest's answer has a body that never ends: the head at once, then a byte now and then.
async function startDripping(t, status) {
  const app = http.createServer((req, res) => {
    if (!req.url.startsWith('/api/')) return res.end('own answer');
    res.writeHead(status, { 'Content-Type': 'application/json' }).write('{');
    const drip = setInterval(() => res.write(' '), 50);
    res.on('close', () => clearInterval(drip));
    return undefined;
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    app.closeAllConnections();
    return new Promise((resolve) => app.close(resolve));
  });
  return startGate(t, mediaRoute(), { app: { url: `http://127.0.0.1:${app.address().port}` } });
}

for (const [status, what] of [[200, 'leave'], [401, 'a refusal']]) {
  for (const method of ['GET', 'HEAD']) {
    test(`${method}: ${what} whose body never ends is not waited for beyond authorize.timeout`, async (t) => {
      const s = await startDripping(t, status);
      const exchange = open(s.sluice.url + target, { method, keep: true });
      t.after(() => exchange.abort());
      const { status: answered } = await within(exchange.head, 'an answer (authorize.timeout is 500 ms)', 5000);
      assert.equal(answered, status === 401 && method === 'HEAD' ? 401 : 200);
      if (status === 401 && method === 'GET') assert.equal(`${(await exchange.done).body}`, 'own answer');
    });
  }
}
