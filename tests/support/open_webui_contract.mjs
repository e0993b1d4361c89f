// What Open WebUI answers on a file's content, and Sluice in front of it: asserted of the real app and of its stand-in alike,
// so that neither says what the other does not. `s`: a RealWebui (open_webui_real.mjs) or a WebuiStack (open_webui_stack.mjs).
import assert from 'node:assert/strict';
import { content, sha256 } from './content.mjs';
import { partsOf } from './open_webui_content.mjs';
import { contentOf } from './open_webui_stack.mjs';
import { cacheStatus } from './stack.mjs';

const none = '00000000-0000-4000-8000-000000000000';
const notFound = [404, { detail: "We could not find what you're looking for :/" }];
const unauthenticated = [401, { detail: 'Not authenticated' }];

/// {name, type as the uploader claimed it, query, answered type, disposition before the file name (undefined: no field)}.
export const presentations = [
  { name: 'v.mp4', claimed: 'video/mp4', type: 'video/mp4', disposition: 'attachment' },
  { name: 'v.mp4', claimed: 'video/mp4', query: '?attachment=true', type: 'video/mp4', disposition: 'attachment' },
  { name: 'v.mp4', claimed: 'video/mp4', query: '?attachment=false', type: 'video/mp4', disposition: 'attachment' },
  { name: 'paper.pdf', claimed: 'application/pdf', type: 'application/pdf', disposition: 'inline' },
  { name: 'paper.pdf', claimed: 'application/pdf', query: '?attachment=true', type: 'application/pdf', disposition: 'attachment' },
  { name: 'Paper.PDF', claimed: 'application/octet-stream', type: 'application/pdf', disposition: 'inline' },
  { name: 'Paper.PDF', claimed: 'text/html', query: '?attachment=true', type: 'text/html; charset=utf-8', disposition: 'attachment' },
  { name: 'paper', claimed: 'application/pdf', type: 'application/pdf', disposition: 'inline' },
  { name: 'notes.txt', claimed: 'text/plain', type: 'text/plain; charset=utf-8', disposition: undefined },
  { name: 'notes.txt', claimed: 'text/plain', query: '?attachment=true', type: 'text/plain; charset=utf-8', disposition: 'attachment' },
  { name: 'page.html', claimed: 'text/html', type: 'text/html; charset=utf-8', disposition: 'attachment' },
  { name: 'page.html', claimed: 'text/plain', type: 'text/plain; charset=utf-8', disposition: undefined },
  { name: 'notes.md', claimed: 'text/markdown', type: 'text/markdown; charset=utf-8', disposition: 'attachment' },
  { name: 'drawing.svg', claimed: 'image/svg+xml', type: 'image/svg+xml', disposition: 'attachment' },
  { name: 'photo.png', claimed: 'image/png', type: 'image/png', disposition: 'attachment' },
  { name: 'data.bin', claimed: 'application/octet-stream', type: 'application/octet-stream', disposition: 'attachment' },
  { name: 'Grüße „x“ & 日本.mp4', claimed: 'video/mp4', type: 'video/mp4', disposition: 'attachment',
    encoded: 'Gr%C3%BC%C3%9Fe%20%E2%80%9Ex%E2%80%9C%20%26%20%E6%97%A5%E6%9C%AC.mp4' },
];

/// What of an answer must be so, whoever gives it.
const told = ({ status, headers, sha256: hash }) => ({ status, type: headers['content-type'], length: headers['content-length'],
  disposition: headers['content-disposition'], range: headers['content-range'], sha256: hash });

/// That Sluice answered it: from its cache, or from a file of the local disk, which needs none.
export function assertOurs(answer, what) {
  const status = cacheStatus(answer);
  assert.ok(status?.hit || status?.detail === 'local' || status?.fwd === 'local', `${what}: ${answer.headers['cache-status'] ?? 'relayed'}`);
}

