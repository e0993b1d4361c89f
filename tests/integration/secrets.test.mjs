// The search for secrets in what Sluice prints, tested by planted leaks: that it finds each form, names no secret itself,
// is fast, and that what a real Sluice prints and the secrets around it are kept for it. The search of the whole suite's
// output is the last entry of ctest (tests/CMakeLists.txt).
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { get } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { SecretSearch, formsOf, shortest } from '../support/secret_search.mjs';
import { keepSecret, keepVariableSecrets, keepingCommand, reportDirectory, searchDirectory } from '../support/secrets.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { startStack } from '../support/stack.mjs';

const program = fileURLToPath(new URL('../support/secrets.mjs', import.meta.url));

function searching(...secrets) {
  const search = new SecretSearch();
  for (const secret of secrets) search.add('planted', secret);
  return search;
}
/// A directory for what is kept, as SLUICE_TEST_OUTPUT until the test ends.
function keepingHere(t) {
  const before = process.env.SLUICE_TEST_OUTPUT;
  const directory = temporaryDirectory('output');
  process.env.SLUICE_TEST_OUTPUT = directory;
  t.after(() => {
    if (before === undefined) delete process.env.SLUICE_TEST_OUTPUT;
    else process.env.SLUICE_TEST_OUTPUT = before;
    removeDirectory(directory);
  });
  return directory;
}
function fakeOutput(t, { secrets = [], printed = '', config } = {}) {
  const directory = temporaryDirectory('output');
  t.after(() => removeDirectory(directory));
  fs.writeFileSync(path.join(directory, 'a-1.secrets'), secrets.map((text) => `${JSON.stringify({ kind: 'planted', text })}\n`).join(''));
  fs.writeFileSync(path.join(directory, 'a-1-1.out'), printed);
  fs.writeFileSync(path.join(directory, 'a-1-1.err'), '');
  if (config !== undefined) fs.writeFileSync(path.join(directory, 'command-1.config'), config);
  return directory;
}

test('a planted leak is found in every form, and no other word is', () => {
  const secret = 'key/with+odd "chars"=ü~%';
  const base64 = (before, after) => Buffer.from(before + secret + after).toString('base64');
  const planted = {
    plain: secret,
    'in a JSON string': JSON.stringify({ message: `bad key ${secret}` }),
    'URL-encoded': 'key%2Fwith%2Bodd%20%22chars%22%3D%C3%BC~%25',
    'with small letters': 'key%2fwith%2bodd%20%22chars%22%3d%c3%bc~%25',
    'as a form': new URLSearchParams({ secret }).toString(),
    'by encodeURIComponent': `/?x=${encodeURIComponent(secret)}`,
    'as a path': 'key/with%2Bodd%20%22chars%22%3D%C3%BC~%25',
    base64: base64('', ''),
    'base64 after one byte': base64('u', ':'),
    'base64 after two': base64('u:', 'xyz'),
    'base64 after three, for URLs': Buffer.from(`xyz${secret}`).toString('base64url'),
  };
  const search = searching(secret);
  for (const [what, text] of Object.entries(planted)) {
    const line = `{"level":"info","message":"before ${text} after"}`;
    const leaks = search.leaks(Buffer.from(`first line\n${line}\nlast line\n`));
    assert.deepEqual(leaks.map((one) => [one.line, one.kinds]), [[2, ['planted']]], what);
    for (const form of formsOf(secret)) assert.ok(!leaks[0].text.includes(form), `${what}: the report repeats it`);
    assert.match(leaks[0].text, /before .*\*\*\*.* after/, what);
  }
  const others = ['key/with+odd "chars"=ü~', 'ey/with', JSON.stringify(planted).replaceAll('odd', 'even'), randomBytes(5000).toString('base64')];
  for (const text of [others[0], others[1], others[3]]) assert.deepEqual(search.leaks(Buffer.from(text)), []);
});

test('base64 secrets are found in their other alphabet; several on a line are all blanked', () => {
  const [one, two] = ['ab+/cd+/efgh/+xy==', 'Bearer-token.of.someone'];
  const search = searching(one, two, one);
  assert.deepEqual([search.size, search.add('again', one)], [2, false]);
  const [leak] = search.leaks(Buffer.from(`sig=ab-_cd-_efgh_-xy&t=${two}&again=${two}`));
  assert.equal(leak.text, 'sig=***&t=***&again=***');
  const long = searching(two).leaks(Buffer.from(`${'x'.repeat(5000)}${two}${'y'.repeat(5000)}\n`));
  assert.ok(long[0].text.length < 500);
});

