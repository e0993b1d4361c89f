// Debian's nginx in front, with deploy/nginx/sluice.conf as it is: only where to listen and where Sluice is differ.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connect, get, open, range } from '../support/client.mjs';
import { MiB, cacheStatus, startStack } from '../support/stack.mjs';
import { directoryFor, freePort, run, startService } from '../tools/service.mjs';

const deploy = fileURLToPath(new URL('../../deploy/nginx/', import.meta.url));

/// nginx's directory of configuration: ours, installed as its comment says, in a main file of the test.
function install(directory, { port, upstream }) {
  for (const name of ['conf.d', 'sluice.d', 'body', 'proxy']) fs.mkdirSync(path.join(directory, name));
  fs.copyFileSync(path.join(deploy, 'sluice.conf'), path.join(directory, 'conf.d/sluice.conf'));
  if (port) {
    fs.writeFileSync(path.join(directory, 'sluice.d/listen.conf'), `listen 127.0.0.1:${port};`);
    fs.writeFileSync(path.join(directory, 'sluice.d/upstream.conf'), `upstream sluice { server ${upstream}; keepalive 4; }`);
  } else {
    fs.cpSync(path.join(deploy, 'sluice.d'), path.join(directory, 'sluice.d'), { recursive: true });
  }
  const main = path.join(directory, 'nginx.conf');
  fs.writeFileSync(main, `
${process.getuid() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  include ${directory}/conf.d/*.conf;
}
`);
  return main;
}

/// Sluice behind nginx; gives the stack with nginx's URL and directory.
async function startBehindNginx(t, options = {}) {
  const stack = await startStack(t, { ...options, config: { trusted_proxies: ['127.0.0.0/8'] } });
  const port = await freePort();
  const directory = directoryFor(t, 'nginx');
  const main = install(directory, { port, upstream: new URL(stack.sluice.url).host });
  await startService(t, 'nginx', ['-e', 'stderr', '-c', main], {
    ready: () => connect(port).then((connection) => connection.destroy() ?? true, () => false),
  });
  return Object.assign(stack, { port, nginx: `http://127.0.0.1:${port}`, directory });
}

test('the files as they are installed pass nginx -t', (t) => {
  const directory = directoryFor(t, 'nginx');
  const { status, output } = run('nginx', ['-t', '-e', 'stderr', '-c', install(directory, {})]);
  assert.equal(status, 0, output);
});

test('beside Debian\'s default site, once that is removed as the page says', (t) => {
  const directory = directoryFor(t, 'nginx');
  const main = install(directory, {});
  const site = path.join(directory, 'sites-enabled/default');
  fs.mkdirSync(path.dirname(site));
  fs.writeFileSync(site, 'server {\n  listen 80 default_server;\n  listen [::]:80 default_server;\n}\n');
  fs.writeFileSync(main, fs.readFileSync(main, 'utf8').replace(/}\s*$/, `  include ${directory}/sites-enabled/*;\n}\n`));
  assert.match(run('nginx', ['-t', '-e', 'stderr', '-c', main]).output, /duplicate default server/);
  const commands = fs.readFileSync(path.join(deploy, '../nginx.md'), 'utf8').match(/```sh\n([^]*?)```/)[1];
  const removed = /^rm -f \/etc\/nginx\/(\S+)/m.exec(commands);
  assert.ok(removed, commands);
  fs.rmSync(path.join(directory, removed[1]));
  const { status, output } = run('nginx', ['-t', '-e', 'stderr', '-c', main]);
  assert.equal(status, 0, output);
});

test('a range is streamed: its first byte comes before its end, and every byte is right', async (t) => {
  const stack = await startBehindNginx(t);
  const object = stack.origin.put('film.mp4', { seed: 7, size: 24 * MiB });
  const [first, last] = [3 * MiB + 17, 15 * MiB + 4];
  const gate = stack.origin.when('film.mp4').pauseAt(9 * MiB);
  const exchange = open(`${stack.nginx}/media/film.mp4`, { headers: range(first, last) });
  await gate.reached;
  // The origin holds back the rest, so what comes now was not waited for.
  await exchange.reached(1 * MiB);
  assert.equal(exchange.result.status, 206);
  assert.ok(!exchange.result.finished);
  gate.release();
  const answer = await exchange.done;
  assert.ok(answer.complete);
  assert.equal(answer.headers['content-range'], `bytes ${first}-${last}/${24 * MiB}`);
  assert.equal(answer.length, last - first + 1);
  assert.equal(answer.sha256, object.sha256(first, last));

  const again = await get(`${stack.nginx}/media/film.mp4`, { headers: range(first, last) });
  assert.equal(again.sha256, object.sha256(first, last));
  assert.equal(cacheStatus(again).hit, true);
  assert.deepEqual(fs.readdirSync(path.join(stack.directory, 'proxy')), [], 'no temporary file of nginx');
});

