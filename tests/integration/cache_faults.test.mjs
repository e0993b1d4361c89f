// An origin that fails: a broken transfer goes on where it broke, an answer that cannot be used is not, and before the
// first byte the app is there.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { pauseGate } from '../support/faults.mjs';
import { poll } from '../support/wait.mjs';

const size = 4 * MiB + 4321;
const patient = { fallback: { breaker: { failures: 1000, open: '1s' } } };
const fromApp = (answer) => answer.headers['x-app'] === 'stand-in';

/// The answer is the app's own, whole and right; the fallback is counted under one of these reasons.
async function checkFallback(s, answer, object, reasons, [first, last] = [0, object.size - 1]) {
  assert.ok(fromApp(answer), `the app answers, not ${answer.status} ${JSON.stringify(answer.headers)}`);
  assert.ok(answer.complete);
  assert.equal(answer.sha256, object.sha256(first, last));
  const metrics = await s.sluice.metrics();
  const counted = metrics.find('fallback_total', { route: 'media' }).filter((m) => m.value > 0).map((m) => m.labels.reason);
  assert.ok(reasons.some((reason) => counted.includes(reason)), `counted as ${counted}, not as one of ${reasons}`);
  await s.sluice.countedSome({ route: 'media', result: 'fallback' });
}

for (const how of ['resetAt', 'closeAt']) {
  test(`a transfer that breaks (${how}) is resumed where it broke`, async (t) => {
    const s = await startStack(t);
    const offsets = [1, 64 * KiB - 1, 64 * KiB, 64 * KiB + 1, MiB, 3 * MiB + 17, size - 1];
    for (const offset of offsets) {
      const key = `${offset}.mp4`;
      const object = s.origin.put(key, { seed: offset, size });
      s.origin.when(key).times(1)[how](offset);
      const answer = await s.get(key);
      assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()], `broken at ${offset}`);
      const resumed = s.origin.of(key)[1];
      assert.equal(resumed.headers['if-match'], object.etag, 'a resumption is conditional');
      if (how === 'closeAt') assert.deepEqual(s.origin.pagesSentTwice(key), [], 'resumed at its offset');
      assert.equal((await s.get(key, { headers: range(5) })).sha256, object.sha256(5), 'what was stored is right');
    }
    assert.ok((await s.sluice.metric('fill_resumes_total')) >= offsets.length);
    assert.equal(s.app.requests.length, 0);
  });
}

test('a transfer that breaks several times', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  for (const offset of [10, 70000, 2 * MiB, 2 * MiB + 1]) s.origin.when('v.mp4').times(1).closeAt(offset);
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
});

test('a chunked body without a length is followed to its end', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').chunked();
  assert.equal((await s.get('v.mp4', { headers: range(100, 2 * MiB) })).sha256, object.sha256(100, 2 * MiB));
  assert.equal((await s.get('v.mp4')).sha256, object.sha256());
});

test('429, 500 and 503 are tried again', async (t) => {
  const s = await startStack(t, { config: patient });
  for (const status of [429, 500, 503]) {
    const key = `${status}.mp4`;
    const object = s.origin.put(key, { size });
    s.origin.when(key).times(1).status(status);
    const answer = await s.get(key);
    assert.deepEqual([answer.status, fromApp(answer), answer.sha256], [200, false, object.sha256()], `${status}`);
    assert.equal(s.origin.of(key)[0].status, status);
  }
  assert.equal(s.app.requests.length, 0);
});

const unusable = [
  ['a Content-Range that was not asked', (r) => r.contentRange(`bytes 1-${MiB}/${size}`), ['bad_content_range']],
  ['a Content-Range that is none', (r) => r.contentRange('bytes all of them'), ['bad_content_range']],
  ['no Content-Range in a 206', (r) => r.header('Content-Range', undefined), ['bad_content_range']],
  ['a total smaller than the range', (r) => r.total(7), ['bad_content_range']],
  ['200 to a range from the middle', (r) => r.ignoreRange(), ['bad_content_range', 'unexpected_status', 'range_ignored']],
  ['gzip', (r) => r.encoding('gzip'), ['content_encoded']],
  ['403', (r) => r.status(403), ['forbidden']],
  ['404', (r) => r.status(404), ['not_found']],
  ['301', (r) => r.status(301, 'PermanentRedirect', { Location: 'http://127.0.0.1:1/' }), ['unexpected_status']],
  ['500 for ever', (r) => r.status(500), ['store_error']],
  ['429 for ever', (r) => r.status(429), ['throttled']],
  ['what is no HTTP', (r) => r.garbage(), ['protocol_error', 'connection_lost']],
  ['silence', (r) => r.silent(), ['timeout']],
  ['a connection closed before the head', (r) => r.garbage(''), ['connection_lost', 'protocol_error', 'short_body']],
];

for (const [what, apply, reasons] of unusable) {
  test(`the app answers where the origin gives ${what}`, async (t) => {
    const s = await startStack(t, { config: { fallback: { after: '1s', breaker: patient.fallback.breaker } } });
    const object = s.origin.put('v.mp4', { size });
    apply(s.origin.when('v.mp4'));
    const answer = await s.get('v.mp4', { headers: range(MiB, 2 * MiB) });
    assert.equal(answer.status, 206);
    await checkFallback(s, answer, object, reasons, [MiB, 2 * MiB]);
    assert.ok(!JSON.stringify(s.sluice.log).includes('as the test asked'), "the origin's error body is not logged");
    s.origin.clearRules();
    const healed = await s.get('v.mp4', { headers: range(MiB, 2 * MiB) });
    assert.deepEqual([healed.status, fromApp(healed), healed.sha256], [206, false, object.sha256(MiB, 2 * MiB)]);
  });
}

