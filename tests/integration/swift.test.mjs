// The same against OpenStack Swift's S3 interface: a real store, of Debian's packages.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { content } from '../support/content.mjs';
import { uriEncode } from '../support/sigv4.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { startSwift, swiftMissing } from '../support/swift.mjs';
import { poll } from '../support/wait.mjs';

test('Swift', { skip: swiftMissing }, async (t) => {
  const swift = await startSwift();
  const config = { stores: { media: { endpoint: swift.url, credentials: swift.credentials } } };
  const s = await startStack(t, { origin: swift, config });
  const size = 5 * MiB + 123;
  const object = await swift.put('v.mp4', content('swift', 0, size));
  /// What Swift has answered since Sluice was started.
  const statuses = async () => {
    const asked = (await s.sluice.metrics()).find('origin_requests_total', { store: 'media' }).filter(({ value }) => value > 0);
    return asked.map(({ labels }) => labels.code);
  };

  await t.test('miss, hit, ranges', async () => {
    const cold = await s.get('v.mp4', { headers: range(MiB + 1, 2 * MiB) });
    assert.deepEqual([cold.status, cold.headers['x-app'], cold.sha256], [206, undefined, object.sha256(MiB + 1, 2 * MiB)]);
    assert.equal(cold.headers['content-range'], `bytes ${MiB + 1}-${2 * MiB}/${size}`);
    const whole = await s.get('v.mp4');
    assert.deepEqual([whole.status, whole.sha256, cacheStatus(whole).fwd], [200, object.sha256(), 'partial']);
    const warm = await s.get('v.mp4', { headers: { Range: 'bytes=-1000' } });
    assert.deepEqual([warm.status, warm.sha256, cacheStatus(warm).hit], [206, object.sha256(size - 1000), true]);
    assert.equal(warm.headers.etag, whole.headers.etag);
  });

  await t.test('suffix, beyond and HEAD, cold', async () => {
    const other = await swift.put('w.mp4', content('w', 0, 300000));
    const suffix = await s.get('w.mp4', { headers: { Range: 'bytes=-100001' } });
    assert.deepEqual([suffix.status, suffix.sha256], [206, other.sha256(199999)]);
    await swift.put('x.mp4', content('x', 0, 300000));
    const beyond = await s.get('x.mp4', { headers: range(300000) });
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */300000']);
    await swift.put('y.mp4', content('y', 0, 300000));
    const head = await s.get('y.mp4', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length']], [200, '300000']);
    await swift.put('empty', Buffer.alloc(0));
    const empty = await s.get('empty');
    assert.deepEqual([empty.status, empty.length, empty.headers['x-app']], [200, 0, undefined]);
  });

  await t.test('keys that need encoding', async () => {
    for (const key of ['a b.mp4', 'a+b%41~.mp4', 'ü/日本/🎬.mp4', "odd!'()*;:@&=$,?#[].mp4"]) {
      const one = await swift.put(key, content(key, 0, 1000));
      const answer = await get(`${s.sluice.url}/media/${uriEncode(key, { keepSlash: true })}`);
      // A path with an encoded ";" matches no media route: the app gives that one.
      assert.equal(answer.headers['x-app'], key.includes(';') ? 'stand-in' : undefined, key);
      assert.equal(answer.sha256, one.sha256(), key);
    }
  });

  await t.test('replaced in the store: one version or the other', async () => {
    const old = await swift.put('r.mp4', content('old', 0, 3 * MiB));
    assert.equal((await s.get('r.mp4', { headers: range(0, 99) })).sha256, old.sha256(0, 99));
    const replaced = await swift.put('r.mp4', content('new', 0, 3 * MiB));
    const answer = await s.get('r.mp4', { headers: range(2 * MiB) });
    assert.deepEqual([answer.status, answer.sha256], [206, replaced.sha256(2 * MiB)]);
    assert.equal((await s.get('r.mp4')).sha256, replaced.sha256());
  });

  await t.test('URLs that it takes for expired are renewed', async () => {
    const route = { store: 'media', object: '{file}', authorize: 'none' };
    await s.restart({ stores: { media: { url_expiry: '1s' } }, routes: [{ name: 'media', path: '/media/{file*}', ...route },
      { name: 'signed', path: '/signed/{file*}', ...route, delivery: 'redirect' }] });
    const one = await swift.put('e.mp4', content('expiry', 0, size));
    const seek = async (first) => {
      const answer = await s.get('e.mp4', { headers: range(first, first + 9999) });
      assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [206, undefined, one.sha256(first, first + 9999)]);
    };
    await seek(0);
    // Of the same life, and made later than the one that Sluice kept.
    const { location } = (await s.getFrom('signed', 'e.mp4')).headers;
    const status = async () => (await get(location, { headers: range(0, 9) })).status;
    assert.equal(await status(), 206);
    const refused = await poll(async () => (await status()) >= 400 && status(), 'the URL expires');
    assert.equal(refused, 403);
    await seek(4 * MiB);
    assert.equal(await s.sluice.metric('fallback_total'), 0);
  });

  await t.test('a wrong secret and a wrong key id: refused, and the app answers', async () => {
    for (const wrong of [{ secret_access_key: 'wrong-secret-of-the-test' }, { access_key_id: 'test:nobody' }]) {
      await s.restart({ stores: { media: { credentials: { ...swift.credentials, ...wrong } } } });
      const [key] = Object.keys(wrong);
      const one = await swift.put(`${key}.mp4`, content(key, 0, size));
      const answer = await s.get(`${key}.mp4`, { headers: range(100, 199) });
      assert.deepEqual([answer.status, answer.headers['x-app'], answer.sha256], [206, 'stand-in', one.sha256(100, 199)], key);
      assert.equal(await s.sluice.metric('fallback_total', { reason: 'forbidden' }), 1, key);
      assert.deepEqual(await statuses(), ['403'], key);
    }
    await s.restart({ stores: { media: { credentials: swift.credentials } } });
  });

  await t.test('what the store does not have, the app answers', async () => {
    const answer = await s.get('none.mp4');
    assert.deepEqual([answer.status, answer.headers['x-app']], [404, 'stand-in']);
  });
});
