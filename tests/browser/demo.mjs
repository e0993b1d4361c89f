// What the browser tests and the playback bench share: the demo of deploy/quickstart.sh as a stack (a
// store that verifies signatures, the stand-in for Open WebUI, Sluice between), Chromium, and a viewer at the app's page.
import fs from 'node:fs';
import path from 'node:path';
import { contentOf, startWebui } from '../support/open_webui_stack.mjs';
import { within } from '../support/wait.mjs';

export const chromium = '/usr/bin/chromium';
/// For a test's `skip`: why there is no browser, or false.
export const noBrowser = fs.existsSync(chromium) ? false : `${chromium} is not installed`;
const patience = 90000;

/// The demo with this video as `file`, which belongs to the user `owner`; taken down after the test `t`. `config` is laid
/// over the configuration, `route` over the preset's; `store`: {delay: ms before each head, rate: bytes/s a connection}.
export async function startDemo(t, video, { config, route, store = {} } = {}) {
  const demo = await startWebui(t, { config, route });
  Object.assign(demo.store.options, store);
  demo.owner = demo.user('demo');
  demo.file = await demo.upload({ owner: demo.owner, name: 'sample.mp4', bytes: video });
  demo.path = contentOf(demo.file);
  return demo;
}

/// Starts Chromium without a window; nothing but the pages asked for goes out.
export async function launchBrowser() {
  const { chromium: driver } = await import('playwright-core').catch((cause) => {
    throw new Error('playwright-core is missing: npm ci --prefix tests', { cause });
  });
  return driver.launch({
    executablePath: chromium,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
  });
}

/// Someone at the app's page with a profile (cookies, browser cache) of their own.
export class Viewer {
  /// `context`: options of playwright's newContext.
  static async open(t, browser, demo, context = {}) {
    const viewer = new Viewer();
    viewer.demo = demo;
    viewer.url = demo.sluice.url;
    viewer.context = await browser.newContext(context);
    t.after(() => viewer.context.close());
    viewer.context.setDefaultTimeout(patience);
    viewer.page = await viewer.context.newPage();
    viewer.faults = [];
    viewer.page.on('pageerror', (error) => viewer.faults.push(String(error)));
    return viewer;
  }

  /// The token of the app's session, undefined without one.
  async session() {
    return (await this.context.cookies(this.url)).find((cookie) => cookie.name === 'token')?.value;
  }
  /// What the app or Sluice answers to a fetch of the page for `range` of the video, past the browser's own cache.
  fetchVideo(range) {
    return this.page.evaluate(async ([url, wanted]) => {
      const answer = await fetch(url, { cache: 'no-store', headers: wanted ? { Range: wanted } : {} });
      const bytes = await answer.arrayBuffer();
      return { status: answer.status, headers: Object.fromEntries(answer.headers), length: bytes.byteLength,
        text: answer.status < 300 ? undefined : new TextDecoder().decode(bytes) };
    }, [this.demo.path, range]);
  }
  /// Opens the page and logs in by its form.
  async logIn() {
    await this.page.goto(this.url);
    await this.page.getByLabel('E-mail').fill(this.demo.owner.email);
    await this.page.getByLabel('Password').fill(this.demo.owner.password);
    await this.page.getByRole('button', { name: 'Log in' }).click();
    // The page opens the first file by itself.
    await this.page.locator('#player[src]').waitFor();
  }
  /// Logs out by the page's button.
  async logOut() {
    await this.page.getByRole('button', { name: 'Log out' }).click();
    await this.page.getByRole('button', { name: 'Log in' }).waitFor();
  }
  async shot(name) {
    if (process.env.SLUICE_SHOTS) await this.page.screenshot({ path: path.join(process.env.SLUICE_SHOTS, `${name}.png`) });
  }
  /// Runs `act(video, argument)` in the page; fails where the video reports an error before it is done.
  run(act, argument) {
    const inPage = ([source, given]) => {
      const video = document.getElementById('player');
      const failed = new Promise((_, reject) => {
        const fail = () => reject(new Error(`video error ${video.error?.code}: ${video.error?.message}`));
        if (video.error) fail();
        video.addEventListener('error', fail, { once: true });
      });
      return Promise.race([failed, (0, eval)(`(${source})`)(video, given)]);
    };
    return within(this.page.evaluate(inPage, [String(act), argument]), `in the page: ${act}`, patience);
  }
  /// Fulfils with the video's {duration, width} once it knows them.
  metadata() {
    return this.run(async (video) => {
      if (video.readyState < 1) await new Promise((resolve) => video.addEventListener('loadedmetadata', resolve, { once: true }));
      return { duration: video.duration, width: video.videoWidth };
    });
  }
  /// Plays until `count` more frames were shown: {shown: their times in the video, total: frames in all}.
  play(count) {
    return this.run(async (video, wanted) => {
      video.muted = true;
      await video.play();
      const shown = [];
      while (shown.length < wanted && !video.ended) {
        shown.push(await new Promise((resolve) => video.requestVideoFrameCallback((_, frame) => resolve(frame.mediaTime))));
      }
      return { shown, total: video.getVideoPlaybackQuality().totalVideoFrames };
    }, count);
  }
  /// Goes to `time` seconds and waits for the frame there; gives its time in the video.
  seek(time) {
    return this.run(async (video, to) => {
      const done = new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }));
      const frame = new Promise((resolve) => {
        const look = (_, { mediaTime }) => (mediaTime >= to - 0.1 && mediaTime < to + 5 ? resolve(mediaTime) : video.requestVideoFrameCallback(look));
        video.requestVideoFrameCallback(look);
      });
      video.currentTime = to;
      await done;
      return frame;
    }, time);
  }
  /// Plays from `time` to the end, `rate` times as fast.
  playToEnd(time, rate) {
    return this.run(async (video, { from, speed }) => {
      const ended = new Promise((resolve) => video.addEventListener('ended', resolve, { once: true }));
      video.currentTime = from;
      video.playbackRate = speed;
      await video.play();
      await ended;
      return video.currentTime;
    }, { from: time, speed: rate });
  }
}
