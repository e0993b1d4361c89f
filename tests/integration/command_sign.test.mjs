// `sluice sign`: one line with a URL that a strict store takes, for every way to sign; what it refuses, and how it says so.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFile } from 'node:child_process';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { load } from '../support/cloud_client.mjs';
import { startCloud } from '../support/cloud_stack.mjs';
import { keepConfigSecrets, keepUrlSecrets, keepVariableSecrets } from '../support/secrets.mjs';
import { binary, testConfig } from '../support/sluice.mjs';
import { directoryFor } from '../tools/service.mjs';

const size = 5000;
const key = 'dir/a b+c%41~ü?#.mp4';
const type = 'video/x-test; codecs="a, b"';
const disposition = 'attachment; filename="a b & c.mp4"';
const overrides = ['--response-content-type', type, '--response-content-disposition', disposition];
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+/, '');

/// Runs the binary to its end, beside the stand-ins of this process: {status, stdout, stderr}.
function run(args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = execFile(binary, args, { env: { ...process.env, ...env }, timeout: 60000 }, (error, stdout, stderr) => {
      if (error?.killed || (error && child.exitCode === null)) reject(error);
      else resolve({ status: child.exitCode, stdout, stderr });
    });
  });
}

/// The cloud's servers and the configuration for them, without a Sluice that serves.
function start(t, cloud, identity, { prepare, ...over } = {}) {
  return startCloud(t, cloud, identity, { wait: false, ...over, prepare: async (made) => {
    made.start = async () => {};
    await prepare?.(made);
  } });
}
const uriOf = (s, name) => {
  const { type: cloud, endpoint } = s.config.stores.media;
  return `${{ s3: 's3:/', gcs: 'gs:/', azure: endpoint ?? s.origin.endpoint }[cloud]}/media/${name}`;
};
async function sign(s, uri, ...args) {
  keepConfigSecrets(s.config);
  keepVariableSecrets(s.env);
  const done = await run(['sign', uri, '--config', s.file('sluice.yaml', JSON.stringify(s.config)), ...args], s.env);
  s.printed += done.stderr;
  return done;
}
/// The URL, after a look at what else was printed: nothing.
async function signed(s, uri, ...args) {
  const { status, stdout, stderr } = await sign(s, uri, ...args);
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^https?:\/\/[!-~]+\n$/);
  keepUrlSecrets(stdout.trim());
  return stdout.trim();
}
/// Refused by 1 with one line on the standard error that matches `says`, and nothing else.
function checkRefused({ status, stdout, stderr }, says, what) {
  assert.deepEqual([status, stdout], [1, ''], `${what}: ${stderr}`);
  assert.match(stderr, /^sluice: [\x20-\x7e]+\n$/, what);
  assert.match(stderr, says, what);
  assert.doesNotMatch(stderr, /[?&][\w-]+=|Bearer|Signature=|sig=|BEGIN/, what);
}
/// {begins, ends} of a URL in ms; `begins` is not in Azure's.
function lifeOf(url) {
  const query = new URL(url).searchParams;
  if (query.has('se')) return { ends: Date.parse(query.get('se')) };
  const value = (name) => query.get(`X-Goog-${name}`) ?? query.get(`X-Amz-${name}`);
  const begins = Date.parse(value('Date').replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
  return { begins, ends: begins + Number(value('Expires')) * 1000 };
}

/// The store takes the URL for its method, with what was asked for; `byMethod`: and not for the other.
async function checkUrls(s, { byMethod }) {
  const object = s.origin.put(key, { size });
  const uri = uriOf(s, key);
  const url = await signed(s, uri);
  const whole = await get(url);
  assert.deepEqual([whole.status, whole.sha256, whole.headers['content-type']], [200, object.sha256(), 'video/mp4']);
  const part = await get(url, { headers: range(5, 99) });
  assert.deepEqual([part.status, part.sha256], [206, object.sha256(5, 99)]);
  assert.equal((await get(url, { method: 'HEAD' })).status, byMethod ? 403 : 200, 'HEAD of a URL for GET');
  const { ends } = lifeOf(url);
  assert.ok(Math.abs(ends - Date.now() - 3600000) < 30000, `by default the store's url_expiry: ends ${iso(ends)}`);

  const head = await signed(s, uri, '--method', 'HEAD', ...overrides);
  const told = await get(head, { method: 'HEAD' });
  assert.deepEqual([told.status, told.headers['content-length']], [200, String(size)]);
  assert.deepEqual([told.headers['content-type'], told.headers['content-disposition']], [type, disposition]);
  assert.equal((await get(head)).status, byMethod ? 403 : 200, 'GET of a URL for HEAD');

  const named = await signed(s, uri, '--method', 'GET', '--expires', '90s', ...overrides);
  const given = await get(named);
  assert.deepEqual([given.status, given.sha256], [200, object.sha256()]);
  assert.deepEqual([given.headers['content-type'], given.headers['content-disposition']], [type, disposition]);
  const left = lifeOf(named).ends - Date.now();
  assert.ok(left > 60000 && left <= 90000, `90s: ${left} ms are left`);
  for (const [from, to] of [['x-test', 'x-best'], ['a%20b', 'a%20c'], [/(sig|Signature)=(%..|\w)/, '$1=_']]) {
    assert.equal((await get(named.replace(from, to))).status, 403, 'nothing of it can be changed');
  }
}

/// Signed as of another time: twice the same, and over when its life is.
async function checkTime(s) {
  const uri = uriOf(s, key);
  const then = Date.now() - 60000;
  const args = ['--time', iso(then), '--expires', '2m', ...overrides];
  const url = await signed(s, uri, ...args);
  assert.equal(await signed(s, uri, ...args), url, 'reproduced');
  assert.equal(lifeOf(url).begins ?? Date.parse(iso(then)), Date.parse(iso(then)));
  assert.equal(lifeOf(url).ends, Date.parse(iso(then)) + 120000);
  assert.equal((await get(url)).status, 200);
  // The same instant, written otherwise.
  const shifted = iso(then + 3600000).replace('Z', '+01:00');
  assert.equal(await signed(s, uri, '--time', shifted, '--expires', '120s', ...overrides), url);
  const over = await signed(s, uri, '--time', iso(Date.now() - 3600000), '--expires', '30m');
  assert.ok([400, 403].includes((await get(over)).status), 'over half an hour ago');
}

const ways = [
  ['aws', 'environment', { byMethod: true, same: true }],
  ['aws', 'imds', { byMethod: true }],
  ['aws', 'irsa', { byMethod: true }],
  ['gcs', 'key', { byMethod: true, same: true }],
  ['gcs', 'hmac', { byMethod: true, same: true }],
  ['gcs', 'metadata', { byMethod: true, same: true }], // signBlob
  ['gcs', 'impersonated', { byMethod: true, same: true }],
  ['azure', 'accountKey', { same: true }],
  ['azure', 'connectionString', { same: true }],
  ['azure', 'imds', {}], // a user delegation key, new each time
  ['azure', 'workload', {}],
];
for (const [cloud, identity, { byMethod = false, same = false }] of ways) {
  test(`${cloud} by ${identity}`, async (t) => {
    const s = await start(t, cloud, identity);
    await checkUrls(s, { byMethod });
    if (same) await checkTime(s);
    // The object is not asked for: only whoever has the URL does.
    await signed(s, uriOf(s, 'there/is/none.mp4'));
    assert.deepEqual(s.origin.of('there/is/none.mp4'), []);
  });
}

test('static keys of the configuration, with a session token', async (t) => {
  const s = await start(t, 'aws', 'environment', { prepare: (made) => {
    const [{ accessKey, secretKey, sessionToken }] = made.world.issued;
    made.config.stores.media.credentials = { access_key_id: accessKey, secret_access_key: secretKey, session_token: sessionToken };
    Object.assign(made.env, { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_SESSION_TOKEN: '' });
  } });
  await checkUrls(s, { byMethod: true });
  await checkTime(s);
  assert.equal(s.world.imds.requests.length, 0);
});

test('the life: url_expiry, and never beyond the credential', async (t) => {
  for (const [cloud, identity] of [['gcs', 'key'], ['azure', 'accountKey'], ['aws', 'imds']]) {
    const s = await start(t, cloud, identity, { settings: { url_expiry: '45s' } });
    const brief = lifeOf(await signed(s, uriOf(s, key))).ends - Date.now();
    assert.ok(brief > 15000 && brief <= 45000, `${cloud}: ${brief} ms`);
  }
  const aws = await start(t, 'aws', 'imds', { options: { imds: { lifetime: 600 } } });
  const last = (s) => Math.max(...s.world.issued.map(({ expires }) => expires));
  assert.ok(lifeOf(await signed(aws, uriOf(aws, key), '--expires', '1d')).ends <= last(aws));
  const azure = await start(t, 'azure', 'imds', { prepare: ({ origin }) => origin.when('delegationKey').lifetime(600) });
  const { ends } = lifeOf(await signed(azure, uriOf(azure, key), '--expires', '6h'));
  assert.ok(ends <= azure.world.issued.find(({ source }) => source === 'delegation').expires);
});

test('anonymous: the plain URL', async (t) => {
  for (const cloud of ['aws', 'gcs', 'azure']) {
    const s = await start(t, cloud, 'anonymous');
    const object = s.origin.put(key, { size });
    const url = await signed(s, uriOf(s, key));
    assert.equal(new URL(url).search, '');
    assert.equal((await get(url)).sha256, object.sha256());
  }
});

/// A configuration of stores without servers: {file, sign(uri, ...args)}.
function offline(t, stores) {
  const config = { ...testConfig({ appUrl: 'http://127.0.0.1:9' }), stores, cache: {}, routes: [] };
  keepConfigSecrets(config);
  const file = path.join(directoryFor(t, 'sign'), 'sluice.yaml');
  fs.writeFileSync(file, JSON.stringify(config));
  return { file, sign: (uri, ...args) => run(['sign', uri, '--config', file, ...args]) };
}

/// Cases of the vectors that a configuration and the options can say; S3's keys that Sluice does not take are left out.
function expressible({ mode, method, key: name, query = [], headers = [] }) {
  const safe = name.split('/').every((part) => !['.', '..'].includes(part)) && name !== '';
  const known = query.every(([field]) => ['response-content-type', 'response-content-disposition'].includes(field));
  return mode === 'query' && ['GET', 'HEAD'].includes(method) && headers.length === 0 && known && safe;
}
for (const name of ['s3_sigv4.json', 's3_docs_examples.json']) {
  test(`as in ${name}`, async (t) => {
    const cases = load(name).cases.filter(expressible);
    t.diagnostic(`${cases.length} cases`);
    assert.ok(cases.length >= (name === 's3_sigv4.json' ? 25 : 1));
    for (const one of cases) {
      const { bucket, region, endpoint, style: addressing, credentials } = one;
      const more = (one.query ?? []).flatMap(([field, value]) => [`--${field}`, value]);
      const { sign: ask } = offline(t, { vector: { type: 's3', bucket, region, endpoint, addressing, credentials } });
      const { status, stdout, stderr } = await ask(`s3://${bucket}/${one.key}`, '--time', one.timestamp,
        '--expires', `${one.expires}s`, '--method', one.method, ...more);
      assert.deepEqual([status, stdout, stderr], [0, `${one.expect.url}\n`, ''], one.id);
    }
  });
}

const fixed = { type: 's3', bucket: 'media', region: 'eu-west-1',
  credentials: { access_key_id: 'AKTEST', secret_access_key: 'never-to-be-seen' } };

test('a URI that names no object of one store', async (t) => {
  const stores = { media: fixed, kept: { ...fixed, bucket: 'kept', prefix: 'films/' }, files: { type: 'local', root: '/srv/media' },
    one: { ...fixed, bucket: 'twice' }, two: { ...fixed, bucket: 'twice', region: 'eu-west-2' } };
  const { sign: ask } = offline(t, stores);
  const bad = ['', 'v.mp4', 'media/v.mp4', '/etc/passwd', '/media/v.mp4', 's3:', 's3://', 's3://media', 's3://media/', 's3:///v.mp4',
    's3:/media/v.mp4', 's3://other/v.mp4', 's3://mediax/v.mp4', 'S3://media/v.mp4', 'gs://media/v.mp4', 's3://media/../v.mp4',
    'https://s3.eu-west-1.amazonaws.com/media/v.mp4', 's3://media/a/../v.mp4', 's3://media/./v.mp4',
    's3://media/a\nb', 's3://media/a\tb', `s3://media/${'x'.repeat(1025)}`, 's3://kept/v.mp4', 's3://kept/films/',
    's3://kept/filmsv.mp4', 's3://twice/v.mp4'];
  for (const uri of bad) checkRefused(await ask(uri), /^sluice: the URI names no object of exactly one configured store$/m, JSON.stringify(uri));
  checkRefused(await ask('/srv/media/v.mp4'), /store "files": .*local has no URL/, 'local');
  for (const uri of ['s3://kept/films/v.mp4', 's3://media/a//v.mp4', 's3://media//a/', `s3://media/${'x'.repeat(1024)}`]) assert.equal((await ask(uri)).status, 0, uri);
});

function checkUsage({ status, stdout, stderr }, says, what) {
  assert.ok(status > 1 && stdout === '', `${what}: ${status} ${stdout}`);
  assert.match(stderr, says, String(what));
}
test('options that mean nothing', async (t) => {
  const { file, sign: ask } = offline(t, { media: fixed });
  for (const value of ['0s', '0', '-1s', '1', '1y', '1.5h', ' 1h', '500ms', '999999999999999999999s', 'h']) {
    checkRefused(await ask('s3://media/v.mp4', `--expires=${value}`), /--expires /, value);
  }
  for (const value of ['604801s', '8d']) checkRefused(await ask('s3://media/v.mp4', '--expires', value), /store "media": /, value);
  for (const value of ['yesterday', '2026-01-15', '2026-01-15T12:34:56', '2026-13-15T12:34:56Z', '2026-02-30T12:34:56Z', '1768480496',
    '2026-01-15T25:00:00Z', '2026-01-15T12:34:56Zjunk', '1969-12-31T23:59:59Z', '-2026-01-15T12:34:56Z']) {
    checkRefused(await ask('s3://media/v.mp4', `--time=${value}`), /--time .*as in/, value);
  }
  for (const value of ['2262-01-01T00:00:00Z', '9999-12-31T23:59:59Z']) { // more than the clock holds: not another time instead
    checkRefused(await ask('s3://media/v.mp4', `--time=${value}`), /--time .*2261/, value);
  }
  for (const [option, value] of [['type', 'a\r\nX-Injected: 1'], ['disposition', 'a\x7fb'], ['type', 'a\x01'], ['disposition', 'inline\n']]) {
    checkRefused(await ask('s3://media/v.mp4', `--response-content-${option}`, value), /--response-content-/, JSON.stringify(value));
  }
  for (const args of [['--method', 'PUT'], ['--method', 'get'], ['--method='], ['--expires'], ['--expries', '1h'], ['another'],
    ['--expires', '1h', '--expires', '2h']]) {
    checkUsage(await ask('s3://media/v.mp4', ...args), /./, args);
  }
  for (const args of [[], ['s3://media/v.mp4'], ['--config', file]]) checkUsage(await run(['sign', ...args]), /required/, args);
  assert.match((await run(['sign', '--help'])).stdout, /URI[^]*--config[^]*--expires[^]*--method[^]*--response-content-type[^]*--time/);
});

test('a configuration that is none', async (t) => {
  const { file } = offline(t, { media: { ...fixed, regoin: 'x' } });
  const faulty = await run(['sign', 's3://media/v.mp4', '--config', file]);
  const none = await run(['sign', 's3://media/v.mp4', '--config', `${file}.none`]);
  for (const { status, stdout } of [faulty, none]) assert.deepEqual([status, stdout], [1, '']);
  assert.match(faulty.stderr, /^[^\n]*sluice\.yaml:\d+:\d+: [^\n]*regoin[^\n]*\n$/);
  assert.match(none.stderr, /sluice\.yaml\.none/);
});

const noCredentials = [
  ['aws', 'imds', /EC2 instance metadata, 127\.0\.0\.1:\d+: status 403: the metadata service is disabled/, (s) => { s.world.imds.enabled = false; }],
  ['aws', 'imds', /EC2 instance metadata, .*refused/, (s) => s.world.imds.close()],
  ['aws', 'imds', /EC2 instance metadata, .*no valid AccessKeyId/, (s) =>
    s.world.imds.when('credentials').body('{"Code":"Success","SecretAccessKey":"half-a-credential"}')],
  ['aws', 'irsa', /ExpiredTokenException/, (s) =>
    s.file('web.jwt', s.world.issuer.issue({ audience: 'sts.amazonaws.com', lifetime: -60 }))],
  ['aws', 'irsa', /web\.jwt/, (s) => fs.rmSync(s.env.AWS_WEB_IDENTITY_TOKEN_FILE)],
  ['aws', 'environment', /AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY/, (s) => { s.env.AWS_SECRET_ACCESS_KEY = ''; }],
  ['gcs', 'metadata', /signBlob: .*PERMISSION_DENIED: Permission 'iam\.serviceAccounts\.signBlob' denied/, (s) =>
    s.world.permissions.delete('iam.serviceAccounts.signBlob')],
  ['gcs', 'keyByEnvironment', /key\.json/, (s) => fs.rmSync(s.env.GOOGLE_APPLICATION_CREDENTIALS)],
  ['azure', 'imds', /AuthorizationPermissionMismatch/, (s) => s.world.permissions.delete('delegate')],
  ['azure', 'imds', /user delegation key: .*protocol_error/, (s) => s.origin.when('delegationKey').garbage()],
  ['azure', 'workload', /Azure workload identity: .*AADSTS700212/, (s) => s.file('federated.jwt', s.world.issuer.issue({ audience: 'another' }))],
  ['gcs', 'metadata', /signBlob: status 403/, (s) => s.world.iam.when('signBlob').body(JSON.stringify({ error: {
    message: 'one\ntwo \x1b[1m of https://h/k?X-Goog-Signature=half-a-signature' } }), { status: 403 })],
];
test('credentials that are not to be had', async (t) => {
  for (const [cloud, identity, says, spoil] of noCredentials) {
    const s = await start(t, cloud, identity);
    await spoil(s);
    const done = await sign(s, uriOf(s, key));
    assert.doesNotMatch(done.stderr, /half-a-/);
    checkRefused(done, says, `${cloud} by ${identity}, ${spoil}`);
    await s.close();
  }
});
test('an identity that is silent is given up', async (t) => {
  const cases = [['aws', 'imds', (s) => s.world.imds.when()], ['gcs', 'metadata', (s) => s.world.iam.when()],
    ['azure', 'workload', (s) => s.origin.when('delegationKey')]];
  await Promise.all(cases.map(async ([cloud, identity, rule]) => {
    const s = await start(t, cloud, identity);
    rule(s).silent();
    const began = Date.now();
    checkRefused(await sign(s, uriOf(s, key)), /timeout/, cloud);
    assert.ok(Date.now() - began < 20000, `${cloud}: ${Date.now() - began} ms`);
  }));
});
