// Leave in the browser: a cached video is for those alone whom the app lets, whoever else has seen it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { cacheStatus } from '../support/stack.mjs';
import { Viewer, launchBrowser, makeVideo, mediaPath, noBrowser, startDemo } from './demo.mjs';

let sample;

/// The browser and the demo with the whole video in the cache, and one viewer who is logged in.
async function cached(t, config) {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  sample ??= makeVideo(1);
  const video = await sample;
  const demo = await startDemo(t, video, { config });
  const viewer = await Viewer.open(t, browser, demo.sluice.url);
  await viewer.logIn();
  const whole = await viewer.fetchVideo();
  assert.equal(whole.status, 200);
  assert.equal(whole.length, video.length);
  const again = await viewer.fetchVideo('bytes=0-999');
  assert.equal(again.status, 206);
  assert.equal(cacheStatus(again).hit, true, again.headers['cache-status']);
  return { browser, demo, viewer, asked: demo.origin.requests.length };
}

/// The app's own 401, and not a byte of the video.
function assertRefused(answer) {
  assert.equal(answer.status, 401);
  assert.equal(answer.headers['x-app'], 'stand-in');
  assert.deepEqual(JSON.parse(answer.text), { detail: 'Not authenticated' });
  assert.equal(answer.headers['content-range'], undefined);
  assert.equal(answer.headers['accept-ranges'], undefined);
}

/// A video element that is put into the page, in place of one that is there, ends with this error: {code, frames}.
const videoError = (viewer) => viewer.page.evaluate((url) => new Promise((resolve) => {
  document.getElementById('video')?.remove();
  const video = document.createElement('video');
  video.addEventListener('error', () => resolve({ code: video.error.code, frames: video.getVideoPlaybackQuality().totalVideoFrames }));
  video.addEventListener('loadeddata', () => resolve({ code: 0 }));
  video.preload = 'auto';
  video.src = `${url}#${Math.random()}`;
  document.body.append(video);
}), mediaPath);
const unsupported = 4; // MEDIA_ERR_SRC_NOT_SUPPORTED: what a 401 is to a video element

test('no cookie: the app\'s 401 for a cached video', { skip: noBrowser }, async (t) => {
  const { browser, demo, asked } = await cached(t);
  const stranger = await Viewer.open(t, browser, demo.sluice.url);
  await stranger.page.goto(demo.sluice.url);
  assert.equal(await stranger.session(), undefined);
  for (const range of [undefined, 'bytes=0-', 'bytes=0-999', 'bytes=-500']) assertRefused(await stranger.fetchVideo(range));
  assert.deepEqual(await videoError(stranger), { code: unsupported, frames: 0 });
  const direct = await stranger.page.goto(`${demo.sluice.url}${mediaPath}`);
  assertRefused({ status: direct.status(), headers: direct.headers(), text: await direct.text() });
  assert.equal(demo.origin.requests.length, asked);
});

test('logged out: 401 at once, in the same browser', { skip: noBrowser }, async (t) => {
  const { demo, viewer, asked } = await cached(t);
  await viewer.metadata();
  await viewer.page.getByRole('button', { name: 'Log out' }).click();
  await viewer.page.getByRole('button', { name: 'Log in' }).waitFor();
  assert.equal(await viewer.session(), undefined);
  assertRefused(await viewer.fetchVideo('bytes=0-999'));
  // What the browser itself has kept is not shown without asking, either.
  const direct = await viewer.page.goto(`${demo.sluice.url}${mediaPath}`);
  assert.equal(direct.status(), 401);
  assert.equal(demo.origin.requests.length, asked);
});

test('a revoked session: its viewer is refused, another goes on', { skip: noBrowser }, async (t) => {
  // Decisions are not kept: the app is asked each time.
  const authorize = { subrequest: '/api/may-read/{course}', ttl: '0s' };
  const { browser, demo, viewer, asked } = await cached(t, { routes: [{ name: 'lectures', path: '/media/{course}/{file*}', store: 'demo',
    object: '{course}/{file}', authorize }] });
  const other = await Viewer.open(t, browser, demo.sluice.url);
  await other.logIn();
  assert.equal((await other.play(10)).shown.length, 10);
  assert.notEqual(await other.session(), await viewer.session());
  assert.ok(demo.app.sessions.delete(await other.session()));
  assertRefused(await other.fetchVideo('bytes=0-999'));
  assert.deepEqual(await videoError(other), { code: unsupported, frames: 0 });
  const still = await viewer.fetchVideo('bytes=1000-1999');
  assert.equal(still.status, 206);
  assert.equal(still.length, 1000);
  assert.equal(demo.origin.requests.length, asked);
});

test('a decision is kept for its caller alone', { skip: noBrowser }, async (t) => {
  const { browser, demo, viewer } = await cached(t);
  const questions = () => demo.app.of('/api/may-read/demo').length;
  const before = questions();
  assert.equal((await viewer.fetchVideo('bytes=0-9')).status, 206);
  assert.equal(questions(), before, 'its own decision is kept');
  const other = await Viewer.open(t, browser, demo.sluice.url);
  await other.context.addCookies([{ name: 'session', value: 'f'.repeat(32), url: demo.sluice.url }]);
  await other.page.goto(demo.sluice.url);
  assertRefused(await other.fetchVideo('bytes=0-9'));
  assert.equal(questions(), before + 1, 'the other was asked about');
});
