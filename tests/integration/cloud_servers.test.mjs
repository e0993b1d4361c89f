// The strict services of AWS (tests/support/cloud_aws.mjs), and what all clouds' have in common, tested
// by themselves: no Sluice here. Signatures are made with node:crypto alone.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { get, open } from '../support/client.mjs';
import { startAws } from '../support/cloud_aws.mjs';
import { CloudWorld } from '../support/cloud_base.mjs';
import { ask, assertAnswers, form, hour, post, started, tag } from '../support/cloud_client.mjs';
import { CloudStack } from '../support/cloud_stack.mjs';
import { startGcp } from '../support/cloud_gcs.mjs';
import { signHeaders } from '../support/sigv4.mjs';

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

test('objects of a cloud are cut, held and slowed at the byte, as those of the origin', async (t) => {
  const { storage } = await started(t, startGcp, { storage: { public: true } });
  const size = 300000;
  const object = storage.put('o', { size });
  const url = `${storage.url}/media/o`;
  storage.when('o').times(1).closeAt(200001);
  const short = await get(url);
  assert.deepEqual([short.status, short.complete, short.length, short.sha256], [200, false, 200001, object.sha256(0, 200000)]);
  const gate = storage.when('o').pauseAt(65537);
  const paused = open(url);
  await gate.reached;
  await paused.reached(65537);
  assert.equal(storage.last.sent, 65537);
  storage.clearRules();
  assert.equal((await paused.done).sha256, object.sha256(), 'rules that are cleared hold nobody');
  storage.when('o').throttle(1e6);
  const began = Date.now();
  assert.equal((await get(url)).sha256, object.sha256());
  assert.ok(Date.now() - began >= 250, `${size} bytes at 1 MB/s took ${Date.now() - began} ms`);
});

test('a stack whose commands printed a secret fails', async () => {
  const stack = new CloudStack();
  stack.printed = `Bearer ${Buffer.from(new CloudWorld().newSecret()).toString('base64')}\n`;
  await assert.rejects(stack.close(), /a command printed a secret/);
});
