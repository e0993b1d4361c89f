// Several ranges in one request, of an object that is not cached: all are asked for at once, and each byte once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { sha256 } from '../support/content.mjs';
import { makeObject } from '../support/origin.mjs';
import { MiB, checkSentOnce, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 40 * MiB + 77;
/// Twelve parts of 100 KB, far apart.
const apart = Array.from({ length: 12 }, (_, i) => [i * 3 * MiB + 1000 * i, i * 3 * MiB + 1000 * i + 99_999]);
const pageOf = (offset) => offset - (offset % 65536);
const field = (parts) => ({ range: `bytes=${parts.map(([first, last]) => `${first}-${last}`).join(',')}` });

/// The bodies of a multipart/byteranges response, in their order.
function partsOf(answer) {
  const boundary = /boundary="?([^";]+)/.exec(answer.headers['content-type'])[1];
  const body = answer.body;
  const parts = [];
  for (let at = body.indexOf(`--${boundary}\r\n`); at !== -1; at = body.indexOf(`--${boundary}\r\n`, at)) {
    const begin = body.indexOf('\r\n\r\n', at) + 4;
    const [, first, last] = /content-range: bytes (\d+)-(\d+)/i.exec(body.subarray(at, begin).toString());
    parts.push([Number(first), Number(last), body.subarray(begin, begin + (last - first) + 1)]);
    at = begin + (last - first) + 1;
  }
  return parts;
}

function checkParts(answer, object, parts) {
  assert.deepEqual([answer.status, answer.complete], [206, true]);
  const got = partsOf(answer);
  assert.deepEqual(got.map(([first, last]) => [first, last]), parts);
  for (const [first, last, bytes] of got) assert.equal(sha256(bytes), object.sha256(first, last), `${first}-${last}`);
}

/// The answer, whose requests to the origin all came before it answered any: `count` of them.
async function askTogether(s, parts, count) {
  const gate = s.origin.when('v.mp4').times(count).hold();
  const reader = s.open('v.mp4', { headers: field(parts), keep: true });
  await s.origin.board.until(() => s.origin.of('v.mp4').length === count, `${count} requests`);
  gate.release();
  return reader.done;
}

test('twelve parts are asked for at once', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  checkParts(await askTogether(s, apart, 12), object, apart);
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4');
  assert.equal(s.origin.of('v.mp4').length, 12);
  checkParts(await s.get('v.mp4', { headers: field(apart), keep: true }), object, apart);
  assert.equal(s.origin.of('v.mp4').length, 12, 'all of it is cached');
});

test('parts that come with another are not asked for', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const parts = [[5, 9], [20 * MiB, 20 * MiB + 9], [4000, 4009], [20 * MiB + 4000, 20 * MiB + 4009]];
  checkParts(await askTogether(s, parts, 2), object, parts);
  await s.origin.idle();
  assert.equal(s.origin.of('v.mp4').length, 2);
});

test('two clients at once', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').times(12).hold();
  const readers = [0, 1].map(() => s.open('v.mp4', { headers: field(apart), keep: true }));
  await s.origin.board.until(() => s.origin.of('v.mp4').length === 12, 'twelve requests');
  gate.release();
  for (const reader of readers) checkParts(await reader.done, object, apart);
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4');
});

for (const [what, fail] of [
  ['refused once', (rule) => rule.times(1).status(503)],
  ['reset before its first byte', (rule) => rule.times(1).resetAt(apart[5][0])],
  ['reset inside', (rule) => rule.times(1).resetAt(apart[5][0] + 50_001)],
  ['answered with all of the object', (rule) => rule.times(1).ignoreRange()],
  ['answered long after the first', (rule) => rule.times(1).delay(400)],
]) {
  test(`one part is ${what}`, async (t) => {
    const s = await startStack(t);
    const object = s.origin.put('v.mp4', { size });
    fail(s.origin.when((r) => r.headers.range?.startsWith(`bytes=${pageOf(apart[5][0])}-`)));
    checkParts(await s.get('v.mp4', { headers: field(apart), keep: true }), object, apart);
    assert.equal((await s.sluice.metrics()).sum('fallback_total'), 0);
  });
}

