// The pages that operators read, held to the program: every configuration key, metric, alert, fallback reason and error word
// has a row, every row is of something that exists, and every link and file name in the pages leads somewhere.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { binary } from '../support/sluice.mjs';
import { startStack } from '../support/stack.mjs';
import { directoryFor } from '../tools/service.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const read = (file) => fs.readFileSync(path.join(root, file), 'utf8');
const sorted = (values) => [...new Set(values)].sort();
function without(values, others) {
  const found = new Set(others);
  return sorted(values).filter((value) => !found.has(value));
}
const missing = (what, page) => `no row in ${page} for: ${what.join(', ')}`;
const extra = (what, page) => `rows in ${page} for what the program does not have: ${what.join(', ')}`;

/// All files below `folder` whose name matches, without those of packages and builds.
function filesIn(folder, name) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (['node_modules', 'build', '.git'].includes(entry.name)) return [];
    if (entry.isDirectory()) return filesIn(file, name);
    return name.test(entry.name) ? [file] : [];
  });
}

/// A page without its code blocks.
const prose = (text) => text.replace(/^ *```[^]*?^ *```$/gm, '');
/// The rows of all tables whose first column has this heading, as lists of cells.
function rowsOf(text, heading) {
  const rows = [];
  let inside = false;
  for (const line of prose(text).split('\n')) {
    const cells = line.startsWith('|') ? line.slice(1, line.lastIndexOf('|')).split('|').map((cell) => cell.trim()) : undefined;
    if (!cells) inside = false;
    else if (cells[0] === heading) inside = true;
    else if (inside && !/^-+$/.test(cells[0])) rows.push(cells);
  }
  return rows;
}
/// What stands between backticks.
const named = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
const firstNames = (text, heading) => rowsOf(text, heading).flatMap(([first]) => named(first));

const configuration = 'deploy/configuration.md';
const metricsPage = 'deploy/metrics-and-logs.md';
const troubleshooting = 'deploy/troubleshooting.md';

// ---- configuration keys: the program itself says which words of its source are keys, and where

/// The folders that read a part of the configuration. Where one is forgotten here, its keys are missed in the words below.
const readers = ['src/config', 'include/sluice/config', 'src/origin', 'include/sluice/origin'];
const nowhere = 'no_such_key';
const s3 = { type: 's3', bucket: 'media', region: 'us-east-1', credentials: { access_key_id: 'AK', secret_access_key: 'SK' } };
const gcs = { type: 'gcs', bucket: 'media', credentials: { hmac_id: 'GOOG1', hmac_secret: 'x' } };
const azure = { type: 'azure', account: 'media', container: 'media', credentials: { account_key: 'a2V5' } };
const local = { type: 'local', root: '/srv' };
const base = { app: { url: 'http://127.0.0.1:3000' } };
const route = { name: 'a', path: '/a/{x}', store: 'NAME', object: '{x}', authorize: { subrequest: '/may' } };
const withStore = (store) => ({ ...base, stores: { NAME: store } });
const withRoute = (over) => ({ ...withStore(s3), routes: [{ ...route, ...over }] });

/// Where keys may stand. Each gives a configuration with `keys` (and what is needed there anyway) at that place; more places,
/// below keys that take a mapping, are found by asking.
const places = [
  { at: '', put: (keys) => ({ ...base, ...keys }) },
  { at: 'listeners[]', put: (keys) => ({ ...base, listeners: [{ address: '127.0.0.1:0', ...keys }] }) },
  ...[s3, gcs, azure, local].map((store) => ({ at: 'stores.NAME', put: (keys) => withStore({ ...store, ...keys }) })),
  { at: 'stores.NAME.credentials', put: (keys) => withStore({ ...s3, credentials: { ...s3.credentials, ...keys } }) },
  { at: 'stores.NAME.credentials', put: (keys) => withStore({ ...gcs, credentials: { ...gcs.credentials, ...keys } }) },
  { at: 'stores.NAME.credentials', put: (keys) => withStore({ ...azure, credentials: { ...azure.credentials, ...keys } }) },
  { at: 'routes[]', put: (keys) => withRoute(keys) },
  { at: 'routes[].authorize', put: (keys) => withRoute({ authorize: { ...route.authorize, ...keys } }) },
  { at: 'routes[].resolve', put: (keys) => withRoute({ object: undefined, resolve: { object: '/o', ...keys } }) },
  { at: 'routes[]', put: (keys) => ({ ...base, routes: [{ preset: 'open-webui', ...keys }] }) },
];

