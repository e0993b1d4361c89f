// The strict cloud services of tests/support/cloud_*.mjs, tested by themselves: no Sluice here. Requests and signatures are
// made with node:http and node:crypto alone, so that a mistake in the servers' own code does not hide itself.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPublicKey, createSign } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { startAws } from '../support/cloud_aws.mjs';
import { startAzure } from '../support/cloud_azure.mjs';
import { startGcp } from '../support/cloud_gcs.mjs';
import { signHeaders } from '../support/sigv4.mjs';

/// One request to a server of ours; `path` goes on the wire as it is. Gives {status, headers, text, broken}.
function ask(server, method, path, headers = {}, body = undefined) {
  return new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port: server.port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (data) => (text += data));
      const end = () => resolve({ status: response.statusCode, headers: response.headers, text, broken: !response.complete });
      response.on('error', () => {}).on('close', end);
    });
    request.on('error', () => resolve({ status: 0, headers: {}, text: '', broken: true }));
    request.end(body);
  });
}
const form = (fields) => Object.entries(fields).map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
const formType = { 'Content-Type': 'application/x-www-form-urlencoded' };
const post = (server, path, fields, headers = {}) => ask(server, 'POST', path, { ...formType, ...headers }, form(fields));
const tag = (text, name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1].replace(/&amp;/g, '&');
const strict = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const hour = 3600 * 1000;

async function started(t, start, options) {
  const world = await start(options);
  t.after(() => world.close());
  return world;
}
/// Asks for each [what, answer, status, pattern of the body].
function assertAnswers(answers) {
  for (const [what, answer, status, pattern] of answers) {
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    if (pattern) assert.match(answer.text, pattern, what);
  }
}

test('IMDSv2 gives nothing without a session token that lives', async (t) => {
  const aws = await started(t, startAws);
  const { imds } = aws;
  const roles = '/latest/meta-data/iam/security-credentials/';
  const ttl = (seconds, more = {}) => ask(imds, 'PUT', '/latest/api/token', { 'X-aws-ec2-metadata-token-ttl-seconds': seconds, ...more });
  assertAnswers([
    ['no ttl', await ask(imds, 'PUT', '/latest/api/token'), 400, /400 - Bad Request/],
    ['ttl too long', await ttl('21601'), 400],
    ['ttl of nought', await ttl('0'), 400],
    ['forwarded', await ttl('60', { 'X-Forwarded-For': '1.2.3.4' }), 403],
    ['token by GET', await ask(imds, 'GET', '/latest/api/token'), 405],
    ['version 1', await ask(imds, 'GET', roles), 401, /401 - Unauthorized/],
    ['made-up token', await ask(imds, 'GET', roles, { 'X-aws-ec2-metadata-token': 'AQAE' }), 401],
  ]);
  const token = await ttl('60');
  const header = { 'X-aws-ec2-metadata-token': token.text };
  assert.equal(token.headers['x-aws-ec2-metadata-token-ttl-seconds'], '60');
  assertAnswers([
    ['role', await ask(imds, 'GET', roles, header), 200, /^node-role$/],
    ['another role', await ask(imds, 'GET', `${roles}other`, header), 404],
    ['another path', await ask(imds, 'GET', '/latest/meta-data/ami-id', header), 404],
  ]);
  imds.lifetime = 3;
  const credentials = JSON.parse((await ask(imds, 'GET', `${roles}node-role`, header)).text);
  assert.deepEqual([credentials.Code, credentials.Type], ['Success', 'AWS-HMAC']);
  const left = Date.parse(credentials.Expiration) - Date.now();
  assert.ok(left > 1000 && left <= 3000, `${left} ms left`);
  assert.ok(aws.secrets.has(credentials.SecretAccessKey) && aws.secrets.has(credentials.Token));

  imds.skew = 61;
  assert.equal((await ask(imds, 'GET', roles, header)).status, 401, 'the session token has ended by the skewed clock');
  imds.skew = 0;
  imds.code = 'AssumeRoleUnauthorizedAccess';
  assertAnswers([['no trust', await ask(imds, 'GET', `${roles}node-role`, header), 200, /"Code":"AssumeRoleUnauthorizedAccess"/]]);
  imds.role = null;
  assert.equal((await ask(imds, 'GET', roles, header)).status, 404);
  imds.forgetTokens();
  assert.equal((await ask(imds, 'GET', roles, header)).status, 401);
  imds.enabled = false;
  assert.equal((await ttl('60')).status, 403);
  assert.deepEqual([imds.count('token'), imds.count('credentials')], [7, 3]);
});

