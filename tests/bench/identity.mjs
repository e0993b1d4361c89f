// What credentials cost those who wait for bytes, before the strict stand-ins of the clouds (tests/support/cloud_stack.mjs):
// program, called by sign_rows.py; prints one line of JSON, each list with a value a round.
//
//   node identity.mjs [--rounds 5] [--hang 5]
//
// signatures: different RSA signatures that Cloud Storage saw in `requests` requests for one object, by a service account's
// key; worker_us: CPU µs of the worker thread a request, each for another object, by an RSA and by an HMAC key.
// renewal.STORE: ms of the slowest request while no renewal runs, and while one hangs for `hang` seconds.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { keepAlive, range } from '../support/client.mjs';
import { startCloud, startClouds, signatureOf } from '../support/cloud_stack.mjs';
import { readOptions } from '../support/options.mjs';
import { poll } from '../support/wait.mjs';

const options = readOptions({ rounds: 5, hang: 5 });
const requests = 200;
const agent = keepAlive();
const ends = [];
const scope = { after: (end) => ends.push(end) };
const rounds = Array.from({ length: options.rounds }, (_, i) => i);
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/// One right answer: how many ms it took.
async function ask(s, store, key, object) {
  const begin = performance.now();
  const answer = await s.getFrom(store, key, { headers: range(5, 1028), agent });
  assert.deepEqual([answer.status, answer.sha256], [206, object.sha256(5, 1028)], `${store}/${key}`);
  return performance.now() - begin;
}

/// The CPU accounts of the threads that wait for events while nothing is asked: the workers, not the threads that sign.
/// Undefined while a thread still runs.
function workers(pid) {
  const tasks = fs.readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`);
  const waits = tasks.map((task) => fs.readFileSync(`${task}/wchan`, 'utf8'));
  if (waits.includes('0')) return undefined;
  return tasks.filter((_, i) => waits[i].includes('poll')).map((task) => `${task}/schedstat`);
}
const cpu = (files) => files.reduce((sum, file) => sum + Number(fs.readFileSync(file, 'utf8').split(' ')[0]), 0);

async function byKey(out) {
  const config = { workers: 1, cache: { directory: undefined } }; // each request goes to the store
  const stacks = { rsa: await startCloud(scope, 'gcs', 'key', { config }), hmac: await startCloud(scope, 'gcs', 'hmac', { config }) };
  out.requests = requests;
  out.signatures = [];
  out.worker_us = { rsa: [], hmac: [] };
  for (const round of [-1, ...rounds]) { // the first one warms up
    const object = stacks.rsa.origin.put(`one-${round}`, { size: 2000 });
    await Promise.all(Array.from({ length: requests }, () => ask(stacks.rsa, 'media', `one-${round}`, object)));
    const seen = stacks.rsa.origin.of(`one-${round}`);
    assert.equal(seen.length, requests);
    if (round >= 0) out.signatures.push(new Set(seen.map(({ target }) => signatureOf(target))).size);
    for (const [kind, s] of Object.entries(stacks)) {
      const objects = Array.from({ length: requests }, (_, i) => [`${round}-${i}`, s.origin.put(`${round}-${i}`, { size: 2000 })]);
      const files = await poll(() => workers(s.sluice.child.pid), 'all threads sleep');
      const before = cpu(files);
      for (const [key, made] of objects) await ask(s, 'media', key, made);
      if (round >= 0) out.worker_us[kind].push((cpu(files) - before) / 1000 / requests);
    }
  }
}

/// Asks for objects that nobody has asked for until `end` is fulfilled: ms of the slowest.
async function slowest(s, store, prefix, end) {
  let isOver = false;
  const over = end.finally(() => (isOver = true));
  let most = 0;
  for (let i = 0; !isOver; i++) {
    const key = `${prefix}-${i}`;
    most = Math.max(most, await ask(s, store, key, s.worlds[store].objects.put(key, { size: 2000 })));
    s.worlds[store].objects.delete(key);
  }
  await over;
  return most;
}

async function whileRenewing(out) {
  // One that lives so long is renewed after 0.4 to 0.6 of it: what is left then outlasts the hang by two seconds or more,
  // though services tell an end in whole seconds and nothing is signed with what is about to end.
  const lifetime = (options.hang + 3) / 0.4;
  const stores = {
    aws: { cloud: 'aws', identity: 'imds', options: { imds: { lifetime } } },
    gcs: { cloud: 'gcs', identity: 'metadata', options: { metadata: { lifetime } } },
    azure: { cloud: 'azure', identity: 'imds', options: { imds: { lifetime } } },
  };
  const operations = { aws: 'credentials', gcs: 'token', azure: 'token' };
  const s = await startClouds(scope, stores);
  out.renewal = {};
  await Promise.all(Object.entries(stores).map(async ([name, { identity }]) => {
    const service = s.worlds[name][identity];
    const times = (out.renewal[name] = { without: [], hanging: [] });
    for (const round of rounds) {
      const rule = service.when(operations[name]);
      rule.hold(); // each try, until it is given up and after
      const asked = service.waitFor((r) => r.rule === rule, `${name} renews`, 60000);
      times.without.push(await slowest(s, name, `${round}-without`, asked));
      times.hanging.push(await slowest(s, name, `${round}-hanging`, pause(options.hang * 1000)));
      const expiry = () => s.sluice.metric('credential_expiry_timestamp_seconds', { store: name });
      const before = await expiry();
      service.clearRules();
      await poll(async () => (await expiry()) > before, `${name} has renewed`);
    }
  }));
  assert.equal(await s.fallbacks(), 0);
}

const out = {};
try {
  await byKey(out);
  await whileRenewing(out);
} finally {
  agent.destroy();
  for (const end of ends.reverse()) await end();
}
console.log(JSON.stringify(out));
