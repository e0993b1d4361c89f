// The real binary as a test fixture: SLUICE_BIN (build/release/sluice where it is not set) with a configuration of the
// test's own, its log, its metrics, and its proper end.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { get } from './client.mjs';
import { parseMetrics } from './prometheus.mjs';
import { PrintedOutput, keepConfigSecrets, keepVariableSecrets, keepingCommand } from './secrets.mjs';
import { Board, poll } from './wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/// The program itself.
export const program = path.resolve(root, process.env.SLUICE_BIN ?? 'build/release/sluice');
/// For commands that run to their end (`sluice check`): where the suite keeps what Sluice prints (secrets.mjs), theirs too.
export const binary = keepingCommand(program);
export const adminToken = 'admin-token-of-the-tests';
const sanitizer = /ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|SUMMARY: \w+Sanitizer/;
const killAfter = 40000;

/// A new directory beneath the system's temporary one.
export const temporaryDirectory = (name = 'test') => fs.mkdtempSync(path.join(os.tmpdir(), `sluice-${name}-`));
export const removeDirectory = (directory) => fs.rmSync(directory, { recursive: true, force: true });

/// `over` laid over `base`: objects are merged, all else (arrays too) replaced, undefined removes a key.
export function merge(base, over) {
  const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
  const merged = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) delete merged[key];
    else merged[key] = isObject(value) && isObject(merged[key]) ? merge(merged[key], value) : value;
  }
  return merged;
}

/// The configuration of the tests: one s3 store `media` at `originUrl`, one public route `media`, everything else to `appUrl`.
export function testConfig({ originUrl, appUrl, cacheDirectory, credentials }) {
  return {
    workers: 2,
    listeners: [{ address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0', token: adminToken },
    app: { url: appUrl },
    limits: { shutdown_delay: '0s' },
    log: { level: 'debug', format: 'json', access: true },
    stores: {
      media: {
        type: 's3', bucket: 'media', region: 'us-east-1', endpoint: originUrl, addressing: 'path',
        credentials: credentials ?? { access_key_id: 'AKTEST', secret_access_key: 'secret' },
      },
    },
    cache: { directory: cacheDirectory, max_size: '1GiB', min_free: '0B' },
    routes: [{ name: 'media', path: '/media/{file*}', store: 'media', object: '{file}', authorize: 'none' }],
  };
}

// A test process that is killed (by a time limit, say) takes its Sluice with it; setpriv is of util-linux.
export const dyingWithUs = fs.existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'KILL', '--'] : [];

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Sluice {
  constructor(child, directory) {
    this.child = child;
    this.directory = directory;
    this.log = [];
    this.lines = [];
    this.stderr = '';
    this.board = new Board();
    this.printed = new PrintedOutput();
    this.exited = new Promise((resolve) => {
      child.on('exit', (code, signal) => {
        running.delete(child);
        this.exit = { code, signal };
        this.board.changed();
        resolve(this.exit);
      });
      child.on('error', (error) => {
        this.exit = { code: null, signal: null, error };
        this.board.changed();
        resolve(this.exit);
      });
    });
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      this.printed.take('out', text);
      const rows = (rest + text).split('\n');
      rest = rows.pop();
      for (const row of rows) this.#line(row);
      this.board.changed();
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.printed.take('err', text);
      this.stderr += text;
      this.board.changed();
    });
    this.closedOutput = Promise.all([child.stdout, child.stderr].map((stream) =>
      new Promise((resolve) => stream.once('close', resolve)))).then(() => this.printed.close());
  }

  #line(row) {
    this.lines.push(row);
    try {
      this.log.push(JSON.parse(row));
    } catch {
      this.badLine ??= row;
    }
  }

  /// Fulfils with the first log record, past or to come, for which `predicate` holds.
  waitForLog(predicate, what, timeout) {
    return this.board.until(() => {
      const found = this.log.find(predicate);
      if (!found && this.exit) throw new Error(`sluice ended (${JSON.stringify(this.exit)}) before ${what ?? predicate}\n${this.tail()}`);
      return found;
    }, what ?? `a log record with ${predicate}`, timeout);
  }
  /// The access log so far.
  get access() {
    return this.log.filter((record) => record.message === 'access');
  }
  tail() {
    return `${this.lines.slice(-15).join('\n')}\n${this.stderr.slice(-4000)}`;
  }
  async metrics() {
    const answer = await get(`${this.adminUrl}/metrics`, { keep: true });
    if (answer.status !== 200) throw new Error(`/metrics answered ${answer.status}`);
    return parseMetrics(answer.body.toString());
  }
  /// The sum of one metric's samples with these labels.
  async metric(name, labels) {
    return (await this.metrics()).sum(name, labels);
  }
  /// Waits until so many requests with these labels are counted: that happens when the answer has gone out, which its
  /// client may see first.
  counted(count, labels) {
    return poll(async () => (await this.metric('requests_total', labels)) === count, `${count} requests ${JSON.stringify(labels)}`);
  }
  /// The same for at least so many.
  countedSome(labels, count = 1) {
    return poll(async () => (await this.metric('requests_total', labels)) >= count, `${count} requests or more ${JSON.stringify(labels)}`);
  }
  /// POST /purge; gives the answer with its body.
  purge(request, headers = { Authorization: `Bearer ${adminToken}` }) {
    return get(`${this.adminUrl}/purge`, { method: 'POST', keep: true, body: JSON.stringify(request),
      headers: { 'Content-Type': 'application/json', ...headers } });
  }
  /// The peak of resident memory, KiB.
  vmHwmKiB() {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]);
  }
  /// Sends a signal; after a SIGTERM from here `stop` takes its end as asked for.
  signal(name) {
    if (name === 'SIGTERM') this.told = true;
    this.child.kill(name);
  }
  /// SIGTERM, then waits; fails where it did not end by itself with 0, where a sanitizer had something to say, or where it
  /// printed a secret.
  async stop() {
    if (this.stopped) return;
    this.stopped = true;
    let killed = false;
    const timer = setTimeout(() => {
      killed = true;
      this.child.kill('SIGKILL');
    }, killAfter);
    const early = this.exit && !this.told;
    this.child.kill('SIGTERM');
    const { code, signal } = await this.exited;
    clearTimeout(timer);
    await this.closedOutput;
    removeDirectory(this.directory);
    if (killed) throw new Error(`sluice did not end within ${killAfter} ms of SIGTERM\n${this.tail()}`);
    if (early || signal || code !== 0) throw new Error(`sluice ended ${early ? 'before it was told to' : 'badly'}: ${signal ?? code}\n${this.tail()}`);
    if (sanitizer.test(this.stderr)) throw new Error(`sanitizer report:\n${this.stderr.slice(0, 8000)}`);
    const [leak] = this.printed.leaks();
    if (leak) throw new Error(`sluice printed a secret (${leak.kinds.join(', ')}): ${leak.text}`);
    if (this.badLine !== undefined) throw new Error(`a log line is no JSON: ${this.badLine}`);
  }
  /// Kills it as a crash would.
  async kill() {
    this.stopped = true;
    this.child.kill('SIGKILL');
    await this.exited;
    removeDirectory(this.directory);
  }
}

