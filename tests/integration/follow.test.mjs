// Routes with `follow`: the app answers each media request itself, and where it redirects into a configured store, Sluice
// sends the object in place of the redirect. Here the word of the Location is taken (`trust: location`); whose word that
// is: follow_signature. How long it holds: follow_kept.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, range } from '../support/client.mjs';
import { key, path, size, startFollow } from '../support/follow_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';

const start = (t, { follow = {}, ...more } = {}) => startFollow(t, { follow: { trust: 'location', ttl: '0s', ...follow }, ...more });

function checkServed(answer, object, [status, first, last] = [200], what) {
  assert.deepEqual([answer.status, answer.sha256, answer.complete, answer.headers.location],
    [status, object.sha256(first, last), true, undefined], what);
  assert.ok(cacheStatus(answer), what);
}
/// The app's own redirect, as it came.
function checkPassed(answer, location, what, status = 302) {
  assert.deepEqual([answer.status, answer.headers.location, `${answer.body}`, answer.headers['x-app']],
    [status, location, 'of the app', 'stand-in'], what);
}

test('the object is sent in place of the redirect, cold and from the cache; the app is asked each time', async (t) => {
  const s = await start(t);
  for (const status of [302, 303, 307, 308]) {
    s.redirects(s.url(), {}, status);
    checkServed(await s.ask(), s.object, [200], `${status}`);
  }
  const warm = await s.ask();
  assert.equal(cacheStatus(warm).hit, true);
  checkServed(await s.ask(range(5, 99)), s.object, [206, 5, 99]);
  assert.deepEqual([s.asked(), s.origin.of(key).length], [6, 1]);
  assert.deepEqual(await s.sluice.metric('authorize_total', { route: 'films', result: 'granted' }), 6);
  s.answers(403, {});
  assert.equal((await s.ask()).status, 403, 'at once');
  await s.sluice.counted(1, { route: 'films', result: 'denied', code: '403' });
});

test('the app gets the request as it came: method, Range and conditionals', async (t) => {
  const s = await start(t);
  s.redirects(s.url());
  await s.ask({ ...range(5, 99), 'If-None-Match': '"x"', 'If-Range': '"y"', 'Accept-Encoding': 'gzip', 'X-Trace': '1' });
  const { method, target, headers } = s.app.requests.at(-1);
  assert.deepEqual([method, target, headers.range, headers['if-none-match'], headers['if-range'], headers['accept-encoding'],
    headers['x-trace'], headers['x-original-uri']], ['GET', path, 'bytes=5-99', '"x"', '"y"', 'gzip', '1', undefined]);
  await s.ask({}, { target: `${path}?a=1&b=%2F`, method: 'HEAD' });
  assert.deepEqual([s.app.requests.at(-1).method, s.app.requests.at(-1).target], ['HEAD', `${path}?a=1&b=%2F`]);
});

test('preconditions and ranges are the object\'s', async (t) => {
  const s = await start(t);
  s.redirects(s.url(), { ETag: '"of-the-redirect"' });
  for (const state of ['cold', 'warm']) {
    const same = await s.ask({ 'If-None-Match': s.object.etag });
    assert.deepEqual([same.status, same.length, same.headers.etag], [304, 0, s.object.etag], state);
    assert.equal((await s.ask({ 'If-Match': '"other"' })).status, 412, state);
    assert.equal((await s.ask(range(size))).status, 416, state);
    checkServed(await s.ask({ ...range(5, 99), 'If-Range': s.object.etag }), s.object, [206, 5, 99], state);
    checkServed(await s.ask({ 'If-None-Match': '"of-the-redirect"' }), s.object, [200], state);
  }
});