/// What `sluice check` says of a configuration.
function complaints(file, config) {
  fs.writeFileSync(file, JSON.stringify(config));
  const { status, stderr, error } = spawnSync(binary, ['check', '--config', file], { encoding: 'utf8', timeout: 30000 });
  if (error) throw error;
  const lines = stderr.split('\n').filter((line) => line.includes(': error: '));
  assert.ok(status === 0 || lines.length > 0, `sluice check: ${status}\n${stderr}`);
  assert.ok(lines.length < 100, 'more errors than the program counts: ask for less at once');
  return lines;
}
/// The keys that a place does not know, by its complaints.
const refused = (lines) => new Set(lines.map((line) => (/unknown key "(\w+)"/.exec(line) ??
  /"[\w.[\]]*?(\w+)" means nothing in a store of type/.exec(line))?.[1]).filter(Boolean));
const some = 85; // a run counts 100 errors at most, and what replaces what is needed is one too
/// Keys beside which others are not looked at.
const alone = ['type', 'preset', 'service_account', 'connection_string'];

/// The paths of all keys that are among `words`, as the page writes them.
function allKeys(file, words) {
  const paths = new Set();
  const known = new Set(places.map(({ at }) => at));
  const open = [...places];
  for (let place = open.shift(); place; place = open.shift()) {
    const candidates = [...alone];
    const others = without(words, alone);
    for (let i = 0; i < others.length; i += some) {
      const asked = others.slice(i, i + some);
      const unknown = refused(complaints(file, place.put(Object.fromEntries(asked.map((word) => [word, null])))));
      candidates.push(...asked.filter((word) => !unknown.has(word)));
    }
    // One by one: what stood beside a key may have changed what else is one. And does it hold keys itself?
    for (const key of candidates) {
      const unknown = refused(complaints(file, place.put({ [key]: { [nowhere]: 1 } })));
      if (unknown.has(key)) continue;
      const at = place.at === '' ? key : `${place.at}.${key}`;
      paths.add(at);
      if (unknown.has(nowhere) && !known.has(at)) {
        known.add(at);
        open.push({ at, put: (keys) => place.put({ [key]: keys }) });
      }
    }
  }
  return paths;
}

test('every configuration key has a row, and every row is of a key', (t) => {
  const documented = firstNames(read(configuration), 'key');
  const literals = readers.flatMap((folder) => filesIn(folder, /\.[ch]pp$/))
    .flatMap((file) => [...read(file).matchAll(/"([a-z][a-z0-9_]*)"/g)].map(([, word]) => word));
  const words = sorted(literals).filter((word) => word.length < 40);
  assert.deepEqual(without(documented.map((key) => /(\w+)\W*$/.exec(key)[1]), words), [], 'the search for words missed a documented key');
  const keys = allKeys(path.join(directoryFor(t, 'docs'), 'sluice.yaml'), words);
  // A mapping is described by its keys.
  const described = (key) => documented.some((row) => row === key || row.startsWith(`${key}.`) || row.startsWith(`${key}[]`));
  const undocumented = sorted(keys).filter((key) => !described(key));
  assert.deepEqual(undocumented, [], missing(undocumented, configuration));
  const gone = without(documented, keys);
  assert.deepEqual(gone, [], extra(gone, configuration));
});

