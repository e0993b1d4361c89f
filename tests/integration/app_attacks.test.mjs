// Attacks on what apps name: an app with an open redirect, URLs that only look like the bucket's, another tenant's rightly signed
// one, captures said twice or encoded twice. Each says what stops it: the answer is the app's own, and the store was not asked.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { content, sha256 } from '../support/content.mjs';
import { startAccounts } from '../support/s3_accounts.mjs';
import { presign } from '../support/sigv4.mjs';
import { cacheStatus, runAll, startStack } from '../support/stack.mjs';

const [secret, shared] = ['the secret', 'what may be seen'].map((seed) => content(seed, 0, 70001));
const ours = { accessKey: 'AKOURS', secretKey: 'our/secret+key' };
const theirs = { accessKey: 'AKTHEIRS', secretKey: 'their/secret+key' };

/// Sluice with these routes between an app, `answer(req, res, url)`, and a server with our bucket and another tenant's of the
/// same name.
async function start(t, routes, answer) {
  const asked = [];
  const app = http.createServer((req, res) => {
    asked.push(req.url);
    answer(req, res, new URL(req.url, 'http://app'));
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  const origin = await startAccounts({ [ours.accessKey]: ours.secretKey, [theirs.accessKey]: theirs.secretKey });
  for (const { accessKey } of [ours, theirs]) {
    origin.putFor(accessKey, 'secret/film.mp4', { bytes: secret });
    origin.putFor(accessKey, 'open/film.mp4', { bytes: shared });
  }
  const closeApp = () => new Promise((resolve) => {
    app.close(resolve);
    app.closeAllConnections();
  });
  const stores = { media: { type: 's3', bucket: 'media', region: 'us-east-1', endpoint: origin.url, addressing: 'path',
    credentials: { access_key_id: ours.accessKey, secret_access_key: ours.secretKey } } };
  const s = await startStack(t, { origin, config: { app: { url: `http://127.0.0.1:${app.address().port}` }, stores, routes }, cleanup: [closeApp] });
  Object.assign(s, { asked, signed: (key, more = {}) => presign({ endpoint: origin.url, bucket: 'media', key, ...ours, ...more }) });
  s.ask = (target, options) => get(s.sluice.url + target, { keep: true, ...options });
  return s;
}

const redirectRoute = (follow = {}) => [{ name: 'site', path: '/{rest*}', query: 'any', store: 'media', follow }];
/// The app that anybody can have redirect to anything.
const openRedirect = (_, res, url) => res.writeHead(302, { Location: url.searchParams.get('to'), 'Content-Length': 0 }).end();
const to = (location) => `/go?to=${encodeURIComponent(location)}`;

test('an app with an open redirect gives out nothing that nobody signed', async (t) => {
  const s = await start(t, redirectRoute(), openRedirect);
  const served = await s.ask(to(s.signed('open/film.mp4')));
  assert.deepEqual([served.status, served.sha256], [200, sha256(shared)], 'what is rightly signed is served');
  const { url } = s.origin;
  const host = new URL(url).host;
  const good = s.signed('secret/film.mp4');
  const query = good.split('?')[1];
  const attacks = {
    'no signature': `${url}/media/secret/film.mp4`,
    'a signature made up': good.replace(/Signature=[0-9a-f]{8}/, 'Signature=00000000'),
    'that of another object': `${url}/media/secret/film.mp4?${s.signed('open/film.mp4').split('?')[1]}`,
    'one that has ended': s.signed('secret/film.mp4', { time: Date.now() - 7200e3, expires: 60 }),
    'one that is not yet': s.signed('secret/film.mp4', { time: Date.now() + 7200e3 }),
    'one for PUT': s.signed('secret/film.mp4', { method: 'PUT' }),
    'one for DELETE': s.signed('secret/film.mp4', { method: 'DELETE' }),
    "another tenant's, rightly signed, of a bucket of the same name": s.signed('secret/film.mp4', theirs),
    'a type put in behind it': `${good}&response-content-type=text/html`,
    'another version': `${good}&versionId=1`,
    'a signature twice': `${good}&X-Amz-Signature=${'0'.repeat(64)}`,
    'a line break in it': good.replace('X-Amz-Date=', 'X-Amz-Date=%0A'),
    'another bucket': presign({ endpoint: url, bucket: 'media2', key: 'secret/film.mp4', ...ours }),
    'a name that begins like the host': `${url}.evil.example/media/secret/film.mp4?${query}`,
    'a user before the host': good.replace('http://', 'http://media@'),
    'the host as a user': `http://${host}@evil.example/media/secret/film.mp4?${query}`,
    'a path that leaves the bucket': `${url}/media2/../media/secret/film.mp4?${query}`,
    'the same, encoded': `${url}/media2/%2e%2e/media/secret/film.mp4?${query}`,
    'slashes encoded': `${url}/media/secret%2Ffilm.mp4?${query}`,
    'a backslash': `http:\\\\${host}\\media\\secret/film.mp4?${query}`,
    'no scheme': `//${host}/media/secret/film.mp4?${query}`.replace(/Signature=[0-9a-f]{8}/, 'Signature=00000000'),
    'another scheme': good.replace('http://', 'https://'),
    'a fragment': `${url}/media/open/film.mp4#${query}`,
  };
  for (const [what, location] of Object.entries(attacks)) {
    const before = s.origin.requests.length;
    const answer = await s.ask(to(location));
    assert.notEqual(answer.sha256, sha256(secret), what);
    assert.deepEqual([answer.status, answer.headers.location], [302, location], `${what}: the redirect passes as it came`);
    assert.equal(s.origin.requests.length, before, `${what}: the store is not asked`);
  }
});

test('with trust: location the word of the app alone counts, and still only in the store', async (t) => {
  const s = await start(t, redirectRoute({ trust: 'location' }), openRedirect);
  const answer = await s.ask(to(`${s.origin.url}/media/secret/film.mp4`));
  assert.deepEqual([answer.status, answer.sha256], [200, sha256(secret)], 'this is what README warns of');
  for (const location of [`${s.origin.url}/media2/secret/film.mp4`, `${s.origin.url}/media2/../media/secret/film.mp4`, `${s.origin.url}/media/secret%2Ffilm.mp4`,
    `${s.origin.url}/media/secret/film.mp4?versionId=3`]) {
    const passed = await s.ask(to(location));
    assert.deepEqual([passed.status, passed.headers.location], [302, location]);
  }
});

test('a page from the bucket does not run on the app\'s origin', async (t) => {
  const s = await start(t, redirectRoute(), openRedirect);
  const page = { 'page.html': 'text/html', 'code.js': 'text/javascript', 'style.css': 'text/css', 'picture.svg': 'image/svg+xml', 'data.xml': 'application/xml' };
  for (const [key, contentType] of Object.entries(page)) {
    s.origin.putFor(ours.accessKey, key, { bytes: Buffer.from('<script>alert(1)</script>'), contentType });
    for (const query of [{}, { 'response-content-disposition': 'inline', 'response-content-type': contentType }]) {
      const answer = await s.ask(to(s.signed(key, { query })));
      assert.equal(answer.status, 200, key);
      assert.match(answer.headers['content-disposition'], /^attachment/, key);
      assert.match(answer.headers['content-security-policy'], /sandbox/, key);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', key);
      if (/js|css/.test(key)) assert.equal(answer.headers['content-type'], 'application/octet-stream', key);
    }
  }
});

const capturing = [
  { name: 'byquery', path: '/get', query: ['key'], store: 'media', object: '{query.key}', authorize: { subrequest: '/may?key={query.key}' } },
  { name: 'sliced', path: '/cut/{id}', store: 'media', object: '{id[0:4]}/{id[4:]}', authorize: { subrequest: '/may/{id}' } },
];
/// "": it is no text.
function decoded(raw) {
  try {
    return decodeURIComponent(raw);
  } catch {
    return '';
  }
}
/// Grants what begins with "open", by what it reads out of its own URL; answers all else itself.
function cautious(_, res, url) {
  const named = url.pathname === '/may' ? url.searchParams.getAll('key').join(',') : decoded(url.pathname.slice('/may/'.length));
  const may = url.pathname.startsWith('/may') && named.startsWith('open') && !named.includes('..');
  const body = JSON.stringify({ named });
  res.writeHead(may ? 200 : 403, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body);
}

test('what the app is asked and what is fetched are one thing, however the query is written', async (t) => {
  const s = await start(t, capturing, cautious);
  const right = await s.ask('/get?key=open/film.mp4');
  assert.deepEqual([right.status, right.sha256], [200, sha256(shared)]);
  assert.equal((await s.ask('/get?key=open%2Ffilm.mp4')).sha256, sha256(shared), 'decoded once');
  assert.equal((await s.ask('/get?%6bey=open/film.mp4')).sha256, sha256(shared), 'the name in another spelling');
  const hostile = ['key=open/film.mp4&key=secret/film.mp4', 'key=secret/film.mp4&key=open/film.mp4', 'key=open/film.mp4&%6bey=secret/film.mp4',
    '%6bey=secret/film.mp4&key=open/film.mp4', 'key=', 'key', '', 'key=open%252F..%252Fsecret/film.mp4', 'key=open/../secret/film.mp4', 'key=open/%2e%2e/secret/film.mp4',
    'key=open%00/film.mp4', 'key=open%ff/film.mp4', 'key=open/film.mp4%00', 'key=open/film.mp4&other=1', 'key=open/film.mp4;key=secret/film.mp4', 'key=%zz',
    'KEY=secret/film.mp4', 'key=open/./film.mp4', 'key=secret/film.mp4'];
  for (const query of hostile) {
    const before = s.origin.requests.length;
    const answer = await s.ask(`/get?${query}`);
    assert.notEqual(answer.sha256, sha256(secret), query);
    const fetched = s.origin.requests.slice(before).map(({ key }) => key);
    assert.ok(fetched.every((key) => key.startsWith('open')), `${query}: ${fetched}`);
    if (cacheStatus(answer) === undefined || answer.status === 403) assert.deepEqual(fetched, [], query);
  }
});

test('slices count characters, and cut none', async (t) => {
  const s = await start(t, capturing, cautious);
  s.origin.putFor(ours.accessKey, 'open/ü🎬.mp4', { bytes: shared });
  const right = await s.ask(`/cut/open${encodeURIComponent('ü🎬.mp4')}`);
  assert.deepEqual([right.status, right.sha256], [200, sha256(shared)]);
  for (const id of ['open', 'ope', 'o', encodeURIComponent('üüüü'), encodeURIComponent('🎬🎬🎬'), 'open..', 'open.', '....secret', 'open%C3', 'open%F0%9F%8E', 'secret/film.mp4']) {
    const answer = await s.ask(`/cut/${id}`);
    assert.equal(answer.status, 403, id);
    assert.notEqual(answer.sha256, sha256(secret), id);
  }
});
