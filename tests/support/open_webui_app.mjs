// The real Open WebUI, from PyPI, as a process of the test's own: installed once into a virtual environment below the build
// folder (tests/apps/open-webui/requirements.txt, kept while that file stays the same), started on a port that the system
// chose, with an empty data directory and nothing of our environment.
// Program: node open_webui_app.mjs   installs it.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { get } from './client.mjs';
import { keepSecret } from './secrets.mjs';
import { dyingWithUs, removeDirectory, temporaryDirectory } from './sluice.mjs';
import { poll } from './wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const requirements = path.join(root, 'tests/apps/open-webui/requirements.txt');
const home = path.join(root, 'build/apps/open-webui');
const python = path.join(home, 'bin/python');
const installed = path.join(home, 'installed');
const startWithin = 180000;

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}: status ${code}`))));
  });
}

/// Installs the app where that was not done before, about 75 s.
export async function installOpenWebui() {
  const text = fs.readFileSync(requirements, 'utf8');
  const [, app] = /^# (open-webui==\S+)$/m.exec(text);
  // Its interpreter is named with its whole path: an environment that was moved is no environment.
  const mark = createHash('sha256').update(`${home}\n${text}`).digest('hex');
  if (fs.existsSync(installed) && fs.readFileSync(installed, 'utf8') === mark) return;
  removeDirectory(home);
  fs.mkdirSync(home, { recursive: true });
  await run('/usr/bin/python3', ['-m', 'venv', home]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  await run(python, [...pip, '--requirement', requirements]);
  await run(python, [...pip, '--no-deps', app]);
  fs.writeFileSync(installed, mark);
}

/// The port on 127.0.0.1 that process `pid` listens on, undefined as long as there is none. (The app does not say which.)
function listeningPort(pid) {
  const listening = '0A';
  const ours = new Map(fs.readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => state === listening && address.startsWith('0100007F:'))
    .map(([, address, , , , , , , , inode]) => [`socket:[${inode}]`, Number.parseInt(address.split(':')[1], 16)]));
  const link = (name) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return undefined; // closed meanwhile
    }
  };
  const files = fs.existsSync(`/proc/${pid}/fd`) ? fs.readdirSync(`/proc/${pid}/fd`) : [];
  return files.map((name) => ours.get(link(name))).find((port) => port !== undefined);
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class OpenWebuiApp {
  /// `env`: more variables for it, its storage's above all.
  constructor(env) {
    this.directory = temporaryDirectory('open-webui');
    this.dataDirectory = path.join(this.directory, 'data');
    this.output = '';
    fs.mkdirSync(this.dataDirectory);
    this.env = {
      PATH: process.env.PATH, HOME: this.directory, LANG: 'C.UTF-8', DATA_DIR: this.dataDirectory,
      WEBUI_SECRET_KEY: keepSecret('key of sessions', randomBytes(24).toString('base64url')),
      // Nothing is asked of the network, and no model is loaded.
      OFFLINE_MODE: 'true', HF_HUB_OFFLINE: '1', BYPASS_EMBEDDING_AND_RETRIEVAL: 'true', RAG_EMBEDDING_ENGINE: 'ollama',
      ENABLE_OLLAMA_API: 'false', ENABLE_OPENAI_API: 'false', ENABLE_VERSION_UPDATE_CHECK: 'false', ANONYMIZED_TELEMETRY: 'false',
      DO_NOT_TRACK: 'true', ...env,
    };
  }

  async start() {
    const serve = ['-c', 'from open_webui import app; app()', 'serve', '--host', '127.0.0.1', '--port', '0'];
    const [command, ...args] = [...dyingWithUs, python, ...serve];
    this.child = spawn(command, args, { cwd: this.directory, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    this.ended = new Promise((resolve) => this.child.once('exit', resolve).once('error', resolve)).then(() => {
      running.delete(this.child);
      this.isEnded = true;
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output = (this.output + text).slice(-(1 << 20))));
    }
    this.port = await poll(() => {
      if (this.isEnded) throw new Error(`Open WebUI ended:\n${this.tail()}`);
      return listeningPort(this.child.pid);
    }, () => `Open WebUI listens:\n${this.tail()}`, startWithin, 100);
    this.url = `http://127.0.0.1:${this.port}`;
    await poll(async () => (await get(`${this.url}/ready`)).status === 200, 'Open WebUI is ready', startWithin, 100);
    return this;
  }
  tail() {
    return this.output.slice(-6000);
  }

  /// One request of JSON: {status, headers, body: parsed where it is JSON}.
  async json(method, target, { headers = {}, body } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await get(this.url + target, { method, keep: true, body: text,
      headers: { ...headers, ...(text !== undefined && { 'Content-Type': 'application/json' }) } });
    return { status: answer.status, headers: answer.headers, body: parsed(answer) };
  }

  /// One statement on its database, for what its interface never writes but an older version of it has left.
  sql(statement, ...values) {
    const source = 'import json, sqlite3, sys\n'
      + 'with sqlite3.connect(sys.argv[1], timeout=30) as db: db.execute(sys.argv[2], json.loads(sys.argv[3]))';
    const args = ['-c', source, path.join(this.dataDirectory, 'webui.db'), statement, JSON.stringify(values)];
    const done = spawnSync(python, args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${statement}: ${done.stderr}`);
  }

  /// SIGTERM, then waits for its end.
  async close() {
    this.child?.kill('SIGTERM');
    const timer = setTimeout(() => this.child?.kill('SIGKILL'), 15000);
    await this.ended;
    clearTimeout(timer);
    removeDirectory(this.directory);
  }
}

/// The JSON of an answer, or its text.
export function parsed(answer) {
  const text = answer.body.toString();
  return /^application\/json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(text) : text;
}

/// Installs the app where that is needed, and starts it with these variables too; end it with `close()`.
export async function startOpenWebuiApp(env = {}) {
  await installOpenWebui();
  const app = new OpenWebuiApp(env);
  try {
    return await app.start();
  } catch (error) {
    await app.close();
    throw error;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await installOpenWebui();
