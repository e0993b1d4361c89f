// The disk is bounded, and what is evicted, purged or refilled under a reader never gives it a wrong byte.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { watchSize } from '../support/disk.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';

const budget = 16 * MiB;
const config = { cache: { max_size: '16MiB', max_share: '100%' } };

test('many objects through a small cache: never over its size, never a wrong byte', async (t) => {
  const s = await startStack(t, { config });
  const seed = Number(process.env.SLUICE_TEST_SEED ?? 4711);
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  for (let i = 0; i < 30; i++) s.origin.put(`o${i}`, { seed: i, size: 100000 + random.next(4 * MiB) });
  const watch = watchSize(s.cacheDirectory);
  let left = 200;
  await Promise.all(Array.from({ length: 6 }, async () => {
    while (left-- > 0) {
      const key = `o${random.next(30)}`;
      const object = s.origin.object(key);
      const first = random.next(object.size);
      const last = Math.min(object.size - 1, first + random.next(2 * MiB));
      const answer = await s.get(key, { headers: range(first, last) });
      assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)], key);
    }
  }));
  const most = watch.stop();
  assert.ok(most <= budget, `${most} bytes on the disk, ${budget} allowed`);
  assert.ok(most > budget / 4, `the cache was used: ${most}`);
  const metrics = await s.sluice.metrics();
  assert.ok(metrics.sum('cache_evictions_total') > 0);
  assert.equal(metrics.sum('cache_limit_bytes'), budget);
  assert.ok(metrics.sum('cache_size_bytes') <= budget);
  assert.ok(metrics.sum('cache_objects') > 0 && metrics.sum('cache_blocks') > 0);
  assert.equal(s.app.requests.length, 0);
});

test('objects larger than the cache, several at once', async (t) => {
  const s = await startStack(t, { config });
  for (const key of ['a', 'b', 'c']) s.origin.put(key, { seed: key, size: 24 * MiB + 5 });
  const watch = watchSize(s.cacheDirectory);
  const answers = await Promise.all(['a', 'b', 'c', 'a', 'b', 'c'].map(async (key) => [key, await s.get(key)]));
  const most = watch.stop();
  for (const [key, answer] of answers) {
    assert.deepEqual([answer.complete, answer.sha256], [true, s.origin.object(key).sha256()], key);
  }
  assert.ok(most <= budget, `${most} bytes on the disk`);
});

test('min_free stops writes: warned of at the start, and told once', async (t) => {
  const s = await startStack(t, { config: { cache: { min_free: '1000TiB' } } });
  const warning = await s.sluice.waitForLog((r) => /^cache\.min_free is 1000TiB, but the volume of .* nothing will be cached$/.test(r.warning), 'a warning');
  assert.equal(warning.level, 'warn');
  for (const key of ['a', 'b', 'c']) {
    const object = s.origin.put(key, { size: 70001 });
    const answer = await s.get(key);
    assert.deepEqual([answer.sha256, cacheStatus(answer).detail], [object.sha256(), 'disk_full']);
  }
  const told = s.sluice.log.filter((r) => /^caching paused: less than cache\.min_free/.test(r.message));
  assert.deepEqual(told.map((r) => [r.level, r.min_free]), [['warn', 1000 * 2 ** 40]]);
});

test('max_objects is kept', async (t) => {
  const s = await startStack(t, { config: { cache: { max_objects: 5 } } });
  for (let i = 0; i < 20; i++) {
    const object = s.origin.put(`o${i}`, { seed: i, size: 1000 });
    assert.equal((await s.get(`o${i}`)).sha256, object.sha256());
  }
  assert.ok((await s.sluice.metric('cache_objects')) <= 5);
});

/// Floods the cache with other objects, so that all that can be evicted is.
async function flood(s, name, bytes = 2 * budget) {
  for (let i = 0; i * 2 * MiB < bytes; i++) {
    const object = s.origin.put(`${name}${i}`, { seed: `${name}${i}`, size: 2 * MiB });
    assert.equal((await s.get(`${name}${i}`)).sha256, object.sha256());
  }
}