test('conf/sluice.yaml has every key, and the defaults that the page has', () => {
  const reference = read('conf/sluice.yaml');
  const rows = rowsOf(read(configuration), 'key').map((cells) => ({ key: named(cells[0])[0], first: cells.at(-2) }));
  const absent = rows.filter(({ key }) => !new RegExp(`\\b${/(\w+)(\[\])?$/.exec(key)[1]}:`).test(reference)).map(({ key }) => key);
  assert.deepEqual(absent, [], 'missing in conf/sluice.yaml');
  // Sections whose values there are the program's defaults (a unit test of the loader sees to that).
  const values = new Map();
  let section = '';
  for (const line of reference.split('\n')) {
    const [, name] = /^(\w+):/.exec(line) ?? [];
    section = name ?? section;
    const [, key, value] = /^ {2}(\w+): (\S.*?)(?: +#.*)?$/.exec(line) ?? [];
    if (!['app', 'limits', 'fallback', 'log', 'cache'].includes(section) || key === undefined) continue;
    if (!value.startsWith('{')) values.set(`${section}.${key}`, value);
    for (const [, inner, text] of value.matchAll(/[{,] *(\w+): ([^,}]+)/g)) values.set(`${section}.${key}.${inner}`, text);
  }
  const defaults = rows.filter(({ key, first }) => values.has(key) && first.startsWith('`'));
  assert.ok(defaults.length > 30, `only ${defaults.length} defaults were found`);
  for (const { key, first } of defaults) assert.equal(named(first)[0], values.get(key), `the default of ${key}`);
});

test('every variable that overrides the file is named', () => {
  const { stdout } = spawnSync(binary, ['--help'], { encoding: 'utf8' });
  const variables = sorted(stdout.match(/SLUICE_CFG_\w+/g));
  assert.deepEqual(sorted(read(configuration).match(/SLUICE_CFG_\w+/g)), variables);
});

// ---- metrics, the access log

/// Labels whose values are the operator's, or too many to list.
const free = new Set(['route', 'store', 'code', 'version', 'le']);

test('every metric, label and label value has a row, and every row is of a metric', async (t) => {
  // A store with the cloud's default chain, whose credentials have metrics too.
  const aws = { type: 's3', bucket: 'other', region: 'us-east-1', endpoint: 'http://127.0.0.1:1' };
  const s = await startStack(t, { config: { stores: { aws } }, env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1:1/credentials' } });
  s.origin.put('v.mp4', { size: 1000 });
  assert.equal((await s.get('v.mp4')).status, 200);
  await s.sluice.counted(1, { route: 'media' });
  const metrics = await s.sluice.metrics();
  const rows = new Map(rowsOf(read(metricsPage), 'metric').flatMap(([first, labels, meaning]) =>
    named(first).map((name) => [`sluice_${name}`, { labels: named(labels), meaning }])));
  const families = sorted(metrics.types.keys());
  const undocumented = without(families, rows.keys());
  assert.deepEqual(undocumented, [], missing(undocumented, metricsPage));
  const gone = without(rows.keys(), families);
  assert.deepEqual(gone, [], extra(gone, metricsPage));

  const reasons = firstNames(read(troubleshooting), 'word');
  const results = firstNames(read(metricsPage), 'result');
  for (const { name, labels } of metrics.samples) {
    const family = metrics.types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    const row = rows.get(family);
    for (const [label, value] of Object.entries(labels)) {
      if (label !== 'le') assert.ok(row.labels.includes(label), `${metricsPage}: ${family} has a label ${label}`);
      if (free.has(label)) continue;
      const where = family === 'sluice_fallback_total' ? reasons : [...named(row.meaning), ...(label === 'result' ? results : [])];
      assert.ok(where.includes(value), `no row, or none in that of the metric, for ${family}{${label}="${value}"}`);
    }
  }

  const record = await s.sluice.waitForLog((r) => r.message === 'access', 'a line of the access log');
  const documented = rowsOf(read(metricsPage), 'key').flatMap(([first]) => named(first));
  const keys = without(Object.keys(record), documented);
  assert.deepEqual(keys, [], missing(keys, metricsPage));
});

test('every name of a metric in the source is one that the pages have', () => {
  const source = read('src/metrics/metrics.cpp');
  const names = sorted([...source.matchAll(/(?:counters|gauge)\(\s*registry_,\s*"(\w+)"|\.Name\("sluice_(\w+)"\)/g)].map((m) => m[1] ?? m[2]));
  assert.ok(names.length > 30, `only ${names.length} names were found`);
  const undocumented = without(names, firstNames(read(metricsPage), 'metric'));
  assert.deepEqual(undocumented, [], missing(undocumented, metricsPage));
});

test('every alert has a row', () => {
  const alerts = [...read('deploy/prometheus/rules.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assert.deepEqual(sorted(firstNames(read(metricsPage), 'alert')), sorted(alerts));
});

// ---- fallback reasons, `detail=` words, errors

/// What the `to_string` of an enumeration can return.
const returned = (file) => sorted([...read(file).matchAll(/return "(\w+)";/g)].map(([, word]) => word));

test('every fallback reason, detail and error word has a row', () => {
  const reasons = returned('include/sluice/metrics/fallback_reason.hpp');
  const sources = ['client', 'app', 'origin', 'internal']; // whose fault an error is, in the same file
  const errors = returned('src/base/error.cpp').filter((word) => !sources.includes(word));
  const details = filesIn('src', /\.cpp$/).flatMap((file) => [...read(file).matchAll(/(?:detail|_status)\s*[=({]\s*"(\w+)"/g)].map(([, word]) => word));
  assert.ok(reasons.length >= 7 && errors.length > 35 && details.includes('local') && details.includes('redirect'), 'the search for words missed some');
  const page = read(troubleshooting);
  const words = [...firstNames(page, 'word'), ...named(rowsOf(page, '`Cache-Status`').join()).flatMap((text) => /detail=(\w+)/.exec(text)?.[1] ?? [])];
  const undocumented = without([...reasons, ...errors, ...details], words);
  assert.deepEqual(undocumented, [], missing(undocumented, troubleshooting));
  const gone = without(words, [...reasons, ...errors, ...details]);
  assert.deepEqual(gone, [], extra(gone, troubleshooting));
});

// ---- links, examples

/// GitHub's anchors of a page's headings.
function anchorsOf(text) {
  const seen = new Map();
  return new Set([...prose(text).matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading]) => {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = plain.trim().toLowerCase().replace(/[^\p{L}\p{N}\p{M}_\- ]/gu, '').replace(/ /g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  }));
}

test('every relative link and anchor leads somewhere', () => {
  const pages = filesIn('.', /\.md$/);
  assert.ok(pages.includes('README.md') && pages.length > 15, pages.join());
  const broken = [];
  for (const page of pages) {
    const text = prose(read(page)).replace(/`[^`\n]*`/g, (code) => '`'.padEnd(code.length, '.'));
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [target, anchor] = link.split('#');
      const file = target === '' ? page : path.join(path.dirname(page), decodeURI(target));
      const exists = fs.existsSync(path.join(root, file)) && !path.relative(root, path.join(root, file)).startsWith('..');
      if (!exists || (anchor !== undefined && !(file.endsWith('.md') && anchorsOf(read(file)).has(anchor)))) broken.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

/// Whether a path of the repository is there; `*` stands for any part of a name.
function isThere(file) {
  let found = ['.'];
  for (const name of file.split('/').filter(Boolean)) {
    const pattern = new RegExp(`^${name.replace(/[.+]/g, '\\$&').replaceAll('*', '.*')}$`);
    found = found.filter((folder) => fs.statSync(path.join(root, folder)).isDirectory()).flatMap((folder) =>
      fs.readdirSync(path.join(root, folder)).filter((entry) => pattern.test(entry)).map((entry) => path.join(folder, entry)));
  }
  return found.length > 0;
}

test('every file that a page, a manifest or a script names is there', () => {
  const pages = [...filesIn('.', /\.md$/), ...filesIn('deploy', /\.(yaml|yml|sh|conf)$/), ...filesIn('conf', /\.yaml$/), 'Dockerfile', '.ci/run'];
  const broken = [];
  for (const page of pages) {
    for (const [, word] of read(page).matchAll(/(?<![\w./$~-])((?:src|include|tests|deploy|conf|\.ci|\.github)\/[\w./*-]+)/g)) {
      const file = word.replace(/[.,]+$/, '');
      const isPlaceholder = file.split('/').some((name) => /^[A-Z]+$/.test(name));
      if (!isPlaceholder && !isThere(file)) broken.push(`${page}: ${file}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('the configuration in the README is accepted', (t) => {
  const directory = directoryFor(t, 'docs');
  const secret = path.join(directory, 'secret');
  fs.writeFileSync(secret, 'not-a-secret\n');
  const [, example] = /```yaml\n([^]*?)```/.exec(read('README.md'));
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, example.replace('/run/secrets/s3', secret));
  const { status, stderr } = spawnSync(binary, ['check', '--config', file], { encoding: 'utf8', env: { ...process.env, S3_ACCESS_KEY_ID: 'AK' } });
  assert.equal(status, 0, stderr);
});
