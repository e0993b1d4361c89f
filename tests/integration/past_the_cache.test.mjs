// What cannot be stored is sent through memory: clients share one transfer, one with a validator is resumed where it breaks,
// and nobody gets bytes of two versions.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 3 * MiB + 77;
const clients = 20;

/// Nothing has room in this cache.
const noRoom = { cache: { min_free: '1000000GiB' } };
const off = { cache: { directory: undefined } };

const idle = (s) => poll(async () => (await s.sluice.metric('memory_bytes')) === 0, 'no memory is in use');

/// Nothing is left of the transfers: neither memory, nor connections to the store that read.
async function checkNothingLeft(s, key) {
  await idle(s);
  await s.origin.idle(key);
}

/// So many clients at once: all get the right bytes, and the store sends them once (and, where the first answer brings no
/// validator, a first window more). `slack`: bytes that may leave beyond.
async function checkShared(s, key, object, slack = 0) {
  const answers = await Promise.all(Array.from({ length: clients }, () => s.get(key)));
  for (const answer of answers) assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
  const sent = s.origin.bytesSent(key);
  const left = await s.sluice.metric('memory_streams_left_total'); // too slow for the others, on a busy machine
  if (left === 0) assert.ok(sent <= object.size + slack, `${sent} bytes left the store, of ${object.size}`);
  assert.ok(s.origin.of(key).length <= 3 + left, `${s.origin.of(key).length} GETs`);
  const collapsed = answers.filter((a) => cacheStatus(a).collapsed);
  assert.equal(collapsed.length, clients - 1, 'all but one joined');
  for (const answer of answers) assert.equal(cacheStatus(answer).fwd, 'bypass');
  if (left === 0) assert.equal(await s.sluice.metric('memory_streams_joined_total'), clients - 1);
  assert.equal(s.app.requests.length, 0);
  await checkNothingLeft(s, key);
}

for (const [name, config] of [['no room', noRoom], ['no cache', off]]) {
  test(`${name}: many clients at once cost the store one transfer`, async (t) => {
    const s = await startStack(t, { config, originOptions: { delay: 30 } });
    await checkShared(s, 'v.mp4', s.origin.put('v.mp4', { size }));
  });
}

test('no validator: many clients at once share one GET', async (t) => {
  const s = await startStack(t, { originOptions: { delay: 30 } });
  s.origin.when().noEtag();
  await checkShared(s, 'v.mp4', s.origin.put('v.mp4', { size }), MiB);
});

test('an object larger than its share of the cache', async (t) => {
  const s = await startStack(t, { config: { cache: { max_size: '16MiB', max_share: '25%' } }, originOptions: { delay: 30 } });
  await checkShared(s, 'v.mp4', s.origin.put('v.mp4', { size: 9 * MiB + 1 }));
});

test('a cache directory that is a file', async (t) => {
  const directory = temporaryDirectory('broken');
  const file = path.join(directory, 'file');
  fs.writeFileSync(file, 'not a directory');
  const s = await startStack(t, { config: { cache: { directory: file } }, originOptions: { delay: 30 },
    cleanup: [() => removeDirectory(directory)] });
  await checkShared(s, 'v.mp4', s.origin.put('v.mp4', { size }));
});

test('cache.memory: 0 shares nothing', async (t) => {
  const s = await startStack(t, { config: { cache: { directory: undefined, memory: 0 } }, originOptions: { delay: 30 } });
  const object = s.origin.put('v.mp4', { size });
  const answers = await Promise.all([s.get('v.mp4'), s.get('v.mp4')]);
  for (const answer of answers) {
    assert.equal(answer.sha256, object.sha256());
    assert.equal(cacheStatus(answer).collapsed, undefined);
  }
  assert.equal(s.origin.of('v.mp4').length, 2);
  assert.equal(await s.sluice.metric('memory_exhausted_total'), 0);
});

test('a client that comes later joins what is under way', async (t) => {
  const s = await startStack(t, { config: noRoom });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').pauseAt(2 * MiB);
  const first = s.open('v.mp4');
  await first.reached(2 * MiB);
  const before = s.origin.of('v.mp4').length;
  const others = [s.open('v.mp4'), s.open('v.mp4', { headers: range(MiB + 5) }), s.open('v.mp4', { headers: range(100, 2 * MiB + 9) })];
  await Promise.all(others.map((each) => each.firstByte));
  gate.release();
  assert.equal((await first.done).sha256, object.sha256());
  const [whole, open, named] = await Promise.all(others.map((each) => each.done));
  assert.deepEqual([whole.status, whole.sha256], [200, object.sha256()]);
  assert.deepEqual([open.status, open.sha256], [206, object.sha256(MiB + 5)]);
  assert.deepEqual([named.status, named.sha256], [206, object.sha256(100, 2 * MiB + 9)]);
  for (const each of [whole, open, named]) assert.ok(cacheStatus(each).collapsed);
  assert.equal(s.origin.of('v.mp4').length, before, 'the store was not asked for them');
  await checkNothingLeft(s, 'v.mp4');
});

