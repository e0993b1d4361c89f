// HTTPS_PROXY: stores and identity services over TLS are reached through it, by their names; metadata services, the app and
// whatever NO_PROXY names are not. The names here exist in no DNS (RFC 6761 §6.2), so that nothing else leads there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { startCloud } from '../support/cloud_stack.mjs';
import { makeCertificate, startConnectProxy } from '../support/connect_proxy.mjs';
import { keepSecret } from '../support/secrets.mjs';
import { binary, removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { MiB } from '../support/stack.mjs';

const size = 3 * MiB + 7;
const user = 'sluice';
const password = 'p@ss:wörd/100%';

/// Azure's services behind a proxy: the blob service over TLS at blob.test, Entra (where it is asked) at login.test. `env`
/// is laid over the variables of the proxy; `host`: where the blob service is said to be.
async function start(t, identity, { proxy: options = { user, password }, proxyUrl, env = {}, host = 'blob.test', config = {} } = {}) {
  const proxy = await startConnectProxy(options);
  t.after(() => proxy.close());
  const directory = temporaryDirectory('tls');
  t.after(() => removeDirectory(directory));
  const { caFile, ...tls } = makeCertificate(directory, ['DNS:blob.test', 'DNS:login.test', 'IP:127.0.0.1']);
  const stack = await startCloud(t, 'azure', identity, {
    config,
    options: { blob: { tls }, login: { tls } },
    prepare: ({ world, config: { stores }, env: variables }) => {
      Object.assign(stores.media, { endpoint: `https://${host}:${world.blob.port}/${world.blob.account}`, ca_file: caFile });
      if (variables.AZURE_AUTHORITY_HOST) variables.AZURE_AUTHORITY_HOST = `https://login.test:${world.login.port}/`;
      // OpenSSL takes its authorities from there where no ca_file is set: as for the identity services.
      Object.assign(variables, { SSL_CERT_FILE: caFile, https_proxy: '', HTTPS_PROXY: proxyUrl?.(proxy) ?? proxy.url(),
        no_proxy: '', NO_PROXY: '', http_proxy: proxy.url(), HTTP_PROXY: proxy.url(), ALL_PROXY: proxy.url() }, env);
    },
  });
  return Object.assign(stack, { proxy });
}

async function checkServed(s) {
  const object = s.origin.put('v.mp4', { size });
  const part = await s.get('v.mp4', { headers: range(100, 2 * MiB) });
  assert.deepEqual([part.status, part.headers['x-app'], part.sha256], [206, undefined, object.sha256(100, 2 * MiB)]);
  const whole = await s.get('v.mp4');
  assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()]);
  assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
}

for (const interim of [false, true]) {
  test(`a store and its identity service through the proxy${interim ? ', which sends interim answers' : ''}`, async (t) => {
    const s = await start(t, 'workload', { proxy: { user, password, interim } });
    await checkServed(s);
    assert.deepEqual(s.proxy.hosts, ['blob.test', 'login.test']);
    const ports = { 'blob.test': s.world.blob.port, 'login.test': s.world.login.port };
    for (const r of s.proxy.requests) assert.deepEqual([r.method, r.status, r.port], ['CONNECT', 200, ports[r.host]]);
    // All that the store gave came that way.
    const through = s.proxy.requests.filter((r) => r.host === 'blob.test').reduce((sum, r) => sum + r.toProxy, 0);
    assert.ok(through > size, `${through} bytes came through`);
    // The proxy's credentials are for the proxy.
    for (const request of [...s.world.blob.requests, ...s.world.login.requests]) {
      assert.equal(request.headers['proxy-authorization'], undefined);
    }
  });
}

test('a proxy that wants to know nobody is told nothing', async (t) => {
  const s = await start(t, 'accountKey', { proxy: {} });
  await checkServed(s);
  for (const r of s.proxy.requests) assert.equal(r.headers['proxy-authorization'], undefined);
});

test('https_proxy stands before HTTPS_PROXY', async (t) => {
  const proxy = await startConnectProxy();
  t.after(() => proxy.close());
  const s = await start(t, 'accountKey', { env: { https_proxy: proxy.url() } });
  await checkServed(s);
  assert.deepEqual([proxy.hosts, s.proxy.requests.length], [['blob.test'], 0]);
});

test('a metadata service is asked directly', async (t) => {
  const s = await start(t, 'imds');
  await checkServed(s);
  assert.ok(s.world.imds.count('token') > 0);
  assert.deepEqual(s.proxy.hosts, ['blob.test']);
  for (const r of s.proxy.requests) assert.equal(r.method, 'CONNECT');
});

