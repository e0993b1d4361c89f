// What an operator reads when something went wrong: who asked for what, how long each phase took, which responses were cut
// and by whom, which timeout it was, why a store is not asked.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { connect, get, range } from '../support/client.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 24 * MiB; // more than the buffers of both sockets take
const access = (s, path, status) => s.sluice.waitForLog(
  (r) => r.message === 'access' && r.path === path && (status === undefined || r.status === status), `the line of ${path}`);
const cutBy = (s, by) => poll(async () => (await s.sluice.metric('responses_cut_total', { by })) === 1, `one response cut by ${by}`);

test('who asked for what, and how long the app and the store took', async (t) => {
  const s = await startStack(t, { config: { routes: [
    { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none' },
    { name: 'asked', path: '/asked/{file*}', store: 'media', object: '{file}', authorize: { subrequest: '/api/may-read/x', ttl: '10s' } },
  ] } });
  s.origin.put('v.mp4', { size: MiB });
  s.origin.when('v.mp4').delay(100);
  const headers = { ...range(5, 99), 'User-Agent': 'Player/1.0', 'X-Request-ID': 'id-1', Cookie: s.app.logIn() };
  await s.getFrom('asked', 'v.mp4', { headers });
  const miss = await access(s, '/asked/v.mp4');
  assert.deepEqual([miss.range, miss.user_agent, miss.request_id, miss.result], ['bytes=5-99', 'Player/1.0', 'id-1', 'miss']);
  assert.ok(miss.authorize_ms > 0 && miss.origin_ms > 0, JSON.stringify(miss));
  assert.ok(miss.authorize_ms + miss.origin_ms <= miss.duration_ms);
  assert.deepEqual(['complete' in miss, 'cut_by' in miss], [false, false]);
  await s.get('v.mp4');
  const whole = await access(s, '/media/v.mp4');
  assert.deepEqual(['range', 'request_id', 'authorize_ms'].filter((key) => key in whole), [], JSON.stringify(whole));
  await get(`${s.sluice.url}/health`);
  const relayed = await access(s, '/health');
  assert.deepEqual(['range', 'authorize_ms', 'origin_ms', 'complete'].filter((key) => key in relayed), []);
});

test('who waits for what another client had fetched has waited for the store', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size: 2 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(MiB);
  const first = s.open('v.mp4');
  await gate.reached;
  const second = s.open('v.mp4', { headers: range(0, 2 * MiB - 1) });
  await poll(async () => (await s.sluice.metric('fill_joins_total')) === 1, 'the second waits');
  gate.release();
  await Promise.all([first.done, second.done]);
  assert.equal(s.origin.of('v.mp4').length, 1);
  for (const status of [200, 206]) {
    const line = await access(s, '/media/v.mp4', status);
    assert.ok(line.origin_ms > 0 && line.origin_ms <= line.duration_ms, JSON.stringify(line));
  }
});

test('behind a trusted proxy; a denial; a start', async (t) => {
  const s = await startStack(t, { app: { publicMedia: false }, config: { trusted_proxies: ['127.0.0.0/8'], routes: [
    { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: { subrequest: '/api/may-read/x' } }] } });
  s.origin.put('v.mp4', { size: 100 });
  assert.equal((await s.get('v.mp4', { headers: { 'X-Forwarded-For': '198.51.100.1, 203.0.113.7' } })).status, 401);
  const line = await access(s, '/media/v.mp4');
  assert.deepEqual([line.client, line.peer, line.result, line.detail], ['203.0.113.7', '127.0.0.1', 'denied', '401']);
  assert.ok(line.authorize_ms > 0);
  const started = await s.sluice.waitForLog((r) => r.message === 'starting');
  assert.deepEqual([started.level, started.workers, started.stores], ['info', 2, 'media']);
  assert.match(started.version, /^\d+\.\d+\.\d+$/);
  assert.match(started.config, /\.yaml$/);
});

