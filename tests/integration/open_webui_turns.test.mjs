// preset: open-webui. The app answers a file's requests from one copy on its disk, which each of them writes anew: what is
// left to it goes there one at a time.
import assert from 'node:assert/strict';
import test from 'node:test';
import { open, range } from '../support/client.mjs';
import { randomNumbers } from '../support/content.mjs';
import { contentOf, startDeletingStore, startWebui } from '../support/open_webui_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

/// `dead`: the app's bucket works; the one that Sluice is told of refuses everything, and so is not tried for long.
async function start(t, { dead = false, fallback = {}, config = {}, ...options } = {}) {
  const other = dead ? await startDeletingStore() : undefined;
  const s = await startWebui(t, { ...(other && { env: { S3_ENDPOINT_URL: other.url } }), ...options,
    config: { ...config, fallback: { concurrency: 100, after: '20s', breaker: { failures: 1, open: '60s' }, ...fallback } } });
  if (other) {
    other.when().status(403);
    t.after(() => other.close());
  }
  s.ann = s.user('ann');
  s.fields = s.session(s.ann);
  s.running = new Set();
  t.after(() => s.running.forEach((exchange) => exchange.abort()));
  s.open = (target, one = {}) => {
    const exchange = open(s.sluice.url + target, { headers: s.fields, ...one });
    s.running.add(exchange);
    return exchange;
  };
  s.busy = () => s.sluice.metric('fallback_total', { route: 'open-webui', reason: 'busy' });
  return s;
}
const ofCopy = (s, file) => s.app.requests.filter((r) => decodeURIComponent(r.path).startsWith(contentOf(file)));

const ways = {
  'seeks while the bucket is down': [true, (file, i) => [contentOf(file), range(15_000 * i, 15_000 * i + 9999), [206, file.sha256(15_000 * i, 15_000 * i + 9999)]]],
  'queries that only the app knows': [false, (file) => [contentOf(file, '?attachment=1&attachment=1'), {}, [200, file.sha256()]]],
  'downloads by name while the bucket is down': [true, (file, i) => [contentOf(file, `/x${i % 3}.mp4`), {}, [200, file.sha256()]]],
  'odd spellings': [false, (file) => [contentOf(file).replace('content', '%63ontent'), {}, [200, file.sha256()]]],
};
for (const [what, [dead, one]] of Object.entries(ways)) {
  test(`${what}: 20 at once are all right, one after another over all workers`, async (t) => {
    const s = await start(t, { dead, app: { storage: { rate: 40 } } });
    const file = await s.upload({ owner: s.ann, name: 'v.mp4', size: 500_000 });
    await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const [target, headers, expected] = one(file, i);
      const answer = await s.through(target, { headers: { ...s.fields, ...headers } });
      assert.deepEqual([answer.status, answer.sha256], expected, `${i}`);
    }));
    assert.deepEqual([s.app.storage.downloads.most, ofCopy(s, file).length, await s.busy()], [1, 20, 0]);
  });
}

test('other files wait for nobody, and files on the app\'s own disk not for themselves', async (t) => {
  const s = await start(t, { dead: true });
  const [held, other] = [await s.upload({ owner: s.ann, name: 'a.mp4' }), await s.upload({ owner: s.ann, name: 'b.mp4' })];
  const local = s.app.addFile({ owner: s.ann, name: 'c.mp4', size: 4, path: s.app.storage.putLocal('c.mp4', Buffer.from('disk')) });
  const gate = s.app.hold((r) => [contentOf(held), contentOf(local)].includes(r.path));
  const first = s.open(contentOf(held));
  const both = [s.open(contentOf(local)), s.open(contentOf(local))];
  await gate.reached(3);
  assert.equal((await s.through(contentOf(other), { headers: s.fields })).sha256, other.sha256());
  gate.release();
  for (const one of [first, ...both]) assert.equal((await one.done).status, 200);
});