test('HEAD, conditions, several ranges, and codings are right beside a transfer', async (t) => {
  const s = await startStack(t, { config: { cache: noRoom.cache, routes: [{ name: 'media', path: '/media/{file*}',
    store: 'media', object: '{file}', authorize: 'none', compress: { max_size: '8MiB' } }] } });
  const object = s.origin.put('v.txt', { size, contentType: 'text/plain' });
  const gate = s.origin.when('v.txt').pauseAt(2 * MiB);
  const first = s.open('v.txt');
  await first.reached(2 * MiB);
  const head = await s.get('v.txt', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.headers.etag], [200, String(size), object.etag]);
  assert.equal((await s.get('v.txt', { headers: { 'If-None-Match': object.etag } })).status, 304);
  assert.equal((await s.get('v.txt', { headers: { 'If-Match': '"other"' } })).status, 412);
  assert.equal((await s.get('v.txt', { headers: range(size) })).status, 416);
  const several = s.open('v.txt', { headers: { Range: 'bytes=0-9,2000000-2000009' } });
  const coded = s.open('v.txt', { headers: { 'Accept-Encoding': 'gzip' }, keep: true });
  const changed = s.open('v.txt', { headers: { 'If-Range': '"other"', ...range(5, 9) } });
  await Promise.all([several.firstByte, coded.firstByte, changed.firstByte]);
  gate.release();
  assert.equal((await first.done).sha256, object.sha256());
  for (const [each, coding] of [[await several.done], [await coded.done, 'gzip'], [await changed.done]]) {
    assert.deepEqual([each.status, each.complete, each.headers['content-encoding']], [200, true, coding]);
    if (!coding) assert.equal(each.sha256, object.sha256());
  }
  const { gunzipSync } = await import('node:zlib');
  assert.ok(gunzipSync((await coded.done).body).equals(object.read(0, size)));
  await checkNothingLeft(s, 'v.txt');
});

/// Every byte of `key` left the store once: what one answer sent ends where the next one begins.
function checkEachByteOnce(s, key, total = size) {
  const parts = s.origin.of(key).filter((r) => r.carriesObject && r.sent > 0).sort((a, b) => a.first - b.first);
  let at = 0;
  for (const part of parts) {
    assert.equal(part.first, at, JSON.stringify(parts.map((r) => [r.range, r.first, r.sent])));
    at += part.sent;
  }
  assert.equal(at, total);
}

for (const how of ['resetAt', 'closeAt']) {
  test(`with a validator a transfer is resumed where it breaks: ${how}`, async (t) => {
    const s = await startStack(t, { config: off });
    const object = s.origin.put('v.mp4', { size });
    const breaks = [1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, 700001, MiB, 2 * MiB + 3, size - 1];
    for (const offset of breaks) s.origin.when('v.mp4').times(1)[how](offset);
    const answers = await Promise.all([s.get('v.mp4'), s.get('v.mp4'), s.get('v.mp4', { headers: range(0, size - 1) })]);
    for (const answer of answers) assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256()]);
    const resumed = s.origin.of('v.mp4').filter((r) => r.headers['if-match'] === object.etag);
    assert.ok(resumed.length >= breaks.length, `${resumed.length} resumed`);
    if (how === 'closeAt' && s.origin.of('v.mp4').length === resumed.length + 1) checkEachByteOnce(s, 'v.mp4');
    assert.ok((await s.sluice.metric('memory_stream_resumes_total')) >= breaks.length);
    await checkNothingLeft(s, 'v.mp4');
  });
}

test('each byte is fetched once, over eight breaks in one transfer', async (t) => {
  const s = await startStack(t, { config: noRoom });
  const object = s.origin.put('v.mp4', { size });
  for (let i = 1; i <= 8; ++i) s.origin.when('v.mp4').times(1).closeAt(i * 300 * KiB + i);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
  checkEachByteOnce(s, 'v.mp4');
  assert.equal(s.app.requests.length, 0);
});

