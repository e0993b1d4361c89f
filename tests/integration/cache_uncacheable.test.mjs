// Whatever keeps an object out of the cache, its client gets the right bytes by one GET, and `detail=` names the reason.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 3 * MiB + 99;
let number = 0;

/// Two reads of a new object past the cache: right bytes, one GET each, the reason named.
async function checkBypass(s, details, { url = s.sluice.url, objectSize = size } = {}) {
  const key = `o${++number}.mp4`;
  const object = s.origin.put(key, { seed: key, size: objectSize });
  for (const [i, [first, last]] of [[1000, objectSize - 5], [0, objectSize - 1]].entries()) {
    const answer = await get(`${url}/media/${key}`, { headers: range(first, last) });
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(first, last)]);
    assert.equal(answer.headers['content-range'], `bytes ${first}-${last}/${objectSize}`);
    const status = cacheStatus(answer);
    assert.ok(details.includes(status.detail), `detail is ${JSON.stringify(status)}, not one of ${details}`);
    assert.equal(status.hit, undefined);
    await s.origin.idle(key);
    assert.equal(s.origin.of(key).length, i + 1, 'one GET each');
  }
  assert.equal(s.app.requests.length, 0);
  const beyond = await get(`${url}/media/${key}`, { headers: range(objectSize) });
  assert.equal(beyond.status, 416);
}

test('no cache directory', async (t) => {
  const s = await startStack(t, { config: { cache: { directory: undefined } } });
  await checkBypass(s, ['cache_off']);
  await s.sluice.countedSome({ route: 'media', result: 'bypass' }, 2);
});

test('no ETag, and a weak one', async (t) => {
  const s = await startStack(t);
  s.origin.when().noEtag();
  await checkBypass(s, ['no_validator']);
  s.origin.clearRules();
  s.origin.when().weakEtag();
  await checkBypass(s, ['no_validator']);
  s.origin.clearRules();
  s.origin.when().noEtag().chunked();
  const object = s.origin.put('chunked.mp4', { size });
  assert.equal((await s.get('chunked.mp4')).sha256, object.sha256());
});

test('without a validator a broken transfer is not resumed: closed short', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when().noEtag().closeAt(MiB + 5);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, false, object.sha256(0, answer.length - 1)]);
  assert.equal(s.origin.of('v.mp4').length, 1);
});

test('an object larger than its share of the cache', async (t) => {
  const s = await startStack(t, { config: { cache: { max_size: '16MiB', max_share: '25%' } } });
  await checkBypass(s, ['too_large'], { objectSize: 5 * MiB });
  const small = s.origin.put('small.mp4', { size: MiB });
  await s.get('small.mp4');
  const warm = await s.get('small.mp4');
  assert.deepEqual([cacheStatus(warm).hit, warm.sha256], [true, small.sha256()]);
});

test('a cache of which every block is in use', async (t) => {
  const s = await startStack(t, { config: { cache: { max_size: '16MiB' } } });
  // Each holds the block that was reserved for it; the last ones may find no room any more.
  const held = Array.from({ length: 20 }, (_, i) => {
    const key = `held${i}`;
    s.origin.put(key, { seed: key, size: MiB });
    return { key, gate: s.origin.when(key).pauseAt(1), exchange: s.open(key) };
  });
  await Promise.all(held.map(({ exchange }) => exchange.reached(1)));
  await checkBypass(s, ['cache_full']);
  for (const { gate } of held) gate.release();
  for (const { key, exchange } of held) {
    const answer = await exchange.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, s.origin.object(key).sha256()], key);
  }
  const after = s.origin.put('after.mp4', { size });
  await s.get('after.mp4');
  assert.deepEqual([(await s.get('after.mp4')).sha256, cacheStatus(await s.get('after.mp4')).hit], [after.sha256(), true]);
});

