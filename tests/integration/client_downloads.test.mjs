// Download tools that read one object, or many, over several connections at once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { checkFetchedOnce, costs, noProgram, run, story, workplace } from '../support/clients.mjs';
import { sha256 } from '../support/content.mjs';
import { KiB, MiB, startStack } from '../support/stack.mjs';

const page = 64 * KiB;
const near = { delay: 20, rate: 20e6 };

test('aria2c by eight connections', { skip: noProgram('aria2c') }, async (t) => {
  const s = await startStack(t, { originOptions: near });
  const object = s.origin.put('film.mp4', { size: 48 * MiB + 4321 });
  const directory = workplace(t);
  const download = async (name) => {
    await run('aria2c', ['--no-conf', '--quiet', '-x8', '-s8', '-k1M', '--file-allocation=none', '-d', directory, '-o', name, `${s.sluice.url}/media/film.mp4`]);
    return sha256(fs.readFileSync(path.join(directory, name)));
  };
  assert.equal(await download('cold'), object.sha256());
  const cold = await costs(s);
  t.diagnostic(`cold: ${JSON.stringify(cold)}`);
  checkFetchedOnce(s, cold, object.size);
  assert.ok(cold.gets <= 24, `${cold.gets} requests\n${story(s)}`);
  assert.equal(await download('warm'), object.sha256());
  assert.equal((await costs(s)).gets, cold.gets, story(s));
});

/// A configuration file for curl: each of `wanted` ({key, range, out}) as a transfer of its own.
function curlConfig(s, directory, wanted) {
  const file = path.join(directory, 'curlrc');
  const blocks = wanted.map(({ key, range, out }) =>
    `url = "${s.sluice.url}/media/${key}"\n${range ? `range = "${range.join('-')}"\n` : ''}output = "${path.join(directory, out)}"\nfail\nsilent\nshow-error\n`);
  fs.writeFileSync(file, blocks.join('next\n'));
  return file;
}

/// Runs them all at once by `curl --parallel`, and looks at the bytes of each.
async function curlAll(t, s, wanted) {
  const directory = workplace(t);
  const config = curlConfig(s, directory, wanted);
  await run('curl', ['-q', '--parallel', '--parallel-immediate', '--parallel-max', '32', '--config', config]);
  for (const { key, range, out } of wanted) {
    assert.equal(sha256(fs.readFileSync(path.join(directory, out))), s.origin.object(key).sha256(...(range ?? [])), `${key} ${range ?? ''}`);
  }
}

test('curl --parallel: twelve unaligned neighbours of one object, and again', { skip: noProgram('curl') }, async (t) => {
  const s = await startStack(t, { originOptions: near });
  const { size } = s.origin.put('film.mp4', { size: 24 * MiB });
  const cuts = Array.from({ length: 13 }, (_, i) => (i === 12 ? size : 2 * MiB * i + (i % 2 ? 7001 : 0)));
  const wanted = cuts.slice(1).map((cut, i) => ({ key: 'film.mp4', range: [cuts[i], cut - 1], out: `part${i}` }));
  await curlAll(t, s, wanted);
  const cold = await costs(s);
  t.diagnostic(`cold: ${JSON.stringify(cold)}`);
  checkFetchedOnce(s, cold, size);
  assert.ok(cold.gets <= 3 * wanted.length, `${cold.gets} requests\n${story(s)}`);
  await curlAll(t, s, wanted);
  assert.equal((await costs(s)).gets, cold.gets, story(s));
});

test('curl --parallel: the same object eight times, and eight others', { skip: noProgram('curl') }, async (t) => {
  const s = await startStack(t, { originOptions: near });
  const wanted = [];
  for (let i = 0; i < 8; i++) {
    s.origin.put(`other${i}.mp4`, { seed: i, size: 2 * MiB + i * page + 17 });
    wanted.push({ key: 'film.mp4', out: `film${i}` }, { key: `other${i}.mp4`, out: `other${i}` });
  }
  const film = s.origin.put('film.mp4', { seed: 'film', size: 8 * MiB + 5 });
  await curlAll(t, s, wanted);
  const cold = await costs(s);
  t.diagnostic(`cold: ${JSON.stringify(cold)}`);
  const bytes = film.size + wanted.filter(({ key }) => key !== 'film.mp4').reduce((sum, { key }) => sum + s.origin.object(key).size, 0);
  checkFetchedOnce(s, cold, bytes);
  assert.ok(s.origin.of('film.mp4').length <= 4, story(s));
});
