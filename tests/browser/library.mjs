// A page of a library from npm, served by the app behind Sluice: the library's modules, and media of the same origin.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { startStack } from '../support/stack.mjs';
import { launchBrowser } from './demo.mjs';

const require = createRequire(import.meta.url);
const patience = 90000;

function readModule(name) {
  try {
    return fs.readFileSync(require.resolve(name));
  } catch (cause) {
    throw new Error(`${name} is missing: npm ci --prefix tests`, { cause });
  }
}

/// A stack, and Chromium at a page of its app: {s, page, close(): ends the browser}. `modules`: {name: what the library calls
/// the file}; `script`: a module's text, which may import './name' and gives what it has to the window; `options`: startStack's.
export async function openLibrary(t, { modules, script, options }) {
  const pages = { 'index.html': { type: 'text/html; charset=utf-8', body: `<!doctype html><title>test</title><video muted></video><script type="module">${script}</script>` } };
  for (const [name, file] of Object.entries(modules)) pages[name] = { type: 'text/javascript', body: readModule(file) };
  const s = await startStack(t, { ...options, app: { pages } });
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(patience);
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(`${s.sluice.url}/pages/index.html`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return { s, page, faults, close: () => browser.close() };
}
