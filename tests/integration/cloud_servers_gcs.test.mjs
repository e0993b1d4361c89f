// The strict services of Google (tests/support/cloud_gcs*.mjs), tested by themselves: no Sluice here.
// Signatures are made with node:crypto alone.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, createSign } from 'node:crypto';
import test from 'node:test';
import { startGcp } from '../support/cloud_gcs.mjs';
import { absent, ask, assertAnswers, hour, load, post, started, strict } from '../support/cloud_client.mjs';
import { signHeaders } from '../support/sigv4.mjs';

test('the metadata server and the token endpoints of Google', async (t) => {
  const gcp = await started(t, startGcp);
  const { metadata, sts, oauth, issuer } = gcp;
  const path = '/computeMetadata/v1/instance/service-accounts/default/';
  const google = { 'Metadata-Flavor': 'Google' };
  assertAnswers([
    ['no flavor', await ask(metadata, 'GET', `${path}token`), 403, /Missing Metadata-Flavor:Google header/],
    ['forwarded', await ask(metadata, 'GET', `${path}token`, { ...google, 'X-Forwarded-For': '1.1.1.1' }), 403],
    ['e-mail', await ask(metadata, 'GET', `${path}email`, google), 200, /^sluice@media-project/],
    ['elsewhere', await ask(metadata, 'GET', `${path}other`, google), 404],
  ]);
  const token = async () => JSON.parse((await ask(metadata, 'GET', `${path}token`, google)).text);
  const first = await token();
  assert.deepEqual([first.token_type, first.expires_in], ['Bearer', 3600]);
  assert.equal((await token()).access_token, first.access_token, 'the same until the last five minutes');
  metadata.skew = 3400;
  assert.notEqual((await token()).access_token, first.access_token);
  metadata.when('token').times(1).lifetime(2);
  assert.equal((await token()).expires_in, 2);

  const type = 'urn:ietf:params:oauth:token-type:';
  const right = {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange', audience: gcp.audience, scope: 'https://www.googleapis.com/auth/cloud-platform',
    requested_token_type: `${type}access_token`, subject_token_type: `${type}jwt`, subject_token: issuer.issue({ audience: gcp.audience }),
  };
  const exchange = (change) => post(sts, '/v1/token', { ...right, ...change });
  sts.textual = true;
  assertAnswers([
    ['right', await exchange({}), 200, /"expires_in":"3600"/],
    ['grant', await exchange({ grant_type: 'x' }), 400, /"error":"unsupported_grant_type"/],
    ['audience', await exchange({ audience: 'x' }), 400, /invalid_request/],
    ['scope', await exchange({ scope: '' }), 400, /invalid_scope/],
    ['stale', await exchange({ subject_token: issuer.issue({ audience: gcp.audience, lifetime: -1 }) }), 400, /invalid_grant.*stale/],
    ['for others', await exchange({ subject_token: issuer.issue({ audience: 'x' }) }), 400, /invalid_grant/],
  ]);

  const key = gcp.keyFile();
  const jwt = (change, pem = key.private_key) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: key.client_email, scope: right.scope, aud: key.token_uri, iat: now, exp: now + 3600, ...change };
    const text = ['{"alg":"RS256","typ":"JWT"}', JSON.stringify(claims)].map((part) => Buffer.from(part).toString('base64url')).join('.');
    return `${text}.${createSign('sha256').update(text).sign(pem).toString('base64url')}`;
  };
  const grant = (assertion) => post(oauth, '/token', { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  assertAnswers([
    ['right', await grant(jwt({})), 200, /"expires_in":3600/],
    ['other key', await grant(jwt({}, issuer.privateKey)), 400, /Invalid JWT Signature/],
    ['audience', await grant(jwt({ aud: 'https://oauth2.googleapis.com/token' })), 400, /audience/],
    ['issuer', await grant(jwt({ iss: 'x' })), 400, /account not found/],
    ['too long', await grant(jwt({ exp: Math.floor(Date.now() / 1000) + 3700 })), 400, /short-lived/],
    ['no scope', await grant(jwt({ scope: '' })), 400, /invalid_scope/],
    ['grant', await post(oauth, '/token', { grant_type: 'x' }), 400, /unsupported_grant_type/],
  ]);
});

