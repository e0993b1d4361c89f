// Apps from PyPI as processes of the tests' own: each installed once into a virtual environment below the build folder
// (tests/apps/NAME/requirements.txt, pinned; kept while that file stays the same), started on a port that the system chose,
// with an empty directory and nothing of our environment.
// Program: node python_app.mjs NAME...   installs these.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { dyingWithUs, removeDirectory, temporaryDirectory } from './sluice.mjs';
import { poll } from './wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const startWithin = 180000;

/// Where the app's requirements, settings and the like are.
export const appFolder = (name) => path.join(root, 'tests/apps', name);
const home = (name) => path.join(root, 'build/apps', name);
/// A program of the app's environment.
export const appProgram = (name, program) => path.join(home(name), 'bin', program);

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')}: status ${code}`))));
  });
}

/// Installs the app where that was not done before. Lines `# NAME==VERSION` of its requirements are installed last, without
/// what they require.
export async function installApp(name) {
  const requirements = path.join(appFolder(name), 'requirements.txt');
  const installed = path.join(home(name), 'installed');
  const text = fs.readFileSync(requirements, 'utf8');
  // Its interpreter is named with its whole path: an environment that was moved is no environment.
  const mark = createHash('sha256').update(`${home(name)}\n${text}`).digest('hex');
  if (fs.existsSync(installed) && fs.readFileSync(installed, 'utf8') === mark) return;
  removeDirectory(home(name));
  fs.mkdirSync(home(name), { recursive: true });
  await run('/usr/bin/python3', ['-m', 'venv', home(name)]);
  const pip = [appProgram(name, 'python'), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
  const [python, ...install] = pip;
  await run(python, [...install, '--requirement', requirements]);
  const alone = [...text.matchAll(/^# (\S+==\S+)$/gm)].map(([, what]) => what);
  if (alone.length > 0) await run(python, [...install, '--no-deps', ...alone]);
  fs.writeFileSync(installed, mark);
}

const listening = '0A';
/// The process `pid` and those that it started.
function family(pid) {
  const children = (id) => {
    try {
      return fs.readFileSync(`/proc/${id}/task/${id}/children`, 'utf8').trim().split(' ').filter(Boolean);
    } catch {
      return []; // ended meanwhile
    }
  };
  return [`${pid}`, ...children(pid).flatMap(family)];
}

/// The port on 127.0.0.1 that process `pid`, or one that it started, listens on; undefined as long as there is none. (Few
/// apps say which.)
export function listeningPort(pid) {
  const ours = new Map(fs.readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/))
    .filter(([, address, , state]) => state === listening && address.startsWith('0100007F:'))
    .map(([, address, , , , , , , , inode]) => [`socket:[${inode}]`, Number.parseInt(address.split(':')[1], 16)]));
  const files = (id) => {
    try {
      return fs.readdirSync(`/proc/${id}/fd`).map((name) => fs.readlinkSync(`/proc/${id}/fd/${name}`));
    } catch {
      return []; // closed meanwhile
    }
  };
  return family(pid).flatMap(files).map((name) => ours.get(name)).find((port) => port !== undefined);
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class PythonApp {
  /// An app that is installed, not yet started: `name` of its folder, `env`: variables beside the few that all get.
  constructor(name, env = {}) {
    this.name = name;
    this.directory = temporaryDirectory(name);
    this.output = '';
    this.env = { PATH: `${path.dirname(appProgram(name, 'python'))}:/usr/bin:/bin`, HOME: this.directory, LANG: 'C.UTF-8',
      PYTHONPATH: appFolder(name), PYTHONDONTWRITEBYTECODE: '1', ...env };
  }

  /// Runs a program of its environment to its end; gives what it printed.
  run(program, ...args) {
    const done = spawnSync(appProgram(this.name, program), args, { cwd: this.directory, env: this.env, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.status}\n${done.stdout}${done.stderr}`);
    return done.stdout;
  }

  /// Starts it by a program of its environment and waits until it listens on a port of 127.0.0.1.
  async start(program, ...args) {
    const [command, ...rest] = [...dyingWithUs, appProgram(this.name, program), ...args];
    this.child = spawn(command, rest, { cwd: this.directory, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    this.ended = new Promise((resolve) => this.child.once('exit', resolve).once('error', resolve)).then(() => {
      running.delete(this.child);
      this.isEnded = true;
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.output = (this.output + text).slice(-(1 << 20))));
    }
    this.port = await poll(() => {
      if (this.isEnded) throw new Error(`${this.name} ended:\n${this.tail()}`);
      return listeningPort(this.child.pid);
    }, () => `${this.name} listens:\n${this.tail()}`, startWithin, 50);
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }
  /// Starts a WSGI application with gunicorn: two workers, so that a slow request does not hold the next one.
  gunicorn(application, ...args) {
    return this.start('gunicorn', '--bind', '127.0.0.1:0', '--workers', '2', '--worker-tmp-dir', this.directory,
      '--graceful-timeout', '1', ...args, application);
  }
  tail() {
    return this.output.slice(-6000);
  }

  /// SIGTERM, then waits for its end.
  async close() {
    if (this.child) {
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), 10000);
      await this.ended;
      clearTimeout(timer);
    }
    removeDirectory(this.directory);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const name of process.argv.slice(2)) await installApp(name);
}
