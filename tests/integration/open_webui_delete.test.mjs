// preset: open-webui. A DELETE that passes takes the file's bytes with it: also long after the decision has gone (here:
// with decisions that are not kept at all), and after a restart.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { content } from '../support/content.mjs';
import { bearer, contentOf, startWebui } from '../support/open_webui_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

async function startFiles(t, options = {}) {
  const s = await startWebui(t, options);
  s.ann = s.user('ann');
  s.admin = s.user('root', { role: 'admin' });
  s.fields = s.session(s.ann);
  s.files = [await s.upload({ owner: s.ann, name: 'a #1?.mp4' }), await s.upload({ owner: s.ann, name: 'b.mp4' })];
  s.ask = (file, over = {}) => s.through(contentOf(file), { headers: { ...s.fields, ...over } });
  for (const file of s.files) assert.equal((await s.ask(file)).sha256, file.sha256());
  s.drop = (id, headers = s.fields) => s.through(`/api/v1/files/${id}`, { method: 'DELETE', headers });
  s.cached = () => s.sluice.metric('cache_objects');
  s.left = (count) => poll(async () => (await s.cached()) === count, `${count} objects in the cache`);
  return s;
}

/// As if the app had the file again, under its old id and key: what of it comes from the cache now?
async function again(s, file, bytes) {
  s.app.files.set(file.id, file);
  await s.put(file, bytes);
  const before = s.fetched(file).length;
  const answer = await s.ask(file);
  assert.deepEqual([answer.status, answer.sha256], [200, file.sha256()]);
  return { answer, fetched: s.fetched(file).length - before };
}

for (const [what, ttl, restart] of [['at once', '10s', false], ['decisions long gone', '0s', false], ['after a restart', '0s', true]]) {
  test(`a DELETE purges that file's bytes and no others: ${what}`, async (t) => {
    const s = await startFiles(t, { route: { authorize: { ttl } } });
    const [one, other] = s.files;
    if (restart) await s.restart();
    await s.left(2);
    const answer = await s.drop(one.id);
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { message: 'File deleted successfully' }]);
    await s.left(1);
    assert.equal((await s.ask(one)).status, 404, "the app's own answer");
    const { answer: after, fetched } = await again(s, one, one.bytes);
    assert.equal(cacheStatus(after).fwd, 'miss');
    assert.equal(fetched, 1, 'from the store again, though they are the same bytes');
    const kept = await s.ask(other);
    assert.deepEqual([kept.sha256, cacheStatus(kept).hit], [other.sha256(), true]);
  });
}

for (const restart of [false, true]) {
  test(`/files/all purges all${restart ? ', after a restart' : ''}`, async (t) => {
    const s = await startFiles(t, { route: { authorize: { ttl: '0s' } } });
    if (restart) await s.restart();
    await s.left(2);
    assert.equal((await s.drop('all')).status, 401, 'ann may not');
    assert.equal(await s.cached(), 2);
    assert.equal((await s.drop('all', s.session(s.admin))).status, 200);
    await s.left(0);
    for (const file of s.files) assert.equal((await s.ask(file)).status, 404);
    assert.equal((await again(s, s.files[0], s.files[0].bytes)).fetched, 1);
  });
}

test('a DELETE that is refused changes nothing', async (t) => {
  const s = await startFiles(t);
  const [one] = s.files;
  assert.equal((await s.drop(one.id, s.session(s.user('bob')))).status, 404);
  assert.equal((await s.drop(one.id, {})).status, 401);
  const asked = s.asked(one).length;
  const kept = await s.ask(one);
  assert.deepEqual([kept.sha256, cacheStatus(kept).hit], [one.sha256(), true]);
  assert.equal(s.asked(one).length, asked);
  assert.equal(await s.cached(), 2);
});

test('a decision that is asked for while a DELETE passes is not kept', async (t) => {
  const s = await startFiles(t);
  const [one] = s.files;
  const token = s.app.access.logIn(s.ann);
  const gate = s.app.hold((r) => r.path === `/api/v1/files/${one.id}` && r.method === 'GET' && r.headers.authorization === `Bearer ${token}`);
  const early = s.through(contentOf(one), { headers: bearer(token) });
  await gate.reached();
  assert.equal((await s.drop(one.id)).status, 200);
  s.app.files.set(one.id, one);
  await s.put(one, one.bytes);
  gate.release();
  await early;
  s.app.files.delete(one.id);
  assert.equal((await s.through(contentOf(one), { headers: bearer(token) })).status, 404);
});

test('after a DELETE and a new file at the same key, not a byte of the old one', async (t) => {
  const s = await startFiles(t);
  const [one] = s.files;
  const old = one.sha256(1000, 1999);
  assert.equal((await s.ask(one, range(1000, 1999))).sha256, old);
  assert.equal((await s.drop(one.id)).status, 200);
  await again(s, one, content('another', 0, one.bytes.length));
  const part = await s.ask(one, range(1000, 1999));
  assert.deepEqual([part.status, part.sha256], [206, one.sha256(1000, 1999)]);
  assert.notEqual(part.sha256, old);
});
