// Debian's Prometheus scrapes the real binary with deploy/prometheus: its metrics are well-formed, its rules load, and
// the hit ratios that a query gives are those of what was asked.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { get, range } from '../support/client.mjs';
import { MiB, startStack } from '../support/stack.mjs';
import { poll } from '../support/wait.mjs';
import { directoryFor, freePort, run, startService } from '../tools/service.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const deploy = here('../../deploy/prometheus/');

/// The shipped configuration with another target and shorter intervals, its rules beside it.
function install(directory, target) {
  const shipped = fs.readFileSync(path.join(deploy, 'prometheus.yml'), 'utf8');
  const changed = shipped.replace('127.0.0.1:9180', target).replaceAll('interval: 15s', 'interval: 1s');
  assert.ok(changed.includes(target) && !changed.includes('15s'), 'the shipped file is as this test expects it');
  fs.copyFileSync(path.join(deploy, 'rules.yml'), path.join(directory, 'rules.yml'));
  const file = path.join(directory, 'prometheus.yml');
  fs.writeFileSync(file, changed);
  return file;
}

test('the shipped configuration and rules are valid, and the rules give what they should', () => {
  for (const args of [['check', 'config', path.join(deploy, 'prometheus.yml')],
    ['check', 'rules', path.join(deploy, 'rules.yml')], ['test', 'rules', here('../tools/prometheus_rules_test.yml')]]) {
    const { status, output } = run('promtool', args);
    assert.equal(status, 0, output);
  }
});

test('promtool finds no fault in /metrics, and every metric that the rules use is there', async (t) => {
  // A store whose credentials are renewed: asked for in the background, whether or not there are any.
  process.env.AWS_EC2_METADATA_DISABLED = 'true';
  const stack = await startStack(t, { config: { stores: { renewed: { type: 's3', bucket: 'other', region: 'us-east-1' } } } });
  stack.origin.put('a.mp4', { seed: 1, size: 100000 });
  assert.equal((await stack.get('a.mp4')).status, 200);
  await get(`${stack.sluice.url}/health`);
  await stack.get('not-there.mp4'); // the app answers: a fallback
  const { status, output } = run('promtool', ['check', 'metrics'], (await stack.sluice.metrics()).text);
  assert.equal(status, 0, output);
  const metrics = await stack.sluice.metrics();
  const rules = fs.readFileSync(path.join(deploy, 'rules.yml'), 'utf8').replace(/^\s*(#|- record:|- alert:).*$/gm, '');
  for (const name of new Set(rules.match(/(?<![:\w])sluice_\w+/g))) {
    assert.ok(metrics.types.has(name.replace(/_bucket$/, '')), `${name} is exported`);
  }
});

test('Prometheus gives the hit ratios by requests and by bytes', async (t) => {
  const stack = await startStack(t);
  stack.origin.put('film.mp4', { seed: 3, size: 8 * MiB });
  const [port, directory] = [await freePort(), directoryFor(t, 'prometheus')];
  const file = install(directory, new URL(stack.sluice.adminUrl).host);
  const api = `http://127.0.0.1:${port}`;
  const query = async (expression) => {
    const answer = await get(`${api}/api/v1/query?query=${encodeURIComponent(expression)}`, { keep: true });
    const { status, data, error } = JSON.parse(answer.body);
    assert.equal(status, 'success', error);
    return data.result[0] && Number(data.result[0].value[1]);
  };
  // One byte range each time: one miss, then hits. Sums over all counts are exact where a rate is extrapolated.
  const fetch = async () => assert.equal((await stack.get('film.mp4', { headers: range(0, MiB - 1) })).status, 206);
  await fetch();
  await fetch();
  await startService(t, 'prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'], {
    ready: () => get(`${api}/-/ready`).then(({ status }) => status === 200),
  });
  await poll(() => query('up{job="sluice"} == 1').then((up) => up === 1), 'Prometheus scrapes Sluice', 30000, 200);
  await fetch();
  await fetch();

  const requests = 'sum(sluice_requests_total{result=~"hit|stale|revalidated"})' +
    ' / sum(sluice_requests_total{result=~"hit|partial|miss|stale|revalidated|bypass"})';
  const bytes = 'sum(sluice_response_bytes_total{source="cache"}) / sum(sluice_response_bytes_total{source=~"cache|origin"})';
  await poll(() => query(requests).then((ratio) => ratio === 0.75), 'a hit ratio by requests of 3 in 4', 30000, 200);
  assert.equal(await query(bytes), 0.75);
  // The rules' own: their rate sees only what came between scrapes, and that was hits.
  for (const rule of ['job:sluice_hit_ratio_requests:rate5m', 'job:sluice_hit_ratio_bytes:rate5m']) {
    await poll(() => query(rule).then((ratio) => ratio === 1), `${rule} is 1`, 30000, 200);
  }
});
