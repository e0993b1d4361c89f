// The command line: what `sluice check` and `sluice serve` say of a config, and where in it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { binary, startSluice } from '../support/sluice.mjs';
import { directoryFor } from '../tools/service.mjs';

/// Runs the binary to its end.
function sluice(args, env = {}) {
  const result = spawnSync(binary, args, { encoding: 'utf8', timeout: 30000, env: { ...process.env, ...env } });
  if (result.error) throw result.error;
  return result;
}

const head = `listeners:
  - address: 127.0.0.1:0
admin:
  address: 127.0.0.1:0
app:
  url: http://127.0.0.1:3000
trusted_proxies: [10.0.0.0/8]
`;
const store = `stores:
  uploads:
    type: s3
    bucket: media
    region: eu-central-1
    credentials: {access_key_id: AK, secret_access_key: "\${SLUICE_TEST_SECRET:-not-a-secret}"}
`;
const route = `routes:
  - name: lectures
    path: "/media/{course}/{file*}"
    store: uploads
    object: "lectures/{course}/{file}"
    authorize: {subrequest: "/api/may-read/{course}", ttl: 10s}
`;
const good = head + store + route;

/// Writes `text` to a file; where it holds @@, that is taken out and its place is given as LINE:COL.
function write(t, text) {
  const file = path.join(directoryFor(t, 'check'), 'sluice.yaml');
  const at = text.indexOf('@@');
  fs.writeFileSync(file, text.replace('@@', ''));
  if (at < 0) return { file };
  const before = text.slice(0, at).split('\n');
  return { file, place: `${file}:${before.length}:${before.at(-1).length + 1}` };
}

test('a good config is accepted, and its secrets are not printed', (t) => {
  const { file } = write(t, good);
  const { status, stdout, stderr } = sluice(['check', '--config', file], { SLUICE_TEST_SECRET: 'seldom-seen' });
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout + stderr, /seldom-seen/);
});

test('the reference config, conf/sluice.yaml, is accepted', () => {
  const file = fileURLToPath(new URL('../../conf/sluice.yaml', import.meta.url));
  const { status, stderr } = sluice(['check', '--config', file], { S3_ACCESS_KEY_ID: 'AK', S3_SECRET_ACCESS_KEY: 'SK' });
  assert.equal(status, 0, stderr);
});

const faults = {
  'an unknown key': [good + '@@listenerz: []\n', /listenerz/],
  'an unknown key far inside': [good.replace('region:', '@@regoin:'), /regoin/],
  'a duplicate key': [good.replace('    bucket: media\n', '    bucket: media\n    @@bucket: other\n'), /bucket/],
  'a size with a wrong unit': [good + 'cache:\n  directory: /tmp/c\n  max_size: @@20GX\n', /cache\.max_size.*not a size/],
  'a time without a unit': [good.replace('ttl: 10s', 'ttl: @@10'), /ttl.*needs a unit/],
  'a number out of range': [good + 'limits: {connections: @@-1}\n', /limits\.connections/],
  'an anchor, which an alias needs': [good.replace('bucket: media', 'bucket: @@&a media').replace('region: eu', 'region: *a # eu'), /anchor/],
  'a variable that is not set': [good.replace('bucket: media', 'bucket: @@"${SLUICE_TEST_UNSET}"'), /SLUICE_TEST_UNSET/],
  'a store that is not there': [good.replace('store: uploads', 'store: @@downloads'), /does not have/],
  'a capture that is not in the path': [good.replace('object: "lectures/{course}', 'object: "lectures/{@@curse}'), /curse/],
  'a path that is none': [good.replace('path: "/media', 'path: @@"media'), /path/],
  'two ways to the object': [good.replace('object: "lectures', 'object: @@"lectures') + '    resolve: {object: /path}\n', /object.*resolve are mutually exclusive/],
  'resolve without a pointer': [good + '    resolve: {object: /path, filename: @@name}\n', /filename.*JSON pointer/],
  'a preset that there is not': [head + store + 'routes:\n  - preset: @@open-webgui\n', /preset.*open-webui/],
  'cors for all with credentials': [good + '    cors: {origins: ["*"], credentials: @@true}\n', /credentials.*must not be true/],
  'broken YAML': ['listeners: [\n', /./],
  'a variable without quotes in braces': ['app: {url: ${APP_URL}}\n', /not YAML: .*quote values: "\$\{NAME\}"/],
};

