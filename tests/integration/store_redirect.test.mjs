// `delivery: redirect`: 307 to a signed URL that a strict store takes, for the client's method, after leave was asked.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { signatureOf, startCloud } from '../support/cloud_stack.mjs';
import { MiB } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = MiB + 5;
const type = 'video/x-test; codecs="a, b"';
const disposition = 'attachment; filename="a b & c.mp4"';
const route = { delivery: 'redirect', headers: { 'Content-Type': type, 'Content-Disposition': disposition } };
const start = (t, cloud, identity, { route: more = {}, ...over } = {}) =>
  startCloud(t, cloud, identity, { route: { ...route, ...more }, ...over });

/// A 307 with nothing but the Location; gives that.
function checkRedirect(answer) {
  assert.deepEqual([answer.status, answer.length, answer.headers['x-app']], [307, 0, undefined]);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['content-length'] ?? '0', '0');
  assert.equal(answer.headers.etag, undefined);
  return answer.headers.location;
}
/// Milliseconds since 1970 at which the URL ends.
function endOf(location) {
  const query = new URL(location).searchParams;
  if (query.has('se')) return Date.parse(query.get('se'));
  const value = (name) => query.get(`X-Goog-${name}`) ?? query.get(`X-Amz-${name}`);
  return Date.parse(value('Date').replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:')) + Number(value('Expires')) * 1000;
}

/// GET and HEAD; the store gives the bytes with the type and the disposition that were signed in.
async function checkWorks(s, { byMethod = true } = {}) {
  const object = s.origin.put('dir/a b.mp4', { size });
  const before = Date.now();
  const redirect = await s.get('dir/a%20b.mp4', { headers: range(5, 99) });
  const location = checkRedirect(redirect);
  assert.equal(s.origin.of('dir/a b.mp4').length, 0, 'nothing was fetched for it');
  assert.ok(endOf(location) <= Date.now() + 300000 && endOf(location) > before, `ends in ${endOf(location) - before} ms`);
  const whole = await get(location);
  assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()]);
  assert.deepEqual([whole.headers['content-type'], whole.headers['content-disposition']], [type, disposition]);
  const part = await get(location, { headers: range(5, 99) });
  assert.deepEqual([part.status, part.sha256], [206, object.sha256(5, 99)]);
  // Nothing of it can be changed.
  const changed = await get(location.replace('x-test', 'x-best'));
  assert.equal(changed.status, 403, 'the type is signed');

  const head = checkRedirect(await s.get('dir/a%20b.mp4', { method: 'HEAD' }));
  const told = await get(head, { method: 'HEAD' });
  assert.deepEqual([told.status, told.headers['content-length'], told.headers['content-type']], [200, String(size), type]);
  if (byMethod) assert.equal((await get(head)).status, 403, 'signed for HEAD alone');
  assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
  await s.sluice.counted(2, { route: 'media', result: 'redirect', code: 307 });
  assert.equal(await s.sluice.metric('sign_seconds_count', { store: 'media' }), 2);
  const records = await poll(() => s.sluice.access.length >= 2 && s.sluice.access, 'the access log');
  for (const record of records) assert.deepEqual([record.result, record.status], ['redirect', 307]);
  assert.equal(s.sluice.lines.join('\n').includes(signatureOf(location)), false);
}

for (const [cloud, identity] of [['gcs', 'key'], ['gcs', 'hmac'], ['aws', 'environment'], ['aws', 'imds']]) {
  test(`${cloud} by ${identity}`, async (t) => {
    await checkWorks(await start(t, cloud, identity));
  });
}

test('Cloud Storage without a key: signBlob', async (t) => {
  for (const identity of ['metadata', 'impersonated']) {
    const s = await start(t, 'gcs', identity);
    await checkWorks(s);
    assert.ok(s.world.iam.count('signBlob') >= 2, identity);
  }
});

test('signBlob as the account that the store names', async (t) => {
  const world = 'sluice@media-project.iam.gserviceaccount.com';
  const s = await start(t, 'gcs', 'external', { settings: { signer: world } });
  await checkWorks(s);
  assert.equal(s.world.metadata.requests.length, 0);
});

test('Azure by the account key and by a connection string: service SAS', async (t) => {
  for (const identity of ['accountKey', 'connectionString']) {
    const s = await start(t, 'azure', identity);
    await checkWorks(s, { byMethod: false });
  }
});

test('Azure without a key: user delegation SAS, the key fetched once', async (t) => {
  for (const identity of ['imds', 'appService', 'workload']) {
    const s = await start(t, 'azure', identity);
    await checkWorks(s, { byMethod: false });
    const answers = await Promise.all(Array.from({ length: 24 }, (_, i) => s.get(`many-${i}.mp4`)));
    for (const answer of answers) assert.match(checkRedirect(answer), /skoid=/);
    assert.equal(s.origin.count('delegationKey'), 1, identity);
  }
});

