// What a hit costs that no benchmark would tell from noise.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { keepAlive, range } from '../support/client.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { KiB, MiB, cacheStatus, startStack } from '../support/stack.mjs';

// Asio keeps frames of up to 1,020 bytes for the next request; for a larger one it takes memory and drops one that it has kept.
const library = process.env.SLUICE_FRAME_COUNTER;
const skip = library === 'off' ? 'frames are larger with a sanitizer or assertions' : false;

/// The test's own route, or another in its place, and the fields of a client's requests.
const routes = {
  'authorize: none': {},
  'a decision that is kept': {
    route: { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}',
      authorize: { subrequest: '/api/may-read/{file}', ttl: '1h' } },
    fieldsOf: (s) => ({ Cookie: s.app.logIn() }),
  },
};
for (const [name, { route, fieldsOf = () => ({}) }] of Object.entries(routes)) {
  test(`the frames of a hit come from those before it: ${name}`, { skip }, async (t) => {
    assert.ok(library, 'SLUICE_FRAME_COUNTER is the path of the library frame_allocations, as ctest sets it');
    const directory = temporaryDirectory('frames');
    t.after(() => removeDirectory(directory));
    const counted = path.join(directory, 'count');
    const s = await startStack(t, { config: { workers: 1, ...(route && { routes: [route] }) }, app: { publicMedia: !route },
      env: { LD_PRELOAD: library, SLUICE_FRAME_ALLOCATIONS: counted } });
    s.origin.put('v.mp4', { size: 4 * MiB });
    const agent = keepAlive(1);
    t.after(() => agent.destroy());
    const fields = fieldsOf(s);
    const hits = 2000;
    await s.get('v.mp4', { agent, headers: fields });
    for (let i = 0; i < hits; ++i) {
      const size = i % 2 === 0 ? KiB : 64 * KiB; // in one write with the head, and by sendfile
      const answer = await s.get('v.mp4', { agent, headers: { ...fields, ...range(i * 1000, i * 1000 + size - 1) } });
      assert.equal(answer.status, 206);
      assert.equal(cacheStatus(answer).hit, true);
    }
    await s.sluice.stop();
    const calls = Number(fs.readFileSync(counted, 'utf8'));
    assert.ok(calls > 0, 'the start takes some');
    assert.ok(calls < hits / 4, `${calls} allocations of frames for ${hits} hits`);
  });
}
