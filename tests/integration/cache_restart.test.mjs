// What lies on the disk is used again after a restart, and only where it is what it was.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { bytesUsed, findBytes, flipByte } from '../support/disk.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { startSluice } from '../support/sluice.mjs';
import { poll } from '../support/wait.mjs';

const page = 64 * KiB;

/// The object whole, once the cache is up again ("metadata is loaded in the background, meanwhile serving").
async function settled(s) {
  await poll(async () => cacheStatus(await s.get('probe')).hit, 'the cache is loaded');
}

async function startWarm(t, objects, over = {}) {
  const s = await startStack(t, over);
  s.origin.put('probe', { seed: 'probe', size: 10 });
  await s.get('probe');
  for (const [key, size] of Object.entries(objects)) {
    s.origin.put(key, { seed: key, size });
    const answer = await s.get(key);
    assert.equal(answer.sha256, s.origin.object(key).sha256());
  }
  return s;
}

test('a restart: warm hits, the origin is not asked', async (t) => {
  const s = await startWarm(t, { 'a.mp4': 5 * MiB + 77, 'b c/ü.mp4': 100, one: page });
  s.origin.put('part', { seed: 'part', size: 8 * MiB });
  await s.get('part', { headers: range(3 * MiB + 5, 4 * MiB) });
  for (let round = 0; round < 2; round++) {
    await s.restart();
    await settled(s);
    s.origin.forget();
    for (const key of ['a.mp4', 'b c/ü.mp4', 'one']) {
      const answer = await s.get(encodeURI(key));
      assert.deepEqual([answer.status, answer.sha256], [200, s.origin.object(key).sha256()], key);
      assert.equal(cacheStatus(answer).hit, true);
      assert.equal(answer.headers.etag, s.origin.object(key).etag);
      assert.equal(answer.headers['content-type'], 'video/mp4');
    }
    const part = await s.get('part', { headers: range(3 * MiB + 5, 4 * MiB) });
    assert.deepEqual([part.sha256, cacheStatus(part).hit], [s.origin.object('part').sha256(3 * MiB + 5, 4 * MiB), true]);
    assert.equal(s.origin.of().length, 0);
  }
  assert.equal((await s.get('part')).sha256, s.origin.object('part').sha256(), 'and what was missing is completed');
});

test('a page that changed on the disk is never served', async (t) => {
  const s = await startWarm(t, { 'v.mp4': 6 * MiB });
  const object = s.origin.object('v.mp4');
  await s.sluice.stop();
  for (const offset of [0, 7 * page + 100, 6 * MiB - 1]) {
    const start = Math.min(offset, 6 * MiB - 32);
    const places = findBytes(s.cacheDirectory, object.read(start, 32));
    assert.equal(places.length, 1, 'the bytes lie in one place');
    flipByte({ file: places[0].file, offset: places[0].offset + (offset - start) });
  }
  s.sluice = await startSluice(s.config);
  await settled(s);
  s.origin.forget();
  for (let i = 0; i < 2; i++) {
    const answer = await s.get('v.mp4');
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
  }
  assert.ok(s.origin.bytesSent('v.mp4') >= 3 * page, 'the broken pages were fetched again');
  const last = await s.get('v.mp4', { headers: range(5) });
  assert.deepEqual([last.sha256, cacheStatus(last).hit], [object.sha256(5), true]);
});

test('a data file cut off, or gone', async (t) => {
  const s = await startWarm(t, { cut: 4 * MiB, gone: 4 * MiB });
  await s.sluice.stop();
  const fileOf = (key) => findBytes(s.cacheDirectory, s.origin.object(key).read(page, 32))[0].file;
  fs.truncateSync(fileOf('cut'), 2 * MiB + 100);
  fs.unlinkSync(fileOf('gone'));
  s.sluice = await startSluice(s.config);
  await settled(s);
  for (const key of ['cut', 'gone', 'cut', 'gone']) {
    const answer = await s.get(key);
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, s.origin.object(key).sha256()], key);
  }
});

