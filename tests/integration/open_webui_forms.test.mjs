// preset: open-webui. Under which of its paths and queries the app gives a file, and as what.
import assert from 'node:assert/strict';
import test from 'node:test';
import { content } from '../support/content.mjs';
import { comparable, contentOf, startWebui } from '../support/open_webui_stack.mjs';

const app = { securityHeaders: { 'Cache-Control': 'private, no-cache' } };

/// The answer to `target` is the app's in all but who gave the bytes, and Sluice gave them.
async function assertServed(s, file, headers, target) {
  const alone = await s.direct(target, { headers });
  const relayed = s.app.of(target.split('?')[0]).length;
  for (let i = 0; i < 2; i++) {
    const through = await s.through(target, { headers });
    assert.deepEqual(comparable(through), comparable(alone), target);
    assert.equal(through.sha256, file.sha256(), target);
  }
  assert.equal(s.app.of(target.split('?')[0]).length, relayed, `${target}: the app was not asked for bytes`);
  return alone;
}

test('every spelling of attachment, and queries that the app ignores', async (t) => {
  const s = await startWebui(t, { app });
  const owner = s.user('ann');
  const headers = s.session(owner);
  const file = await s.upload({ owner, name: 'a.pdf', type: 'application/pdf', bytes: content('forms', 0, 3000) });
  const queries = { attachment: ['true', 'True', '1', 'yes', 'on', 't', 'Y'].map((word) => `attachment=${word}`), inline: ['', 't=1',
    'v=a%20b&_=2', 'Attachment=true', ...['false', '0', 'No', 'off', 'f', 'n'].map((word) => `attachment=${word}`)] };
  queries.attachment.push('x=1&attachment=true', 'attachment=true&x=attachment');
  for (const [disposition, all] of Object.entries(queries)) {
    for (const query of all) {
      const alone = await assertServed(s, file, headers, contentOf(file, query && `?${query}`));
      assert.match(alone.headers['content-disposition'], new RegExp(`^${disposition};`), query);
    }
  }
});

test('/content/{file_name}: attached, typed by where it is stored; the app where the object is gone', async (t) => {
  const s = await startWebui(t, { app });
  const owner = s.user('ann');
  const headers = s.session(owner);
  const types = { 'v.mp4': 'video/mp4', 'a.md': 'text/markdown; charset=utf-8', 'b.tar.gz': 'application/x-tar', none: 'application/octet-stream' };
  for (const [name, type] of Object.entries(types)) {
    const file = await s.upload({ owner, name, type: 'text/html', bytes: content(name, 0, 3000) });
    file.meta.name = 'renamed.pdf';
    for (const last of [name, 'renamed.pdf', 'htm', '%C3%BC']) {
      const alone = await assertServed(s, file, headers, contentOf(file, `/${last}`));
      assert.deepEqual([alone.headers['content-type'], alone.headers['content-disposition']], [type, "attachment; filename*=UTF-8''renamed.pdf"]);
    }
    const other = s.session(s.user(`bob ${name}`));
    assert.equal((await s.through(contentOf(file, `/${name}`), { headers: other })).status, 404, 'leave first');
  }
  const gone = s.app.addFile({ owner, name: 'gone.mp4' });
  const answers = await Promise.all([s.direct, s.through].map((ask) => ask.call(s, contentOf(gone, '/gone.mp4'), { headers })));
  assert.deepEqual(comparable(answers[1]).sha256, comparable(answers[0]).sha256);
  assert.equal(answers[1].status, answers[0].status);
});

test('without a type that its uploader said: by where it is stored, not by a name given since; without meta: the app', async (t) => {
  const s = await startWebui(t, { app });
  const owner = s.user('ann');
  const headers = s.session(owner);
  const file = await s.upload({ owner, name: 'a.zip', type: null, bytes: content('zip', 0, 3000) });
  file.meta.name = 'b.mp4';
  const alone = await assertServed(s, file, headers, contentOf(file));
  assert.equal(alone.headers['content-type'], 'application/zip');
  file.meta = null;
  await s.restart();
  const [direct, through] = [await s.direct(contentOf(file), { headers }), await s.through(contentOf(file), { headers })];
  assert.deepEqual([through.status, through.sha256], [direct.status, direct.sha256]);
  assert.equal(through.status, 400);
});
