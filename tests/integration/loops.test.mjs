// A configuration that leads Sluice to itself: refused where that can be seen, ended by Via where it cannot.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { binary } from '../support/sluice.mjs';
import { directoryFor } from '../tools/service.mjs';
import { startRelay } from './relay_stack.mjs';

function check(t, text) {
  const file = path.join(directoryFor(t, 'loops'), 'sluice.yaml');
  fs.writeFileSync(file, text);
  return spawnSync(binary, ['check', '--config', file], { encoding: 'utf8', timeout: 30000 });
}

test('an app.url that is a listener of ours is refused, with its line', (t) => {
  const ours = Object.values(os.networkInterfaces()).flat().map((each) => each.address)
    .filter((address) => !address.startsWith('fe80'));
  const cases = [
    ['app: {url: "http://127.0.0.1:8080"}', '1:12'], // the listener that there is by default
    ['app: {url: "http://localhost:8080"}', '1:12'],
    ['app: {url: "http://[::ffff:127.0.0.1]:8080"}', '1:12'],
    ['listeners: [{address: "[::]:8081"}]\napp: {url: "http://0.0.0.0:8081"}', '2:12'],
    ['listeners: [{address: "127.0.0.1:8081"}]\napp: {url: "http://0.0.0.0:8081"}', '2:12'],
    ...ours.map((address) => [`listeners: [{address: "[::]:8081"}]\napp: {url: "http://${address.includes(':') ? `[${address}]` : address}:8081"}`, '2:12']),
  ];
  for (const [text, place] of cases) {
    const { status, stderr } = check(t, text);
    assert.equal(status, 1, `${text}\n${stderr}`);
    assert.match(stderr, new RegExp(`:${place}: error: .*leads back`), text);
  }
  for (const text of ['app: {url: "http://127.0.0.1:3000"}', 'app: {url: "http://192.0.2.1:8080"}',
    'listeners: [{address: "127.0.0.1:8081"}]\napp: {url: "http://127.0.0.2:8081"}']) {
    assert.equal(check(t, text).status, 0, text);
  }
});

test('an admin address that is the default listener is refused', (t) => {
  const { status, stderr } = check(t, 'app: {url: "http://127.0.0.1:3000"}\nadmin: {address: "127.0.0.1:8080"}');
  assert.equal(status, 1);
  assert.match(stderr, /:2:18: error: "admin\.address" is taken by /);
});

/// A way that leads somewhere: what a name, a balancer or NAT are to Sluice. Counts its connections.
async function forwarder(t) {
  const way = { to: 0, connections: 0 };
  const open = new Set();
  const server = net.createServer((socket) => {
    way.connections += 1;
    const next = net.connect(way.to, '127.0.0.1');
    for (const [one, other] of [[socket, next], [next, socket]]) {
      open.add(one);
      one.on('error', () => {}).on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
    if (way.connections > 40) for (const each of open) each.destroy(); // a loop, which is to end
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const each of open) each.destroy();
    server.close();
  });
  way.url = `http://127.0.0.1:${server.address().port}`;
  return way;
}

test('a way that leads back ends with 508 at the second look', async (t) => {
  const way = await forwarder(t);
  const s = await startRelay(t, { config: { app: { url: way.url } } });
  way.to = s.port;
  for (const [method, headers] of [['GET', {}], ['GET', { Connection: 'Upgrade', Upgrade: 'websocket' }], ['POST', { 'Content-Length': '0' }]]) {
    way.connections = 0;
    const answer = await get(`${s.url}/x`, { method, headers, keep: true });
    assert.equal(answer.status, 508, JSON.stringify(answer.error));
    assert.ok(way.connections <= 2, `${way.connections} connections`);
  }
  await s.sluice.counted(6, { code: '508' }); // the inner one and what was relayed of it
});

test('the subrequest of a gate that leads back grants nothing, and ends', async (t) => {
  const way = await forwarder(t);
  const s = await startRelay(t, { config: {
    app: { url: way.url },
    stores: { disk: { type: 'local', root: os.tmpdir() } },
    routes: [{ name: 'm', path: '/m/{f}', store: 'disk', object: '{f}', authorize: { subrequest: '/m/{f}' } }],
  } });
  way.to = s.port;
  const answer = await get(`${s.url}/m/x`);
  assert.equal(answer.status, 508);
  assert.ok(way.connections <= 4, `${way.connections} connections`);
});

test('Via goes to the app behind what the client sent of it, and not with app.via: false', async (t) => {
  const s = await startRelay(t);
  const via = async (url, headers) => {
    await get(`${url}/x`, { headers });
    return s.app.requests.at(-1).rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1].toLowerCase() === 'via');
  };
  const [ours] = await via(s.url);
  assert.match(ours, /^1\.1 sluice-[0-9a-f]{8}$/);
  assert.deepEqual(await via(s.url, { Via: '1.0 fred, 1.1 p.example (a, b)' }), [`1.0 fred, 1.1 p.example (a, b), ${ours}`]);
  assert.equal((await get(`${s.url}/x`, { headers: { Via: `1.1 a, ${ours}, 1.1 b` } })).status, 508);
  assert.notEqual((await get(`${s.url}/x`, { headers: { Via: '1.1 sluice-0' } })).status, 508, 'another process');
  const without = await startRelay(t, { config: { app: { url: s.app.url, via: false } } });
  assert.deepEqual((await via(without.url)), []);
  assert.deepEqual((await via(without.url, { Via: '1.0 fred' })), ['1.0 fred']);
});
