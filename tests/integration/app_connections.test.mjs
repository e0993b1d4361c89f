// No answer reaches another question: what an app sends unasked on a connection is never read as an answer, and what is
// asked before a client gets a byte travels on connections of its own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, rawServer } from '../support/client.mjs';
import { startGunicorn } from '../support/gunicorn.mjs';
import { startOrigin } from '../support/origin.mjs';
import { merge, removeDirectory, startSluice, temporaryDirectory, testConfig } from '../support/sluice.mjs';
import { runAll } from '../support/stack.mjs';
import { eachRequest, ok, takeHead } from './relay_stack.mjs';

const forged = (fields = '', body = '{}') =>
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
const forbidden = 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
const announced = (text, status = '200 OK') =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n`;

/// Sluice with one worker, so that all requests share its pools, in front of a raw app that answers by `answer(head,
/// connection)`; a store with `secret.txt`. `asked`: each connection's request lines.
async function start(t, answer, { config = {}, withOrigin = true } = {}) {
  const asked = new Map();
  const app = await rawServer(eachRequest(async (head, connection) => {
    if (!asked.has(connection)) asked.set(connection, []);
    asked.get(connection).push(head.line);
    await answer(head, connection);
  }));
  const origin = withOrigin ? await startOrigin() : undefined;
  origin?.put('secret.txt', { size: 1000, contentType: 'text/plain' });
  const cacheDirectory = temporaryDirectory('cache');
  let sluice;
  const clients = [];
  t.after(() => runAll([
    ...clients.map((client) => () => client.destroy()),
    () => sluice?.stop(),
    () => app.close(),
    () => origin?.close(),
    () => removeDirectory(cacheDirectory),
  ]));
  const base = testConfig({ originUrl: origin?.url ?? app.url, appUrl: app.url, cacheDirectory, credentials: origin?.credentials });
  sluice = await startSluice(merge(base, merge({ workers: 1,
    routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}',
      authorize: { subrequest: '/api/may-read/{file}', ttl: '0s' } }] }, config)));
  return {
    app, origin, sluice, asked,
    async client() {
      clients.push(await connect(sluice.port));
      return clients.at(-1);
    },
  };
}

/// Sends `text` as the rest of an answer that was not to have one: once the connection carries the next request, so that
/// it is the first thing to be read after that; or not at all where the connection was closed instead.
async function stray(connection, text) {
  await connection.board.until(() => connection.text.includes('\r\n\r\n') || connection.ended || connection.closed,
    'the next request or the end', 60000);
  if (!connection.ended && !connection.closed) await connection.send(text);
}

