// preset: open-webui. Settings that the app takes, and what comes of them: other places, keys as the app makes them, a store
// that cannot be used, proxies that nobody trusts, fields that name who signs in.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { content, sha256 } from '../support/content.mjs';
import { contentOf, startWebui } from '../support/open_webui_stack.mjs';
import { userAgent } from '../support/open_webui_storage.mjs';
import { binary, removeDirectory, temporaryDirectory } from '../support/sluice.mjs';

async function start(t, options = {}) {
  const s = await startWebui(t, options);
  s.ann = s.user('ann');
  s.fields = s.session(s.ann);
  return s;
}

/// Keys that Sluice, not the app, asked the store for.
const asked = (s) => s.store.requests.filter((r) => r.headers['user-agent'] !== userAgent).map((r) => r.target.split('?')[0]);

const served = (s, file, headers = {}) => s.through(contentOf(file), { headers: { ...s.fields, ...headers } });

test('an endpoint with a path: it is sent and signed, and so is the key behind it', async (t) => {
  const s = await start(t, { env: (app) => ({ S3_ENDPOINT_URL: `${app.storage.endpoint}/storage/v1/s3` }) });
  s.store.options.bucket = 'storage';
  const bytes = content('supabase', 0, 200000);
  const file = s.app.addFile({ owner: s.ann, name: 'v.mp4', size: bytes.length });
  s.store.put(`v1/s3/media/${file.id}_v.mp4`, { bytes, contentType: 'video/mp4' });
  const answer = await served(s, file, range(1000, 1999));
  assert.deepEqual([answer.status, answer.sha256], [206, sha256(bytes.subarray(1000, 2000))]);
  assert.deepEqual(asked(s), [`/storage/v1/s3/media/${file.id}_v.mp4`]);
});

test('keys with empty segments: in the cache, after a restart, in a purge', async (t) => {
  const s = await start(t, { env: { S3_KEY_PREFIX: '/up' } });
  for (const key of ['/up/{id}_a b.mp4', 'a//{id}', '{id}/', '//{id}//']) {
    const bytes = content(key, 0, 200000);
    const file = s.app.addFile({ owner: s.ann, name: 'v.mp4', size: bytes.length });
    const own = key.replace('{id}', file.id);
    file.path = `s3://media/${own}`;
    s.store.put(own, { bytes, contentType: 'video/mp4' });
    const cold = await served(s, file);
    assert.deepEqual([cold.status, cold.sha256], [200, sha256(bytes)], key);
    await s.restart();
    const warm = await served(s, file);
    assert.match(warm.headers['cache-status'], /hit/, key);
    assert.equal(warm.sha256, sha256(bytes), key);
    const purged = await s.sluice.purge({ uris: [file.path] });
    assert.deepEqual([purged.status, JSON.parse(purged.body)], [200, { purged: 1 }], key);
    assert.match((await served(s, file)).headers['cache-status'], /fwd=miss/, key);
  }
});

test('a path of another bucket, prefix or scheme: the key, in the configured bucket; a miss falls back', async (t) => {
  const s = await start(t, { env: { S3_KEY_PREFIX: 'new' } });
  for (const [path_, key] of [['s3://old/{id}_v.mp4', '{id}_v.mp4'], ['s3://old/pre/fix/{id}_v.mp4', 'pre/fix/{id}_v.mp4'],
    ['gs://media/{id}_v.mp4', '{id}_v.mp4'], ['S3://media/new/{id}', 'new/{id}']]) {
    const file = await s.upload({ owner: s.ann, name: 'v.mp4', seed: path_ });
    file.path = path_.replace('{id}', file.id);
    const bytes = content(path_, 0, 100000);
    s.store.put(key.replace('{id}', file.id), { bytes, contentType: 'video/mp4' });
    const answer = await served(s, file);
    assert.deepEqual([answer.status, answer.sha256, s.relayed(file).length], [200, sha256(bytes), 0], path_);
  }
  const missing = s.app.addFile({ owner: s.ann, name: 'v.mp4', path: 's3://old/nothing.mp4' });
  const answer = await served(s, missing);
  assert.deepEqual([answer.status, s.relayed(missing).length], [400, 1], "the app's own words");
  assert.equal(await s.sluice.metric('sluice_fallback_total', { route: 'open-webui', reason: 'not_found' }), 1);
});

