// A shipped configuration (conf/apps/NAME.yaml) in front of an app, as it stands there: what a test must say otherwise (ports,
// the cache's directory) it says by variables and by sections that the file does not have.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { get } from './client.mjs';
import { keepSecret, keepVariableSecrets } from './secrets.mjs';
import { adminToken, removeDirectory, startSluiceFile, temporaryDirectory } from './sluice.mjs';
import { runAll } from './stack.mjs';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../conf/apps');
/// The names of all recipes.
export const recipeNames = () => fs.readdirSync(folder).filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -5)).sort();
export const recipeFile = (name) => path.join(folder, `${name}.yaml`);
export const recipeText = (name) => fs.readFileSync(recipeFile(name), 'utf8');

const more = '\n# of the test\nworkers: 2\nlimits: {shutdown_delay: 0s}\nlog: {level: debug}\n';

/// Sluice with the recipe `name` before the app at `appUrl`: {env: variables beside those of the test}. It ends with `t`, and
/// before what `t` ends later; gives the Sluice (sluice.mjs) with `ask(target, options)`.
export async function startRecipe(t, name, appUrl, { env = {}, text = recipeText(name) } = {}) {
  const cacheDirectory = temporaryDirectory('cache');
  const variables = { SLUICE_CFG_LISTEN: '127.0.0.1:0', SLUICE_CFG_ADMIN_ADDRESS: '127.0.0.1:0', SLUICE_CFG_APP_URL: appUrl,
    SLUICE_CFG_CACHE_DIRECTORY: cacheDirectory, SLUICE_CFG_CACHE_MAX_SIZE: '1GiB',
    SLUICE_ADMIN_TOKEN: keepSecret('token', adminToken), ...env };
  keepVariableSecrets(env);
  let sluice;
  t.after(() => runAll([() => sluice?.stop(), () => removeDirectory(cacheDirectory)]));
  sluice = await startSluiceFile(text + more, { env: variables });
  sluice.ask = (target, options) => get(sluice.url + target, { keep: true, ...options });
  return sluice;
}