for (const [what, request, head] of [
  ['HEAD', 'HEAD /u/note.txt HTTP/1.1\r\nHost: x\r\n\r\n', announced(forged())],
  ['HEAD with chunks', 'HEAD /u/note.txt HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['HEAD that announces none', 'HEAD /u/note.txt HTTP/1.1\r\nHost: x\r\n\r\n', announced('')],
  ['304', 'GET /u/note.txt HTTP/1.1\r\nHost: x\r\nIf-None-Match: "x"\r\n\r\n', announced(forged(), '304 Not Modified')],
  ...['204 No Content', '304 Not Modified'].flatMap((status) => [
    ['', `HTTP/1.1 ${status}\r\n\r\n`], [' with chunks', `HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n\r\n`],
    [' with a length', `HTTP/1.1 ${status}\r\nContent-Length: 99\r\n\r\n`]].map(([how, head]) =>
    [`${status}${how || ' without a length'}`, 'GET /u/note.txt HTTP/1.1\r\nHost: x\r\n\r\n', head])),
]) {
  test(`a body after the answer to ${what} is nobody's answer`, async (t) => {
    const strays = [];
    const s = await start(t, async (question, connection) => {
      if (question.line.includes('/u/note.txt')) {
        await connection.send(head);
        strays.push(stray(connection, forged()));
      } else {
        await connection.send(/\/(api|media)\//.test(question.line) ? forbidden : ok(question.line));
      }
    });
    const client = await s.client();
    await client.send(`${request}GET /media/secret.txt HTTP/1.1\r\nHost: x\r\n\r\n${request}GET /mine HTTP/1.1\r\nHost: x\r\n\r\n`);
    const noBody = { head: true };
    await client.response(noBody);
    assert.equal((await client.response()).status, 403, 'the app forbids it');
    await client.response(noBody);
    const mine = await client.response();
    assert.equal(mine.body.toString(), 'GET /mine HTTP/1.1', "the answer to this client's question");
    assert.equal(s.origin.requests.length, 0, 'nothing was fetched');
    await Promise.all(strays);
  });
}

test('content in a GET that the app leaves unread is no further request', async (t) => {
  const s = await start(t, async (question, connection) => {
    // Like an app that knows of no content in a GET, takes it for the next request, and is late to answer that.
    if (question.line.includes('/theirs')) return stray(connection, ok(question.line));
    return connection.send(question.line.includes('/api/') ? forbidden : ok(question.line));
  }, { withOrigin: false });
  const smuggled = 'GET /theirs HTTP/1.1\r\nHost: x\r\n\r\n';
  const client = await s.client();
  await client.send(`GET /first HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}GET /mine HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal((await client.response()).body.toString(), 'GET /first HTTP/1.1');
  assert.equal((await client.response()).body.toString(), 'GET /mine HTTP/1.1');
});

test('what follows an answer, at once or later, closes the connection', async (t) => {
  const released = [];
  const s = await start(t, async (question, connection) => {
    if (question.line.includes('/more')) return connection.send(ok('first') + forged());
    await connection.send(ok(question.line));
    if (question.line.includes('/later')) released.push(connection);
  }, { withOrigin: false });
  const client = await s.client();
  const ask = async (path) => {
    await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return (await client.response()).body.toString();
  };
  assert.equal(await ask('/more'), 'first');
  assert.equal(await ask('/mine'), 'GET /mine HTTP/1.1');
  assert.equal(await ask('/later'), 'GET /later HTTP/1.1');
  const [idle] = released;
  await idle.send(forged()); // the connection lies idle
  await idle.board.until(() => idle.ended || idle.closed, 'the end of a connection on which something came', 20000);
  assert.equal(await ask('/mine'), 'GET /mine HTTP/1.1');
});

test('what is asked before a client gets a byte travels on connections of its own', async (t) => {
  const s = await start(t, (question, connection) => {
    if (question.line.includes('/api/')) return connection.send(forged());
    if (question.line.includes('/accel/')) return connection.send(forged('X-Accel-Redirect: /media/secret.txt\r\n', ''));
    return connection.send(ok(question.line));
  }, { config: { routes: [
    { name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: { subrequest: '/api/may-read/{file}', ttl: '0s' } },
    { name: 'accel', path: '/accel/{file*}', object_header: 'X-Accel-Redirect' },
  ] } });
  const client = await s.client();
  for (let i = 0; i < 5; i++) {
    for (const path of ['/plain', '/media/secret.txt', '/accel/secret.txt']) {
      await client.send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      const answer = await client.response();
      assert.deepEqual([answer.status, path === '/plain' || answer.body.length === 1000], [200, true], path);
    }
  }
  for (const lines of s.asked.values()) {
    const kinds = new Set(lines.map((line) => /\/(api|accel|plain)/.exec(line)[1]));
    assert.equal(kinds.size, 1, `one connection carried ${[...kinds]}: ${lines}`);
  }
  assert.equal(s.asked.size, 3, 'and each kind is kept alive');
});

// An app that forbids everything but a note that anybody may write, and, as frameworks' apps do, leaves it to the server to
// know that a HEAD has no content; this server does not.
const noteApp = `
NOTE = b'HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n{}'

def application(environ, start_response):
    note = environ['PATH_INFO'] == '/u/note.txt'
    body = NOTE if note else b'{}'
    start_response('200 OK' if note else '403 Forbidden', [('Content-Type', 'text/plain' if note else 'application/json'),
                                                          ('Content-Length', str(len(body)))])
    return [body]
`;

test('gunicorn, which sends content after the head that answers a HEAD: no forged leave', async (t) => {
  const gunicorn = await startGunicorn(noteApp, ['-k', 'gthread', '--threads', '4', '--keep-alive', '75']);
  t.after(() => gunicorn.stop());
  const tries = Number(process.env.SLUICE_TRIES ?? 200);
  const s = await start(t, () => assert.fail('the raw app is not asked'), { config: { app: { url: gunicorn.url } } });
  const note = 'HEAD /u/note.txt HTTP/1.1\r\nHost: x\r\n\r\n';
  let forged = 0;
  let crossed = 0;
  for (let i = 0; i < tries; i++) {
    const client = await s.client();
    await client.send(`${note}GET /media/secret.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n${note}GET /mine HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.response({ head: true });
    forged += (await client.response()).status === 206 ? 1 : 0;
    await client.response({ head: true });
    crossed += (await client.response()).status === 403 ? 0 : 1;
    client.destroy();
  }
  console.log(`of ${tries} tries ${forged} got the bytes, ${crossed} the answer to another question`);
  assert.deepEqual([forged, crossed, s.origin.requests.length], [0, 0, 0]);
});

/// A small generator of numbers below n, the same for a seed each time.
function random(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

test('random clients, early ends and unasked bodies: every answer is to its own question', async (t) => {
  const seed = Number(process.env.SLUICE_TEST_SEED ?? (Math.random() * 2 ** 32) >>> 0);
  console.log(`seed ${seed}`);
  const next = random(seed);
  const pick = (...options) => options[next(options.length)];
  const strays = [];
  const s = await start(t, async (question, connection) => {
    const [method, path] = question.line.split(' ');
    const body = `${method} ${path} of ${question.value('X-Caller')}`;
    if (path.startsWith('/api/')) {
      // Only caller 0 may read, and only what is asked for by them.
      return connection.send(question.value('X-Caller') === '0' ? forged('', JSON.stringify(body)) : forbidden);
    }
    if (path.startsWith('/media/')) return connection.send(forbidden);
    const evil = forged('', JSON.stringify('evil'));
    if (method === 'HEAD') {
      await connection.send(pick(announced(evil), 'HTTP/1.1 200 OK\r\n\r\n'));
      return strays.push(stray(connection, evil));
    }
    if (path.includes('/304')) {
      await connection.send(announced(evil, '304 Not Modified'));
      return strays.push(stray(connection, evil));
    }
    if (path.includes('/cut')) {
      await connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 9}\r\n\r\n${body}`);
      return connection.end();
    }
    if (path.includes('/more')) return connection.send(ok(body) + evil);
    return connection.send(pick(ok(body), `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`));
  });
  const run = async (caller) => {
    let client = await s.client();
    for (let i = 0; i < 60; i++) {
      const kind = pick('/plain', '/plain', '/more', '/304', '/cut', '/media', '/media', 'HEAD', 'HEAD', 'leave');
      if (client.ended || client.closed || kind === 'leave') {
        if (kind === 'leave') await client.send(`GET /left/${i} HTTP/1.1\r\nHost: x\r\nX-Caller: ${caller}\r\n\r\n`);
        client.destroy();
        client = await s.client();
        continue;
      }
      const method = kind === 'HEAD' ? 'HEAD' : 'GET';
      const path = kind === '/media' ? '/media/secret.txt' : `${kind === 'HEAD' ? '/plain' : kind}/${caller}/${i}`;
      await client.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Caller: ${caller}\r\n\r\n`);
      if (kind === '/cut') {
        await client.untilEnd();
        continue;
      }
      const answer = await client.response({ head: kind === 'HEAD' });
      if (kind === '/media') {
        assert.equal(answer.status, caller === 0 ? 200 : 403, `leave of caller ${caller}`);
      } else if (method === 'GET' && kind !== '/304') {
        assert.equal(answer.body.toString().replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, ''), `GET ${path} of ${caller}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, caller) => run(caller)));
  for (const { socket } of s.app.connections) socket.destroy();
  await Promise.all(strays);
});

test('random owners that read, renew, replace and delete beside strangers: no leave and no byte of before', async (t) => {
  const seed = Number(process.env.SLUICE_TEST_SEED ?? (Math.random() * 2 ** 32) >>> 0);
  console.log(`seed ${seed}`);
  const next = random(seed);
  const pick = (...options) => options[next(options.length)];
  const owners = Array.from({ length: 6 }, (_, number) => ({ number, version: 0, allowed: true }));
  const put = (owner) => s.origin.put(`${owner.number}.txt`, { seed: `${owner.number}.${owner.version}`, size: 1000, contentType: 'text/plain' });
  const s = await start(t, async (question, connection) => {
    const [method, path] = question.line.split(' ');
    const owner = owners[Number(/(\d+)\.txt$/.exec(path)[1])];
    const theirs = question.value('X-Caller') === String(owner.number);
    if (path.startsWith('/api/')) return connection.send(theirs && owner.allowed ? forged() : forbidden);
    if (method === 'GET' || method === 'HEAD' || !theirs) return connection.send(forbidden);
    if (method === 'DELETE') owner.allowed = false;
    if (method === 'PUT') {
      owner.allowed = true;
      owner.version += 1;
      put(owner);
    }
    return connection.send(pick(ok('done'), 'HTTP/1.1 303 See Other\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'));
  }, { config: { routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}',
    authorize: { subrequest: '/api/may-read/{file}', ttl: '200ms' } }] } });
  owners.forEach(put);
  const ask = async (client, method, path, caller) => {
    await client.send(`${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Caller: ${caller}\r\n${method === 'PUT' ? 'Content-Length: 0\r\n' : ''}\r\n`);
    return client.response({ head: method === 'HEAD' });
  };
  const own = async (owner) => {
    const client = await s.client();
    const path = `/media/${owner.number}.txt`;
    for (let i = 0; i < 80; i++) {
      const method = pick('GET', 'GET', 'GET', 'GET', 'PUT', 'DELETE');
      const answer = await ask(client, method, path, owner.number);
      if (method !== 'GET') continue;
      assert.equal(answer.status, owner.allowed ? 200 : 403, `owner ${owner.number}, round ${i}`);
      if (owner.allowed) {
        const { read } = s.origin.object(`${owner.number}.txt`);
        assert.ok(answer.body.equals(read(0, 1000)), `owner ${owner.number}, round ${i}: the bytes of version ${owner.version}`);
      }
    }
  };
  const meddle = async (stranger) => {
    for (let i = 0; i < 80; i++) {
      const client = await s.client();
      const path = `/media/${next(owners.length)}.txt`;
      if (pick(true, false)) {
        await client.send(`DELETE ${path} HTTP/1.1\r\nHost: x\r\nX-Caller: ${stranger}\r\nContent-Length: 9\r\n\r\nhalf`);
      } else {
        const answer = await ask(client, pick('GET', 'HEAD', 'DELETE', 'PUT'), path, stranger);
        assert.equal(answer.status, 403, 'a stranger gets nothing');
      }
      client.destroy();
    }
  };
  await Promise.all([...owners.map(own), ...['x', 'y'].map(meddle)]);
});
