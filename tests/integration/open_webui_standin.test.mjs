// The stand-in for Open WebUI by itself: that it answers as the app does, so that the other tests of the preset mean something.
import assert from 'node:assert/strict';
import test from 'node:test';
import zlib from 'node:zlib';
import { io } from 'socket.io-client';
import { get, open, range } from '../support/client.mjs';
import { content, sha256 } from '../support/content.mjs';
import { startOpenWebui } from '../support/open_webui.mjs';
import { partsOf } from '../support/open_webui_content.mjs';
import { WebuiStack, bearer, contentOf, cookie, startDeletingStore } from '../support/open_webui_stack.mjs';
import { startSwift, swiftMissing } from '../support/swift.mjs';

async function start(t, options = {}, store) {
  const s = new WebuiStack();
  s.swift = store !== undefined;
  s.store = store ?? (await startDeletingStore());
  const { url: endpoint, accessKey, secretKey } = s.store;
  s.app = await startOpenWebui({ ...options, storage: { endpoint, accessKey, secretKey, ...options.storage } });
  t.after(async () => {
    await s.app.close();
    await s.store.close();
  });
  s.ann = s.user('ann');
  s.bob = s.user('bob');
  s.admin = s.user('root', { role: 'admin' });
  return s;
}
const detail = (answer) => [answer.status, JSON.parse(answer.body).detail];
const notFound = [404, "We could not find what you're looking for :/"];

test('who is asked: nobody, a bad token, an order of three, keys of limited use, a named user', async (t) => {
  const s = await start(t, { trustedHeader: 'X-Our-Email' });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const ask = (headers, path = contentOf(file)) => s.direct(path, { headers });
  const [ann, bob] = [s.ann, s.bob].map((user) => s.app.access.logIn(user));
  assert.deepEqual(detail(await ask({})), [401, 'Not authenticated']);
  assert.equal((await ask(bearer('ey-unknown'))).status, 401);
  assert.equal((await ask(bearer(ann))).sha256, file.sha256());
  assert.equal((await ask(cookie(ann))).status, 200);
  assert.deepEqual(detail(await ask(bearer(bob))), notFound);
  assert.deepEqual(detail(await ask({ ...bearer(bob), ...cookie(ann) })), notFound, 'Bearer before the cookie');
  assert.equal((await ask({ Authorization: 'Basic eDp5', ...cookie(ann) })).status, 200, 'another scheme is none');
  const key = s.app.access.addKey(s.ann, { allows: (path) => path.endsWith('/content') });
  assert.equal((await ask({ 'x-api-key': key })).status, 200);
  assert.equal((await ask({ ...cookie(bob), 'x-api-key': key })).status, 404, 'the cookie before the key');
  assert.equal((await ask({ 'x-api-key': key }, `/api/v1/files/${file.id}`)).status, 403);
  assert.equal((await ask({ 'X-Our-Email': 'Ann@example.com' })).status, 200);
  assert.equal((await ask({ 'X-Our-Email': 'bob@example.com' })).status, 404);
  assert.equal((await ask({ ...cookie(ann), 'X-Our-Email': 'bob@example.com' })).status, 401);
  assert.equal((await ask(bearer(s.app.access.logIn(s.user('new', { role: 'pending' }))))).status, 401);
  const out = await s.direct('/api/v1/auths/signout', { headers: cookie(ann) });
  assert.deepEqual(JSON.parse(out.body), { status: true });
  assert.equal((await ask(cookie(ann))).status, 401, 'a revoked token');
});

test('signing in by the page', async (t) => {
  const s = await start(t);
  const signIn = (body) => s.direct('/api/v1/auths/signin', { method: 'POST', body: JSON.stringify(body) });
  assert.equal((await signIn({ email: 'ann@example.com', password: 'no' })).status, 400);
  const answer = await signIn({ email: 'ann@example.com', password: 'ann' });
  const set = answer.headers['set-cookie'][0].split(';')[0];
  assert.equal(JSON.parse((await s.direct('/api/v1/auths/', { headers: { Cookie: set } })).body).email, 'ann@example.com');
  await s.upload({ owner: s.ann, name: 'v.mp4' });
  const list = JSON.parse((await s.direct('/api/v1/files/', { headers: { Cookie: set } })).body);
  assert.deepEqual(list.map((file) => file.filename), ['v.mp4']);
});