test('what clients send cannot break a line, nor fill the log', async (t) => {
  const s = await startStack(t, { config: { limits: { header_size: '128KiB' } } });
  const client = await connect(s.sluice.port);
  const long = 'a'.repeat(60000);
  await client.send(Buffer.concat([
    Buffer.from(`GET /health HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${long}\r\nX-Request-ID: second\r\nRange: bytes=0-1","status":1\r\nUser-Agent: `),
    Buffer.from([0xff, 0xc3, 0x09, 0x22, 0x5c, 0xe2, 0x82]), Buffer.from(`${long}\r\nUser-Agent: second\r\nConnection: close\r\n\r\n`)]));
  const line = await access(s, '/health');
  client.destroy();
  assert.deepEqual([line.request_id, line.range, line.status], ['a'.repeat(128), 'bytes=0-1","status":1', 200]);
  assert.equal(line.user_agent, Buffer.concat([Buffer.from([0xff, 0xc3, 0x09, 0x22, 0x5c, 0xe2, 0x82]), Buffer.from(long)]).toString('latin1').slice(0, 512));
  const other = await connect(s.sluice.port);
  await other.send(Buffer.from('GET /api HTTP/1.1\r\nHost: x\r\nUser-Agent: Bücher € 🎬\r\nConnection: close\r\n\r\n'));
  assert.equal((await access(s, '/api')).user_agent, 'Bücher € 🎬');
  other.destroy();
});

test('a response that the store cuts', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '300ms' } }, fallback: { after: '300ms' } } });
  s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').times(1).closeAt(MiB / 2);
  s.origin.when('v.mp4').status(503, 'SlowDown');
  assert.equal((await s.get('v.mp4')).complete, false);
  const line = await access(s, '/media/v.mp4');
  assert.deepEqual([line.status, line.complete, line.cut_by], [200, false, 'origin']);
  const warned = await s.sluice.waitForLog((r) => r.message === 'a response was cut short');
  assert.deepEqual([warned.path, warned.reason, warned.detail], ['/media/v.mp4', 'store_error', 'status 503, SlowDown']);
  await cutBy(s, 'origin');
});

test('a response that the client leaves', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size });
  await s.get('v.mp4', { abortAfter: MiB });
  const line = await access(s, '/media/v.mp4');
  assert.deepEqual([line.status, line.complete, line.cut_by], [200, false, 'client']);
  await get(`${s.sluice.url}/download?size=${size}`, { abortAfter: MiB });
  const relayed = await access(s, '/download');
  assert.deepEqual([relayed.status, relayed.complete, relayed.cut_by], [200, false, 'client']);
  await poll(async () => (await s.sluice.metric('responses_cut_total', { by: 'client' })) === 2, 'both are counted');
});