test('in order', async (t) => {
  // One worker: of two, one may count the leave of its request and be held up before that one stands in the line.
  const s = await start(t, { dead: true, config: { workers: 1 } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.headers.range === 'bytes=0-0');
  const all = [];
  for (let i = 0; i < 8; i++) {
    all.push(s.open(contentOf(file), { headers: { ...s.fields, ...range(i, i) } }));
    if (i === 0) await gate.reached(1);
    // Each stands in the line before the next one comes: with leave that is kept there is nothing between.
    else await poll(async () => (await s.sluice.metric('authorize_total', { result: 'cached' })) === i, 'it has leave');
  }
  gate.release();
  await Promise.all(all.map((one) => one.done));
  assert.deepEqual(s.relayed(file).map((r) => r.headers.range), all.map((_, i) => `bytes=${i}-${i}`));
});

test('who waited for fallback.after is told to come again; who has no leave waits for nobody', async (t) => {
  const s = await start(t, { dead: true, fallback: { after: '300ms' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const bob = s.session(s.user('bob'));
  const ofAnn = (r) => r.path === contentOf(file) && r.headers.authorization === s.fields.Authorization;
  const gate = s.app.hold((r) => ofAnn(r) && r.headers['content-length'] === undefined);
  const ofBodies = s.app.hold((r) => ofAnn(r) && r.headers['content-length'] !== undefined);
  const first = s.open(contentOf(file));
  await gate.reached(1);
  for (const target of [contentOf(file), contentOf(file, '/v.mp4'), contentOf(file, '?attachment=1')]) {
    const late = await s.through(target, { headers: s.fields });
    assert.deepEqual([late.status, late.headers['retry-after'], cacheStatus(late)], [503, '1', { fwd: 'bypass', detail: 'busy' }], target);
    assert.equal((await s.through(target, { headers: bob })).status, 404, target);
    assert.equal((await s.through(target)).status, 401, target);
  }
  assert.equal(await s.busy(), 3);
  const said = s.sluice.log.filter((r) => r.message === 'fallback' && r.reason === 'busy');
  assert.deepEqual(said.map(({ level, route }) => [level, route]), Array(3).fill(['debug', 'open-webui']));
  const withBody = s.open(contentOf(file), { headers: { ...s.fields, 'Content-Length': '1' }, body: 'x' });
  await ofBodies.reached(1); // a body takes no turn: it may come slowly
  gate.release();
  assert.equal((await first.done).sha256, file.sha256());
  ofBodies.release(); // only now: without a turn it would rewrite the app's copy below the others
  assert.equal((await withBody.done).status, 200);
  const next = await s.through(contentOf(file, '/v.mp4'), { headers: s.fields });
  assert.deepEqual([next.status, next.sha256], [200, file.sha256()]);
});

test('refused and unauthenticated requests that are under way take no turn', async (t) => {
  const s = await start(t, { dead: true, fallback: { after: '300ms' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const bob = s.session(s.user('bob'));
  const gate = s.app.hold((r) => r.path.startsWith(contentOf(file)) && r.headers.authorization !== s.fields.Authorization);
  const held = [contentOf(file), contentOf(file, '/v.mp4')].flatMap((target) => [bob, {}].map((headers) => s.open(target, { headers })));
  await gate.reached(4);
  assert.equal((await s.through(contentOf(file), { headers: s.fields })).sha256, file.sha256());
  gate.release();
  for (const one of held) assert.ok([401, 404].includes((await one.done).status));
});

test('clients that leave give up their place at once, the one whose copy is being written when it is', async (t) => {
  const s = await start(t, { dead: true });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.headers.range === 'bytes=0-0');
  const first = s.open(contentOf(file), { headers: { ...s.fields, ...range(0, 0) } });
  await gate.reached(1);
  const waiting = [s.open(contentOf(file)), s.open(contentOf(file, '/v.mp4'))];
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) >= 3, 'both are here');
  const last = s.open(contentOf(file), { headers: { ...s.fields, ...range(2, 2) } });
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) >= 4, 'and a third');
  for (const one of [first, ...waiting]) one.abort();
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) <= 2, 'those who waited are gone');
  assert.equal(s.relayed(file).length, 1, 'the app still works for the first');
  gate.release();
  assert.deepEqual([(await last.done).status, last.result.sha256], [206, file.sha256(2, 2)]);
  assert.deepEqual(ofCopy(s, file).map((r) => r.headers.range), ['bytes=0-0', 'bytes=2-2']);
});

