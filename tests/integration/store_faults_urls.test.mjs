// URLs that the store takes for expired (their life is short, or its clock is ahead) are renewed; the client sees nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { startCloud } from '../support/cloud_stack.mjs';
import { MiB } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 48 * MiB;
const signers = [['gcs', 'key', 400], ['gcs', 'hmac', 400], ['azure', 'accountKey', 403], ['aws', 'environment', 403], ['aws', 'imds', 403]];
const url = (s, request) => s.origin.url + request.target;

async function checkSeek(s, object, first) {
  const answer = await s.get('v.mp4', { headers: range(first, first + MiB) });
  assert.deepEqual([answer.status, answer.headers['x-app'], answer.complete, answer.sha256],
    [206, undefined, true, object.sha256(first, first + MiB)]);
}

for (const [cloud, identity, refusal] of signers) {
  test(`${cloud} by ${identity}: url_expiry of 1 s`, async (t) => {
    const s = await startCloud(t, cloud, identity, { settings: { url_expiry: '1s' } });
    const object = s.origin.put('v.mp4', { size });
    await checkSeek(s, object, 0);
    const old = url(s, s.origin.of('v.mp4')[0]);
    const refused = await poll(async () => {
      const { status } = await get(old, { headers: range(0, 9) });
      return status >= 400 && status;
    }, 'the URL expires');
    assert.equal(refused, refusal, 'the store refuses it');
    await checkSeek(s, object, 20 * MiB);
    assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
  });

  test(`${cloud} by ${identity}: the store's clock is ahead`, async (t) => {
    const s = await startCloud(t, cloud, identity, { settings: { url_expiry: '60s' } });
    const object = s.origin.put('v.mp4', { size });
    await checkSeek(s, object, 0);
    const old = url(s, s.origin.of('v.mp4')[0]);
    // A URL made now is good for some seconds, the one that is kept has ended.
    const ahead = 54;
    if (cloud === 'aws') s.world.time = () => Date.now() + ahead * 1000;
    else s.origin.skew = ahead;
    await poll(async () => (await get(old, { headers: range(0, 9) })).status === refusal, 'the store refuses the URL');
    const since = s.origin.requests.length;
    await checkSeek(s, object, 20 * MiB);
    const [first, ...later] = s.origin.requests.slice(since);
    assert.equal(first.status, refusal, 'the kept one was tried');
    assert.ok(later.length >= 1 && later.every(({ status }) => status === 206), 'and then one made now');
    assert.deepEqual([s.app.requests.length, await s.fallbacks()], [0, 0]);
  });
}

test('a token that the store does not take any more is no failure for long', async (t) => {
  // Revoked, or its end is another by the store's clock: with the next token it goes on.
  for (const [cloud, identity, server] of [['gcs', 'metadata', 'metadata'], ['azure', 'imds', 'imds']]) {
    const s = await startCloud(t, cloud, identity, { options: { [server]: { lifetime: 2 } } });
    const object = s.origin.put('v.mp4', { size });
    await checkSeek(s, object, 0);
    for (const record of s.world.issued) record.expires = 0;
    const answer = await s.get('v.mp4', { headers: range(20 * MiB, 20 * MiB + 99) });
    assert.deepEqual([answer.status, answer.sha256], [206, object.sha256(20 * MiB, 20 * MiB + 99)], 'the app or the store');
    await poll(async () => (await s.get('v.mp4', { headers: range(30 * MiB, 30 * MiB + 99) })).headers['x-app'] === undefined, 'the store again');
    await checkSeek(s, object, 40 * MiB);
    await s.close();
  }
});