test('a part that is answered late is not asked for twice', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const starts = (r) => r.headers.range?.startsWith(`bytes=${pageOf(apart[5][0])}-`);
  const late = s.origin.when(starts).times(1).hold();
  const reader = s.open('v.mp4', { headers: field(apart), keep: true });
  await reader.reached(5 * 100_000); // the client has what lies before it, and more was asked for meanwhile
  assert.equal(s.origin.of('v.mp4').filter(starts).length, 1);
  late.release();
  checkParts(await reader.done, object, apart);
  await s.origin.idle();
  await checkSentOnce(s, 'v.mp4');
  assert.equal(s.origin.of('v.mp4').length, 12);
});

test('the client leaves while it waits for a late part', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size });
  const late = s.origin.when((r) => r.headers.range?.startsWith(`bytes=${pageOf(apart[5][0])}-`)).hold();
  const reader = s.open('v.mp4', { headers: field(apart) });
  await reader.reached(5 * 100_000);
  reader.abort();
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) <= 1, 'its connection is closed');
  late.release();
  await s.origin.idle();
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'nothing goes on');
});

test('every request is answered with all of the object', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').ignoreRange();
  checkParts(await s.get('v.mp4', { headers: field(apart), keep: true }), object, apart);
});

test('few fills at once are allowed: the parts come all the same', async (t) => {
  const s = await startStack(t, { config: { limits: { fills: 8 } } });
  const object = s.origin.put('v.mp4', { size });
  const parts = Array.from({ length: 16 }, (_, i) => [i * 2 * MiB, i * 2 * MiB]);
  checkParts(await s.get('v.mp4', { headers: field(parts), keep: true }), object, parts);
});

test('a part behind the end is left out', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  const answer = await s.get('v.mp4', { headers: field([...apart.slice(0, 2), [size + MiB, size + MiB + 9]]), keep: true });
  checkParts(answer, object, apart.slice(0, 2));
});

test('nothing of it exists', async (t) => {
  const s = await startStack(t);
  assert.equal((await s.get('v.mp4', { headers: field(apart) })).status, 404);
  await s.origin.idle();
  assert.equal((await s.sluice.metrics()).sum('fills_in_flight'), 0);
});

test('one part is of another version: never mixed', async (t) => {
  const [object, other] = [makeObject({ size, seed: 1 }), makeObject({ size, seed: 2 })];
  let asked = 0;
  const lookup = (key, request) => (request.range?.startsWith(`bytes=${pageOf(apart[5][0])}-`) && asked++ === 0 ? other : object);
  const s = await startStack(t, { originOptions: { lookup }, app: { mediaObject: () => object } });
  checkParts(await s.get('v.mp4', { headers: field(apart), keep: true }), object, apart);
  assert.ok(asked >= 2, 'what came of the other version was not sent');
});

test('the client leaves while all are asked for', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').times(12).hold();
  const reader = s.open('v.mp4', { headers: field(apart) });
  await s.origin.board.until(() => s.origin.of('v.mp4').length === 12, 'twelve requests');
  reader.abort();
  gate.release();
  await s.origin.idle();
  await poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'nothing goes on');
});

test('an object that cannot be cached comes whole', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size, etag: null });
  const answer = await s.get('v.mp4', { headers: field(apart) });
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
});

test('of an object that was not cached the last time one request is sent', async (t) => {
  const s = await startStack(t, { originOptions: { delay: 30 } });
  const object = s.origin.put('v.mp4', { size, etag: null });
  const ask = async () => {
    const before = s.origin.of('v.mp4').length;
    const answer = await s.get('v.mp4', { headers: field(apart) });
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
    await s.origin.idle();
    return s.origin.of('v.mp4').length - before;
  };
  await ask();
  const further = [await ask(), await ask()];
  assert.ok(Math.max(...further) <= 2, `${further} GETs`); // of the first range, and of the whole
  // Once it has a validator it is cached, and then its parts are asked for together again.
  s.origin.put('v.mp4', { size });
  await s.get('v.mp4', { headers: field(apart.slice(0, 2)), keep: true });
  const again = await s.get('v.mp4', { headers: field(apart), keep: true });
  assert.equal(again.status, 206);
  checkParts(again, object, apart);
});