test('container credentials want the token', async (t) => {
  const aws = await started(t, startAws);
  const { container } = aws;
  const get = (value) => ask(container, 'GET', '/v1/credentials', value === undefined ? {} : { Authorization: value });
  const audience = 'pods.eks.amazonaws.com';
  assertAnswers([
    ['none', await get(), 400, /Service account token cannot be empty/],
    ['made up', await get('eyJ.e30.sig'), 400, /AccessDenied/],
    ['for others', await get(aws.issuer.issue({ audience: 'sts.amazonaws.com' })), 400, /audience/],
    ['too old', await get(aws.issuer.issue({ audience, lifetime: -1 })), 401, /expired/],
    ['right', await get(aws.issuer.issue({ audience })), 200, /"AccessKeyId":"ASIA.*"AccountId"/],
    ['elsewhere', await ask(container, 'GET', '/v2'), 404],
  ]);
  container.token = 'plain';
  assert.deepEqual([(await get('plain')).status, (await get('Bearer plain')).status], [200, 400]);
  container.token = null;
  assert.equal((await get()).status, 200, "ECS's asks for none");
});

test('STS checks host, form and web identity; S3 takes what it issued until that ends', async (t) => {
  const aws = await started(t, startAws);
  const { sts, s3, issuer } = aws;
  const audience = 'sts.amazonaws.com';
  const right = () => ({
    Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15', RoleArn: sts.role, RoleSessionName: 'sess',
    WebIdentityToken: issuer.issue({ audience }), DurationSeconds: '900',
  });
  const regional = { Host: 'sts.eu-west-1.amazonaws.com' };
  const assume = (change, headers = regional) => post(sts, '/', { ...right(), ...change }, headers);
  const parts = issuer.issue({ audience }).split('.');
  const forged = [parts[0], Buffer.from('{"iss":"https://oidc.example/cluster"}').toString('base64url'), parts[2]].join('.');
  assertAnswers([
    ['global name', await assume({}, { Host: 'sts.amazonaws.com' }), 421],
    ['other region', await assume({}, { Host: 'sts.us-east-1.amazonaws.com' }), 421],
    ['no form', await ask(sts, 'POST', '/', regional, form(right())), 400, /<Code>MissingAction</],
    ['signed', await assume({}, { ...regional, Authorization: 'AWS4-HMAC-SHA256 x' }), 403, /InvalidClientTokenId/],
    ['action', await assume({ Action: 'AssumeRole' }), 400, /InvalidAction/],
    ['version', await assume({ Version: '2010-01-01' }), 400, /InvalidAction/],
    ['session name', await assume({ RoleSessionName: 'a b' }), 400, /ValidationError/],
    ['duration', await assume({ DurationSeconds: '60' }), 400, /ValidationError/],
    ['expired', await assume({ WebIdentityToken: issuer.issue({ audience, lifetime: -5 }) }), 400, /<Type>Sender<.*ExpiredTokenException/s],
    ['audience', await assume({ WebIdentityToken: issuer.issue({ audience: 'x' }) }), 400, /InvalidIdentityToken/],
    ['forged', await assume({ WebIdentityToken: forged }), 400, /InvalidIdentityToken/],
    ['role', await assume({ RoleArn: 'arn:aws:iam::123456789012:role/other' }), 403, /AccessDenied/],
  ]);
  aws.time = () => Date.UTC(2026, 0, 15, 12);
  const answer = await assume({});
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers['content-type'], /xml/);
  assert.equal(tag(answer.text, 'Expiration'), '2026-01-15T12:15:00Z');
  assert.equal(tag((await assume({}, {})).text, 'Arn'), 'arn:aws:sts::123456789012:assumed-role/sluice/sess', 'by its own address');

  s3.put('a.mp4', { size: 10 });
  const headers = (token) => signHeaders({
    method: 'GET', path: '/media/a.mp4', host: `127.0.0.1:${s3.port}`, accessKey: tag(answer.text, 'AccessKeyId'),
    secretKey: tag(answer.text, 'SecretAccessKey'), region: 'eu-west-1', time: aws.time(), headers: token ? { 'x-amz-security-token': token } : {},
  });
  const get = (token) => ask(s3, 'GET', '/media/a.mp4', headers(token));
  const token = tag(answer.text, 'SessionToken');
  assertAnswers([
    ['anonymous', await ask(s3, 'GET', '/media/a.mp4'), 403, /AccessDenied/],
    ['no session token', await get(), 403, /InvalidAccessKeyId/],
    ['wrong session token', await get('other'), 400, /InvalidToken/],
    ['right', await get(token), 200],
  ]);
  aws.time = () => Date.UTC(2026, 0, 15, 12, 15);
  assertAnswers([['after its end', await get(token), 400, /ExpiredToken/]]);
});