test('loopback is connected to directly', async (t) => {
  const s = await start(t, 'accountKey', { host: '127.0.0.1' });
  await checkServed(s);
  assert.equal(s.proxy.requests.length, 0);
});

test('what NO_PROXY names is not asked for at the proxy', async (t) => {
  const s = await start(t, 'accountKey', { env: { NO_PROXY: 'other.example, .test:1, test' } });
  s.origin.put('v.mp4', { size });
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.headers['x-app']], [200, 'stand-in']); // the name leads nowhere
  assert.equal(s.proxy.requests.length, 0);
  assert.equal(s.origin.requests.length, 0);
});

test('a proxy that refuses: the app answers, the log says why, and no secret', async (t) => {
  const wrong = keepSecret('wrong proxy password', 'not-the-right-one');
  const s = await start(t, 'accountKey', { proxyUrl: (proxy) => proxy.url({ password: wrong }) });
  const object = s.origin.put('v.mp4', { size });
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, 'stand-in', object.sha256()]);
  assert.equal(await s.fallbacks('connect_failed'), 1);
  assert.deepEqual(s.proxy.requests.map((r) => r.status), [407], 'it is not asked the same again');
  const record = await s.sluice.waitForLog((r) => /the proxy answered 407/.test(r.detail ?? ''), 'the reason in the log');
  assert.match(record.detail, new RegExp(`^blob\\.test through the proxy 127\\.0\\.0\\.1:${s.proxy.port}: `));
});

test('a proxy that is gone for a while: the app answers meanwhile', async (t) => {
  const s = await start(t, 'accountKey', { config: { fallback: { after: '1s', breaker: { failures: 1000 } } } });
  const object = s.origin.put('v.mp4', { size });
  s.proxy.refuse = 503;
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, 'stand-in', object.sha256()]);
  s.proxy.refuse = undefined;
  const again = await s.get('v.mp4', { headers: range(0, 9) });
  assert.deepEqual([again.status, again.sha256], [206, object.sha256(0, 9)]);
});

test('a proxy that refuses for good is an outage: what is stale is served, and the breaker opens', async (t) => {
  const s = await start(t, 'accountKey', { config: { cache: { max_age: '1ms', stale_while_revalidate: '0s' }, fallback: { breaker: { failures: 2, open: '1h' } } } });
  const objects = ['v.mp4', 'w.mp4'].map((key) => [key, s.origin.put(key, { size })]); // the breaker counts objects
  for (const [key, object] of objects) assert.equal((await s.get(key)).sha256, object.sha256());
  s.proxy.refuse = 403;
  s.proxy.cut();
  const details = [];
  for (const [key, object] of [...objects, ...objects]) {
    const answer = await s.get(key, { headers: range(0, 9) });
    assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [206, undefined, object.sha256(0, 9)]);
    details.push(/fwd=stale.*detail=(\w+)/.exec(answer.headers['cache-status'])?.[1]);
  }
  assert.deepEqual(details, ['connect_failed', 'connect_failed', 'breaker_open', 'breaker_open']);
});

for (const [what, value] of [
  ['a proxy spoken to over TLS', 'https://sluice:hidden-word@proxy.test:3128'],
  ['a SOCKS proxy', 'socks5h://sluice:hidden-word@proxy.test:1080'],
  ['no URL', 'http://sluice:hidden-word@@proxy.test:3128'],
]) {
  test(`${what} in HTTPS_PROXY is refused at the start`, (t) => {
    const directory = temporaryDirectory('proxy');
    t.after(() => removeDirectory(directory));
    const file = path.join(directory, 'sluice.yaml');
    fs.writeFileSync(file, JSON.stringify({ listeners: [{ address: '127.0.0.1:0' }], admin: { address: '127.0.0.1:0' },
      app: { url: 'http://127.0.0.1:1' } }));
    for (const command of ['check', 'serve']) {
      const { status, stdout, stderr } = spawnSync(binary, [command, '--config', file],
        { encoding: 'utf8', timeout: 30000, env: { ...process.env, https_proxy: '', HTTPS_PROXY: value } });
      assert.equal(status, 1, `${command}: ${stdout}${stderr}`);
      assert.match(stderr, /HTTPS_PROXY/);
      assert.doesNotMatch(stdout + stderr, /hidden-word/);
    }
  });
}
