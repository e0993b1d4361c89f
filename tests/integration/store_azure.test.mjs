// Azure's blob service by each identity, against a strict server: what is sent, what comes, and its lack of suffix ranges.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { startCloud } from '../support/cloud_stack.mjs';
import { uriEncode } from '../support/sigv4.mjs';
import { MiB, cacheStatus } from '../support/stack.mjs';

const size = 3 * MiB + 5;

async function checkReads(s) {
  const object = s.origin.put('v.mp4', { size });
  const cold = await s.get('v.mp4', { headers: range(MiB + 1, 2 * MiB) });
  assert.deepEqual([cold.status, cold.sha256, cold.headers.etag], [206, object.sha256(MiB + 1, 2 * MiB), object.etag]);
  assert.deepEqual(s.origin.of('v.mp4').map((r) => r.method), ['GET'], 'a cold range is one GET');
  const whole = await s.get('v.mp4');
  assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()]);
  assert.ok(s.origin.of('v.mp4').some((r) => r.headers['if-match'] === object.etag), 'later fills are conditional');
  const asked = s.origin.of('v.mp4').length;
  const warm = await s.get('v.mp4', { headers: { Range: 'bytes=-1000' } });
  assert.deepEqual([warm.status, warm.sha256, cacheStatus(warm).hit], [206, object.sha256(size - 1000), true]);
  assert.equal(s.origin.of('v.mp4').length, asked, 'a hit asks nothing');
  await checkSuffix(s);

  s.origin.put('x.mp4', { seed: 'x', size });
  const beyond = await s.get('x.mp4', { headers: range(size) });
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, `bytes */${size}`]);
  s.origin.put('y.mp4', { seed: 'y', size });
  const head = await s.get('y.mp4', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length']], [200, String(size)]);
  for (const key of ['a b+c%41~.mp4', 'ü/日本/🎬.mp4', "odd!'()*:@&=$,?#[].mp4"]) {
    const one = s.origin.put(key, { seed: key, size: 1000 });
    const answer = await get(`${s.sluice.url}/media/${uriEncode(key, { keepSlash: true })}`);
    assert.deepEqual([answer.status, answer.sha256], [200, one.sha256()], key);
  }
  assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
  for (const request of s.origin.of()) {
    if (request.operation === 'blob') assert.ok([200, 206, 416].includes(request.status), `${request.method} ${request.path}: ${request.status}`);
  }
}

/// The size by HEAD, then the bytes from the end by one GET of an absolute range.
async function checkSuffix(s) {
  const cases = [['s1.mp4', size, 70001, 206], ['s2.mp4', size, 1, 206], ['s3.mp4', 1000, 70001, 206]];
  for (const [key, length, last, status] of cases) {
    const object = s.origin.put(key, { seed: key, size: length });
    const answer = await s.get(key, { headers: { Range: `bytes=-${last}` } });
    const first = Math.max(0, length - last);
    assert.deepEqual([answer.status, answer.sha256], [status, object.sha256(first)], key);
    assert.equal(answer.headers['content-range'], `bytes ${first}-${length - 1}/${length}`);
    const [head, fetch, ...more] = s.origin.of(key);
    assert.deepEqual([head.method, fetch.method, more.length], ['HEAD', 'GET', 0], `${key}: HEAD, then one GET`);
    assert.match(fetch.headers.range ?? fetch.headers['x-ms-range'], /^bytes=\d+-\d*$/);
    assert.equal(fetch.headers['if-match'], object.etag, 'of the version that HEAD told of');
  }
  s.origin.put('s4.mp4', { seed: 's4', size: 0 });
  const none = await s.get('s4.mp4', { headers: { Range: 'bytes=-5' } });
  assert.deepEqual([none.status, none.headers['content-range']], [416, 'bytes */0']);
}