test('a response that the app cuts, and one that it does not give in time', async (t) => {
  const app = http.createServer((req, res) => {
    if (req.url === '/silent') return;
    res.writeHead(200, { 'Content-Length': 100 });
    res.write('begun', () => res.destroy());
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  const s = await startStack(t, { config: { app: { url: `http://127.0.0.1:${app.address().port}`, response_timeout: '200ms' } },
    cleanup: [() => { app.closeAllConnections(); app.close(); }] });
  assert.equal((await get(`${s.sluice.url}/cut?token=SECRET`)).complete, false);
  const line = await access(s, '/cut');
  assert.deepEqual([line.status, line.complete, line.cut_by, line.bytes_app], [200, false, 'app', 5]);
  const warned = await s.sluice.waitForLog((r) => r.level === 'warn' && /^the app's response broke off/.test(r.message));
  assert.equal(warned.path, '/cut');
  await cutBy(s, 'app');
  assert.equal((await get(`${s.sluice.url}/silent`)).status, 504);
  const late = await s.sluice.waitForLog((r) => r.level === 'warn' && r.error === 'timeout');
  assert.equal(late.detail, 'app.response_timeout (200ms) ran out');
  assert.equal('complete' in (await access(s, '/silent')), false, 'the 504 was sent whole');
});

test('what drain_timeout cuts has its line: begun, not begun, and a tunnel', async (t) => {
  const s = await startStack(t, { config: { workers: 1, limits: { drain_timeout: '300ms' } } });
  s.origin.put('v.mp4', { size });
  s.origin.when('v.mp4').pauseAt(12 * MiB);
  const reader = s.open('v.mp4', { headers: { 'X-Request-ID': 'cut' } });
  await reader.reached(12 * MiB);
  const waiting = get(`${s.sluice.url}/download?size=1000&gate=late`);
  await s.app.waitFor((r) => r.path === '/download');
  const tunnel = await connect(s.sluice.port);
  await tunnel.send('GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n');
  assert.equal((await tunnel.response()).status, 101);
  s.sluice.signal('SIGTERM');
  assert.equal((await reader.done).complete, false);
  await waiting;
  await s.sluice.exited;
  await s.sluice.closedOutput;
  tunnel.destroy();
  const [begun, none, open] = ['/media/v.mp4', '/download', '/ws'].map((path) => s.sluice.access.filter((r) => r.path === path));
  assert.deepEqual(begun.map((r) => [r.status, r.complete, r.cut_by, r.request_id, r.bytes_origin > 0]), [[200, false, 'drain', 'cut', true]]);
  assert.deepEqual(none.map((r) => [r.status, 'complete' in r]), [[0, false]]);
  assert.deepEqual(open.map((r) => [r.status, 'complete' in r]), [[101, false]]);
});

test('a store that fails: one warning with the cause, the cause in later lines, and its end', async (t) => {
  const s = await startStack(t, { config: { fallback: { after: '200ms', breaker: { failures: 2, open: '100ms' } } } });
  for (const key of ['a', 'b', 'c']) s.origin.put(key, { size: 1000 });
  const rule = s.origin.when().status(503, 'SlowDown');
  await poll(async () => s.sluice.metric('breaker_open', { store: 'media' }).then((value) => value === 0), 'closed at first');
  for (const key of ['a', 'b', 'c']) await s.get(key);
  const warned = await s.sluice.waitForLog((r) => r.level === 'warn' && /circuit breaker opened/.test(r.message));
  assert.deepEqual([warned.store, warned.reason, warned.detail], ['media', 'store_error', 'status 503, SlowDown']);
  assert.equal(await s.sluice.metric('breaker_open', { store: 'media' }), 1);
  // Refused, with the cause; trials that fail are no news.
  const refused = () => s.sluice.log.find((r) => r.message === 'fallback' && r.reason === 'breaker_open');
  await poll(async () => {
    await s.get('c');
    return refused() && s.origin.requests.length >= 8;
  }, 'refusals and trials');
  assert.equal(refused().detail, 'store_error: status 503, SlowDown');
  rule.remove();
  await poll(async () => {
    await s.get('a');
    return s.sluice.log.some((r) => r.level === 'info' && /circuit breaker closed/.test(r.message));
  }, 'its end is said');
  assert.equal(await s.sluice.metric('breaker_open', { store: 'media' }), 0);
  const said = s.sluice.log.filter((r) => /circuit breaker/.test(r.message));
  assert.deepEqual(said.map((r) => r.level), ['warn', 'info']);
});

test('an address that is taken is said in plain words', async (t) => {
  const taken = http.createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const s = await startStack(t);
  const address = `127.0.0.1:${taken.address().port}`;
  await assert.rejects(s.another({ listeners: [{ address }] }), (error) => {
    assert.match(error.message, new RegExp(`sluice: cannot listen on ${address} .*: Address already in use\n`));
    assert.doesNotMatch(error.message, /\/usr|boost|system:/i);
    return true;
  });
});

test('a store that does not answer in time: which timeout it was', async (t) => {
  const s = await startStack(t, { config: { stores: { media: { response_timeout: '200ms' } }, fallback: { after: '500ms' } } });
  s.origin.put('v', { size: 1000 });
  s.origin.when().silent();
  await s.get('v');
  const said = await s.sluice.waitForLog((r) => r.message === 'fallback' && r.reason === 'timeout');
  assert.match(said.detail, /^(the store's response_timeout \(200ms\)|what was left of fallback\.after \(\d+ms\)) ran out$/);
});
