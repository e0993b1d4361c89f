// What operators rely on: probes, metrics that agree with what clients got, an access log without secrets, a drain that
// lets downloads finish.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { get, keepAlive, range } from '../support/client.mjs';
import { binary, removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 4 * MiB + 1;

test('probes, metrics and who may see the rest', async (t) => {
  const s = await startStack(t);
  for (const probe of ['livez', 'readyz', 'startupz']) {
    assert.equal((await get(`${s.sluice.adminUrl}/${probe}`)).status, 200, probe);
  }
  await s.origin.down();
  await s.app.down();
  assert.equal((await get(`${s.sluice.adminUrl}/readyz`)).status, 200, 'readiness does not depend on the store or the app');
  const answer = await get(`${s.sluice.adminUrl}/metrics`);
  assert.match(answer.headers['content-type'], /^text\/plain/);
  const metrics = await s.sluice.metrics();
  for (const name of ['build_info', 'open_descriptors', 'cache_limit_bytes', 'cache_size_bytes', 'cache_objects', 'fills_in_flight',
    'connections', 'config_last_reload_successful']) assert.ok(metrics.has(name), name);
  for (const path of ['status', 'config', 'purge', '']) {
    const refused = await get(`${s.sluice.adminUrl}/${path}`);
    assert.ok([401, 404, 405].includes(refused.status), `/${path} without a token: ${refused.status}`);
  }
  for (const path of ['metrics', 'livez', 'status', 'purge']) {
    const relayed = await get(`${s.sluice.url}/${path}`);
    assert.notEqual(relayed.status, 200, `the client side has no /${path}`);
  }
});

test('metrics agree with what clients got and the origin sent', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size });
  s.origin.put('missing.mp4', { size: 5000 });
  s.origin.when('missing.mp4').status(404);
  const agent = keepAlive();
  t.after(() => agent.destroy());
  let media = 0;
  const ask = async (key, options) => {
    const answer = await s.get(key, { agent, ...options });
    media += answer.length;
    return answer;
  };
  await ask('v.mp4', { headers: range(0, MiB - 1) });
  await ask('v.mp4', { headers: range(0, MiB - 1) });
  await ask('v.mp4', { headers: range(MiB / 2, 2 * MiB) });
  await ask('v.mp4');
  await ask('v.mp4', { method: 'HEAD' });
  await ask('v.mp4', { headers: range(size) });
  await ask('v.mp4', { headers: { 'If-None-Match': s.origin.object('v.mp4').etag } });
  await ask('missing.mp4');
  await get(`${s.sluice.url}/download?size=100000`, { agent });
  await s.origin.idle();
  const m = await poll(async () => {
    const found = await s.sluice.metrics();
    return found.sum('requests_total') >= 9 && found;
  }, 'nine requests counted');
  const by = (labels) => m.sum('response_bytes_total', labels);
  assert.equal(by({ route: 'media' }), media, 'media bytes by all sources');
  assert.equal(by({ route: 'media', source: 'app' }), 5000);
  assert.equal(by({ source: 'app' }), 105000);
  assert.ok(by({ route: 'media', source: 'cache' }) >= MiB, 'a hit is from the cache');
  assert.ok(by({ route: 'media', source: 'origin' }) + by({ route: 'media', source: 'cache' }) === media - 5000);
  assert.equal(m.sum('origin_bytes_total', { store: 'media' }), s.origin.bytesSent('v.mp4'));
  assert.equal(m.sum('origin_requests_total', { store: 'media' }), s.origin.of().length);
  assert.equal(m.sum('origin_requests_total', { store: 'media', code: 404 }), 1);
  const requests = (labels) => m.sum('requests_total', { route: 'media', ...labels });
  assert.equal(requests(), 8);
  assert.deepEqual([requests({ result: 'miss' }), requests({ result: 'fallback' }), requests({ code: 416 }), requests({ code: 304 })], [1, 1, 1, 1]);
  assert.equal(requests({ result: 'partial' }), 2);
  assert.equal(m.sum('fallback_total', { route: 'media', reason: 'not_found' }), 1);
  assert.equal(m.sum('first_byte_seconds_count', { route: 'media' }), 8);
  assert.equal(m.sum('sign_total', { store: 'media' }) > 0, true);
  for (const sample of m.samples) {
    for (const value of Object.values(sample.labels)) assert.ok(!/v\.mp4|missing|127\.0\.0\.1:/.test(value), `${sample.name} ${value}`);
  }
});

