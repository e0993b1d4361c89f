// Request targets with bytes above ASCII: browsers encode them, scripts do not. They go to the app as they came, and match no
// media route, since no two apps read them alike.
import assert from 'node:assert/strict';
import test from 'node:test';
import { exchange, rawServer } from '../support/client.mjs';
import { startStack } from '../support/stack.mjs';
import { eachRequest, ok, startRelay } from './relay_stack.mjs';

const targets = ['/gr\xc3\xb6\xc3\x9fe.txt?q=\xe2\x82\xac', '/latin1-\xe4?\xff', '/\xc2\x85', '/half-\xc3/%C3%A4'];
/// Their paths in the log: UTF-8 as it is, but for control characters; every other byte as the character of its number.
const logged = ['/gr\u00f6\u00dfe.txt', '/latin1-\u00e4', '/\u0085', '/half-\u00c3/%C3%A4'];

test('raw bytes reach the app as they came', async (t) => {
  const s = await startRelay(t, { serve: eachRequest((head, app) => app.send(ok(head.line))) });
  for (const target of [...targets, `http://x${targets[0]}`]) {
    const answer = await exchange(s.port, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.equal(answer.status, 200, target);
    assert.equal(answer.body.toString('latin1'), `GET ${target.replace('http://x', '')} HTTP/1.1`);
  }
});

test('the access log shows them in lines that are JSON, without control characters', async (t) => {
  const s = await startRelay(t, { serve: eachRequest((head, app) => app.send(ok())) });
  for (const target of targets) await exchange(s.port, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  for (const path of logged) {
    await s.sluice.waitForLog((r) => r.message === 'access' && r.path === path, `the line of ${path}`);
  }
  assert.equal(s.sluice.badLine, undefined);
  assert.ok(s.sluice.lines.every((line) => !/[\0-\x1f\x7f-\x9f]/.test(line)));
});

// Tornado, and Node before it refused them, read raw bytes as Latin-1: asked about them, such an app speaks of another object
// than the one that they name in UTF-8.
test('leave for what the app reads in them gives nobody what they are in UTF-8', async (t) => {
  const asked = [];
  const app = await rawServer(eachRequest((head, connection) => {
    const name = decodeURIComponent(head.line.split(' ')[1].split('/').at(-1));
    const question = head.line.includes('/may-read/');
    if (question) asked.push(name);
    connection.send(question && name === '\u00c3\u00bc' ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
      : 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  }));
  const s = await startStack(t, {
    config: {
      app: { url: app.url },
      routes: [{ name: 'gated', path: '/gated/{file}', store: 'media', object: '{file}',
        authorize: { subrequest: '/may-read/{file}', ttl: '0s' } }],
    },
    cleanup: [() => app.close()],
  });
  s.origin.put('\u00fc', { size: 1000 });
  s.origin.put('\u00c3\u00bc', { size: 999 });
  const ask = async (name) => exchange(s.sluice.port, `GET /gated/${name} HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal((await ask('%C3%83%C2%BC')).body.length, 999);
  assert.equal((await ask('%C3%BC')).status, 403);
  assert.deepEqual(asked, ['\u00c3\u00bc', '\u00fc']);
  s.origin.forget();
  assert.equal((await ask('\xc3\xbc')).status, 403, 'the app answers it');
  assert.equal(asked.length, 2);
  assert.equal(s.origin.requests.length, 0, 'no store was asked');
});