test('faults: gates, statuses in the own form, garbage, silence, empty and short-lived answers', async (t) => {
  const aws = await started(t, startAws, { container: { token: null } });
  const { container, sts } = aws;
  const get = () => ask(container, 'GET', '/v1/credentials');
  const gate = container.when('credentials').times(1).hold();
  let answered = false;
  const held = get().then((answer) => { answered = true; return answer; });
  await gate.reached;
  assert.equal((await get()).status, 200, 'others pass');
  assert.ok(!answered && aws.issued.length === 1, 'nothing is issued to the one at the gate');
  gate.release();
  assert.equal((await held).status, 200);

  container.when('credentials').times(1).status(500);
  container.when('credentials').times(1).empty();
  container.when('credentials').times(1).body('{"AccessKeyId":', { headers: { 'Content-Type': 'application/json' } });
  container.when('credentials').times(1).garbage();
  container.when('credentials').times(1).lifetime(-60);
  assert.equal((await get()).status, 500);
  const empty = await get();
  assert.deepEqual([empty.status, empty.text], [200, '']);
  assert.throws(() => JSON.parse(''));
  assert.equal((await get()).text, '{"AccessKeyId":');
  assert.deepEqual((await get()).status, 0, 'no HTTP');
  assert.ok(Date.parse(JSON.parse((await get()).text).Expiration) < Date.now());
  container.skew = -600;
  const late = await get();
  const apart = Date.parse(JSON.parse(late.text).Expiration) - Date.parse(late.headers.date);
  assert.ok(Math.abs(apart - hour) <= 1000 && Date.parse(late.headers.date) < Date.now() - 590000, 'the whole server is late');
  sts.when().times(1).status(503);
  assertAnswers([['own form', await post(sts, '/', {}), 503, /<Type>Receiver<.*ServiceUnavailable/s]]);

  container.when('credentials').silent();
  const silent = http.get({ host: '127.0.0.1', port: container.port, path: '/v1/credentials', agent: false });
  silent.on('error', () => {});
  const entry = await container.waitFor((r) => r.rule?.isSilent);
  silent.destroy();
  await container.board.until(() => entry.finished, 'the end of the silent one');
  assert.ok(entry.aborted && entry.status === 0);
});

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
  storage.skew = 4000;
  assertAnswers([['ended token', await ask(storage, 'GET', path, auth), 401]]);
});

