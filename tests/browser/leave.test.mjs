// Leave in the browser: a cached video is for those alone whom the app lets, whoever else has seen it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { cacheStatus } from '../support/stack.mjs';
import { makeVideo } from '../support/video.mjs';
import { Viewer, launchBrowser, noBrowser, startDemo } from './demo.mjs';

const unauthenticated = 'Not authenticated';
const badToken = 'Your session has expired or the token is invalid. Please sign in again.';
const notFound = "We could not find what you're looking for :/";

let sample;

/// The browser and the demo with the whole video in the cache, and one viewer who is logged in; `asked` of the store by then.
async function cached(t, options) {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  sample ??= makeVideo(1);
  const video = await sample;
  const demo = await startDemo(t, video, options);
  const viewer = await Viewer.open(t, browser, demo);
  await viewer.logIn();
  const whole = await viewer.fetchVideo();
  assert.equal(whole.status, 200);
  assert.equal(whole.length, video.length);
  const again = await viewer.fetchVideo('bytes=0-999');
  assert.equal(again.status, 206);
  assert.equal(cacheStatus(again).hit, true, again.headers['cache-status']);
  return { browser, demo, viewer, asked: demo.store.requests.length };
}

/// The app's own answer, and not a byte of the video.
function assertRefused(answer, detail, status = 401) {
  assert.equal(answer.status, status);
  assert.deepEqual(JSON.parse(answer.text), { detail });
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.headers['x-process-time'], '0', 'a field of the app\'s');
  for (const name of ['content-range', 'accept-ranges', 'etag', 'content-disposition']) assert.equal(answer.headers[name], undefined);
}

/// What a navigation to the video's own URL gives, as assertRefused wants it.
async function goToVideo(viewer) {
  const answer = await viewer.page.goto(viewer.url + viewer.demo.path);
  return { status: answer.status(), headers: answer.headers(), text: await answer.text() };
}

/// A video element that is put into the page, in place of the one that is there, ends with this error: {code, frames}.
const videoError = (viewer) => viewer.page.evaluate((url) => new Promise((resolve) => {
  document.getElementById('player')?.remove();
  const video = document.createElement('video');
  video.addEventListener('error', () => resolve({ code: video.error.code, frames: video.getVideoPlaybackQuality().totalVideoFrames }));
  video.addEventListener('loadeddata', () => resolve({ code: 0 }));
  video.preload = 'auto';
  video.src = `${url}#${Math.random()}`;
  document.body.append(video);
}), viewer.demo.path);
const unsupported = 4; // MEDIA_ERR_SRC_NOT_SUPPORTED: what a 401 is to a video element

test('no cookie: the app\'s 401 for a cached video', { skip: noBrowser }, async (t) => {
  const { browser, demo, asked } = await cached(t);
  const stranger = await Viewer.open(t, browser, demo);
  await stranger.page.goto(stranger.url);
  await stranger.page.getByRole('button', { name: 'Log in' }).waitFor();
  assert.equal(await stranger.session(), undefined);
  for (const range of [undefined, 'bytes=0-', 'bytes=0-999', 'bytes=-500']) assertRefused(await stranger.fetchVideo(range), unauthenticated);
  assert.deepEqual(await videoError(stranger), { code: unsupported, frames: 0 });
  assertRefused(await goToVideo(stranger), unauthenticated);
  assert.equal(demo.store.requests.length, asked);
});

test('log in, play, seek, log out: the same URL is refused at once, in the same browser', { skip: noBrowser }, async (t) => {
  const { demo, viewer, asked } = await cached(t);
  assert.equal((await viewer.play(10)).shown.length, 10);
  const found = await viewer.seek(10);
  assert.ok(Math.abs(found - 10) < 1, `a frame of ${found} s`);
  const token = await viewer.session();
  assert.ok(demo.app.access.tokens.has(token));
  await viewer.logOut();
  assert.equal(await viewer.session(), undefined);
  assert.ok(!demo.app.access.tokens.has(token), 'the app knows it no more');
  assertRefused(await viewer.fetchVideo('bytes=0-999'), unauthenticated);
  assert.deepEqual(await videoError(viewer), { code: unsupported, frames: 0 });
  // What the browser itself has kept is not shown without asking, either.
  assertRefused(await goToVideo(viewer), unauthenticated);
  assert.equal(demo.store.requests.length, asked);
  // The object was cached all the while: somebody who logs in has it without the store.
  await viewer.logIn();
  const again = await viewer.fetchVideo('bytes=0-999');
  assert.deepEqual([again.status, cacheStatus(again).hit], [206, true]);
  assert.equal(demo.store.requests.length, asked);
});

test('a revoked session: its viewer is refused, another goes on', { skip: noBrowser }, async (t) => {
  // Decisions are not kept: the app is asked each time.
  const { browser, demo, viewer, asked } = await cached(t, { route: { authorize: { ttl: '0s' } } });
  const other = await Viewer.open(t, browser, demo);
  await other.logIn();
  assert.equal((await other.play(10)).shown.length, 10);
  assert.notEqual(await other.session(), await viewer.session());
  assert.ok(demo.app.access.revoke(await other.session()));
  assertRefused(await other.fetchVideo('bytes=0-999'), badToken);
  assert.deepEqual(await videoError(other), { code: unsupported, frames: 0 });
  const still = await viewer.fetchVideo('bytes=1000-1999');
  assert.equal(still.status, 206);
  assert.equal(still.length, 1000);
  assert.equal(demo.store.requests.length, asked);
});

test('a decision is kept for its caller alone', { skip: noBrowser }, async (t) => {
  const { browser, demo, viewer } = await cached(t);
  const questions = () => demo.asked(demo.file).length;
  const before = questions();
  assert.ok(before > 0);
  assert.equal((await viewer.fetchVideo('bytes=0-9')).status, 206);
  assert.equal(questions(), before, 'its own decision is kept');
  const eve = demo.user('eve');
  for (const [token, refusal] of [['eyUnknown', [badToken]], [demo.app.access.logIn(eve), [notFound, 404]]]) {
    const asked = questions();
    const other = await Viewer.open(t, browser, demo);
    await other.context.addCookies([{ name: 'token', value: token, url: other.url }]);
    await other.page.goto(other.url);
    assertRefused(await other.fetchVideo('bytes=0-9'), ...refusal);
    assert.equal(questions(), asked + 1, 'the other was asked about');
  }
});
