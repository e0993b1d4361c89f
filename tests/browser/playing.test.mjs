// Chromium plays and seeks at the app's page through Sluice: what it sees, and what the store had to serve for it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { quiet } from '../support/clients.mjs';
import { KiB, MiB } from '../support/stack.mjs';
import { makeVideo } from '../support/video.mjs';
import { Viewer, launchBrowser, noBrowser, startDemo } from './demo.mjs';

const rounds = 6;
const seconds = rounds * 20;
const readAhead = 2 * MiB;
const page = 64 * KiB;

const media = (demo) => demo.sluice.access.filter((record) => record.route === 'open-webui');
const delivered = (demo) => media(demo).reduce((sum, record) => sum + record.bytes_cache + record.bytes_origin, 0);
/// How many requests of clients got bytes, each perhaps from somewhere else on, and left before its end.
const positions = (demo) => media(demo).filter((record) => record.bytes_cache + record.bytes_origin > 0).length;

/// What was asked of the store, and what the clients got: for a failure's message.
function story(demo) {
  const asked = demo.store.of(demo.file.key).map((r) => `  ${r.range} ${r.status}: ${r.sent} from ${r.first}${r.aborted ? ', broken off' : ''}`);
  const given = media(demo).map((r) => `  ${r.status} ${r.result}: ${r.bytes_cache} + ${r.bytes_origin} in ${r.duration_ms} ms`);
  return `asked of the store:\n${asked.join('\n')}\ngiven to clients (cache + origin):\n${given.join('\n')}`;
}

/// Plays from the start, in the middle and near the end, looking at the frames.
async function watch(viewer) {
  const { duration, width } = await viewer.metadata();
  assert.ok(Math.abs(duration - seconds) < 1, `${duration} s`);
  assert.equal(width, 640);
  const start = await viewer.play(30);
  assert.equal(start.shown.length, 30);
  assert.ok(start.total >= 30, `${start.total} frames counted`);
  assert.ok(start.shown[29] > start.shown[0], `times that go on: ${start.shown}`);
  let { total } = start;
  for (const time of [seconds / 2, seconds - 5]) {
    const found = await viewer.seek(time);
    assert.ok(Math.abs(found - time) < 1, `a frame of ${found} s at ${time} s`);
    const on = await viewer.play(20);
    assert.ok(on.shown[0] >= time - 0.1 && on.shown.at(-1) > on.shown[0], `times that go on from ${time}: ${on.shown}`);
    assert.ok(on.total >= total + 20, `${on.total} frames counted after ${total}`);
    total = on.total;
  }
  assert.deepEqual(viewer.faults, []);
}

test('plays and seeks; the store serves what is needed once', { skip: noBrowser }, async (t) => {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const video = await makeVideo(rounds);
  assert.ok(video.length > 40 * MiB, `${video.length} bytes`);
  const demo = await startDemo(t, video, { config: { cache: { read_ahead: `${readAhead / MiB}MiB` } }, store: { delay: 20, rate: 40e6 } });
  const received = () => demo.sluice.metric('sluice_origin_bytes_total');

  await t.test('cold: no more than the pages needed and the read-ahead', async () => {
    const viewer = await Viewer.open(t, browser, demo);
    await viewer.logIn();
    await viewer.shot('page');
    await watch(viewer);
    await viewer.shot('playing');
    await viewer.context.close();
    await quiet(demo.sluice, demo.store);
    assert.deepEqual([demo.relayed(demo.file).length, demo.app.storage.downloads.all], [0, 0], 'no fallback');
    assert.ok(media(demo).every((record) => [206, 304].includes(record.status)), story(demo));
    // Each request may have begun somewhere else, with its own read-ahead and a page at each end.
    const ahead = positions(demo) * (readAhead + 2 * page);
    assert.ok(await received() <= delivered(demo) + ahead, `${await received()} came\n${story(demo)}`);
    // A GET reaches up to half a window further than what is read of it.
    const sent = demo.store.bytesSent(demo.file.key);
    assert.ok(sent <= delivered(demo) + 1.5 * ahead, `${sent} left the store\n${story(demo)}`);
    assert.ok(await received() < video.length, `all of it came\n${story(demo)}`);
  });

  await t.test('to its end: no page a second time', async () => {
    const viewer = await Viewer.open(t, browser, demo);
    await viewer.logIn();
    await viewer.metadata();
    assert.ok(Math.abs(await viewer.playToEnd(0, 16) - seconds) < 1);
    await viewer.context.close();
    await quiet(demo.sluice, demo.store);
    // Where the last reader leaves a transfer, the page in hand is fetched again, and what was on its way is lost.
    const lost = positions(demo);
    assert.ok(await received() >= video.length, story(demo));
    assert.ok(await received() <= video.length + lost * page, `${await received()} of ${video.length} came\n${story(demo)}`);
    const sent = demo.store.bytesSent(demo.file.key);
    assert.ok(sent <= video.length + lost * readAhead, `${sent} of ${video.length} left the store\n${story(demo)}`);
  });

  await t.test('again, by somebody else: the store is asked for nothing', async () => {
    const before = { requests: demo.store.requests.length, access: media(demo).length };
    const viewer = await Viewer.open(t, browser, demo);
    await viewer.logIn();
    await watch(viewer);
    await viewer.context.close();
    await quiet(demo.sluice, demo.store);
    assert.equal(demo.store.requests.length, before.requests, story(demo));
    const again = media(demo).slice(before.access);
    assert.ok(again.length > 0);
    assert.deepEqual(again.filter((record) => record.result !== 'hit' || record.bytes_origin > 0), [], story(demo));
  });
});