/// Asks the app alone once, and Sluice twice, the second time from the cache; fails where one tells other than `wanted`.
async function everywhere(s, target, headers, wanted, what) {
  assert.deepEqual(told(await s.direct(target, { headers })), wanted, `${what}: the app`);
  for (const state of ['first', 'again']) {
    const answer = await s.through(target, { headers });
    assert.deepEqual(told(answer), wanted, `${what}: Sluice, ${state}`);
    if (state === 'again') assertOurs(answer, what);
  }
}

/// Types and dispositions.
export async function checkPresentations(s, owner) {
  const files = new Map();
  for (const { name, claimed, query = '', type, disposition, encoded = name } of presentations) {
    const key = `${name} of type ${claimed}`;
    if (!files.has(key)) files.set(key, await s.upload({ owner, name, type: claimed, bytes: content(key, 0, 5001) }));
    const file = files.get(key);
    await everywhere(s, contentOf(file, query), s.session(owner), { status: 200, type, length: '5001', range: undefined,
      disposition: disposition && `${disposition}; filename*=UTF-8''${encoded}`, sha256: file.sha256() }, key + query);
  }
}

const size = 300007;
/// [Range, first, last]; without these two: 416.
export const ranges = [
  ['bytes=0-0', 0, 0], ['bytes=0-', 0, size - 1], [`bytes=${size - 1}-`, size - 1, size - 1], ['bytes=1000-200000', 1000, 200000],
  ['bytes=-1', size - 1, size - 1], ['bytes=-1000', size - 1000, size - 1], [`bytes=-${size}`, 0, size - 1],
  [`bytes=10-${size * 2}`, 10, size - 1], ['BYTES=5-9', 5, 9], [`bytes=${size}-`], [`bytes=${size + 1}-${size + 9}`],
];

/// One range, several, and none that there is.
export async function checkRanges(s, owner) {
  const file = await s.upload({ owner, name: 'ranges.mp4', type: 'video/mp4', seed: 'ranges', size });
  const headers = s.session(owner);
  await everywhere(s, contentOf(file), headers, { status: 200, type: 'video/mp4', length: String(size), range: undefined,
    disposition: "attachment; filename*=UTF-8''ranges.mp4", sha256: file.sha256() }, 'whole');
  for (const [Range, first, last] of ranges) {
    if (first !== undefined) {
      await everywhere(s, contentOf(file), { ...headers, Range }, { status: 206, type: 'video/mp4', length: String(last - first + 1),
        range: `bytes ${first}-${last}/${size}`, disposition: "attachment; filename*=UTF-8''ranges.mp4", sha256: file.sha256(first, last) }, Range);
      continue;
    }
    for (const ask of [s.direct, s.through]) {
      const answer = await ask.call(s, contentOf(file), { headers: { ...headers, Range } });
      assert.deepEqual([answer.status, answer.headers['content-range']], [416, `bytes */${size}`], Range);
    }
  }
  const wanted = [[0, 9], [100, 300], [size - 5, size - 1]].map(([a, b]) => ['video/mp4', `bytes ${a}-${b}/${size}`, file.sha256(a, b)]);
  for (const ask of [s.direct, s.through]) {
    const several = await ask.call(s, contentOf(file), { headers: { ...headers, Range: 'bytes=0-9,100-199,150-300,-5' } });
    assert.equal(several.status, 206);
    assert.deepEqual(partsOf(several).map((part) => [part.type, part.contentRange, sha256(part.body)]), wanted, 'several ranges');
  }
}

