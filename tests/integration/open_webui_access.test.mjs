// preset: open-webui. Who may have which file, cold, cached, and with the decision kept: always what the app alone says.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { bearer, comparable, contentOf, cookie, startWebui } from '../support/open_webui_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { swiftMissing } from '../support/swift.mjs';
import { poll } from '../support/wait.mjs';

// The app says it for all its answers, so that Sluice's own Cache-Control is not in question here.
const app = { securityHeaders: { 'Cache-Control': 'private, no-cache', 'X-Frame-Options': 'SAMEORIGIN' } };

async function startUsers(t, options = {}) {
  const s = await startWebui(t, { ...options, app: { ...app, ...options.app } });
  s.ann = s.user('ann');
  s.bob = s.user('bob');
  s.admin = s.user('root', { role: 'admin' });
  return s;
}

async function same(s, target, headers, what) {
  const [alone, through] = [await s.direct(target, { headers }), await s.through(target, { headers })];
  assert.deepEqual(comparable(through), comparable(alone), what);
  return through;
}

for (const where of ['our store', 'Swift']) {
  test(`every caller, every file, cold, cached, decision kept (${where})`, { skip: where === 'Swift' && swiftMissing }, async (t) => {
    const s = await startUsers(t, { swift: where === 'Swift', prefix: 'webui' });
    const files = {
      "ann's": await s.upload({ owner: s.ann, name: 'ann.mp4' }),
      "bob's": await s.upload({ owner: s.bob, name: 'bob.png', type: 'image/png' }),
      shared: await s.upload({ owner: s.ann, name: 'shared.pdf', type: 'application/pdf', sharedWith: [s.bob] }),
    };
    const pending = s.user('pending', { role: 'pending' });
    const callers = {
      ann: () => s.session(s.ann),
      bob: () => cookie(s.app.access.logIn(s.bob)),
      admin: () => s.session(s.admin),
      'an API key': () => ({ 'x-api-key': s.app.access.addKey(s.bob) }),
      'nobody verified': () => s.session(pending),
      'a bad token': () => bearer(`ey-bad-${Math.random()}`),
      "bob with ann's cookie": () => ({ ...s.session(s.bob), ...cookie(s.app.access.logIn(s.ann)) }),
      nobody: () => ({}),
    };
    let granted = 0;
    for (const [name, file] of Object.entries(files)) {
      for (const [caller, makeFields] of Object.entries(callers)) {
        await s.purge(file);
        const check = (state, headers) => same(s, contentOf(file), { ...headers, ...range(1000, 200000) }, `${caller}, ${name}, ${state}`);
        await check('cold', makeFields());
        await s.through(contentOf(file), { headers: s.session(s.admin) });
        const fields = makeFields();
        const cached = await check('cached', fields);
        const kept = await check('decision kept', fields);
        assert.equal(kept.status, cached.status);
        if (kept.status !== 206) continue;
        granted += 1;
        assert.equal(cacheStatus(kept).hit, true, `${caller}, ${name}: from the cache`);
      }
    }
    // ann 2, bob 2, admin 3, key 2, bob with both 2.
    assert.equal(granted, 11, 'those who may were served');
  });
}

test('one subrequest for a cold seek, none while the decision is kept; no download by the app', async (t) => {
  const s = await startUsers(t);
  const file = await s.upload({ owner: s.ann, name: 'v.mp4', size: 3_000_000 });
  const headers = s.session(s.ann);
  for (let i = 0; i < 5; i++) {
    const first = 2_000_000 - i * 300_000;
    const answer = await s.through(contentOf(file), { headers: { ...headers, ...range(first, first + 999) } });
    assert.deepEqual([answer.status, answer.sha256], [206, file.sha256(first, first + 999)]);
  }
  assert.deepEqual([s.asked(file).length, s.relayed(file).length, s.app.storage.downloads.all], [1, 0, 0]);
  const [sub] = s.asked(file);
  assert.equal(sub.headers.authorization, headers.Authorization);
  for (const name of ['range', 'accept-encoding', 'if-range', 'content-length']) assert.equal(sub.headers[name], undefined, name);
});

test('both values of attachment are served, each asked for by itself', async (t) => {
  const s = await startUsers(t);
  const file = await s.upload({ owner: s.ann, name: 'v.pdf', type: 'application/pdf' });
  const headers = s.session(s.ann);
  for (const query of ['', '?attachment=true', '?attachment=false']) await same(s, contentOf(file, query), headers, query);
  assert.equal(s.asked(file).length, 3);
  assert.equal(s.app.storage.downloads.all, 3, 'the direct ones');
});

