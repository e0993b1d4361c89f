// ffmpeg reads an MP4 whose index comes last: it begins at the front, goes to the end, and comes back.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { checkFetchedOnce, costs, noProgram, run, story, workplace } from '../support/clients.mjs';
import { KiB, startStack } from '../support/stack.mjs';
import { makeVideo } from '../support/video.mjs';

const skip = noProgram('ffmpeg');

let sample;

/// A film of 40 s, as a file and as an object of a stack: {s, video, file, url}.
async function arrange(t) {
  sample ??= makeVideo(2, 'last');
  const video = await sample;
  assert.ok(video.indexOf('moov') > video.length - 200 * KiB, 'the index is last');
  const file = path.join(workplace(t), 'film.mp4');
  fs.writeFileSync(file, video);
  const s = await startStack(t, { originOptions: { delay: 20, rate: 40e6 } });
  s.origin.put('film.mp4', { bytes: video });
  return { s, video, file, url: `${s.sluice.url}/media/film.mp4` };
}

/// What ffprobe says of the streams.
async function probe(from) {
  const { stdout, stderr } = await run('ffprobe', ['-v', 'error', '-show_entries', 'stream=codec_name,nb_frames,duration', '-of', 'json', from]);
  assert.equal(stderr, '');
  return JSON.parse(stdout).streams;
}

/// The hash of each stream of `from`: of its frames, or of its packets by `how` ['-c', 'copy']; of a part by `where`.
async function hashes(from, { where = [], how = [] } = {}) {
  const { stdout, stderr } = await run('ffmpeg',
    ['-v', 'error', '-xerror', '-nostdin', ...where, '-i', from, '-map', '0', ...how, '-f', 'streamhash', '-hash', 'sha256', '-']);
  assert.equal(stderr, '');
  return stdout;
}

test('an MP4 with its index last: decoded as from the disk, each page from the store once', { skip }, async (t) => {
  const { s, video, file, url } = await arrange(t);
  const streams = await probe(file);
  assert.deepEqual(streams.map(({ nb_frames }) => Number(nb_frames) > 900), [true, true]);
  assert.deepEqual(await probe(url), streams);
  const index = await costs(s);
  assert.equal(await hashes(url), await hashes(file));
  const cold = await costs(s);
  t.diagnostic(`${video.length} bytes; ffprobe ${JSON.stringify(index)}; then ffmpeg, in all ${JSON.stringify(cold)}`);
  checkFetchedOnce(s, cold, video.length);

  const packets = { how: ['-c', 'copy'] };
  assert.deepEqual(await probe(url), streams);
  assert.equal(await hashes(url, packets), await hashes(file, packets));
  assert.equal((await costs(s)).gets, cold.gets, `again, from the cache: ${story(s)}`);
});

test('two seconds of it, from the middle: what lies before is not fetched', { skip }, async (t) => {
  const { s, video, file, url } = await arrange(t);
  const part = { where: ['-ss', '30', '-t', '2'] };
  assert.equal(await hashes(url, part), await hashes(file, part));
  const cold = await costs(s);
  t.diagnostic(`${video.length} bytes: ${JSON.stringify(cold)}`);
  assert.equal(cold.bypassed, 0, story(s));
  assert.ok(cold.fetched < video.length / 2, story(s));
});
