// Generations of Cloud Storage: an object that is replaced, also by the same bytes, never gives a mixture.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { startCloud } from '../support/cloud_stack.mjs';
import { MiB } from '../support/stack.mjs';

const size = 64 * MiB;
const validator = (object) => `${object.etag.slice(0, -1)}-g${object.generation}"`;

/// The answer is of the version that its ETag names: entirely, or up to where it was cut.
function checkOneVersion(answer, versions, first = 0, last = size - 1) {
  const version = versions.find((v) => validator(v) === answer.headers.etag);
  assert.ok(version, `a known version: ${answer.headers.etag}`);
  assert.equal(answer.complete, answer.length === last - first + 1, 'a short body has no clean end');
  assert.equal(answer.sha256, version.sha256(first, first + answer.length - 1));
  return version;
}

for (const identity of ['key', 'hmac', 'metadata', 'anonymous']) {
  for (const [what, seeds] of [['other bytes', ['one', 'two']], ['the same bytes', ['one', 'one']]]) {
    test(`${identity}, replaced by ${what} between seeks`, async (t) => {
      const s = await startCloud(t, 'gcs', identity);
      const versions = [s.origin.put('v.mp4', { seed: seeds[0], size })];
      const first = await s.get('v.mp4', { headers: range(0, MiB - 1) });
      checkOneVersion(first, versions, 0, MiB - 1);
      versions.push(s.origin.put('v.mp4', { seed: seeds[1], size }));
      const second = await s.get('v.mp4', { headers: range(40 * MiB, 41 * MiB - 1) });
      assert.deepEqual([second.status, second.complete], [206, true]);
      assert.equal(checkOneVersion(second, versions, 40 * MiB, 41 * MiB - 1), versions[1]);
      const third = await s.get('v.mp4', { headers: range(0, MiB - 1) });
      assert.equal(checkOneVersion(third, versions, 0, MiB - 1), versions[1], 'what was cached of the old one is gone');
      // Who continues the old one by If-Range gets the new one whole, never its tail.
      const resumed = await s.get('v.mp4', { headers: { ...range(MiB, 2 * MiB - 1), 'If-Range': validator(versions[0]) }, abortAfter: MiB });
      assert.deepEqual([resumed.status, resumed.headers.etag], [200, validator(versions[1])]);
      assert.equal(await s.fallbacks(), 0);
    });

    test(`${identity}, replaced by ${what} in mid-transfer`, async (t) => {
      const s = await startCloud(t, 'gcs', identity, { config: { cache: { read_ahead: '4MiB' } } });
      const versions = [s.origin.put('v.mp4', { seed: seeds[0], size })];
      const gate = s.origin.when('v.mp4').times(1).pauseAt(2 * MiB);
      const readers = [s.open('v.mp4'), s.open('v.mp4')];
      await gate.reached;
      await Promise.all(readers.map((reader) => reader.reached(MiB)));
      versions.push(s.origin.put('v.mp4', { seed: seeds[1], size }));
      gate.release();
      for (const reader of readers) {
        const answer = await reader.done;
        assert.equal(checkOneVersion(answer, versions), versions[0]);
        assert.equal(answer.complete, false, 'what was not fetched before is not there any more');
      }
      const after = await s.get('v.mp4', { headers: range(0, MiB - 1) });
      assert.equal(checkOneVersion(after, versions, 0, MiB - 1), versions[1]);
    });
  }
}

test('a fill that was cut goes on with the same generation only', async (t) => {
  for (const identity of ['key', 'metadata']) {
    const s = await startCloud(t, 'gcs', identity);
    const versions = [s.origin.put('v.mp4', { seed: 'one', size: 8 * MiB })];
    const rule = s.origin.when('v.mp4').times(1);
    const gate = rule.pauseAt(2 * MiB);
    rule.resetAt(2 * MiB);
    const reader = s.open('v.mp4');
    await gate.reached;
    versions.push(s.origin.put('v.mp4', { seed: 'one', size: 8 * MiB }));
    gate.release();
    const answer = await reader.done;
    assert.equal(checkOneVersion(answer, versions, 0, 8 * MiB - 1), versions[0]);
    assert.equal(answer.complete, false);
    const after = await s.get('v.mp4');
    assert.ok(after.complete);
    assert.equal(checkOneVersion(after, versions, 0, 8 * MiB - 1), versions[1]);

    const resumed = s.origin.put('w.mp4', { seed: 'w', size: 8 * MiB });
    s.origin.when('w.mp4').times(1).resetAt(3 * MiB);
    const whole = await s.get('w.mp4');
    assert.deepEqual([whole.complete, whole.sha256], [true, resumed.sha256()]);
  }
});