test('a revoked token is refused within the ttl', async (t) => {
  const s = await startUsers(t, { route: { authorize: { ttl: '700ms' } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const token = s.app.access.logIn(s.ann);
  const ask = () => s.through(contentOf(file), { headers: bearer(token) });
  assert.equal((await ask()).sha256, file.sha256());
  await s.through('/api/v1/auths/signout', { headers: bearer(token) });
  const revoked = Date.now();
  const refused = await poll(async () => {
    const answer = await ask();
    return answer.status === 200 ? undefined : answer;
  }, 'the decision ends');
  assert.equal(refused.status, 401);
  assert.ok(Date.now() - revoked < 3000, 'within the ttl, and what a busy machine takes');
  assert.equal((await ask()).status, 401);
});

test('a decision of the preset lives ten seconds at most', async (t) => {
  const s = await startUsers(t);
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const token = s.app.access.logIn(s.ann);
  const ask = () => s.through(contentOf(file), { headers: bearer(token) });
  await ask();
  s.app.access.revoke(token);
  const since = Date.now();
  await poll(async () => (await ask()).status === 401, 'the decision ends', 15000, 250);
  assert.ok(Date.now() - since < 12000);
});

test('ttl 0: each request is asked for', async (t) => {
  const s = await startUsers(t, { route: { authorize: { ttl: '0s' } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const token = s.app.access.logIn(s.ann);
  const ask = () => s.through(contentOf(file), { headers: bearer(token) });
  for (let i = 0; i < 3; i++) assert.equal((await ask()).sha256, file.sha256());
  assert.equal(s.asked(file).length, 3);
  s.app.access.revoke(token);
  assert.equal((await ask()).status, 401, 'at once');
});

test('callers who differ only in a renamed identity field never share a decision', async (t) => {
  const s = await startUsers(t, { app: { trustedHeader: 'X-Corp-Mail' } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const as = (mail) => s.through(contentOf(file), { headers: { 'X-Corp-Mail': mail, 'X-Same': 'for all' } });
  for (let i = 0; i < 2; i++) {
    assert.equal((await as('ann@example.com')).sha256, file.sha256());
    const bob = await as('bob@example.com');
    assert.deepEqual([bob.status, JSON.parse(bob.body).detail], [404, "We could not find what you're looking for :/"]);
    assert.equal((await s.through(contentOf(file), { headers: { 'X-Same': 'for all' } })).status, 401);
  }
  // At once, so that what is under way is not shared either.
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => as(i % 2 ? 'ann@example.com' : 'bob@example.com')));
  assert.deepEqual(answers.map((answer) => answer.status), answers.map((_, i) => (i % 2 ? 200 : 404)));
  const asked = new Set(s.asked(file).map((r) => r.headers['x-corp-mail']));
  assert.deepEqual(asked, new Set(['ann@example.com', 'bob@example.com', undefined]));
});

test('a key that may have the bytes but not the file: the app answers', async (t) => {
  const s = await startUsers(t);
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const key = s.app.access.addKey(s.ann, { allows: (path) => path.endsWith('/content') });
  const headers = { 'x-api-key': key, ...range(5, 99) };
  const answer = await same(s, contentOf(file), headers, 'cold');
  assert.deepEqual([answer.status, answer.sha256], [206, file.sha256(5, 99)]);
  assert.deepEqual([s.asked(file)[0].status, s.relayed(file).length], [403, 2]);
  assert.equal(s.relayed(file)[1].headers.range, 'bytes=5-99', 'the original request');
  assert.equal(s.fetched(file).length, 0);
});

test('a slow answer to the subrequest: the app answers the original request', async (t) => {
  const s = await startUsers(t, { route: { authorize: { timeout: '300ms' } } });
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  const gate = s.app.hold((r) => r.path === `/api/v1/files/${file.id}`);
  t.after(() => gate.release());
  const answer = await s.through(contentOf(file), { headers: s.session(s.ann) });
  assert.deepEqual([answer.status, answer.sha256, s.relayed(file).length], [200, file.sha256(), 1]);
});

test('a denied HEAD has the status and the fields of the denial, no body', async (t) => {
  const s = await startUsers(t);
  const file = await s.upload({ owner: s.ann, name: 'v.mp4' });
  for (const [headers, status] of [[{}, 401], [s.session(s.bob), 404]]) {
    const head = await s.through(contentOf(file), { method: 'HEAD', headers });
    assert.deepEqual([head.status, head.headers['content-type'], head.length], [status, 'application/json', 0]);
    assert.equal(head.headers['x-frame-options'], 'SAMEORIGIN');
  }
  const head = await s.through(contentOf(file), { method: 'HEAD', headers: s.session(s.ann) });
  const whole = await s.through(contentOf(file), { headers: s.session(s.ann) });
  for (const name of ['content-length', 'content-type', 'content-disposition', 'etag']) assert.equal(head.headers[name], whole.headers[name], name);
  assert.deepEqual([head.status, head.length, head.headers['content-length']], [200, 0, String(file.bytes.length)]);
  assert.equal(s.app.requests.filter((r) => r.method === 'HEAD').length, 0, 'the app would answer its page');
});