/// The metadata files: those that name their object's key and hold none of its bytes.
function metadataOf(s, key) {
  const data = new Set(findBytes(s.cacheDirectory, s.origin.object(key).read(0, 32)).map(({ file }) => file));
  const files = [...new Set(findBytes(s.cacheDirectory, Buffer.from(key)).map(({ file }) => file))].filter((f) => !data.has(f));
  assert.ok(files.length > 0, `no metadata found for ${key}`);
  return files;
}

test('metadata that is broken is ignored', async (t) => {
  const breaks = {
    'truncated-object': (file, size) => fs.truncateSync(file, Math.floor(size / 2)),
    'emptied-object': (file) => fs.truncateSync(file, 0),
    'garbage-object': (file, size) => fs.writeFileSync(file, Buffer.alloc(size, 0xff)),
    'longer-object': (file) => fs.appendFileSync(file, Buffer.alloc(100000, 0x41)),
    'other-object': (file) => fs.writeFileSync(file, '{"version": 999999, "key": "../../etc/passwd", "size": -1}'),
  };
  const s = await startWarm(t, Object.fromEntries(Object.keys(breaks).map((key) => [key, MiB + 5])));
  await s.sluice.stop();
  for (const [key, apply] of Object.entries(breaks)) {
    for (const file of metadataOf(s, key)) apply(file, fs.statSync(file).size);
  }
  s.sluice = await startSluice(s.config);
  await settled(s);
  for (const key of Object.keys(breaks)) {
    for (let i = 0; i < 2; i++) {
      const answer = await s.get(key);
      assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, s.origin.object(key).sha256()], key);
    }
  }
});

test('any byte of any metadata turned over: right bytes or none, and it starts', async (t) => {
  const seed = Number(process.env.SLUICE_TEST_SEED ?? 99);
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  const keys = Array.from({ length: 12 }, (_, i) => `object-number-${i}`);
  const s = await startWarm(t, Object.fromEntries(keys.map((key) => [key, 3 * page + 5])));
  await s.sluice.stop();
  for (const key of keys) {
    for (const file of metadataOf(s, key)) flipByte({ file, offset: random.next(fs.statSync(file).size) });
  }
  s.sluice = await startSluice(s.config);
  await settled(s);
  for (const key of keys) {
    const answer = await s.get(key);
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, s.origin.object(key).sha256()], key);
    assert.equal(answer.headers.etag, s.origin.object(key).etag, key);
  }
});

test('files that are not its own do not stop it', async (t) => {
  const s = await startWarm(t, { 'v.mp4': MiB });
  await s.sluice.stop();
  const names = ['lost+found', '.hidden', 'x'.repeat(200)];
  fs.mkdirSync(`${s.cacheDirectory}/${names[0]}`);
  for (const name of names.slice(1)) fs.writeFileSync(`${s.cacheDirectory}/${name}`, 'not of the cache');
  s.sluice = await startSluice(s.config);
  await settled(s);
  assert.equal(cacheStatus(await s.get('v.mp4')).hit, true);
});

test('killed in the middle of a fill, and started again', async (t) => {
  const s = await startWarm(t, { 'v.mp4': 3 * MiB });
  const object = s.origin.put('half.mp4', { seed: 'half', size: 8 * MiB });
  const gate = s.origin.when('half.mp4').times(1).pauseAt(5 * MiB + 10);
  const reader = s.open('half.mp4');
  await reader.reached(5 * MiB);
  await gate.reached;
  await s.sluice.kill();
  await reader.done;
  gate.release();
  s.sluice = await startSluice(s.config);
  for (const key of ['half.mp4', 'v.mp4', 'half.mp4']) {
    const answer = await s.get(key);
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, s.origin.object(key).sha256()], key);
  }
  assert.equal(object.size, 8 * MiB);
});

test('a smaller limit after a restart is kept to', async (t) => {
  const s = await startWarm(t, Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`o${i}`, 2 * MiB])));
  assert.ok(bytesUsed(s.cacheDirectory) > 32 * MiB);
  await s.restart({ cache: { max_size: '16MiB' } });
  s.origin.put('new', { seed: 'new', size: MiB });
  await poll(async () => {
    assert.equal((await s.get('new')).sha256, s.origin.object('new').sha256());
    return bytesUsed(s.cacheDirectory) <= 16 * MiB;
  }, 'at most 16 MiB on the disk');
});
