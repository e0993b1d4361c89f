// `sluice check --online`: what it says of stores that may be read and of those that may not, in the cloud's own words and
// without a secret, and of an app that grants its subrequests to anybody.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { startClouds } from '../support/cloud_stack.mjs';
import { errorAnswer } from '../support/http_object.mjs';
import { keepConfigSecrets, keepVariableSecrets } from '../support/secrets.mjs';
import { binary, merge } from '../support/sluice.mjs';
import { directoryFor } from '../tools/service.mjs';

const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+/, '');
/// Matches a text that holds this one.
const says = (text) => new RegExp(text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'));

/// The servers of `stores` (as startClouds has them) and the configuration, without a Sluice that serves.
function startAll(t, stores, { prepare, ...over } = {}) {
  return startClouds(t, stores, { wait: false, ...over, prepare: async (made) => {
    made.start = async () => {};
    const [name] = Object.keys(made.worlds);
    made.world = made.worlds[name];
    made.origin = made.world.objects;
    await prepare?.(made);
  } });
}
const start = (t, cloud, identity, { options, settings, ...over } = {}) =>
  startAll(t, { media: { cloud, identity, options, settings } }, over);

/// Runs it to its end, beside the stand-ins of this process: {status, stdout, stderr, of(about): what it says of that}.
/// Whatever it says, it is one line each, without a URL, a query or a secret.
async function check(s, args = ['--online']) {
  keepConfigSecrets(s.config);
  keepVariableSecrets(s.env);
  const file = s.file('sluice.yaml', JSON.stringify(s.config));
  const done = await new Promise((resolve, reject) => {
    const child = execFile(binary, ['check', '--config', file, ...args], { env: { ...process.env, ...s.env }, timeout: 60000 },
      (error, stdout, stderr) => {
        if (error && child.exitCode === null) reject(error);
        else resolve({ status: child.exitCode, stdout, stderr });
      });
  });
  s.printed += done.stdout + done.stderr; // searched for secrets when the stack closes
  const [first, ...lines] = done.stdout.split('\n');
  assert.deepEqual([first, lines.pop()], [`${file}: the configuration is valid`, ''], done.stderr);
  // Nothing on the standard error but what `check` says anyway.
  for (const line of done.stderr.split('\n').filter(Boolean)) assert.match(line.slice(file.length), /^: (warning|hint): /);
  for (const line of lines) {
    assert.match(line, /^[\x20-\x7e]{1,500}$/);
    assert.doesNotMatch(line, /:\/\/|[?&][\w-]+=|sig=|Signature=|Bearer|StringToSign/i);
  }
  done.of = (about) => lines.filter((line) => line.startsWith(`${about}: `)).map((line) => line.slice(about.length + 2));
  assert.equal(done.status, lines.some((line) => line.includes('FAILED')) ? 1 : 0, done.stdout);
  return done;
}
/// Of the store `media` something failed that matches `says`; gives all that was said of it.
async function checkFails(s, pattern, what) {
  const done = await check(s);
  const failed = done.of('store "media"').filter((line) => line.startsWith('FAILED: '));
  assert.deepEqual([done.status, failed.length], [1, 1], `${what}: ${done.stdout}`);
  assert.match(failed[0], pattern, what);
  return done;
}

/// `source` and whose it is; `until` is the end of what the cloud issued.
const last = (s) => s.world.issued.at(-1);
const good = [
  ['aws', 'environment', /environment/, (s) => last(s).accessKey],
  ['aws', 'profile', /shared config and credentials files/, (s) => last(s).accessKey],
  ['aws', 'irsa', /IRSA/, (s) => last(s).accessKey, true],
  ['aws', 'container', /container/i, (s) => last(s).accessKey, true],
  ['aws', 'imds', /EC2 instance metadata/, (s) => last(s).accessKey, true],
  ['gcs', 'key', /configuration/, (s) => s.world.email],
  ['gcs', 'keyByEnvironment', /key/, (s) => s.world.email],
  ['gcs', 'hmac', /HMAC.*configuration/, (s) => s.config.stores.media.credentials.hmac_id],
  ['gcs', 'metadata', /metadata server/, (s) => s.world.email, true],
  ['gcs', 'external', /workload identity federation/, () => '', true],
  ['gcs', 'impersonated', /workload identity federation as/, (s) => s.world.email, true],
  ['azure', 'accountKey', /account.*configuration/, (s) => s.origin.account],
  ['azure', 'connectionString', /account.*configuration/, (s) => s.origin.account],
  ['azure', 'imds', /Azure instance metadata/, (s) => s.world.client, true],
  ['azure', 'appService', /Azure App Service identity/, (s) => s.world.client, true],
  ['azure', 'workload', /Azure workload identity/, (s) => s.world.client, true],
  ['aws', 'anonymous', /anonymous/, () => ''],
  ['gcs', 'anonymous', /anonymous/, () => ''],
  ['azure', 'anonymous', /anonymous/, () => ''],
];
for (const [cloud, identity, source, who, ends] of good) {
  test(`${cloud} by ${identity}: which identity, from where, until when, and that it may read`, async (t) => {
    // Who is federated signs as another account, which the store names.
    const settings = identity === 'external' ? { signer: 'sluice@media-project.iam.gserviceaccount.com' } : {};
    const s = await start(t, cloud, identity, { settings, route: { delivery: 'redirect' } });
    const done = await check(s);
    const [named, read, ...more] = done.of('store "media"');
    assert.equal(done.status, 0, done.stdout);
    assert.match(named, /^identity: /);
    assert.match(named, source);
    if (ends) assert.ok(named.endsWith(`, until ${iso(s.world.issued.find((made) => made.source !== 'delegation' && made.expires).expires)}`), named);
    else assert.doesNotMatch(named, /until/);
    assert.match(read, /^readable /);
    assert.deepEqual(more, ['may sign redirects']);
    const asked = s.origin.of().filter((r) => r.method === 'GET');
    assert.deepEqual(asked.map((r) => [r.headers.range, r.status]), [['bytes=0-0', 404]], 'one byte, of an object that is not there');
    assert.ok(named.includes(who(s)), `${named} does not say that it is ${who(s)}`);
  });
}

test('a token that is to be renewed early: its real end', async (t) => {
  const s = await start(t, 'azure', 'imds', { options: { imds: { refreshIn: 'half' } } });
  const [named] = (await check(s)).of('store "media"');
  assert.ok(named.endsWith(`, until ${iso(last(s).expires)}`), named);
});

test('static keys of the configuration: which', async (t) => {
  const s = await start(t, 'aws', 'environment', { prepare: (made) => {
    const { accessKey, secretKey, sessionToken } = last(made);
    Object.assign(made.env, { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' });
    made.config.stores.media.credentials = { access_key_id: accessKey, secret_access_key: secretKey, session_token: sessionToken };
  } });
  const [named, read] = (await check(s)).of('store "media"');
  assert.match(named, /^identity: .*configuration/);
  assert.match(read, /^readable /);
  assert.ok(named.includes(last(s).accessKey), named);
});

test('nothing is asked without --online, and no key for redirects without those', async (t) => {
  for (const [cloud, identity, server] of [['gcs', 'metadata', 'iam'], ['azure', 'imds', 'blob']]) {
    const s = await start(t, cloud, identity);
    const plain = await check(s, []);
    assert.deepEqual([plain.status, plain.of('store "media"')], [0, []]);
    assert.ok(s.world.servers.every(({ requests }) => requests.length === 0));
    assert.equal((await check(s)).status, 0);
    assert.ok(s.world[server].of().every(({ operation }) => !['signBlob', 'delegationKey'].includes(operation)));
  }
});

const denied = 'User: arn:aws:sts::123456789012:assumed-role/media-reader/i-0123456789abcdef0 is not authorized to perform: ';
const refuses = (status, code, message) => (s) => { s.origin.options.authorize = () => errorAnswer(status, code, message); };
const store = (over) => (s) => { s.config.stores.media = merge(s.config.stores.media, over); };
const unreadable = {
  'a wrong secret': ['aws', 'environment', (s) => { s.env.AWS_SECRET_ACCESS_KEY = 'wrong-secret-of-the-test'; },
    /cannot read: 403 SignatureDoesNotMatch: The request signature/],
  'an unknown key': ['aws', 'environment', (s) => { s.env.AWS_ACCESS_KEY_ID = 'AKNOBODY'; }, /403 InvalidAccessKeyId: The AWS Access Key Id/],
  'a session token of another': ['aws', 'environment', (s) => { s.env.AWS_SESSION_TOKEN = 'another-token-of-the-test'; },
    /400 InvalidToken: The provided token/],
  'expired credentials': ['aws', 'environment', (s) => { s.world.issued[0].expires = Date.now() - 1000; },
    /400 ExpiredToken: The provided token has expired/],
  'another region': ['aws', 'environment', store({ region: 'eu-west-2' }), /400 AuthorizationQueryParametersError: .*region/],
  'a clock that is ahead': ['aws', 'imds', (s) => { s.world.time = () => Date.now() - 20 * 60000; }, /403 AccessDenied: Request is not yet valid/],
  'no bucket': ['aws', 'environment', store({ bucket: 'absent' }), /404 NoSuchBucket: The specified bucket does not exist/],
  'no s3:GetObject': ['aws', 'irsa', refuses(403, 'AccessDenied', `${denied}s3:GetObject on resource: "arn:aws:s3:::media/k"`),
    says(`403 AccessDenied: ${denied}s3:GetObject`)],
  'another endpoint': ['aws', 'environment', refuses(301, 'PermanentRedirect', 'The bucket must be addressed otherwise.'),
    /301 PermanentRedirect: The bucket/],
  'a busy store': ['aws', 'environment', (s) => s.origin.when().status(503), /503 (SlowDown|ServiceUnavailable)/],
  'a store that cannot be reached': ['aws', 'environment', (s) => s.origin.close(), /cannot be reached: connect_failed: 127\.0\.0\.1:\d+: Connection refused$/],
  'a store that is silent': ['aws', 'environment', (s) => {
    s.origin.when().silent();
    store({ connect_timeout: '300ms', response_timeout: '300ms' })(s);
  }, /cannot be reached: .*timeout/],
  'no TLS there': ['aws', 'environment', (s) => store({ endpoint: s.origin.url.replace('http:', 'https:') })(s), /cannot be reached: .*tls/],
  'GCS: another key': ['gcs', 'key', (s) => s.world.publicKeys.clear(), /403 SignatureDoesNotMatch: Access denied/],
  'GCS: a wrong secret': ['gcs', 'hmac', store({ credentials: { hmac_secret: 'wrong-secret-of-the-test' } }), /403 SignatureDoesNotMatch/],
  'GCS: a token that has expired there': ['gcs', 'metadata', (s) => { s.origin.skew = 7200; }, /401 AuthenticationRequired: Authentication required/],
  'GCS: a URL that has expired there': ['gcs', 'key', (s) => { s.origin.skew = 7200; }, /400 ExpiredToken: .*expired at/],
  'GCS: no bucket': ['gcs', 'metadata', store({ bucket: 'absent' }), /404 NoSuchBucket: The specified bucket does not exist/],
  'GCS: no storage.objects.get': ['gcs', 'metadata', (s) => s.world.permissions.delete('storage.objects.get'),
    /403 AccessDenied: Access denied\. sluice@media-project\.iam\.gserviceaccount\.com does not have storage\.objects\.get access/],
  'Azure: another account key': ['azure', 'accountKey', store({ credentials: { account_key: btoa('wrong-key-of-the-test') } }),
    /403 AuthenticationFailed: Server failed to authenticate the request/],
  'Azure: no container': ['azure', 'accountKey', store({ container: 'absent' }), /404 ContainerNotFound: The specified container does not exist/],
  'Azure: no role': ['azure', 'imds', (s) => s.world.permissions.delete('read'),
    /403 AuthorizationPermissionMismatch: This request is not authorized/],
  'Azure: a token that has expired there': ['azure', 'workload', (s) => { s.origin.skew = 7200; }, /401 InvalidAuthenticationInfo: Server failed/],
  'no instance profile': ['aws', 'imds', (s) => { s.world.imds.role = null; }, /has no identity: .*EC2 instance metadata/],
  'a web identity that has expired': ['aws', 'irsa', (s) => s.file('web.jwt', s.world.issuer.issue({ audience: 'sts.amazonaws.com', lifetime: -60 })),
    /has no identity: .*ExpiredTokenException: Token expired/],
  'credentials that come expired': ['gcs', 'metadata', (s) => s.world.metadata.when('token').lifetime(-60), /has no identity: /],
  'GCS: no metadata server': ['gcs', 'metadata', (s) => s.world.metadata.close(), /has no identity: .*refused/],
  'Azure: another secret for App Service': ['azure', 'appService', (s) => { s.env.IDENTITY_HEADER = 'wrong-secret-of-the-test'; },
    /has no identity: .*Azure App Service identity: answered 401/],
  'Azure: no federation': ['azure', 'workload', (s) => s.file('federated.jwt', s.world.issuer.issue({ audience: 'another' })),
    /has no identity: .*AADSTS700212/],
  'no such profile': ['aws', 'profile', (s) => { s.env.AWS_PROFILE = 'absent'; }, /has no identity: .*absent/],
};
for (const [what, [cloud, identity, spoil, pattern]] of Object.entries(unreadable)) {
  test(`cannot read: ${what}`, async (t) => {
    const s = await start(t, cloud, identity);
    await spoil(s);
    await checkFails(s, pattern, what);
  });
}

test('only the leave to list is missing, or nothing but 403 comes to who is anonymous', async (t) => {
  for (const [identity, message, pattern] of [
    ['irsa', `${denied}s3:ListBucket on resource: "arn:aws:s3:::media"`, /^readable .*s3:ListBucket/],
    ['anonymous', 'Access Denied', /^cannot tell whether it is readable; .*403 AccessDenied/]]) {
    const s = await start(t, 'aws', identity, { prepare: refuses(403, 'AccessDenied', message) });
    const done = await check(s);
    assert.equal(done.status, 0, done.stdout);
    assert.match(done.of('store "media"').at(-1), pattern);
  }
});

test('anonymous, and the store is not public', async (t) => {
  for (const cloud of ['gcs', 'azure']) {
    const s = await start(t, cloud, 'anonymous', { prepare: (made) => { made.origin.public = false; } });
    const done = await check(s);
    assert.doesNotMatch(done.stdout, /: readable/, `${cloud}: ${s.origin.last.status}`);
  }
});

test('a server that has a page for everything is no store', async (t) => {
  const page = Buffer.from('<!doctype html><title>console</title>');
  for (const status of [200, 302]) {
    const s = await start(t, 'aws', 'environment');
    s.origin.options.authorize = () => ({ status, headers: { 'Content-Type': 'text/html', Location: '/login' }, body: page });
    assert.doesNotMatch((await check(s)).stdout, /: readable/, String(status));
  }
});

test('what a store says is told without its secrets, as one line', async (t) => {
  const planted = 'q'.repeat(44);
  const text = `the <b>first</b>\r\nline \x07 of https://h/k?X-Amz-Signature=${planted} sig=${planted} ${planted}\nand ${'more '.repeat(500)}`;
  const s = await start(t, 'aws', 'environment', { prepare: refuses(403, 'SignatureDoesNotMatch', text) });
  const done = await checkFails(s, /403 SignatureDoesNotMatch/, 'hostile');
  assert.ok(!done.stdout.includes(planted));
  for (const [answer, pattern] of [
    [{ status: 403, headers: { 'Content-Type': 'text/html' }, body: Buffer.from('<html>no</html>') }, /cannot read: 403$/],
    [{ status: 502, headers: {}, body: Buffer.from('') }, /cannot read: 502$/],
    [{ status: 403, headers: {}, body: Buffer.alloc(3 << 20, 'x') }, /./],
    [{ status: 403, headers: {}, body: Buffer.from('<Error><Code>a\x01b</Code><Message><![CDATA[\x1b[31m]]></Message>') }, /403/]]) {
    s.origin.options.authorize = () => answer;
    await checkFails(s, pattern, String(answer.body.subarray(0, 40)));
  }
});

test('redirects that cannot be signed', async (t) => {
  for (const [cloud, identity, spoil, pattern] of [
    ['gcs', 'metadata', (s) => s.world.permissions.delete('iam.serviceAccounts.signBlob'),
      /cannot sign redirects: .*PERMISSION_DENIED: Permission 'iam\.serviceAccounts\.signBlob' denied/],
    ['gcs', 'external', () => {}, /cannot sign redirects: .*not a service account.*signer/],
    ['azure', 'imds', (s) => s.world.permissions.delete('delegate'),
      /cannot sign redirects: .*AuthorizationPermissionMismatch.*Storage Blob Delegator/]]) {
    const s = await start(t, cloud, identity, { route: { delivery: 'redirect' } });
    spoil(s);
    const done = await checkFails(s, pattern, cloud);
    assert.ok(done.of('store "media"').some((line) => line.startsWith('readable ')), 'streaming needs none of it');
  }
});

test('every store is told of, whatever the others are', async (t) => {
  const s = await startAll(t, {
    first: { cloud: 'aws', identity: 'imds' }, second: { cloud: 'gcs', identity: 'hmac' }, third: { cloud: 'azure', identity: 'accountKey' } });
  s.worlds.first.imds.enabled = false;
  const directory = directoryFor(t, 'check-online');
  Object.assign(s.config.stores, { here: { type: 'local', root: directory }, gone: { type: 'local', root: `${directory}/none` } });
  const done = await check(s);
  assert.equal(done.status, 1);
  assert.match(done.of('store "first"').join('\n'), /FAILED: has no identity/);
  for (const name of ['second', 'third']) assert.match(done.of(`store "${name}"`).join('\n'), /^identity: .*\nreadable /);
  assert.deepEqual(done.of('store "here"'), ['its root can be read']);
  assert.match(done.of('store "gone"').join('\n'), /^FAILED: .*No such file/);
});

const json = (status, headers = {}) => ({ status, body: {}, headers });
const guarded = { authorize: { subrequest: '/api/may-read/{file}', ttl: '10s', timeout: '500ms' } };
const resolved = { store: undefined, object: undefined, resolve: { object: '/path' } };
const accepting = (...accept) => ({ authorize: { ...guarded.authorize, accept } });
const subrequests = {
  'it refuses': [undefined, {}, false],
  'it grants': [json(200), {}, true],
  'it grants with 204': [{ status: 204 }, {}, true],
  '204, but there is nothing resolved by it': [{ status: 204 }, resolved, false],
  'it grants what is resolved': [json(200), resolved, true],
  'it has a page for everything': [{ status: 200, body: '<!doctype html>' }, {}, false],
  'a page that the route accepts': [{ status: 200, body: '<!doctype html>' }, accepting(200), true],
  'a status that the route does not accept': [json(200), accepting(201), false],
  'it sends to a log-in': [json(302, { Location: '/login' }), {}, false],
  'it is broken': [json(500), {}, false],
};
for (const [what, [answer, route, isFault]] of Object.entries(subrequests)) {
  test(`the app without credentials: ${what}`, async (t) => {
    const s = await start(t, 'gcs', 'hmac', { route: { ...guarded, ...route }, app: { mayRead: () => answer } });
    const done = await check(s);
    const [said, ...more] = done.of('route "media"');
    assert.deepEqual([done.status, more], [isFault ? 1 : 0, []], done.stdout);
    assert.match(said, isFault ? /^FAILED: .*grants/ : /^the app grants nothing without credentials/);
    assert.ok(said.includes(String(answer?.status ?? 401)), said);
    const [asked, ...others] = s.app.requests;
    assert.deepEqual([asked.method, others.length], ['GET', 0]);
    assert.match(asked.path, /^\/api\/may-read\/[0-9a-f-]{36}$/);
    const { cookie, authorization, range } = asked.headers;
    assert.deepEqual([cookie, authorization, range, asked.headers['x-original-method']], [undefined, undefined, undefined, 'GET']);
    assert.equal(asked.headers['x-original-uri'], asked.path.replace('/api/may-read', '/media'));
  });
}

test('an app that does not answer; routes that ask nothing', async (t) => {
  const s = await start(t, 'gcs', 'hmac', { route: guarded, app: { mayRead: () => 'silent' } });
  s.config.app.connect_timeout = '500ms';
  assert.match((await check(s)).of('route "media"').join('\n'), /^FAILED: the app cannot be asked: .*timeout/);
  await s.app.down();
  const { host } = new URL(s.config.app.url);
  assert.deepEqual((await check(s)).of('route "media"'), [`FAILED: the app cannot be asked: connect_failed: ${host}: Connection refused`]);
  s.config.routes = [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none' },
    { name: 'accel', path: '/accel/{file*}', object_header: 'X-Accel-Redirect' }];
  const done = await check(s);
  assert.deepEqual([done.status, done.of('route "media"'), done.of('route "accel"')], [0, [], []]);
});
