// What a DELETE meets on its way: transfers and decisions that began before it, callers that come while it runs, a client
// that does not wait for it, an object that has two names.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, open } from '../support/client.mjs';
import { pauseGate } from '../support/faults.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 200001;
const noFills = (s) => poll(async () => (await s.sluice.metric('fills_in_flight')) === 0, 'the transfers end');
const objects = (s, count, what) => poll(async () => (await s.sluice.metric('cache_objects')) === count, what, 5000);
const isMiss = (answer, what) =>
  assert.deepEqual([answer.status, cacheStatus(answer).hit, cacheStatus(answer).fwd], [200, undefined, 'miss'], what);

const byTemplate = { name: 'media', path: '/media/{course}/{file*}', store: 'media', object: '{course}/{file}',
  authorize: { subrequest: '/api/may-read/{course}', ttl: '10s', timeout: '5s' } };
const byAnswer = { name: 'files', path: '/media/{id}/raw', store: 'media', resolve: { object: '/path' },
  authorize: { subrequest: '/api/may-read/{id}', ttl: '10s', timeout: '5s' } };

/// `s.deleting`: the gate that DELETEs wait at, once it is set. `s.ask(id)`, `s.remove(id)`. `s.gate()`: a gate that is
/// open when the test ends, before Sluice waits for those who wait at it.
async function startDeletes(t, { route = byAnswer, ...over } = {}) {
  const gates = [];
  t.after(() => gates.forEach((gate) => gate.release()));
  const s = await startStack(t, { config: { routes: [route], ...over }, app: { publicMedia: false, mediaObject: () => undefined } });
  s.gate = () => {
    gates.push(pauseGate());
    return gates.at(-1);
  };
  const resolves = route === byAnswer;
  s.key = resolves ? 'films/a.mp4' : 'course-1/v.mp4';
  s.object = s.origin.put(s.key, { size });
  s.headers = { Cookie: s.app.logIn() };
  s.app.mayRead = async (request) => {
    if (request.method !== 'DELETE') return { status: 200, body: { path: `s3://media/${s.key}` } };
    await s.deleting?.wait();
    return { status: 204 };
  };
  s.asked = () => s.app.of('/api/').filter((r) => r.method === 'GET').length;
  s.ask = (id = '17') => get(`${s.sluice.url}/media/${resolves ? `${id}/raw` : s.key}`, { headers: s.headers, keep: true });
  s.deletePath = (id = '17') => `${s.sluice.url}${resolves ? `/api/may-read/${id}` : `/media/${s.key}`}`;
  s.remove = (id) => get(s.deletePath(id), { method: 'DELETE', headers: s.headers, keep: true });
  s.check = (answer, what) => {
    assert.deepEqual([answer.status, answer.complete, answer.sha256], [200, true, s.object.sha256()], what);
    assert.equal(answer.headers['x-app'], undefined, what);
  };
  return s;
}

for (const [kind, route] of [['a template', byTemplate], ['an answer that resolves', byAnswer]]) {
  for (const [when, offset] of [['its head', undefined], ['its first byte', 0], ['some of its bytes', 100000]]) {
    test(`what comes from the store after a DELETE is not kept: ${kind}, before ${when}`, async (t) => {
      const s = await startDeletes(t, { route });
      let gate = s.gate();
      if (offset !== undefined) gate = s.origin.when(s.key).times(1).pauseAt(offset);
      // The object is looked up before anything is answered.
      else s.origin.options.lookup = (key) => gate.wait().then(() => s.origin.objects.get(key));
      const early = s.ask();
      await gate.reached;
      const deleted = await s.remove();
      assert.equal(deleted.status, 204);
      gate.release();
      s.check(await early, 'it was under way, with leave');
      await noFills(s);
      assert.equal(await s.sluice.metric('cache_objects'), 0, 'nothing of it is kept');
      const again = await s.ask();
      s.check(again);
      isMiss(again);
      await noFills(s);
      assert.equal(await s.sluice.metric('cache_objects'), 1, 'what comes now is kept');
      assert.equal(cacheStatus(await s.ask()).hit, true);
    });
  }
}

test('decisions are dropped when the DELETE is answered, not when it begins', async (t) => {
  const s = await startDeletes(t);
  s.deleting = s.gate();
  s.check(await s.ask());
  const removing = s.remove();
  await s.deleting.reached;
  s.check(await s.ask());
  assert.equal(s.asked(), 1, 'it has done nothing yet');
  s.deleting.release();
  assert.equal((await removing).status, 204);
  s.check(await s.ask());
  assert.equal(s.asked(), 2, 'asked again after it');
  s.check(await s.ask());
  assert.equal(s.asked(), 2, 'kept as ever');
});