test('managed identity and workload identity of Azure', async (t) => {
  const azure = await started(t, startAzure);
  const { imds, login, issuer } = azure;
  const path = '/metadata/identity/oauth2/token';
  const query = { 'api-version': '2018-02-01', resource: 'https://storage.azure.com/' };
  const get = (change = {}, headers = { Metadata: 'true' }) => ask(imds, 'GET', `${path}?${form({ ...query, ...change })}`, headers);
  assertAnswers([
    ['no header', await get({}, {}), 400, /Required metadata header not specified/],
    ['forwarded', await get({}, { Metadata: 'true', 'X-Forwarded-For': '1.1.1.1' }), 400],
    ['no version', await get({ 'api-version': '' }), 400, /api-version/],
    ['no resource', await get({ resource: '' }), 400, /resource/],
    ['other resource', await get({ resource: 'https://x' }), 400, /invalid_resource/],
    ['unknown identity', await get({ client_id: 'x' }), 400, /Identity not found/],
    ['named identity', await get({ client_id: azure.client }), 200],
  ]);
  const token = JSON.parse((await get()).text);
  assert.deepEqual([token.expires_in, token.token_type], ['86400', 'Bearer']);
  imds.identities = null;
  assertAnswers([['none at all', await get(), 400, /Identity not found/]]);

  const audience = 'api://AzureADTokenExchange';
  const right = { grant_type: 'client_credentials', client_id: azure.client, scope: 'https://storage.azure.com/.default',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };
  const ask2 = (change = {}, tenant = azure.tenant) =>
    post(login, `/${tenant}/oauth2/v2.0/token`, { ...right, client_assertion: issuer.issue({ audience }), ...change });
  assertAnswers([
    ['right', await ask2(), 200, /"expires_in":3600/],
    ['tenant', await ask2({}, 'x'), 400, /AADSTS90002/],
    ['grant', await ask2({ grant_type: 'password' }), 400, /unsupported_grant_type/],
    ['client', await ask2({ client_id: 'x' }), 400, /AADSTS700016/],
    ['scope', await ask2({ scope: 'x' }), 400, /invalid_scope/],
    ['no scope', await ask2({ scope: '' }), 400, /AADSTS900144/],
    ['no assertion', await ask2({ client_assertion: '' }), 401, /invalid_client/],
    ['line end kept', await ask2({ client_assertion: `${issuer.issue({ audience })}\n` }), 401, /AADSTS50027/],
    ['expired', await ask2({ client_assertion: issuer.issue({ audience, lifetime: -1 }) }), 401, /AADSTS700024.*"error_codes":\[700024\]/],
    ['audience', await ask2({ client_assertion: issuer.issue({ audience: 'x' }) }), 401, /AADSTS700212/],
    ['subject', await ask2({ client_assertion: issuer.issue({ audience, subject: 'x' }) }), 401, /AADSTS700213/],
  ]);
});

const iso = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;
const sasOf = (fields, lines, key) => `?${form({ ...fields, sig: createHmac('sha256', Buffer.from(key, 'base64')).update(lines.join('\n')).digest('base64') })}`;

