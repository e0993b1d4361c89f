// Every identity source, every fault: with no credentials yet the app answers and the log says so once; good ones stay in
// use until their end, whatever comes; mended, it goes on without a restart. The same of what signs redirects by asking a
// service, and of services whose clock is not ours.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { startClouds } from '../support/cloud_stack.mjs';
import { poll } from '../support/wait.mjs';

const lifetime = 6;
const keyLifetime = 10; // of a delegation key: what is left of it at any time is enough for two requests of a busy machine
const after = 500; // fallback.after where a request may wait for a service, ms
/// What goes wrong: applied to a rule. Those that are held are let go when the rules are cleared.
const faults = {
  slow: (rule) => rule.hold(),
  'status 500': (rule) => rule.status(500),
  garbage: (rule) => rule.garbage(),
  'other content': (rule) => rule.body('<html>{"access_token": </html>', { headers: { 'Content-Type': 'text/html' } }),
  empty: (rule) => rule.empty(),
  'expired already': (rule) => rule.lifetime(-60),
};
/// Sources that can live in one process, with the server and the operation that gives the credential.
const sets = {
  'instance metadata': {
    aws: { cloud: 'aws', identity: 'imds', at: ['imds', 'credentials'] },
    gcs: { cloud: 'gcs', identity: 'metadata', at: ['metadata', 'token'] },
    azure: { cloud: 'azure', identity: 'imds', at: ['imds', 'token'] },
  },
  'web identity': {
    aws: { cloud: 'aws', identity: 'irsa', at: ['sts', 'assume'] },
    gcs: { cloud: 'gcs', identity: 'external', at: ['sts', 'exchange'] },
    azure: { cloud: 'azure', identity: 'workload', at: ['login', 'token'] },
  },
  'container, impersonation, App Service': {
    aws: { cloud: 'aws', identity: 'container', at: ['container', 'credentials'] },
    gcs: { cloud: 'gcs', identity: 'impersonated', at: ['iam', 'generateAccessToken'] },
    azure: { cloud: 'azure', identity: 'appService', at: ['appService', 'token'] },
  },
};
/// What is asked for a signature, or for the key of one.
const signing = {
  gcs: { cloud: 'gcs', identity: 'metadata', at: ['iam', 'signBlob'] },
  azure: { cloud: 'azure', identity: 'imds', at: ['blob', 'delegationKey'] },
};
/// Identities that no service has to give; the store's clock is there all the same.
const keys = {
  aws: { cloud: 'aws', identity: 'environment' },
  gcs: { cloud: 'gcs', identity: 'key' },
  hmac: { cloud: 'gcs', identity: 'hmac' },
  azure: { cloud: 'azure', identity: 'accountKey' },
};

/// Expired credentials of an instance are used all the same (store_aws_chain.test.mjs): AWS's static stability.
const isStretched = (source, fault) => fault === faults['expired already'] && source.cloud === 'aws' && source.identity === 'imds';

class Case {
  constructor(set, fault, life = lifetime) {
    Object.assign(this, { set, fault, life, names: Object.keys(set), served: 0, fellBack: 0 });
  }
  get stores() {
    return Object.fromEntries(Object.entries(this.set).map(([name, { cloud, identity }]) => [name, { cloud, identity }]));
  }
  server(name) {
    return this.stack.worlds[name][this.set[name].at[0]];
  }
  spoil() {
    for (const name of this.names) this.fault(this.server(name).when(this.set[name].at[1]).lifetime(this.life));
  }
  mend() {
    for (const name of this.names) this.server(name).clearRules();
  }
  /// A cold object of each store: the names of the stores that gave it themselves. The app has them all.
  async ask() {
    const key = `${this.served++}.mp4`;
    const answers = await Promise.all(this.names.map(async (name) => {
      const object = this.stack.worlds[name].objects.put(key, { seed: `${name} ${key}`, size: 1000 });
      const answer = await this.stack.getFrom(name, key);
      assert.ok([200, 404].includes(answer.status), `${name}: ${answer.status} ${answer.error}`); // the app here has no such path
      if (answer.status === 200) assert.equal(answer.sha256, object.sha256());
      return answer.status === 200 && name;
    }));
    return answers.filter(Boolean);
  }
  /// A redirect to an object of each store, by default one that nobody has asked for: the names of the stores to which a good
  /// one came. Of the others it was the app that answered.
  async redirects(key = `${this.served++}.mp4`) {
    const answers = await Promise.all(this.names.map(async (name) => {
      const object = this.stack.worlds[name].objects.put(key, { seed: `${name} ${key}`, size: 1000 });
      const answer = await this.stack.getFrom(name, key);
      if (answer.status === 307) {
        const { location } = answer.headers;
        const followed = await get(location);
        const ends = Date.parse(new URL(location).searchParams.get('se')); // with the key, which may have been now
        if (!(ends <= Date.now())) assert.deepEqual([followed.status, followed.sha256], [200, object.sha256()], name);
        return name;
      }
      assert.deepEqual([answer.status, answer.headers['x-app']], [404, 'stand-in'], `${name}: ${answer.error}`);
      this.fellBack += 1;
      return false;
    }));
    return answers.filter(Boolean);
  }
  warnings(message) {
    return this.stack.sluice.log.filter((record) => record.message === message);
  }
}

