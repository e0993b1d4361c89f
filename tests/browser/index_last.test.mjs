// Chromium plays an MP4 whose index comes last: it looks at the front, goes to the end, comes back, and seeks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { quiet } from '../support/clients.mjs';
import { KiB, MiB } from '../support/stack.mjs';
import { makeVideo } from '../support/video.mjs';
import { Viewer, launchBrowser, noBrowser, startDemo } from './demo.mjs';

const rounds = 2;
const seconds = rounds * 20;
const readAhead = 2 * MiB;
const page = 64 * KiB;

/// Plays from the start, near the end, in the middle; `toEnd`: then all of it, fast.
async function watch(t, browser, demo, { toEnd }) {
  const viewer = await Viewer.open(t, browser, demo);
  await viewer.logIn();
  const { duration, width } = await viewer.metadata();
  assert.ok(Math.abs(duration - seconds) < 1, `${duration} s`);
  assert.equal(width, 640);
  assert.equal((await viewer.play(10)).shown.length, 10);
  for (const time of [seconds - 10, seconds / 2]) {
    const found = await viewer.seek(time);
    assert.ok(Math.abs(found - time) < 1, `a frame of ${found} s at ${time} s`);
    assert.equal((await viewer.play(10)).shown.length, 10);
  }
  if (toEnd) assert.ok(Math.abs(await viewer.playToEnd(0, 16) - seconds) < 1);
  assert.deepEqual(viewer.faults, []);
  await viewer.context.close();
  await quiet(demo.sluice, demo.store);
}

test('an MP4 with its index last: plays, seeks, and comes from the store once', { skip: noBrowser }, async (t) => {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const video = await makeVideo(rounds, 'last');
  const demo = await startDemo(t, video, { config: { cache: { read_ahead: `${readAhead / MiB}MiB` } }, store: { delay: 20, rate: 40e6 } });
  const media = () => demo.sluice.access.filter((record) => record.route === 'open-webui');
  const story = () => [...demo.store.of(demo.file.key).map((r) => `  ${r.range} ${r.status}: ${r.sent} from ${r.first}${r.aborted ? ', broken off' : ''}`),
    ...media().map((r) => `  ${r.range} ${r.status} ${r.result}: ${r.bytes_cache} + ${r.bytes_origin}`)].join('\n');

  await watch(t, browser, demo, { toEnd: true });
  assert.deepEqual([demo.relayed(demo.file).length, demo.app.storage.downloads.all], [0, 0], 'no fallback');
  const received = await demo.sluice.metric('origin_bytes_total');
  const positions = media().filter((record) => record.bytes_cache + record.bytes_origin > 0).length;
  t.diagnostic(`${video.length} bytes; received ${received}, left the store ${demo.store.bytesSent(demo.file.key)}, ` +
    `${demo.fetched(demo.file).length} requests to the store, ${positions} of the browser`);
  assert.ok(received >= video.length, story());
  // Where the last reader leaves a transfer, the page in hand is fetched again.
  assert.ok(received <= video.length + positions * page, story());

  const asked = demo.store.requests.length;
  await watch(t, browser, demo, { toEnd: false });
  assert.equal(demo.store.requests.length, asked, `again: ${story()}`);
});
