// The real apps of tests/apps alone and behind their recipes: what a seek costs the first time and then, and twenty at once.
// Program: node app_rows.mjs [--only NAME] [--size BYTES] [--delay MS] [--rate BYTES_PER_S]   prints rows of Markdown. The bucket answers after
// `delay` and sends each connection `rate`; run it on a machine that does nothing else, with SLUICE_BIN or the release build.
import { createHash } from 'node:crypto';
import { Client as MlflowClient, startMlflow } from '../apps/mlflow/server.mjs';
import { Client as MatrixClient, startSynapse } from '../apps/synapse/server.mjs';
import { Browser, startSite } from '../apps/django/site.mjs';
import { content } from '../support/content.mjs';
import { readOptions } from '../support/options.mjs';
import { startRecipe } from '../support/recipe.mjs';

const options = readOptions({ only: '', size: 50 << 20, delay: 20, rate: 50e6 });
const whole = content('bench', 0, options.size);
const length = 100_000;

/// What stands for `t` of a test: {after}, and the end of all that was started.
function scope() {
  const ends = [];
  return { after: (end) => ends.unshift(end), async end() {
    for (const end of ends) await end();
  } };
}

async function upload(site, base) {
  const person = await new Browser(base, () => site.app.url).logIn('/accounts/login/', 'ann', site.password);
  const { id, key } = JSON.parse((await person.upload('/lectures/', 'video', 'film.mp4', 'video/mp4', whole.subarray(0, 1000))).body);
  return { person, id, key };
}
const django = (recipe, alone, through) => async (scope, sluice) => {
  const site = await startSite(scope);
  const url = sluice ? (await startRecipe(scope, recipe, site.app.url, { env: site.store.environment })).url : site.app.url;
  const { person, id, key } = await upload(site, () => url);
  return { store: site.store, key, ask: (headers) => person.ask(`/lectures/${id}/${sluice ? through : alone}`, { headers }) };
};
const apps = {
  'Django 5.2, `FileResponse` / `X-Accel-Redirect`': django('django-accel', 'python', 'accel'),
  async 'MLflow 3.17'(scope, sluice) {
    const s = await startMlflow(scope);
    const url = sluice ? (await startRecipe(scope, 'mlflow', s.app.url, { env: s.store.environment })).url : s.app.url;
    const person = new MlflowClient('ann', () => url);
    const { experiment_id } = await person.call('experiments/create', { name: 'films' });
    const { run } = await person.call('runs/create', { experiment_id });
    const path = `${experiment_id}/${run.info.run_id}/artifacts/film.mp4`;
    const target = `/api/2.0/mlflow-artifacts/artifacts/${path}`;
    await person.ask(target, { method: 'PUT', body: whole.subarray(0, 1000) });
    return { store: s.store, key: `mlflow/${path}`, ask: (headers) => person.ask(target, { headers }) };
  },
  async 'Synapse 1.163'(scope, sluice) {
    const s = await startSynapse(scope);
    const url = sluice ? (await startRecipe(scope, 'synapse', s.app.url, { env: s.store.environment })).url : s.app.url;
    const person = new MatrixClient(s.tokens.ann, () => url);
    const id = await person.upload('film.mp4', 'video/mp4', whole.subarray(0, 1000));
    s.forgetCopies();
    const key = `local_content/${id.slice(0, 2)}/${id.slice(2, 4)}/${id.slice(4)}`;
    return { store: s.store, key, ask: (headers) => person.ask(`/_matrix/client/v1/media/download/example.org/${id}`, { headers }) };
  },
};

/// One seek: milliseconds, and whether the bytes were right (all of them, or those asked for).
async function seek(app, at) {
  const began = performance.now();
  const answer = await app.ask({ Range: `bytes=${at}-${at + length - 1}` });
  const took = performance.now() - began;
  const wanted = answer.status === 206 ? whole.subarray(at, at + length) : whole;
  if (answer.sha256 !== createHash('sha256').update(wanted).digest('hex')) throw new Error(`wrong bytes (${answer.status}, ${answer.length})`);
  return took;
}

async function measure(start, sluice) {
  const s = scope();
  try {
    const app = await start(s, sluice);
    app.store.put(app.key, { bytes: whole, contentType: 'video/mp4', modified: Date.now() });
    Object.assign(app.store.options, { delay: options.delay, rate: options.rate });
    app.store.forget();
    const sent = () => app.store.requests.reduce((sum, request) => sum + request.sent, 0);
    const [first, again] = [await seek(app, options.size >> 1), await seek(app, options.size >> 1)];
    const before = sent();
    const places = Array.from({ length: 20 }, (_, i) => Math.floor(((i + 0.5) * (options.size - length)) / 20));
    const began = performance.now();
    await Promise.all(places.map((at) => seek(app, at)));
    return [first, again, performance.now() - began].map((ms) => ms.toFixed(ms < 10 ? 1 : 0)).concat(((sent() - before) / 1e6).toFixed(1));
  } finally {
    await s.end();
  }
}

console.log('| app | | a seek, cold: ms | again: ms | 20 at once: ms | the 20: MB from the bucket |\n|---|---|---|---|---|---|');
for (const [name, start] of Object.entries(apps)) {
  if (!name.startsWith(options.only)) continue;
  for (const sluice of [false, true]) console.log(`| ${name} | ${sluice ? 'Sluice' : 'alone'} | ${(await measure(start, sluice)).join(' | ')} |`);
}