function checkSas(s) {
  for (const request of s.origin.requests) {
    assert.deepEqual([request.headers.authorization, request.param('sp')], [undefined, 'r'], 'read-only');
    assert.ok(request.isSigned, request.path);
  }
}
function checkBearer(s, source) {
  for (const request of s.origin.requests) {
    assert.ok(s.world.issued.some(({ token, source: from }) => token === request.bearer && from === source), request.path);
    assert.equal(request.target.includes('sig='), false);
  }
  assert.equal(s.origin.count('delegationKey'), 0, 'streaming needs none');
}

test('by the account key', async (t) => {
  const s = await startCloud(t, 'azure', 'accountKey');
  await checkReads(s);
  checkSas(s);
  assert.deepEqual(s.world.issued, []);
});

test('by a connection string', async (t) => {
  const s = await startCloud(t, 'azure', 'connectionString');
  await checkReads(s);
  checkSas(s);
});

for (const identity of ['imds', 'appService']) {
  test(`by managed identity: ${identity}`, async (t) => {
    const s = await startCloud(t, 'azure', identity);
    await checkReads(s);
    checkBearer(s, identity);
    const named = await startCloud(t, 'azure', identity, { prepare: (made) => { made.env.AZURE_CLIENT_ID = made.world.client; } });
    await checkReads(named);
    assert.equal(named.world[identity].last.param('client_id'), named.world.client);
  });
}

test('by workload identity; its token is read anew each time', async (t) => {
  const s = await startCloud(t, 'azure', 'workload');
  await checkReads(s);
  checkBearer(s, 'entra');

  const short = await startCloud(t, 'azure', 'workload', { options: { login: { lifetime: 2 } } });
  const second = short.world.issuer.issue({ audience: 'api://AzureADTokenExchange', claims: { jti: 'second' } });
  short.file('federated.jwt', second);
  await short.world.login.waitFor((r) => r.body?.toString().includes(encodeURIComponent(second)), 'the new token');
  const object = short.origin.put('v.mp4', { size });
  assert.equal((await short.get('v.mp4')).sha256, object.sha256());
});

test('anonymous: nothing is signed, nobody is asked', async (t) => {
  const s = await startCloud(t, 'azure', 'anonymous', { env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:9' } });
  await checkReads(s);
  for (const request of s.origin.requests) {
    assert.deepEqual([request.headers.authorization, request.target.includes('sig=')], [undefined, false]);
  }
});

for (const identity of ['accountKey', 'imds']) {
  test(`${identity}: replaced between seeks and in mid-transfer`, async (t) => {
    const s = await startCloud(t, 'azure', identity, { config: { cache: { read_ahead: '4MiB' } } });
    const old = s.origin.put('v.mp4', { seed: 'one', size: 64 * MiB });
    assert.equal((await s.get('v.mp4', { headers: range(0, 99) })).sha256, old.sha256(0, 99));
    const newer = s.origin.put('v.mp4', { seed: 'two', size: 64 * MiB });
    const second = await s.get('v.mp4', { headers: range(40 * MiB, 41 * MiB) });
    assert.deepEqual([second.status, second.headers.etag, second.sha256], [206, newer.etag, newer.sha256(40 * MiB, 41 * MiB)]);
    assert.equal((await s.get('v.mp4', { headers: range(0, 99) })).sha256, newer.sha256(0, 99));

    const first = s.origin.put('w.mp4', { seed: 'w one', size: 64 * MiB });
    const gate = s.origin.when('w.mp4').times(1).pauseAt(2 * MiB);
    const reader = s.open('w.mp4');
    await gate.reached;
    s.origin.put('w.mp4', { seed: 'w two', size: 64 * MiB });
    gate.release();
    const answer = await reader.done;
    assert.deepEqual([answer.headers.etag, answer.complete], [first.etag, false]);
    assert.equal(answer.sha256, first.sha256(0, answer.length - 1), 'bytes of one version');
  });
}

test('a token without the role: the app answers', async (t) => {
  const s = await startCloud(t, 'azure', 'imds');
  const object = s.origin.put('v.mp4', { size });
  s.world.permissions.delete('read');
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, 'stand-in', object.sha256()]);
  assert.equal(await s.fallbacks('forbidden'), 1);
});
