// What every app must see behind Sluice, whichever way its recipe takes: ranges by their hash, refusals that are the app's own,
// a file that was overwritten or deleted. A medium is {target, bytes: what the app has there now, owner, stranger, nobody}; each
// of these people has ask(target, {headers, method}) through Sluice and alone(target, …) of the app itself.
import assert from 'node:assert/strict';
import { sha256 } from './content.mjs';
import { cacheStatus } from './stack.mjs';

const hashOf = (bytes, first = 0, last = bytes.length - 1) => sha256(bytes.subarray(first, last + 1));

/// An answer of Sluice's own with these bytes of the medium.
export function checkServed(answer, medium, [status, first, last] = [200], what = '') {
  assert.deepEqual([answer.status, answer.sha256, answer.complete], [status, hashOf(medium.bytes, first, last), true], `${what}: ${answer.length} bytes`);
  assert.ok(cacheStatus(answer) && cacheStatus(answer).fwd !== 'bypass', `${what}: ${answer.headers['cache-status']}`);
  if (medium.type) assert.equal(answer.headers['content-type'], medium.type, what);
}

/// What Cache-Status says of bytes that were here: from the cache, from it after the store said that they are the newest, from
/// a local store.
export const hits = {
  cached: (status) => status.hit === true,
  revalidated: (status) => status.fwd === 'stale' && status['fwd-status'] === 304,
  local: (status) => status.detail === 'local',
};

/// Whole, in parts, cold and from the cache (`hit`: one of `hits`), by HEAD; 20 seeks at once.
export async function checkRanges(medium, { hit = hits.cached } = {}) {
  const { target, owner, bytes } = medium;
  const size = bytes.length;
  const part = async (first, last, what) => {
    const range = last === undefined ? `${first}-` : `${first}-${last}`;
    const answer = await owner.ask(target, { headers: { Range: `bytes=${range}` } });
    checkServed(answer, medium, [206, first, last ?? size - 1], `${target} ${range} ${what}`);
    assert.equal(answer.headers['content-range'], `bytes ${first}-${last ?? size - 1}/${size}`);
    return answer;
  };
  await part(size - 1000, size - 1, 'cold');
  checkServed(await owner.ask(target), medium, [200], `${target} whole`);
  for (const [first, last] of [[0, 0], [0, 99], [70000, 139999], [size - 1], [0]]) {
    const answer = await part(first, last, 'warm');
    assert.ok(hit(cacheStatus(answer)), answer.headers['cache-status']);
  }
  const suffix = await owner.ask(target, { headers: { Range: 'bytes=-500' } });
  checkServed(suffix, medium, [206, size - 500, size - 1], 'suffix');
  const past = await owner.ask(target, { headers: { Range: `bytes=${size}-` } });
  assert.deepEqual([past.status, past.headers['content-range']], [416, `bytes */${size}`]);
  const head = await owner.ask(target, { method: 'HEAD' });
  assert.deepEqual([head.status, head.length], [medium.head ?? 200, 0]);
  if (!medium.head) assert.equal(head.headers['content-length'], String(size));
  const seeks = Array.from({ length: 20 }, (_, i) => Math.floor((i * (size - 2000)) / 20));
  const answers = await Promise.all(seeks.map((at) => owner.ask(target, { headers: { Range: `bytes=${at}-${at + 1999}` } })));
  answers.forEach((answer, i) => checkServed(answer, medium, [206, seeks[i], seeks[i] + 1999], 'at once'));
  const unchanged = await owner.ask(target, { headers: { 'If-None-Match': suffix.headers.etag } });
  assert.equal(unchanged.status, 304);
}

/// Who may not have it gets what the app itself says, also of what is cached, and none of its bytes.
export async function checkRefusals(medium) {
  for (const person of [medium.stranger, medium.nobody]) {
    for (const headers of [{}, { Range: 'bytes=0-99' }]) {
      const [ours, theirs] = [await person.ask(medium.target, { headers }), await person.alone(medium.target, { headers })];
      assert.ok(theirs.status >= 300, `${medium.target}: the app itself says ${theirs.status}`);
      assert.deepEqual([ours.status, ours.headers.location, ours.sha256], [theirs.status, theirs.headers.location, theirs.sha256]);
      assert.equal(cacheStatus(ours)?.hit, undefined);
    }
  }
}

/// After `write(bytes)` through Sluice, other bytes of another size are there: at once, whole and in part.
export async function checkOverwritten(medium, write, bytes) {
  checkServed(await medium.owner.ask(medium.target), medium, [200], 'before');
  await write(bytes);
  medium.bytes = bytes;
  checkServed(await medium.owner.ask(medium.target, { headers: { Range: 'bytes=0-999' } }), medium, [206, 0, 999], 'after');
  checkServed(await medium.owner.ask(medium.target), medium, [200], 'after');
}

/// After `remove()` through Sluice its owner gets what the app itself says, `status`, and none of its bytes.
export async function checkDeleted(medium, remove, status = 404) {
  checkServed(await medium.owner.ask(medium.target), medium, [200], 'before');
  await remove();
  for (const headers of [{}, { Range: 'bytes=0-99' }]) {
    const [ours, theirs] = [await medium.owner.ask(medium.target, { headers }), await medium.owner.alone(medium.target, { headers })];
    assert.deepEqual([ours.status, ours.status], [theirs.status, status], 'deleted');
    assert.notEqual(ours.sha256, hashOf(medium.bytes));
  }
}
