// Routes with `follow` and `trust: signature`, the default: a redirect is followed where its URL carries a signature of the
// store's own key for this very object, method and time, so that who chooses where an app redirects chooses no object.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { key, size, startFollow } from '../support/follow_stack.mjs';
import { presign } from '../support/sigv4.mjs';
import { cacheStatus } from '../support/stack.mjs';

const start = (t, more = {}) => startFollow(t, { ...more, follow: { ttl: '0s', ...more.follow } });

test('a URL of the store\'s own key is followed; what was signed in it is taken; the signature does not leave', async (t) => {
  const s = await start(t);
  const location = s.signed({ query: { 'response-content-type': 'video/x-test', 'response-content-disposition': 'inline; filename="a b.mp4"' } });
  assert.equal((await get(location)).status, 200, 'the store takes it');
  s.origin.forget();
  s.redirects(location, { 'Set-Cookie': ['a=1', 'b=2'], 'Content-Type': 'text/html' });
  for (const state of ['cold', 'warm']) {
    const answer = await s.ask(range(5, 99));
    assert.deepEqual([answer.status, answer.sha256, answer.headers['content-type'], answer.headers['content-disposition'],
      answer.headers['set-cookie'], answer.headers.location],
    [206, s.object.sha256(5, 99), 'video/x-test', 'inline; filename="a b.mp4"', ['a=1', 'b=2'], undefined], state);
  }
  assert.equal(s.origin.of(key).length, 1);
  assert.notEqual(s.origin.of(key)[0].target, new URL(location).pathname + new URL(location).search, 'signed anew');
  const signature = new URL(location).searchParams.get('X-Amz-Signature');
  assert.ok(!s.sluice.lines.some((line) => line.includes(signature)), 'in no log');
});

test('HEAD is followed by a URL that is signed for HEAD, and only by that', async (t) => {
  const s = await start(t);
  s.redirects(s.signed({ method: 'HEAD' }));
  const head = await s.ask({}, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.headers.etag], [200, `${size}`, s.object.etag]);
  assert.equal((await s.ask()).status, 302, 'GET');
  s.redirects(s.signed());
  assert.equal((await s.ask({}, { method: 'HEAD' })).status, 302, 'HEAD by a URL for GET');
});

test('what is unsigned, forged, expired or signed for something else passes as it came, and nothing is fetched', async (t) => {
  const s = await start(t);
  const secret = s.origin.put('secret/v.mp4', { seed: 9, size });
  const good = s.signed();
  const other = s.signed({ key: 'secret/v.mp4' });
  const swapped = good.replace('/films/', '/secret/');
  const edit = (change) => {
    const url = new URL(good);
    change(url.searchParams);
    return url.href;
  };
  const locations = {
    unsigned: s.url(),
    'unsigned, another object': s.url('secret/v.mp4'),
    'another object\'s path': swapped,
    'another object\'s signature': edit((q) => q.set('X-Amz-Signature', new URL(other).searchParams.get('X-Amz-Signature'))),
    'no signature': edit((q) => q.delete('X-Amz-Signature')),
    'an empty signature': edit((q) => q.set('X-Amz-Signature', '')),
    'half of it': edit((q) => q.set('X-Amz-Signature', q.get('X-Amz-Signature').slice(0, 32))),
    'a longer life': edit((q) => q.set('X-Amz-Expires', '7200')),
    'another time': edit((q) => q.set('X-Amz-Date', '20990101T000000Z')),
    'two signatures': `${good}&X-Amz-Signature=${new URL(good).searchParams.get('X-Amz-Signature')}`,
    'a parameter behind it': `${good}&response-content-type=text/html`,
    'a wrong secret': s.signed({ secretKey: 'guess' }),
    'another key, at an endpoint that is no cloud\'s': s.signed({ accessKey: 'AKOTHER', secretKey: 'other' }),
    expired: s.signed({ time: Date.now() - 7200_000 }),
    'not valid yet': s.signed({ time: Date.now() + 86400_000 }),
    'signed for PUT': s.signed({ method: 'PUT' }),
    'signed for POST': s.signed({ method: 'POST' }),
    'signed for HEAD': s.signed({ method: 'HEAD' }),
    'a version': s.signed({ query: { versionId: '1' } }),
    'a part': s.signed({ query: { partNumber: '1' } }),
    'line breaks': `${good}%0d%0aX: y`,
    '%2F': good.replace('films/', 'films%2F'),
    'dot segments': good.replace('films/', 'films/x/../'),
    'another bucket': presign({ endpoint: s.origin.url, bucket: 'other', key, accessKey: 'AKTEST', secretKey: 'secret' }),
    'a host that only looks like it': good.replace('127.0.0.1', '127.0.0.1.evil.example'),
    'huge': `${good}&x=${'y'.repeat(12000)}`,
  };
  for (const [what, location] of Object.entries(locations)) {
    s.redirects(location);
    for (const headers of [{}, range(0, 9)]) {
      const answer = await s.ask(headers);
      assert.deepEqual([answer.status, answer.headers.location, `${answer.body}`, answer.headers['cache-status']],
        [302, location, 'of the app', undefined], what);
    }
  }
  assert.equal(s.origin.requests.length, 0);
  s.redirects(good);
  assert.equal((await s.ask()).sha256, s.object.sha256());
  s.redirects(other);
  assert.equal((await s.ask()).sha256, secret.sha256(), 'which the app may sign');
});

test('an open redirect gives nobody another\'s object', async (t) => {
  const s = await start(t);
  s.origin.put('secret/v.mp4', { seed: 9, size });
  s.app.mayRead = (entry) => ({ status: 302, headers: { Location: entry.query.get('next') ?? s.signed() } });
  const own = await s.ask();
  assert.equal(own.sha256, s.object.sha256());
  // Signed, but by the attacker's own key, for his bucket of the same name in his account.
  const theirs = s.signed({ key: 'secret/v.mp4', accessKey: 'AKEVIL', secretKey: 'evil' });
  for (const next of [s.url('secret/v.mp4'), theirs]) {
    const answer = await s.ask({}, { target: `/api/may-read/v?next=${encodeURIComponent(next)}` });
    assert.deepEqual([answer.status, answer.headers.location], [302, next]);
  }
  assert.deepEqual(s.origin.of('secret/v.mp4'), []);
});

test('a store without a key of its own verifies nothing', async (t) => {
  const s = await start(t, { stores: { media: { credentials: undefined, anonymous: true } } });
  for (const location of [s.url(), s.signed()]) {
    s.redirects(location);
    assert.deepEqual([(await s.ask()).status, s.origin.requests.length], [302, 0]);
  }
});

test('the access log and the result tell what was done', async (t) => {
  const s = await start(t);
  s.redirects(s.signed());
  assert.equal(cacheStatus(await s.ask()).fwd, 'miss');
  s.redirects(s.url());
  await s.ask();
  await s.sluice.counted(1, { route: 'films', result: 'miss', code: '200' });
  await s.sluice.counted(1, { route: 'films', result: 'relay', code: '302' });
  assert.deepEqual([await s.sluice.metric('authorize_total', { route: 'films', result: 'granted' }),
    await s.sluice.metric('authorize_total', { route: 'films', result: 'unresolved' })], [1, 1]);
});
