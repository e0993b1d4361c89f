// gunicorn of Debian (python3-gunicorn) with a WSGI app of the test's own, as many apps run.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { dyingWithUs, removeDirectory, temporaryDirectory } from './sluice.mjs';
import { within } from './wait.mjs';

/// Starts `app`, Python source that defines `application`. Gives {url, port, version, stop()}.
export async function startGunicorn(app, args = []) {
  const directory = temporaryDirectory('gunicorn');
  fs.writeFileSync(path.join(directory, 'app.py'), app);
  const [command, ...rest] = [...dyingWithUs, '/usr/bin/gunicorn', '--bind', '127.0.0.1:0', '--workers', '1',
    '--worker-tmp-dir', directory, '--graceful-timeout', '1', ...args, 'app:application'];
  const child = spawn(command, rest, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise((resolve) => child.once('close', resolve));
  let said = '';
  const port = within(new Promise((resolve, reject) => {
    child.once('error', reject);
    exited.then(() => reject(new Error(`gunicorn ended: ${said}`)));
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text;
      const [, listens] = /Listening at: http:\/\/127\.0\.0\.1:(\d+)/.exec(said) ?? [];
      if (listens !== undefined) resolve(Number(listens));
    });
  }), 'gunicorn listens', 20000);
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10000);
    await exited;
    clearTimeout(timer);
    removeDirectory(directory);
  };
  try {
    return { port: await port, url: `http://127.0.0.1:${await port}`, version: /Starting gunicorn (\S+)/.exec(said)?.[1], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
