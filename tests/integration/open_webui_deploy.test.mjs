// What an operator of Open WebUI is given: the short config, with the real binary; and the compose file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { storageVariables } from '../support/open_webui_stack.mjs';
import { binary } from '../support/sluice.mjs';

const file = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const config = file('conf/open-webui.yaml');
const compose = file('deploy/compose/open-webui.yaml');
const run = (command, args, env = {}) => spawnSync(command, args, { encoding: 'utf8', timeout: 60000,
  env: { PATH: process.env.PATH, HOME: '/nonexistent', ...env } });

test('conf/open-webui.yaml: under 20 lines, no secret, right with the app\'s variables', () => {
  const text = fs.readFileSync(config, 'utf8');
  assert.ok(text.split('\n').length <= 20);
  assert.doesNotMatch(text, /\$\{|secret_|credentials|password|token:/);
  const variables = storageVariables({ url: 'http://127.0.0.1:9', accessKey: 'AK', secretKey: 'a-secret-of-the-test' });
  const checked = run(binary, ['check', '--config', config], variables);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.ok(!(checked.stdout + checked.stderr).includes('a-secret-of-the-test'));
  assert.match(checked.stderr, /hint: trusted_proxies is empty/, 'the first thing to set');
  const local = run(binary, ['check', '--config', config], {});
  assert.equal(local.status, 0, `the app's default, local: ${local.stdout}${local.stderr}`);
});

test('a provider that does not exist, or lacks what it needs, stops no app: it is named', () => {
  for (const variables of [{ STORAGE_PROVIDER: 'floppy' }, { STORAGE_PROVIDER: 's3' }]) {
    const checked = run(binary, ['check', '--config', config], variables);
    assert.equal(checked.status, 1);
    assert.match(checked.stdout + checked.stderr, /STORAGE_PROVIDER|S3_BUCKET_NAME/);
  }
});

const noCompose = run('docker-compose', ['version']).status !== 0 && 'docker-compose is not installed';

test('the compose file: one network stack, the app on loopback, both with the same storage', { skip: noCompose }, () => {
  const variables = { S3_BUCKET_NAME: 'media', S3_SECRET_ACCESS_KEY: 'x$y' };
  const done = run('docker-compose', ['-f', compose, 'config'], variables);
  assert.equal(done.status, 0, done.stderr);
  assert.doesNotMatch(done.stderr, /warn/i);
  const json = run('/usr/bin/python3', ['-c', 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))', compose]);
  const { services } = JSON.parse(json.stdout);
  const { sluice, 'open-webui': app } = services;
  assert.equal(app.network_mode, 'service:sluice');
  assert.equal(app.ports, undefined);
  assert.deepEqual([app.environment.HOST, app.environment.PORT], ['127.0.0.1', '8080']);
  const { HOST, PORT, ...storage } = app.environment;
  assert.deepEqual(sluice.environment, storage);
  assert.ok('AWS_DEFAULT_REGION' in storage);
  const [data] = app.volumes;
  assert.ok(sluice.volumes.includes(`${data}:ro`), 'with local storage Sluice reads what the app writes');
  assert.match(sluice.ports[0], /:8081$/);
  assert.match(sluice.ports[1], /^127\.0\.0\.1:9180:/);
  assert.deepEqual([sluice.read_only, sluice.cap_drop], [true, ['ALL']]);
});