test('what is shorter than 8 characters is not looked for, and is counted', () => {
  const search = searching('a'.repeat(shortest - 1), 'secret', 'a'.repeat(shortest));
  assert.deepEqual([shortest, search.size, search.ignored.size], [8, 1, 2]);
  assert.equal(search.leaks(Buffer.from('a secret aaaaaaa')).length, 0);
  assert.equal(search.leaks(Buffer.from('aaaaaaaa')).length, 1, 'at the very beginning and end');
});

test('random secrets in random places', (t) => {
  const seed = randomBytes(4).readUInt32BE();
  t.diagnostic(`seed ${seed}`);
  const random = randomNumbers(seed);
  const alphabet = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-_.~ "\\%&?#:;,üß日🎬'];
  const word = (length) => Array.from({ length }, () => alphabet[random.next(alphabet.length)]).join('');
  const secrets = Array.from({ length: 300 }, () => word(shortest + random.next(60)));
  const search = searching(...secrets);
  for (const secret of secrets) {
    const forms = formsOf(secret);
    const before = Buffer.from(word(random.next(200)));
    const form = Buffer.from(forms[random.next(forms.length)]);
    const bytes = Buffer.concat([before, form, Buffer.from(word(random.next(50)))]);
    const hit = search.find(bytes).find(({ first, end }) => first <= before.length && end >= before.length + form.length);
    assert.ok(hit, `seed ${seed}: ${JSON.stringify(secret)} as ${form}`);
  }
});

test('30 MB and 5000 secrets', (t) => {
  const line = '{"time":"2026-01-15T12:00:00.000Z","level":"debug","message":"access","path":"/media/some/file.mp4","code":206}\n';
  const printed = Buffer.alloc(30 << 20, line);
  const secret = () => randomBytes(32).toString('base64');
  const secrets = Array.from({ length: 5000 }, secret);
  printed.write(encodeURIComponent(secrets[4321]), 25 << 20);
  const directory = fakeOutput(t, { secrets, printed });
  const found = searchDirectory(directory);
  t.diagnostic(`${found.milliseconds} ms for ${found.bytes} bytes, ${found.forms} forms`);
  assert.deepEqual([found.secrets, found.bytes, found.leaks.length], [5000, 30 << 20, 1]);
  assert.ok(found.milliseconds < 20000, `${found.milliseconds} ms`);
});

test('the program: its status, and what it says', (t) => {
  const secret = randomBytes(20).toString('hex');
  const run = (what) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, what], { encoding: 'utf8', timeout: 60000 });
    assert.equal(stderr, '');
    assert.ok(!stdout.includes(secret), 'it names no secret');
    return [status, stdout];
  };
  const clean = run(fakeOutput(t, { secrets: [secret, 'short'], printed: 'all is well\n' }));
  assert.equal(clean[0], 0);
  assert.match(clean[1], /^1 secrets in \d+ forms \(1 more have fewer than 8 characters and were not looked for\), 12 bytes of 1 processes/);
  const leaking = run(fakeOutput(t, { secrets: [secret], printed: `well\nsig=${secret}&x\n` }));
  assert.equal(leaking[0], 1);
  assert.match(leaking[1], /^a-1-1\.out:2: planted: sig=\*\*\*&x$/m);
  assert.equal(run(fakeOutput(t, { secrets: [secret] }))[0], 1, 'no output');
  assert.equal(run(fakeOutput(t, { printed: 'text' }))[0], 1, 'no secrets');
  assert.equal(run('/nonexistent')[0], 77, 'no Sluice was started');
  const config = `stores: {media: {credentials: {secret_access_key: ${secret}}}}\nadmin:\n  token: "\${TOKEN_OF_ADMIN}"\n`;
  assert.equal(run(fakeOutput(t, { printed: `x${secret}`, config }))[0], 1, 'a secret of a configuration');
  const named = `${config}# credentials: {service_account: key-of-gcs.json}\n`;
  assert.equal(run(fakeOutput(t, { printed: 'cannot read /run/key-of-gcs.json', config: named }))[0], 0, 'the name of a file is none');
});

