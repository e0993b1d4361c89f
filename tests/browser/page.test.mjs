// What the app's page tells of where bytes come from: a person sees a miss, a hit, the app alone, and a refusal.
import assert from 'node:assert/strict';
import test from 'node:test';
import { makeVideo } from '../support/video.mjs';
import { Viewer, launchBrowser, noBrowser, startDemo } from './demo.mjs';

/// Asks for 1 MiB by the page's button, and gives the new row of its table, as its words.
async function probe(viewer, where) {
  const rows = viewer.page.locator('#rows tr');
  const before = await rows.count();
  await viewer.page.getByRole('button', { name: where }).click();
  await rows.nth(before).waitFor();
  return rows.first().locator('td').allInnerTexts();
}

test('the page: the file, a miss and then a hit, the app alone, a refusal', { skip: noBrowser }, async (t) => {
  const browser = await launchBrowser();
  t.after(() => browser.close());
  // Its end is far from what the page loads of its beginning by itself.
  const demo = await startDemo(t, await makeVideo(3), { config: { cache: { read_ahead: '1MiB' } } });
  const viewer = await Viewer.open(t, browser, demo);
  await viewer.page.goto(viewer.url);
  await viewer.page.getByRole('button', { name: 'Log in' }).waitFor();
  await viewer.shot('log-in');
  await viewer.page.getByLabel('E-mail').fill(demo.owner.email);
  await viewer.page.getByLabel('Password').fill('wrong');
  await viewer.page.getByRole('button', { name: 'Log in' }).click();
  await viewer.page.getByText('The email or password provided is incorrect.').waitFor();
  assert.equal(await viewer.session(), undefined);

  await viewer.logIn();
  await viewer.metadata();
  assert.match(await viewer.page.getByRole('listitem').innerText(), /^sample\.mp4 · \d+\.\d MiB$/);
  const [miss, hit] = [await probe(viewer, 'End'), await probe(viewer, 'End')];
  assert.deepEqual([miss[0], hit[0]], ['miss', 'hit']);
  assert.match(miss[4], /^sluice; fwd=miss/);
  assert.match(hit[4], /^sluice; hit/);
  await viewer.shot('page-hit');

  // The same page without Sluice: the app's session is a cookie of the host, whatever the port.
  const alone = await Viewer.open(t, browser, demo);
  alone.url = demo.app.url;
  await alone.logIn();
  assert.deepEqual((await probe(alone, 'End')).filter((_, i) => i === 0 || i === 4), ['app', '—']);
  await alone.page.goto('about:blank');

  await viewer.context.clearCookies();
  assert.equal((await probe(viewer, 'Middle'))[0], 'refused');
  await viewer.logIn();
  await viewer.logOut();
  assert.equal(await viewer.page.locator('#player').isVisible(), false);
  assert.deepEqual(viewer.faults, []);
});