test('a directory: the last segment, wherever the app has it; what is not there the app answers', async (t) => {
  const directory = temporaryDirectory('data');
  t.after(() => removeDirectory(directory));
  fs.mkdirSync(path.join(directory, 'uploads'));
  const s = await start(t, { env: { STORAGE_PROVIDER: 'local', DATA_DIR: directory } });
  const bytes = content('local', 0, 100000);
  const file = s.app.addFile({ owner: s.ann, name: 'v.mp4', path: '/app/backend/data/uploads/u_v.mp4' });
  fs.writeFileSync(path.join(directory, 'uploads/u_v.mp4'), bytes);
  const answer = await served(s, file, range(10, 999));
  assert.deepEqual([answer.status, answer.sha256, s.relayed(file).length], [206, sha256(bytes.subarray(10, 1000)), 0]);
  for (const [name, where] of [['nothing.mp4', '/app/backend/data/uploads/nothing.mp4'], ['dots.mp4', '/app/backend/data/..'],
    ['relative.mp4', 'uploads/u_v.mp4'], ['uri.mp4', 's3://media/u_v.mp4'], ['directory.mp4', '/app/backend/data/uploads/']]) {
    const other = s.app.addFile({ owner: s.ann, name, path: where });
    await served(s, other);
    assert.equal(s.relayed(other).length, 1, name);
  }
});

