// Request smuggling: what could be read in two ways is refused, the process lives on, and nothing of it reaches the app.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { eachRequest, ok, startRelay } from './relay_stack.mjs';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (fields, body = '', version = '1.1') => `POST /p HTTP/${version}\r\nHost: x\r\n${fields}\r\n${body}`;

const refused = {
  'Transfer-Encoding with Content-Length': [400, post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`)],
  'Content-Length after Transfer-Encoding': [400, post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', `0\r\n\r\n${smuggled}`)],
  'two Content-Lengths that differ': [400, post('Content-Length: 0\r\nContent-Length: 5\r\n', 'hello')],
  'two Content-Lengths that agree': [400, post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello')],
  'a list of Content-Lengths': [400, post('Content-Length: 5, 5\r\n', 'hello')],
  'a signed Content-Length': [400, post('Content-Length: +5\r\n', 'hello')],
  'a hexadecimal Content-Length': [400, post('Content-Length: 0x5\r\n', 'hello')],
  'a negative Content-Length': [400, post('Content-Length: -1\r\n')],
  'a Content-Length too large for any number': [400, post('Content-Length: 99999999999999999999999\r\n')],
  'a Content-Length of 2^64 - 1': [[400, 413], post('Content-Length: 18446744073709551615\r\n', 'hello')],
  'a Content-Length of 2^63': [[400, 413], post('Content-Length: 9223372036854775808\r\n', 'hello')],
  'an empty Content-Length': [400, post('Content-Length:\r\n')],
  'chunked twice': [400, post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
  'two Transfer-Encodings': [400, post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')],
  'identity and chunked': [[400, 501], post('Transfer-Encoding: identity, chunked\r\n', '0\r\n\r\n')],
  'gzip and chunked': [501, post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n')],
  'gzip alone': [501, post('Transfer-Encoding: gzip\r\n')],
  'xchunked': [501, post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n')],
  'chunked behind a vertical tab': [[400, 501], post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')],
  'chunked in HTTP/1.0': [400, post('Transfer-Encoding: chunked\r\n', '0\r\n\r\n', '1.0')],
  'a space before the colon': [400, post('Content-Length : 5\r\n', 'hello')],
  'a folded line': [400, post('X: a\r\n b\r\n')],
  'white space before the first field': [400, 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
  'a bare LF': [400, 'GET / HTTP/1.1\nHost: x\n\n'],
  'a bare CR in a value': [400, 'GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n'],
  'a NUL in a value': [400, 'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n'],
  'no Host': [400, 'GET / HTTP/1.1\r\n\r\n'],
  'two Hosts': [400, 'GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n'],
  'a Host with a path': [400, 'GET / HTTP/1.1\r\nHost: x/y\r\n\r\n'],
  'an absolute target that disagrees with Host': [400, 'GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n'],
  'a target without a slash': [400, 'GET x HTTP/1.1\r\nHost: x\r\n\r\n'],
  'CONNECT': [400, 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n'],
  'a space in the target': [400, 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a fragment in the target': [400, 'GET /p#a HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a fragment behind the query': [400, 'GET /p?a#b HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a fragment in an absolute target': [400, 'GET http://x/p#a HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a control character behind raw UTF-8': [400, 'GET /\xc3\xbc\x7f HTTP/1.1\r\nHost: x\r\n\r\n'],
  'a method that is no token': [400, 'G(T / HTTP/1.1\r\nHost: x\r\n\r\n'],
  'HTTP/2.0': [400, 'GET / HTTP/2.0\r\nHost: x\r\n\r\n'],
  'the preface of HTTP/2': [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  'a TLS handshake': [400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  'a head larger than the limit': [431, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(70000)}\r\n\r\n`],
  'a chunk size that is no number': [400, post('Transfer-Encoding: chunked\r\n', 'xyz\r\nhello\r\n0\r\n\r\n')],
  'a signed chunk size': [400, post('Transfer-Encoding: chunked\r\n', '+5\r\nhello\r\n0\r\n\r\n')],
  'a chunk longer than its size': [400, post('Transfer-Encoding: chunked\r\n', '3\r\nhello\r\n0\r\n\r\n')],
  'a chunk size of 2^64': [400, post('Transfer-Encoding: chunked\r\n', '10000000000000000\r\n')],
};

