// Bodies through the relay: both framings both ways, early answers, Expect, HTTP/1.0, pipelining, kept connections.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import test from 'node:test';
import { get, keepAlive } from '../support/client.mjs';
import { content, sha256, sha256Range } from '../support/content.mjs';
import { poll } from '../support/wait.mjs';
import { eachRequest, ok, startRelay } from './relay_stack.mjs';

const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;

test('uploads arrive whole, by length and in chunks, of every size', async (t) => {
  const s = await startRelay(t);
  const agent = keepAlive(1);
  t.after(() => agent.destroy());
  for (const size of [0, 1, 1000, 4096, 65535, 65536, 65537, 300000, 5000000]) {
    const body = randomBytes(size);
    for (const chunked of [false, true]) {
      const answer = await get(`${s.url}/upload`, { method: 'POST', agent, keep: true,
        body: chunked ? Readable.from([body.subarray(0, size / 3), body.subarray(size / 3)].filter((b) => b.length > 0)) : body,
        headers: chunked ? {} : { 'Content-Length': size } });
      assert.deepEqual(JSON.parse(answer.body), { sha256: sha256(body), length: size }, `${size} ${chunked ? 'chunked' : 'by length'}`);
    }
  }
});

test('downloads arrive whole, by length and in chunks', async (t) => {
  const s = await startRelay(t);
  for (const size of [0, 1, 70000, 3000000]) {
    for (const chunked of ['', '&chunked']) {
      const answer = await get(`${s.url}/download?size=${size}&seed=7${chunked}`);
      assert.deepEqual([answer.status, answer.complete, answer.length, answer.sha256], [200, true, size, sha256Range(7, 0, size - 1)]);
      assert.equal(answer.headers['content-length'], chunked ? undefined : String(size));
    }
  }
  const many = await get(`${s.url}/chunked?count=2000&trailer`, { keep: true });
  assert.equal(many.body.toString(), Array.from({ length: 2000 }, (_, i) => `chunk ${i}\n`).join(''));
});

test('a body goes both ways at once', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  await client.until('\r\n\r\n');
  for (const text of ['one', 'two', 'three']) {
    await client.send(chunk(text));
    await client.until(chunk(text)); // before the next is sent
  }
  await client.send('0\r\n\r\n');
  await client.until('0\r\n\r\n');
});

test('HEAD, 204 and 304 have no body, and the connection goes on; the app\'s only where nothing can follow', async (t) => {
  const s = await startRelay(t, {
    serve: eachRequest((head, app) => app.send({
      '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', '/chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      '/204': 'HTTP/1.1 204 No Content\r\n\r\n', '/304': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n',
    }[head.line.split(' ')[1]])),
  });
  const client = await s.connect();
  const ask = async (line, options) => {
    await client.send(`${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return client.response(options);
  };
  assert.equal((await ask('HEAD /head', { head: true })).headers['content-length'], '1000');
  assert.equal((await ask('HEAD /chunked', { head: true })).status, 200);
  assert.equal((await ask('GET /204')).headers['content-length'], undefined);
  const unchanged = await ask('GET /304');
  assert.deepEqual([unchanged.status, unchanged.headers.etag], [304, '"x"']);
  assert.equal(client.text, '', 'nothing more was sent');
  // Three, or four where the one that carried the 204 had not rested yet.
  assert.ok(s.app.connections.length >= 3, 'none is used again after an answer that announced content and had none');
});

test('connections are kept on both sides', async (t) => {
  const s = await startRelay(t);
  const agent = keepAlive(1);
  t.after(() => agent.destroy());
  for (let i = 0; i < 50; i++) assert.equal((await get(`${s.url}/health`, { agent })).status, 200);
  assert.equal(s.app.connections, 1);
  const clients = await Promise.all(Array.from({ length: 8 }, () => get(`${s.url}/download?size=100000`)));
  assert.ok(clients.every((answer) => answer.complete));
  assert.ok(s.app.connections <= 9);
  assert.ok(await s.sluice.metric('connections', { side: 'app' }) <= 9);
});

test('pipelined requests are answered in order, bodies between them', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n' +
    'POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' +
    `POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('hel')}${chunk('lo')}0\r\n\r\n` +
    'GET /status/204 HTTP/1.1\r\nHost: x\r\n\r\nGET /status/404 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /never HTTP/1.1\r\n\r\n');
  const hello = { sha256: sha256(Buffer.from('hello')), length: 5 };
  assert.equal((await client.response()).status, 200);
  assert.deepEqual(JSON.parse((await client.response()).body), hello);
  assert.deepEqual(JSON.parse((await client.response()).body), hello);
  assert.equal((await client.response()).status, 204);
  const last = await client.response();
  assert.deepEqual([last.status, last.headers.connection], [404, 'close']);
  assert.equal(await client.untilEnd(), '');
});

test('a request split at every byte is the same request', async (t) => {
  const s = await startRelay(t);
  const text = `POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('hello')}${chunk('w')}0\r\n\r\n`;
  const client = await s.connect();
  for (const byte of text) await client.send(byte);
  assert.equal(JSON.parse((await client.response()).body).length, 6);
});

test('HTTP/1.0: no chunks, no 1xx, closed unless asked for', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  const kept = await client.response();
  assert.deepEqual([kept.status, kept.headers.connection], [200, 'keep-alive']);
  await client.send('GET /hints HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  assert.equal((await client.response()).status, 200);
  await client.send('GET /chunked?count=3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  const answer = await client.response();
  assert.deepEqual([answer.headers['transfer-encoding'], answer.headers.connection, answer.body.toString()],
    [undefined, 'close', 'chunk 0\nchunk 1\nchunk 2\n']);
  const plain = await s.connect();
  await plain.send('GET /health HTTP/1.0\r\n\r\n');
  assert.match(await plain.untilEnd(), /^HTTP\/1.1 200 /);
});

test('Expect: 100-continue goes end to end', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('POST /expect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  assert.equal((await client.response()).status, 100, 'from the app, before the body');
  await client.send('hello');
  const answer = await client.response();
  assert.deepEqual([answer.status, JSON.parse(answer.body).length], [200, 5]);
  await client.send('POST /expect?refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  const refused = await client.response();
  assert.deepEqual([refused.status, refused.headers.connection], [417, 'close']);
  client.end();
  assert.equal(await client.untilEnd(), '');
});

test('103 is passed on before the answer', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('GET /hints HTTP/1.1\r\nHost: x\r\n\r\n');
  const hints = await client.response();
  assert.deepEqual([hints.status, hints.headers.link], [103, '</style.css>; rel=preload; as=style']);
  assert.equal((await client.response()).status, 200);
});

test('an answer before the body was read is passed on, then the connection closed', async (t) => {
  const s = await startRelay(t, {
    serve: eachRequest(async (head, app) => {
      await app.send(head.line.startsWith('GET') ? ok() : `HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
      if (!head.line.startsWith('GET')) app.end();
    }),
  });
  const client = await s.connect();
  await client.send('POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nbegin');
  const answer = await client.response();
  assert.deepEqual([answer.status, answer.headers.connection, answer.body.toString()], [413, 'close', 'no']);
  await client.untilEnd();
  // What the client still sends meanwhile is dropped, not reset.
  for (let i = 0; i < 20; i++) await client.send(Buffer.alloc(65536));
  assert.equal(client.error, null);
  client.end();
  assert.equal((await get(`${s.url}/`)).status, 200);
});

