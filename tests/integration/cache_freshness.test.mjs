// Past max_age an object is asked after, not fetched again; while the origin is down it may be served stale (RFC 9111 §4).
// Each request waits for the answer here: what is served meanwhile is of stale_while_revalidate.test.mjs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 2 * MiB + 5;
const start = (t, cache, over = {}) => startStack(t, { config: { cache: { stale_while_revalidate: '0s', ...cache }, fallback: { after: '1s', breaker: { failures: 1000, open: '1s' } }, ...over } });

/// Asks again and again until an answer satisfies `accept`: when the object is stale is for Sluice's clock to say.
const askUntil = (s, accept, what) => poll(async () => {
  const answer = await s.get('v.mp4');
  return (await accept(answer)) ? answer : undefined;
}, what, 20000);

test('not before max_age', async (t) => {
  const s = await start(t, { max_age: '1h' });
  s.origin.put('v.mp4', { size });
  for (let i = 0; i < 5; i++) await s.get('v.mp4');
  assert.equal(s.origin.of('v.mp4').filter((r) => r.headers['if-none-match']).length, 0);
});

test('past max_age: one conditional request, 304, the same bytes from the disk', async (t) => {
  const s = await start(t, { max_age: '700ms' });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await s.origin.idle();
  const sent = s.origin.bytesSent('v.mp4');
  const answer = await askUntil(s, () => s.origin.of('v.mp4').some((r) => r.headers['if-none-match']), 'a conditional request');
  assert.equal(answer.sha256, object.sha256());
  const asked = s.origin.of('v.mp4').filter((r) => r.headers['if-none-match']);
  assert.deepEqual([asked[0].headers['if-none-match'], asked[0].status], [object.etag, 304]);
  assert.equal(s.origin.bytesSent('v.mp4'), sent, 'no byte was fetched again');
  await s.sluice.countedSome({ route: 'media', result: 'revalidated' });
  const hit = await s.get('v.mp4');
  assert.deepEqual([hit.sha256, cacheStatus(hit).hit], [object.sha256(), true], 'and it is fresh again');
});

test('many at once on a stale object: one conditional request', async (t) => {
  const s = await start(t, { max_age: '700ms' });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  const rule = s.origin.when((r) => r.headers['if-none-match']).delay(300);
  const found = await poll(async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => s.get('v.mp4')));
    for (const answer of answers) assert.equal(answer.sha256, object.sha256());
    return rule.taken;
  }, 'the object is stale');
  assert.equal(found, 1);
});

test('changed: the new version is served, and no byte of the old one', async (t) => {
  const s = await start(t, { max_age: '500ms' });
  const old = s.origin.put('v.mp4', { seed: 'old', size });
  await s.get('v.mp4');
  const changed = s.origin.put('v.mp4', { seed: 'new', size: size + MiB });
  const answer = await askUntil(s, (a) => {
    assert.ok([old.sha256(), changed.sha256()].includes(a.sha256), 'one version or the other');
    return a.headers.etag === changed.etag;
  }, 'the new version');
  assert.equal(answer.sha256, changed.sha256());
  const part = await s.get('v.mp4', { headers: range(size) });
  assert.equal(part.sha256, changed.sha256(size));
});

test('deleted: the app answers', async (t) => {
  const s = await start(t, { max_age: '500ms' });
  s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  s.origin.delete('v.mp4');
  const answer = await askUntil(s, (a) => a.headers['x-app'], 'the deletion is noticed');
  assert.equal(answer.status, 404);
});

for (const [what, fail] of [['down', (s) => s.origin.down()], ['answering 500', (s) => s.origin.when('v.mp4').status(500)],
  ['silent', (s) => s.origin.when('v.mp4').silent()]]) {
  test(`the origin ${what}: stale is served`, async (t) => {
    const s = await start(t, { max_age: '500ms', stale_if_error: '1h' });
    const object = s.origin.put('v.mp4', { size });
    await s.get('v.mp4');
    await fail(s);
    const stale = await askUntil(s, (a) => {
      assert.deepEqual([a.status, a.sha256, a.headers['x-app']], [200, object.sha256(), undefined]);
      return cacheStatus(a).fwd === 'stale' || cacheStatus(a).detail;
    }, 'a stale answer');
    assert.equal(cacheStatus(stale).fwd, 'stale');
    await s.sluice.countedSome({ route: 'media', result: 'stale' });
    if (what === 'down') await s.origin.up();
    else s.origin.clearRules();
    await askUntil(s, (a) => cacheStatus(a).hit, 'fresh again');
  });
}

test('the origin down and nothing may be stale: the app answers', async (t) => {
  const s = await start(t, { max_age: '500ms', stale_if_error: '0s' });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await s.origin.down();
  const answer = await askUntil(s, (a) => a.headers['x-app'], 'a fallback');
  assert.equal(answer.sha256, object.sha256());
});

test("the route's max_age stands over the cache's; immutable is never asked after", async (t) => {
  const media = { store: 'media', object: '{file}', authorize: 'none' };
  const s = await start(t, { max_age: '400ms' }, { routes: [
    { name: 'long', path: '/long/{file*}', ...media, max_age: '1h' },
    { name: 'immutable', path: '/immutable/{file*}', ...media, immutable: true },
    { name: 'media', path: '/media/{file*}', ...media },
  ] });
  for (const key of ['v.mp4', 'long.mp4', 'immutable.mp4']) s.origin.put(key, { size });
  const ask = (path) => get(`${s.sluice.url}/${path}`);
  await ask('long/long.mp4');
  await ask('immutable/immutable.mp4');
  await s.get('v.mp4');
  await askUntil(s, async () => {
    await ask('long/long.mp4');
    await ask('immutable/immutable.mp4');
    return s.origin.of('v.mp4').filter((r) => r.headers['if-none-match']).length >= 2;
  }, 'the ordinary one was asked after twice');
  assert.equal(s.origin.of('long.mp4').length, 1);
  assert.equal(s.origin.of('immutable.mp4').length, 1);
});

test('invalidated: revalidated once, also on an immutable route and after a restart, and no byte is fetched again', async (t) => {
  const s = await start(t, {}, {
    routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none', immutable: true }],
  });
  const object = s.origin.put('v.mp4', { size });
  await s.get('v.mp4');
  await s.origin.idle();
  const sent = s.origin.bytesSent('v.mp4');
  const conditional = () => s.origin.of('v.mp4').filter((r) => r.headers['if-none-match']).length;
  const change = () => get(`${s.sluice.url}/media/v.mp4`, { method: 'PUT', body: 'anything' });
  for (let i = 0; i < 3; i++) await change();
  await s.restart();
  for (let i = 0; i < 4; i++) assert.equal((await s.get('v.mp4')).sha256, object.sha256());
  assert.deepEqual([conditional(), s.origin.bytesSent('v.mp4')], [1, sent]);
});
