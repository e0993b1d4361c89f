// Which fields pass, end here, or are Sluice's own, in both directions.
import assert from 'node:assert/strict';
import test from 'node:test';
import { eachRequest, ok, startRelay } from './relay_stack.mjs';

/// Sluice before an app that answers with the fields it got; without Via, which is tested for itself.
const startEcho = (t, config = {}) => startRelay(t, {
  config: { app: { via: false }, ...config },
  serve: eachRequest((head, app) => app.send(ok(JSON.stringify({ line: head.line, fields: head.fields })))),
});

async function ask(s, fields, line = 'GET / HTTP/1.1') {
  const client = await s.connect();
  await client.send(`${line}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`);
  const answer = await client.response();
  assert.equal(answer.status, 200);
  client.destroy();
  const got = JSON.parse(answer.body.toString('latin1'));
  const all = (name) => got.fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return { ...got, names: got.fields.map(([name]) => name.toLowerCase()), all };
}

test('end-to-end fields pass as they came, in their order; hop-by-hop fields end', async (t) => {
  const s = await startEcho(t);
  const got = await ask(s, ['host: Example.test:8080', 'X-One: 1', 'Cookie: a=b', 'x-ONE: 2', 'Connection: keep-alive, X-Gone, close',
    'X-Gone: 1', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: trailers', 'Trailer: X-T', 'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA', 'Authorization: Bearer secret', 'Accept: */*', 'X-Last: caf\xe9']);
  assert.deepEqual(got.fields.slice(0, 7), [['host', 'Example.test:8080'], ['X-One', '1'], ['Cookie', 'a=b'], ['x-ONE', '2'],
    ['Authorization', 'Bearer secret'], ['Accept', '*/*'], ['X-Last', 'caf\xe9']]);
  assert.deepEqual(got.names.slice(7).sort(),
    ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-real-ip']);
});

test('Connection cannot take away what the app decides by', async (t) => {
  const s = await startEcho(t);
  const got = await ask(s, ['Host: x', 'Cookie: a=b', 'Authorization: Bearer x',
    'Connection: host, cookie, authorization, x-forwarded-for, x-real-ip, x-original-uri']);
  assert.deepEqual([got.all('host'), got.all('cookie'), got.all('authorization'), got.all('x-forwarded-for')],
    [['x'], ['a=b'], ['Bearer x'], ['127.0.0.1']]);
});

test('owned fields are replaced, in every spelling, whatever a stranger sends', async (t) => {
  const s = await startEcho(t, { strip_request_headers: ['X-Auth-User'] });
  const got = await ask(s, ['Host: media.example:8443', 'X-Forwarded-For: 6.6.6.6', 'X_Forwarded_For: 6.6.6.6', 'x-forwarded-proto: https',
    'X-Forwarded-Host: evil', 'X-Forwarded_Port: 1', 'X-Real-IP: 6.6.6.6', 'X_REAL_IP: 6.6.6.6', 'Forwarded: for=6.6.6.6',
    'X-Original-URI: /admin', 'X_Original_URI: /admin', 'X-Original-Method: DELETE', 'X-Auth-User: root', 'X_Auth_User: root']);
  assert.deepEqual(got.fields, [['Host', 'media.example:8443'], ['X-Forwarded-For', '127.0.0.1'], ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Host', 'media.example:8443'], ['X-Forwarded-Port', '8443'], ['X-Real-IP', '127.0.0.1']]);
});

test('a trusted proxy is believed, and its chain extended', async (t) => {
  const s = await startEcho(t, { trusted_proxies: ['10.0.0.0/8', '127.0.0.0/8'], strip_request_headers: ['X-Auth-User'] });
  const got = await ask(s, ['Host: x', 'X-Forwarded-For: 203.0.113.7, 10.1.1.1', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: media.example',
    'X-Forwarded-Port: 443', 'X-Real-IP: 203.0.113.7', 'Forwarded: for=203.0.113.7;proto=https', 'X-Auth-User: ann', 'X-Original-URI: /x']);
  assert.deepEqual(got.all('x-forwarded-for'), ['203.0.113.7, 10.1.1.1, 127.0.0.1']);
  assert.deepEqual(['x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip', 'x-auth-user'].map((n) => got.all(n)[0]),
    ['https', 'media.example', '443', '203.0.113.7', 'ann']);
  assert.deepEqual(got.all('forwarded'), ['for=203.0.113.7;proto=https, for=127.0.0.1;proto=http;host="x"']);
  assert.deepEqual(got.all('x-original-uri'), []);
  const bare = await ask(s, ['Host: x']);
  assert.deepEqual([bare.all('x-forwarded-for'), bare.all('x-forwarded-proto'), bare.all('forwarded')], [['127.0.0.1'], ['http'], []]);
});

test('proxies outside the trusted blocks are strangers', async (t) => {
  const s = await startEcho(t, { trusted_proxies: ['127.0.0.2/31', '10.0.0.0/8', '::/0'] });
  const got = await ask(s, ['Host: x', 'X-Forwarded-For: 6.6.6.6']);
  assert.deepEqual(got.all('x-forwarded-for'), ['127.0.0.1']);
});

test('the target passes raw; an absolute one in origin form', async (t) => {
  const s = await startEcho(t);
  const raw = '/a%2Fb/../c//d;e?x=%00&y=%zz#f'.replace('#f', '');
  assert.equal((await ask(s, ['Host: x'], `GET ${raw} HTTP/1.1`)).line, `GET ${raw} HTTP/1.1`);
  assert.equal((await ask(s, ['Host: x:81'], 'GET http://x:81/a?b HTTP/1.1')).line, 'GET /a?b HTTP/1.1');
  assert.equal((await ask(s, ['Host: x'], 'OPTIONS * HTTP/1.1')).line, 'OPTIONS * HTTP/1.1');
  assert.equal((await ask(s, ['Host: x'], 'BREW /pot HTTP/1.1')).line, 'BREW /pot HTTP/1.1');
  const old = await ask(s, [], 'GET /old HTTP/1.0');
  assert.deepEqual([old.line, old.all('host')], ['GET /old HTTP/1.1', [`127.0.0.1:${s.app.port}`]]);
});

test('the app\'s fields pass but for those of its hop; nothing but a Date is added', async (t) => {
  const s = await startRelay(t, {
    serve: eachRequest((head, app) => app.send('HTTP/1.1 200 Fine by me\r\nServer: app/1\r\nSet-Cookie: a=1\r\nConnection: X-Hop, keep-alive\r\n' +
      'X-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nSet-Cookie: b=2\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n' +
      'X-Accel-Buffering: no\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n')),
  });
  const client = await s.connect();
  await client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const text = await client.until('0\r\n\r\n');
  assert.equal(text.replace(/Date: [^\r]+/, 'Date: now'), 'HTTP/1.1 200 Fine by me\r\nServer: app/1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Accel-Buffering: no\r\nDate: now\r\n' +
    'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
});
