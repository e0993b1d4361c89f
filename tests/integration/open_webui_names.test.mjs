// preset: open-webui. Names are raw text in URIs that are no URLs; paths match by their bytes, and all else is the app's.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { content } from '../support/content.mjs';
import { oddNames } from '../support/odd_names.mjs';
import { comparable, contentOf, startWebui } from '../support/open_webui_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { swiftMissing } from '../support/swift.mjs';

const app = { securityHeaders: { 'Cache-Control': 'private, no-cache' } };

for (const where of ['our store', 'Swift']) {
  test(`raw names (${where})`, { skip: where === 'Swift' && swiftMissing }, async (t) => {
    const s = await startWebui(t, { swift: where === 'Swift', prefix: 'up', app });
    const owner = s.user('ann');
    const headers = s.session(owner);
    for (const name of oddNames) {
      const file = await s.upload({ owner, name, bytes: content(name, 0, 3000) });
      assert.ok(Buffer.byteLength(file.key) <= 1024);
      const alone = await s.direct(contentOf(file), { headers });
      assert.deepEqual([alone.status, alone.sha256], [200, file.sha256()], name);
      for (const [state, hit] of [['cold', undefined], ['cached', true]]) {
        const through = await s.through(contentOf(file), { headers });
        assert.deepEqual(comparable(through), comparable(alone), `${name}, ${state}`);
        assert.equal(cacheStatus(through)?.hit, hit, `${name}, ${state}`);
      }
      assert.deepEqual([s.asked(file).length, s.relayed(file).length], [1, 1], `${name}: only the direct one was the app's`);
    }
  });
}

test('a key with control characters, or longer than S3 takes, is the app\'s to answer', async (t) => {
  const s = await startWebui(t, { app });
  const owner = s.user('ann');
  const headers = s.session(owner);
  for (const name of ['tab\tname.mp4', 'line\nname.mp4', 'del\u007f.mp4', `${'long'.repeat(300)}.mp4`]) {
    const file = await s.upload({ owner, name, bytes: content(name, 0, 3000) });
    const alone = await s.direct(contentOf(file), { headers });
    assert.deepEqual(comparable(await s.through(contentOf(file), { headers })), comparable(alone), name);
    assert.deepEqual([alone.status, alone.sha256], [200, file.sha256()]);
  }
});

test('the local provider: raw names beneath uploads, and nothing outside it', async (t) => {
  const s = await startWebui(t, { app, env: (webui) => ({ STORAGE_PROVIDER: 'local', DATA_DIR: webui.storage.directory }) });
  const owner = s.user('ann');
  const headers = s.session(owner);
  const compare = async (file, relayed, what) => {
    const alone = await s.direct(contentOf(file), { headers });
    for (let i = 0; i < 2; i++) assert.deepEqual(comparable(await s.through(contentOf(file), { headers })), comparable(alone), what);
    assert.equal(s.relayed(file).length, 1 + 2 * relayed, `${what}: who answered`);
    return alone;
  };
  // A file name has 255 bytes at most.
  for (const name of oddNames.filter((one) => Buffer.byteLength(one) < 200 && !one.includes('/'))) {
    const bytes = content(name, 0, 3000);
    const file = await s.upload({ owner, name, bytes, path: s.app.storage.putLocal(`x_${name}`, bytes) });
    const alone = await compare(file, 0, name);
    assert.equal(alone.sha256, file.sha256());
  }
  const uploads = path.join(s.app.storage.directory, 'uploads');
  fs.writeFileSync(path.join(s.app.storage.directory, 'secret.mp4'), 'outside');
  fs.symlinkSync('../secret.mp4', path.join(uploads, 'link.mp4'));
  fs.mkdirSync(path.join(uploads, 'folder.mp4'));
  for (const name of ['link.mp4', '../secret.mp4', './../secret.mp4', 'none.mp4', 'folder.mp4', '', '/etc/hostname']) {
    const file = await s.upload({ owner, name: 'v.mp4', bytes: Buffer.from('x'), path: name.startsWith('/') ? name : `${uploads}/${name}` });
    await compare(file, 1, `the path ${name}`);
  }
});

