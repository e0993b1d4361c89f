// The caller cannot have the app answer another question than the one that Sluice asks: fields that name another path or
// method, or that only a proxy may say, are not in requests for leave. With gunicorn, which takes SCRIPT_NAME from anybody.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { startGunicorn } from '../support/gunicorn.mjs';
import { startStack } from '../support/stack.mjs';

const size = 5000;
const target = '/media/secret/v.mp4';
const routes = [{ name: 'media', path: '/media/{course}/{file*}', store: 'media', object: '{course}/{file}',
  authorize: { subrequest: '/api/may-read/{course}', ttl: '10s', timeout: '5s' } }];

// Frameworks route by PATH_INFO: what is left of the path behind SCRIPT_NAME. Like many an API, this one says at its root
// what there is.
const wsgi = `
def application(environ, start_response):
    allowed = environ['PATH_INFO'] in ('/api/may-read/math', '', '/')
    start_response('200 OK' if allowed else '403 Forbidden', [('Content-Type', 'application/json'), ('Content-Length', '2')])
    return [b'{}']
`;

test('gunicorn: SCRIPT_NAME does not turn its 403 into a 200 with the bytes', async (t) => {
  const app = await startGunicorn(wsgi);
  t.after(() => app.stop());
  const s = await startStack(t, { config: { app: { url: app.url }, routes } });
  const secret = s.origin.put('secret/v.mp4', { size });
  const open = s.origin.put('math/v.mp4', { seed: 'math', size });
  assert.equal((await get(`${s.sluice.url}/media/math/v.mp4`)).sha256, open.sha256(), 'the app allows this one');
  const beneath = '/api/may-read/secret';
  for (const fields of [{}, { SCRIPT_NAME: beneath }, { Script_Name: beneath }, { 'SCRIPT-NAME': beneath }, { PATH_INFO: '/' },
    { SCRIPT_NAME: '/api/may-read/math' }]) {
    const answer = await get(s.sluice.url + target, { headers: { ...fields, Range: 'bytes=0-' }, keep: true });
    assert.notEqual(answer.sha256, secret.sha256(), JSON.stringify(fields));
    assert.ok(answer.status >= 400, `${answer.status} to ${JSON.stringify(fields)}`);
  }
  assert.equal(s.origin.of('secret/v.mp4').length, 0, 'nothing was fetched for them');
});

const never = ['X-Original-URL', 'X-Rewrite-URL', 'X-Override-URL', 'X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override',
  'Script-Name', 'Path-Info', 'X-Script-Name', 'X-Middleware-Subrequest'];
const proxies = ['X-Forwarded-Prefix', 'X-Forwarded-Path', 'X-Forwarded-Uri', 'X-Forwarded-Method', 'X-Forwarded-Context',
  'X-Forwarded-Server', 'X-Original-Host', 'X-Host', 'X-Envoy-Original-Path', 'X-Replaced-Path', 'X-Sendfile-Type', 'X-Accel-Mapping'];
const folded = (name) => name.toLowerCase().replaceAll('_', '-');
const spellings = (name) => [name, name.toUpperCase(), name.replaceAll('-', '_'), name.toLowerCase().replace('-', '_')];

/// Which of the names an app got, folded.
const got = (request, names) => {
  const there = request.rawHeaders.filter((_, i) => i % 2 === 0).map(folded);
  return names.filter((name) => there.includes(folded(name)));
};

async function startSteered(t, over = {}) {
  const [media] = routes;
  const asking = { ...media, authorize: { ...media.authorize, ttl: '0s' } }; // each request is asked for
  const s = await startStack(t, { config: { routes: [asking, { name: 'named', path: '/api/may-read/{id}',
    object_header: 'X-Accel-Redirect', store: 'media' }], ...over } });
  s.object = s.origin.put('secret/v.mp4', { size });
  s.app.mayRead = () => ({ status: 200, body: {} });
  s.ask = async (path, headers, options = {}) => {
    const seen = s.app.requests.length;
    const answer = await get(s.sluice.url + path, { headers: { ...headers, 'X-Kept': 'kept' }, keep: true, ...options });
    return { answer, requests: s.app.requests.slice(seen) };
  };
  return s;
}

for (const trusted of [false, true]) {
  const left = trusted ? proxies : [];
  test(`fields that steer are in no request for leave; ${trusted ? 'what a trusted proxy says is' : 'what only a proxy may say neither'}`, async (t) => {
    const s = await startSteered(t, trusted ? { trusted_proxies: ['127.0.0.0/8'] } : {});
    for (let i = 0; i < 4; i++) {
      const fields = Object.fromEntries([...never, ...proxies].map((name) => [spellings(name)[i], `value ${i}`]));
      const { answer, requests: [asked, ...more] } = await s.ask(target, fields);
      assert.equal(answer.sha256, s.object.sha256());
      assert.deepEqual([asked.path, more.length], ['/api/may-read/secret', 0]);
      assert.deepEqual(got(asked, never), [], `spelling ${i}`);
      assert.deepEqual(got(asked, proxies), left, `spelling ${i}`);
      assert.equal(asked.headers['x-kept'], 'kept');
      // The request whose answer names the object asks for leave as well.
      const { requests: [naming] } = await s.ask('/api/may-read/17', fields);
      assert.deepEqual([naming.path, got(naming, never), got(naming, proxies)], ['/api/may-read/17', [], left]);
      assert.equal(naming.headers['x-kept'], 'kept');
    }
  });
}

test('a plain relay passes them as they came', async (t) => {
  const s = await startSteered(t);
  const fields = Object.fromEntries([...never, ...proxies].map((name) => [name, 'kept']));
  for (const [path, options] of [['/headers', {}], ['/api/may-read/17', { method: 'POST' }], [target, { method: 'PUT' }]]) {
    const { requests: [relayed] } = await s.ask(path, fields, options);
    assert.deepEqual(got(relayed, [...never, ...proxies]), [...never, ...proxies], path);
  }
});

test('a refused media request reaches the app with all its fields', async (t) => {
  const s = await startSteered(t);
  s.app.mayRead = () => ({ status: 403, body: {} });
  const { requests: [asked, relayed] } = await s.ask(target, { SCRIPT_NAME: '/x', 'X-Forwarded-Prefix': '/y' });
  assert.deepEqual(got(asked, ['Script-Name', 'X-Forwarded-Prefix']), []);
  assert.deepEqual(got(relayed, ['Script-Name', 'X-Forwarded-Prefix']), ['Script-Name', 'X-Forwarded-Prefix']);
});