test('a client that breaks off does not look like a whole body to the app', async (t) => {
  const s = await startRelay(t, {
    serve: async (app) => {
      await app.untilEnd();
      app.destroy();
    },
  });
  for (const text of ['Content-Length: 10\r\n\r\nhello', `Transfer-Encoding: chunked\r\n\r\n${chunk('hello')}`]) {
    const client = await s.connect();
    await client.send(`POST / HTTP/1.1\r\nHost: x\r\n${text}`);
    const app = await poll(() => s.app.connections.at(-1)?.text.includes('hello') && s.app.connections.pop(), 'the body at the app');
    client.destroy();
    const got = await app.untilEnd();
    assert.ok(got.includes('hello') && !got.includes('\r\n0\r\n\r\n'), 'no last chunk');
  }
});

test('an app that breaks off is never a clean end', async (t) => {
  let text;
  const s = await startRelay(t, {
    serve: eachRequest(async (head, app) => {
      await app.send(text);
      app.destroy();
    }),
  });
  for (const [head, version] of [['Content-Length: 10\r\n\r\nhello', '1.1'], [`Transfer-Encoding: chunked\r\n\r\n${chunk('hello')}`, '1.1'],
    [`Transfer-Encoding: chunked\r\n\r\n${chunk('hello')}`, '1.0']]) {
    text = `HTTP/1.1 200 OK\r\n${head}`;
    const client = await s.connect();
    await client.send(`GET / HTTP/${version}\r\nHost: x\r\n\r\n`);
    // A reset; libuv shows it as an end where a read was partial, so that only a unit test can tell the two apart.
    await client.board.until(() => client.closed || client.ended, 'the cut');
    assert.ok(client.text.includes('hello') && !client.text.includes('\r\n0\r\n\r\n'));
    client.destroy();
  }
  const whole = await get(`${s.url}/`);
  assert.equal(whole.complete, false);
  const said = () => s.sluice.log.filter((r) => r.level === 'warn' && /^the app's response broke off/.test(r.message));
  await poll(() => said().length === 4, 'each is said');
  for (const { route, error } of said()) assert.match(`${route} ${error}`, /^relay (short_body|connection_lost)$/);
});

test('a slow reader gets all of it, a slow writer is waited for', async (t) => {
  const s = await startRelay(t);
  const size = 3000000;
  const answer = await get(`${s.url}/download?size=${size}&seed=3`, { rate: 6000000 });
  assert.deepEqual([answer.complete, answer.sha256], [true, sha256Range(3, 0, size - 1)]);
  async function* pieces() {
    for (let at = 0; at < size; at += 200000) {
      await new Promise((resolve) => setImmediate(resolve));
      yield content(3, at, 200000);
    }
  }
  const sent = await get(`${s.url}/echo`, { method: 'POST', body: Readable.from(pieces()), rate: 8000000 });
  assert.deepEqual([sent.complete, sent.sha256], [true, sha256Range(3, 0, size - 1)]);
});