test('what can be read in two ways is refused and the connection closed', async (t) => {
  const s = await startRelay(t);
  for (const [name, [status, bytes]] of Object.entries(refused)) {
    const client = await s.connect();
    client.send(bytes);
    const answer = await client.response({ timeout: 5000 });
    assert.ok([status].flat().includes(answer.status), `${name}: ${answer.status}`);
    assert.equal(answer.headers.connection, 'close', name);
    client.end();
    assert.equal(await client.untilEnd(), '', `${name}: nothing follows`);
    client.destroy();
    const next = await get(`${s.url}/health`);
    assert.equal(next.status, 200, `after ${name}`);
  }
  assert.deepEqual(s.app.requests.filter((r) => r.path === '/smuggled'), []);
  assert.ok(s.app.requests.filter((r) => r.path === '/p').every((r) => r.received < 5), 'no refused body was passed whole');
});

test('a good request before a bad one is answered', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send(`GET /health HTTP/1.1\r\nHost: x\r\n\r\n${refused['two Content-Lengths that agree'][1]}`);
  assert.equal((await client.response()).status, 200);
  assert.equal((await client.response()).status, 400);
});

test('trailers and chunk extensions do not reach the app', async (t) => {
  const s = await startRelay(t, {
    serve: eachRequest(async (head, app) => {
      await app.until('0\r\n\r\n');
      const got = app.text;
      app.received = app.received.subarray(app.received.length);
      await app.send(ok(JSON.stringify({ got, authorization: head.all('authorization') })));
    }),
  });
  const client = await s.connect();
  await client.send(post('Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n',
    '5;name="a\tb"\r\nhello\r\n0\r\nAuthorization: Bearer x\r\n\r\n'));
  const answer = JSON.parse((await client.response()).body);
  assert.deepEqual(answer, { got: '5\r\nhello\r\n0\r\n\r\n', authorization: [] });
});

const badAnswers = {
  'Transfer-Encoding with Content-Length': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'Content-Lengths that differ': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
  'gzip coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a folded line': 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n',
  'no HTTP': 'SSH-2.0-OpenSSH_9\r\n\r\n',
  '101 unasked': 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'nothing': '',
};

test('an app whose framing cannot be trusted is a 502', async (t) => {
  let text;
  const s = await startRelay(t, {
    serve: eachRequest(async (head, app) => {
      if (text !== '') await app.send(text);
      app.end();
    }),
  });
  for (const [name, bytes] of Object.entries(badAnswers)) {
    text = bytes;
    const client = await s.connect();
    await client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = await client.response();
    assert.equal(answer.status, 502, name);
    assert.match(answer.headers['content-type'], /^text\/plain/, name);
    text = ok();
    await client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await client.response()).status, 200, `${name}: the client's connection goes on`);
    client.destroy();
  }
});

test('an answer whose Content-Length is 2^63 or more is not passed on', async (t) => {
  const lengths = ['9223372036854775808', '18446744073709551615', '9223372036854775808, 9223372036854775808'];
  const s = await startRelay(t, {
    serve: eachRequest((head, app) => app.send(`HTTP/1.1 200 OK\r\nContent-Length: ${lengths[Number(head.line.split(' ')[1].slice(1))]}\r\n\r\nx`)),
  });
  for (const i of lengths.keys()) {
    for (const method of ['GET', 'HEAD']) {
      const client = await s.connect();
      await client.send(`${method} /${i} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.equal((await client.response({ head: method === 'HEAD' })).status, 502, `${method} ${lengths[i]}`);
    }
  }
});