test('blobs: bearer, service SAS, user delegation SAS; ranges and preconditions', async (t) => {
  const azure = await started(t, startAzure);
  const { blob, imds } = azure;
  const object = blob.put('a b.mp4', { size: 100 });
  const path = `/${blob.account}/media/a%20b.mp4`;
  const canonical = `/blob/${blob.account}/media/a b.mp4`;
  const sv = '2021-12-02';
  const service = (change = {}, key = blob.accountKey, resource = canonical) => {
    const f = { sp: 'r', se: iso(Date.now() + hour), spr: 'https,http', sv, sr: 'b', ...change };
    return sasOf(f, [f.sp, f.st ?? '', f.se, resource, '', f.sip ?? '', f.spr, f.sv, f.sr, '', '', '', f.rscd ?? '', '', '', ''], key);
  };
  const get = (query, headers = {}, method = 'GET') => ask(blob, method, path + query, headers);
  const right = service({ rscd: 'inline; x' });
  const got = await get(right);
  assert.deepEqual([got.status, got.headers.etag, got.headers['content-disposition'], got.headers['x-ms-blob-type']], [200, object.etag, 'inline; x', 'BlockBlob']);
  assertAnswers([
    ['HEAD', await get(right, {}, 'HEAD'), 200],
    ['by host name', await ask(blob, 'GET', `/media/a%20b.mp4${right}`, { Host: `${blob.account}.blob.core.windows.net` }), 200],
    ['range', await get(right, { Range: 'bytes=90-200' }), 206],
    ['suffix range', await get(right, { Range: 'bytes=-10' }), 200],
    ['beyond', await get(right, { Range: 'bytes=100-' }), 416, /InvalidRange/],
    ['If-Match', await get(right, { 'If-Match': object.etag }), 200],
    ['If-Match, other', await get(right, { 'If-Match': '"0x8D0"' }), 412, /ConditionNotMet/],
    ['container', await get(service({ sr: 'c' }, blob.accountKey, `/blob/${blob.account}/media`)), 200],
    ['anonymous', await get(''), 404, /ResourceNotFound/],
    ['anonymous, new', await get('', { 'x-ms-version': sv }), 401, /NoAuthenticationInformation/],
    ['wrong key', await get(service({}, 'AAAA')), 403, /AuthenticationFailed.*Signature did not match/s],
    ['expired', await get(service({ se: iso(Date.now() - 1000) })), 403, /AuthenticationFailed.*time frame/s],
    ['not yet', await get(service({ st: iso(Date.now() + hour / 2) })), 403, /time frame/],
    ['https only', await get(service({ spr: 'https' })), 403, /AuthorizationProtocolMismatch/],
    ['elsewhere', await get(service({ sip: '203.0.113.1-203.0.113.9' })), 403, /AuthorizationSourceIPMismatch/],
    ['from here', await get(service({ sip: '127.0.0.1' })), 200],
    ['may write only', await get(service({ sp: 'w' })), 403, /AuthorizationPermissionMismatch/],
    ['absent', await ask(blob, 'GET', `/${blob.account}/media/x${service({}, blob.accountKey, `/blob/${blob.account}/media/x`)}`), 404, /BlobNotFound/],
    ['put', await get(right, {}, 'PUT'), 405, /UnsupportedHttpVerb/],
  ]);
  assert.equal((await get(right, { Range: 'bytes=0-1', 'x-ms-range': 'bytes=90-200' })).headers['content-range'], 'bytes 90-99/100', 'x-ms-range wins');
  assert.equal((await get(right, { Range: 'bytes=100-' })).headers['content-range'], 'bytes */100');
  assert.equal((await get(service({ sp: 'w' }), {}, 'HEAD')).headers['x-ms-error-code'], 'AuthorizationPermissionMismatch');
  blob.when('a b.mp4').times(1).ignoreRange().ignoreConditions();
  assert.equal((await get(right, { Range: 'bytes=0-1', 'If-Match': '"0x8D0"' })).status, 200, 'a store that knows neither');
  const reset = blob.when('a b.mp4').times(1).resetAt(50);
  assert.deepEqual([(await get(right)).broken, reset.taken], [true, 1]);

  const token = JSON.parse((await ask(imds, 'GET', '/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F', { Metadata: 'true' })).text).access_token;
  const auth = { Authorization: `Bearer ${token}`, 'x-ms-version': sv };
  const keyInfo = (start, end) => `<?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>${iso(start)}</Start><Expiry>${iso(end)}</Expiry></KeyInfo>`;
  const delegate = (end, headers = auth) => ask(blob, 'POST', `/${blob.account}/?restype=service&comp=userdelegationkey`, headers, keyInfo(Date.now() - 60000, end));
  const [soon, noVersion] = [Date.now() + hour, { Authorization: auth.Authorization }];
  assertAnswers([
    ['bearer', await get('', auth), 200],
    ['bearer, no version', await get('', noVersion), 400, /MissingRequiredHeader/],
    ['bearer, old version', await get('', { ...auth, 'x-ms-version': '2016-05-31' }), 403, /AuthenticationFailed/],
    ['bearer, bad version', await get('', { ...auth, 'x-ms-version': 'x' }), 400, /InvalidHeaderValue/],
    ['bearer, made up', await get('', { ...auth, Authorization: 'Bearer x' }), 401, /InvalidAuthenticationInfo/],
    ['key, no version', await delegate(soon, noVersion), 400, /MissingRequiredHeader/],
    ['key, no token', await delegate(soon, {}), 401, /NoAuthenticationInformation/],
    ['key, 8 days', await delegate(Date.now() + 8 * 24 * hour), 400, /InvalidXmlNodeValue/],
    ['key, no xml', await ask(blob, 'POST', `/${blob.account}/?restype=service&comp=userdelegationkey`, auth, '{}'), 400, /InvalidXmlDocument/],
  ]);
  blob.keyVersion = '2025-11-05';
  const key = (await delegate(soon)).text;
  assert.match(key, /^\u00ef\u00bb\u00bf<\?xml/, 'a byte order mark comes first');
  const user = (change = {}) => {
    const f = { sp: 'r', se: iso(soon - 60000), skoid: tag(key, 'SignedOid'), sktid: tag(key, 'SignedTid'), skt: tag(key, 'SignedStart'),
      ske: tag(key, 'SignedExpiry'), sks: 'b', skv: tag(key, 'SignedVersion'), sv, sr: 'b', ...change };
    return sasOf(f, [f.sp, '', f.se, canonical, f.skoid, f.sktid, f.skt, f.ske, f.sks, f.skv, '', '', '', '', '', f.sv, f.sr, '', '', '', '', '', '', ''], tag(key, 'Value'));
  };
  assert.equal(tag(key, 'SignedVersion'), '2025-11-05');
  assertAnswers([
    ['user delegation SAS', await get(user()), 200],
    ['outlives its key', await get(user({ se: iso(soon + 60000) })), 403, /key time frame/],
    ['unknown key', await get(user({ skoid: 'x' })), 403, /AuthenticationFailed/],
  ]);
  blob.skew = 3600;
  assertAnswers([['after its end', await get(user()), 403, /time frame/]]);
  blob.skew = 0;
  azure.permissions.delete('delegate');
  assertAnswers([['may not delegate', await delegate(soon), 403, /AuthorizationPermissionMismatch/]]);
  blob.skew = 90000;
  assertAnswers([['ended token', await get('', auth), 401, /InvalidAuthenticationInfo/]]);
});