test('files: shared, missing, broken, and the narrower page', async (t) => {
  const s = await start(t);
  const shared = await s.upload({ owner: s.ann, name: 'a.html', type: 'text/html', sharedWith: [s.bob] });
  const bob = { headers: s.session(s.bob) };
  const admin = { headers: s.session(s.admin) };
  assert.equal((await s.direct(contentOf(shared), bob)).sha256, shared.sha256());
  assert.deepEqual(detail(await s.direct(contentOf(shared, '/html'), bob)), notFound, 'its owner is no admin');
  const own = await s.upload({ owner: s.admin, name: 'b.html', sharedWith: [s.bob] });
  const html = await s.direct(contentOf(own, '/html'), bob);
  assert.deepEqual([html.status, html.headers['content-type'], html.headers['content-disposition']], [200, 'text/html; charset=utf-8', undefined]);
  const named = await s.direct(contentOf(own, '/any.name'), bob);
  assert.deepEqual([named.status, named.headers['content-disposition']], [200, "attachment; filename*=UTF-8''b.html"]);
  assert.deepEqual(detail(await s.direct('/api/v1/files/00000000-0000-4000-8000-000000000000/content', admin)), notFound);
  const broken = await start(t);
  const lost = broken.app.addFile({ owner: broken.ann, name: 'lost.mp4' });
  const refused = await broken.direct(contentOf(lost), { headers: broken.session(broken.ann) });
  assert.deepEqual(detail(refused), [400, '[ERROR: Error getting file content]']);
  const bad = await s.direct(contentOf(shared, '?attachment=maybe'), bob);
  assert.deepEqual([bad.status, JSON.parse(bad.body).detail[0].loc], [422, ['query', 'attachment']]);
  const body = JSON.parse((await s.direct(`/api/v1/files/${shared.id}`, bob)).body);
  assert.deepEqual([body.path, body.meta.name, body.meta.size], [`s3://media/${shared.id}_a.html`, 'a.html', shared.bytes.length]);
});

