// The strict services of Azure (tests/support/cloud_azure*.mjs), tested by themselves: no Sluice here.
// Signatures are made with node:crypto alone.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { startAzure } from '../support/cloud_azure.mjs';
import { absent, ask, assertAnswers, form, hour, load, post, started, tag } from '../support/cloud_client.mjs';

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
  assert.equal(token.refresh_in, undefined);
  imds.refreshIn = 'half';
  assert.equal(JSON.parse((await get()).text).refresh_in, '43200');
  imds.lifetime = 7200;
  assert.equal(JSON.parse((await get()).text).refresh_in, undefined, 'too short a life');
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

test('managed identity of App Service', async (t) => {
  const azure = await started(t, startAzure);
  const { appService } = azure;
  const { pathname } = new URL(appService.endpoint);
  const query = { 'api-version': '2019-08-01', resource: 'https://storage.azure.com/' };
  const get = (change = {}, headers = { 'X-IDENTITY-HEADER': appService.secret }, path = pathname) =>
    ask(appService, 'GET', `${path}?${form({ ...query, ...change })}`, headers);
  assertAnswers([
    ['no header', await get({}, { Metadata: 'true' }), 401, /"statusCode":401/],
    ['another header', await get({}, { 'X-IDENTITY-HEADER': 'x' }), 401],
    ['another path', await get({}, undefined, '/msi'), 404],
    ['old version', await get({ 'api-version': '2017-09-01' }), 400, /api-version/],
    ['no resource', await get({ resource: '' }), 400, /resource/],
    ['unknown identity', await get({ client_id: 'x' }), 400, /No Managed Identity found/],
    ['two identities', await get({ client_id: azure.client, principal_id: azure.principal }), 400],
    ['named identity', await get({ client_id: azure.client }), 200],
  ]);
  const token = JSON.parse((await get()).text);
  const [made] = azure.issued.slice(-1);
  assert.deepEqual([token.access_token, token.expires_on, token.expires_in], [made.token, String(Math.floor(made.expires / 1000)), undefined]);
});

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
  blob.public = true;
  const [plain, versioned] = [await get(''), await get('', { 'x-ms-version': sv })];
  assert.deepEqual([plain.status, plain.headers.etag], [200, object.etag.replace(/"/g, '')], 'the oldest version has no quotation marks');
  assert.deepEqual([versioned.status, versioned.headers.etag], [200, object.etag]);
  azure.permissions.delete('delegate');
  assertAnswers([['may not delegate', await delegate(soon), 403, /AuthorizationPermissionMismatch/]]);
  blob.skew = 90000;
  assertAnswers([['ended token', await get('', auth), 401, /InvalidAuthenticationInfo/]]);
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