const turns = { 'credential renewal failed': 'fails', 'credentials obtained': 'works', 'credential renewal recovered': 'works' };
/// The log says it once for each row of failures, of which there were two, or more where the machine was too busy for a
/// service's time-out.
function checkRows(log, name) {
  const told = log.map((record) => turns[record.message]).filter(Boolean);
  assert.ok(told.length >= 4, `${name}: ${told}`);
  assert.deepEqual(told, told.map((_, i) => (i % 2 === 0 ? 'fails' : 'works')), `${name}: each row once`);
}

async function checkSource(t, all, fault) {
  const set = Object.fromEntries(Object.entries(all).filter(([, source]) => !isStretched(source, fault)));
  const c = new Case(set, fault);
  c.stack = await startClouds(t, c.stores, { wait: false, prepare: (stack) => {
    c.stack = stack;
    for (const name of c.names) c.server(name).lifetime = lifetime;
    c.spoil();
  } });
  const { sluice } = c.stack;
  const count = (metrics, store, result) => metrics.sum('credential_refresh_total', { store, result });

  // None yet: the app answers, at once.
  assert.deepEqual(await c.ask(), []);
  let metrics = await sluice.metrics();
  for (const name of c.names) {
    assert.equal(metrics.sum('fallback_total', { route: name, reason: 'no_credentials' }), 1, name);
    assert.equal(metrics.sum('credential_expiry_timestamp_seconds', { store: name }), 0, name);
  }
  if (fault === faults.slow) {
    for (const name of c.names) await c.server(name).waitFor((r) => r.rule?.headGate, `${name} asks`);
  } else {
    await poll(async () => {
      metrics = await sluice.metrics();
      return c.names.every((name) => count(metrics, name, 'error') >= 2);
    }, 'two failures each');
    assert.deepEqual(c.warnings('credential renewal failed').map((w) => w.store).sort(), [...c.names].sort(), 'the log says it once for each');
  }
  assert.deepEqual(await c.ask(), []);

  // Mended: used without a restart.
  c.mend();
  await poll(async () => (await c.ask()).length === c.names.length, 'all serve', 30000, 100);
  metrics = await sluice.metrics();
  for (const name of c.names) {
    const ends = metrics.sum('credential_expiry_timestamp_seconds', { store: name });
    assert.ok(ends > Date.now() / 1000 && ends < Date.now() / 1000 + lifetime + 1, `${name} expires ${ends}`);
  }

  // A good one stays in use until its end, and not beyond.
  c.spoil();
  const before = new Map(c.names.map((name) => [name, c.server(name).requests.length]));
  const seen = new Set(); // served by the old one after a failure; where it is slow, while it was being asked
  const lost = new Map(); // when it was asked that the app answered first, and when it had
  const asked = (name) => c.server(name).requests.slice(before.get(name))
    .filter((r) => r.rule !== undefined && (fault !== faults.slow || !r.finished));
  await poll(async () => {
    const began = Date.now();
    const pending = new Map(c.names.map((name) => [name, asked(name)]));
    const serving = await c.ask();
    for (const name of c.names) {
      if (!serving.includes(name)) lost.set(name, lost.get(name) ?? { began, answered: Date.now() });
      else if (pending.get(name).some((r) => asked(name).includes(r))) seen.add(name);
    }
    return lost.size === c.names.length;
  }, 'all have expired', 30000, 50);
  for (const name of c.names) assert.ok(seen.has(name), `${name} went on with the old one`);
  metrics = await sluice.metrics();
  const refusable = new Map(); // requests that were under way when it ended: the store may have refused one
  for (const name of c.names) {
    const ends = metrics.sum('credential_expiry_timestamp_seconds', { store: name }) * 1000;
    const { began, answered } = lost.get(name);
    assert.ok(began >= ends - 1500, `${name}: the app answered ${ends - began} ms before the end`);
    assert.ok(ends <= Date.now(), `${name} has expired`);
    refusable.set(name, began < ends && ends <= answered ? 1 : 0);
  }

  // Mended again.
  c.mend();
  await poll(async () => (await c.ask()).length === c.names.length, 'all serve again', 100000, 100);
  metrics = await sluice.metrics();
  for (const name of c.names) {
    assert.ok(count(metrics, name, 'ok') >= 2, name);
    assert.ok(fault === faults.slow || count(metrics, name, 'error') >= 3, name);
    const others = metrics.find('fallback_total', { route: name }).filter(({ labels, value }) => labels.reason !== 'no_credentials' &&
      value > refusable.get(name));
    assert.deepEqual(others, [], `${name} fell back for nothing else`);
  }
  // One that is slow has not failed until it is given up.
  if (fault !== faults.slow) for (const name of c.names) checkRows(sluice.log.filter((record) => record.store === name), name);
}

