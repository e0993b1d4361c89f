// AWS's default chain: each source by itself, their order, and what rotates beneath them. The store takes only what was
// issued, with its session token, and until it ends.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { identities, startCloud } from '../support/cloud_stack.mjs';
import { MiB } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 2 * MiB + 5;
const hour = 3600 * 1000;
const query = (request) => new URL(request.target, 'http://any').searchParams;
const keyOf = (request) => query(request).get('X-Amz-Credential')?.split('/')[0];

async function checkReads(s) {
  const object = s.origin.put('v.mp4', { size });
  const cold = await s.get('v.mp4', { headers: range(MiB + 1, 2 * MiB) });
  assert.deepEqual([cold.status, cold.headers['x-app'], cold.sha256], [206, undefined, object.sha256(MiB + 1, 2 * MiB)]);
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
  s.origin.put('w.mp4', { seed: 'w', size });
  const head = await s.get('w.mp4', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length']], [200, String(size)]);
  assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
}
/// All that went to the store was signed with what `source` gave.
function checkSource(s, source) {
  for (const request of s.origin.requests) {
    const made = s.world.issued.find(({ accessKey }) => accessKey === keyOf(request));
    assert.equal(made?.source, source, request.path);
    assert.equal(query(request).get('X-Amz-Security-Token'), made.sessionToken);
  }
}

const sources = { environment: 'environment', profile: 'profile', irsa: 'sts', container: 'container', imds: 'imds' };
for (const [identity, source] of Object.entries(sources)) {
  test(`by ${identity}`, async (t) => {
    const s = await startCloud(t, 'aws', identity);
    await checkReads(s);
    checkSource(s, source);
    const expiry = await s.sluice.metric('credential_expiry_timestamp_seconds', { store: 'media' });
    const ends = ['environment', 'profile'].includes(identity) ? 0 : s.world.issued.at(-1).expires / 1000;
    assert.ok(Math.abs(expiry - ends) <= 1, `expiry ${expiry}`);
  });
}

test('the order of the chain', async (t) => {
  const names = Object.keys(sources);
  for (const [i, name] of names.entries()) {
    const s = await startCloud(t, 'aws', name, {
      // All that come later are there too, and must not be asked: AWS_PROFILE beside the environment's keys, which go first,
      // as in botocore, where only a profile that the program names goes before them.
      prepare: (made) => {
        for (const later of names.slice(i + 1)) {
          const { env } = identities.aws[later](made, made.world);
          for (const [key, value] of Object.entries(env)) made.env[key] ||= value;
        }
      },
    });
    await checkReads(s);
    checkSource(s, sources[name]);
    for (const [server, own] of [['sts', 'irsa'], ['container', 'container'], ['imds', 'imds']]) {
      assert.equal(s.world[server].requests.length > 0, own === name, `${name} first: ${server}`);
    }
    await s.close();
  }
});

test('the role of IRSA, its form and its region', async (t) => {
  const s = await startCloud(t, 'aws', 'irsa', { options: { sts: { fraction: true } } });
  await checkReads(s);
  const form = new URLSearchParams(s.world.sts.last.body.toString());
  assert.deepEqual([form.get('Action'), form.get('RoleArn')], ['AssumeRoleWithWebIdentity', s.world.sts.role]);
  const named = await startCloud(t, 'aws', 'irsa', { env: { AWS_ROLE_SESSION_NAME: 'my-session' } });
  assert.equal(new URLSearchParams(named.world.sts.last.body.toString()).get('RoleSessionName'), 'my-session');
});

test('a web identity token that is rotated is read anew', async (t) => {
  // Lives of less than 15 minutes are none of STS's; its rules give them here, so that something is renewed.
  const s = await startCloud(t, 'aws', 'irsa', { prepare: ({ world }) => world.sts.when('assume').lifetime(2) });
  const second = s.world.issuer.issue({ audience: 'sts.amazonaws.com', claims: { jti: 'second' } });
  s.file('web.jwt', second);
  await s.world.sts.waitFor((r) => r.body?.toString().includes(encodeURIComponent(second)) && r.status === 200, 'the new token');
  await checkReads(s);
});

test("Pod Identity's token file is rewritten: the new one is sent, and the credentials go on", async (t) => {
  const s = await startCloud(t, 'aws', 'container', {
    options: { container: { token: 'first-token', lifetime: 2 } },
    prepare: (made) => made.file('pod.jwt', 'first-token\n'),
  });
  const { container } = s.world;
  container.token = 'second-token';
  s.file('pod.jwt', 'second-token');
  await container.waitFor((r) => r.headers.authorization === 'second-token' && r.status === 200, 'the new token');
  await checkReads(s);
  // With a broken file the last credentials stay in use until their end, and it is mended by itself.
  s.file('pod.jwt', 'bad\r\nX-Injected: 1');
  await poll(async () => (await s.sluice.metric('credential_refresh_total', { store: 'media', result: 'error' })) > 0, 'a failure');
  assert.equal(container.requests.some((r) => r.headers['x-injected'] !== undefined), false);
  s.file('pod.jwt', 'second-token');
  const since = s.world.issued.length;
  await poll(() => s.world.issued.length > since, 'credentials again', 80000);
  const object = s.origin.put('z.mp4', { seed: 'z', size });
  await poll(async () => (await s.get('z.mp4')).headers['x-app'] === undefined, 'served again');
  assert.equal((await s.get('z.mp4')).sha256, object.sha256());
});

test('IMDSv2: the session token is asked for once, and anew where it is unknown', async (t) => {
  const s = await startCloud(t, 'aws', 'imds', { options: { imds: { lifetime: 2 } } });
  const { imds } = s.world;
  await poll(() => imds.count('credentials') >= 3, 'renewals');
  await checkReads(s);
  imds.forgetTokens();
  const since = s.world.issued.length;
  await poll(() => s.world.issued.length > since + 1, 'renewals after the token was forgotten');
  const object = s.origin.put('y.mp4', { seed: 'y', size });
  assert.equal((await s.get('y.mp4')).sha256, object.sha256());
  assert.equal(await s.fallbacks(), 0);
  assert.equal(imds.requests.some((r) => r.headers['x-forwarded-for'] !== undefined), false);
});

test('expired credentials of an instance are used all the same, but never in place of good ones', async (t) => {
  // "Static stability": where the metadata service is cut off from STS it gives the last ones, and S3 takes those.
  const s = await startCloud(t, 'aws', 'imds', { prepare: ({ world }) => world.imds.when('credentials').lifetime(-60) });
  for (const record of s.world.issued) record.expires = Date.now() + hour;
  await checkReads(s);
  const expiry = await s.sluice.metric('credential_expiry_timestamp_seconds', { store: 'media' });
  assert.ok(expiry > Date.now() / 1000 + 600, 'they are renewed before long');

  const other = await startCloud(t, 'aws', 'imds', { options: { imds: { lifetime: 6 } } });
  const [good] = other.world.issued;
  other.world.imds.when('credentials').lifetime(-60);
  await other.world.imds.waitFor((r) => r.operation === 'credentials' && r.rule && r.finished, 'expired ones');
  other.origin.put('late.mp4', { seed: 'late', size });
  await other.sluice.metrics(); // by then it has read the answer
  await other.get('late.mp4');
  if (Date.now() < good.expires - 500) assert.equal(keyOf(other.origin.of('late.mp4')[0]), good.accessKey);
});

test('a signed URL never outlives the credential that signed it', async (t) => {
  const s = await startCloud(t, 'aws', 'imds', { options: { imds: { lifetime: 20 } } });
  s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  const [request] = s.origin.requests;
  const made = s.world.issued.find(({ accessKey }) => accessKey === keyOf(request));
  const date = query(request).get('X-Amz-Date').replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:');
  const ends = Date.parse(date) + Number(query(request).get('X-Amz-Expires')) * 1000;
  assert.ok(ends <= made.expires, `${ends} <= ${made.expires}`);
});

test('anonymous: nothing is signed, nobody is asked', async (t) => {
  const s = await startCloud(t, 'aws', 'anonymous', { env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:9' } });
  await checkReads(s);
  for (const request of s.origin.requests) {
    assert.deepEqual([request.headers.authorization, request.target.includes('?')], [undefined, false], request.target);
  }
});
