// A version is its validator and its size: a store that gives another size under the same entity tag is not believed to
// have the same object. And an object may be as big as it likes: it costs what of it is cached.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const GiB = 1024 * MiB;
const TiB = 1024 * GiB;
const etag = '"always-the-same"';
const put = (s, seed, size) => s.origin.put('v.mp4', { seed, size, etag });

for (const [what, before, after] of [['longer', 4 * MiB, 6 * MiB], ['shorter', 6 * MiB, 4 * MiB]]) {
  test(`${what} between two fills: the next answer is all of the new object`, async (t) => {
    const s = await startStack(t);
    const old = put(s, 'old', before);
    assert.equal((await s.get('v.mp4', { headers: range(0, MiB - 1) })).sha256, old.sha256(0, MiB - 1));
    await s.origin.idle();
    const now = put(s, 'new', after);
    const answer = await s.get('v.mp4', { headers: range(2 * MiB, 3 * MiB - 1) });
    assert.deepEqual([answer.status, answer.headers['content-range'], answer.sha256],
      [206, `bytes ${2 * MiB}-${3 * MiB - 1}/${after}`, now.sha256(2 * MiB, 3 * MiB - 1)]);
    const whole = await s.get('v.mp4');
    assert.deepEqual([whole.status, whole.sha256], [200, now.sha256()], 'nothing of the old one is left');
  });

  test(`${what} while a fill is resumed: cut, then all of the new object`, async (t) => {
    const s = await startStack(t);
    const old = put(s, 'old', before);
    const rule = s.origin.when('v.mp4').times(1);
    const gate = rule.pauseAt(MiB);
    rule.closeAt(MiB);
    const reader = s.open('v.mp4');
    await gate.reached;
    await reader.reached(MiB);
    const now = put(s, 'new', after);
    gate.release();
    const cut = await reader.done;
    assert.equal(cut.complete, false);
    assert.equal(cut.sha256, old.sha256(0, cut.length - 1));
    const whole = await s.get('v.mp4');
    assert.deepEqual([whole.complete, whole.sha256], [true, now.sha256()]);
  });
}

test('another size in the answer to a conditional request, which the store does not honour', async (t) => {
  const s = await startStack(t, { config: { cache: { max_age: '1ms', stale_while_revalidate: '0s' } } });
  put(s, 'old', 2 * MiB);
  await s.get('v.mp4');
  await s.origin.idle();
  const now = put(s, 'new', 3 * MiB);
  s.origin.when('v.mp4').ignoreConditions();
  const answer = await poll(() => s.get('v.mp4'), 'an answer');
  assert.deepEqual([answer.status, answer.length, answer.sha256], [200, 3 * MiB, now.sha256()]);
});

test('nothing is there any more, under the same entity tag', async (t) => {
  const s = await startStack(t);
  put(s, 'old', 4 * MiB);
  await s.get('v.mp4', { headers: range(0, 10) });
  await s.origin.idle();
  put(s, 'new', 0);
  const beyond = await s.get('v.mp4', { headers: range(2 * MiB, 3 * MiB) });
  assert.equal(beyond.status, 416);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.length], [200, 0]);
});

const residentOf = (sluice) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${sluice.child.pid}/status`, 'utf8'))[1]) * KiB;

test('5 TiB: a byte, its end, and all of it cost what is fetched', async (t) => {
  const size = 5 * TiB;
  const s = await startStack(t, { config: { cache: { max_size: '64MiB' } } });
  const object = s.origin.put('v.mp4', { seed: 'huge', size });
  await s.get('other.mp4'); // what is made once is made
  const before = residentOf(s.sluice);
  for (const [first, last] of [[0, 0], [size - 100, size - 1], [size / 2 + 5, size / 2 + 70 * KiB]]) {
    const answer = await s.get('v.mp4', { headers: range(first, last) });
    assert.deepEqual([answer.status, answer.headers['content-range'], answer.sha256],
      [206, `bytes ${first}-${last}/${size}`, object.sha256(first, last)]);
  }
  const all = s.open('v.mp4', { headers: { Range: 'bytes=0-' } });
  await all.reached(3 * MiB);
  all.abort();
  await s.origin.idle('v.mp4');
  assert.ok(cacheStatus(await s.get('v.mp4', { headers: range(0, 0) })).hit);
  const grown = residentOf(s.sluice) - before;
  assert.ok(grown < 64 * MiB, `${grown} bytes more of memory`);
  await s.restart();
  const hit = await s.get('v.mp4', { headers: range(size - 50, size - 1) });
  assert.deepEqual([cacheStatus(hit).hit, hit.sha256], [true, object.sha256(size - 50, size - 1)], 'it is there after a restart');
});