test('a bare proxy_pass does not take more of a large response than its client does', async (t) => {
  const route = (name, headers) => ({ name, path: `/${name}/{file*}`, store: 'media', object: '{file}', authorize: 'none', headers });
  const stack = await startStack(t, { config: { routes: [route('media'), route('buffered', { 'X-Accel-Buffering': 'yes' })] } });
  const object = stack.origin.put('film.mp4', { size: 24 * MiB });
  await stack.get('film.mp4');
  const port = await freePort();
  const directory = directoryFor(t, 'nginx');
  const main = install(directory, { port, upstream: new URL(stack.sluice.url).host });
  fs.writeFileSync(path.join(directory, 'conf.d/sluice.conf'),
    `server { listen 127.0.0.1:${port}; location / { proxy_pass ${stack.sluice.url}; } }`);
  const nginx = await startService(t, 'nginx', ['-e', 'stderr', '-c', main], {
    ready: () => connect(port).then((connection) => connection.destroy() ?? true, () => false),
  });
  const slowly = (name) => get(`http://127.0.0.1:${port}/${name}/film.mp4`, { rate: 16 * MiB });
  const [small, answer] = [await get(`http://127.0.0.1:${port}/media/film.mp4`, { headers: range(0, MiB - 1) }), await slowly('media')];
  assert.deepEqual([small.length, answer.sha256, answer.headers['x-accel-buffering']], [MiB, object.sha256(), undefined], 'nginx keeps the field');
  assert.doesNotMatch(nginx.output(), /buffered to a temporary file/);
  assert.equal((await slowly('buffered')).sha256, object.sha256());
  assert.match(nginx.output(), /buffered to a temporary file/, 'as nginx does where the route says so');
});

test('preconditions, HEAD and 416 pass', async (t) => {
  const stack = await startBehindNginx(t);
  stack.origin.put('a.mp4', { seed: 1, size: 100000 });
  const url = `${stack.nginx}/media/a.mp4`;
  const head = await get(url, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.headers['content-length'], '100000');
  assert.equal((await get(url, { headers: { 'If-None-Match': head.headers.etag } })).status, 304);
  assert.equal((await get(url, { headers: range(100000) })).status, 416);
  assert.equal((await get(url, { headers: { ...range(5, 9), 'If-Range': head.headers.etag } })).status, 206);
});

test('the app learns of the client from nginx, not from what the client claims', async (t) => {
  const stack = await startBehindNginx(t);
  const answer = await get(`${stack.nginx}/headers`, { keep: true, headers: {
    'X-Forwarded-For': '6.6.6.6', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.example',
    'X-Real-IP': '6.6.6.6', Forwarded: 'for=6.6.6.6;host=evil.example',
  } });
  assert.equal(answer.status, 200);
  const { fields } = JSON.parse(answer.body);
  const value = (name) => fields.filter(([key]) => key.toLowerCase() === name).map(([, text]) => text);
  assert.deepEqual(value('host'), [`127.0.0.1:${stack.port}`]);
  assert.deepEqual(value('x-forwarded-proto'), ['http']);
  assert.deepEqual(value('x-forwarded-host'), [`127.0.0.1:${stack.port}`]);
  assert.match(value('x-forwarded-for').join(), /^127\.0\.0\.1\b/);
  assert.doesNotMatch(JSON.stringify(fields), /6\.6\.6\.6|evil\.example/);
});

test('a WebSocket is tunnelled', async (t) => {
  const stack = await startBehindNginx(t);
  const connection = await connect(stack.port);
  await connection.send(`GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${stack.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  assert.match(await connection.until('\r\n\r\n'), /^HTTP\/1\.1 101 [^]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  await connection.send('not a frame, but the app sends back what it gets');
  await connection.until('the app sends back what it gets');
  connection.destroy();
});

test('a server-sent event arrives when it is sent', async (t) => {
  const stack = await startBehindNginx(t);
  const exchange = open(`${stack.nginx}/sse`, { keep: true });
  await exchange.head;
  stack.app.sendEvent('one');
  await exchange.reached('data: one\n\n'.length);
  assert.ok(!exchange.result.finished);
  stack.app.endEvents();
  assert.equal((await exchange.done).body.toString(), 'data: one\n\n');
});

test('an upload reaches the app while it is sent, whatever its size', async (t) => {
  const stack = await startBehindNginx(t);
  const body = new PassThrough();
  const hash = createHash('sha256');
  const piece = randomBytes(MiB);
  const send = () => {
    hash.update(piece);
    body.write(piece);
  };
  const exchange = open(`${stack.nginx}/upload`, { method: 'POST', body, keep: true,
    headers: { 'Content-Length': 16 * MiB, 'Content-Type': 'application/octet-stream' } });
  send();
  await stack.app.waitFor((request) => request.path === '/upload' && request.received > 0, 'the first bytes at the app');
  for (let sent = 1; sent < 16; sent++) send();
  body.end();
  const answer = await exchange.done;
  assert.equal(answer.status, 200);
  assert.deepEqual(JSON.parse(answer.body), { sha256: hash.digest('hex'), length: 16 * MiB });
});
