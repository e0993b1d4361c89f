// Cloud Storage by each identity, against a strict server that verifies signatures and tokens: what is sent, what comes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { signatureOf, startCloud } from '../support/cloud_stack.mjs';
import { uriEncode } from '../support/sigv4.mjs';
import { MiB, cacheStatus } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 3 * MiB + 5;
const validator = (object) => `${object.etag.slice(0, -1)}-g${object.generation}"`;

/// Cold, warm, from the end and beyond it, HEAD and awkward keys: all from the store, none from the app.
async function checkReads(s) {
  const object = s.origin.put('v.mp4', { size });
  const cold = await s.get('v.mp4', { headers: range(MiB + 1, 2 * MiB) });
  assert.deepEqual([cold.status, cold.sha256], [206, object.sha256(MiB + 1, 2 * MiB)]);
  assert.equal(cold.headers.etag, validator(object), 'the generation is part of the validator');
  const whole = await s.get('v.mp4');
  assert.deepEqual([whole.status, whole.sha256, whole.headers.etag], [200, object.sha256(), validator(object)]);
  const asked = s.origin.of('v.mp4').length;
  const warm = await s.get('v.mp4', { headers: { Range: 'bytes=-1000' } });
  assert.deepEqual([warm.status, warm.sha256, cacheStatus(warm).hit], [206, object.sha256(size - 1000), true]);
  const same = await s.get('v.mp4', { headers: { 'If-None-Match': validator(object) } });
  const changed = await s.get('v.mp4', { headers: { 'If-Match': object.etag } });
  assert.deepEqual([same.status, changed.status], [304, 412]);
  assert.equal(s.origin.of('v.mp4').length, asked, 'a hit asks nothing');

  const other = s.origin.put('w.mp4', { seed: 'w', size });
  const suffix = await s.get('w.mp4', { headers: { Range: 'bytes=-70000' } });
  assert.deepEqual([suffix.status, suffix.sha256], [206, other.sha256(size - 70000)]);
  s.origin.put('x.mp4', { seed: 'x', size });
  const beyond = await s.get('x.mp4', { headers: range(size) });
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, `bytes */${size}`]);
  const third = s.origin.put('y.mp4', { seed: 'y', size });
  const head = await s.get('y.mp4', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.headers.etag], [200, String(size), validator(third)]);
  for (const key of ['a b+c%41~.mp4', 'ü/日本/🎬.mp4', "odd!'()*:@&=$,?#[].mp4"]) {
    const one = s.origin.put(key, { seed: key, size: 1000 });
    const answer = await get(`${s.sluice.url}/media/${uriEncode(key, { keepSlash: true })}`);
    assert.deepEqual([answer.status, answer.sha256], [200, one.sha256()], key);
  }
  assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
  for (const request of s.origin.requests) assert.ok([200, 206, 416].includes(request.status), `${request.method} ${request.path}: ${request.status}`);
}

/// In a signed URL every x-goog- field would have to be signed: versions are asked for by the entity tag.
function checkSigned(s, algorithm) {
  for (const request of s.origin.requests) {
    assert.ok(signatureOf(request.target), request.path);
    assert.equal(request.headers.authorization, undefined);
    assert.deepEqual(Object.keys(request.headers).filter((name) => /^x-(goog|amz)-/.test(name)), []);
    if (algorithm) assert.equal(request.param('X-Goog-Algorithm'), algorithm);
  }
  const object = s.origin.object('v.mp4');
  assert.ok(s.origin.of('v.mp4').some((r) => r.headers['if-match'] === object.etag), 'later fills are conditional');
}

function checkBearer(s, source) {
  for (const request of s.origin.requests) {
    assert.ok(s.world.issued.some(({ token, source: from }) => token === request.bearer && from === source), request.path);
    assert.equal(request.target.includes('?'), false, request.target);
  }
  const { generation } = s.origin.object('v.mp4');
  assert.ok(s.origin.of('v.mp4').some((r) => r.headers['x-goog-if-generation-match'] === generation), 'later fills are conditional');
}

test('by the key of a service account: signed URLs, no token', async (t) => {
  for (const identity of ['key', 'keyText', 'keyByEnvironment']) {
    const s = await startCloud(t, 'gcs', identity);
    await checkReads(s);
    checkSigned(s, 'GOOG4-RSA-SHA256');
    assert.deepEqual(s.world.issued, [], 'signing takes nobody else');
  }
});

test('by an HMAC key', async (t) => {
  const s = await startCloud(t, 'gcs', 'hmac');
  await checkReads(s);
  checkSigned(s);
  assert.deepEqual(s.world.issued, []);
});

