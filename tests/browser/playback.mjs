// How soon Chromium shows a video through Sluice: program, called by tests/bench.
//   node playback.mjs [--rounds 5]
// Each round has a cold cache, a new browser profile, and a store of 50 ms a request and 40 MB/s a connection. The time runs
// from the start of the navigation to the app's page (logged in) to the first frame of the video, which is told to play as
// soon as the page, having asked the app who is there and which files they have, opens it. Prints one line of JSON: {median_ms, start_ms: [ms a round], runs: [{start_ms, …}]}.
import { readOptions } from '../support/options.mjs';
import { makeVideo } from '../support/video.mjs';
import { Viewer, launchBrowser, noBrowser, startDemo } from './demo.mjs';

/// What a test gives to those who clean up after it: the steps, run in reverse by `end()`.
function scope() {
  const steps = [];
  return {
    after: (step) => steps.push(step),
    async end() {
      for (const step of steps.reverse()) await step();
    },
  };
}

/// Runs in the page before its own content: plays the video as soon as it is opened, and times its first frame.
function playAtOnce() {
  window.firstFrame = new Promise((resolve, reject) => {
    new MutationObserver((_, observer) => {
      const video = document.getElementById('player');
      if (!video?.hasAttribute('src')) return;
      observer.disconnect();
      video.muted = true;
      video.addEventListener('error', () => reject(new Error(`video error ${video.error.code}: ${video.error.message}`)));
      // performance.now() counts from the start of the navigation.
      video.requestVideoFrameCallback((now, frame) => resolve({ start_ms: performance.now(), media_time: frame.mediaTime }));
      video.play().catch(reject);
    }).observe(document, { childList: true, subtree: true, attributeFilter: ['src'] });
  });
}

async function round(browser, video) {
  const t = scope();
  try {
    const demo = await startDemo(t, video, { store: { delay: 50, rate: 40e6 } });
    const viewer = await Viewer.open(t, browser, demo);
    await viewer.context.addCookies([{ name: 'token', value: demo.app.access.logIn(demo.owner), url: viewer.url }]);
    await viewer.page.addInitScript(playAtOnce);
    await viewer.page.goto(viewer.url, { waitUntil: 'commit' });
    const { start_ms, media_time } = await viewer.page.evaluate(() => window.firstFrame);
    const asked = demo.fetched(demo.file);
    if (asked.length === 0 || demo.app.storage.downloads.all > 0) throw new Error('the video did not come through the cache');
    return { start_ms: Math.round(start_ms * 10) / 10, media_time, store_requests: asked.length, store_bytes: demo.store.bytesSent(demo.file.key) };
  } finally {
    await t.end();
  }
}

if (noBrowser) throw new Error(noBrowser);
const { rounds } = readOptions({ rounds: 5 });
const browser = await launchBrowser();
try {
  const video = await makeVideo(3);
  const runs = [];
  for (let i = 0; i < rounds; i++) runs.push(await round(browser, video));
  const start_ms = runs.map((run) => run.start_ms);
  const sorted = [...start_ms].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const median_ms = sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  console.log(JSON.stringify({ median_ms, start_ms, runs }));
} finally {
  await browser.close();
}