test('what the first answer does not bring is asked for before it is due, and once', async (t) => {
  const s = await startStack(t, { config: noRoom, originOptions: { delay: 20 } });
  const large = 5 * MiB + 3;
  const whole = s.origin.put('v.mp4', { size: large });
  const answers = await Promise.all(Array.from({ length: 4 }, () => s.get('v.mp4', { headers: range(0) })));
  for (const answer of answers) assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, whole.sha256()]);
  checkEachByteOnce(s, 'v.mp4', large);
  const broken = s.origin.put('w.mp4', { size: large, seed: 'w' });
  s.origin.when('w.mp4').times(1).closeAt(MiB - 100);
  const answer = await s.get('w.mp4', { headers: range(0) });
  assert.deepEqual([answer.complete, answer.sha256], [true, broken.sha256()]);
  checkEachByteOnce(s, 'w.mp4', large);
});

test('a store that fails for a moment in the middle costs that moment', async (t) => {
  const s = await startStack(t, { config: off });
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').times(1).closeAt(MiB + 17);
  const refusals = s.origin.when((r) => r.key === 'v.mp4' && r.headers['if-match'] !== undefined).times(4).status(503);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.complete, answer.sha256, refusals.taken], [true, object.sha256(), 4]);
});

test('without a validator a broken transfer is cut for all, and never put together', async (t) => {
  const s = await startStack(t, { config: off, originOptions: { delay: 30 } });
  const object = s.origin.put('v.mp4', { size });
  s.origin.when().noEtag().closeAt(MiB + 5);
  const answers = await Promise.all([s.get('v.mp4'), s.get('v.mp4'), s.get('v.mp4')]);
  for (const answer of answers) {
    assert.deepEqual([answer.status, answer.complete, answer.length], [200, false, MiB + 5]);
    assert.equal(answer.sha256, object.sha256(0, MiB + 4));
  }
  assert.equal(s.origin.of('v.mp4').length, 1);
  await checkNothingLeft(s, 'v.mp4');
});

test('a version that changes under a transfer is never mixed in', async (t) => {
  const s = await startStack(t, { config: off });
  const before = s.origin.put('v.mp4', { seed: 'before', size });
  const gate = s.origin.when('v.mp4').times(1).closeAt(MiB + 17);
  const cut = s.open('v.mp4');
  await cut.reached(1);
  await s.origin.board.until(() => gate.taken === 1, 'it broke');
  const after = s.origin.put('v.mp4', { seed: 'after', size });
  const answer = await cut.done;
  if (answer.complete) assert.equal(answer.sha256, before.sha256()); // it was resumed before the change
  else assert.equal(answer.sha256, before.sha256(0, answer.length - 1));
  await idle(s);
  assert.equal((await s.get('v.mp4')).sha256, after.sha256());
});

test('a write through Sluice is seen by the next request, whatever is under way', async (t) => {
  const s = await startStack(t, { config: off });
  const before = s.origin.put('v.mp4', { seed: 'before', size });
  const gate = s.origin.when('v.mp4').times(1).pauseAt(MiB);
  const first = s.open('v.mp4');
  await first.reached(MiB);
  const joined = s.open('v.mp4');
  assert.ok(cacheStatus(await joined.head).collapsed);
  const after = s.origin.put('v.mp4', { seed: 'after', size });
  assert.ok((await s.get('v.mp4', { method: 'DELETE' })).status < 500);
  const next = await s.get('v.mp4');
  assert.deepEqual([next.sha256, cacheStatus(next).collapsed], [after.sha256(), undefined]);
  gate.release();
  assert.equal((await first.done).sha256, before.sha256());
  assert.equal((await joined.done).sha256, before.sha256());
});

test('with max_age 0s only those join who came before the answer', async (t) => {
  const s = await startStack(t, { config: { cache: { directory: undefined, max_age: '0s' } }, originOptions: { delay: 50 } });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').pauseAt(MiB);
  const together = [s.open('v.mp4'), s.open('v.mp4'), s.open('v.mp4')];
  await Promise.all(together.map((each) => each.reached(MiB)));
  assert.equal(s.origin.of('v.mp4').length, 1);
  const later = s.open('v.mp4');
  await later.reached(MiB);
  assert.equal(s.origin.of('v.mp4').length, 2);
  gate.release();
  for (const each of [...together, later]) assert.equal((await each.done).sha256, object.sha256());
});

