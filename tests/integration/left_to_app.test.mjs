// Why a media request is left to the app: no answer to the subrequest is no denial, and what the app names and cannot be
// served is told by its reason; in metrics, in Cache-Status, in the access log, and once in the log.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { get, open } from '../support/client.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';
import { Board, poll } from '../support/wait.mjs';

const routes = [
  { name: 'asked', path: '/asked/{file*}', store: 'media', object: '{file}', authorize: { subrequest: '/may/{file}', timeout: '400ms' } },
  { name: 'resolved', path: '/resolved/{id}', store: 'media', authorize: { subrequest: '/may/{id}', timeout: '400ms' },
    resolve: { object: '/path' } },
  { name: 'named', path: '/named/{rest*}', object_header: 'X-Accel-Redirect' },
];

/// The app: `s.may(req, res)` answers what is asked under /may/ and /named/; all else gets "own answer", held while
/// `s.held` is a promise. `s.seen` holds the paths.
async function start(t, config = {}) {
  const board = new Board();
  const seen = [];
  let s;
  const app = http.createServer(async (req, res) => {
    seen.push(req.url);
    board.changed();
    if (/^\/(may|named)\//.test(req.url)) return void s.may(req, res);
    await s.held;
    return void res.end('own answer');
  });
  await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => {
    app.close(resolve);
    app.closeAllConnections();
  }));
  s = await startStack(t, { config: { app: { url: `http://127.0.0.1:${app.address().port}`, response_timeout: '400ms' }, routes, ...config } });
  Object.assign(s, { seen, board, object: s.origin.put('v.mp4', { size: 1000 }),
    ask: (target) => get(s.sluice.url + target, { keep: true }) });
  return s;
}
const says = (body, headers = {}) => (_, res) => res.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));

const failures = {
  authorize_timeout: () => {},
  authorize_error: (req) => req.socket.destroy(),
};
for (const [reason, may] of Object.entries(failures)) {
  test(`${reason} is a fallback, not a denial`, async (t) => {
    const s = await start(t);
    s.may = may;
    for (const target of ['/asked/v.mp4', '/resolved/v.mp4']) {
      const answer = await s.ask(target);
      assert.deepEqual([answer.status, `${answer.body}`, cacheStatus(answer)], [200, 'own answer', { fwd: 'bypass', detail: reason }]);
    }
    const named = await s.ask('/named/v.mp4');
    assert.deepEqual([named.status, cacheStatus(named)], [reason === 'authorize_timeout' ? 504 : 502, { fwd: 'bypass', detail: reason }]);
    const metrics = await s.sluice.metrics();
    for (const route of ['asked', 'resolved', 'named']) {
      assert.equal(metrics.sum('fallback_total', { route, reason }), 1, route);
      await s.sluice.counted(1, { route, result: 'fallback' });
    }
    assert.equal(metrics.sum('requests_total', { result: 'denied' }), 0);
    for (const route of ['asked', 'resolved']) {
      assert.equal(metrics.sum('authorize_total', { route, result: reason === 'authorize_timeout' ? 'timeout' : 'error' }), 1);
    }
    const lines = await poll(() => s.sluice.access.length === 3 && s.sluice.access, 'the access log');
    for (const line of lines) assert.deepEqual([line.result, line.detail], ['fallback', reason]);
    const said = s.sluice.log.filter((record) => record.message === 'fallback');
    assert.deepEqual(said.map(({ level, route, store, reason: why }) => [level, route, store, why]),
      [['debug', 'asked', 'media', reason], ['debug', 'resolved', 'media', reason], ['debug', 'named', '', reason]]);
    const code = reason === 'authorize_timeout' ? /^timeout/ : /^(connection_lost|protocol_error)/;
    for (const record of said) assert.match(record.detail, code);
    s.may = says({ path: 'v.mp4' });
    for (const target of ['/asked/v.mp4', '/resolved/v.mp4']) assert.equal((await s.ask(target)).sha256, s.object.sha256(), 'not remembered');
  });
}

test('no more of them at once than fallback.concurrency', async (t) => {
  const s = await start(t, { fallback: { concurrency: 2 } });
  s.may = () => {};
  let release;
  s.held = new Promise((resolve) => (release = resolve));
  const all = Array.from({ length: 10 }, (_, i) => s.ask(`/asked/${i}`));
  await s.board.until(() => s.seen.filter((url) => url.startsWith('/asked/')).length === 2, 'two at the app');
  await poll(async () => (await s.sluice.metric('requests_total', { route: 'asked', code: '503' })) === 8, 'the others are told');
  release();
  const answers = await Promise.all(all);
  assert.equal(answers.filter((one) => one.status === 200).length, 2);
  for (const one of answers.filter((each) => each.status === 503)) {
    assert.deepEqual([one.headers['retry-after'], cacheStatus(one).detail], ['1', 'authorize_timeout']);
  }
  assert.equal(s.seen.filter((url) => url.startsWith('/asked/')).length, 2);
});

test('a client that left while the app was asked is not asked for again', async (t) => {
  const s = await start(t);
  s.may = () => {};
  const gone = ['/asked/a', '/resolved/a'].map((target) => open(s.sluice.url + target));
  await s.board.until(() => s.seen.length === 2, 'the app is asked');
  for (const one of gone) one.abort();
  await poll(async () => (await s.sluice.metric('connections', { side: 'client' })) === 0, 'the sessions are over');
  assert.deepEqual(s.seen.filter((url) => !url.startsWith('/may/')), []);
  assert.deepEqual([await s.sluice.metric('fallback_total'), await s.sluice.metric('authorize_total')], [0, 0]);
});

