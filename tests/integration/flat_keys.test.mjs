// Keys with empty segments, in the stores where they are keys like any other: signed and sent as they are.
import assert from 'node:assert/strict';
import test from 'node:test';
import { range } from '../support/client.mjs';
import { startCloud } from '../support/cloud_stack.mjs';

const route = (object) => ({ name: 'media', path: '/media/{file*}', store: 'media', object, authorize: 'none' });

for (const [cloud, identities] of [['aws', ['environment', 'anonymous']], ['gcs', ['key', 'hmac', 'metadata', 'anonymous']]]) {
  for (const identity of identities) {
    test(`${cloud} by ${identity}`, async (t) => {
      const s = await startCloud(t, cloud, identity, { config: { routes: [route('/up//{file}')] } });
      for (const name of ['v.mp4', 'a b/', 'ü+%41/']) {
        const object = s.origin.put(`/up//${name}`, { seed: name, size: 100000 });
        const target = name.split('/').map(encodeURIComponent).join('/');
        for (const what of ['cold', 'again']) {
          const answer = await s.get(target, { headers: range(10, 99) });
          assert.deepEqual([answer.status, answer.sha256], [206, object.sha256(10, 99)], `${name}, ${what}`);
        }
        assert.equal(s.origin.of(`/up//${name}`).length, 1, `${name} is kept`);
      }
      assert.equal(s.app.requests.length, 0);
    });
  }
}

test('a directory has no such files: the app answers', async (t) => {
  const s = await startCloud(t, 'aws', 'environment', { config: { stores: { media: undefined, disk: { type: 'local', root: '/tmp' } },
    routes: [{ ...route('up//{file}'), store: 'disk' }] } });
  await s.get('v.mp4');
  assert.equal(s.app.requests.length, 1);
});
