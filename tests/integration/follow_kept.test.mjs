// How long the redirect of a route with `follow` holds: for `ttl`, for requests that the app could not tell apart, until an
// unsafe request to the same path, and never longer than the app allows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { path, size, startFollow } from '../support/follow_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';

const start = async (t, { follow = {}, ...more } = {}) => {
  const s = await startFollow(t, { follow: { ttl: '10m', ...follow }, ...more });
  s.redirects(s.signed());
  return s;
};

test('a kept redirect serves the next requests without the app; Set-Cookie goes to its caller once', async (t) => {
  const s = await start(t);
  s.redirects(s.signed(), { 'Set-Cookie': 'a=1' });
  assert.deepEqual((await s.ask()).headers['set-cookie'], ['a=1']);
  for (const headers of [range(5, 99), { 'User-Agent': 'other' }, { Referer: 'http://x/' }, { 'If-None-Match': '"x"' }, { Accept: '*/*' }]) {
    const answer = await s.ask(headers);
    assert.deepEqual([cacheStatus(answer), answer.headers['set-cookie']], [{ hit: true }, undefined], JSON.stringify(headers));
  }
  assert.equal(s.asked(), 1);
  assert.equal(await s.sluice.metric('authorize_total', { route: 'films', result: 'cached' }), 5);
});

test('every other request is asked for: query, method, caller, host, any field', async (t) => {
  const s = await start(t);
  await s.ask();
  let asked = 1;
  for (const [headers, options] of [[{ Cookie: 'session=1' }], [{ Cookie: 'session=2' }], [{ Authorization: 'Basic eDp5' }],
    [{ Host: 'other' }], [{ 'X-Any': '1' }], [{}, { target: `${path}?a=1` }], [{}, { target: `${path}?a=2` }],
    [{}, { method: 'HEAD' }]]) {
    await s.ask(headers, options);
    assert.equal(s.asked(), ++asked, JSON.stringify([headers, options]));
    if (options?.method) continue; // which the URL is not signed for
    await s.ask(headers, options);
    assert.equal(s.asked(), asked, `kept: ${JSON.stringify([headers, options])}`);
  }
});

test('one caller\'s redirect is not another\'s', async (t) => {
  const s = await start(t);
  s.app.mayRead = (entry) => entry.headers.cookie === 'session=1'
    ? { status: 302, headers: { Location: s.signed() } } : { status: 403, headers: {} };
  assert.equal((await s.ask({ Cookie: 'session=1' })).status, 200);
  assert.equal((await s.ask({ Cookie: 'session=2' })).status, 403);
  assert.equal((await s.ask()).status, 403);
  assert.equal((await s.ask({ Cookie: 'session=1' })).status, 200);
  assert.equal(s.asked(), 3);
});

test('what varies by a field that does not tell requests apart, or may not be stored, is not kept', async (t) => {
  const s = await start(t);
  let asked = 0;
  for (const headers of [{ Vary: '*' }, { Vary: 'User-Agent' }, { Vary: 'Cookie, Accept-Language' }, { 'Cache-Control': 'private, no-store' }]) {
    s.redirects(s.signed(), headers);
    for (let i = 0; i < 2; i++) {
      assert.equal((await s.ask({ 'User-Agent': `${i}` })).status, 200);
      assert.equal(s.asked(), ++asked, JSON.stringify(headers));
    }
  }
  s.redirects(s.signed(), { Vary: 'Cookie', 'Cache-Control': 'private, max-age=0' });
  await s.ask();
  await s.ask();
  assert.equal(s.asked(), asked + 1);
});

test('no other answer is kept', async (t) => {
  const s = await start(t);
  for (const [status, headers] of [[200, {}], [403, {}], [302, { Location: '/log-in' }], [302, { Location: s.url() }]]) {
    s.answers(status, headers);
    assert.equal((await s.ask()).status, status);
  }
  s.redirects(s.signed());
  assert.equal((await s.ask()).status, 200);
  assert.equal(s.asked(), 5);
});

test('an unsafe request to the same path drops it; one that the app refuses does not', async (t) => {
  const s = await start(t);
  await s.ask();
  let refused = true;
  const other = s.origin.put('films/other.mp4', { seed: 7, size });
  s.app.mayRead = (entry) => (entry.method === 'GET' ? { status: 302, headers: { Location: s.signed({ key: 'films/other.mp4' }) } }
    : { status: refused ? 403 : 204, headers: {} });
  await s.ask({}, { method: 'PUT', body: 'x' });
  assert.equal((await s.ask()).sha256, s.object.sha256());
  refused = false;
  await s.ask({}, { method: 'PUT', body: 'x' });
  assert.equal((await s.ask()).sha256, other.sha256());
});

test('ttl: 0s keeps nothing', async (t) => {
  const s = await start(t, { follow: { ttl: '0s' } });
  for (let i = 1; i <= 3; i++) {
    await s.ask();
    assert.equal(s.asked(), i);
  }
});

test('it does not outlive the URL that allowed it', async (t) => {
  const s = await start(t);
  s.redirects(s.signed({ expires: 2 }));
  assert.equal((await s.ask()).status, 200);
  const ended = Date.now() + 2000;
  s.answers(403, {});
  // The URL's own life, which is told in whole seconds of the clock: nothing else tells when it has ended.
  while (Date.now() <= ended) {
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.equal((await s.ask()).status, 403);
});

test('where the store does not have a kept redirect\'s object, the app answers', async (t) => {
  const s = await start(t, { stores: { media: { url_expiry: '1h' } }, cache: { directory: undefined } });
  await s.ask();
  s.origin.delete('films/v.mp4');
  const answer = await s.ask();
  assert.deepEqual([answer.status, answer.headers.location.split('?')[0], cacheStatus(answer).detail], [302, s.url(), 'not_found']);
  assert.equal(s.asked(), 2);
});
