// Rotation under load: credentials of all three clouds that live 3 s while clients stream and seek, cold, for a minute
// (SLUICE_ROTATION_SECONDS). No request fails, none falls back, no store refuses anything.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { startClouds } from '../support/cloud_stack.mjs';
import { randomNumbers } from '../support/content.mjs';
import { KiB, MiB } from '../support/stack.mjs';

const seconds = Number(process.env.SLUICE_ROTATION_SECONDS ?? 60);
const seed = Number(process.env.SLUICE_TEST_SEED ?? 4242);
const lifetime = 3;
const clients = 6;
const stores = {
  aws: { cloud: 'aws', identity: 'imds', options: { imds: { lifetime } } },
  gcs: { cloud: 'gcs', identity: 'metadata', options: { metadata: { lifetime } } },
  azure: { cloud: 'azure', identity: 'imds', options: { imds: { lifetime } } },
};
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test(`credentials of ${lifetime} s, for ${seconds} s`, async (t) => {
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const s = await startClouds(t, stores, { config: { cache: { max_size: '256MiB', read_ahead: '4MiB' }, log: { level: 'info', access: false } } });
  const names = Object.keys(stores);
  const random = randomNumbers(seed);
  const end = Date.now() + seconds * 1000;
  let answered = 0;

  /// Seeks in objects that nobody has asked for before, so that each needs a credential of the moment.
  async function seek(client) {
    for (let i = 0; Date.now() < end; i++) {
      const name = names[(client + i) % names.length];
      const key = `${client}-${i}.mp4`;
      const size = 200 * KiB + random.next(2 * MiB);
      const object = s.worlds[name].objects.put(key, { seed: key, size });
      const first = random.next(size);
      const last = Math.min(size - 1, first + random.next(MiB));
      const answer = await s.getFrom(name, key, { headers: range(first, last) });
      assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)], `${name}/${key}`);
      s.worlds[name].objects.delete?.(key);
      answered += 1;
      await pause(50);
    }
  }
  /// One long transfer, of many fetches, by a client that reads as slowly as it plays.
  async function stream(name) {
    const rate = MiB;
    const size = (seconds + 2) * rate;
    const object = s.worlds[name].objects.put('film.mp4', { seed: `film of ${name}`, size });
    const answer = await s.getFrom(name, 'film.mp4', { rate });
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()], name);
  }
  await Promise.all([...Array.from({ length: clients }, (_, client) => seek(client)), ...names.map(stream)]);

  t.diagnostic(`${answered} seeks`);
  assert.ok(answered > seconds * clients, `${answered} seeks`);
  const metrics = await s.sluice.metrics();
  assert.equal(metrics.sum('fallback_total'), 0);
  assert.equal(s.app.requests.length, 0);
  for (const name of names) {
    const { objects, issued } = s.worlds[name];
    const refused = objects.requests.filter(({ status }) => ![200, 206].includes(status));
    assert.deepEqual(refused.map((r) => `${r.method} ${r.path} ${r.status}`), [], name);
    const renewed = metrics.sum('credential_refresh_total', { store: name, result: 'ok' });
    t.diagnostic(`${name}: ${objects.requests.length} requests, ${renewed} renewals`);
    assert.ok(renewed >= seconds / lifetime, `${name}: ${renewed} renewals`);
    assert.equal(metrics.sum('credential_refresh_total', { store: name, result: 'error' }), 0, name);
    const expiry = metrics.sum('credential_expiry_timestamp_seconds', { store: name });
    assert.ok(Math.abs(expiry - issued.at(-1).expires / 1000) <= lifetime, `${name}: expiry ${expiry}`);
    const used = new Set(objects.requests.map((r) => r.bearer ?? new URL(r.target, 'http://any').searchParams.get('X-Amz-Credential')));
    assert.ok(used.size >= Math.min(seconds / lifetime / 2, renewed / 2), `${name}: ${used.size} credentials were used`);
  }
});
