// MLflow's tracking server as artifact proxy, with its basic-auth app, behind its recipe.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDeleted, checkOverwritten, checkRanges, checkRefusals, checkServed } from '../support/app_contract.mjs';
import { content } from '../support/content.mjs';
import { startRecipe } from '../support/recipe.mjs';
import { cacheStatus } from '../support/stack.mjs';
import { Client, startMlflow } from './mlflow/server.mjs';

test('MLflow', async (t) => {
  const s = await startMlflow(t);
  const sluice = await startRecipe(t, 'mlflow', s.app.url, { env: s.store.environment });
  const [owner, stranger, nobody] = ['ann', 'bob', undefined].map((name) => new Client(name, () => sluice.url, () => s.app.url));
  const { experiment_id: experiment } = await owner.call('experiments/create', { name: 'films' });
  const { run: { info: { run_id: run } } } = await owner.call('runs/create', { experiment_id: experiment });
  const name = 'films/a film ü &+1.mp4';
  const raw = `${experiment}/${run}/artifacts/${name}`.split('/').map(encodeURIComponent).join('/');
  const medium = { target: `/api/2.0/mlflow-artifacts/artifacts/${raw}`, bytes: content('mlflow', 0, 300007), owner, stranger, nobody };
  const put = async (body) => {
    const answer = await owner.ask(medium.target, { method: 'PUT', body, headers: { 'Content-Type': 'application/octet-stream' } });
    assert.equal(answer.status, 200, `${answer.body}`);
  };
  await put(medium.bytes);
  await t.test('ranges', () => checkRanges(medium));
  await t.test('refusals', () => checkRefusals(medium));
  await t.test('as the page asks for it', async () => {
    const target = `/get-artifact?path=${encodeURIComponent(name)}&run_uuid=${run}`;
    const answer = await owner.ask(target, { headers: { Range: 'bytes=1000-1999' } });
    checkServed(answer, medium, [206, 1000, 1999], 'the page');
    assert.equal(cacheStatus(answer).hit, true, 'the same object');
    await checkRefusals({ ...medium, target });
  });
  await t.test('a directory, and what is not there, are the app\'s', async () => {
    const listing = `/api/2.0/mlflow-artifacts/artifacts?path=${encodeURIComponent(`${experiment}/${run}/artifacts/films`)}`;
    assert.deepEqual(JSON.parse((await owner.ask(listing)).body).files.map(({ path }) => path), [name.split('/')[1]]);
  });
  await t.test('overwritten', () => checkOverwritten(medium, put, content('other', 0, 250001)));
  // Of an artifact that is not there it says 500.
  await t.test('deleted', () => checkDeleted(medium, async () => assert.equal((await owner.ask(medium.target, { method: 'DELETE' })).status, 200), 500));
});
