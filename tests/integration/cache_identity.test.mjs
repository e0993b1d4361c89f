// Whose bytes cached ones are: two accounts of one server have a bucket of the same name, and neither is given the other's.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startAccounts } from '../support/s3_accounts.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';

const size = 300000;
// The same in all but its bytes: only the account can tell them apart.
const description = (seed) => ({ seed, size, etag: '"one"' });
const key = 'v.mp4';

async function start(t, stores, over = {}) {
  const origin = await startAccounts({ AKONE: 'secret one', AKTWO: 'secret two' });
  const objects = {
    AKONE: origin.putFor('AKONE', key, description('one')),
    AKTWO: origin.putFor('AKTWO', key, description('two')),
    '': origin.putFor('', key, description('nobody')),
  };
  const store = (id, more = {}) => ({
    type: 's3', bucket: 'media', region: 'us-east-1', endpoint: origin.url, addressing: 'path',
    ...(id === '' ? { anonymous: true } : { credentials: origin.credentialsOf(id) }), ...more,
  });
  const made = stores(store);
  const routes = Object.keys(made).map((name) => ({ name, path: `/${name}/{file*}`, store: name, object: '{file}', authorize: 'none' }));
  const s = await startStack(t, { origin, config: { stores: { ...made, media: store('AKONE') }, routes, ...over } });
  return Object.assign(s, { objects, store });
}

const isHit = (answer) => cacheStatus(answer).hit === true;

test('a second account with a bucket of the same name reads its own bytes', async (t) => {
  const s = await start(t, (store) => ({ one: store('AKONE'), two: store('AKTWO'), nobody: store('') }));
  for (const [name, id] of [['one', 'AKONE'], ['two', 'AKTWO'], ['nobody', '']]) {
    const first = await s.getFrom(name, key);
    assert.deepEqual([first.status, first.sha256, isHit(first)], [200, s.objects[id].sha256(), false], name);
    assert.ok(isHit(await s.getFrom(name, key)), `${name} has its own`);
  }
});

test('what is purged by its URI goes from every store that has it', async (t) => {
  const s = await start(t, (store) => ({ one: store('AKONE'), same: store('AKONE'), two: store('AKTWO'), nobody: store('') }));
  for (const name of ['one', 'two', 'nobody']) await s.getFrom(name, key);
  assert.ok(isHit(await s.getFrom('same', key)), 'the same account and bucket under another name is the same store');
  const purged = await s.sluice.purge({ uris: [`s3://media/${key}`] });
  assert.deepEqual(JSON.parse(purged.body), { purged: 3 });
  for (const name of ['one', 'two', 'nobody']) assert.equal(isHit(await s.getFrom(name, key)), false, name);
});

test('an owner of the operator’s own outlives the key; without one a new key id begins empty, and it is said how to go on', async (t) => {
  const s = await start(t, (store) => ({ one: store('AKONE'), named: store('AKTWO', { owner: 'team-two' }) }));
  await s.getFrom('one', key);
  await s.getFrom('named', key);
  await s.origin.idle();
  s.origin.rekey('AKONE', 'AKTHREE', 'secret three');
  s.origin.rekey('AKTWO', 'AKFOUR', 'secret four');
  const keys = (id) => ({ credentials: s.origin.credentialsOf(id) });
  await s.restart({ stores: { one: keys('AKTHREE'), media: keys('AKTHREE'), named: keys('AKFOUR') } });
  assert.ok(isHit(await s.getFrom('named', key)));
  const anew = await s.getFrom('one', key);
  assert.deepEqual([isHit(anew), anew.sha256], [false, s.objects.AKONE.sha256()]);
  const said = await poll(() => s.sluice.log.find((line) => line.store === 'one' && line.owners), 'a warning');
  assert.match(said.owners, /^owner: [0-9a-f]{64}$/);
  await s.restart({ stores: { one: { owner: said.owners.slice('owner: '.length) } } });
  assert.ok(isHit(await s.getFrom('one', key)), 'that line takes over what was cached');
});

test('another secret of the same key id empties nothing', async (t) => {
  const s = await start(t, (store) => ({ one: store('AKONE') }));
  await s.getFrom('one', key);
  await s.origin.idle();
  s.origin.rekey('AKONE', 'AKONE', 'rotated');
  await s.restart({ stores: { one: { credentials: s.origin.credentialsOf('AKONE') } } });
  assert.ok(isHit(await s.getFrom('one', key)));
});

test('a directory of an older version is counted and removed, and nothing else that lies there', async (t) => {
  const s = await startStack(t);
  await s.get(key);
  await s.sluice.stop();
  const older = path.join(s.cacheDirectory, 'v1');
  fs.mkdirSync(older);
  for (const name of ['abc-1.data', 'abc-1.meta', 'abc-2.tmp']) fs.writeFileSync(path.join(older, name), Buffer.alloc(100000));
  fs.writeFileSync(path.join(older, 'mine'), 'not the cache’s');
  await s.restart();
  await poll(() => fs.readdirSync(older).length === 1, 'an empty directory');
  assert.deepEqual(fs.readdirSync(older), ['mine']);
});
