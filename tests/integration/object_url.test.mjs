// http(s) URLs of objects, as apps that presign name them: in `object_header`, as they are or beneath a path of their own, and
// in `resolve.object`.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { cacheStatus, startStack } from '../support/stack.mjs';

const size = 200003;
const header = 'X-Accel-Redirect';
const signed = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=5ec7e7&X-Amz-Expires=60';
const alias = 'https://cdn.example.com/files';

/// `s.names(value)`: the app answers by naming an object.
async function startNaming(t, route, named) {
  const s = await startStack(t, {
    config: { stores: { media: { aliases: [alias] } }, routes: [{ name: 'named', path: '/api/{rest*}', query: 'any', ...route }] },
  });
  s.object = s.origin.put('films/a b+c.mp4', { size });
  s.names = (value) => (s.app.mayRead = () => named(value));
  s.ask = () => get(`${s.sluice.url}/api/may-read/v`);
  return s;
}

function byHeader(value) {
  return { status: 200, headers: { [header]: value }, body: Buffer.from('of the app') };
}

async function checkServed(s, value) {
  s.names(value);
  const answer = await s.ask();
  assert.deepEqual([answer.status, answer.sha256], [200, s.object.sha256()], value);
  assert.ok(cacheStatus(answer), value);
}

test('an object by its URL: in any spelling, at an alias, beneath a path of its own', async (t) => {
  const s = await startNaming(t, { object_header: { name: header, url_prefix: '/file_download/{scheme}/{host}/{rest*}' } }, byHeader);
  const place = s.origin.url.replace('http://', '');
  const path = 'films/a%20b%2Bc.mp4';
  await checkServed(s, `http://${place}/media/${path}?${signed}`);
  await checkServed(s, `HTTP://${place}/media/films/a%20b+c%2Emp4`);
  await checkServed(s, `${alias}/${path}`);
  await checkServed(s, `/file_download/http/${place}/media/${path}?${signed}`);
  await checkServed(s, `/file_download/https/CDN.example.com:443/files/${path}`);
  await checkServed(s, `/media/${path}`);
  await checkServed(s, 's3://media/films/a b+c.mp4');
  assert.equal(s.origin.requests.length, 1, 'one object');
});

test('URLs elsewhere, and those that readers may disagree about, name nothing', async (t) => {
  const s = await startNaming(t, { object_header: { name: header, url_prefix: '/file_download/{scheme}/{host}/{rest*}' } }, byHeader);
  const place = s.origin.url.replace('http://', '');
  for (const value of [`https://${place}/media/films/a%20b%2Bc.mp4`, `http://${place}/mediaX/films/a%20b%2Bc.mp4`,
    `http://${place}.evil.com/media/films/a%20b%2Bc.mp4`, `http://u@${place}/media/films/a%20b%2Bc.mp4`,
    `http://${place}/media/films%2Fa%20b%2Bc.mp4`, `http://${place}/media/x/../films/a%20b%2Bc.mp4`,
    `http://${place}/media/films/a%20b%2Bc.mp4?versionId=1`, `http://${place}/media/films/a%20b%2Bc.mp4#x`,
    'https://cdn.example.com/files2/films/a%20b%2Bc.mp4', 'http://cdn.example.com/files/films/a%20b%2Bc.mp4',
    `/file_download/https/${place}/media/films/a%20b%2Bc.mp4`, `/file_download/http/u@${place}/media/films/a%20b%2Bc.mp4`,
    `/file_downloads/http/${place}/media/films/a%20b%2Bc.mp4`]) {
    s.names(value);
    const answer = await s.ask();
    assert.ok(answer.status >= 400, `${value}: ${answer.status}`);
    assert.doesNotMatch(`${answer.body}`, /of the app|films/, value);
  }
  assert.equal(s.origin.requests.length, 0);
});

test('resolve.object may be a URL', async (t) => {
  let ids = 0;
  const s = await startNaming(t, { path: '/media/{id}/raw', authorize: { subrequest: '/api/may-read/{id}' }, resolve: { object: '/url' } },
    (url) => ({ status: 200, headers: { 'Content-Type': 'application/json' }, body: Buffer.from(JSON.stringify({ url })) }));
  s.ask = () => get(`${s.sluice.url}/media/${++ids}/raw`);
  await checkServed(s, `${s.origin.url}/media/films/a%20b%2Bc.mp4?${signed}`);
  await checkServed(s, `${alias}/films/a%20b+c.mp4`);
  s.names(`${s.origin.url}/other/films/a%20b%2Bc.mp4?${signed}`);
  await s.ask();
  assert.equal(s.origin.requests.length, 1, 'the app was left to answer');
  await s.sluice.waitForLog((record) => JSON.stringify(record).includes('/other/films/'));
  assert.ok(!s.sluice.lines.some((line) => line.includes('5ec7e7')), 'no signature is logged');
});
