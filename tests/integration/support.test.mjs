// The tests' own tools, tested by themselves: no Sluice here. What checks others must be right first.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { startApp } from '../support/app.mjs';
import { connect, exchange, get, open, range } from '../support/client.mjs';
import { content, randomNumbers, sha256, sha256Range } from '../support/content.mjs';
import { startOrigin } from '../support/origin.mjs';
import { parseMetrics } from '../support/prometheus.mjs';
import { startStore } from '../support/s3_store.mjs';
import { checkSignature, presign, signHeaders } from '../support/sigv4.mjs';
import { MiB } from '../support/stack.mjs';

async function originFor(t) {
  const origin = await startOrigin();
  t.after(() => origin.close());
  return origin;
}

test('content is the same at any offset', () => {
  const whole = content('seed', 0, 300000);
  const random = randomNumbers(1);
  for (let i = 0; i < 200; i++) {
    const first = random.next(299000);
    const length = 1 + random.next(1000);
    assert.ok(content('seed', first, length).equals(whole.subarray(first, first + length)), `${first}+${length}`);
  }
  assert.equal(sha256Range('seed', 7, 290001), sha256(whole.subarray(7, 290002)));
  assert.equal(sha256Range('seed', 0, -1), sha256(''));
  assert.notEqual(sha256Range('seed', 0, 99), sha256Range('other', 0, 99));
});

test('the origin answers ranges and preconditions as S3 does', async (t) => {
  const origin = await originFor(t);
  const object = origin.put('a b/é.mp4', { seed: 3, size: 100000 });
  origin.put('empty', { seed: 1, size: 0 });
  const url = `${origin.url}/media/a%20b/%C3%A9.mp4`;
  const cases = [
    [{}, 200, [0, 99999]],
    [range(0), 206, [0, 99999]],
    [range(5, 5), 206, [5, 5]],
    [range(99990, 200000), 206, [99990, 99999]],
    [{ Range: 'bytes=-10' }, 206, [99990, 99999]],
    [{ Range: 'bytes=-200000' }, 206, [0, 99999]],
    [{ Range: 'bytes=-0' }, 416],
    [range(100000), 416],
    [{ Range: 'bytes=9-5' }, 200, [0, 99999]],
    [{ Range: 'lines=0-5' }, 200, [0, 99999]],
    [{ 'If-Match': '"other"' }, 412],
    [{ 'If-Match': object.etag, ...range(1, 2) }, 206, [1, 2]],
    [{ 'If-None-Match': object.etag }, 304, [0, -1]],
    [{ 'If-None-Match': `W/${object.etag}` }, 304, [0, -1]],
    [{ 'If-None-Match': '"other"' }, 200, [0, 99999]],
    [{ 'If-Range': '"other"', ...range(1, 2) }, 200, [0, 99999]],
    [{ 'If-Range': object.etag, ...range(1, 2) }, 206, [1, 2]],
    [{ 'If-Modified-Since': new Date(object.modified).toUTCString() }, 304, [0, -1]],
    [{ 'If-Unmodified-Since': new Date(object.modified - 1000).toUTCString() }, 412],
  ];
  for (const [headers, status, bytes] of cases) {
    const answer = await get(url, { headers });
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.ok(answer.complete);
    if (bytes) assert.equal(answer.sha256, object.sha256(...bytes), JSON.stringify(headers));
  }
  const unsatisfiable = await get(url, { headers: range(100000), keep: true });
  assert.equal(unsatisfiable.headers['content-range'], 'bytes */100000');
  assert.match(unsatisfiable.body.toString(), /<Code>InvalidRange<\/Code>/);
  const head = await get(url, { method: 'HEAD', headers: range(0, 9) });
  assert.deepEqual([head.status, head.headers['content-length'], head.length], [206, '10', 0]);
  assert.equal((await get(`${origin.url}/media/empty`)).length, 0);
  assert.equal((await get(`${origin.url}/media/empty`, { headers: range(0) })).status, 416);
  assert.equal((await get(`${origin.url}/media/none`)).status, 404);
});