/// A V4 signed query for `path`, in Google's way; `sign(text)` gives hex.
function goog({ method = 'GET', path, host, algorithm, id, sign, time = Date.now(), expires = 300, query = {}, headers = {} }) {
  const date = `${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const scope = `${date.slice(0, 8)}/auto/storage/goog4_request`;
  const all = { host, ...headers };
  const names = Object.keys(all).sort();
  const pairs = { ...query, 'X-Goog-Algorithm': algorithm, 'X-Goog-Credential': `${id}/${scope}`, 'X-Goog-Date': date,
    'X-Goog-Expires': expires, 'X-Goog-SignedHeaders': names.join(';') };
  const text = Object.keys(pairs).sort().map((name) => `${strict(name)}=${strict(pairs[name])}`).join('&');
  const canonical = `${method}\n${path}\n${text}\n${names.map((n) => `${n}:${all[n]}\n`).join('')}\n${names.join(';')}\nUNSIGNED-PAYLOAD`;
  const hash = createHash('sha256').update(canonical).digest('hex');
  const toSign = `${algorithm}\n${date}\n${scope}\n${hash}`;
  return { toSign, url: (signature) => `${path}?${text}&X-Goog-Signature=${signature}`, signed: () => `${path}?${text}&X-Goog-Signature=${sign(toSign)}` };
}

test('Cloud Storage: signed URLs by RSA, signBlob and HMAC, and bearer tokens; generations', async (t) => {
  const gcp = await started(t, startGcp);
  const { storage, iam, metadata } = gcp;
  const old = storage.put('a b.mp4', { seed: 1, size: 100 });
  const object = storage.put('a b.mp4', { seed: 2, size: 200 });
  const path = '/media/a%20b.mp4';
  const host = `127.0.0.1:${storage.port}`;
  const key = gcp.keyFile();
  const rsa = { path, host, algorithm: 'GOOG4-RSA-SHA256', id: key.client_email, sign: (text) => createSign('sha256').update(text).sign(key.private_key, 'hex') };
  const get = (signing, headers = {}, method = 'GET') => ask(storage, method, goog(signing).signed(), headers);
  const past = Date.now() - 301000;
  const good = goog(rsa).signed();
  assertAnswers([
    ['right', await ask(storage, 'GET', good), 200],
    ['host without port', await get({ ...rsa, host: '127.0.0.1' }), 200],
    ['range', await ask(storage, 'GET', good, { Range: 'bytes=-10' }), 206],
    ['anonymous', await ask(storage, 'GET', path), 403, /<Code>AccessDenied<.*Anonymous caller/],
    ['for HEAD', await ask(storage, 'HEAD', good), 403],
    ['HEAD', await get({ ...rsa, method: 'HEAD' }, {}, 'HEAD'), 200],
    ['another path', await ask(storage, 'GET', good.replace('a%20b', 'c')), 403, /SignatureDoesNotMatch/],
    ['another key', await get({ ...rsa, sign: (text) => createSign('sha256').update(text).sign(gcp.issuer.privateKey, 'hex') }), 403, /SignatureDoesNotMatch/],
    ['another signer', await get({ ...rsa, id: 'x@y' }), 403, /SignatureDoesNotMatch/],
    ['expired', await get({ ...rsa, time: past }), 400, /ExpiredToken/],
    ['not yet', await get({ ...rsa, time: Date.now() + hour }), 403, /RequestTimeTooSkewed/],
    ['too long', await get({ ...rsa, expires: 604801 }), 400, /AuthorizationQueryParametersError/],
    ['field twice', await ask(storage, 'GET', `${good}&X-Goog-Expires=1`), 400],
    ['loose x-goog', await ask(storage, 'GET', good, { 'x-goog-if-generation-match': object.generation }), 403, /SignatureDoesNotMatch/],
    ['absent object', await get({ ...rsa, path: '/media/none' }), 404, /NoSuchKey/],
    ['other bucket', await get({ ...rsa, path: '/other/a' }), 404, /NoSuchBucket/],
  ]);
  storage.skew = 301;
  assertAnswers([['by its own clock', await ask(storage, 'GET', good), 400, /ExpiredToken/]]);
  storage.skew = 0;

  const hmac = (secret) => (text) => {
    const chain = [text.split('\n')[2].slice(0, 8), 'auto', 'storage', 'goog4_request', text];
    return chain.reduce((k, data) => createHmac('sha256', k).update(data).digest(), `GOOG4${secret}`).toString('hex');
  };
  const [[id, secret]] = gcp.hmacKeys;
  const byHmac = { path, host, algorithm: 'GOOG4-HMAC-SHA256', id, sign: hmac(secret), query: { 'response-content-type': 'a/b; c="d"' } };
  assert.equal((await get(byHmac)).headers['content-type'], 'a/b; c="d"');
  assertAnswers([['HMAC, wrong secret', await get({ ...byHmac, sign: hmac('x') }), 403, /SignatureDoesNotMatch/],
    ['SigV4 by the HMAC key', await ask(storage, 'GET', path, signHeaders({ method: 'GET', path, host, accessKey: id, secretKey: secret, region: 'auto' })), 200]]);

  const google = { 'Metadata-Flavor': 'Google' };
  const bearer = JSON.parse((await ask(metadata, 'GET', '/computeMetadata/v1/instance/service-accounts/default/token', google)).text).access_token;
  const auth = { Authorization: `Bearer ${bearer}` };
  const call = (name, body, headers = auth) => ask(iam, 'POST', `/v1/projects/-/serviceAccounts/${key.client_email}:${name}`, headers, JSON.stringify(body));
  const url = goog(rsa);
  const payload = Buffer.from(url.toSign).toString('base64');
  const blob = JSON.parse((await call('signBlob', { payload })).text);
  assert.equal((await ask(storage, 'GET', url.url(Buffer.from(blob.signedBlob, 'base64').toString('hex')))).status, 200, 'by signBlob');
  const made = JSON.parse((await call('generateAccessToken', { scope: ['https://www.googleapis.com/auth/devstorage.read_only'], lifetime: '60s' })).text);
  const narrow = { Authorization: `Bearer ${made.accessToken}` };
  assertAnswers([
    ['signBlob, no token', await call('signBlob', { payload }, {}), 401, /UNAUTHENTICATED/],
    ['signBlob, made-up token', await call('signBlob', { payload }, { Authorization: 'Bearer x' }), 401, /UNAUTHENTICATED/],
    ['signBlob, narrow scope', await call('signBlob', { payload }, narrow), 403, /insufficient authentication scopes/],
    ['signBlob, no object', await call('signBlob', null), 400, /INVALID_ARGUMENT/],
    ['signBlob, no base64', await call('signBlob', { payload: '?' }), 400, /INVALID_ARGUMENT/],
    ['narrow reads', await ask(storage, 'GET', path, narrow), 200],
    ['made-up token', await ask(storage, 'GET', path, { Authorization: 'Bearer x' }), 401, /AuthenticationRequired/],
    ['match', await ask(storage, 'GET', path, { ...auth, 'x-goog-if-generation-match': object.generation }), 200],
    ['no match', await ask(storage, 'GET', path, { ...auth, 'x-goog-if-generation-match': old.generation }), 412, /PreconditionFailed/],
    ['If-Match', await ask(storage, 'GET', path, { ...auth, 'If-Match': old.etag }), 412],
    ['beyond', await ask(storage, 'GET', path, { ...auth, Range: 'bytes=200-' }), 416, /InvalidRange/],
    ['another', await ask(storage, 'GET', path, { ...auth, 'If-None-Match': old.etag }), 200],
    ['the same', await ask(storage, 'GET', path, { ...auth, 'If-None-Match': object.etag }), 304],
    ['what the XML API has not', await ask(storage, 'GET', path, { ...auth, 'x-goog-if-generation-not-match': object.generation }), 200],
    ['no such generation', await ask(storage, 'GET', `${path}?generation=7`, auth), 404, /NoSuchKey/],
  ]);
  const pinned = await ask(storage, 'GET', `${path}?generation=${old.generation}`, auth);
  assert.deepEqual([pinned.headers['x-goog-generation'], pinned.headers['content-length'], pinned.headers.etag], [old.generation, '100', old.etag]);
  storage.prune('a b.mp4');
  assert.equal((await ask(storage, 'GET', `${path}?generation=${old.generation}`, auth)).status, 404);
  gcp.permissions.delete('iam.serviceAccounts.signBlob');
  assertAnswers([['no permission', await call('signBlob', { payload }), 403, /iam.serviceAccounts.signBlob.*PERMISSION_DENIED/]]);
  gcp.permissions.delete('storage.objects.get');
  assertAnswers([['may not read', await ask(storage, 'GET', path, auth), 403, /storage.objects.get/]]);
  storage.public = true;
  assertAnswers([['public', await ask(storage, 'GET', path), 200]]);
  storage.skew = 4000;
  assertAnswers([['ended token', await ask(storage, 'GET', path, auth), 401]]);
});

test('Cloud Storage takes what other signers made', { skip: absent('gcs_v4.json', 'gcs_v4_public_key.json') }, async (t) => {
  const gcp = await started(t, startGcp, { storage: { bucket: 'test-bucket' } });
  const { storage } = gcp;
  const { client_email: email, public_key: pem } = load('gcs_v4_public_key.json');
  gcp.publicKeys.set(email, createPublicKey(pem));
  let checked = 0;
  for (const c of load('gcs_v4.json').cases) {
    if (c.key === '' || c.method === 'PUT') continue; // a listing and an upload: not served here
    if (c.hmac_secret) gcp.hmacKeys.set(c.access_id, c.hmac_secret);
    storage.versions.clear();
    storage.put(c.key, { size: 2000, etag: '"abc"', generation: c.headers.length > 1 ? 17 : 1579287380533984 });
    const begins = Date.parse(c.timestamp);
    const host = `${c.style === 'virtual' ? `${c.bucket}.` : ''}${new URL(c.endpoint).host}`;
    const target = c.expect.url.replace(/^https?:\/\/[^/]+/, '');
    const send = (at, path = target) => {
      gcp.time = () => at;
      return ask(storage, c.method, path, { Host: host, ...Object.fromEntries(c.headers) });
    };
    assert.equal((await send(begins)).status, c.headers.some(([name]) => name === 'range') ? 206 : 200, c.id);
    assert.equal((await send(begins + c.expires * 1000)).status, 400, `${c.id}, expired`);
    const last = target.at(-1) === '0' ? '1' : '0';
    assert.equal((await send(begins, target.slice(0, -1) + last)).status, 403, `${c.id}, changed`);
    checked++;
  }
  assert.equal(checked, 34);
  t.diagnostic(`${checked} vectors`);
});
