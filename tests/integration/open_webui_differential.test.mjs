// preset: open-webui. The same requests with and without Sluice: status, fields and bodies are the app's. What may differ is
// in comparable() (open_webui_stack.mjs), and HEAD, 304 and 412 on `/content`, which the app does not have.
import assert from 'node:assert/strict';
import test from 'node:test';
import { randomNumbers } from '../support/content.mjs';
import { bearer, comparable, contentOf, cookie, startWebui } from '../support/open_webui_stack.mjs';

const size = 300007;

async function startAll(t) {
  const s = await startWebui(t, { prefix: 'pre/fix', app: { trustedHeader: 'X-Mail',
    securityHeaders: { 'Cache-Control': 'private, max-age=60', 'X-Frame-Options': 'DENY', 'X-Content-Type-Options': 'nosniff' } } });
  const [ann, bob, root] = [s.user('ann'), s.user('bob'), s.user('root', { role: 'admin' })];
  const local = s.app.storage.putLocal('local.mp4', Buffer.alloc(1000, 'l'));
  s.files = {
    video: await s.upload({ owner: ann, name: 'My video #1?.mp4', size }),
    shared: await s.upload({ owner: ann, name: 's.pdf', type: 'application/pdf', size, sharedWith: [bob] }),
    text: await s.upload({ owner: bob, name: 't.txt', type: 'text/plain', size, data: { content: 'text '.repeat(1000) } }),
    page: await s.upload({ owner: root, name: 'p.html', type: 'text/html', size, sharedWith: [ann, bob] }),
    empty: await s.upload({ owner: ann, name: 'empty.mp4', bytes: Buffer.alloc(0) }),
    byte: await s.upload({ owner: ann, name: 'one.mp4', bytes: Buffer.from('x') }),
    unnamed: await s.upload({ owner: ann, name: 'u.mp4', size, meta: { name: undefined, content_type: undefined } }),
    local: await s.upload({ owner: ann, name: 'local.mp4', path: local, bytes: Buffer.alloc(1000, 'l') }),
    lost: s.app.addFile({ owner: ann, name: 'lost.mp4' }),
    none: { id: '00000000-0000-4000-8000-000000000000' },
  };
  const token = (user) => s.app.access.logIn(user);
  const narrow = s.app.access.addKey(ann, { allows: (path) => path.endsWith('/content') });
  s.callers = [bearer(token(ann)), cookie(token(bob)), bearer(token(root)), { 'x-api-key': s.app.access.addKey(bob) }, { 'x-api-key': narrow },
    { 'X-Mail': 'ann@example.com' }, { ...cookie(token(ann)), 'X-Mail': 'bob@example.com' }, bearer('bad'), {},
    { ...bearer(token(bob)), ...cookie(token(ann)) }];
  s.compare = async (target, options = {}) => {
    const what = `${options.method ?? 'GET'} ${target} ${JSON.stringify(options.headers ?? {})}`;
    const alone = comparable(await s.direct(target, options));
    for (const state of ['first', 'again']) assert.deepEqual(comparable(await s.through(target, options)), alone, `${what}, ${state}`);
  };
  return s;
}

const ranges = [undefined, 'bytes=0-0', 'bytes=0-', `bytes=${size - 1}-`, 'bytes=1000-200000', 'bytes=-1', 'bytes=-1000',
  `bytes=-${size}`, `bytes=10-${size * 2}`, `bytes=${size}-`, `bytes=${size + 1}-${size + 9}`, 'BYTES=5-9'];
const severalRanges = ['bytes=0-9,100-199,-5', 'bytes=100-199,150-300', `bytes=0-0,${size - 1}-`, 'bytes=0-0,2-2,4-4,6-6,-1'];

test('every caller and every file', async (t) => {
  const s = await startAll(t);
  for (const headers of s.callers) {
    for (const file of Object.values(s.files)) {
      await s.compare(contentOf(file), { headers });
      await s.compare(`/api/v1/files/${file.id}`, { headers });
    }
    await s.compare('/api/v1/files/', { headers });
    await s.compare('/api/v1/auths/', { headers });
  }
});

test('ranges, If-Range, dispositions, origins, queries', async (t) => {
  const s = await startAll(t);
  const [ann, bob] = s.callers;
  for (const range of ranges) {
    const wanted = range && { Range: range };
    await s.compare(contentOf(s.files.video), { headers: { ...ann, ...wanted } });
    await s.compare(contentOf(s.files.shared), { headers: { ...bob, ...wanted, Origin: 'https://a.example' } });
    await s.compare(contentOf(s.files.shared, '?attachment=true'), { headers: { ...bob, ...wanted } });
    await s.compare(contentOf(s.files.video), { headers: { ...bob, ...wanted } });
    await s.compare(contentOf(s.files.local), { headers: { ...ann, ...wanted } });
    for (const validator of ['"another"', 'W/"weak"', 'Sun, 06 Nov 1994 08:49:37 GMT', 'nonsense']) {
      await s.compare(contentOf(s.files.text), { headers: { ...bob, ...wanted, 'If-Range': validator } });
    }
  }
  await s.compare(contentOf(s.files.byte), { headers: { ...ann, Range: 'bytes=0-' } });
  for (const query of ['', '?attachment=true', '?attachment=false', '?attachment=1', '?attachment=maybe', '?x=1', '?attachment=']) {
    for (const headers of [ann, bob, {}]) {
      await s.compare(contentOf(s.files.video, query), { headers });
      await s.compare(contentOf(s.files.page, query), { headers: { ...headers, 'Accept-Encoding': 'gzip', Accept: 'text/html' } });
    }
  }
});

