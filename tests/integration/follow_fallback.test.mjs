// Routes with `follow`: where the store cannot give the object, the client gets the app's redirect as it came; and what the
// bucket's own origin isolated is isolated on the app's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { key, path, size, startFollow } from '../support/follow_stack.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const start = async (t, { follow = {}, ...more } = {}) => {
  const s = await startFollow(t, { follow: { ttl: '0s', ...follow }, ...more });
  s.redirects(s.signed());
  return s;
};

test('the store has no such object, refuses it or fails: the app\'s redirect, as it came', async (t) => {
  const s = await start(t, { fallback: { after: '1s' } });
  const own = { 'Set-Cookie': ['a=1', 'b=2'], 'X-Why': 'own', ETag: '"own"', 'Content-Type': 'text/x-own', 'Cache-Control': 'max-age=1' };
  const troubles = [(r) => r.status(404), (r) => r.status(403), (r) => r.status(500), (r) => r.status(503), (r) => r.resetAt(0),
    (r) => r.garbage(), (r) => r.encoding('gzip')];
  for (const [i, trouble] of troubles.entries()) {
    const of = `films/${i}.mp4`;
    s.origin.put(of, { size });
    trouble(s.origin.when(of));
    const location = s.signed({ key: of });
    for (const status of [302, 307]) {
      s.redirects(location, own, status, Buffer.from('moved'));
      const answer = await s.ask(range(0, 9));
      assert.deepEqual([answer.status, `${answer.body}`, answer.headers.location, answer.headers['set-cookie'], answer.headers['x-why'],
        answer.headers.etag, answer.headers['content-type'], answer.headers['cache-control'], answer.headers['x-app']],
      [status, 'moved', location, ['a=1', 'b=2'], 'own', '"own"', 'text/x-own', 'max-age=1', 'stand-in'], `${trouble}`);
      assert.equal(cacheStatus(answer).fwd, 'bypass');
      assert.ok(cacheStatus(answer).detail);
    }
  }
  assert.equal(s.asked(), 2 * troubles.length, 'the app is not asked again');
  assert.equal(await s.sluice.metric('fallback_total', { route: 'films' }), 2 * troubles.length);
});

test('the store is down: the redirect; what is cached is sent all the same', async (t) => {
  const s = await start(t, { fallback: { after: '1s' } });
  assert.equal((await s.ask()).status, 200);
  await s.origin.down();
  const cached = await s.ask(range(5, 99));
  assert.deepEqual([cached.status, cached.sha256], [206, s.object.sha256(5, 99)]);
  s.redirects(s.signed({ key: 'films/other.mp4' }));
  assert.equal((await s.ask()).status, 302);
});

test('HEAD, an empty body, a long one', async (t) => {
  const s = await start(t);
  s.origin.delete(key);
  s.redirects(s.signed({ method: 'HEAD' }), { 'Content-Length': 7 });
  const head = await s.ask({}, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.length], [302, '7', 0]);
  const rows = [[{}, '', ''], [{}, 'x'.repeat(65536), 'x'.repeat(65536)], [{}, 'x'.repeat(65537), '']];
  for (const [headers, sent, got] of rows) {
    s.redirects(s.signed(), headers, 302, Buffer.from(sent));
    for (let i = 0; i < 3; i++) {
      const answer = await s.ask();
      assert.deepEqual([answer.status, answer.complete, `${answer.body}`], [302, true, got], `${sent.length}`);
    }
  }
  s.origin.put(key, { size });
  for (const [headers, sent] of rows) {
    s.redirects(s.signed(), headers, 302, Buffer.from(sent));
    assert.equal((await s.ask()).sha256, s.object.sha256());
  }
});

test('a body that never ends holds nobody up for long', async (t) => {
  const s = await start(t, { fallback: { after: '500ms' } });
  s.redirects(s.signed(), { 'Content-Length': 1000 }, 302, Buffer.from('the rest does not come'));
  const answer = await s.ask();
  assert.equal(answer.sha256, s.object.sha256());
});