for (const ranges of ['takes', 'ignores']) {
  test(`a client that stops does not hold the others back, nor memory beyond the bound: the store ${ranges} ranges`, async (t) => {
    const large = 40 * MiB;
    const s = await startStack(t, { config: off, originOptions: { delay: 30 } });
    const object = s.origin.put('v.mp4', { size: large });
    const begun = s.origin.when('v.mp4').times(1);
    const gate = (ranges === 'ignores' ? begun.ignoreRange() : begun).pauseAt(1);
    if (ranges === 'ignores') s.origin.when('v.mp4').ignoreRange();
    const stopped = s.open('v.mp4', { paused: true });
    await stopped.head;
    const others = Array.from({ length: 4 }, () => s.open('v.mp4'));
    await Promise.all(others.map((each) => each.firstByte));
    gate.release();
    let most = 0;
    const watching = poll(async () => {
      most = Math.max(most, await s.sluice.metric('memory_bytes'));
      return others.every((each) => each.result.finished);
    }, 'the others have it', 30000, 10);
    for (const each of others) assert.deepEqual([(await each.done).complete, (await each.done).sha256], [true, object.sha256()]);
    await watching;
    assert.ok(most <= 64 * MiB, `${most} bytes`);
    assert.ok(!stopped.result.finished);
    assert.ok((await s.sluice.metric('memory_streams_left_total')) >= 1, 'it was left behind');
    stopped.resume();
    assert.deepEqual([(await stopped.done).complete, (await stopped.done).sha256], [true, object.sha256()]);
    await checkNothingLeft(s, 'v.mp4');
  });
}

test('without a validator a client that stops is waited for until its time-out', async (t) => {
  const large = 40 * MiB;
  const s = await startStack(t, { config: { ...off, limits: { send_timeout: '1s' } } });
  const object = s.origin.put('v.mp4', { size: large });
  const gate = s.origin.when('v.mp4').noEtag().pauseAt(1);
  const stopped = s.open('v.mp4', { paused: true });
  await stopped.head;
  const others = [s.open('v.mp4'), s.open('v.mp4')];
  await Promise.all(others.map((each) => each.firstByte));
  gate.release();
  for (const each of others) assert.deepEqual([(await each.done).complete, (await each.done).sha256], [true, object.sha256()]);
  assert.equal(s.origin.of('v.mp4').length, 1);
  assert.equal(await s.sluice.metric('memory_streams_left_total'), 0);
  stopped.abort();
  await checkNothingLeft(s, 'v.mp4');
});

for (const validator of ['with', 'without']) {
  test(`clients at random, ${validator} a validator: whoever gets all of it gets the right bytes`, async (t) => {
    const seed = Number(process.env.SLUICE_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));
    t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
    let state = seed;
    const below = (n) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    const large = 12 * MiB + 5;
    const s = await startStack(t, { config: { cache: { directory: undefined, memory: below(2) ? '64MiB' : '2MiB' } },
      originOptions: { delay: 20, rate: 60 * MiB } });
    const object = s.origin.put('v.mp4', { size: large });
    if (validator === 'with') for (let i = 0; i < 6; ++i) s.origin.when('v.mp4').times(1)[below(2) ? 'resetAt' : 'closeAt'](below(large));
    else s.origin.when('v.mp4').noEtag();
    const running = [];
    for (let i = 0; i < 40; ++i) {
      const first = below(2) ? 0 : below(large);
      const last = below(3) ? large - 1 : first + below(large - first);
      const options = { headers: range(first, last) };
      if (below(6) === 0) options.abortAfter = 1 + below(last - first + 1);
      else if (below(4) === 0) options.rate = (2 + below(10)) * MiB;
      running.push({ first, last, options, exchange: s.open('v.mp4', options) });
      if (below(3) === 0) await running[below(running.length)].exchange.firstByte;
    }
    for (const { first, last, options, exchange } of running) {
      const answer = await exchange.done;
      const of = JSON.stringify({ first, last, options, status: answer.headers['cache-status'], error: String(answer.error) });
      if (options.abortAfter === undefined) assert.ok(answer.complete, of);
      assert.equal(answer.sha256, object.sha256(first, first + answer.length - 1), of);
    }
    assert.equal(s.app.requests.length, 0);
    await checkNothingLeft(s, 'v.mp4');
  });
}

test('clients that leave at any time leave nothing behind', async (t) => {
  const s = await startStack(t, { config: noRoom, originOptions: { delay: 10, rate: 20 * MiB } });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await checkNothingLeft(s, 'v.mp4');
  const descriptors = await s.sluice.metric('open_descriptors');
  for (let round = 0; round < 5; ++round) {
    const some = Array.from({ length: 12 }, (_, i) => s.open('v.mp4', { abortAfter: i % 3 === 0 ? undefined : 1 + i * 200 * KiB }));
    some[1].abort();
    for (const [i, each] of some.entries()) {
      const answer = await each.done;
      if (i % 3 === 0) assert.deepEqual([answer.complete, answer.sha256], [true, object.sha256()]);
    }
  }
  await idle(s);
  await poll(async () => (await s.sluice.metric('open_descriptors')) <= descriptors + 3, 'no descriptors are left');
  // Those of a silent store, too.
  s.origin.when('v.mp4').pauseAt(MiB);
  const waiting = [s.open('v.mp4'), s.open('v.mp4')];
  await Promise.all(waiting.map((each) => each.reached(MiB)));
  for (const each of waiting) each.abort();
  await idle(s);
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) <= 1, 'their connections are closed');
});