test('every answer downloads the whole object; its ETag is another one each time', async (t) => {
  const s = await start(t, { storage: { rate: 40 } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4', size: 2_000_000 });
  const headers = s.session(s.ann);
  const ask = (over) => s.direct(contentOf(file), { headers: { ...headers, ...over } });
  const started = Date.now();
  const first = await ask(range(1_000_000, 1_000_099));
  assert.ok(Date.now() - started > 30, 'two megabytes at 40 a second before the first byte');
  assert.deepEqual([first.status, first.sha256, first.headers['content-range']], [206, file.sha256(1_000_000, 1_000_099), 'bytes 1000000-1000099/2000000']);
  const second = await ask({ ...range(0, 9), 'If-Range': first.headers.etag });
  assert.deepEqual([second.status, second.sha256], [200, file.sha256()]);
  assert.notEqual(first.headers.etag, second.headers.etag);
  const third = await ask({ 'If-None-Match': '*', 'If-Match': '"no"' });
  assert.equal(third.status, 200, 'no precondition is looked at');
  const beyond = await ask(range(2_000_000));
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */2000000']);
  const several = await ask({ Range: 'bytes=0-9,20-29,25-40,-5' });
  assert.deepEqual(partsOf(several).map((part) => [part.contentRange, sha256(part.body)]),
    [[0, 9], [20, 40], [1_999_995, 1_999_999]].map(([a, b]) => [`bytes ${a}-${b}/2000000`, file.sha256(a, b)]));
  assert.equal(Number(several.headers['content-length']), several.length);
  assert.deepEqual([s.app.storage.downloads.all, s.app.storage.downloads.now, s.app.storage.downloads.most], [5, 0, 1]);
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(s.app.storage.downloads.most, 3);
});

test('the middleware: origins, preflights, compression, HEAD, the page for all else', async (t) => {
  const s = await start(t, { securityHeaders: { 'X-Frame-Options': 'DENY' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4', data: { content: 'text '.repeat(500) } });
  const headers = { ...s.session(s.ann), Origin: 'https://a.example' };
  const answer = await s.direct(contentOf(file), { headers });
  assert.deepEqual(['access-control-allow-origin', 'access-control-allow-credentials', 'vary', 'x-frame-options', 'x-process-time']
    .map((name) => answer.headers[name]), ['https://a.example', 'true', 'Origin', 'DENY', '0']);
  const zipped = await s.direct(`/api/v1/files/${file.id}`, { headers: { ...headers, 'Accept-Encoding': 'gzip, br' } });
  assert.deepEqual([zipped.headers['content-encoding'], zipped.headers.vary], ['gzip', 'Origin, Accept-Encoding']);
  assert.equal(JSON.parse(zlib.gunzipSync(zipped.body)).id, file.id);
  const preflight = await s.direct(contentOf(file), { method: 'OPTIONS',
    headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' } });
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-headers'], preflight.body.toString()], [200, 'authorization', 'OK']);
  const head = await s.direct(contentOf(file), { method: 'HEAD' });
  const root = await s.direct('/');
  assert.deepEqual([head.status, head.headers['content-type'], head.length], [200, 'text/html; charset=utf-8', 0]);
  assert.equal(root.headers['content-length'], head.headers['content-length']);
  assert.equal((await s.direct('/api/v1/nothing')).sha256, root.sha256);
  assert.equal((await s.direct(contentOf(file), { method: 'POST' })).status, 405);
  assert.deepEqual(JSON.parse((await s.direct('/health')).body), { status: true });
  s.app.ready = false;
  assert.equal((await s.direct('/ready')).status, 503);
});

for (const where of ['our store', 'Swift']) {
  test(`deleting, one and all (${where})`, { skip: where === 'Swift' && swiftMissing }, async (t) => {
    const s = await start(t, { storage: { prefix: 'up/loads' } }, where === 'Swift' ? await startSwift() : undefined);
    const files = [];
    for (const name of ['a #1?.mp4', 'b%41+é🎬.mp4', 'c.mp4']) files.push(await s.upload({ owner: s.ann, name }));
    const ann = { headers: s.session(s.ann) };
    for (const file of files) assert.equal((await s.direct(contentOf(file), ann)).sha256, file.sha256(), file.path);
    const drop = (id, options) => s.direct(`/api/v1/files/${id}`, { method: 'DELETE', ...options });
    assert.equal((await drop(files[0].id, { headers: s.session(s.bob) })).status, 404);
    assert.deepEqual(JSON.parse((await drop(files[0].id, ann)).body), { message: 'File deleted successfully' });
    assert.deepEqual(detail(await s.direct(contentOf(files[0]), ann)), notFound);
    await assert.rejects(s.app.storage.get(files[0].path), /404/, 'the object is gone too');
    assert.equal((await drop('all', ann)).status, 401);
    assert.equal((await drop('all', { headers: s.session(s.admin) })).status, 200);
    await assert.rejects(s.app.storage.get(files[2].path), /404/);
  });
}

test('a file of the local disk; one without a name, and one whose name is null', async (t) => {
  const s = await start(t);
  const ann = { headers: s.session(s.ann) };
  const path = s.app.storage.putLocal('old_v.mp4', content('local', 0, 5000));
  const local = await s.upload({ owner: s.ann, name: 'v.mp4', path, bytes: content('local', 0, 5000) });
  assert.equal((await s.direct(contentOf(local), ann)).sha256, local.sha256());
  assert.equal((await s.direct(contentOf(local), ann)).sha256, local.sha256(), 'which stays');
  const unnamed = await s.upload({ owner: s.ann, name: 'file.mp4', meta: { name: undefined } });
  assert.equal((await s.direct(contentOf(unnamed), ann)).headers['content-disposition'], "attachment; filename*=UTF-8''file.mp4");
  const nulled = await s.upload({ owner: s.ann, name: 'file.mp4', meta: { name: null } });
  assert.equal((await s.direct(contentOf(nulled), ann)).status, 400);
});

test('events, uploads, an echo, and sockets', async (t) => {
  const s = await start(t, { socketIo: {} });
  const headers = s.session(s.ann);
  const chat = open(`${s.app.url}/api/chat/completions`, { method: 'POST', body: '{}', headers, keep: true });
  await chat.head;
  await s.app.board.until(() => s.app.eventStreams.size === 1, 'the stream');
  s.app.sendEvent('one');
  await chat.reached('data: one\n\n'.length);
  chat.abort();
  const body = content('upload', 0, 1_000_000);
  const stored = await s.direct('/api/v1/files/', { method: 'POST', body, headers });
  assert.equal(JSON.parse(stored.body).sha256, sha256(body));
  assert.equal((await get(`${s.app.url}/stand-in/echo`, { method: 'POST', body })).sha256, sha256(body));
  for (const transports of [['websocket'], ['polling']]) {
    const socket = io(s.app.url, { path: '/ws/socket.io', transports, reconnection: false });
    t.after(() => socket.close());
    assert.equal(await socket.timeout(10000).emitWithAck('echo', 'hello'), 'hello');
  }
});
