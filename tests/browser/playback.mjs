// How soon Chromium shows a video through Sluice: program, called by tests/bench.
//   node playback.mjs [--rounds 5]
// Each round has a cold cache, a new browser profile, and a store of 50 ms a request and 40 MB/s a connection. The time runs
// from the start of the navigation to the demo page (logged in) to the first frame of the video, which is told to play as
// soon as it is there. Prints one line of JSON: {median_ms, start_ms: [ms a round], runs: [{start_ms, …}]}.
import { readOptions } from '../support/options.mjs';
import { Viewer, key, launchBrowser, makeVideo, noBrowser, startDemo } from './demo.mjs';

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

/// Runs in the page before its own content: plays the video as soon as it is parsed, and times its first frame.
function playAtOnce() {
  window.firstFrame = new Promise((resolve, reject) => {
    new MutationObserver((_, observer) => {
      const video = document.getElementById('video');
      if (!video) return;
      observer.disconnect();
      video.muted = true;
      video.addEventListener('error', () => reject(new Error(`video error ${video.error.code}: ${video.error.message}`)));
      // performance.now() counts from the start of the navigation.
      video.requestVideoFrameCallback((now, frame) => resolve({ start_ms: performance.now(), media_time: frame.mediaTime }));
      video.play().catch(reject);
    }).observe(document, { childList: true, subtree: true });
  });
}

async function round(browser, video) {
  const t = scope();
  try {
    const demo = await startDemo(t, video, { store: { delay: 50, rate: 40e6 } });
    const viewer = await Viewer.open(t, browser, demo.sluice.url);
    const [name, value] = demo.app.logIn().split('=');
    await viewer.context.addCookies([{ name, value, url: demo.sluice.url }]);
    await viewer.page.addInitScript(playAtOnce);
    await viewer.page.goto(demo.sluice.url, { waitUntil: 'commit' });
    const { start_ms, media_time } = await viewer.page.evaluate(() => window.firstFrame);
    const asked = demo.origin.of(key);
    if (asked.length === 0 || demo.app.of('/media/').length > 0) throw new Error('the video did not come through the cache');
    return { start_ms: Math.round(start_ms * 10) / 10, media_time, store_requests: asked.length, store_bytes: demo.origin.bytesSent(key) };
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
