// A server is who its certificate's alternative names say (RFC 9525 §6.3): one that has its name in the subject alone is refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import { makeCertificate } from '../support/connect_proxy.mjs';
import { startOrigin } from '../support/origin.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { startStack } from '../support/stack.mjs';

/// A store behind TLS whose certificate was made by `openssl req` with CN=localhost and these alternative names.
async function start(t, names) {
  const directory = temporaryDirectory('names');
  const { caFile, ...tls } = makeCertificate(directory, names, 'localhost');
  const origin = await startOrigin({ tls });
  origin.put('a', { size: 1000 });
  return startStack(t, { origin, cleanup: [() => removeDirectory(directory)],
    config: { stores: { media: { endpoint: `https://localhost:${origin.port}`, ca_file: caFile } } } });
}

test('an alternative name counts', async (t) => {
  const s = await start(t, ['DNS:localhost']);
  const answer = await s.get('a');
  assert.deepEqual([answer.status, answer.sha256, answer.headers['x-app']], [200, s.origin.object('a').sha256(), undefined]);
});

for (const [what, names] of [['no alternative name', []], ['another alternative name', ['IP:127.0.0.1']]]) {
  test(`a common name beside ${what} does not`, async (t) => {
    const s = await start(t, names);
    assert.equal((await s.get('a')).headers['x-app'], 'stand-in', 'the app answers in its place');
    assert.equal(s.origin.requests.length, 0);
  });
}