test('bucket: recorded: only what lies in the configured bucket, beneath the prefix', async (t) => {
  const s = await start(t, { prefix: 'pre', route: { preset_options: { bucket: 'recorded' } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  await served(s, file);
  assert.deepEqual([s.fetched(file).length, s.relayed(file).length], [1, 0]);
  for (const path_ of ['s3://old/pre/x.mp4', 's3://media/x.mp4', 'gs://media/pre/x.mp4']) {
    const other = s.app.addFile({ owner: s.ann, name: 'v.mp4', path: path_ });
    await served(s, other);
    assert.equal(s.relayed(other).length, 1, path_);
  }
  assert.equal(asked(s).length, 1);
});

/// What `sluice check` says of a running one's configuration.
function check(t, s) {
  const directory = temporaryDirectory('check');
  t.after(() => removeDirectory(directory));
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, JSON.stringify(s.config));
  const done = spawnSync(binary, ['check', '--config', file], { encoding: 'utf8', timeout: 30000, env: { ...process.env, ...s.env } });
  return { status: done.status, text: done.stdout + done.stderr };
}

for (const [what, env, why] of [
  ['no bucket', { S3_BUCKET_NAME: '' }, /S3_BUCKET_NAME.*is not set/],
  ['no such provider', { STORAGE_PROVIDER: 'floppy' }, /STORAGE_PROVIDER.*must be one of/],
  ['an endpoint that is none', { S3_ENDPOINT_URL: 'minio:9000' }, /S3_ENDPOINT_URL.*endpoint/],
  ['a proxy that is not spoken to', { https_proxy: 'socks5://127.0.0.1:9' }, /https_proxy.*must be an http:/],
  ['a key that signs nothing', { STORAGE_PROVIDER: 'gcs', GCS_BUCKET_NAME: 'media', GOOGLE_APPLICATION_CREDENTIALS_JSON:
    '{"type": "service_account", "client_email": "a@b", "private_key": "seldom-seen"}' }, /must be an RSA key in PEM/],
  ['a key that is none, found when it is used', { STORAGE_PROVIDER: 'gcs', GCS_BUCKET_NAME: 'media', S3_ENDPOINT_URL: '',
    GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent/key.json' }, /key\.json|credentials/i],
]) {
  test(`a store that cannot be used: ${what}; all is served, by the app, and it is told`, async (t) => {
    const s = await start(t, { env });
    const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
    const answer = await served(s, file, range(5, 99));
    assert.deepEqual([answer.status, answer.sha256, s.relayed(file).length], [206, file.sha256(5, 99), 1]);
    assert.equal((await s.through(contentOf(file))).status, 401);
    assert.equal((await s.through('/health')).status, 200);
    assert.equal((await s.through(contentOf(file), { method: 'DELETE', headers: s.fields })).status, (await s.direct(contentOf(file), { method: 'DELETE', headers: s.fields })).status);
    const said = s.sluice.log.filter((r) => r.level === 'error');
    assert.deepEqual(said.map((r) => r.store), ['open-webui']);
    assert.match(said[0].error, why);
    assert.equal(await s.sluice.metric('sluice_store_up', { store: 'open-webui' }), 0);
    const ready = await get(`${s.sluice.adminUrl}/readyz`, { keep: true });
    assert.equal(ready.status, 200);
    const [first, second] = String(ready.body).split('\n');
    assert.equal(first, 'ok');
    assert.match(second, /^store "open-webui" cannot be used: /);
    assert.match(second, why);
    const checked = check(t, s);
    assert.equal(checked.status, 1, checked.text);
    assert.match(checked.text, why);
    for (const text of [checked.text, String(ready.body), JSON.stringify(said)]) {
      assert.ok(!text.includes(s.store.secretKey) && !text.includes('seldom-seen'));
    }
  });
}

test('a store that can be used is up', async (t) => {
  const s = await start(t);
  assert.equal(await s.sluice.metric('sluice_store_up', { store: 'open-webui' }), 1);
  assert.equal(String((await get(`${s.sluice.adminUrl}/readyz`, { keep: true })).body), 'ok\n');
  assert.equal(check(t, s).status, 0);
});

test('a proxy that nobody trusts is told once, with the line to add; one that is trusted is not', async (t) => {
  const s = await start(t);
  const told = () => s.sluice.log.filter((r) => r.level === 'warn' && r.peer !== undefined);
  await s.through('/health');
  assert.equal(told().length, 0, 'nothing was forwarded');
  for (const fields of [{ 'X-Forwarded-Proto': 'https' }, { Forwarded: 'for=192.0.2.1' }, { X_Forwarded_For: '192.0.2.1' }]) {
    await s.through('/health', { headers: fields });
    await s.through(contentOf({ id: 'x' }), { headers: fields });
  }
  await s.sluice.waitForLog((r) => r.peer !== undefined, 'it is told');
  assert.deepEqual(told().map((r) => [r.peer, r.add]), [['127.0.0.1', 'trusted_proxies: ["127.0.0.1"]']]);
  assert.match(check(t, s).text, /hint: trusted_proxies is empty/);
  s.env.WEBUI_AUTH_TRUSTED_EMAIL_HEADER = 'X-Mail';
  await s.restart();
  await s.through('/health', { headers: { x_mail: 'root@example.com' } });
  await s.sluice.waitForLog((r) => r.peer === '127.0.0.1', 'a field that names a user is told too');
  const nobody = /trusted_proxies is empty, so the fields .* are removed from every request: x-mail; name the proxy/;
  assert.ok(s.sluice.log.some((r) => r.level === 'warn' && nobody.test(r.warning)));
  assert.match(check(t, s).text, nobody);
  await s.restart({ trusted_proxies: ['127.0.0.1'] });
  await s.through('/health', { headers: { 'X-Forwarded-Proto': 'https' } });
  await s.restart({ trusted_proxies: ['192.0.2.0/24'] });
  await s.through('/health', { headers: { 'X-Forwarded-Proto': 'https' } });
  await s.sluice.waitForLog((r) => r.peer !== undefined, 'it is told again');
  assert.deepEqual(told().map((r) => r.add), ['127.0.0.1 to trusted_proxies']);
  assert.doesNotMatch(check(t, s).text, /trusted_proxies is empty/);
});

test('who signs in is not for the client to say', async (t) => {
  const identity = { EMAIL: 'X-Mail', NAME: 'X-Name', GROUPS: 'X-Groups', ROLE: 'X-Role' };
  const env = Object.fromEntries(Object.entries(identity).map(([what, name]) => [`WEBUI_AUTH_TRUSTED_${what}_HEADER`, name]));
  const s = await start(t, { env, app: { trustedHeader: 'X-Mail', socketIo: {} } });
  const root = s.user('root', { role: 'admin' });
  const body = JSON.stringify({ email: root.email, password: 'not hers' });
  const claims = { 'X-Mail': root.email, 'X-NAME': 'root', 'x-groups': 'all', 'X-Role': 'admin', X_Mail: root.email, X_Role: 'admin' };
  const signIn = (send) => send('/api/v1/auths/signin', { method: 'POST', body, headers: claims });
  assert.equal((await signIn(s.direct.bind(s))).status, 200, 'the app believes anyone');
  const refused = await signIn(s.through.bind(s));
  assert.deepEqual([refused.status, refused.headers['set-cookie']], [400, undefined]);
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  assert.equal((await s.through(contentOf(file), { headers: claims })).status, 401, 'nor in what is asked for a file');
  await s.through(contentOf(file), { headers: { ...claims, Connection: 'X-Mail' } });
  const opened = await connect(s.sluice.port);
  const fields = { ...claims, Host: 'app.example', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  await opened.send(`GET /ws/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  assert.equal((await opened.response()).status, 101);
  opened.socket.destroy();
  const through = s.app.requests.filter((r) => r.headers.via);
  assert.ok(through.length >= 4);
  for (const request of through) {
    const names = Object.keys(request.headers).map((name) => name.replaceAll('_', '-'));
    assert.deepEqual(names.filter((name) => ['x-mail', 'x-name', 'x-groups', 'x-role'].includes(name)), [], request.target);
  }
  await s.restart({ trusted_proxies: ['127.0.0.1'] });
  const believed = await signIn(s.through.bind(s));
  assert.deepEqual([believed.status, JSON.parse(believed.body).role], [200, 'admin'], 'from a proxy that is trusted');
});
