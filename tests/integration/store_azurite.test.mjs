// Azure Blob against Azurite, Microsoft's own emulator: service SAS by account key over http; bearer tokens and user
// delegation SAS of a managed identity over https.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { issueTokensForAzurite, startAzurite } from '../support/azurite.mjs';
import { get, range } from '../support/client.mjs';
import { startAzure } from '../support/cloud_azure.mjs';
import { content } from '../support/content.mjs';
import { uriEncode } from '../support/sigv4.mjs';
import { binary } from '../support/sluice.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const redirecting = (more = {}) => ({ name: 'signed', path: '/signed/{file*}', store: 'media', object: '{file}', authorize: 'none',
  delivery: 'redirect', ...more });
const streaming = { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none' };

/// The stack in front of an Azurite; `store`, `routes` over the configuration's.
async function start(t, azurite, { credentials, store = {}, routes = [streaming, redirecting()] } = {}) {
  return startStack(t, { origin: azurite, config: { stores: { media: { ...azurite.store(credentials), ...store } }, routes } });
}
const fromStore = (answer) => answer.headers['x-app'] === undefined;
/// What Azurite was asked for a blob but to take it: {method, status, target, query}.
async function asked(azurite, key) {
  await azurite.logged();
  return azurite.of(key).filter((r) => r.method !== 'PUT').map((r) => ({ ...r, query: new URLSearchParams(r.target.split('?')[1]) }));
}
/// Where a redirect leads, after a look at the answer itself.
async function redirected(s, key, options) {
  const answer = await get(`${s.sluice.url}/signed/${uriEncode(key, { keepSlash: true })}`, options);
  assert.equal(answer.status, 307);
  assert.match(answer.headers['cache-control'], /no-store/);
  const url = new URL(answer.headers.location);
  return { location: answer.headers.location, query: url.searchParams };
}
const secondsUntil = (time) => (Date.parse(time) - Date.now()) / 1000;

test('SAS by account key', async (t) => {
  const azurite = await startAzurite();
  const s = await start(t, azurite, { credentials: { account_key: azurite.accountKey } });
  const size = 5 * MiB + 123;
  const object = await azurite.put('v.mp4', content('azurite', 0, size));

  await t.test('miss, hit, ranges; the SAS is for reading one blob', async () => {
    const cold = await s.get('v.mp4', { headers: range(MiB + 1, 2 * MiB) });
    assert.deepEqual([cold.status, fromStore(cold), cold.sha256], [206, true, object.sha256(MiB + 1, 2 * MiB)]);
    assert.equal(cold.headers['content-range'], `bytes ${MiB + 1}-${2 * MiB}/${size}`);
    const whole = await s.get('v.mp4');
    assert.deepEqual([whole.status, whole.sha256, cacheStatus(whole).fwd], [200, object.sha256(), 'partial']);
    const warm = await s.get('v.mp4', { headers: { Range: 'bytes=-1000' } });
    assert.deepEqual([warm.status, warm.sha256, cacheStatus(warm).hit], [206, object.sha256(size - 1000), true]);
    assert.equal(warm.headers.etag, object.etag);
    const requests = await asked(azurite, 'v.mp4');
    assert.ok(requests.length >= 2);
    for (const { query, status } of requests) {
      assert.deepEqual([status, query.get('sp'), query.get('sr'), query.get('skoid')], [206, 'r', 'b', null]);
      assert.ok(query.get('sig') && query.get('sv') >= '2020-12-06' && Date.parse(query.get('se')) > Date.now());
    }
    assert.equal(new Set(requests.map((r) => r.target)).size, 1, 'one signature for all of them');
  });

  await t.test('a cold suffix, which Azure does not know; beyond; HEAD; nothing', async () => {
    const other = await azurite.put('w.mp4', content('w', 0, 300000));
    const suffix = await s.get('w.mp4', { headers: { Range: 'bytes=-100001' } });
    assert.deepEqual([suffix.status, suffix.sha256, fromStore(suffix)], [206, other.sha256(199999), true]);
    await azurite.put('x.mp4', content('x', 0, 300000));
    // Known by then: of an unknown one Azurite says "206, bytes 300000-299999", which the app has to make good.
    assert.equal((await s.get('x.mp4', { headers: range(0, 9) })).status, 206);
    const beyond = await s.get('x.mp4', { headers: range(300000) });
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */300000']);
    assert.ok(fromStore(beyond));
    await azurite.put('y.mp4', content('y', 0, 300000));
    const head = await s.get('y.mp4', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length'], fromStore(head)], [200, '300000', true]);
    await azurite.put('empty', Buffer.alloc(0));
    const empty = await s.get('empty');
    assert.deepEqual([empty.status, empty.length, fromStore(empty)], [200, 0, true]);
    const none = await s.get('none.mp4');
    assert.deepEqual([none.status, fromStore(none)], [404, false]);
  });

  await t.test('names that need encoding', async () => {
    for (const key of ['a b.mp4', 'a+b%41~.mp4', 'ü/日本/🎬.mp4', "odd!'()*:@&=$,?#[].mp4", '100%.mp4', 'e\u0301.mp4', 'x'.repeat(1000)]) {
      const one = await azurite.put(key, content(key, 0, 1000));
      const answer = await get(`${s.sluice.url}/media/${uriEncode(key, { keepSlash: true })}`, { headers: range(10, 900) });
      assert.deepEqual([answer.status, fromStore(answer), answer.sha256], [206, true, one.sha256(10, 900)], key);
      const { location } = await redirected(s, key);
      assert.equal((await azurite.send('GET', location)).sha256, one.sha256(), key);
    }
  });

  await t.test('a backslash, which Azure takes for a slash: what its users call a\\b is a/b', async () => {
    const slash = await azurite.put('dir/sub/v.mp4', content('slash', 0, 1000));
    const uri = `${azurite.url}/${azurite.account}/${azurite.container}/dir\\sub\\v.mp4`;
    const file = path.join(s.cacheDirectory, 'sign.yaml');
    fs.writeFileSync(file, JSON.stringify({ app: s.config.app, stores: s.config.stores }));
    const { stdout } = await promisify(execFile)(binary, ['sign', uri, '--config', file]);
    const answer = await get(stdout.trim());
    assert.deepEqual([answer.status, answer.sha256], [200, slash.sha256()]);
  });

  await t.test('replaced in the store: one version or the other (If-Match)', async () => {
    const old = await azurite.put('r.mp4', content('old', 0, 3 * MiB));
    assert.equal((await s.get('r.mp4', { headers: range(0, 99) })).sha256, old.sha256(0, 99));
    const replaced = await azurite.put('r.mp4', content('new', 0, 3 * MiB));
    assert.notEqual(replaced.etag, old.etag);
    const answer = await s.get('r.mp4', { headers: range(2 * MiB) });
    assert.deepEqual([answer.status, answer.sha256], [206, replaced.sha256(2 * MiB)]);
    assert.equal((await s.get('r.mp4')).sha256, replaced.sha256());
    const statuses = (await asked(azurite, 'r.mp4')).map((r) => r.status);
    assert.ok(statuses.includes(412), `refused by its If-Match: ${statuses}`);
  });

  await t.test('redirect: signed for 5 minutes, type and disposition too', async () => {
    const { location, query } = await redirected(s, 'v.mp4');
    const answer = await azurite.send('GET', location, range(100, 1099));
    assert.deepEqual([answer.status, answer.sha256], [206, object.sha256(100, 1099)]);
    assert.ok(secondsUntil(query.get('se')) > 200 && secondsUntil(query.get('se')) <= 301, query.get('se'));
    const head = await redirected(s, 'v.mp4', { method: 'HEAD' });
    assert.equal((await azurite.send('HEAD', head.location)).status, 200);
    for (const [from, to] of [['sp=r', 'sp=rw'], ['v.mp4', 'w.mp4'], [`se=${encodeURIComponent(query.get('se'))}`, 'se=2099-01-01T00%3A00%3A00Z']]) {
      const changed = location.replace(from, to);
      assert.notEqual(changed, location, from);
      assert.equal((await azurite.send('GET', changed)).status, 403, to);
    }
  });
  assert.equal(await s.sluice.metric('fallback_total', { route: 'media', reason: 'forbidden' }), 0);
});

test('a connection string, and another type and disposition signed in', async (t) => {
  const azurite = await startAzurite();
  const config = { routes: [streaming, redirecting({ headers: { 'Content-Type': 'video/webm', 'Content-Disposition': 'attachment' } })],
    stores: { media: { ...azurite.store({ connection_string: azurite.connectionString }), account: undefined, endpoint: undefined } } };
  const s = await startStack(t, { origin: azurite, config });
  const object = await azurite.put('v.mp4', content('v', 0, 100000));
  const streamed = await s.get('v.mp4');
  assert.deepEqual([streamed.status, streamed.sha256, fromStore(streamed)], [200, object.sha256(), true]);
  const { location } = await redirected(s, 'v.mp4');
  const answer = await azurite.send('GET', location);
  assert.deepEqual([answer.status, answer.sha256], [200, object.sha256()]);
  assert.deepEqual([answer.headers['content-type'], answer.headers['content-disposition']], ['video/webm', 'attachment']);
});

test('a wrong key: the app answers, and the log says no secret', async (t) => {
  const azurite = await startAzurite();
  const wrong = Buffer.alloc(64, 7).toString('base64');
  const s = await start(t, azurite, { credentials: { account_key: wrong } });
  const object = await azurite.put('v.mp4', content('v', 0, 100000));
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, fromStore(answer), answer.sha256], [200, false, object.sha256()]);
  assert.ok((await s.sluice.metric('fallback_total', { route: 'media', reason: 'forbidden' })) >= 1);
  assert.ok((await asked(azurite, 'v.mp4')).every((r) => r.status === 403));
  for (const word of [wrong, 'sig=', 'AuthenticationFailed']) assert.ok(!(s.sluice.lines.join('\n') + s.sluice.stderr).includes(word), word);
});

