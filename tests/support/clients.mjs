// What the tests with real clients share: programs that run to their end, and what serving them cost.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { dyingWithUs, removeDirectory, temporaryDirectory } from './sluice.mjs';
import { poll } from './wait.mjs';

const patience = 120000;
const page = 64 * 1024;

/// For a test's `skip`: why this program cannot be run, or false.
export function noProgram(name) {
  const there = process.env.PATH.split(path.delimiter).some((folder) => fs.existsSync(path.join(folder, name)));
  return there ? false : `${name} is not installed`;
}

/// Runs a program to its end, without the proxies of our environment: {stdout, stderr}. Fails, with what it said, where its
/// status is not 0. It ends with us, and after two minutes.
export async function run(program, args, { env = {}, cwd } = {}) {
  const [command, ...given] = [...dyingWithUs, program, ...args];
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name)));
  return promisify(execFile)(command, given, { cwd, env: { ...clean, ...env }, timeout: patience, killSignal: 'SIGKILL', maxBuffer: 1 << 26 });
}

/// A directory of the test `t`, gone after it.
export function workplace(t) {
  const directory = temporaryDirectory('client');
  t.after(() => removeDirectory(directory));
  return directory;
}

/// Waits until no client is connected and nothing is fetched; then all that was sent is in the log and the metrics.
export async function quiet(sluice, origin) {
  await poll(async () => {
    const metrics = await sluice.metrics();
    return metrics.sum('connections', { side: 'client' }) === 0 && metrics.sum('fills_in_flight') === 0;
  }, 'no client and no transfer');
  await origin.idle();
}

/// What all clients of the stack `s` cost so far, once it is quiet:
/// {fetched: bytes that came from the store, overlaps: fetches that took over from another by decision, overlapped: bytes that
/// came twice for that, gets: requests to the store, cut: of those that were broken off, sent: bytes to clients, left: clients
/// that left before their end, bypassed: requests that did not come through the cache}
export async function costs(s) {
  await quiet(s.sluice, s.origin);
  const metrics = await s.sluice.metrics();
  const asked = metrics.sum('requests_total', { route: 'media' });
  const media = await s.sluice.board.until(() => given(s).length >= asked && given(s), `the log of ${asked} requests`);
  return {
    fetched: metrics.sum('origin_bytes_total'),
    overlaps: metrics.sum('fill_overlaps_total'),
    overlapped: metrics.sum('fill_overlap_bytes_total'),
    gets: s.origin.requests.length,
    cut: s.origin.requests.filter((r) => r.aborted).length,
    sent: media.reduce((sum, record) => sum + record.bytes_cache + record.bytes_origin, 0),
    left: media.filter((record) => record.complete === false).length,
    bypassed: media.filter((record) => !['hit', 'partial', 'miss'].includes(record.result)).length,
  };
}

/// The `wanted` bytes came, each once: but where a fetch took over from another, which is counted, and but for the page in
/// hand where a fetch was cut because its client had left.
export function checkFetchedOnce(s, cost, wanted) {
  const most = wanted + cost.overlapped + (cost.left + cost.cut) * page;
  assert.equal(cost.bypassed, 0, story(s));
  assert.ok(cost.fetched >= wanted && cost.fetched <= most, `${cost.fetched} came, not ${wanted} to ${most}\n${story(s)}`);
}

/// The access log of media so far.
export const given = (s) => s.sluice.access.filter((record) => record.route === 'media');

/// For messages: what was asked of the store and what clients asked for.
export function story(s) {
  const asked = s.origin.requests.map((r) => `  ${r.key} ${r.range} ${r.status}: ${r.sent} from ${r.first}${r.aborted ? ', broken off' : ''}`);
  const sent = given(s).map((r) => `  ${r.path} ${r.range} ${r.status} ${r.result}: ${r.bytes_cache} + ${r.bytes_origin} in ${r.duration_ms} ms`);
  return `asked of the store:\n${asked.join('\n')}\ngiven to clients (cache + origin):\n${sent.join('\n')}`;
}