async function checkSigning(t, fault) {
  const c = new Case(signing, fault, keyLifetime);
  const config = { fallback: { after: `${after}ms` } };
  c.stack = await startClouds(t, c.stores, { config, route: { delivery: 'redirect' }, prepare: (stack) => {
    c.stack = stack;
    c.spoil();
  } });
  assert.deepEqual(await c.redirects(), [], 'nothing to sign with');
  assert.deepEqual(await c.redirects(), []);

  c.mend();
  const made = c.server('azure').when('delegationKey').lifetime(keyLifetime);
  let kept;
  await poll(async () => (await c.redirects(kept = `${c.served++}.mp4`)).length === c.names.length, 'all sign', 30000, 100);

  // What there is stays in use until its end: the URL of signBlob, and the key, with which others are signed too.
  made.remove();
  c.spoil();
  assert.deepEqual(await c.redirects(kept), c.names);
  assert.deepEqual(await c.redirects(), ['azure']);
  await poll(async () => (await c.redirects()).length === 0, 'the key has ended', 30000, 100);
  const { expires } = c.stack.worlds.azure.issued.findLast(({ source }) => source === 'delegation');
  assert.ok(Date.now() > expires - 1500, `${expires - Date.now()} ms before its end`);

  c.mend();
  await poll(async () => (await c.redirects()).length === c.names.length, 'all sign again', 30000, 100);
  assert.equal(await c.stack.fallbacks(), c.fellBack, 'each time that the app answered was counted');
}

const skew = 20 * 60;
/// S3 and Cloud Storage refuse a URL of more than 15 minutes to come; bearer tokens and SAS have no beginning.
const isDated = ({ cloud, identity }) => cloud === 'aws' || ['key', 'hmac'].includes(identity);

async function checkClock(t, set, ahead) {
  const c = new Case(set);
  c.stack = await startClouds(t, c.stores, { prepare: ({ worlds }) => {
    for (const world of Object.values(worlds)) world.time = () => Date.now() + ahead * 1000;
  } });
  const refused = c.names.filter((name) => ahead < 0 && isDated(set[name]));
  const served = c.names.filter((name) => !refused.includes(name));
  for (let i = 0; i < 2; i++) assert.deepEqual(await c.ask(), served);
  const metrics = await c.stack.sluice.metrics();
  for (const name of c.names) {
    assert.equal(metrics.sum('fallback_total', { route: name }), refused.includes(name) ? 2 : 0, name);
    assert.equal(metrics.sum('credential_refresh_total', { store: name, result: 'error' }), 0, name);
  }
  assert.equal(await c.stack.fallbacks('forbidden'), 2 * refused.length);
  // Set right: all goes on, with what was issued by the wrong one.
  for (const world of Object.values(c.stack.worlds)) world.time = Date.now;
  assert.deepEqual(await c.ask(), c.names);
}

test('the fault matrix', { concurrency: true }, async (t) => {
  const cases = Object.entries(sets).flatMap(([what, set]) => Object.entries(faults).map(([name, fault]) => [what, set, name, fault]));
  const ofSigning = ['slow', 'status 500', 'garbage', 'empty'];
  const clocks = Object.entries({ ...sets, keys }).flatMap(([what, set]) => [skew, -skew].map((ahead) => [what, set, ahead]));
  await Promise.all([
    ...cases.map(([what, set, name, fault]) => t.test(`${what}: ${name}`, (sub) => checkSource(sub, set, fault))),
    ...ofSigning.map((name) => t.test(`signing of redirects: ${name}`, (sub) => checkSigning(sub, faults[name]))),
    ...clocks.map(([what, set, ahead]) => t.test(`${what}: a clock ${ahead < 0 ? 'behind' : 'ahead'}`, (sub) => checkClock(sub, set, ahead))),
  ]);
});
