// Redirects to OpenStack Swift's S3 interface: a real store takes the URLs that we hand out.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { content } from '../support/content.mjs';
import { uriEncode } from '../support/sigv4.mjs';
import { startStack } from '../support/stack.mjs';
import { startSwift, swiftMissing } from '../support/swift.mjs';

test('Swift', { skip: swiftMissing }, async (t) => {
  const swift = await startSwift();
  const s = await startStack(t, { origin: swift, config: {
    stores: { media: { endpoint: swift.url, credentials: swift.credentials } },
    routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none', delivery: 'redirect',
      headers: { 'Content-Type': 'video/x-test', 'Content-Disposition': 'attachment; filename="a b.mp4"' } }],
  } });
  for (const key of ['v.mp4', 'a b+c%41~.mp4', 'ü/日本/🎬.mp4']) {
    const object = await swift.put(key, content(key, 0, 300000));
    const answer = await s.get(uriEncode(key, { keepSlash: true }));
    assert.deepEqual([answer.status, answer.length, answer.headers['cache-control']], [307, 0, 'no-store'], key);
    const { location } = answer.headers;
    assert.ok(Number(new URL(location).searchParams.get('X-Amz-Expires')) <= 300);
    const whole = await get(location);
    assert.deepEqual([whole.status, whole.sha256, whole.headers['content-type'], whole.headers['content-disposition']],
      [200, object.sha256(), 'video/x-test', 'attachment; filename="a b.mp4"']);
    const part = await get(location, { headers: range(1000, 1999) });
    assert.deepEqual([part.status, part.sha256], [206, object.sha256(1000, 1999)]);
    assert.equal((await get(location, { method: 'HEAD' })).status, 403, 'signed for GET');
    assert.equal((await get(location.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')))).status, 403, 'a changed signature');

    const head = await s.get(uriEncode(key, { keepSlash: true }), { method: 'HEAD' });
    assert.equal(head.status, 307);
    const told = await get(head.headers.location, { method: 'HEAD' });
    assert.deepEqual([told.status, told.headers['content-length']], [200, '300000']);
  }
  assert.equal(s.app.requests.length, 0);
});