for (const [what, [text, says]] of Object.entries(faults)) {
  for (const command of ['check', 'serve']) {
    test(`${command}: ${what} is an error at its place`, (t) => {
      const { file, place } = write(t, text);
      const { status, stderr } = sluice([command, '--config', file]);
      assert.equal(status, 1, stderr);
      const line = stderr.split('\n').find((row) => row.includes(place ?? `${file}:`));
      assert.ok(line, `${place ?? file} is not in: ${stderr}`);
      assert.match(line, /:\d+:\d+/);
      assert.match(line, says);
    });
  }
}

const unsupported = {
  'TLS on a listener': good.replace('address: 127.0.0.1:0\n', 'address: 127.0.0.1:0\n    @@tls: {certificate: a, key: b}\n'),
};

for (const [what, text] of Object.entries(unsupported)) {
  test(`${what} is refused as not supported yet, at its place`, (t) => {
    const { file, place } = write(t, text);
    const { status, stderr } = sluice(['check', '--config', file]);
    assert.equal(status, 1, stderr);
    const line = stderr.split('\n').find((row) => row.includes(`${file}:${place.split(':').at(-2)}:`) && /not supported yet/.test(row));
    assert.ok(line, `${place}: not supported yet: is not in: ${stderr}`);
  });
}

const kinds = `  - name: resolved
    path: "/files/{id}/raw"
    authorize: {subrequest: "/files/{id}", accept: [200, 201]}
    resolve: {object: /path, content_type: /meta/content_type, filename: /meta/name}
    cors: {origins: ["https://app.example"], credentials: true}
  - name: accel
    path: "/downloads/{rest*}"
    object_header: X-Accel-Redirect
`;

test('every kind of route is accepted', (t) => {
  const { file } = write(t, good + kinds);
  const { status, stderr } = sluice(['check', '--config', file]);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
});

/// An environment without what the preset reads of the caller's own.
function appEnvironment(variables) {
  const own = Object.keys(process.env).filter((name) => /^(S3_|GCS_|AZURE_STORAGE_|STORAGE_PROVIDER$|DATA_DIR$)/.test(name));
  return { ...Object.fromEntries(own.map((name) => [name, ''])), ...variables };
}

const s3App = {
  STORAGE_PROVIDER: 's3',
  S3_ACCESS_KEY_ID: 'AK',
  S3_SECRET_ACCESS_KEY: 'seldom-seen',
  S3_BUCKET_NAME: 'media',
  S3_REGION_NAME: 'eu-central-1',
};
const preset = head + 'routes:\n  - preset: open-webui\n';

test('the preset takes its store from the variables of the app', (t) => {
  const { file } = write(t, preset);
  const data = directoryFor(t, 'data');
  fs.mkdirSync(path.join(data, 'uploads'));
  for (const variables of [{ DATA_DIR: data }, s3App]) {
    const { status, stdout, stderr } = sluice(['check', '--config', file], appEnvironment(variables));
    assert.equal(status, 0, stderr);
    assert.equal(stderr, '');
    assert.doesNotMatch(stdout, /seldom-seen/);
  }
});

test('a local root that is not there is a warning of `check` and of `serve`, and no fault: the app may make it yet', async (t) => {
  const { file } = write(t, preset);
  const data = directoryFor(t, 'data');
  const env = appEnvironment({ DATA_DIR: data });
  const warning = `store "open-webui": its root ${data}/uploads cannot be read (yet): No such file or directory`;
  const { status, stderr } = sluice(['check', '--config', file], env);
  assert.deepEqual([status, stderr], [0, `${file}: warning: ${warning}\n`]);
  const serving = await startSluice({ listeners: [{ address: '127.0.0.1:0' }], admin: { address: '127.0.0.1:0' },
    app: { url: 'http://127.0.0.1:9' }, trusted_proxies: ['10.0.0.0/8'], limits: { shutdown_delay: '0s' }, cache: {},
    routes: [{ preset: 'open-webui' }] }, { env });
  t.after(() => serving.stop());
  assert.deepEqual(serving.log.filter(({ message, warning }) => message === 'configuration warning' && warning !== undefined).map((r) => [r.level, r.warning]), [['warn', warning]]);
});

test('a bad variable of the app is an error that names it', (t) => {
  const { file } = write(t, preset);
  for (const [name, value] of [['STORAGE_PROVIDER', 'ftp'], ['S3_BUCKET_NAME', 'a/b'], ['S3_ENDPOINT_URL', 'minio'], ['S3_REGION_NAME', 'eu west']]) {
    const { status, stderr } = sluice(['check', '--config', file], appEnvironment({ ...s3App, [name]: value }));
    assert.equal(status, 1, stderr);
    assert.match(stderr, new RegExp(`^${name}: error: `));
    assert.doesNotMatch(stderr, /seldom-seen/);
  }
});

