// Wagtail with its documents in a bucket, behind its recipe: it redirects to signed URLs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkOverwritten, checkRanges, checkRefusals, checkServed, hits } from '../support/app_contract.mjs';
import { content } from '../support/content.mjs';
import { startRecipe } from '../support/recipe.mjs';
import { Browser, startSite } from './django/site.mjs';

const [open, closed] = ['1', '2']; // collections

test('Wagtail', async (t) => {
  const site = await startSite(t, { settings: 'wagtail_settings' });
  const sluice = await startRecipe(t, 'wagtail', site.app.url, { env: site.store.environment });
  const browser = () => new Browser(() => sluice.url, () => site.app.url);
  const owner = await browser().logIn('/admin/login/', 'ann', site.password);
  const [stranger, nobody] = [browser(), browser()];
  const name = 'a lecture.mp4';
  const fields = { title: 'A lecture', collection: closed, tags: '' };
  const bytes = content('wagtail', 0, 300007);
  const send = async (target, body, more = fields, file = name) => {
    const answer = await owner.upload(target, 'file', file, 'video/mp4', body, more);
    assert.equal(answer.status, 302, `${answer.body}`);
  };
  await send('/admin/documents/add/', bytes);
  const [key] = site.store.objects.keys();
  const medium = { target: `/documents/1/${encodeURIComponent(key.split('/')[1])}`, bytes, owner, stranger, nobody, type: 'video/mp4', head: 302 };
  await t.test('ranges', () => checkRanges(medium, { hit: hits.revalidated }));
  await t.test('a private collection', () => checkRefusals(medium));
  await t.test('everybody\'s collection', async () => {
    await send('/admin/documents/add/', content('open', 0, 5000), { ...fields, collection: open }, 'an open one.mp4');
    const target = [...site.store.objects.keys()].find((each) => each !== key).replace('documents/', '/documents/2/');
    checkServed(await nobody.ask(target), { bytes: content('open', 0, 5000) });
  });
  await t.test('another file of the same name', async () => {
    await checkOverwritten(medium, (body) => send('/admin/documents/edit/1/', body), content('other', 0, 250001));
  });
  await t.test('deleted: nobody gets it', async () => {
    const answer = await owner.form('/admin/documents/delete/1/', {});
    assert.equal(answer.status, 302, `${answer.body}`);
    const gone = await owner.ask(medium.target);
    assert.ok(gone.status === 404 || gone.status === 302, `${gone.status}`);
    assert.notEqual(gone.length, medium.bytes.length);
  });
});
