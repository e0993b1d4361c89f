// Django with gunicorn behind each of its recipes: X-Accel-Redirect by hand and by django-sendfile2, redirects of
// django-storages, and HLS whose segments lie in the bucket.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkDeleted, checkOverwritten, checkRanges, checkRefusals, checkServed, hits } from '../support/app_contract.mjs';
import { content } from '../support/content.mjs';
import { startRecipe } from '../support/recipe.mjs';
import { Browser, startSite } from './django/site.mjs';

/// Sluice with a recipe before the site; `people`: ann, bob and somebody who is not logged in, all through Sluice.
async function behind(t, site, recipe, env) {
  const sluice = await startRecipe(t, recipe, site.app.url, { env: { ...site.store.environment, SENDFILE_ROOT: site.media, ...env } });
  const browser = () => new Browser(() => sluice.url, () => site.app.url);
  const logIn = (name) => browser().logIn('/accounts/login/', name, site.password);
  return { sluice, owner: await logIn('ann'), stranger: await logIn('bob'), nobody: browser() };
}

/// Uploads a video through Sluice; gives the medium at `view` of it.
async function upload(people, view, name, seed) {
  const bytes = content(seed, 0, 300007);
  const answer = await people.owner.upload('/lectures/', 'video', name, 'video/mp4', bytes);
  assert.equal(answer.status, 200, `${answer.body}`);
  const { id } = JSON.parse(answer.body);
  return { ...people, id, bytes, target: `/lectures/${id}/${view}` };
}

async function checkLife(people, medium, hit = hits.cached) {
  const change = `/lectures/${medium.id}`;
  await checkRanges(medium, { hit });
  await checkRefusals(medium);
  await checkOverwritten(medium, async (body) => assert.equal((await people.owner.ask(change, { method: 'PUT', body })).status, 200), content('other', 0, 250001));
  await checkDeleted(medium, async () => assert.equal((await people.owner.ask(change, { method: 'DELETE' })).status, 204));
}

test('Django', async (t) => {
  const site = await startSite(t);
  await t.test('django-accel', async (tt) => {
    const people = await behind(tt, site, 'django-accel');
    await checkLife(people, { ...(await upload(people, 'accel', 'a lecture ü #1.mp4', 'accel')), type: 'video/mp4' }, hits.revalidated);
  });
  await t.test('django-accel: logged out, at once', async (tt) => {
    const people = await behind(tt, site, 'django-accel');
    const medium = await upload(people, 'accel', 'b.mp4', 'log-out');
    checkServed(await people.owner.ask(medium.target), medium);
    const { fields } = people.owner; // which somebody has kept
    assert.equal((await people.owner.form('/accounts/logout/', {})).status, 302);
    const after = await people.nobody.ask(medium.target, { headers: fields });
    assert.deepEqual([after.status, after.headers.location], [302, `/accounts/login/?next=${medium.target}`]);
  });
  await t.test('django-sendfile2', async (tt) => {
    const people = await behind(tt, site, 'django-sendfile2');
    await checkLife(people, { ...(await upload(people, 'file', 'ein Vortrag ö.mp4', 'file')), type: 'video/mp4' }, hits.local);
  });
  await t.test('django-storages', async (tt) => {
    const people = await behind(tt, site, 'django-storages');
    const medium = { ...(await upload(people, 'video', 'c ü.mp4', 'storages')), type: 'video/mp4', head: 302 };
    await checkRanges(medium, { hit: hits.revalidated });
    await checkRefusals(medium);
    const change = `/lectures/${medium.id}`;
    await checkOverwritten(medium, async (body) => assert.equal((await people.owner.ask(change, { method: 'PUT', body })).status, 200), content('other', 0, 250001));
    assert.equal((await people.owner.ask(change, { method: 'DELETE' })).status, 204);
    const gone = await people.owner.ask(medium.target);
    assert.ok([302, 404].includes(gone.status), `${gone.status}`); // its redirect may have been kept, to what is no longer there
  });
  await t.test('django-hls', async (tt) => {
    const people = await behind(tt, site, 'django-hls');
    const { id, bytes } = await upload(people, 'video', 'hls.mp4', 'hls');
    assert.equal((await people.owner.ask(`/lectures/${id}/cut`, { method: 'POST', body: '' })).status, 204);
    const half = Math.floor(bytes.length / 2);
    const medium = { ...people, target: `/hls/${id}/1.ts`, bytes: bytes.subarray(half) };
    await checkRanges(medium);
    await checkRefusals(medium);
    const playlist = await people.owner.ask(`/hls/${id}/index.m3u8`);
    assert.deepEqual([playlist.status, playlist.headers['content-type']], [200, 'application/vnd.apple.mpegurl'], 'the playlist is the app\'s');
    checkServed(await people.owner.ask(`/hls/${id}/0.ts`), { bytes: bytes.subarray(0, half) });
  });
});

test('Django with X-Sendfile', async (t) => {
  const site = await startSite(t, { env: { SENDFILE_BACKEND: 'django_sendfile.backends.xsendfile' } });
  const people = await behind(t, site, 'django-xsendfile');
  await checkLife(people, { ...(await upload(people, 'file', 'another lecture #1.mp4', 'file')), type: 'video/mp4' }, hits.local);
});