test('metrics count aborted downloads by what was sent', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size: 64 * MiB });
  await s.get('v.mp4', { abortAfter: MiB });
  const counted = await poll(async () => s.sluice.metric('response_bytes_total', { route: 'media' }), 'the aborted download is counted');
  assert.ok(counted >= MiB && counted < 64 * MiB, `${counted}`);
});

test('the access log: one JSON record a request, no query, no secret', async (t) => {
  const s = await startStack(t);
  s.origin.put('v.mp4', { size });
  const headers = { Cookie: 'session=SECRET-COOKIE', Authorization: 'Bearer SECRET-TOKEN', Referer: 'http://x/?SECRET-REFERER' };
  await s.get('v.mp4', { headers });
  await s.get('v.mp4', { headers: { ...headers, ...range(0, 99) } });
  await get(`${s.sluice.url}/headers?token=SECRET-QUERY`, { headers });
  await get(`${s.sluice.url}/status/418`, { headers });
  // Each worker writes its own records in bulk, so the lines of two workers may change places: the times tell.
  const records = [...(await s.sluice.board.until(() => s.sluice.access.length >= 4 && s.sluice.access, 'four records'))];
  records.sort((a, b) => (a.time < b.time ? -1 : 1));
  // Workers write for themselves: the order is theirs.
  const find = (path, status) => records.find((r) => r.path === path && r.status === status) ?? {};
  const [miss, hit] = [find('/media/v.mp4', 200), find('/media/v.mp4', 206)];
  const [relay, teapot] = [find('/headers', 200), find('/status/418', 418)];
  assert.deepEqual([miss.result, hit.result, relay.result, teapot.result], ['miss', 'hit', 'relay', 'relay'], JSON.stringify(records));
  assert.deepEqual([miss.method, miss.route, records.length], ['GET', 'media', 4]);
  const numbers = (record) => Object.entries(record).filter(([, value]) => typeof value === 'number').map(([name]) => name);
  for (const record of records) assert.ok(numbers(record).some((name) => /ttfb|first_byte/.test(name)), `${JSON.stringify(record)}: a first-byte time`);
  const bytes = (record) => Object.entries(record).reduce((sum, [name, value]) => sum + (name.startsWith('bytes_') ? value : 0), 0);
  assert.deepEqual([bytes(miss), bytes(hit), hit.bytes_cache, hit.bytes_origin], [size, 100, 100, 0], 'bytes by source');
  assert.ok(!(s.sluice.lines.join('\n') + s.sluice.stderr).includes('SECRET'), 'no secret in the log');
  assert.ok(!s.sluice.lines.join('\n').includes('X-Amz-'), 'no signed URL in the log');
});

test('SIGTERM: running downloads finish, readiness goes first, nothing new is taken', async (t) => {
  const s = await startStack(t, { config: { limits: { shutdown_delay: '1s' } } });
  const object = s.origin.put('v.mp4', { size: 24 * MiB });
  const gate = s.origin.when('v.mp4').pauseAt(12 * MiB);
  const reader = s.open('v.mp4');
  await reader.reached(12 * MiB);
  const app = get(`${s.sluice.url}/download?size=1000&gate=late`);
  await s.app.waitFor((r) => r.path === '/download');
  s.sluice.signal('SIGTERM');
  await poll(async () => (await get(`${s.sluice.adminUrl}/readyz`)).status === 503, 'not ready any more');
  assert.equal((await get(`${s.sluice.adminUrl}/livez`)).status, 200, 'alive while it drains');
  await poll(async () => (await get(`${s.sluice.url}/health`)).status === 0, 'no new connections after the delay');
  assert.equal(reader.result.finished, undefined);
  gate.release();
  s.app.gate('late').release();
  assert.deepEqual([(await reader.done).complete, (await reader.done).sha256], [true, object.sha256()]);
  assert.equal((await app).length, 1000);
  assert.deepEqual(await s.sluice.exited, { code: 0, signal: null });
});

test('signals that mean nothing here are told so, and end nothing', async (t) => {
  const s = await startStack(t);
  for (const [name, number] of [['SIGHUP', 1], ['SIGUSR1', 10], ['SIGUSR2', 12]]) {
    s.sluice.signal(name);
    const line = await s.sluice.waitForLog((r) => r.message === 'signal ignored' && r.signal === number, name);
    assert.equal(line.level, 'warn');
    assert.match(line.reason, name === 'SIGHUP' ? /read at the start only: restart/ : /standard output/);
  }
  assert.equal((await get(`${s.sluice.adminUrl}/readyz`)).status, 200);
});

