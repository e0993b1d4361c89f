// preset: open-webui. What must pass unharmed: events, sockets, uploads, preflights; and how the bytes are labelled.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import { io } from 'socket.io-client';
import { open } from '../support/client.mjs';
import { content } from '../support/content.mjs';
import { comparable, contentOf, startWebui } from '../support/open_webui_stack.mjs';

const MiB = 1024 * 1024;

test('events of a chat arrive one at a time, as they are sent', async (t) => {
  const s = await startWebui(t);
  const headers = { ...s.session(s.user('ann')), 'Content-Type': 'application/json', Accept: 'text/event-stream' };
  const chat = open(`${s.sluice.url}/api/chat/completions`, { method: 'POST', body: '{"stream":true}', headers });
  const head = await chat.head;
  assert.deepEqual([head.status, head.headers['content-type']], [200, 'text/event-stream']);
  await s.app.board.until(() => s.app.eventStreams.size === 1, 'the stream');
  for (let i = 1; i <= 5; i++) {
    s.app.sendEvent('hello');
    await chat.reached(i * 'data: hello\n\n'.length);
    assert.equal(chat.received, i * 'data: hello\n\n'.length, 'no event before it was sent');
  }
  chat.abort();
  await s.app.board.until(() => s.app.eventStreams.size === 0, 'its end at the app');
});

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
  test(`socket.io by ${transports.join(', then ')}`, async (t) => {
    const s = await startWebui(t, { app: { socketIo: { pingInterval: 300, pingTimeout: 5000 } } });
    const socket = io(s.sluice.url, { path: '/ws/socket.io', transports, reconnection: false });
    t.after(() => socket.close());
    const text = { text: 'é🎬'.repeat(1000) };
    assert.deepEqual(await socket.timeout(10000).emitWithAck('echo', text), text);
    const bytes = content('socket', 0, 100000);
    assert.ok(bytes.equals(await socket.timeout(10000).emitWithAck('echo', bytes)));
    const { engine } = socket.io;
    if (transports.length > 1 && engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve));
    assert.equal(engine.transport.name, transports.at(-1));
    for (let i = 0; i < 3; i++) await new Promise((resolve) => engine.once('heartbeat', resolve));
    assert.deepEqual(await socket.timeout(10000).emitWithAck('echo', 'last'), 'last');
    socket.close();
  });
}

/// `size` bytes of content as a stream, and their hash when it has ended.
function streamed(seed, size) {
  const hash = createHash('sha256');
  const pieces = (function* make() {
    for (let at = 0; at < size; at += MiB) {
      const piece = content(seed, at, Math.min(MiB, size - at));
      hash.update(piece);
      yield piece;
    }
  })();
  return { body: Readable.from(pieces), digest: () => hash.digest('hex') };
}