test('HEAD: the object\'s head', async (t) => {
  const s = await start(t);
  s.redirects(s.url());
  const client = await connect(s.sluice.port);
  t.after(() => client.destroy());
  for (const state of ['cold', 'again']) {
    await client.send(`HEAD ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const { status, headers } = await client.response({ head: true });
    assert.deepEqual([status, headers['content-length'], headers.etag, headers.location], [200, `${size}`, s.object.etag, undefined], state);
    assert.equal(client.received.length, 0);
  }
});

test('every other answer of the app passes as it came', async (t) => {
  const s = await start(t);
  for (const status of [200, 201, 206, 300, 301, 304, 305, 400, 401, 404, 412, 416, 500, 503]) {
    s.answers(status, { Location: s.url(), 'X-Why': 'own', ETag: '"own"', 'Content-Type': 'text/x-own' }, status === 304 ? '' : undefined);
    const answer = await s.ask(range(0, 3));
    assert.deepEqual([answer.status, `${answer.body}`, answer.headers.location, answer.headers['x-why'], answer.headers.etag,
      answer.headers['content-type'], answer.headers['cache-status']],
    [status, status === 304 ? '' : 'of the app', s.url(), 'own', '"own"', 'text/x-own', undefined], `${status}`);
  }
  s.answers(302, {});
  checkPassed(await s.ask(), undefined, 'no Location');
  s.answers(302, { Location: [s.url(), s.url()] });
  const two = await s.ask();
  assert.deepEqual([two.status, `${two.body}`, two.rawHeaders.filter((name) => /^location$/i.test(name)).length], [302, 'of the app', 2]);
  assert.equal(s.origin.requests.length, 0);
});

test('the statuses of the route, and no others', async (t) => {
  const s = await start(t, { follow: { statuses: [301] } });
  s.redirects(s.url(), {}, 301);
  checkServed(await s.ask(), s.object);
  s.redirects(s.url());
  checkPassed(await s.ask(), s.url());
});

test('a Location elsewhere passes as it came, and nothing is fetched', async (t) => {
  const s = await start(t, { stores: { media: { prefix: 'films/' } } });
  const { port } = s.origin;
  const there = `127.0.0.1:${port}`;
  const locations = ['', '/', '/log-in?next=/api/may-read/v', 'log-in', '//127.0.0.1/media/films/v.mp4', `//${there}/media/films/v.mp4`,
    `https://${there}/media/films/v.mp4`, `ftp://${there}/media/films/v.mp4`, 's3://media/films/v.mp4',
    `http://127.0.0.1/media/films/v.mp4`, `http://127.0.0.1:${port + 1}/media/films/v.mp4`, `http://localhost:${port}/media/films/v.mp4`,
    `http://${there}/other/films/v.mp4`, `http://${there}/mediafilms/v.mp4`, `http://${there}/Media/films/v.mp4`,
    `http://${there}/media`, `http://${there}/media/`, `http://${there}/media/films/`, `http://${there}/media/secret/v.mp4`,
    `http://${there}.evil.example/media/films/v.mp4`, `http://evil.example/${there}/media/films/v.mp4`,
    `http://evil.example/http://${there}/media/films/v.mp4`, `http://evil.example?http://${there}/media/films/v.mp4`,
    `http://user@${there}/media/films/v.mp4`, `http://${there}@evil.example/media/films/v.mp4`, `http://u:p@${there}/media/films/v.mp4`,
    `http://${there}/media/films%2Fv.mp4`, `http://${there}/media%2Ffilms/v.mp4`, `http://${there}/media/films%5Cv.mp4`,
    `http://${there}/media\\films/v.mp4`, `http://${there}\\media/films/v.mp4`, `http:\\\\${there}/media/films/v.mp4`,
    `http://${there}/media/films/../films/v.mp4`, `http://${there}/media/films/%2e%2e/films/v.mp4`, `http://${there}/media/./films/v.mp4`,
    `http://${there}/x/../media/films/v.mp4`, `http://${there}/media/films/%2E/v.mp4`, `http://${there}/media/films/v.mp4%`,
    `http://${there}/media/films/%zz`, `http://${there}/media/films/%00`, `http://${there}/media/films/%0d%0aX: y`,
    `http://${there}/media/films/%FF`, `http://${there}/media/films/${'k'.repeat(1100)}`,
    `http://${there}/media/films/v.mp4?versionId=1`, `http://${there}/media/films/v.mp4?partNumber=1`,
    `http://${there}/media/films/v.mp4?acl`, `http://${there}/media/films/${'x'.repeat(12000)}`];
  for (const location of locations) {
    s.redirects(location);
    const answer = await s.ask();
    assert.deepEqual([answer.status, answer.headers.location, `${answer.body}`, answer.headers['cache-status']],
      [302, location, 'of the app', undefined], location.slice(0, 200));
  }
  assert.equal(s.origin.requests.length, 0);
  assert.equal(s.asked(), locations.length);
  assert.equal(await s.sluice.metric('authorize_total', { route: 'films', result: 'unresolved' }), locations.length);
  s.redirects(s.url());
  checkServed(await s.ask(), s.object, [200], 'and one in it is followed');
});

test('`store` restricts it', async (t) => {
  const credentials = { access_key_id: 'AKTEST', secret_access_key: 'secret' };
  const s = await start(t, { route: { store: 'other' },
    stores: { other: { type: 's3', bucket: 'other', region: 'us-east-1', endpoint: 'http://127.0.0.1:9', addressing: 'path', credentials } } });
  s.redirects(s.url());
  checkPassed(await s.ask(), s.url());
});

test('spellings of one object\'s URL are one object', async (t) => {
  const s = await start(t);
  for (const spelling of [s.url(), s.url().replace('http:', 'HTTP:'), s.url().replace('films', '%66ilms'), `${s.url()}?x-id=GetObject`]) {
    s.redirects(spelling);
    checkServed(await s.ask(), s.object, [200], spelling);
  }
  assert.equal(s.origin.of(key).length, 1);
});

test('methods and requests that are no media requests are relayed', async (t) => {
  const s = await start(t);
  s.redirects(s.url());
  for (const options of [{ method: 'POST', body: 'x' }, { method: 'DELETE' }, { method: 'OPTIONS' }, { headers: { Expect: '100-continue' }, body: 'x' }]) {
    checkPassed(await s.ask(options.headers, options), s.url(), JSON.stringify(options));
  }
  assert.equal(s.origin.requests.length, 0);
});

test('the app does not answer: 502, and the reason', async (t) => {
  const s = await start(t);
  await s.app.down();
  const answer = await s.ask();
  assert.deepEqual([answer.status, cacheStatus(answer)], [502, { fwd: 'bypass', detail: 'authorize_error' }]);
  assert.equal(await s.sluice.metric('fallback_total', { route: 'films', reason: 'authorize_error' }), 1);
});
