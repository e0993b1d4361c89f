// The real Open WebUI, alone and through Sluice, measured in one alternating run before a real S3 server (Swift, on this
// machine), and what it costs the app: CPU, disk and memory. Prints Markdown; ends with 1 where Sluice gave a wrong answer.
//
//   node tests/bench/open_webui_real.mjs [--size MB] [--rounds N]        about 4 minutes; installs the app where it is missing
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import { get, open } from '../support/client.mjs';
import { content, randomNumbers, sha256 } from '../support/content.mjs';
import { modelName } from '../support/openai_model.mjs';
import { formOf, startRealWebui } from '../support/open_webui_real.mjs';
import { contentOf } from '../support/open_webui_stack.mjs';
import { readOptions } from '../support/options.mjs';

const options = readOptions({ size: 200, rounds: 5 });
const size = options.size * 1_000_000;
const part = 64 * 1024;
const crowds = 2; // of 20 seeks: each of the app's takes long
const random = randomNumbers(4711);
const ways = ['alone', 'sluice'];
const wrong = { alone: 0, sluice: 0 };
const rows = [];
const cleanup = [];

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const ms = (value) => (value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en'));
const now = () => performance.now();
async function timed(act) {
  const start = now();
  await act();
  return now() - start;
}

/// What a process has used: {cpu in s, written to the disk in bytes}.
function used(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const written = Number(/^write_bytes: (\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/io`, 'utf8'))[1]);
  return { cpu: (Number(fields[11]) + Number(fields[12])) / 100, written };
}
/// `act`, and what the app used in it: {took in ms, cpu, written, peak of its memory in MiB}.
async function costing(pid, act) {
  fs.writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the peak begins anew
  const before = used(pid);
  const took = await timed(act);
  const after = used(pid);
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  return { took, cpu: after.cpu - before.cpu, written: after.written - before.written, peak };
}

const s = await startRealWebui({ after: (act) => cleanup.push(act) }, { storage: 's3', prefix: 'up',
  config: { log: { level: 'info' } } });
const { pid } = s.app.child;
const base = { alone: s.app.url, sluice: s.sluice.url };
const agents = Object.fromEntries(ways.map((way) => [way, new http.Agent({ keepAlive: true, maxSockets: 20 })]));
let failed = false;

/// Alternating rounds of `measure(way)` (ms, or an object with `took`); gives {alone: [...], sluice: [...]}.
async function alternate(rounds, measure) {
  const all = { alone: [], sluice: [] };
  for (let i = 0; i < rounds; i++) for (const way of ways) all[way].push(await measure(way, i));
  return all;
}
function row(what, all, unit = 'ms') {
  rows.push([`${what}, ${unit}`, ms(median(all.alone)), ms(median(all.sluice))]);
  console.error(`${what}: ${ms(median(all.alone))} ${ms(median(all.sluice))} ${unit}`);
}

// Leave is kept for all fields that were sent: with another one it is asked for anew.
let round = 0;
const fields = () => ({ ...s.session(s.admin), 'X-Round': String(round) });
const seekAt = (last) => random.next(size - last);
/// Milliseconds to the first byte of a range of the file; its bytes are checked.
async function seek(way, file, first, length = part, agent = agents[way]) {
  const start = now();
  const one = open(base[way] + contentOf(file), { agent, keep: true, patience: 200_000, headers: { ...fields(), Range: `bytes=${first}-${first + length - 1}` } });
  await one.firstByte;
  const took = now() - start;
  const answer = await one.done;
  if (answer.status !== 206 || answer.sha256 !== sha256(content('film', first, length))) wrong[way] += 1;
  return took;
}
/// A whole file by curl, which keeps nothing: ms.
function whole(way, file) {
  return timed(() => new Promise((resolve, reject) => {
    const { Authorization } = s.session(s.admin);
    const child = spawn('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code} %{size_download}', '-H', '@-', base[way] + contentOf(file)],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(`Authorization: ${Authorization}\n`);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
    child.once('error', reject).once('close', () => {
      if (said !== `200 ${size}`) wrong[way] += 1;
      resolve();
    });
  }));
}
async function upload(way, form) {
  const answer = await get(`${base[way]}/api/v1/files/?process=false`, { method: 'POST', body: form.body, keep: true,
    headers: { ...s.session(s.admin), 'Content-Type': form.type, 'Content-Length': form.body.length } });
  if (answer.status !== 200) throw new Error(`upload: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body).id;
}

try {
  row('relay of `/health`', await alternate(200, (way) => timed(() => get(`${base[way]}/health`, { agent: agents[way] }))));

  const form = await formOf('film.mp4', 'video/mp4', content('film', 0, size));
  let film;
  row(`upload of ${options.size} MB`, await alternate(3, (way) => timed(async () => (film = { id: await upload(way, form) }))));
  film.path = await s.pathOf(film.id);

  // Cold: neither bytes nor leave are kept, and the connection is a new one.
  row('seek, cold: first byte', await alternate(options.rounds, async (way) => {
    await s.purge(film);
    round += 1;
    return seek(way, film, seekAt(part), part, false);
  }));
  await s.purge(film);
  row('whole file, cold', await alternate(1, (way) => whole(way, film)));
  row('whole file, warm', await alternate(3, (way) => whole(way, film)));
  const cost = {};
  const warm = { alone: [], sluice: [] };
  for (const way of ways) {
    await seek(way, film, 0);
    cost[way] = await costing(pid, async () => {
      for (let i = 0; i < 10; i++) warm[way].push(await seek(way, film, seekAt(part)));
    });
  }
  row('seek, warm: first byte', warm);

  const crowd = { alone: [], sluice: [] };
  for (let i = 0; i < crowds; i++) {
    for (const way of ways) {
      const before = wrong[way];
      const took = await timed(() => Promise.all(Array.from({ length: 20 }, () => seek(way, film, seekAt(4 * part), 4 * part))));
      crowd[way].push({ took, wrong: wrong[way] - before });
    }
  }
  row('20 seeks at once, all answered', Object.fromEntries(ways.map((way) => [way, crowd[way].map(({ took }) => took)])));
  rows.push([`of these ${20 * crowds}: 416, other errors or other bytes`,
    ...ways.map((way) => String(crowd[way].reduce((sum, one) => sum + one.wrong, 0)))]);

  const images = [];
  for (let i = 0; i < 40; i++) images.push(await s.upload({ owner: s.admin, name: `i${i}.png`, type: 'image/png', size: 300_000 }));
  const page = async (way) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 6 });
    await Promise.all(images.map(async (image) => {
      const answer = await get(base[way] + contentOf(image), { agent, headers: fields() });
      if (answer.status !== 200 || answer.sha256 !== image.sha256()) wrong[way] += 1;
    }));
    agent.destroy();
  };
  row('page of 40 images of 300 kB, six connections, cold', await alternate(options.rounds, async (way) => {
    await s.purge(...images);
    round += 1;
    return timed(() => page(way));
  }));
  row('the same, seen before', await alternate(options.rounds, (way) => timed(() => page(way))));

  // Streamed words: from the model's write to the client's read.
  row('a streamed word, from the model to the client', await alternate(1, async (way) => {
    const body = JSON.stringify({ model: modelName, stream: true, messages: [{ role: 'user', content: 'x' }] });
    let text = '';
    const chat = open(`${base[way]}/api/chat/completions`, { method: 'POST', body, each: (bytes) => (text += bytes),
      headers: { ...s.session(s.admin), 'Content-Type': 'application/json' } });
    const stream = await s.model.stream(30000);
    const times = [];
    for (let i = 0; i < 100; i++) {
      const word = `word-${i}-`;
      const start = now();
      s.model.send(stream, word);
      await chat.board.until(() => text.includes(word), word);
      times.push(now() - start);
    }
    s.model.finish(stream);
    await chat.done;
    return times;
  }).then((all) => ({ alone: all.alone.flat(), sluice: all.sluice.flat() })));

  rows.push(['the app\'s CPU in ten warm seeks, s', ...ways.map((way) => cost[way].cpu.toFixed(2))]);
  rows.push(['what it wrote to the disk in them, MB', ...ways.map((way) => Math.round(cost[way].written / 1e6).toLocaleString('en'))]);
  rows.push(['peak of its memory in them, MiB', ...ways.map((way) => Math.round(cost[way].peak).toLocaleString('en'))]);
  rows.push(['Sluice\'s own peak of memory in the whole run, MiB', '', Math.round(s.sluice.vmHwmKiB() / 1024).toLocaleString('en')]);
  const [cpu] = os.cpus();
  console.log(`Open WebUI 0.12.4 with Swift's S3 interface on the same machine (${os.cpus().length} cores, ${cpu.model}); a file of `
    + `${options.size} MB; medians of ${options.rounds} alternating rounds, uploads and warm whole files of fewer, a cold whole file once.\n\n| | the app alone | through Sluice |\n|---|---|---|`);
  for (const [what, alone, sluice] of rows) console.log(`| ${what} | ${alone} | ${sluice} |`);
  console.log(`\nWrong answers in all: ${wrong.alone} of the app alone, ${wrong.sluice} through Sluice.`);
  failed = wrong.sluice > 0;
} finally {
  for (const agent of Object.values(agents)) agent.destroy();
  for (const act of cleanup) await act();
}
process.exitCode = failed ? 1 : 0;
