// Programs of others (nginx, Prometheus) as test fixtures: started, awaited, ended with the test that started them.
import { spawn, spawnSync } from 'node:child_process';
import net from 'node:net';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { poll, within } from '../support/wait.mjs';

/// A port of 127.0.0.1 that was free a moment ago, for programs that cannot say which port the system gave them.
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/// A temporary directory that is removed when the test `t` ends.
export function directoryFor(t, name) {
  const directory = temporaryDirectory(name);
  t.after(() => removeDirectory(directory));
  return directory;
}

/// Starts `command` and waits until `ready()` gives something truthy (a probe of its port, say). It is ended with the
/// test: `signal`, and SIGKILL where that does not help. Gives {child, output()}.
export async function startService(t, command, args, { ready, signal = 'SIGTERM', timeout = 20000 } = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(`${error}`)).once('exit', (code, name) => resolve(`ended: ${name ?? code}`));
  });
  t.after(async () => {
    child.kill(signal);
    await within(ended, `the end of ${command}`, 10000).catch(() => child.kill('SIGKILL'));
    await ended;
  });
  let early;
  ended.then((how) => (early = how));
  await poll(async () => {
    if (early) throw new Error(`${command} ${early}\n${output}`);
    return ready();
  }, `${command} is ready; it said:\n${output}`, timeout);
  return { child, output: () => output };
}

/// Runs `command` to its end, with `input` on its standard input: {status, output}.
export function run(command, args, input = '') {
  const { status, error, stdout, stderr } = spawnSync(command, args, { input, encoding: 'utf8', timeout: 60000 });
  if (error) throw error;
  return { status, output: stdout + stderr, stdout, stderr };
}