test('a port is one process\'s: a second one ends and says whom to look for', async (t) => {
  const s = await startStack(t);
  for (const [side, url] of [['client', s.sluice.url], ['admin', s.sluice.adminUrl]]) {
    const { port } = new URL(url);
    const directory = temporaryDirectory();
    t.after(() => removeDirectory(directory));
    const file = path.join(directory, 'sluice.yaml');
    const addresses = { client: '127.0.0.1:0', admin: '127.0.0.1:0', [side]: `127.0.0.1:${port}` };
    fs.writeFileSync(file, JSON.stringify({ listeners: [{ address: addresses.client }], admin: { address: addresses.admin },
      app: { url: 'http://127.0.0.1:9' } }));
    const { status, stderr } = spawnSync(binary, ['serve', '--config', file], { encoding: 'utf8', timeout: 10000 });
    assert.equal(status, 1, `${side}: ${stderr}`);
    assert.match(stderr, new RegExp(`cannot listen on 127.0.0.1:${port} .*ss -ltnp 'sport = :${port}'.*Address already in use`), side);
  }
  assert.equal((await get(`${s.sluice.adminUrl}/readyz`)).status, 200);
});

test('a cache directory that cannot be opened is a gauge, until it can', async (t) => {
  const s = await startStack(t);
  assert.equal(await s.sluice.metric('cache_up'), 1);
  const directory = temporaryDirectory();
  t.after(() => removeDirectory(directory));
  const place = path.join(directory, 'cache');
  fs.writeFileSync(place, 'no directory');
  const other = await startStack(t, { config: { cache: { directory: place } } });
  assert.equal(await other.sluice.metric('cache_up'), 0);
  fs.rmSync(place);
  await poll(async () => (await other.sluice.metric('cache_up')) === 1, 'it is tried again', 30000);
});

test('drain_timeout ends what does not end by itself', async (t) => {
  const s = await startStack(t, { config: { limits: { drain_timeout: '500ms' } } });
  s.origin.put('v.mp4', { size: 24 * MiB });
  s.origin.when('v.mp4').pauseAt(12 * MiB);
  const reader = s.open('v.mp4');
  await reader.reached(12 * MiB);
  s.sluice.signal('SIGTERM');
  assert.equal((await reader.done).complete, false);
  assert.deepEqual(await s.sluice.exited, { code: 0, signal: null });
});

test('idle keep-alive connections do not hold up the end', async (t) => {
  const s = await startStack(t);
  const agent = keepAlive();
  t.after(() => agent.destroy());
  await Promise.all(Array.from({ length: 5 }, () => get(`${s.sluice.url}/health`, { agent })));
  s.sluice.signal('SIGTERM');
  assert.deepEqual(await s.sluice.exited, { code: 0, signal: null });
});

test('a look-up of a name that never ends does not hold up the end', async (t) => {
  const library = process.env.SLUICE_HANGING_NAMES;
  assert.ok(library, 'SLUICE_HANGING_NAMES is the path of the library hanging_names, as ctest sets it');
  const s = await startStack(t, { config: { workers: 1, app: { url: 'http://hangs.invalid:80', connect_timeout: '200ms' } },
    env: { LD_PRELOAD: library, ASAN_OPTIONS: `verify_asan_link_order=0:${process.env.ASAN_OPTIONS ?? ''}` } });
  assert.equal((await get(`${s.sluice.url}/health`)).status, 504, 'the request does not wait for it');
  await s.sluice.stop();
});

test('memory stays bounded while large bodies pass', async (t) => {
  const s = await startStack(t);
  const object = s.origin.put('v.mp4', { size: 256 * MiB });
  await Promise.all([s.get('v.mp4'), s.get('v.mp4'), get(`${s.sluice.url}/download?size=${128 * MiB}`)]);
  assert.equal((await s.get('v.mp4', { headers: range(200 * MiB) })).sha256, object.sha256(200 * MiB));
  const limit = process.env.SLUICE_SANITIZE ? 600 : 200; // AddressSanitizer keeps 256 MiB of what was freed
  assert.ok(s.sluice.vmHwmKiB() < limit * 1024, `${s.sluice.vmHwmKiB()} KiB at the most`);
});
