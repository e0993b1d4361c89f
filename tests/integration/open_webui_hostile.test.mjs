// preset: open-webui. What callers can write into a file, or into a request, decides nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { content } from '../support/content.mjs';
import { range } from '../support/client.mjs';
import { comparable, contentOf, startWebui } from '../support/open_webui_stack.mjs';

const app = { securityHeaders: { 'Cache-Control': 'private, no-cache' } };

async function startTwo(t, options = {}) {
  const s = await startWebui(t, { app, ...options });
  s.ann = s.user('ann');
  s.bob = s.user('bob');
  s.victim = await s.upload({ owner: s.ann, name: 'secret.mp4' });
  s.fields = s.session(s.bob);
  return s;
}

/// Bob's answer is the app's, and not a byte of Ann's object went out or was fetched.
async function harmless(s, file, what) {
  for (const state of ['cold', 'cached']) {
    const alone = await s.direct(contentOf(file), { headers: s.fields });
    const through = await s.through(contentOf(file), { headers: s.fields });
    assert.deepEqual(comparable(through), comparable(alone), `${what}, ${state}`);
    assert.notEqual(through.sha256, s.victim.sha256(), what);
  }
  assert.equal(s.fetched(s.victim).length, 0, what);
}

test('members that callers supply name no object', async (t) => {
  const s = await startTwo(t);
  const path = s.victim.path;
  const hostile = [
    ['meta.data.path', { meta: { data: { path } } }],
    ['meta.path', { meta: { path } }],
    ['data.path', { data: { path } }],
    ['a text that looks like JSON', { data: { content: `","path":"${path}","x":"` } }],
    ['members that look like pointers', { meta: { data: { '/path': path, 'a/path': path } }, data: { '/path': path } }],
    ['meta before path', { meta: { data: { path } }, order: ['meta', 'data', 'path'] }],
    ['deep', { meta: { data: JSON.parse(`${'{"path":'.repeat(200)}"${path}"${'}'.repeat(200)}`) } }],
    ['a megabyte of text, escaped', { data: { content: '\\"path\\":\u0000🎬'.repeat(80000), path }, meta: { data: { path } } }],
  ];
  for (const [what, over] of hostile) await harmless(s, await s.upload({ owner: s.bob, name: 'own.mp4', seed: what, ...over }), what);
  const own = await s.upload({ owner: s.bob, name: 'own.mp4', meta: { data: { path } } });
  await s.through(contentOf(own), { headers: s.fields });
  assert.deepEqual([s.fetched(own).length, s.relayed(own).length], [1, 0], 'such a file is served all the same');
});

test('20 MB of text in the answer: it is read past, and not held', async (t) => {
  const s = await startTwo(t);
  const file = await s.upload({ owner: s.bob, name: 'own.mp4', data: { content: 'x'.repeat(20_000_000) },
    meta: { data: { path: s.victim.path } } });
  await harmless(s, file, '20 MB');
  const before = await s.sluice.vmHwmKiB();
  const many = await Promise.all(Array.from({ length: 8 }, (_, i) => s.through(contentOf(file), { headers: { ...s.fields, 'X-N': String(i) } })));
  for (const answer of many) assert.equal(answer.sha256, file.sha256());
  assert.deepEqual([s.relayed(file).length, s.fetched(file).length], [2, 1], 'served from the store; the other two were asked of the app alone');
  assert.ok(process.env.SLUICE_SANITIZE || s.sluice.vmHwmKiB() - before < 8 * 9 * 1024, 'no more than the cap is held for each');
});

