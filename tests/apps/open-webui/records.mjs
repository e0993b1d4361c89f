// What the real Open WebUI's records may hold, and how its files leave through Sluice: as the app alone answers them, and by
// Sluice itself where that is the app's own storage.
import assert from 'node:assert/strict';
import zlib from 'node:zlib';
import { assertOurs } from '../../support/open_webui_contract.mjs';
import { sha256 } from '../../support/content.mjs';
import { contentOf } from '../../support/open_webui_stack.mjs';
import { MiB } from '../../support/stack.mjs';

const decode = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync };

async function sameAsAlone(s, file, headers, what) {
  const alone = await s.direct(contentOf(file), { headers });
  const answer = await s.through(contentOf(file), { headers });
  assert.deepEqual([answer.status, answer.sha256, answer.headers['content-type'], answer.headers['content-disposition']],
    [alone.status, alone.sha256, alone.headers['content-type'], alone.headers['content-disposition']], what);
  return answer;
}

export const records = {
  /// The app looks in its own bucket whatever its record names, and so rows from before a move are served.
  async 'the record names another bucket, from before a move'(s, owner) {
    const file = await s.upload({ owner, name: 'moved.mp4', size: 5000 });
    s.app.sql('UPDATE file SET path = ? WHERE id = ?', file.path.replace('s3://media/', 's3://the-old-one/'), file.id);
    for (const state of ['first', 'again']) {
      const answer = await sameAsAlone(s, file, s.session(owner), state);
      assert.equal(answer.sha256, file.sha256());
      if (state === 'again') assertOurs(answer, 'after a move');
    }
  },
  async 'a record without a name, without meta data, without a path'(s, owner) {
    const headers = s.session(owner);
    const set = async (column, value) => {
      const file = await s.upload({ owner, name: 'odd.mp4', size: 5000 });
      s.app.sql(`UPDATE file SET ${column} = ? WHERE id = ?`, value, file.id);
      return sameAsAlone(s, file, headers, `${column} = ${value}`);
    };
    assert.equal((await set('path', null)).status, 404);
    for (const meta of ['null', '{}', '{"name": null}', '{"content_type": "video/mp4"}', '{"name": "other.pdf"}',
      '{"name": "v.mp4", "content_type": ["video/mp4"]}', '{"name": "v.mp4", "content_type": "video/mp4", "data": {"path": "s3://media/x"}}']) {
      await set('meta', meta);
    }
    await set('path', `${s.app.dataDirectory}/uploads/none.mp4`);
  },
  /// Text that the app would compress is compressed.
  async 'a large text, compressed'(s, owner) {
    const text = Buffer.from('All that was said in the meeting, line by line.\n'.repeat(40_000));
    const file = await s.upload({ owner, name: 'minutes.txt', type: 'text/plain', bytes: text });
    for (const coding of ['gzip', 'br']) {
      const headers = { ...s.session(owner), 'Accept-Encoding': coding };
      assert.equal((await s.direct(contentOf(file), { headers })).headers['content-encoding'], coding, 'the app alone');
      for (const state of ['first', 'again']) {
        const answer = await s.through(contentOf(file), { headers });
        assert.deepEqual([answer.status, answer.headers['content-encoding']], [200, coding], state);
        assert.ok(answer.length < text.length / 20, `${answer.length} bytes`);
        assert.equal(sha256(decode[coding](answer.body)), file.sha256(), state);
        assert.match(answer.headers.vary, /accept-encoding/i);
      }
      const part = await s.through(contentOf(file), { headers: { ...headers, Range: 'bytes=1000-1999' } });
      assert.deepEqual([part.status, part.headers['content-encoding'], part.sha256], [206, undefined, file.sha256(1000, 1999)]);
    }
    // As browsers ask; that Node 18 knows no zstd is no matter.
    const asBrowsers = await s.content(file, owner, { headers: { 'Accept-Encoding': 'gzip, deflate, br, zstd' } });
    assert.match(asBrowsers.headers['content-encoding'], /^(gzip|br|zstd)$/);
    const plain = await s.content(file, owner);
    assert.deepEqual([plain.headers['content-encoding'], plain.sha256], [undefined, file.sha256()]);
  },
  /// The app's answer to the subrequest holds all text that it has read out of the file.
  async 'a document with ten megabytes of extracted text'(s, owner) {
    const text = Buffer.from('A long line of a long book, which the app reads.\n'.repeat((10 * MiB) / 49));
    const file = await s.upload({ owner, name: 'book.txt', type: 'text/plain', bytes: text, process: true });
    for (const state of ['first', 'again']) {
      const answer = await s.content(file, owner);
      assert.deepEqual([answer.status, answer.sha256], [200, file.sha256()], state);
      if (state === 'again') assertOurs(answer, 'with much text');
    }
  },
  /// What only the app can answer goes to it one at a time a file, for its downloads truncate each other.
  async 'ten at once of what the app answers itself'(s) {
    const file = await s.upload({ owner: s.admin, name: 'page.html', type: 'text/html', size: 8 * MiB });
    for (const query of ['?attachment=1', '/page.mp4', '/html']) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => s.content(file, s.admin, { query })));
      for (const answer of answers) {
        if (answer.status === 503) assert.equal(answer.headers['retry-after'], '1', query);
        else assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, file.sha256()], query);
      }
      assert.ok(answers.some(({ status }) => status === 200), query);
    }
  },
};
