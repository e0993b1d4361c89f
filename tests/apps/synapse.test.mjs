// Matrix Synapse with its storage provider for S3, behind its recipe: authenticated media by the very URL.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRanges, checkServed } from '../support/app_contract.mjs';
import { content } from '../support/content.mjs';
import { startRecipe } from '../support/recipe.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { Client, startSynapse } from './synapse/server.mjs';

test('Synapse', async (t) => {
  const s = await startSynapse(t);
  const sluice = await startRecipe(t, 'synapse', s.app.url, { env: s.store.environment });
  const client = (token) => new Client(token, () => sluice.url, () => s.app.url);
  const [ann, bob, nobody] = [s.tokens.ann, s.tokens.bob, undefined].map(client);
  const bytes = content('synapse', 0, 300007);
  const id = await ann.upload('a film ü.mp4', 'video/mp4', bytes);
  const medium = { target: `/_matrix/client/v1/media/download/example.org/${id}`, bytes, owner: ann, stranger: client('syt_of_nobody'), nobody, type: 'video/mp4' };
  await t.test('ranges', () => checkRanges(medium));
  await t.test('the name and the policy are the app\'s', async () => {
    const [ours, theirs] = [await ann.ask(medium.target), await ann.alone(medium.target)];
    for (const name of ['content-disposition', 'content-security-policy']) assert.equal(ours.headers[name], theirs.headers[name], name);
  });
  await t.test('nobody gets it without a token', async () => {
    for (const person of [medium.stranger, nobody]) {
      const [ours, theirs] = [await person.ask(medium.target), await person.alone(medium.target)];
      assert.deepEqual([ours.status, ours.sha256, cacheStatus(ours)?.hit], [theirs.status, theirs.sha256, undefined]);
      assert.equal(ours.status, 401);
    }
  });
  await t.test('other servers\' media and thumbnails stay with the app', async () => {
    for (const target of ['/_matrix/client/v1/media/download/elsewhere.org/abcdefghijkl', `/_matrix/client/v1/media/thumbnail/example.org/${id}?width=9&height=9`]) {
      assert.equal(cacheStatus(await ann.ask(target)), undefined, target);
    }
  });
  await t.test('deleted by an admin: its object stays in the bucket, and nobody gets it', async () => {
    checkServed(await ann.ask(medium.target), medium);
    const answer = await ann.ask(`/_synapse/admin/v1/media/example.org/${id}`, { method: 'DELETE' });
    assert.equal(answer.status, 200, `${answer.body}`);
    assert.ok(s.store.object(`local_content/${id.slice(0, 2)}/${id.slice(2, 4)}/${id.slice(4)}`));
    const [ours, theirs] = [await bob.ask(medium.target), await bob.alone(medium.target)];
    assert.deepEqual([ours.status, theirs.status], [404, 404]);
  });
});
