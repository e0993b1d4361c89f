// hls.js plays a film that is one file, by byte ranges (EXT-X-BYTERANGE), to its end: what it was given, and how far ahead of
// it the file was fetched.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkFetchedOnce, costs, given, story } from '../support/clients.mjs';
import { makeHls } from '../support/video.mjs';
import { noBrowser } from './demo.mjs';
import { openLibrary } from './library.mjs';

const script = `
  import Hls from './hls.mjs';
  // Plays all of it, fast; gives each segment's {first, last, sha256} as hls.js had it, and how it ended.
  window.playAll = (url) => new Promise((resolve, reject) => {
    const video = document.querySelector('video');
    const segments = [];
    const hex = (digest) => [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && reject(new Error(data.type + ' ' + data.details + ' ' + data.error)));
    hls.on(Hls.Events.FRAG_LOADED, (_, { frag, payload }) => {
      const copy = payload.slice(0);
      segments.push({ sn: frag.sn, first: frag.byteRangeStartOffset, last: frag.byteRangeEndOffset - 1,
        hash: crypto.subtle.digest('SHA-256', copy).then(hex) });
    });
    video.addEventListener('error', () => reject(new Error('video error ' + video.error.code + ': ' + video.error.message)));
    video.addEventListener('ended', async () => {
      const time = video.currentTime;
      const frames = video.getVideoPlaybackQuality().totalVideoFrames;
      const got = await Promise.all(segments.map(async ({ hash, ...segment }) => ({ ...segment, sha256: await hash })));
      hls.destroy();
      resolve({ got, time, frames });
    });
    hls.loadSource(url);
    hls.attachMedia(video);
    video.playbackRate = 16;
    video.play().catch(reject);
  });`;

/// For each segment: what its request came to, and which part of it the store had been asked for before. The logs of Sluice
/// and of the store have their times from one clock.
function askedAhead(s, name, segments) {
  return segments.map(({ first, last }) => {
    const record = given(s).find((r) => r.range === `bytes=${first}-${last}`);
    const begun = Date.parse(record.time) - record.duration_ms;
    let reached = first;
    for (const get of s.origin.of(name).filter((r) => r.at <= begun).sort((a, b) => a.first - b.first)) {
      if (get.first <= reached) reached = Math.max(reached, get.first + get.sent);
    }
    return { result: record.result, ahead: Math.min(1, (reached - first) / (last - first + 1)) };
  });
}

for (const type of ['mpegts', 'fmp4']) {
  test(`a film of one file, ${type}: all segments, the store is asked ahead from the fourth on`, { skip: noBrowser }, async (t) => {
    const film = await makeHls(2, type);
    const { s, page, close } = await openLibrary(t, { modules: { 'hls.mjs': 'hls.js/dist/hls.mjs' }, script,
      options: { originOptions: { delay: 50, rate: 40e6 } } });
    s.origin.put('film.m3u8', { bytes: Buffer.from(film.list), contentType: 'application/vnd.apple.mpegurl' });
    const object = s.origin.put(film.name, { bytes: film.bytes, contentType: type === 'fmp4' ? 'video/mp4' : 'video/mp2t' });
    const { got, time } = await page.evaluate((url) => window.playAll(url), '/media/film.m3u8');
    await close();

    assert.ok(Math.abs(time - 40) < 1.5, `played to ${time} s`);
    assert.deepEqual(got.map(({ first, last }) => ({ first, last })), film.segments, 'all segments, in order');
    for (const { first, last, sha256: hash } of got) assert.equal(hash, object.sha256(first, last), `${first}-${last}`);
    const cold = await costs(s);
    const how = askedAhead(s, film.name, film.segments);
    t.diagnostic(`${film.bytes.length} bytes: ${JSON.stringify(cold)}`);
    t.diagnostic(how.map(({ result, ahead }) => `${result} ${ahead.toFixed(2)}`).join(', '));
    checkFetchedOnce(s, cold, film.bytes.length + film.list.length);
    // The end of a segment that is longer than the one before may be asked for with it.
    assert.deepEqual(how.slice(3).filter(({ ahead }) => ahead < 0.75), [], story(s));
  });
}