test('several ranges', async (t) => {
  const s = await startAll(t);
  for (const Range of severalRanges) await s.compare(contentOf(s.files.video), { headers: { ...s.callers[0], Range } });
});

test('all that is relayed', async (t) => {
  const s = await startAll(t);
  const [ann, bob, root] = s.callers;
  for (const target of ['/', '/health', '/ready', '/nothing/at/all', '/cache/x', '/api/v1/nothing', '/static/x.js?v=1',
    contentOf(s.files.page, '/html'), contentOf(s.files.video, '/html'), contentOf(s.files.video, '/watch?v=x'),
    `/api/v1/files/${s.files.text.id}`, `/api/v1/files/${s.files.none.id}`]) {
    for (const headers of [{}, ann, bob, root]) {
      await s.compare(target, { headers });
      await s.compare(target, { headers: { ...headers, 'Accept-Encoding': 'gzip', Origin: 'https://a.example', Range: 'bytes=0-9' } });
      await s.compare(target, { headers, method: 'HEAD' });
      await s.compare(target, { headers, method: 'PUT', body: 'x' });
    }
  }
  const json = { 'Content-Type': 'application/json' };
  for (const body of ['{}', '{"email":"ann@example.com","password":"no"}']) {
    await s.compare('/api/v1/auths/signin', { method: 'POST', headers: json, body });
  }
  await s.compare(contentOf(s.files.video), { method: 'POST', headers: ann, body: 'x' });
  await s.compare(`/api/v1/files/${s.files.video.id}`, { method: 'DELETE', headers: bob });
  await s.compare('/api/v1/files/all', { method: 'DELETE', headers: ann });
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const headers = { Origin: 'https://a.example', 'Access-Control-Request-Method': method };
    await s.compare(contentOf(s.files.video), { method: 'OPTIONS', headers });
  }
  await s.compare(contentOf(s.files.video), { method: 'OPTIONS', headers: ann });
});

test('requests made at random', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  const s = await startAll(t);
  const random = randomNumbers(seed);
  const pick = (list) => list[random.next(list.length)];
  const anyRange = () => {
    const [a, b] = [random.next(size + 1000), random.next(size + 1000)];
    return pick([`bytes=${Math.min(a, b)}-${Math.max(a, b)}`, `bytes=${a}-`, `bytes=-${b + 1}`, pick(ranges)]);
  };
  const files = Object.values(s.files).filter((file) => file !== s.files.empty);
  for (let i = 0; i < 150; i++) {
    const range = random.next(4) ? anyRange() : undefined;
    const headers = { ...pick(s.callers), ...(range && { Range: range }), ...(random.next(3) ? {} : { Origin: `https://${pick('abc')}.example` }),
      ...(random.next(4) ? {} : { 'Accept-Encoding': pick(['gzip', 'identity', 'br, gzip;q=0.5']) }),
      ...(random.next(6) ? {} : { 'If-Range': pick(['"x"', 'Sun, 06 Nov 1994 08:49:37 GMT']) }) };
    await s.compare(contentOf(pick(files), pick(['', '', '?attachment=true', '?attachment=false', '/html', '/x.mp4', '?y'])), { headers });
  }
});

test('what the app does not have, and Sluice does: HEAD, 304 and 412, after leave', async (t) => {
  const s = await startAll(t);
  const [ann, bob] = s.callers;
  const target = contentOf(s.files.video);
  const first = await s.through(target, { headers: ann });
  const ask = (headers, method) => s.through(target, { headers, method });
  assert.equal((await ask({ ...ann, 'If-None-Match': first.headers.etag })).status, 304);
  assert.equal((await ask({ ...ann, 'If-Match': '"another"' })).status, 412);
  assert.equal((await ask({ ...ann, Range: 'bytes=0-9', 'If-Range': first.headers.etag })).status, 206, 'the ETag that Sluice gave holds');
  const head = await ask(ann, 'HEAD');
  assert.deepEqual([head.status, head.length, head.headers['content-length'], head.headers.etag], [200, 0, String(size), first.headers.etag]);
  for (const headers of [{ 'If-None-Match': first.headers.etag }, { 'If-Match': '"another"' }]) {
    await s.compare(target, { headers: { ...bob, ...headers } });
  }
});