test('what may not be shown on the app\'s origin is isolated, whatever the URL, the store and the app say', async (t) => {
  const s = await start(t);
  const html = s.origin.put('films/page.html', { bytes: Buffer.from('<script>alert(1)</script>'), contentType: 'text/html' });
  const rows = [
    [{ key: 'films/page.html' }, 'text/html', 'attachment'],
    [{ query: { 'response-content-type': 'text/html; charset=utf-8' } }, 'text/html; charset=utf-8', 'attachment'],
    [{ query: { 'response-content-type': 'image/svg+xml', 'response-content-disposition': 'inline; filename="a.svg"' } },
      'image/svg+xml', 'attachment; filename="a.svg"'],
    [{ query: { 'response-content-type': 'text/javascript' } }, 'application/octet-stream', 'attachment'],
    [{ query: { 'response-content-type': 'text/css', 'response-content-disposition': 'inline' } }, 'application/octet-stream', 'attachment'],
  ];
  for (const [how, type, disposition] of rows) {
    s.redirects(s.signed(how), { 'Content-Disposition': 'inline', 'Content-Security-Policy': "default-src 'self'" });
    for (const state of ['cold', 'warm']) {
      const { headers } = await s.ask();
      assert.deepEqual([headers['content-type'], headers['content-disposition'].split(';')[0], headers['content-security-policy'],
        headers['x-content-type-options']], [type, 'attachment', 'sandbox', 'nosniff'], `${JSON.stringify(how)} ${state}`);
      if (how.query?.['response-content-disposition'] || !how.query) assert.equal(headers['content-disposition'], disposition);
    }
  }
  const same = await s.ask({ 'If-None-Match': html.etag });
  assert.equal(same.headers['content-security-policy'], 'sandbox');
  s.redirects(s.signed());
  const film = await s.ask();
  assert.deepEqual([film.headers['content-type'], film.headers['content-disposition'], film.headers['content-security-policy']],
    ['video/mp4', undefined, undefined]);
});

test('allow_inline: they go out as they are', async (t) => {
  const s = await start(t, { route: { allow_inline: true } });
  s.origin.put('films/page.html', { bytes: Buffer.from('<p>'), contentType: 'text/html' });
  s.redirects(s.signed({ key: 'films/page.html' }), { 'Content-Security-Policy': "default-src 'self'" });
  const { headers } = await s.ask();
  assert.deepEqual([headers['content-type'], headers['content-disposition'], headers['content-security-policy']],
    ['text/html', undefined, "default-src 'self'"]);
});

test('the log says once what to configure, without a query', async (t) => {
  const s = await start(t);
  const elsewhere = 'https://bucket.s3.eu-west-1.amazonaws.com/a/b.mp4';
  const rows = [['elsewhere', `${elsewhere}?X-Amz-Signature=${'5eed'.repeat(16)}`, elsewhere], ['unsigned', s.url(), s.url()],
    ['encoded_slash', s.signed().replace('films/', 'films%2F'), s.url('films%2Fv.mp4')]];
  for (const [reason, location, named] of rows) {
    s.redirects(location);
    await s.ask();
    await s.ask();
    const found = await s.sluice.waitForLog((r) => r.level === 'warn' && r.reason === reason, reason);
    assert.deepEqual([found.route, found.named, found.configured], ['films', named, 's3://media/']);
    assert.ok(found.do.length > 0);
  }
  s.redirects('/log-in?next=%2F');
  await s.ask();
  await poll(() => s.sluice.access.length === 2 * rows.length + 1, 'the access log');
  assert.deepEqual(s.sluice.log.filter((r) => r.level === 'warn' && r.route === 'films').map((r) => r.reason), rows.map(([reason]) => reason));
});

test('a client that leaves while the app is asked costs nothing', async (t) => {
  const s = await start(t);
  const { open } = await import('../support/client.mjs');
  const leaving = open(`${s.sluice.url}${path}?gate=wait`);
  await s.app.waitFor((r) => r.query.has('gate'));
  leaving.abort();
  await s.app.board.until(() => s.app.of(path).every((r) => r.finished), 'the app let go');
  assert.equal(s.origin.requests.length, 0);
  assert.equal((await s.ask()).status, 200);
});