const vectors = (name) => new URL(`../vectors/${name}`, import.meta.url);
const absent = (...names) => names.every((name) => fs.existsSync(vectors(name))) ? false : `tests/vectors has no ${names.join(', ')}`;
const load = (name) => JSON.parse(fs.readFileSync(vectors(name), 'utf8'));

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

test('the blob service takes what other signers made', { skip: absent('azure_blob_sas.json') }, async (t) => {
  const azure = await started(t, startAzure);
  const { blob } = azure;
  azure.time = () => Date.parse('2026-01-15T12:30:00Z');
  Object.assign(blob, { protocol: 'https', clientAddress: '203.0.113.7' });
  blob.policies.set('policy-1', { sp: 'r', se: '2026-01-15T13:00:00Z' });
  const cases = load('azure_blob_sas.json').cases;
  for (const c of cases) {
    Object.assign(blob, { account: c.account, accountKey: c.account_key ?? blob.accountKey, container: c.container });
    blob.objects.clear();
    blob.put(c.blob || 'any', { size: 200, etag: '"0x8D"' });
    const d = c.user_delegation_key;
    if (d) blob.delegationKeys.set([d.oid, d.tid, d.start, d.expiry, d.service, d.version].join('\n'), { value: d.value });
    const path = c.expect.resource_url.replace(/^https?:\/\/[^/]+/, '') + (c.blob ? '' : '/any');
    // The service SAS and the key's fields as signed, and what a snapshot's URL has besides.
    const fields = { ...c.expect.sas_params, ...(c.snapshot && { snapshot: c.snapshot }), ...(c.version_id && { versionid: c.version_id }),
      ...Object.fromEntries(c.srq ?? []) };
    const headers = { Host: `${c.account}.blob.core.windows.net`, ...Object.fromEntries(c.srh ?? []) };
    const send = (change = {}) => ask(blob, 'GET', `${path}?${form({ ...fields, ...change })}`, headers);
    const right = await send();
    assert.equal(right.status, c.srh ? 206 : 200, `${c.id}: ${right.text}`);
    assert.equal((await send({ sig: `A${fields.sig.slice(1)}` })).status, fields.sig[0] === 'A' ? 200 : 403, `${c.id}, changed`);
    assert.equal((await send({ sp: 'rw' })).status, 403, `${c.id}, more permissions`);
  }
  assert.equal(cases.length, 53);
  t.diagnostic(`${cases.length} vectors`);
});