/// Starts `sluice serve` with this whole configuration and waits until both sides listen and the cache is there or given
/// up: until it has counted what lies in its directory, requests pass it by. `by`: a command that starts it, with what comes
/// before Sluice's own (`['prlimit', '--nofile=256']`).
export function startSluice(config, { env = {}, by = [] } = {}) {
  keepConfigSecrets(config);
  keepVariableSecrets(env);
  const text = JSON.stringify(config, null, 2); // JSON is YAML too
  return startSluiceFile(text, { env, by, cached: config.cache.directory !== undefined });
}

/// The same with the text of a configuration; `cached`: whether it has a cache's directory.
export async function startSluiceFile(text, { env = {}, by = [], cached = true } = {}) {
  const directory = temporaryDirectory('run');
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, text);
  const [command, ...args] = [...dyingWithUs, ...by, program, 'serve', '--config', file];
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
  running.add(child);
  const sluice = new Sluice(child, directory);
  const listening = (side) => sluice.waitForLog((r) => r.message === 'listening' && r.side === side, `it listens (${side})`);
  try {
    sluice.url = `http://${(await listening('client')).address}`;
    sluice.adminUrl = `http://${(await listening('admin')).address}`;
    if (cached) {
      await sluice.waitForLog((r) => r.message === 'cache loaded' || r.message.startsWith('cache disabled: '), 'the cache is loaded or unusable');
    }
  } catch (error) {
    if (!sluice.exit) child.kill('SIGKILL');
    removeDirectory(directory);
    throw error;
  }
  sluice.port = Number(new URL(sluice.url).port);
  return sluice;
}