test('the origin breaks, pauses and lies as told, so many times', async (t) => {
  const origin = await originFor(t);
  const object = origin.put('o', { size: MiB });
  const url = `${origin.url}/media/o`;
  origin.when('o').times(1).status(503);
  assert.equal((await get(url)).status, 503);
  assert.equal((await get(url)).sha256, object.sha256());

  origin.when('o').times(1).closeAt(500001);
  const short = await get(url);
  assert.deepEqual([short.complete, short.length, short.sha256], [false, 500001, object.sha256(0, 500000)]);
  origin.when('o').times(1).resetAt(500001);
  const reset = await get(url);
  assert.deepEqual([reset.status, reset.complete], [200, false]);
  assert.ok(reset.length <= 500001);
  assert.equal(reset.sha256, object.sha256(0, reset.length - 1));
  assert.equal((await get(url, { headers: range(500002) })).complete, true);

  const pause = origin.when('o').pauseAt(65537);
  const paused = open(url);
  await pause.reached;
  await paused.reached(65537);
  assert.equal((await get(url, { headers: range(0, 65536) })).length, 65537);
  pause.release();
  assert.equal((await paused.done).sha256, object.sha256());
  origin.clearRules();

  origin.when('o').times(1).contentRange('bytes 1-2/3');
  assert.equal((await get(url, { headers: range(5, 9) })).headers['content-range'], 'bytes 1-2/3');
  origin.when('o').times(1).total(77);
  assert.equal((await get(url, { headers: range(5, 9) })).headers['content-range'], 'bytes 5-9/77');
  origin.when('o').times(1).ignoreRange();
  assert.equal((await get(url, { headers: range(5, 9) })).status, 200);
  origin.when('o').times(1).weakEtag();
  assert.match((await get(url)).headers.etag, /^W\/"/);
  origin.when('o').times(1).noEtag();
  assert.equal((await get(url)).headers.etag, undefined);
  origin.when('o').times(1).chunked();
  const chunked = await get(url);
  assert.equal(chunked.headers['transfer-encoding'], 'chunked');
  assert.equal(chunked.sha256, object.sha256());
  origin.when('o').times(1).garbage();
  assert.equal((await get(url)).status, 0);
  const silent = origin.when('o').times(1).silent();
  const waiting = open(url);
  await origin.board.until(() => silent.taken === 1, 'the silent rule');
  waiting.abort();
  await origin.idle();
  assert.equal(origin.requests.at(-1).aborted, true);
});

test('the origin tells pages that left twice, and comes back where it was', async (t) => {
  const origin = await originFor(t);
  origin.put('o', { size: MiB });
  const url = `${origin.url}/media/o`;
  await get(url, { headers: range(0, 100000) });
  await get(url, { headers: range(100001, 200000) });
  assert.deepEqual(origin.pagesSentTwice('o'), []);
  assert.equal(origin.bytesSent('o'), 200001);
  await get(url, { headers: range(131072, 196608) });
  assert.deepEqual(origin.pagesSentTwice('o'), [2]);
  await origin.down();
  assert.equal((await get(url)).status, 0);
  await origin.up();
  assert.equal((await get(url)).status, 200);
});

test('the store gives nothing without a right signature', async (t) => {
  const store = await startStore({ accessKey: 'K', secretKey: 'S' });
  t.after(() => store.close());
  const keys = ['plain.mp4', 'a b+c%d.mp4', 'ü/日本/🎬~.mp4', "odd!*'();:@&=$,?#[]", 'long/'.repeat(200) + '1234'];
  const signed = (key, over) => presign({ endpoint: store.url, bucket: 'media', key, accessKey: 'K', secretKey: 'S', ...over });
  for (const key of keys) {
    const object = store.put(key, { seed: key, size: 1000 });
    assert.equal((await get(signed(key))).sha256, object.sha256(), key);
    assert.equal((await get(signed(key), { headers: range(1, 9) })).sha256, object.sha256(1, 9), key);
  }
  const url = signed('plain.mp4');
  const refusals = [
    [signed('plain.mp4', { secretKey: 'wrong' }), {}, 'SignatureDoesNotMatch'],
    [signed('plain.mp4', { accessKey: 'other' }), {}, 'InvalidAccessKeyId'],
    [signed('plain.mp4', { region: 'eu-west-1' }), {}, 'AuthorizationQueryParametersError'],
    [signed('plain.mp4', { expires: 1, time: Date.now() - 60000 }), {}, 'Request has expired'],
    [signed('plain.mp4', { time: Date.now() + 3600000 }), {}, 'not yet valid'],
    [signed('plain.mp4', { expires: 604801 }), {}, 'X-Amz-Expires'],
    [url.replace('plain', 'other'), {}, 'SignatureDoesNotMatch'],
    [url.replace('X-Amz-Expires=3600', 'X-Amz-Expires=3601'), {}, 'SignatureDoesNotMatch'],
    [`${store.url}/media/plain.mp4`, {}, 'AccessDenied'],
    [url, { headers: { 'x-amz-meta-a': '1' } }, 'not signed'],
    [url, { headers: { Host: 'elsewhere.example' } }, 'SignatureDoesNotMatch'],
    [signed('none'), {}, 'NoSuchKey'],
  ];
  for (const [target, options, code] of refusals) {
    const answer = await get(target, { keep: true, ...options });
    assert.ok(answer.status >= 400, code);
    assert.ok(answer.body.toString().includes(code), `${code}: ${answer.body}`);
  }
  assert.equal((await get(url, { method: 'HEAD' })).status, 403);
  assert.equal((await get(signed('plain.mp4', { method: 'HEAD' }), { method: 'HEAD' })).status, 200);
  const path = '/media/plain.mp4';
  const headers = signHeaders({ method: 'GET', path, host: `127.0.0.1:${store.port}`, accessKey: 'K', secretKey: 'S' });
  assert.equal((await get(store.url + path, { headers })).status, 200);
  assert.equal((await get(store.url + path, { headers: { ...headers, authorization: headers.authorization.replace(/.$/, 'z') } })).status, 403);
});

const vectors = new URL('../vectors/s3_sigv4.json', import.meta.url);
test('the store accepts what other signers made', { skip: !fs.existsSync(vectors) && 'tests/vectors/s3_sigv4.json is not here' }, () => {
  const { cases } = JSON.parse(fs.readFileSync(vectors, 'utf8'));
  let checked = 0;
  for (const one of cases.filter((c) => c.mode === 'query')) {
    const { host } = new URL(one.expect.url);
    const headers = { host };
    for (const [name, value] of one.headers) headers[name.toLowerCase()] = value;
    const target = one.expect.url.slice(one.expect.url.indexOf(host) + host.length);
    const refused = checkSignature({ method: one.method, target, headers }, { region: one.region,
      accessKey: one.credentials.access_key_id, secretKey: one.credentials.secret_access_key, now: Date.parse(one.timestamp) });
    assert.equal(refused?.body.toString(), undefined, one.id);
    checked += 1;
  }
  assert.ok(checked > 20, `${checked} vectors`);
});

test('the app authorises, serves media whole, echoes, streams', async (t) => {
  const object = { seed: 5, size: 100000 };
  const origin = await originFor(t);
  const app = await startApp({ mediaObject: () => origin.put('x', object) });
  t.after(() => app.close());
  assert.equal((await get(`${app.url}/media/c/x.mp4`)).status, 401);
  const headers = { Cookie: app.logIn() };
  assert.equal((await get(`${app.url}/api/may-read/c`, { headers })).status, 200);
  assert.equal((await get(`${app.url}/api/may-read/c`)).status, 401);
  const part = await get(`${app.url}/media/c/x.mp4`, { headers: { ...headers, ...range(10, 19) } });
  assert.deepEqual([part.status, part.sha256], [206, sha256Range(5, 10, 19)]);
  assert.equal((await get(`${app.url}/download?size=3000000&seed=9`)).sha256, sha256Range('9', 0, 2999999));
  const body = content(1, 0, 2 * MiB);
  assert.equal((await get(`${app.url}/echo`, { method: 'PUT', body })).sha256, sha256(body));
  const answer = JSON.parse((await get(`${app.url}/upload`, { method: 'POST', body, keep: true })).body.toString());
  assert.deepEqual(answer, { sha256: sha256(body), length: body.length });
  assert.equal((await get(`${app.url}/status/418`)).status, 418);
  assert.equal((await get(`${app.url}//etc`)).status, 404);
});

test('the app speaks events, upgrades, 1xx and Expect', async (t) => {
  const app = await startApp();
  t.after(() => app.close());
  const events = open(`${app.url}/sse`);
  await events.head;
  app.sendEvent('one');
  await events.reached(11);
  app.endEvents();
  assert.equal((await events.done).length, 11);
  const socket = await connect(app.port);
  await socket.send('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\nearly');
  await socket.until('early');
  assert.match(socket.text, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  await socket.send('late');
  socket.end();
  assert.ok((await socket.untilEnd()).endsWith('earlylate'));
  const refused = await exchange(app.port, 'POST /expect?refuse HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  assert.equal(refused.status, 417);
  const continued = await connect(app.port);
  t.after(() => continued.destroy());
  await continued.send('POST /expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  assert.equal((await continued.response()).status, 100);
  await continued.send('abc');
  assert.equal((await continued.response()).status, 200);
  assert.equal((await exchange(app.port, 'GET /hints HTTP/1.1\r\nHost: a\r\n\r\n')).status, 103);
  const chunked = await exchange(app.port, 'GET /chunked?count=2&trailer HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(chunked.body.toString(), /chunk 1\n\r\n0\r\nX-Checksum: abc\r\n\r\n$/);
});

test('metrics are read strictly', () => {
  const m = parseMetrics('# HELP sluice_a b\n# TYPE sluice_a counter\nsluice_a{x="1",y="q\\"\\\\"} 2\nsluice_a{x="2"} 3.5e1\nsluice_b +Inf\n');
  assert.equal(m.sum('a'), 37);
  assert.equal(m.sum('a', { x: 1 }), 2);
  assert.equal(m.find('a')[0].labels.y, 'q"\\');
  assert.equal(m.sum('b'), Infinity);
  assert.throws(() => parseMetrics('sluice a 1'));
  assert.throws(() => parseMetrics('a{x=1} 1'));
});