test('another total on a later fill is another object, and nothing of the first is mixed into it', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '1s', ...patient.fallback } } });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4', { headers: range(0, 99) });
  s.origin.when('v.mp4').total(size + 5);
  const answer = await s.get('v.mp4', { headers: range(2 * MiB, 3 * MiB) });
  assert.deepEqual([answer.status, answer.headers['content-range'], fromApp(answer), answer.sha256],
    [206, `bytes ${2 * MiB}-${3 * MiB}/${size + 5}`, false, object.sha256(2 * MiB, 3 * MiB)]);
  s.origin.clearRules();
  const first = await s.get('v.mp4', { headers: range(0, 99) });
  assert.deepEqual([first.sha256, cacheStatus(first).hit], [object.sha256(0, 99), undefined], 'what was there of the first is gone');
});

test('200 to a range from byte 0 is used', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').ignoreRange();
  const answer = await s.get('v.mp4', { headers: range(0, 99999) });
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [206, true, object.sha256(0, 99999)]);
  assert.equal(answer.headers['content-range'], `bytes 0-99999/${size}`);
});

test('an origin that is down, and back', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '1s', ...patient.fallback } } });
  const object = s.origin.put('v.mp4', { size });
  await s.origin.down();
  await checkFallback(s, await s.get('v.mp4'), object, ['connect_failed']);
  await s.origin.up();
  const answer = await s.get('v.mp4');
  assert.deepEqual([fromApp(answer), answer.sha256], [false, object.sha256()]);
});

test('what is cached is served while the origin is down', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await s.origin.down();
  assert.equal((await s.get('v.mp4', { headers: range(1000) })).sha256, object.sha256(1000));
});

test('both down: 502 or 503, never a hang', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '1s', ...patient.fallback } } });
  s.origin.put('v.mp4', { size });
  await s.origin.down();
  await s.app.down();
  const answer = await s.get('v.mp4');
  assert.ok([502, 503, 504].includes(answer.status), `${answer.status}`);
});

test('silence in the middle of a body: resumed on another connection', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '500ms' } } } });
  const object = s.origin.put('v.mp4', { size });
  const rule = s.origin.when('v.mp4').times(1);
  rule.pauseAt(2 * MiB + 5);
  const answer = await s.get('v.mp4');
  assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, object.sha256()]);
  assert.ok((await s.sluice.metric('fill_resumes_total')) >= 1);
});

test('broken for good after the first byte: short, never a clean end', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '1s' } }, fallback: patient.fallback } });
  const object = s.origin.put('v.mp4', { size });
  const rule = s.origin.when('v.mp4').times(1);
  const gate = rule.pauseAt(MiB);
  rule.closeAt(MiB);
  const reader = s.open('v.mp4');
  await reader.reached(MiB);
  await gate.reached;
  s.origin.when('v.mp4').status(500);
  gate.release();
  const answer = await reader.done;
  assert.deepEqual([answer.status, answer.complete, answer.length], [200, false, MiB]);
  assert.equal(answer.sha256, object.sha256(0, MiB - 1));
  assert.equal(s.app.requests.length, 0);
});

test('no more fallbacks at once than allowed: 503 with Retry-After', async (t) => {
  const gate = pauseGate();
  const s = await startStack(t, {
    config: { fallback: { concurrency: 2, ...patient.fallback } },
    app: { mediaObject: async (key) => {
      await gate.wait();
      return s.origin.object(key);
    } },
  });
  t.after(() => gate.release());
  const object = s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').status(404);
  const waiting = [s.open('v.mp4'), s.open('v.mp4')];
  await s.app.board.until(() => s.app.of('/media/').length === 2, 'two fallbacks');
  const third = await s.get('v.mp4');
  assert.equal(third.status, 503);
  assert.match(third.headers['retry-after'] ?? '', /^\d+$/);
  assert.equal(s.app.of('/media/').length, 2);
  gate.release();
  for (const exchange of waiting) assert.equal((await exchange.done).sha256, object.sha256());
  assert.equal((await s.get('v.mp4')).status, 200, 'there is room again');
});

test('the breaker opens after failures, and closes when the store is well', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '300ms', breaker: { failures: 3, open: '1s' } } } });
  const object = s.origin.put('v.mp4', { size });
  const others = ['a.mp4', 'b.mp4'];
  for (const key of others) s.origin.put(key, { size: MiB });
  const rule = s.origin.when().status(500);
  for (let i = 0; i < 4; ++i) await checkFallback(s, await s.get('v.mp4'), object, ['store_error']);
  for (const key of others) await checkFallback(s, await s.get(key), s.origin.object(key), ['store_error']);
  const asked = s.origin.requests.length;
  await checkFallback(s, await s.get('v.mp4'), object, ['breaker_open']);
  assert.equal(s.origin.requests.length, asked, 'an open breaker asks nothing of the store');
  rule.remove();
  const healed = await poll(async () => {
    const answer = await s.get('v.mp4');
    return fromApp(answer) ? undefined : answer;
  }, 'the breaker closes');
  assert.equal(healed.sha256, object.sha256());
});
