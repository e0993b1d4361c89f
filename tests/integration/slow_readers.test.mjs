// Clients that stop reading keep neither blocks of the cache nor transfers from the store, and get the right bytes when they
// read on.
import assert from 'node:assert/strict';
import test from 'node:test';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const stalled = 40;
const size = 16 * MiB;

test('clients that do not read do not push the misses of others past the cache', async (t) => {
  const s = await startStack(t, { config: { cache: { max_size: '16MiB', read_ahead: '4MiB' }, limits: { send_timeout: '10m' } } });
  const readers = [];
  for (let i = 0; i < stalled; i += 1) {
    s.origin.put(`film${i}.mp4`, { size });
    const reader = s.open(`film${i}.mp4`, { paused: true });
    assert.equal((await reader.head).status, 200);
    readers.push(reader);
  }
  // Some of the readers were sent past the cache themselves, which the others had filled: they hold nothing.
  let tried = 0;
  const goesThroughTheCache = async () => {
    tried += 1;
    const key = `other${tried}.mp4`;
    s.origin.put(key, { size: 8 * MiB });
    await s.get(key);
    const record = await s.sluice.waitForLog((r) => r.message === 'access' && r.path === `/media/${key}`, 'its record');
    return record.result === 'miss' && record.detail === undefined; // with a detail, it went on past the cache
  };
  const eightInRow = async () => {
    for (let i = 0; i < 8; i += 1) if (!(await goesThroughTheCache())) return false;
    return true;
  };
  await poll(eightInRow, 'what others read goes through the cache', 40000, 500);
  await poll(async () => (await s.sluice.metric('sluice_fills_in_flight')) === 0, 'no transfer goes on for those that do not read');
  assert.ok((await s.sluice.metric('sluice_slow_readers_total')) > 0);
  for (const reader of readers) assert.ok(!reader.result.finished, 'their connections stay');
  for (const [i, reader] of readers.slice(0, 3).entries()) {
    reader.resume();
    const got = await reader.done;
    assert.ok(got.complete, String(got.error));
    assert.equal(got.sha256, s.origin.object(`film${i}.mp4`).sha256());
  }
});
