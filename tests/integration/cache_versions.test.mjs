// One answer carries one version of an object, whole or cut short, never a mixture.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { MiB, startStack } from '../support/stack.mjs';

const size = 8 * MiB;
const put = (s, version) => s.origin.put('v.mp4', { seed: `version ${version}`, size });

/// The answer is of the version that its ETag names: entirely, or up to where it was cut.
function checkOneVersion(answer, versions, first, last) {
  const version = versions.find((v) => v.etag === answer.headers.etag);
  assert.ok(version, `a known version: ${answer.headers.etag}`);
  assert.equal(answer.complete, answer.length === last - first + 1, 'a short body has no clean end');
  assert.equal(answer.sha256, version.sha256(first, first + answer.length - 1));
  return version;
}

test('replaced between two fills: the second range is all of the new version', async (t) => {
  const s = await startStack(t);
  const versions = [put(s, 1)];
  checkOneVersion(await s.get('v.mp4', { headers: range(0, MiB - 1) }), versions, 0, MiB - 1);
  await s.origin.idle();
  versions.push(put(s, 2));
  const second = await s.get('v.mp4', { headers: range(4 * MiB, 5 * MiB - 1) });
  assert.equal(second.status, 206);
  assert.equal(checkOneVersion(second, versions, 4 * MiB, 5 * MiB - 1), versions[1]);
  assert.ok(s.origin.of('v.mp4').some((r) => r.headers['if-match'] === versions[0].etag && r.status === 412),
    'the second fill was conditional');
  // The old version is gone: what it had cached is not given out again.
  const first = await s.get('v.mp4', { headers: range(0, MiB - 1) });
  assert.equal(checkOneVersion(first, versions, 0, MiB - 1), versions[1]);
  assert.equal((await s.get('v.mp4')).sha256, versions[1].sha256());
});

test('a range over present and missing blocks of a replaced object', async (t) => {
  const s = await startStack(t);
  const versions = [put(s, 1)];
  await s.get('v.mp4', { headers: range(0, 2 * MiB - 1) });
  await s.origin.idle();
  versions.push(put(s, 2));
  const answer = await s.get('v.mp4');
  checkOneVersion(answer, versions, 0, size - 1);
  // Nothing but the old version's own two blocks could be sent of it.
  if (!answer.complete) assert.ok(answer.length <= 2 * MiB && answer.headers.etag === versions[0].etag);
  const again = await s.get('v.mp4');
  assert.ok(again.complete);
  assert.equal(checkOneVersion(again, versions, 0, size - 1), versions[1]);
});

for (const [what, stop] of [['broken off', 'closeAt'], ['reset', 'resetAt']]) {
  test(`replaced during a fill that is ${what}: closed short, no clean end`, async (t) => {
    const s = await startStack(t);
    const versions = [put(s, 1)];
    const rule = s.origin.when('v.mp4').times(1);
    const gate = rule.pauseAt(2 * MiB);
    rule[stop](2 * MiB);
    const readers = [s.open('v.mp4'), s.open('v.mp4')];
    await gate.reached;
    await Promise.all(readers.map((reader) => reader.reached(2 * MiB)));
    versions.push(put(s, 2));
    gate.release();
    for (const reader of readers) {
      const answer = await reader.done;
      assert.equal(answer.complete, false);
      assert.equal(checkOneVersion(answer, versions, 0, size - 1), versions[0]);
    }
    const after = await s.get('v.mp4');
    assert.ok(after.complete);
    assert.equal(checkOneVersion(after, versions, 0, size - 1), versions[1]);
  });
}

test('a store that ignores If-Match: the ETag of its answer decides', async (t) => {
  const s = await startStack(t);
  s.origin.when('v.mp4').ignoreConditions();
  const versions = [put(s, 1)];
  await s.get('v.mp4', { headers: range(0, MiB - 1) });
  await s.origin.idle();
  versions.push(put(s, 2));
  const second = await s.get('v.mp4', { headers: range(4 * MiB, 5 * MiB - 1) });
  assert.ok(second.complete);
  assert.equal(checkOneVersion(second, versions, 4 * MiB, 5 * MiB - 1), versions[1]);
  assert.equal(checkOneVersion(await s.get('v.mp4', { headers: range(0, MiB - 1) }), versions, 0, MiB - 1), versions[1]);
});

test('another size: the new version is found out, its ranges are its own', async (t) => {
  const s = await startStack(t);
  put(s, 1);
  await s.get('v.mp4', { headers: range(0, MiB - 1) });
  await s.origin.idle();
  const shorter = s.origin.put('v.mp4', { seed: 'shorter', size: 3 * MiB });
  const beyond = await s.get('v.mp4', { headers: range(7 * MiB, size - 1) });
  // By the old version the range is satisfiable, by the new one it is not.
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, `bytes */${3 * MiB}`]);
  const whole = await s.get('v.mp4');
  assert.deepEqual([whole.status, whole.sha256], [200, shorter.sha256()]);
});

test('deleted: the app answers', async (t) => {
  const s = await startStack(t);
  put(s, 1);
  await s.get('v.mp4', { headers: range(0, MiB - 1) });
  await s.origin.idle();
  s.origin.delete('v.mp4');
  const answer = await s.get('v.mp4', { headers: range(4 * MiB, 5 * MiB) });
  assert.deepEqual([answer.status, answer.headers['x-app']], [404, 'stand-in']);
});

test('versions come and go under many readers', async (t) => {
  const s = await startStack(t);
  const seed = Number(process.env.SLUICE_TEST_SEED ?? 77);
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  const versions = [put(s, 0)];
  let left = 120;
  let whole = 0;
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (left-- > 0) {
      if (left % 15 === 0) versions.push(put(s, versions.length));
      const first = random.next(size);
      const last = Math.min(size - 1, first + random.next(3 * MiB));
      const answer = await s.get('v.mp4', { headers: range(first, last) });
      assert.equal(answer.status, 206);
      checkOneVersion(answer, versions, first, last);
      if (answer.complete) whole += 1;
    }
  }));
  t.diagnostic(`${whole} whole answers`);
  assert.ok(whole > 20, `${whole} whole answers`);
  assert.equal((await s.get('v.mp4', { headers: range(0, 9) })).complete, true);
});
