// The recipes of conf/apps: each is accepted as it is shipped and says no more than it must, has a row in deploy/apps.md, and
// does with the stand-in of its app (app_standins.mjs) what it promises. Those that run with the real app are in tests/apps.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkRanges, checkRefusals, hits } from '../support/app_contract.mjs';
import { standIns, startStandIn } from '../support/app_standins.mjs';
import { get } from '../support/client.mjs';
import { content } from '../support/content.mjs';
import { recipeFile, recipeNames, recipeText, startRecipe } from '../support/recipe.mjs';
import { startBucket } from '../support/s3_bucket.mjs';
import { binary } from '../support/sluice.mjs';
import { runAll } from '../support/stack.mjs';
import { directoryFor } from '../tools/service.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const page = fs.readFileSync(path.join(root, 'deploy/apps.md'), 'utf8');
const realApps = fs.readdirSync(path.join(root, 'tests/apps')).filter((name) => name.endsWith('.mjs'))
  .map((name) => fs.readFileSync(path.join(root, 'tests/apps', name), 'utf8')).join('\n');

/// Lines of stores and routes, without comments.
function linesThatSay(text) {
  let section;
  return text.split('\n').filter((line) => {
    section = /^(\w+):/.exec(line)?.[1] ?? section;
    return ['stores', 'routes', 'invalidate'].includes(section) && !/^(\s*#.*|\s*|stores:|routes:)$/.test(line);
  });
}

for (const name of recipeNames()) {
  test(`${name}: accepted, ten lines at most, with a row and a test`, (t) => {
    const env = { ...process.env, AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK', AWS_REGION: 'us-east-1', SENDFILE_ROOT: directoryFor(t, 'root'),
      GRADIO_TEMP_DIR: directoryFor(t, 'root') };
    const { status, stderr } = spawnSync(binary, ['check', '--config', recipeFile(name)], { encoding: 'utf8', env });
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stderr, /warning/, stderr);
    const lines = linesThatSay(recipeText(name));
    assert.ok(lines.length <= 10, `${lines.length} lines:\n${lines.join('\n')}`);
    assert.ok(page.includes(`(../conf/apps/${name}.yaml)`), 'no row in deploy/apps.md');
    assert.ok(standIns[name] || realApps.includes(`'${name}'`), 'no test has it');
  });
}

/// Sluice with the recipe before the stand-in, its objects in a bucket; the medium that everybody wants.
async function startApp(t, name) {
  const { key, target, head, type, local, fields, open, hit = hits.cached } = standIns[name];
  let [store, app] = [];
  t.after(() => runAll([() => app?.close(), () => store?.close()]));
  store = await startBucket({ open });
  app = await startStandIn(name, store);
  const bytes = content(name, 0, 300007);
  store.put(key, { bytes, contentType: 'video/mp4', modified: Date.now() });
  const env = { ...store.environment };
  if (local) {
    env[local] = directoryFor(t, 'root');
    fs.mkdirSync(path.dirname(path.join(env[local], key)), { recursive: true });
    fs.writeFileSync(path.join(env[local], key), bytes);
  }
  const sluice = await startRecipe(t, name, app.url, { env });
  // Each with a cookie of their own, so that no decision is another's.
  let sessions = 0;
  const person = (user) => {
    const own = user ? { Cookie: `session=${user}; n=${++sessions}` } : {};
    const from = (url) => (asked, { headers, ...options } = {}) => get(url + asked, { keep: true, headers: { ...fields, ...own, ...headers }, ...options });
    return { ask: from(sluice.url), alone: from(app.url) };
  };
  return { store, app, sluice, hit, anew: person, medium: { target, head, type, bytes, owner: person('ann'), stranger: person('bob'), nobody: person() } };
}

for (const name of recipeNames().filter((each) => standIns[each])) {
  const app = standIns[name];
  test(`${name}, as ${app.version} answers`, async (t) => {
    const s = await startApp(t, name);
    await checkRanges(s.medium, { hit: s.hit });
    if (!app.open) await checkRefusals(s.medium);
    await app.more?.(s);
  });
}