/// How a target is written wrong: from the id of a file that the caller may read.
const oddTargets = (id) => [
  `/api/v1/files/${id}%2Fcontent`, `/api/v1/files/${id}%2fcontent`, `/api/v1/files%2F${id}/content`, `/api/v1/files//${id}/content`,
  `//api/v1/files/${id}/content`, `/api/v1/files/${id}//content`, `/api/v1/files/${id}/content/`, `/api/v1/files/./${id}/content`,
  `/api/v1/files/x/../${id}/content`, `/api/v1/files/x/%2e%2e/${id}/content`, `/api/v1/files/${id}/x/../content`,
  `/api/v1/files/${id}/content/../content`, `/api/v1/files/${id}/content/.`, `/api/v1/files/${id.toUpperCase()}/content`,
  `/api/v1/files/${id.replace('-', '%2D')}/content`, `/api/v1/files/%${id.charCodeAt(0).toString(16)}${id.slice(1)}/content`,
  `/api/v1/files/${id}/conten%74`, `/api/v1/files/${id}/CONTENT`, `/API/v1/files/${id}/content`, `/api/v1/files/${id};x/content`,
  `/api/v1/files/${id}/content;x`, `/api/v1/files/${id}/content%00`, `/api/v1/files/${id}%5Ccontent`, `/api/v1/files/${id}/content%ff`,
  `/api/v1/files/${id}/content%`, `/api/v1/files/${id.slice(1)}/content`, `/api/v1/files/${id}0/content`, `/api/v1/files/{${id}}/content`,
  `/api/v1/files/${id}/content?%61ttachment=1`, `/api/v1/files/${id}/content?x=1;attachment=true`, `/api/v1/files/${id}/content?shared=x`,
  `/api/v1/files/${id}/content?attachment=2`, `/api/v1/files/${id}/content?attachment=`, `/api/v1/files/${id}/content?attachment`,
  `/api/v1/files/${id}/content?attachment=maybe`, `/api/v1/files/${id}/content?attachment=true&attachment=true`,
  `/api/v1/files/${id}/content?attachment=true&attachment=false`, `/api/v1/files/${id}/content?attachment=tru%65`,
  `/api/v1/files/${id}/content/html`, `/api/v1/files/${id}/content/html?attachment=true`, `/api/v1/files/${id}/content/%68tml`,
  `/api/v1/files/${id}/content/watch?v=1`, `/api/v1/files/${id}/content/v.mp4/`, `/api/v1/files/${id}/content/x%2Fy`, `/api/v1/files/${id}/video`, `/api/v1/files/${id}`, `/x/api/v1/files/${id}/content`,
];

test('paths and queries that are not the very bytes are relayed as they came', async (t) => {
  const s = await startWebui(t);
  const owner = s.user('ann');
  const file = await s.upload({ owner, name: 'v.mp4', id: 'abcdef01-2345-4678-9abc-def012345678' });
  const headers = s.session(owner);
  // Cached and allowed: a match that is too wide would answer from here.
  assert.equal((await s.through(contentOf(file), { headers })).sha256, file.sha256());
  for (const target of oddTargets(file.id)) {
    const alone = await s.rawDirect(target, headers);
    const before = s.app.requests.length;
    const through = await s.rawThrough(target, headers);
    assert.deepEqual([through.status, through.headers['content-type'], through.headers['content-disposition'], through.sha256],
      [alone.status, alone.headers['content-type'], alone.headers['content-disposition'], alone.sha256], target);
    // Beside it the app may be asked whether the request may wait for its copy, never for bytes.
    const relayed = s.app.requests.slice(before).map((r) => r.target).filter((one) => one === target || one !== `/api/v1/files/${file.id}`);
    assert.deepEqual(relayed, [target], 'one request, as it came');
  }
  assert.equal(s.fetched(file).length, 1);
});

test('/content/html is the app\'s, whatever is cached and allowed', async (t) => {
  const s = await startWebui(t);
  const [ann, bob, root] = [s.user('ann'), s.user('bob'), s.user('root', { role: 'admin' })];
  const page = await s.upload({ owner: ann, name: 'page.html', type: 'text/html', sharedWith: [bob] });
  const own = await s.upload({ owner: root, name: 'own.html', type: 'text/html', sharedWith: [bob] });
  const headers = s.session(bob);
  for (const file of [page, own]) assert.equal((await s.through(contentOf(file), { headers })).sha256, file.sha256());
  for (let i = 0; i < 2; i++) {
    assert.equal((await s.through(contentOf(page, '/html'), { headers })).status, 404);
    const allowed = await s.through(contentOf(own, '/html'), { headers });
    assert.deepEqual([allowed.status, allowed.headers['content-disposition'], allowed.sha256], [200, undefined, own.sha256()]);
  }
  assert.equal(s.app.of(contentOf(page, '/html')).length, 2);
  assert.equal(s.app.of(contentOf(own, '/html')).length, 2);
});