test('more transfers than there is memory for: right bytes, and counted', async (t) => {
  const s = await startStack(t, { config: { cache: { directory: undefined, memory: '1MiB' } } });
  const all = Array.from({ length: 10 }, (_, i) => ({ key: `o${i}`, object: s.origin.put(`o${i}`, { seed: `o${i}`, size }) }));
  const gate = s.origin.when().pauseAt(MiB);
  const running = all.map(({ key }) => s.open(key));
  await Promise.all(running.map((each) => each.reached(MiB)));
  assert.ok((await s.sluice.metric('memory_bytes')) <= MiB);
  assert.ok((await s.sluice.metric('memory_exhausted_total')) >= 6);
  gate.release();
  for (const [i, each] of running.entries()) {
    const answer = await each.done;
    assert.deepEqual([answer.complete, answer.sha256], [true, all[i].object.sha256()]);
  }
  await idle(s);
});

test('a small object takes as much memory as it has bytes', async (t) => {
  const s = await startStack(t, { config: { cache: { directory: undefined, memory: '1MiB' } } });
  const all = Array.from({ length: 10 }, (_, i) => ({ key: `o${i}`, object: s.origin.put(`o${i}`, { seed: `o${i}`, size: 40_000 }) }));
  const gate = s.origin.when().pauseAt(20_000);
  const running = all.map(({ key }) => s.open(key));
  await Promise.all(running.map((each) => each.reached(20_000)));
  assert.equal(await s.sluice.metric('memory_bytes'), 10 * 40_000);
  assert.equal(await s.sluice.metric('memory_exhausted_total'), 0);
  gate.release();
  for (const [i, each] of running.entries()) assert.equal((await each.done).sha256, all[i].object.sha256());
  await idle(s);
});

test('a client who has it already does not make the others ask for themselves', async (t) => {
  const s = await startStack(t, { config: off });
  const object = s.origin.put('v.mp4', { size });
  const gate = s.origin.when('v.mp4').times(1).hold();
  const first = s.open('v.mp4', { headers: { 'If-None-Match': object.etag } });
  await s.origin.board.until(() => s.origin.of('v.mp4').length === 1, 'it is asked');
  const others = Array.from({ length: clients }, (_, i) =>
    s.open('v.mp4', i % 4 === 0 ? { headers: { 'If-None-Match': object.etag } } : {}));
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) > clients, 'all are there');
  gate.release();
  assert.equal((await first.done).status, 304);
  for (const [i, each] of others.entries()) {
    const answer = await each.done;
    if (i % 4 === 0) assert.equal(answer.status, 304);
    else assert.deepEqual([answer.status, answer.sha256], [200, object.sha256()]);
  }
  assert.ok(s.origin.of('v.mp4').length <= 3, `${s.origin.of('v.mp4').length} GETs`);
  await checkNothingLeft(s, 'v.mp4');
});

for (const which of ['runs', 'has ended']) {
  test(`nobody joins an older version after an answer of a newer one, which ${which}`, async (t) => {
    const s = await startStack(t, { config: off });
    const before = s.origin.put('v.mp4', { seed: 'before', size });
    const old = s.origin.when('v.mp4').times(1).pauseAt(MiB);
    const first = s.open('v.mp4');
    await first.reached(MiB);
    const after = s.origin.put('v.mp4', { seed: 'after', size });
    const seek = 2 * MiB + MiB / 2;
    const held = s.origin.when('v.mp4').times(1).pauseAt(seek + 1000);
    const second = s.open('v.mp4', { headers: range(seek) });
    await second.reached(1000);
    if (which === 'has ended') {
      held.release();
      assert.equal((await second.done).sha256, after.sha256(seek));
    }
    const third = await s.get('v.mp4');
    assert.equal(third.sha256, after.sha256());
    const fourth = await s.get('v.mp4', { headers: { 'If-None-Match': before.etag } });
    assert.deepEqual([fourth.status, fourth.sha256], [200, after.sha256()]);
    held.release();
    old.release();
    assert.equal((await second.done).sha256, after.sha256(seek));
    assert.equal((await first.done).sha256, before.sha256());
    await checkNothingLeft(s, 'v.mp4');
  });
}