test('the other clouds of the app', (t) => {
  const { file } = write(t, preset);
  for (const env of [{ STORAGE_PROVIDER: 'gcs', GCS_BUCKET_NAME: 'media' },
    { STORAGE_PROVIDER: 'azure', AZURE_STORAGE_ENDPOINT: 'https://media.blob.core.windows.net', AZURE_STORAGE_CONTAINER_NAME: 'files' }]) {
    const { status, stderr } = sluice(['check', '--config', file], appEnvironment(env));
    assert.deepEqual([status, stderr], [0, '']);
    const [needed] = Object.keys(env).slice(1);
    const without = sluice(['check', '--config', file], appEnvironment({ ...env, [needed]: '' }));
    assert.equal(without.status, 1);
    assert.match(without.stderr, new RegExp(`^${needed}: error: `));
  }
});

test('where no proxy is trusted, there is a hint', (t) => {
  const { file } = write(t, good.replace('trusted_proxies: [10.0.0.0/8]\n', ''));
  const { status, stderr } = sluice(['check', '--config', file]);
  assert.equal(status, 0);
  assert.match(stderr, /^[^\n]*: hint: trusted_proxies is empty: [^\n]*\n$/);
});

test('a key that signs nothing is an error', (t) => {
  const { file } = write(t, preset);
  const json = JSON.stringify({ type: 'service_account', client_email: 'a@b', private_key: 'seldom-seen' });
  const env = appEnvironment({ STORAGE_PROVIDER: 'gcs', GCS_BUCKET_NAME: 'media', GOOGLE_APPLICATION_CREDENTIALS_JSON: json });
  const { status, stdout, stderr } = sluice(['check', '--config', file], env);
  assert.equal(status, 1);
  assert.match(stderr, /^sluice: store "open-webui": .*private key must be an RSA key in PEM/);
  assert.doesNotMatch(stdout + stderr, /seldom-seen/);
});

test('delivery by redirect', (t) => {
  const { file } = write(t, good + '    delivery: redirect\n');
  assert.equal(sluice(['check', '--config', file]).status, 0);
});

test('each of several faults is named', (t) => {
  const { file } = write(t, good.replace('region:', 'regoin:').replace('ttl: 10s', 'ttl: 10y'));
  const { status, stderr } = sluice(['check', '--config', file]);
  assert.equal(status, 1);
  assert.match(stderr, /regoin/);
  assert.match(stderr, /ttl/);
});

test('a file that cannot be read is an error', (t) => {
  const file = path.join(directoryFor(t, 'check'), 'none.yaml');
  for (const command of ['check', 'serve']) {
    const { status, stderr } = sluice([command, '--config', file]);
    assert.equal(status, 1);
    assert.match(stderr, /none\.yaml/);
  }
});

test('--version and --help', () => {
  const version = sluice(['--version']);
  assert.equal(version.status, 0);
  assert.match(version.stdout, /^(sluice )?\d+\.\d+\.\d+\n$/);
  const help = sluice(['--help']);
  assert.equal(help.status, 0);
  for (const word of ['serve', 'check', '--version']) assert.ok(help.stdout.includes(word), word);
  for (const command of ['serve', 'check']) {
    const { status, stdout } = sluice([command, '--help']);
    assert.equal(status, 0);
    assert.match(stdout, /--config/);
  }
});

test('an unknown command is named', () => {
  for (const command of ['purge', 'status', 'bogus']) {
    const { status, stderr } = sluice([command, '--config', 'x']);
    assert.notEqual(status, 0);
    assert.match(stderr, new RegExp(`no command "${command}".*serve, check and sign`));
  }
});

test('limits of the cache that its volume cannot hold are warned of', (t) => {
  const { file } = write(t, `${good}cache: {directory: ${JSON.stringify(directoryFor(t, 'volume'))}, max_size: 500TiB, min_free: 500TiB}\n`);
  const { status, stderr } = sluice(['check', '--config', file]);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /warning: cache\.min_free is 500TiB, but the volume of .* in all: nothing will be cached/);
  assert.match(stderr, /warning: cache\.max_size is 500TiB, but the volume of .*: only min_free will bound the cache/);
});

test('an unknown command or option, or none, is an error with a hint', () => {
  for (const args of [['sreve'], ['check', '--confgi', 'x'], ['check'], ['serve'], []]) {
    const { status, stderr } = sluice(args);
    assert.notEqual(status, 0, args.join(' '));
    assert.notEqual(stderr, '', args.join(' '));
  }
});