test('what a real Sluice prints is kept, with the secrets that went by', async (t) => {
  const directory = keepingHere(t);
  const made = (name) => `${name}-${randomBytes(12).toString('hex')}`;
  const [key, token, password, session] = ['key', 'token', 'password', 'session'].map(made);
  const s = await startStack(t, { config: { stores: { media: { credentials: { secret_access_key: key, session_token: token } } } } });
  s.origin.put('v.mp4', { size: 1000 });
  const basic = Buffer.from(`user:${password}`).toString('base64');
  await s.get('v.mp4');
  await get(`${s.sluice.url}/headers?sig=${session}%2B`, { headers: { Cookie: `a=b; session=${session}`, Authorization: `Basic ${basic}` } });
  await s.sluice.stop();
  const found = searchDirectory(directory);
  assert.deepEqual(found.leaks, []);
  assert.ok(found.processes === 1 && found.bytes > 1000, `${found.bytes} bytes`);
  const kept = fs.readdirSync(directory).filter((name) => name.endsWith('.secrets')).map((name) => fs.readFileSync(path.join(directory, name), 'utf8')).join('');
  const secrets = kept.trim().split('\n').map((row) => JSON.parse(row).text);
  const signature = new URLSearchParams(s.origin.requests[0].target.split('?')[1]).get('X-Amz-Signature');
  for (const one of [key, token, password, session, `${session}+`, basic, signature]) assert.ok(secrets.includes(one), one);

  // The same with a leak at its end.
  const printed = path.join(directory, fs.readdirSync(directory).find((name) => name.endsWith('.err')));
  fs.appendFileSync(printed, `X-Amz-Signature=${signature}\n`);
  const said = [];
  assert.equal(reportDirectory(directory, (text) => said.push(text)), 1);
  assert.match(said.join('\n'), /X-Amz-Signature of a URL: X-Amz-Signature=\*\*\*/);
});

test('a Sluice that has printed a secret fails its test', async (t) => {
  keepingHere(t);
  const s = await startStack(t);
  const secret = keepSecret('planted', randomBytes(20).toString('hex'));
  // As if it had printed it: what it is told of, it logs.
  await get(`${s.sluice.url}/${secret}`);
  await assert.rejects(s.sluice.stop(), (error) => /printed a secret \(planted\)/.test(error.message) && !error.message.includes(secret));
});

test('secrets of variables, and of files that they name', (t) => {
  const directory = keepingHere(t);
  const file = (name, text) => {
    fs.writeFileSync(path.join(directory, name), text);
    return path.join(directory, name);
  };
  const [two, three, four] = [2, 3, 4].map(() => randomBytes(32).toString('base64'));
  const one = `/${randomBytes(32).toString('base64').slice(1)}`; // looks like a path
  keepVariableSecrets({
    AWS_SECRET_ACCESS_KEY: one, AWS_WEB_IDENTITY_TOKEN_FILE: file('token', `${two}\n`), AWS_REGION: 'a-region-of-the-test',
    AWS_SHARED_CREDENTIALS_FILE: file('aws', `[default]\naws_access_key_id = AKIDOFTHETEST\naws_secret_access_key = ${three}\n`),
    AZURE_STORAGE_CONNECTION_STRING: `AccountName=mediaacct;AccountKey=${four};`, NOT_THERE_FILE: '/nonexistent', UNSET: undefined,
  });
  const pem = generateKeyPairSync('ec', { namedCurve: 'P-256', privateKeyEncoding: { type: 'pkcs8', format: 'pem' } }).privateKey;
  keepVariableSecrets({ GOOGLE_APPLICATION_CREDENTIALS: file('json', JSON.stringify({ type: 'service_account', private_key: pem })) });
  const kept = fs.readFileSync(path.join(directory, fs.readdirSync(directory).find((name) => name.endsWith('.secrets'))), 'utf8');
  for (const secret of [one, two, three, four, pem.split('\n')[1]]) assert.ok(kept.includes(secret));
  for (const plain of ['a-region-of-the-test', 'AKIDOFTHETEST', 'nonexistent']) assert.ok(!kept.includes(plain), plain);
});

test('commands are kept too, and are as they were', (t) => {
  const directory = keepingHere(t);
  const fake = path.join(directory, "it's a program");
  fs.writeFileSync(fake, '#!/bin/sh\ncat\necho "out $#: $*"\necho err >&2\nexit 3\n', { mode: 0o700 });
  const command = keepingCommand(fake);
  assert.notEqual(command, fake);
  const config = path.join(directory, 'my.yaml');
  fs.writeFileSync(config, 'admin: {token: a-token-of-a-config}\n');
  const run = (...args) => spawnSync(command, args, { encoding: 'utf8', input: 'given\n', env: {}, timeout: 30000 });
  const { status, stdout, stderr } = run('check', '--config', config);
  assert.deepEqual([status, stdout, stderr], [3, `given\nout 3: check --config ${config}\n`, 'err\n']);
  run('sign', 's3://a/b');
  const kept = (ending) => fs.readdirSync(directory).filter((name) => name.endsWith(ending))
    .map((name) => fs.readFileSync(path.join(directory, name), 'utf8')).sort();
  assert.deepEqual([kept('.out'), kept('.err'), kept('.config')], [['', stdout], ['err\n', 'err\n'], ['admin: {token: a-token-of-a-config}\n']]);
  delete process.env.SLUICE_TEST_OUTPUT;
  assert.equal(keepingCommand(fake), fake);
  assert.equal(execFileSync('/bin/ls', [directory]).toString().includes('command-'), true);
});