test('who waits for the same answer and leaves waits no longer', async (t) => {
  const s = await start(t, { routes: [{ ...routes[0], authorize: { subrequest: '/may/{file}', timeout: '60s' } }] });
  let answer;
  s.may = (_, res) => (answer = () => res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}'));
  const connections = (n) => poll(async () => (await s.sluice.metric('connections', { side: 'client' })) === n, `${n} clients`);
  const first = open(`${s.sluice.url}/asked/v.mp4`);
  await s.board.until(() => s.seen.length === 1, 'the app is asked');
  const others = Array.from({ length: 5 }, () => open(`${s.sluice.url}/asked/v.mp4`));
  await connections(6);
  for (const one of others.slice(1)) one.abort();
  await connections(2);
  answer();
  for (const one of [first, others[0]]) assert.equal((await one.done).sha256, s.object.sha256());
  assert.deepEqual(s.seen, ['/may/v.mp4']);
});

const bigValue = 'k'.repeat(20_000);
const answers = {
  not_ours: says({ path: 'https://me:pw@other.example/c/k?sig=secret' }),
  unresolved: says({ path: 7 }),
  too_large: says({ path: bigValue }),
};
for (const [reason, may] of Object.entries(answers)) {
  test(`${reason}: counted each time, asked and said once, not bounded`, async (t) => {
    const s = await start(t, { fallback: { concurrency: 1 } });
    s.may = may;
    for (const answer of [await s.ask('/resolved/v.mp4'), ...await Promise.all(Array.from({ length: 9 }, () => s.ask('/resolved/v.mp4')))]) {
      assert.deepEqual([answer.status, `${answer.body}`, cacheStatus(answer)], [200, 'own answer', { fwd: 'bypass', detail: reason }]);
    }
    assert.equal(s.seen.filter((url) => url.startsWith('/may/')).length, 1, 'remembered as a decision is');
    await s.sluice.counted(10, { result: 'fallback' });
    const metrics = await s.sluice.metrics();
    assert.deepEqual([metrics.sum('fallback_total', { route: 'resolved', reason }), metrics.sum('authorize_total', { result: 'unresolved' }),
      metrics.sum('authorize_total', { result: 'cached' })], [10, 1, 9]);
    await s.ask('/resolved/w.mp4');
    await s.sluice.waitForLog((record) => record.level === 'warn' && record.reason, 'it is said');
    const said = s.sluice.log.filter((record) => record.level === 'warn' && record.reason);
    assert.deepEqual(said.map(({ route, store, reason: why, named, configured }) => ({ route, store, why, named, configured })),
      [{ route: 'resolved', store: 'media', why: reason, configured: 's3://media/',
        named: reason === 'not_ours' ? 'https://other.example/c/k' : '' }]);
  });
}

test('an answer of more than 256 MiB is too large, and is not read on', async (t) => {
  const s = await start(t, { routes: [{ ...routes[1], authorize: { subrequest: '/may/{id}', timeout: '60s' } }] });
  const piece = Buffer.alloc(1 << 20, 'x');
  let sent = 0;
  s.may = (_, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' }).write('{"path":"v.mp4","data":"');
    const more = () => {
      while (sent < 400 && !res.destroyed) {
        sent += 1;
        if (!res.write(piece)) return void res.once('drain', more);
      }
      return void res.end('"}');
    };
    more();
  };
  const answer = await s.ask('/resolved/v.mp4');
  assert.equal(cacheStatus(answer).detail, 'too_large');
  assert.ok(sent >= 256 && sent < 400, `${sent} MiB`);
  if (!process.env.SLUICE_SANITIZE) assert.ok(s.sluice.vmHwmKiB() < 100 * 1024, `${s.sluice.vmHwmKiB()} KiB`);
});

test('what the app names and the store has not is said once, what a client names is not', async (t) => {
  const s = await start(t);
  s.may = says({ path: 's3://media/gone.mp4' });
  for (const target of ['/asked/gone.mp4', '/resolved/a', '/resolved/b']) {
    const answer = await s.ask(target);
    assert.deepEqual([`${answer.body}`, cacheStatus(answer).detail], ['own answer', 'not_found']);
  }
  await s.sluice.waitForLog((record) => record.level === 'warn' && record.reason, 'it is said');
  const said = s.sluice.log.filter((record) => record.level === 'warn' && record.reason);
  assert.deepEqual(said.map(({ route, reason, named, configured }) => [route, reason, named, configured]),
    [['resolved', 'not_found', 'gone.mp4', 's3://media/']]);
});

test('a key outside its store is told too', async (t) => {
  const s = await start(t, { stores: { media: { prefix: 'films/' } } });
  s.may = says({});
  const answer = await s.ask('/asked/other/v.mp4');
  assert.deepEqual([answer.status, cacheStatus(answer).detail], [200, 'not_ours']);
  const said = await s.sluice.waitForLog((record) => record.level === 'warn' && record.reason, 'it is said');
  assert.deepEqual([said.named, said.configured], ['other/v.mp4', 's3://media/films/']);
});

test('no store at all', async (t) => {
  const s = await start(t, { stores: undefined, routes: [{ ...routes[1], store: undefined }] });
  s.may = says({ path: 's3://media/v.mp4' });
  const answer = await s.ask('/resolved/v.mp4');
  assert.deepEqual([answer.status, cacheStatus(answer).detail], [200, 'no_store']);
  assert.equal(await s.sluice.metric('fallback_total', { reason: 'no_store' }), 1);
});