test('by the metadata server', async (t) => {
  const s = await startCloud(t, 'gcs', 'metadata');
  await checkReads(s);
  checkBearer(s, 'metadata');
  assert.equal(s.world.iam.requests.length, 0, 'streaming needs storage.objects.get alone');
  const expiry = await s.sluice.metric('credential_expiry_timestamp_seconds', { store: 'media' });
  assert.ok(Math.abs(expiry - s.world.issued.at(-1).expires / 1000) < 5, String(expiry));
});

test('by a federated token, as it is and impersonating', async (t) => {
  const direct = await startCloud(t, 'gcs', 'external');
  await checkReads(direct);
  checkBearer(direct, 'sts');
  const acting = await startCloud(t, 'gcs', 'impersonated');
  acting.world.sts.textual = true;
  await checkReads(acting);
  checkBearer(acting, 'impersonation');
});

test('the federated token is read anew each time', async (t) => {
  const s = await startCloud(t, 'gcs', 'external', { options: { sts: { lifetime: 2 } } });
  const { world } = s;
  const second = world.issuer.issue({ audience: world.audience, claims: { jti: 'second' } });
  s.file('subject.jwt', second);
  await world.sts.waitFor((r) => r.body?.toString().includes(encodeURIComponent(second)), 'the new token');
  const object = s.origin.put('v.mp4', { size });
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
});

test('anonymous: nothing is signed, nobody is asked', async (t) => {
  const s = await startCloud(t, 'gcs', 'anonymous', { env: { GCE_METADATA_HOST: '127.0.0.1:9' } });
  await checkReads(s);
  for (const request of s.origin.requests) {
    assert.deepEqual([request.headers.authorization, request.target.includes('?')], [undefined, false], request.target);
  }
  const { generation, etag } = s.origin.object('v.mp4');
  assert.ok(s.origin.of('v.mp4').some(({ headers }) => headers['if-match'] === etag || headers['x-goog-if-generation-match'] === generation));
});

test('one RSA signature for each object, method and life of a URL', async (t) => {
  const s = await startCloud(t, 'gcs', 'key');
  const keys = ['a.mp4', 'b.mp4', 'c.mp4'];
  const objects = new Map(keys.map((key) => [key, s.origin.put(key, { seed: key, size: 48 * MiB })]));
  const began = Date.now();
  const seek = async (key, first) => {
    const answer = await s.get(key, { headers: range(first, first + 99999) });
    assert.deepEqual([answer.status, answer.sha256], [206, objects.get(key).sha256(first, first + 99999)]);
  };
  await Promise.all(keys.flatMap((key) => [0, 16, 40].map((at) => seek(key, at * MiB))));
  // Another second, by which a new signature would differ.
  await poll(() => Date.now() > began + 1500, 'a second later');
  for (const key of keys) await seek(key, 30 * MiB);
  for (const key of keys) {
    const requests = s.origin.of(key).filter((r) => r.method === 'GET');
    assert.ok(requests.length >= 2, `${requests.length} GETs`);
    assert.equal(new Set(requests.map((r) => r.param('X-Goog-Signature'))).size, 1, `one signature for ${key}`);
    assert.equal(requests[0].param('X-Goog-Expires'), '3600');
  }
});

test('revalidation asks for another version, whatever the identity', async (t) => {
  for (const identity of ['key', 'metadata']) {
    const s = await startCloud(t, 'gcs', identity, { config: { cache: { max_age: '0s' } } });
    const object = s.origin.put('v.mp4', { size });
    assert.equal((await s.get('v.mp4')).sha256, object.sha256());
    const again = await s.get('v.mp4', { headers: range(5, 99) });
    assert.deepEqual([again.status, again.sha256, again.headers.etag], [206, object.sha256(5, 99), validator(object)]);
    assert.equal(s.origin.last.status, 304, identity);
    const replaced = s.origin.put('v.mp4', { seed: 'new', size });
    const newer = await s.get('v.mp4', { headers: range(5, 99) });
    assert.deepEqual([newer.status, newer.sha256, newer.headers.etag], [206, replaced.sha256(5, 99), validator(replaced)]);
    assert.equal(await s.fallbacks(), 0);
  }
});

test('may not read: the app answers, and the log says no secret', async (t) => {
  for (const identity of ['key', 'metadata']) {
    const s = await startCloud(t, 'gcs', identity);
    const object = s.origin.put('v.mp4', { size });
    s.world.permissions.delete('storage.objects.get');
    const answer = await s.get('v.mp4');
    assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, 'stand-in', object.sha256()]);
    assert.equal(await s.fallbacks('forbidden'), 1, identity);
    s.world.permissions.add('storage.objects.get');
    const given = await s.get('v.mp4');
    assert.deepEqual([given.status, given.headers['x-app'], given.sha256], [200, undefined, object.sha256()]);
  }
});