test('an expired SAS is refused, and renewed without the client seeing it', async (t) => {
  const azurite = await startAzurite();
  const s = await start(t, azurite, { credentials: { account_key: azurite.accountKey }, store: { url_expiry: '60s' } });
  const object = await azurite.put('v.mp4', content('v', 0, 40 * MiB));
  await s.get('v.mp4', { headers: range(0, 9) });
  const [first] = await asked(azurite, 'v.mp4');
  assert.equal((await azurite.send('GET', azurite.url + first.target, range(0, 9))).status, 206, 'it is good as it was sent');
  // To Azurite's clock this SAS, which is kept for some 50 s, has ended, and one that is made now lives 5 s more.
  await azurite.setAhead(55);
  const refused = async () => (await azurite.send('GET', azurite.url + first.target, range(0, 9))).status === 403;
  await poll(refused, 'the SAS has expired', 15000, 50);
  const before = (await asked(azurite, 'v.mp4')).length;
  const answer = await s.get('v.mp4', { headers: range(20 * MiB, 21 * MiB) });
  assert.deepEqual([answer.status, fromStore(answer), answer.sha256], [206, true, object.sha256(20 * MiB, 21 * MiB)]);
  const requests = (await asked(azurite, 'v.mp4')).slice(before);
  assert.deepEqual(requests.map((r) => r.status), [403, 206]);
  assert.equal(requests[0].target, first.target);
  assert.ok(requests[1].query.get('se') > first.query.get('se'), 'signed anew');
  assert.equal(s.app.requests.length, 0);
  assert.equal(await s.sluice.metric('fallback_total'), 0);
});

