// Videos for the tests, made by ffmpeg.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './clients.mjs';
import { removeDirectory, temporaryDirectory } from './sluice.mjs';

/// Calls `make(ffmpeg, directory)` with a directory of its own, and gives what that gives.
async function withFfmpeg(make) {
  const directory = temporaryDirectory('video');
  try {
    return await make((...args) => run('ffmpeg', ['-v', 'error', '-nostdin', ...args]), directory);
  } finally {
    removeDirectory(directory);
  }
}

let coded;

/// A file of 20 s of a moving picture at about 4 Mbit/s (10 MB), H.264 and AAC. The noise keeps the encoder from needing less.
/// It is coded once a process.
async function makeRound(ffmpeg, directory) {
  const round = path.join(directory, 'round.mp4');
  coded ??= code(ffmpeg, round);
  fs.writeFileSync(round, await coded);
  return round;
}

async function code(ffmpeg, round) {
  await ffmpeg('-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000',
    '-t', '20', '-vf', 'noise=alls=12:allf=t', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-b:v', '4M', '-maxrate', '4M', '-bufsize', '2M', '-pix_fmt', 'yuv420p', '-g', '50', '-c:a', 'aac', '-b:a', '96k', round);
  return fs.readFileSync(round);
}

/// The bytes of an MP4 of `rounds` times 20 s; what is coded is one round. Its `index` (the box `moov`) comes 'first', as for
/// the web, or 'last', as encoders write it.
export function makeVideo(rounds, index = 'first') {
  return withFfmpeg(async (ffmpeg, directory) => {
    const round = await makeRound(ffmpeg, directory);
    const whole = path.join(directory, 'sample.mp4');
    await ffmpeg('-stream_loop', String(rounds - 1), '-i', round, '-c', 'copy', ...(index === 'first' ? ['-movflags', '+faststart'] : []), whole);
    return fs.readFileSync(whole);
  });
}

/// The same as HLS (RFC 8216) by byte ranges: one file, and a list of its segments of 4 s each: {list: text, bytes: of the
/// file, name: how the list calls it, segments: [{first, last}] in order}. `type`: 'mpegts' or 'fmp4'.
export function makeHls(rounds, type) {
  return withFfmpeg(async (ffmpeg, directory) => {
    const round = await makeRound(ffmpeg, directory);
    const list = path.join(directory, 'film.m3u8');
    await ffmpeg('-stream_loop', String(rounds - 1), '-i', round, '-c', 'copy', '-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod',
      '-hls_flags', 'single_file', '-hls_segment_type', type, list);
    const text = fs.readFileSync(list, 'utf8');
    const segments = [...text.matchAll(/^#EXT-X-BYTERANGE:(\d+)@(\d+)$/gm)].map(([, length, first]) => ({ first: +first, last: +first + +length - 1 }));
    const name = type === 'fmp4' ? 'film.m4s' : 'film.ts';
    return { list: text, bytes: fs.readFileSync(path.join(directory, name)), name, segments };
  });
}
