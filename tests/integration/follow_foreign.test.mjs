// Routes with `follow`: a URL that another key signed is proved by the store, at a cloud's own endpoint, where a bucket's name is
// one bucket for everybody. The cloud's name leads to a store of this test, through a proxy.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { makeCertificate, startConnectProxy } from '../support/connect_proxy.mjs';
import { Origin } from '../support/origin.mjs';
import { checkSignature, presign } from '../support/sigv4.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';

const size = 300007;
const key = 'films/v.mp4';
const path = '/api/may-read/v';
const host = 's3.us-east-1.amazonaws.com';
const keys = { AKTEST: 'secret', AKAPP: 'of the app' };

/// Sluice has AKTEST, the app signs with AKAPP; the store knows both.
async function start(t, follow = {}) {
  const proxy = await startConnectProxy();
  t.after(() => proxy.close());
  const directory = temporaryDirectory('tls');
  t.after(() => removeDirectory(directory));
  const { caFile, ...tls } = makeCertificate(directory, [`DNS:${host}`]);
  const accessKeyOf = (r) => /Credential=([A-Z]+)/.exec(decodeURIComponent(r.target))?.[1];
  const origin = await new Origin({ tls, authorize: (r) => checkSignature(r,
    { accessKey: accessKeyOf(r), secretKey: keys[accessKeyOf(r)] ?? 'unknown', region: 'us-east-1' }) }).listen();
  const endpoint = `https://${host}:${origin.port}`;
  origin.credentials = { access_key_id: 'AKTEST', secret_access_key: keys.AKTEST };
  const s = await startStack(t, {
    origin,
    config: { stores: { media: { endpoint, ca_file: caFile } },
      routes: [{ name: 'films', path: '/api/{rest*}', query: 'any', follow }] },
    env: { HTTPS_PROXY: proxy.url(), https_proxy: '', NO_PROXY: '', no_proxy: '' },
  });
  s.object = origin.put(key, { size });
  s.signed = (how = {}) => presign({ endpoint, bucket: 'media', key, accessKey: 'AKAPP', secretKey: keys.AKAPP, ...how });
  s.redirects = (location) => (s.app.mayRead = () => ({ status: 302, headers: { Location: location }, body: 'of the app' }));
  s.ask = (headers = {}, options = {}) => get(s.sluice.url + path, { headers, keep: true, ...options });
  /// Requests of the store by the app's key: {method, range}.
  s.proofs = () => origin.requests.filter((r) => r.target.includes('AKAPP')).map((r) => [r.method, r.range]);
  return s;
}

test('the store is asked with that very URL for one byte, once a kept decision; the object is fetched by the own key', async (t) => {
  const s = await start(t);
  const location = s.signed();
  s.redirects(location);
  for (const _ of [1, 2, 3]) {
    const answer = await s.ask(range(5, 99));
    assert.deepEqual([answer.status, answer.sha256], [206, s.object.sha256(5, 99)]);
  }
  assert.deepEqual(s.proofs(), [['GET', 'bytes=0-0']]);
  assert.equal(`${s.origin.url.replace(/\/\/.*:/, `//${host}:`)}${s.origin.requests[0].target}`, location, 'byte for byte');
  assert.equal(s.origin.requests[0].headers.authorization, undefined);
  assert.ok(s.origin.requests.slice(1).every((r) => r.target.includes('AKTEST')));
  s.redirects(s.signed({ method: 'HEAD' }));
  const head = await s.ask({}, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.etag, s.proofs().at(-1)], [200, s.object.etag, ['HEAD', undefined]]);
});

test('without a kept decision it is asked each time, hits too', async (t) => {
  const s = await start(t, { ttl: '0s' });
  s.redirects(s.signed());
  for (let i = 1; i <= 3; i++) {
    assert.equal((await s.ask()).sha256, s.object.sha256());
    assert.equal(s.proofs().length, i);
  }
  assert.equal(cacheStatus(await s.ask()).hit, true);
});

test('what the store does not honour passes as it came', async (t) => {
  const s = await start(t, { ttl: '10m' });
  const evil = s.origin.put('secret/v.mp4', { seed: 9, size });
  for (const location of [s.signed({ secretKey: 'guess' }), s.signed({ accessKey: 'AKEVIL', secretKey: 'evil', key: 'secret/v.mp4' }),
    s.signed().replace('films', 'secret'), s.signed({ key: 'films/none.mp4' })]) {
    s.redirects(location);
    for (const _ of [1, 2]) {
      const answer = await s.ask();
      assert.deepEqual([answer.status, answer.headers.location, `${answer.body}`, answer.headers['cache-status']],
        [302, location, 'of the app', undefined]);
      assert.notEqual(answer.sha256, evil.sha256());
    }
  }
  assert.ok(s.origin.requests.every((r) => !r.target.includes('AKTEST')), 'nothing was fetched');
  // The own key id with another secret is forged: that needs no asking.
  const asked = s.origin.requests.length;
  s.redirects(s.signed({ accessKey: 'AKTEST', secretKey: 'guess' }));
  assert.deepEqual([(await s.ask()).status, s.origin.requests.length], [302, asked]);
});

test('a store that is down says nothing: the redirect passes', async (t) => {
  const s = await start(t);
  const location = s.signed();
  s.redirects(location);
  await s.origin.down();
  const answer = await s.ask();
  assert.deepEqual([answer.status, answer.headers.location], [302, location]);
});