/// Azurite over https, and a managed identity whose tokens it takes, as Sluice's environment has it from now on.
async function startIdentity(t) {
  for (const name of Object.keys(process.env)) if (/^(AZURE|IDENTITY|MSI|IMDS)_/.test(name)) delete process.env[name];
  const azure = await startAzure();
  t.after(() => azure.close());
  issueTokensForAzurite(azure);
  process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = azure.imds.url;
  return { azure, azurite: await startAzurite({ tls: true }) };
}
const tokenIsThere = (s) => poll(async () => (await s.sluice.metric('credential_refresh_total', { store: 'media', result: 'ok' })) > 0,
  'Sluice has a token');

test('a managed identity over https', async (t) => {
  const { azure, azurite } = await startIdentity(t);
  const s = await start(t, azurite);
  const object = await azurite.put('v.mp4', content('bearer', 0, 3 * MiB));
  await tokenIsThere(s);

  await t.test('streaming by bearer token', async () => {
    const cold = await s.get('v.mp4', { headers: range(MiB + 1, 2 * MiB) });
    assert.deepEqual([cold.status, fromStore(cold), cold.sha256], [206, true, object.sha256(MiB + 1, 2 * MiB)]);
    const whole = await s.get('v.mp4');
    assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()]);
    const other = await azurite.put('w.mp4', content('w', 0, 300000));
    const suffix = await s.get('w.mp4', { headers: { Range: 'bytes=-100001' } });
    assert.deepEqual([suffix.status, suffix.sha256], [206, other.sha256(199999)]);
    const requests = await asked(azurite, 'v.mp4');
    assert.ok(requests.length >= 2 && requests.every((r) => !r.target.includes('?')), 'no URL was signed');
    assert.ok(!azurite.requests.some((r) => r.method === 'POST'), 'and no key for one was asked for');
    assert.equal(azure.imds.count('token'), 1);
  });

  await t.test('replaced in the store (If-Match)', async () => {
    const old = await azurite.put('r.mp4', content('old', 0, 3 * MiB));
    assert.equal((await s.get('r.mp4', { headers: range(0, 99) })).sha256, old.sha256(0, 99));
    const replaced = await azurite.put('r.mp4', content('new', 0, 3 * MiB));
    assert.equal((await s.get('r.mp4', { headers: range(2 * MiB) })).sha256, replaced.sha256(2 * MiB));
  });

  await t.test('redirects by user delegation SAS, one key for all', async () => {
    for (const key of ['v.mp4', 'w.mp4', 'a b/ü+%.mp4']) {
      const one = azurite.object(key) ?? (await azurite.put(key, content(key, 0, 1000)));
      const { location, query } = await redirected(s, key);
      for (const name of ['skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', 'sig']) assert.ok(query.get(name), name);
      assert.deepEqual([query.get('sp'), query.get('sr'), query.get('spr')], ['r', 'b', 'https']);
      assert.ok(query.get('se') <= query.get('ske') && secondsUntil(query.get('se')) <= 301);
      const answer = await azurite.send('GET', location, range(10, 509));
      assert.deepEqual([answer.status, answer.sha256], [206, one.sha256(10, 509)], key);
      const forged = location.replace(/sig=[^&]{8}/, 'sig=AAAAAAAA');
      assert.equal((await azurite.send('GET', forged)).status, 403);
    }
    const keys = azurite.requests.filter((r) => r.method === 'POST');
    assert.deepEqual(keys.map((r) => [r.target.split('?')[1], r.status]), [['restype=service&comp=userdelegationkey', 200]]);
  });
  assert.equal(await s.sluice.metric('fallback_total'), 0);
  assert.equal(azure.imds.count('token'), 1);
});

test('https without its authority is not spoken to', async (t) => {
  const { azurite } = await startIdentity(t);
  const s = await start(t, azurite, { store: { ca_file: undefined } });
  const object = await azurite.put('v.mp4', content('v', 0, 1000));
  await tokenIsThere(s);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, fromStore(answer), answer.sha256], [200, false, object.sha256()]);
  assert.deepEqual(await asked(azurite, 'v.mp4'), []);
});