test('the store names no type and no disposition: the route still forbids a page', async (t) => {
  const s = await startCloud(t, 'gcs', 'key', { route: { delivery: 'redirect' } });
  s.origin.put('page.html', { size: 100, contentType: 'text/html' });
  const page = await get(checkRedirect(await s.get('page.html')));
  assert.deepEqual([page.status, page.headers['content-disposition']], [200, 'attachment']);
});

test('anonymous: the plain URL', async (t) => {
  for (const cloud of ['gcs', 'azure', 'aws']) {
    const s = await start(t, cloud, 'anonymous');
    const object = s.origin.put('v.mp4', { size });
    const location = checkRedirect(await s.get('v.mp4'));
    assert.equal(new URL(location).search, '', location);
    assert.equal((await get(location)).sha256, object.sha256());
  }
});

test('leave is asked for first', async (t) => {
  const s = await start(t, 'gcs', 'metadata', {
    route: { authorize: { subrequest: '/api/may-read/1', ttl: '0s' } }, app: { publicMedia: false },
  });
  const object = s.origin.put('v.mp4', { size });
  const refused = await s.get('v.mp4', { keep: true });
  assert.deepEqual([refused.status, refused.headers['x-app'], refused.headers.location], [401, 'stand-in', undefined]);
  assert.equal(s.world.iam.requests.length, 0, 'nothing is signed for them');
  const location = checkRedirect(await s.get('v.mp4', { headers: { Cookie: s.app.logIn() } }));
  assert.equal((await get(location)).sha256, object.sha256());
  const [, granted] = s.app.of('/api/');
  assert.equal(granted.method, 'GET');
});

test('its life: url_expiry where that is shorter, and never beyond the credential', async (t) => {
  const left = (location) => endOf(location) - Date.now();
  const short = await start(t, 'gcs', 'key', { settings: { url_expiry: '30s' } });
  const brief = left(checkRedirect(await short.get('v.mp4')));
  assert.ok(brief <= 30000 && brief > 20000, `${brief} ms`);
  // What signBlob signs with is a key of Google's, which outlives the token that asked for it.
  const aws = await start(t, 'aws', 'imds', { options: { imds: { lifetime: 40 } } });
  const signed = checkRedirect(await aws.get('v.mp4'));
  const last = Math.max(...aws.world.issued.map(({ expires }) => expires));
  assert.ok(endOf(signed) <= last, `ends ${endOf(signed) - last} ms after the credential`);
  const azure = await start(t, 'azure', 'imds', { prepare: ({ origin }) => origin.when('delegationKey').lifetime(40) });
  const location = checkRedirect(await azure.get('v.mp4'));
  const key = azure.world.issued.find(({ source }) => source === 'delegation');
  assert.ok(endOf(location) <= key.expires, `${endOf(location)} <= ${key.expires}`);
});

test('it cannot be signed: the app answers', async (t) => {
  const cases = [
    ['gcs', 'metadata', (s) => s.world.permissions.delete('iam.serviceAccounts.signBlob')],
    ['gcs', 'metadata', (s) => s.world.iam.when('signBlob').status(500)],
    ['gcs', 'metadata', (s) => s.world.iam.when('signBlob').body('{"signedBlob":"?"}')],
    ['azure', 'imds', (s) => s.world.permissions.delete('delegate')],
    ['azure', 'imds', (s) => s.origin.when('delegationKey').garbage()],
  ];
  for (const [cloud, identity, spoil] of cases) {
    const s = await start(t, cloud, identity);
    const object = s.origin.put('v.mp4', { size });
    spoil(s);
    const answer = await s.get('v.mp4');
    assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256, answer.headers.location],
      [200, 'stand-in', object.sha256(), undefined], `${cloud}: ${spoil}`);
    assert.equal(await s.fallbacks(), 1);
    assert.ok((await s.fallbacks('no_credentials')) + (await s.fallbacks('sign_failed')) === 1, `${cloud}: ${spoil}`);
    assert.equal(await s.sluice.metric('requests_total', { route: 'media', result: 'redirect' }), 0);
    await s.close();
  }
});

test('no credentials: the app answers, until there are some', async (t) => {
  const s = await start(t, 'aws', 'imds', { prepare: ({ world }) => { world.imds.enabled = false; }, wait: false });
  const object = s.origin.put('v.mp4', { size });
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.headers['x-app']], [200, 'stand-in']);
  assert.equal(await s.fallbacks('no_credentials'), 1);
  s.world.imds.enabled = true;
  await s.ready(70000);
  assert.equal((await get(checkRedirect(await s.get('v.mp4')))).sha256, object.sha256());
});