test('a large upload is streamed, its answer comes late; an echo comes back whole', async (t) => {
  const s = await startWebui(t);
  const size = 64 * MiB + 3;
  const headers = { ...s.session(s.user('ann')), 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': size };
  const up = streamed('up', size);
  const answer = await s.through('/api/v1/files/', { method: 'POST', body: up.body, headers });
  const stored = JSON.parse(answer.body);
  assert.deepEqual([answer.status, stored.received, stored.sha256], [200, size, up.digest()]);
  const back = streamed('back', size);
  const echo = await s.through('/stand-in/echo', { method: 'POST', body: back.body, keep: false });
  assert.deepEqual([echo.status, echo.length, echo.sha256], [200, size, back.digest()]);
  assert.ok(process.env.SLUICE_SANITIZE || (await s.sluice.vmHwmKiB()) < 100 * 1024, 'no body is held whole');
});

test('preflights and origins', async (t) => {
  const s = await startWebui(t);
  const file = await s.upload({ owner: s.user('ann'), name: 'v.mp4' });
  const ask = { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization, range' };
  for (const target of [contentOf(file), '/api/v1/auths/', '/ws/other']) {
    const through = await s.through(target, { method: 'OPTIONS', headers: ask });
    assert.deepEqual(comparable(through), comparable(await s.direct(target, { method: 'OPTIONS', headers: ask })));
    assert.equal(through.headers['access-control-allow-headers'], 'authorization, range');
  }
  const headers = s.session(s.app.access.byEmail('ann@example.com'));
  for (const origin of ['https://a.example', 'https://b.example', 'https://a.example', undefined]) {
    const fields = { ...headers, ...(origin && { Origin: origin }) };
    const answer = await s.through(contentOf(file), { headers: fields });
    assert.equal(answer.sha256, file.sha256());
    assert.deepEqual([answer.headers['access-control-allow-origin'], answer.headers['access-control-allow-credentials'], answer.headers.vary],
      origin ? [origin, 'true', 'Origin'] : [undefined, undefined, undefined]);
  }
});

test("the app's middleware is the donor: its security fields and its Cache-Control; without one: private, no-cache", async (t) => {
  const securityHeaders = { 'Strict-Transport-Security': 'max-age=1', 'X-Frame-Options': 'DENY', 'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'self'", 'Permissions-Policy': 'camera=()', 'Cache-Control': 'no-store, max-age=0' };
  const s = await startWebui(t, { app: { securityHeaders } });
  const ann = s.user('ann');
  const file = await s.upload({ owner: ann, name: 'v.mp4' });
  const headers = s.session(ann);
  for (const state of ['cold', 'decision kept']) {
    const answer = await s.through(contentOf(file), { headers });
    for (const [name, value] of Object.entries(securityHeaders)) assert.equal(answer.headers[name.toLowerCase()], value, `${name}, ${state}`);
    assert.equal(answer.headers['content-encoding'], undefined);
    assert.equal(answer.headers['content-length'], String(file.bytes.length), 'nothing of the JSON');
  }
  s.app.options.securityHeaders = {};
  const plain = await s.through(contentOf(file), { headers: s.session(ann) });
  assert.equal(plain.headers['cache-control'], 'private, no-cache');
  assert.equal(plain.headers['x-content-type-options'], 'nosniff');
});

const star = "filename*=UTF-8''";
// name, claimed type (undefined: none), then for `/content` and for `?attachment=true`: Content-Type and Content-Disposition
const labels = [
  ['v.mp4', 'video/mp4', 'video/mp4', `attachment; ${star}v.mp4`],
  ['a.mp3', 'audio/mpeg', 'audio/mpeg', `attachment; ${star}a.mp3`],
  ['i.png', 'image/png', 'image/png', `attachment; ${star}i.png`],
  ['i.svg', 'image/svg+xml', 'image/svg+xml', `attachment; ${star}i.svg`],
  ['p.pdf', 'application/pdf', 'application/pdf', `inline; ${star}p.pdf`],
  ['p.pdf', 'text/html', 'application/pdf', `inline; ${star}p.pdf`, 'text/html; charset=utf-8'],
  ['p.pdf', 'text/plain', 'application/pdf', `inline; ${star}p.pdf`, 'text/plain; charset=utf-8'],
  ['p.pdf', undefined, 'application/pdf', `inline; ${star}p.pdf`],
  ['p.bin', 'application/pdf', 'application/pdf', `inline; ${star}p.bin`],
  ['t.txt', 'text/plain', 'text/plain; charset=utf-8', undefined],
  ['t.mp4', 'text/plain', 'text/plain; charset=utf-8', undefined],
  ['t.txt', 'text/plain; charset=latin1', 'text/plain; charset=latin1', `attachment; ${star}t.txt`],
  ['h.html', 'text/html', 'text/html; charset=utf-8', `attachment; ${star}h.html`],
  ['c.csv', 'text/csv', 'text/csv; charset=utf-8', `attachment; ${star}c.csv`],
  ['v.mp4', undefined, 'video/mp4', `attachment; ${star}v.mp4`],
  ['i.png', undefined, 'image/png', `attachment; ${star}i.png`],
  ['x.unknown', undefined, 'application/octet-stream', `attachment; ${star}x.unknown`],
  ['none', undefined, 'application/octet-stream', `attachment; ${star}none`],
  ["a b'c\"d;e~f_g.-%é🎬/x.mp4", 'video/mp4', 'video/mp4', `attachment; ${star}a%20b%27c%22d%3Be~f_g.-%25%C3%A9%F0%9F%8E%AC/x.mp4`],
  ['a\r\nSet-Cookie: x=1.mp4', 'video/mp4', 'video/mp4', `attachment; ${star}a%0D%0ASet-Cookie%3A%20x%3D1.mp4`],
];

test('types and dispositions', async (t) => {
  const s = await startWebui(t, { app: { securityHeaders: { 'Cache-Control': 'private, no-cache' } } });
  const ann = s.user('ann');
  const headers = s.session(ann);
  for (const [i, [name, claimed, type, disposition, attachedType = type]] of labels.entries()) {
    const file = await s.upload({ owner: ann, name, size: 500, path: s.app.storage.uri(`object-${i}${/\.\w+$/.exec(name) ?? ''}`), meta: { content_type: claimed } });
    const what = `${name}, ${claimed}`;
    for (const [query, ...expected] of [['', type, disposition], ['?attachment=false', type, disposition],
      ['?attachment=true', attachedType, `attachment; ${star}${(disposition ?? `${star}${name}`).split(star)[1]}`]]) {
      const alone = await s.direct(contentOf(file, query), { headers });
      assert.deepEqual([alone.headers['content-type'], alone.headers['content-disposition']], expected, `the stand-in: ${what}${query}`);
      const through = await s.through(contentOf(file, query), { headers });
      assert.deepEqual(comparable(through), comparable(alone), what + query);
      assert.equal(through.headers['set-cookie'], undefined);
    }
    assert.equal(s.relayed(file).length, 3, `${what}: Sluice answered`);
  }
});

test('a type that is no field value breaks nothing', async (t) => {
  const s = await startWebui(t);
  const ann = s.user('ann');
  for (const type of ['video/mp4\r\nSet-Cookie: x=1', 'video/mp4\u0000', 'vidéo/mp4', '', ' ', 'no type at all', 'x'.repeat(8000)]) {
    const file = await s.upload({ owner: ann, name: 'v.mp4', type, size: 500 });
    const answer = await s.through(contentOf(file), { headers: s.session(ann) });
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.ok([200, 400].includes(answer.status) || answer.status >= 500, `${answer.status}`);
    if (answer.status === 200) assert.equal(answer.sha256, file.sha256());
  }
});