test('a slow reader of an object that is evicted under it', async (t) => {
  const s = await startStack(t, { config });
  const object = s.origin.put('v.mp4', { seed: 'slow', size: 12 * MiB });
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
  const slow = Array.from({ length: 4 }, (_, i) => s.open('v.mp4', { paused: true, headers: range(i * 1000) }));
  await Promise.all(slow.map((reader) => reader.head));
  const watch = watchSize(s.cacheDirectory);
  await flood(s, 'other');
  assert.ok(watch.stop() <= budget);
  for (const reader of slow) reader.resume();
  for (const [i, reader] of slow.entries()) {
    const answer = await reader.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256(i * 1000)]);
  }
});

test('slow readers while their object is purged and refilled, again and again', async (t) => {
  const s = await startStack(t, { config });
  const object = s.origin.put('v.mp4', { seed: 'purged', size: 6 * MiB });
  const slow = [];
  for (let round = 0; round < 6; round++) {
    const reader = s.open('v.mp4', { paused: true });
    await reader.head;
    slow.push(reader);
    const purged = await s.sluice.purge({ uris: ['s3://media/v.mp4'] });
    assert.equal(purged.status, 200, purged.body?.toString());
    const again = await s.get('v.mp4', { headers: range(0, 3 * MiB) });
    assert.equal(again.sha256, object.sha256(0, 3 * MiB));
    await flood(s, `round ${round} `, budget / 2);
  }
  for (const reader of slow) reader.resume();
  for (const reader of slow) {
    const answer = await reader.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256()]);
  }
});

test('a purge while the object is being filled', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { seed: 'one', size: 8 * MiB });
  const gate = s.origin.when('v.mp4').times(1).pauseAt(3 * MiB);
  const reader = s.open('v.mp4');
  await gate.reached;
  await reader.reached(3 * MiB);
  assert.equal((await s.sluice.purge({ uris: ['s3://media/v.mp4'] })).status, 200);
  const replaced = s.origin.put('v.mp4', { seed: 'two', size: 8 * MiB });
  const after = await s.get('v.mp4');
  assert.equal(after.sha256, replaced.sha256(), 'after a purge the new object is served');
  gate.release();
  const answer = await reader.done;
  // Its transfer was of the old version from its beginning: finished as that, or cut short.
  assert.equal(answer.sha256, object.sha256(0, answer.length - 1));
  assert.equal(answer.complete, answer.length === object.size);
  assert.equal((await s.get('v.mp4')).sha256, replaced.sha256());
});

test('purge: what it takes away, and who may', async (t) => {
  const s = await startStack(t);
  for (const key of ['a b.mp4', 'dir/one', 'dir/two', 'other']) s.origin.put(key, { seed: key, size: 1000 });
  const warm = async (key) => cacheStatus(await s.get(encodeURI(key))).hit === true;
  const warmAll = async () => {
    for (const key of s.origin.objects.keys()) await warm(key);
  };
  await warmAll();
  assert.equal((await s.sluice.purge({ uris: ['s3://media/other'] }, {})).status, 401);
  assert.equal((await s.sluice.purge({ uris: ['s3://media/other'] }, { Authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await get(`${s.sluice.adminUrl}/purge`, { headers: { Authorization: 'Bearer admin-token-of-the-tests' } })).status, 405);
  assert.equal(await warm('other'), true, 'a refused purge purges nothing');
  assert.equal((await s.sluice.purge({ uris: ['s3://media/a b.mp4'] })).status, 200);
  assert.equal(await warm('a b.mp4'), false);
  assert.equal(await warm('other'), true);
  const bad = await get(`${s.sluice.adminUrl}/purge`, { method: 'POST', body: '{"uris": [',
    headers: { Authorization: 'Bearer admin-token-of-the-tests' } });
  assert.equal(bad.status, 400);
});
