// RFC 9110 §6.6.1: every final response has a Date, whoever made it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, exchange, get, open } from '../support/client.mjs';
import { startStack } from '../support/stack.mjs';
import { eachRequest, ok, startRelay } from './relay_stack.mjs';

const imfFixdate = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const datesOf = (text) => [...text.matchAll(/^date: (.*)\r$/gim)].map((m) => m[1]);

/// All that comes for `bytes` on a connection of its own, which Sluice ends.
async function talk(port, bytes) {
  const connection = await connect(port);
  try {
    await connection.send(bytes);
    return await connection.untilEnd();
  } finally {
    connection.destroy();
  }
}
const request = (target, more = '', method = 'GET', version = '1.1') =>
  `${method} ${target} HTTP/${version}\r\nHost: x\r\nConnection: close\r\n${more}\r\n`;

function assertDated(text, what) {
  assert.match(text, /^HTTP\/1\.1 \d\d\d /, what);
  const dates = datesOf(text.slice(0, text.indexOf('\r\n\r\n') + 2));
  assert.equal(dates.length, 1, `${what}: ${text.slice(0, 200)}`);
  assert.match(dates[0], imfFixdate, what);
  assert.ok(Math.abs(Date.now() - Date.parse(dates[0])) < 60000, `${what}: ${dates[0]}`);
}

test('what the app leaves out is added, what it says is kept', async (t) => {
  const own = 'Tue, 15 Nov 1994 08:12:31 GMT';
  const heads = {
    '/none': ok(),
    '/none-chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '/none-304': 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
    '/nominated': `HTTP/1.1 200 OK\r\nDate: ${own}\r\nConnection: date\r\nContent-Length: 0\r\n\r\n`,
    '/own': `HTTP/1.1 200 OK\r\ndate: ${own}\r\nContent-Length: 0\r\n\r\n`,
    '/interim': `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok()}`,
    '/switch': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  };
  const s = await startRelay(t, { serve: eachRequest(async (head, app) => {
    await app.send(heads[head.line.split(' ')[1]]);
    if (head.line.includes('/switch')) app.end();
  }) });
  for (const target of ['/none', '/none-chunked', '/none-304', '/nominated']) {
    for (const version of ['1.1', '1.0']) assertDated(await talk(s.port, request(target, '', 'GET', version)), `${target} ${version}`);
  }
  assert.deepEqual(datesOf(await talk(s.port, request('/own'))), [own]);
  const [interim, final] = (await talk(s.port, request('/interim'))).split(/(?=HTTP\/1\.1 200)/);
  assert.deepEqual(datesOf(interim), [], 'an interim response is as the app sent it');
  assertDated(final, 'behind an interim response');
  const switched = await talk(s.port, 'GET /switch HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  assert.match(switched, /^HTTP\/1\.1 101 /);
  assert.deepEqual(datesOf(switched), []);
});

test('answers of ours have it', async (t) => {
  const s = await startRelay(t, { config: { app: { url: 'http://127.0.0.1:1', response_timeout: '200ms' }, limits: { header_size: '4KiB' } } });
  const answers = {
    400: 'GET x HTTP/1.1\r\nHost: x\r\n\r\n',
    431: `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(9000)}\r\n\r\n`,
    501: 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n',
    502: request('/'),
  };
  for (const [status, bytes] of Object.entries(answers)) {
    const text = await talk(s.port, bytes);
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
    assertDated(text, status);
  }
});

test('media responses have it, whatever they are', async (t) => {
  const s = await startStack(t, {
    config: { fallback: { concurrency: 1 }, routes: [
      { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', query: 'any', authorize: 'none', cors: { origins: ['https://x.example'] } },
      { name: 'away', path: '/away/{file*}', store: 'media', object: '{file}', authorize: 'none', delivery: 'redirect' },
      { name: 'asked', path: '/asked/{file}', store: 'media', object: '{file}', authorize: { subrequest: '/api/may-read/{file}', ttl: '0s' } },
    ] },
  });
  s.origin.put('a', { size: 100000 });
  const etag = (await get(`${s.sluice.url}/media/a`)).headers.etag;
  const held = open(`${s.sluice.url}/media/none?gate=held`); // the one request that the app may answer in the store's place
  await s.app.waitFor((r) => r.path === '/media/none');
  const rows = [[200, '/media/a'], [200, '/media/a', '', 'HEAD'], [206, '/media/a', 'Range: bytes=1-2\r\n'], [206, '/media/a', 'Range: bytes=1-2,9-10\r\n'],
    [304, '/media/a', `If-None-Match: ${etag}\r\n`], [412, '/media/a', 'If-Match: "b"\r\n'], [416, '/media/a', 'Range: bytes=100000-\r\n'],
    [307, '/away/a'], [404, '/asked/a'], [401, '/asked/a', '', 'HEAD'], [503, '/media/none'],
    [204, '/media/a', 'Origin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n', 'OPTIONS']];
  for (const [status, target, more, method] of rows) {
    const text = await talk(s.sluice.port, request(target, more, method));
    assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `), `${method} ${target} ${more}`);
    assertDated(text, `${status} ${method ?? 'GET'} ${target}`);
  }
  s.app.gate('held').release();
  assert.equal((await held.done).status, 404);
});

test('answers of the admin port have it', async (t) => {
  const s = await startRelay(t);
  const port = Number(new URL(s.sluice.adminUrl).port);
  for (const target of ['/livez', '/readyz', '/metrics', '/nothing', '/purge']) {
    const connection = await connect(port);
    await connection.send(request(target));
    assertDated(await connection.untilEnd(), target);
    connection.destroy();
  }
  assert.equal((await exchange(port, request('/livez'))).status, 200);
});