/// Who is refused, and how: the app's own answer, through Sluice too, and the same for a cached file.
export async function checkRefusals(s, { owner, stranger, admin }) {
  const file = await s.upload({ owner, name: 'mine.mp4', type: 'video/mp4', seed: 'mine', size: 5000 });
  for (const user of [owner, admin]) {
    await everywhere(s, contentOf(file), s.session(user), { status: 200, type: 'video/mp4', length: '5000', range: undefined,
      disposition: "attachment; filename*=UTF-8''mine.mp4", sha256: file.sha256() }, user.name);
  }
  const refused = [
    [contentOf(file), {}, unauthenticated], [contentOf(file), s.session(stranger), notFound],
    [contentOf({ id: none }), s.session(admin), notFound], [contentOf(file), { Cookie: 'token=nonsense' }, [401]],
    [contentOf(file), { Authorization: 'Bearer nonsense' }, [401]], [contentOf(file), { 'x-api-key': 'sk-nonsense' }, [401]],
    [contentOf(file, '?attachment=maybe'), s.session(owner), [422]], [contentOf(file, '/html'), s.session(stranger), notFound],
    // Bearer goes before the cookie.
    [contentOf(file), { ...s.session(stranger), Cookie: `token=${s.session(owner).Authorization.slice('Bearer '.length)}` }, notFound],
  ];
  for (const [target, headers, [status, body]] of refused) {
    for (const ask of [s.direct, s.through]) {
      for (const Range of [undefined, 'bytes=0-9']) {
        const answer = await ask.call(s, target, { headers: { ...headers, ...(Range && { Range }) } });
        assert.equal(answer.status, status, target);
        if (body) assert.deepEqual(JSON.parse(answer.body), body, target);
        assert.equal(answer.headers['content-disposition'], undefined, target);
      }
    }
  }
  await everywhere(s, contentOf(file), { Cookie: `token=${s.session(owner).Authorization.slice('Bearer '.length)}` }, { status: 200,
    type: 'video/mp4', length: '5000', range: undefined, disposition: "attachment; filename*=UTF-8''mine.mp4", sha256: file.sha256() }, 'by cookie');
}

// How pydantic, and so the app, reads a truth value; all else is a 422.
const spellings = { attachment: ['true', 'True', 'TRUE', 't', 'T', '1', 'yes', 'Yes', 'y', 'on', 'ON'],
  '': ['false', 'False', 'f', '0', 'no', 'n', 'off'] };

/// The other spellings of `?attachment=`; `ours`: Sluice answers them itself.
export async function checkSpellings(s, owner, { ours = false } = {}) {
  const file = await s.upload({ owner, name: 'notes.txt', type: 'text/plain', bytes: content('spellings', 0, 5001) });
  const headers = s.session(owner);
  for (const [disposition, values] of Object.entries(spellings)) {
    for (const value of values) {
      for (const ask of [s.direct, s.through]) {
        const answer = await ask.call(s, contentOf(file, `?attachment=${value}`), { headers });
        assert.deepEqual([answer.status, answer.headers['content-disposition'], answer.sha256],
          [200, disposition ? `${disposition}; filename*=UTF-8''notes.txt` : undefined, file.sha256()], value);
        if (ours && ask === s.through) assert.ok(answer.headers['cache-status'], value);
      }
    }
  }
  for (const value of ['', '2', 'maybe', 'true%20', 'ye']) {
    for (const ask of [s.direct, s.through]) {
      assert.equal((await ask.call(s, contentOf(file, `?attachment=${value}`), { headers })).status, 422, value);
    }
  }
}

/// `/content/{file_name}`: always an attachment, its type by the stored name whatever the uploader claimed and the path says.
export async function checkNamedContent(s, { owner, stranger }, { ours = false } = {}) {
  const headers = s.session(owner);
  for (const [name, claimed, type] of [['v.mp4', 'text/html', 'video/mp4'], ['paper.pdf', 'application/pdf', 'application/pdf'],
    ['notes.txt', 'text/plain', 'text/plain; charset=utf-8'], ['photo.png', 'application/x-odd', 'image/png']]) {
    const file = await s.upload({ owner, name, type: claimed, bytes: content(`named ${name}`, 0, 5001) });
    for (const last of [name, 'any.bin', 'any%20name.mp4']) {
      for (const ask of [s.direct, s.through]) {
        const answer = await ask.call(s, contentOf(file, `/${last}`), { headers });
        assert.deepEqual(told(answer), { status: 200, type, length: '5001', disposition: `attachment; filename*=UTF-8''${name}`,
          range: undefined, sha256: file.sha256() }, `${name} as ${last}`);
        if (ours && ask === s.through) assert.ok(answer.headers['cache-status'], `${name} as ${last}`);
        assert.equal((await ask.call(s, contentOf(file, `/${last}`), { headers: s.session(stranger) })).status, 404, last);
      }
    }
  }
}
