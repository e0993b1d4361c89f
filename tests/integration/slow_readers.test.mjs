// Clients that stop reading keep neither blocks of the cache nor transfers from the store, and get the right bytes when they
// read on.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 60 * MiB;
const step = 2 * MiB;

test('clients that do not read keep no block of the cache from others', async (t) => {
  const s = await startStack(t, { config: { cache: { max_size: '64MiB' }, limits: { send_timeout: '10m' } } });
  const film = s.origin.put('film.mp4', { size });
  await poll(async () => cacheStatus(await s.get('film.mp4')).hit, 'the film is in the cache');
  // Together they stand everywhere in it: what Sluice holds for each, it holds of the cache.
  const readers = [];
  for (let first = 0; first < size - 4 * MiB; first += step) {
    const reader = s.open('film.mp4', { paused: true, headers: range(first) });
    assert.equal((await reader.head).status, 206);
    readers.push({ reader, first });
  }
  await poll(async () => (await s.sluice.metric('sluice_slow_readers_total')) > 0, 'they are seen to be slow', 40000, 250);
  s.origin.put('other.mp4', { size: 40 * MiB });
  let kept = 0;
  const isKept = async () => {
    const seen = s.sluice.access.length;
    await s.get('other.mp4');
    const record = await s.sluice.waitForLog((r) => r.message === 'access' && s.sluice.access.indexOf(r) >= seen, 'its record');
    kept = record.bytes_cache;
    return kept > 32 * MiB;
  };
  await poll(isKept, () => `what another client reads is kept: ${kept / MiB} MiB of it`, 40000, 500);
  await poll(async () => (await s.sluice.metric('sluice_fills_in_flight')) === 0, 'no transfer goes on for those that do not read');
  for (const { reader } of readers) assert.ok(!reader.result.finished, 'their connections stay');
  for (const { reader, first } of readers.slice(0, 4)) { // what they stood at was given up meanwhile
    reader.resume();
    const got = await reader.done;
    assert.ok(got.complete, String(got.error));
    assert.equal(got.sha256, film.sha256(first));
  }
});