test('two DELETEs at once: each drops decisions when it is answered', async (t) => {
  const s = await startDeletes(t);
  const gates = [s.gate(), s.gate()];
  const removing = [];
  for (const gate of gates) {
    s.deleting = gate;
    removing.push(s.remove());
    await gate.reached;
  }
  for (const [i, gate] of gates.entries()) {
    s.check(await s.ask());
    s.check(await s.ask());
    assert.equal(s.asked(), i + 1, 'kept while one runs');
    gate.release();
    assert.equal((await removing[i]).status, 204);
  }
  s.check(await s.ask());
  s.check(await s.ask());
  assert.equal(s.asked(), 3);
});

test('an answer that is asked for before a DELETE and comes after it is neither kept nor shared', async (t) => {
  const s = await startDeletes(t);
  const gate = s.gate();
  const asking = s.app.mayRead;
  s.app.mayRead = async (request) => {
    if (request.method !== 'DELETE') await gate.wait();
    return asking(request);
  };
  const early = s.ask();
  await gate.reached;
  assert.equal((await s.remove()).status, 204);
  const late = s.ask(); // the same question, but what it is about is another thing now
  await s.app.board.until(() => s.asked() === 2, 'it is asked by itself');
  gate.release();
  s.check(await early);
  s.check(await late);
  s.check(await s.ask());
  assert.equal(s.asked(), 2, 'the later one is kept');
});

test('the answer to an unsafe request whose client left is waited for as long as limits.send_timeout', async (t) => {
  const s = await startDeletes(t, { limits: { send_timeout: '500ms' } });
  s.deleting = s.gate();
  s.check(await s.ask());
  const removing = open(s.deletePath(), { method: 'DELETE', headers: s.headers });
  await s.deleting.reached;
  removing.abort();
  const deleting = s.app.requests.find((r) => r.method === 'DELETE');
  await s.app.board.until(() => deleting.finished, 'Sluice gives it up');
  assert.equal(deleting.aborted, true);
  s.app.mayRead = () => ({ status: 200, body: { path: `s3://media/${s.key}` } });
  const again = await poll(async () => {
    const answer = await s.ask();
    s.check(answer);
    return cacheStatus(answer).hit ? undefined : answer;
  }, 'the answer is given up');
  assert.deepEqual([cacheStatus(again).fwd, again.status], ['stale', 200], 'nobody knows what it did: revalidated');
  // Decisions are dropped before objects are invalidated; but on another worker, this very request may have been allowed
  // just before the one and have looked for its object after the other. Who comes now has not.
  assert.equal(cacheStatus(await s.ask()).hit, true, 'once');
  assert.equal(s.asked(), 2, 'leave is asked for again, once');
});

test('a DELETE goes on where its client leaves, and purges', async (t) => {
  const s = await startDeletes(t, { workers: 1 });
  s.deleting = s.gate();
  s.check(await s.ask());
  await objects(s, 1, 'it is cached');
  const removing = open(s.deletePath(), { method: 'DELETE', headers: s.headers });
  await s.deleting.reached;
  // A later request, left like the DELETE: when Sluice has given it up, it has had its look at the DELETE's client as well.
  const other = open(`${s.sluice.url}/health?gate=other`);
  const atApp = await s.app.waitFor((r) => r.path === '/health', 'the other request');
  for (const exchange of [removing, other]) {
    exchange.abort();
    await exchange.done;
  }
  await s.app.board.until(() => atApp.finished, 'the other request is given up');
  assert.equal(atApp.aborted, true);
  const deleting = s.app.requests.find((r) => r.method === 'DELETE');
  assert.equal(deleting.finished, false, 'the DELETE is not');
  s.deleting.release();
  await s.app.board.until(() => deleting.finished, 'the app is done with it');
  assert.deepEqual([deleting.status, deleting.aborted], [204, false], 'the app got to answer');
  await objects(s, 0, 'the bytes are purged');
  const asked = s.asked();
  const again = await s.ask();
  s.check(again);
  isMiss(again);
  assert.equal(s.asked(), asked + 1, 'leave is asked for again');
});

for (const id of ['17', '18']) {
  for (const restart of [false, true]) {
    test(`an object of two ids, 17 and 18, is purged by a DELETE of ${id}${restart ? ', after a restart' : ''}`, async (t) => {
      const s = await startDeletes(t);
      const first = await s.ask('17');
      s.check(first);
      isMiss(first);
      await noFills(s);
      const second = await s.ask('18');
      s.check(second);
      assert.equal(cacheStatus(second).hit, true, 'one object under both');
      await objects(s, 1, 'one object');
      if (restart) {
        await s.restart();
        await objects(s, 1, 'it is there after the restart');
      }
      assert.equal((await s.remove('19')).status, 204);
      assert.equal(await s.sluice.metric('cache_objects'), 1, 'another id purges nothing');
      assert.equal((await s.remove(id)).status, 204);
      await objects(s, 0, 'it is purged');
      const again = await s.ask(id === '17' ? '18' : '17');
      s.check(again);
      isMiss(again);
    });
  }
}
