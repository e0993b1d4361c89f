// Signed requests against a store that checks them strictly: keys of every kind, wrong secrets, expired URLs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { startStore } from '../support/s3_store.mjs';
import { uriEncode } from '../support/sigv4.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = MiB + 3;
const start = async (t, { config = {}, store = {} } = {}) =>
  startStack(t, { origin: await startStore({ accessKey: 'AKIDEXAMPLE', secretKey: 'a/secret+key=', ...store }), config });

const keys = ['plain.mp4', 'with space.mp4', 'a+b.mp4', '100%.mp4', '%41.mp4', '~tilde~.mp4', 'ümläut.mp4', '日本語/動画.mp4', '🎬🎞.mp4',
  "quote'\"s.mp4", 'a&b=c?d#e.mp4', '(brackets)[and]{braces}.mp4', 'a,b:c@d$e!f*.mp4', 'pipe|caret^tick`.mp4', 'comma, space .mp4',
  '..hidden', '...', '.dot', 'trailing.', '-', '_', 'a=b', 'e\u0301.mp4', 'é.mp4', `${'long/'.repeat(204)}k123`, 'x'.repeat(1024)];

test('keys of every kind', async (t) => {
  const s = await start(t);
  for (const key of keys) {
    assert.ok(Buffer.byteLength(key) <= 1024);
    const object = s.origin.put(key, { seed: key, size: 5000 });
    const answer = await get(`${s.sluice.url}/media/${uriEncode(key, { keepSlash: true })}`, { headers: range(10, 4000) });
    assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [206, undefined, object.sha256(10, 4000)], key);
  }
  assert.equal(s.app.requests.length, 0);
  for (const request of s.origin.requests) assert.equal(request.status, 206, request.target);
});

test('the bucket and the endpoint with a port are signed as they are sent', async (t) => {
  const s = await start(t, { store: { bucket: 'media', region: 'eu-central-1' },
    config: { stores: { media: { region: 'eu-central-1' } } } });
  const object = s.origin.put('v.mp4', { size });
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
  const [request] = s.origin.requests;
  assert.equal(request.headers.host, `127.0.0.1:${s.origin.port}`);
  assert.match(request.target, /X-Amz-Credential=AKIDEXAMPLE%2F\d{8}%2Feu-central-1%2Fs3%2Faws4_request/);
});

test('requests to the store are built from nothing of the client', async (t) => {
  const s = await start(t);
  s.origin.put('v.mp4', { size });
  await s.get('v.mp4', { headers: { Cookie: 'session=secret', Authorization: 'Bearer secret', 'X-Amz-Security-Token': 'forged',
    'x-amz-meta-x': '1', 'X-Forwarded-For': '1.2.3.4', 'User-Agent': 'the client', Referer: 'http://secret/' } });
  const text = JSON.stringify(s.origin.requests.map((r) => [r.target, r.rawHeaders]));
  for (const word of ['secret', 'forged', 'meta-x', '1.2.3.4', 'the client']) assert.ok(!text.includes(word), word);
});

test('HEAD is signed as HEAD', async (t) => {
  const s = await start(t);
  s.origin.put('v.mp4', { size });
  const head = await s.get('v.mp4', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.headers['x-app']], [200, String(size), undefined]);
});

for (const [what, credentials] of [
  ['secret', { access_key_id: 'AKIDEXAMPLE', secret_access_key: 'wrong' }],
  ['key id', { access_key_id: 'OTHER', secret_access_key: 'a/secret+key=' }],
]) {
  test(`a wrong ${what}: the app answers, and the log has no secret`, async (t) => {
    const s = await start(t, { config: { stores: { media: { credentials } } } });
    const object = s.origin.put('v.mp4', { size });
    const answer = await s.get('v.mp4');
    assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [200, 'stand-in', object.sha256()]);
    assert.ok((await s.sluice.metric('fallback_total', { route: 'media', reason: 'forbidden' })) >= 1);
    const log = s.sluice.lines.join('\n') + s.sluice.stderr;
    for (const word of [credentials.secret_access_key, 'X-Amz-Signature']) assert.ok(!log.includes(word), word);
  });
}

test('URLs that expire are renewed before, or after the store says so', async (t) => {
  const s = await start(t, { config: { stores: { media: { url_expiry: '2s' } } } });
  const object = s.origin.put('v.mp4', { size: 40 * MiB });
  await s.get('v.mp4', { headers: range(0, 9) });
  const signed = s.origin.url + s.origin.requests[0].target;
  assert.equal((await get(signed, { headers: range(0, 9) })).status, 206, 'the URL as it was sent is good');
  await poll(async () => (await get(signed, { headers: range(0, 9) })).status === 403, 'the URL expires');
  const answer = await s.get('v.mp4', { headers: range(20 * MiB, 21 * MiB) });
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [206, undefined, object.sha256(20 * MiB, 21 * MiB)]);
  assert.equal(s.app.requests.length, 0);
});

test('one 403 is asked about again with a new signature', async (t) => {
  const s = await start(t);
  const object = s.origin.put('v.mp4', { size: 8 * MiB });
  await s.get('v.mp4', { headers: range(0, 9) });
  s.origin.options.authorize = ((checked, left = 1) => (request) => {
    if (left-- > 0) return { status: 403, headers: {}, body: Buffer.from('<Error><Code>AccessDenied</Code></Error>') };
    return checked(request);
  })(s.origin.options.authorize);
  const answer = await s.get('v.mp4', { headers: range(4 * MiB, 5 * MiB) });
  assert.equal(answer.sha256, object.sha256(4 * MiB, 5 * MiB));
  assert.equal(answer.status, 206);
});

test('a session token is part of what is signed', async (t) => {
  const s = await start(t, { config: { stores: { media: { credentials: { session_token: 'token/with+odd=chars' } } } } });
  const object = s.origin.put('v.mp4', { size });
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
  assert.match(s.origin.requests[0].target, /X-Amz-Security-Token=token%2Fwith%2Bodd%3Dchars/);
  assert.equal(s.app.requests.length, 0);
});

test('a key outside the prefix is not asked for', async (t) => {
  const s = await start(t, { config: { stores: { media: { prefix: 'public/' } } } });
  const object = s.origin.put('public/v.mp4', { size });
  s.origin.put('private/v.mp4', { seed: 'private', size });
  assert.equal((await s.get('public/v.mp4')).sha256, object.sha256());
  const asked = s.origin.requests.length;
  const outside = await s.get('private/v.mp4');
  assert.equal(outside.headers['x-app'], 'stand-in');
  assert.equal(s.origin.requests.length, asked);
});