test('a client that takes its time is cut where others wait, and only there', async (t) => {
  const s = await start(t, { dead: true, fallback: { after: '60s' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4', size: 24_000_000 });
  const slow = s.open(contentOf(file), { paused: true });
  await slow.head;
  const next = s.open(contentOf(file), { headers: { ...s.fields, ...range(5, 9) } });
  assert.deepEqual([(await next.done).status, next.result.sha256], [206, file.sha256(5, 9)]);
  slow.resume();
  assert.equal((await slow.done).complete, false);
  assert.equal(await s.sluice.metric('connections_closed_total', { side: 'client', reason: 'slow_turn' }), 1);
});

test('one who reads nothing is cut before those who wait are refused', async (t) => {
  const s = await start(t, { dead: true, fallback: { after: '5s' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4', size: 24_000_000 });
  const slow = s.open(contentOf(file), { paused: true });
  await slow.head;
  const next = s.open(contentOf(file), { headers: { ...s.fields, ...range(5, 9) } });
  assert.deepEqual([(await next.done).status, next.result.sha256, await s.busy()], [206, file.sha256(5, 9), 0]);
  slow.resume();
  assert.equal((await slow.done).complete, false);
});

test('one who reads nothing loses its slot of the fallbacks where others are refused', async (t) => {
  const s = await start(t, { dead: true, fallback: { concurrency: 1 } });
  const [film, other] = [await s.upload({ owner: s.ann, name: 'v.mp4', size: 24_000_000 }), await s.upload({ owner: s.ann, name: 'w.mp4' })];
  const slow = s.open(contentOf(film), { paused: true });
  await slow.head;
  const ask = () => s.through(contentOf(other), { headers: { ...s.fields, ...range(5, 9) } });
  assert.equal((await ask()).status, 503);
  await poll(async () => (await ask()).status === 206, 'the slot is free');
  slow.resume();
  assert.equal((await slow.done).complete, false);
});

test('the app dies in the middle of a turn: the next one has it', async (t) => {
  const s = await start(t, { dead: true });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.headers.range === 'bytes=0-0');
  const first = s.open(contentOf(file), { headers: { ...s.fields, ...range(0, 0) } });
  await gate.reached(1);
  const next = s.open(contentOf(file), { headers: { ...s.fields, ...range(1, 1) } });
  for (const socket of s.app.sockets) socket.destroy();
  gate.release();
  assert.equal((await next.done).sha256, file.sha256(1, 1));
  await first.done;
});

test('stopped while some wait', async (t) => {
  const s = await start(t, { dead: true, fallback: { after: '500ms' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.path === contentOf(file));
  const all = [s.open(contentOf(file)), s.open(contentOf(file)), s.open(contentOf(file))];
  await gate.reached(1);
  const stopped = s.sluice.stop();
  await poll(() => all.filter((one) => one.result.finished).length === 2, 'who waited was answered');
  gate.release();
  await stopped;
  assert.deepEqual(all.map((one) => one.result.status).sort(), [200, 503, 503]);
});

test('many ways at once, clients that leave anywhere among them: whoever stays gets the right bytes', async (t) => {
  const seed = Number(process.env.SLUICE_TEST_SEED ?? (Math.random() * 2 ** 32) >>> 0);
  t.diagnostic(`SLUICE_TEST_SEED=${seed}`);
  const random = randomNumbers(seed);
  const s = await start(t, { dead: true, app: { storage: { rate: 100 } }, fallback: { after: '50s' } });
  const files = [];
  for (let i = 0; i < 2; i++) files.push(await s.upload({ owner: s.ann, name: `${i}.mp4`, size: 400_000 }));
  const leaving = [];
  const staying = [];
  for (let i = 0; i < 60; i++) {
    const file = files[random.next(2)];
    const target = contentOf(file, ['', '?attachment=true', '?attachment=1', '/x.mp4'][random.next(4)]);
    const first = random.next(300_000);
    const [leaves, soon] = [random.next(3) === 0, random.next(2) === 0];
    const one = s.open(target, { headers: { ...s.fields, ...range(first, first + 99_999) }, ...(leaves && soon && { abortAfter: 1 }) });
    if (!leaves) staying.push([one, file.sha256(first, first + 99_999), target]);
    else if (!soon) leaving.push(one);
  }
  // The others leave one by one, as those who stay are answered: in the line, at the head of it, or not yet there.
  for (const [one, sha256, target] of staying) {
    leaving.pop()?.abort();
    assert.deepEqual([(await one.done).status, one.result.sha256], [206, sha256], target);
  }
  assert.ok(s.app.storage.downloads.most <= 2, `${s.app.storage.downloads.most} at once, of two files`);
  assert.equal(await s.busy(), 0);
});
