// preset: open-webui. What changes by requests other than a file's own DELETE shows in the next request: decisions that
// are kept for a long time here, names, grants, roles, removal from a knowledge base.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { contentOf, startWebui } from '../support/open_webui_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';

const app = { securityHeaders: { 'Cache-Control': 'private, no-cache' } };
const longest = { authorize: { ttl: '10s' } };

async function start(t) {
  const s = await startWebui(t, { app, route: longest });
  s.ann = s.user('ann');
  s.bob = s.user('bob');
  s.root = s.user('root', { role: 'admin' });
  s.post = (target, headers, body) => get(s.sluice.url + target, { keep: true, method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) });
  s.seek = (file, headers) => s.through(contentOf(file), { headers: { ...headers, ...range(100, 199) } });
  s.generations = async () => s.sluice.metric('decision_generations_total');
  return s;
}

test('a rename shows at once, and only that file is asked about again', async (t) => {
  const s = await start(t);
  const headers = s.session(s.ann);
  const [film, other] = [await s.upload({ owner: s.ann, name: 'a.mp4' }), await s.upload({ owner: s.ann, name: 'b.mp4' })];
  for (const file of [film, other]) assert.equal((await s.seek(file, headers)).status, 206);
  const fetched = await s.sluice.metric('origin_bytes_total');
  assert.equal((await s.post(`/api/v1/files/${film.id}/rename`, headers, { filename: 'new.mp4' })).status, 200);
  const after = await s.seek(film, headers);
  assert.match(after.headers['content-disposition'], /new\.mp4/);
  assert.equal(after.sha256, film.sha256(100, 199));
  assert.equal(await s.sluice.metric('origin_bytes_total'), fetched, 'the bytes stay');
  await s.seek(other, headers);
  assert.deepEqual([s.asked(film).length, s.asked(other).length], [2, 1]);
  assert.equal(await s.generations(), 0);
});

test('a grant that is taken back, and a role: the next request is refused; bytes stay cached', async (t) => {
  const s = await start(t);
  const file = await s.upload({ owner: s.ann, name: 'a.mp4', sharedWith: [s.bob] });
  const [ann, bob, root] = [s.session(s.ann), s.session(s.bob), s.session(s.root)];
  for (const headers of [ann, bob]) assert.equal((await s.seek(file, headers)).status, 206);
  assert.equal((await s.post('/api/v1/knowledge/k/access/update', ann, { file_id: file.id, user_ids: [] })).status, 200);
  assert.equal((await s.seek(file, bob)).status, 404);
  assert.equal((await s.post('/api/v1/knowledge/k/access/update', ann, { file_id: file.id, user_ids: [s.bob.id] })).status, 200);
  assert.equal((await s.seek(file, bob)).status, 206);
  assert.equal((await s.post(`/api/v1/users/${s.bob.id}/update`, root, { role: 'pending' })).status, 200);
  assert.equal((await s.seek(file, bob)).status, 401);
  assert.equal(cacheStatus(await s.seek(file, ann)).hit, true);
  assert.equal(await s.generations(), 3);
  assert.equal(s.fetched(file).length, 1);
});

test('what the app refuses, redirects or does not do changes nothing for anybody', async (t) => {
  const s = await start(t);
  const file = await s.upload({ owner: s.ann, name: 'a.mp4' });
  const [ann, bob] = [s.session(s.ann), s.session(s.bob)];
  assert.equal((await s.seek(file, ann)).status, 206);
  const refused = [await s.post('/api/v1/users/x/update', bob, { role: 'admin' }),
    await s.post(`/api/v1/files/${file.id}/rename`, bob, { filename: 'x' }),
    await s.post('/api/v1/knowledge/k/file/remove', bob, { file_id: file.id }),
    await s.post('/api/v1/groups/create', {}, {})];
  assert.deepEqual(refused.map((r) => r.status), [401, 404, 404, 405]);
  assert.equal((await s.seek(file, ann)).status, 206);
  assert.equal(s.asked(file).length, 1);
  assert.equal(await s.generations(), 0);
});

test('signing in or out drops only the decisions of that Cookie and Authorization', async (t) => {
  const s = await start(t);
  const file = await s.upload({ owner: s.ann, name: 'a.mp4', sharedWith: [s.bob] });
  const [ann, bob] = [s.session(s.ann), s.session(s.bob)];
  for (const headers of [ann, bob]) assert.equal((await s.seek(file, headers)).status, 206);
  const signedIn = await s.post('/api/v1/auths/signin', bob, { email: s.bob.email, password: s.bob.password });
  assert.equal(signedIn.status, 200);
  await s.seek(file, ann);
  assert.equal(s.asked(file).length, 2, "ann's is kept");
  await s.seek(file, bob);
  assert.equal(s.asked(file).length, 3, "bob's is asked for again");
  assert.equal(await s.generations(), 0);
});

for (const later of [false, true]) {
  test(`removal from a knowledge base: the file's bytes are revalidated once (its content ${later ? 'later, in chunks' : 'in one piece'})`, async (t) => {
    const s = await start(t);
    const ann = s.session(s.ann);
    const [film, other] = [await s.upload({ owner: s.ann, name: 'a.mp4' }), await s.upload({ owner: s.ann, name: 'b.mp4' })];
    for (const file of [film, other]) assert.equal((await s.seek(file, ann)).status, 206);
    const target = '/api/v1/knowledge/k/file/remove';
    const json = JSON.stringify({ file_id: film.id });
    const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
    const peer = await connect(s.sluice.port);
    t.after(() => peer.destroy());
    const head = `POST ${target}?delete_file=false HTTP/1.1\r\nHost: a\r\nAuthorization: ${ann.Authorization}\r\n`
      + 'Content-Type: application/json\r\n';
    if (later) {
      await peer.send(`${head}Transfer-Encoding: chunked\r\n\r\n`);
      await s.app.board.until(() => s.app.of(target).length > 0, 'the request at the app');
      await peer.send(`${chunk(json.slice(0, 20))}${chunk(json.slice(20))}0\r\n\r\n`);
    } else {
      await peer.send(`${head}Content-Length: ${json.length}\r\n\r\n${json}`);
    }
    assert.equal((await peer.response()).status, 200);
    const before = s.store.requests.length;
    const again = await s.seek(film, ann);
    assert.deepEqual([again.status, again.sha256], [206, film.sha256(100, 199)]);
    assert.equal(s.store.requests.length, before + 1, 'one conditional request');
    await s.seek(film, ann);
    await s.seek(other, ann);
    assert.equal(s.store.requests.length, before + 1);
  });
}

test('removal that deletes: nobody gets the bytes any more', async (t) => {
  const s = await start(t);
  const ann = s.session(s.ann);
  const file = await s.upload({ owner: s.ann, name: 'a.mp4' });
  assert.equal((await s.seek(file, ann)).status, 206);
  assert.equal((await s.post('/api/v1/knowledge/k/file/remove', ann, { file_id: file.id })).status, 200);
  assert.equal((await s.seek(file, ann)).status, 404);
});