test('a cache directory that is a file', async (t) => {
  const directory = temporaryDirectory('broken');
  const file = path.join(directory, 'file');
  fs.writeFileSync(file, 'not a directory');
  const s = await startStack(t, { config: { cache: { directory: file } }, cleanup: [() => removeDirectory(directory)] });
  await checkBypass(s, ['cache_off', 'disk_error']);
  assert.equal((await get(`${s.sluice.adminUrl}/readyz`)).status, 200, 'ready all the same: it was tried');
  assert.ok(s.sluice.log.some((r) => ['warn', 'warning', 'error'].includes(r.level)), 'and it says so');
  assert.equal(fs.readFileSync(file, 'utf8'), 'not a directory');
});

const asRoot = process.getuid() === 0;

/// A directory with a tmpfs mounted on it, or undefined where that is not allowed here.
function mountTmpfs(options) {
  const directory = temporaryDirectory('tmpfs');
  const mounted = asRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'sluice-test', directory]).status === 0;
  if (mounted) return { directory, unmount: () => {
    execFileSync('umount', [directory]);
    removeDirectory(directory);
  } };
  removeDirectory(directory);
  return undefined;
}

test('a read-only cache directory', async (t) => {
  const mount = mountTmpfs('size=16m,ro');
  if (!mount) return t.skip('needs root and mount');
  const s = await startStack(t, { config: { cache: { directory: mount.directory } }, cleanup: [mount.unmount] });
  await checkBypass(s, ['cache_off', 'disk_error']);
  return undefined;
});

test('a full disk: right bytes, the reason named, and caching again when there is room', async (t) => {
  const mount = mountTmpfs('size=8m');
  if (!mount) return t.skip('needs root and mount');
  const s = await startStack(t, { config: { cache: { directory: mount.directory } }, cleanup: [mount.unmount] });
  const filler = path.join(mount.directory, 'filler');
  fs.writeFileSync(filler, Buffer.alloc(8 * MiB - 256 * 1024));
  await checkBypass(s, ['disk_full', 'cache_full']);
  // A little room: the transfer begins in the cache and has to leave it.
  fs.truncateSync(filler, 6 * MiB);
  for (let i = 0; i < 6; i++) {
    const key = `f${i}.mp4`;
    const object = s.origin.put(key, { seed: key, size });
    const readers = await Promise.all([s.get(key), s.get(key), s.get(key, { headers: range(MiB + 7) })]);
    assert.deepEqual(readers.map((r) => [r.complete, r.sha256]),
      [[true, object.sha256()], [true, object.sha256()], [true, object.sha256(MiB + 7)]], key);
  }
  fs.unlinkSync(filler);
  const object = s.origin.put('last.mp4', { size });
  await poll(async () => {
    const answer = await s.get('last.mp4');
    assert.equal(answer.sha256, object.sha256());
    return cacheStatus(answer).hit;
  }, 'caching again');
  assert.equal(s.app.requests.length, 0);
  return undefined;
});

test('the filesystem keeps its min_free', async (t) => {
  const s = await startStack(t, { config: { cache: { min_free: '1000000GiB' } } });
  await checkBypass(s, ['disk_full', 'cache_full']);
});

test('the cache directory is lost while serving', async (t) => {
  const s = await startStack(t);
  const before = s.origin.put('before.mp4', { size });
  await s.get('before.mp4');
  removeDirectory(s.cacheDirectory);
  for (const key of ['before.mp4', 'after.mp4']) {
    const object = key === 'before.mp4' ? before : s.origin.put(key, { seed: 'after', size });
    for (let i = 0; i < 2; i++) {
      const answer = await s.get(key);
      assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()], key);
    }
  }
});

test('a second process on the same directory runs uncached until the first has gone', async (t) => {
  const s = await startStack(t);
  const second = await s.another();
  await checkBypass(s, ['cache_off'], { url: second.url });
  const object = s.origin.put('first.mp4', { size });
  await s.get('first.mp4');
  assert.equal(cacheStatus(await s.get('first.mp4')).hit, true, 'the first one caches');
  await s.sluice.stop();
  // "warns, and tries again": how soon is its own affair.
  const hit = await poll(async () => {
    const answer = await get(`${second.url}/media/first.mp4`);
    assert.equal(answer.sha256, object.sha256());
    return cacheStatus(answer).hit;
  }, 'the second one takes the directory over', 60000, 500);
  assert.ok(hit);
});
