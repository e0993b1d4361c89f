// Events, tunnels, and an app that is down, late, or gone.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, open } from '../support/client.mjs';
import { poll } from '../support/wait.mjs';
import { eachRequest, ok, startRelay, takeHead } from './relay_stack.mjs';

test('events arrive one at a time, as they are sent', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('GET /sse HTTP/1.1\r\nHost: x\r\n\r\n');
  await s.app.board.until(() => s.app.eventStreams.size === 1, 'the stream');
  const [stream] = s.app.eventStreams;
  await client.until('\r\n\r\n');
  for (let i = 0; i < 5; i++) {
    stream.write(`data: ${i}\n\n`);
    await client.until(`data: ${i}\n\n\r\n`); // the chunk's own end as well, before the next event is sent
  }
  client.destroy();
  const [request] = s.app.of('/sse');
  await s.app.board.until(() => request.finished, 'its end at the app', 20000);
});

const upgrade = 'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

test('a tunnel: what came early is not lost, both directions, half close', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send(`${upgrade}early`);
  const answer = await client.response();
  assert.deepEqual([answer.status, answer.headers.upgrade, answer.headers.connection, answer.headers['sec-websocket-accept']],
    [101, 'websocket', 'Upgrade', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  await client.until('early');
  for (const text of ['one', 'two', 'x'.repeat(300000)]) {
    await client.send(text);
    await client.until(text);
  }
  client.received = Buffer.alloc(0);
  await client.send('last');
  client.end(); // our direction; the other goes on until all is echoed
  assert.equal(await client.untilEnd(), 'last');
  assert.equal(client.error, null);
  await s.sluice.waitForLog((r) => r.message === 'access' && r.status === 101);
});

test('a tunnel whose app ends first still carries what the client sends', async (t) => {
  const got = [];
  const s = await startRelay(t, {
    serve: async (app) => {
      await takeHead(app);
      await app.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbye');
      app.end();
      got.push(await app.untilEnd());
    },
  });
  const client = await s.connect();
  await client.send(upgrade);
  await client.until('bye');
  await client.board.until(() => client.ended, 'the end of the app\'s direction');
  await client.send('still here');
  client.end();
  await s.sluice.waitForLog((r) => r.message === 'access');
  assert.deepEqual(got, ['still here']);
});

test('a tunnel that is idle for too long is closed; so is one at the end of the process', async (t) => {
  const s = await startRelay(t, { config: { limits: { tunnel_timeout: '300ms' } } });
  const client = await s.connect();
  await client.send(upgrade);
  await client.response();
  await client.board.until(() => client.closed || client.ended, 'the end of an idle tunnel', 10000);
  const other = await s.connect();
  await other.send(upgrade);
  await other.response();
  await s.sluice.stop();
});

test('h2c is not passed on', async (t) => {
  const s = await startRelay(t, { serve: eachRequest((head, app) => app.send(ok(JSON.stringify(head.fields)))) });
  const client = await s.connect();
  await client.send('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n');
  const fields = JSON.parse((await client.response()).body).map(([name]) => name.toLowerCase());
  assert.ok(!fields.includes('upgrade') && !fields.includes('connection') && !fields.includes('http2-settings'));
});

test('an app that is down is a 502 at once, and none when it is back', async (t) => {
  const s = await startRelay(t);
  assert.equal((await get(`${s.url}/health`)).status, 200);
  await s.app.down();
  const answer = await get(`${s.url}/health`, { keep: true });
  assert.deepEqual([answer.status, answer.headers['content-type'], answer.body.toString()],
    [502, 'text/plain; charset=utf-8', '502 Bad Gateway\n']);
  const posted = await get(`${s.url}/upload`, { method: 'POST', body: 'x'.repeat(100000) });
  assert.equal(posted.status, 502);
  await s.app.up();
  assert.equal((await get(`${s.url}/health`)).status, 200);
});

test('an app that is late is a 504', async (t) => {
  const s = await startRelay(t, { config: { app: { response_timeout: '200ms' } } });
  const late = await get(`${s.url}/health?gate=late`, { keep: true });
  assert.deepEqual([late.status, late.body.toString()], [504, '504 Gateway Timeout\n']);
  s.app.gate('late').release();
  const stream = open(`${s.url}/sse`); // the time is to the head: a silent body is nobody's business
  assert.equal((await stream.head).status, 200);
  const [events] = s.app.eventStreams;
  await s.sluice.waitForLog((r) => r.message === 'access' && r.status === 504);
  assert.equal((await get(`${s.url}/health?gate=later`)).status, 504); // as long as the time-out again
  s.app.gate('later').release();
  events.write('data: x\n\n');
  await stream.reached(9);
  stream.abort();
});

/// An app that answers once on each connection and dies at the second request on it.
const diesOnSecond = (count) => async (app) => {
  const head = await takeHead(app, 60000);
  count.push(head.line);
  await app.send(ok());
  await app.board.until(() => app.text.includes('\r\n\r\n') || app.ended || app.closed, 'more', 60000);
  if (app.text.includes('\r\n\r\n')) count.push((await takeHead(app)).line);
  app.reset();
};

test('a kept connection that dies is replaced once, but never for a POST that went out', async (t) => {
  const count = [];
  const s = await startRelay(t, { serve: diesOnSecond(count) });
  const ask = (method, body) => get(`${s.url}/${method}`, { method, body });
  assert.equal((await ask('GET')).status, 200);
  assert.equal((await ask('GET')).status, 200, 'sent again');
  assert.deepEqual(count.map((line) => line.split(' ')[0]), ['GET', 'GET', 'GET']);
  assert.equal((await ask('POST', 'x')).status, 502, 'not sent again');
  assert.equal(count.length, 4);
  assert.equal((await ask('POST', 'x')).status, 200);
  assert.equal((await ask('PUT', 'x')).status, 200, 'PUT is idempotent');
});

test('a client that went away is noticed while the app is still busy', async (t) => {
  const s = await startRelay(t);
  const client = await s.connect();
  await client.send('GET /health?gate=busy HTTP/1.1\r\nHost: x\r\n\r\n');
  const request = await s.app.waitFor((r) => r.query.has('gate'));
  client.destroy();
  await s.app.board.until(() => request.finished, 'the end of the request at the app', 20000);
  assert.ok(request.aborted);
  s.app.gate('busy').release();
});

/// Waits on /sse through the relay `s`; gives the client and the app's record of its request.
async function listen(s) {
  const client = await s.connect();
  const before = s.app.requests.length;
  await client.send(`GET /sse HTTP/1.1\r\nHost: x\r\n\r\n`);
  await client.until('text/event-stream');
  return { client, request: await s.app.waitFor((r) => s.app.requests.indexOf(r) >= before) };
}

for (const [how, leave] of [['a reset', (client) => client.reset()], ['its end', (client) => client.end()]]) {
  test(`a client that leaves by ${how} ends the app's stream, whatever it sent before`, async (t) => {
    const s = await startRelay(t);
    const { client, request } = await listen(s);
    await client.send('G'); // of its next request: nobody reads it before this one has ended
    await listen(s); // another's stream goes on
    leave(client);
    await s.app.board.until(() => request.finished, 'the end of the stream at the app', 20000);
    assert.deepEqual(s.app.requests.map((r) => r.finished), [true, false]);
  });
}

test('a client that only ended its direction gets its answer, in time or with app.half_close at any time', async (t) => {
  const strict = await startRelay(t);
  const lenient = await startRelay(t, { config: { app: { half_close: true } } });
  const quick = await strict.connect();
  await quick.send('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  quick.end();
  assert.match(await quick.untilEnd(), /^HTTP\/1.1 200 /);
  const [kept, left] = [await listen(lenient), await listen(strict)];
  kept.client.end();
  left.client.end();
  await strict.app.board.until(() => left.request.finished, 'the end of the stream where half a close is one', 20000);
  lenient.app.sendEvent('still here');
  await kept.client.until('still here');
});

test('no descriptor is left over', async (t) => {
  const s = await startRelay(t);
  const before = await s.sluice.metric('open_descriptors');
  for (let i = 0; i < 20; i++) {
    const exchange = open(`${s.url}/download?size=50000000`, { abortAfter: 100000 });
    await exchange.done;
  }
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) <= 1 &&
    (await s.sluice.metric('open_descriptors')) <= before + 4, 'descriptors as before');
});
