// What the release's program is like as a file and as a process: hardened as Debian hardens its own, and without dumps.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { get } from '../support/client.mjs';
import { removeDirectory, temporaryDirectory } from '../support/sluice.mjs';
import { within } from '../support/wait.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const program = path.resolve(root, process.env.SLUICE_BIN ?? 'build/release/sluice');
const skip = process.env.SLUICE_SANITIZE ? 'builds with sanitizers are not hardened' : false;
const readelf = (...options) => execFileSync('readelf', [...options, '--wide', program], { encoding: 'utf8', maxBuffer: 64 << 20 });

test('the program is position independent, its relocations read-only, its stack not executable', { skip }, () => {
  assert.match(readelf('-h'), /^ +Type: +DYN /m);
  const dynamic = readelf('-d');
  assert.match(dynamic, /\(FLAGS\) +BIND_NOW/);
  assert.match(dynamic, /\(FLAGS_1\) +Flags: .*NOW.*PIE/);
  assert.doesNotMatch(dynamic, /\((RPATH|RUNPATH|TEXTREL)\)/);
  const segments = readelf('-l');
  assert.match(segments, /^ +GNU_RELRO /m);
  assert.match(segments, /^ +GNU_STACK +(0x\w+ +){5}RW +0x/m);
  assert.doesNotMatch(segments, /^ +LOAD .* RWE /m);
});

test('the compiler guards stacks, library calls and branches', { skip }, () => {
  const symbols = readelf('--dyn-syms');
  assert.match(symbols, /UND __stack_chk_fail@/);
  assert.match(symbols, /UND __memcpy_chk@/);
  assert.match(symbols, /UND __\w*snprintf_chk@/);
  // std::string and others check their operands (_GLIBCXX_ASSERTIONS).
  assert.match(symbols, /UND _ZSt21__glibcxx_assert_fail/);
  if (process.arch === 'x64') {
    assert.match(readelf('-n'), /x86 feature: .*SHSTK/);
    const code = fs.readFileSync(program);
    let pads = 0;
    for (let at = code.indexOf('f30f1efa', 0, 'hex'); at >= 0; at = code.indexOf('f30f1efa', at + 4, 'hex')) pads += 1;
    assert.ok(pads > 5000, `${pads} landing pads (endbr64)`);
  }
});

/// A process as a user of little rights, since root's files in /proc are root's either way: its limit of core files, and who
/// owns its files in /proc (root, where nobody else may look into it).
async function dumping(t, config) {
  const directory = temporaryDirectory('hardening');
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, JSON.stringify({ listeners: [{ address: '127.0.0.1:0' }], admin: { address: '127.0.0.1:0' },
    app: { url: 'http://127.0.0.1:1' }, limits: { shutdown_delay: '0s' }, ...config }), { mode: 0o644 });
  fs.copyFileSync(program, path.join(directory, 'sluice'));
  fs.chmodSync(directory, 0o755);
  const asNobody = process.getuid() === 0 ? ['--reuid=65534', '--clear-groups'] : [];
  const child = spawn('setpriv', [...asNobody, '--pdeathsig', 'KILL', '--', path.join(directory, 'sluice'), 'serve', '--config', file]);
  const gone = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await gone;
    removeDirectory(directory);
  });
  let printed = '';
  await within(new Promise((resolve) => child.stdout.on('data', (text) => {
    printed += text;
    if (/"side":"admin"/.test(printed)) resolve();
  })), 'its start');
  const scrape = await get(`http://${/"side":"admin","address":"([^"]+)"/.exec(printed)[1]}/metrics`, { keep: true });
  return {
    core: coreLimit(`/proc/${child.pid}/limits`),
    owner: fs.statSync(`/proc/${child.pid}/status`).uid,
    descriptors: Number(/^sluice_open_descriptors (\S+)/m.exec(scrape.body)?.[1]),
  };
}
const coreLimit = (file) => /^Max core file size +(\w+) +(\w+)/m.exec(fs.readFileSync(file, 'utf8')).slice(1);

test('its memory is nobody\'s to dump or trace, unless that is asked for', async (t) => {
  for (const config of [{}, { core_dumps: false }]) {
    const silent = await dumping(t, config);
    assert.deepEqual(silent.core, ['0', '0']);
    assert.equal(silent.owner, 0);
    assert.ok(silent.descriptors > 5, 'and yet it counts its own descriptors');
  }
  const open = await dumping(t, { core_dumps: true });
  assert.deepEqual(open.core, coreLimit('/proc/self/limits'));
  assert.equal(open.owner, process.getuid() === 0 ? 65534 : process.getuid());
});