test('wrong types where text is needed, places that are not configured: the app answers', async (t) => {
  const s = await startTwo(t);
  const key = `${s.victim.key}`;
  const files = [
    ['a number for a name', { meta: { name: 7 } }],
    ['no name', { meta: { name: undefined } }],
    ['no type', { meta: { content_type: undefined } }],
    ['a null type', { meta: { content_type: null } }],
    ['no size', { meta: { size: undefined } }],
    ['a size that is not so', { meta: { size: 5 } }],
    ['a URL', { path: `${s.store.url}/media/${key}` }],
    ['only a bucket', { path: 's3://media' }],
    ['an empty key', { path: 's3://media/' }],
    ['an empty path', { path: '' }],
    ['dot segments', { path: `s3://media/x/../${key}` }],
    ['a file of the system', { path: '/etc/hostname' }],
  ];
  for (const [what, over] of files) {
    const file = s.app.addFile({ owner: s.bob, name: 'own.mp4', ...over });
    if (over.path === undefined) await s.put(file, content(what, 0, 2000));
    await harmless(s, file, what);
  }
  for (const field of ['path', 'filename']) {
    for (const value of [null, 7, {}, ['s3://media/x'], true]) {
      const file = await s.upload({ owner: s.bob, name: 'own.mp4', seed: `${field} ${JSON.stringify(value)}` });
      file[field] = value;
      await harmless(s, file, `${field}: ${JSON.stringify(value)}`);
    }
  }
});

test('a null name is not a missing one: the app answers', async (t) => {
  const s = await startTwo(t);
  await harmless(s, await s.upload({ owner: s.bob, name: 'own.mp4', meta: { name: null } }), 'a null name');
});

test('a meta that is no object: the app\'s answer, or the caller\'s own file', async (t) => {
  const s = await startTwo(t);
  for (const meta of [null, 7, 'text', ['s3://media/x'], [], true]) {
    const file = await s.upload({ owner: s.bob, name: 'own.mp4', seed: JSON.stringify(meta) });
    file.meta = meta;
    const answer = await s.through(contentOf(file), { headers: s.fields });
    assert.ok(answer.status === 400 || (answer.status === 200 && answer.sha256 === file.sha256()), JSON.stringify(meta));
  }
});

test('a local path, as after a migration: the app answers from its disk', async (t) => {
  const s = await startTwo(t);
  const bytes = content('local', 0, 70000);
  const file = await s.upload({ owner: s.bob, name: 'old.mp4', bytes, path: s.app.storage.putLocal('old.mp4', bytes) });
  await harmless(s, file, 'a local path');
  const part = await s.through(contentOf(file), { headers: { ...s.fields, ...range(100, 199) } });
  assert.deepEqual([part.status, part.sha256], [206, file.sha256(100, 199)]);
});

test("a client's own X-Accel-Redirect and X-Original-URI never reach the app", async (t) => {
  const s = await startTwo(t, { config: { routes: [{ name: 'open-webui', preset: 'open-webui' },
    { name: 'accel', path: '/downloads/{rest*}', object_header: 'X-Accel-Redirect' }] } });
  const own = await s.upload({ owner: s.bob, name: 'own.mp4' });
  const forged = `s3://media/${s.victim.key}-forged`;
  const fields = { ...s.fields };
  for (const name of ['X-Accel-Redirect', 'X_Accel_Redirect', 'X-Original-URI', 'X_Original_URI', 'X-Original-Method']) fields[name] = forged;
  for (const target of [contentOf(own), contentOf(own, '/html'), contentOf(s.victim), '/downloads/x', '/', '/api/v1/auths/']) {
    await s.through(target, { headers: fields });
    await s.through(target, { headers: fields, method: 'POST', body: 'x' });
  }
  assert.ok(s.app.requests.length > 10);
  for (const request of s.app.requests) {
    assert.ok(!request.rawHeaders.some((text) => text.includes('-forged')), `${request.method} ${request.target}: ${request.rawHeaders}`);
    assert.ok(!Object.keys(request.headers).some((name) => /^x[-_]accel/.test(name)), request.target);
  }
  assert.equal(s.asked(own)[0].headers['x-original-uri'], contentOf(own), "the subrequest's own");
  assert.equal(s.fetched(s.victim).length, 0);
});
