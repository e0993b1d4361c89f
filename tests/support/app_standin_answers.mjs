// What the apps of app_standins.mjs answer. Each is {version, key: of the object that everybody wants, target: where it is asked
// for, hit: what Cache-Status says of the second time, head: the status by HEAD, type: that its owner sees,
// local: the variable of the directory where its files are, instead of a bucket, fields: that all requests have, open: to everybody,
// answer(call), more(s): what else is to be seen}.
import assert from 'node:assert/strict';
import { checkServed, hits } from './app_contract.mjs';
import { content } from './content.mjs';

const id = '3f2b8c1a-7d4e-4f5a-9b6c-0d1e2f3a4b5c';
const hex = 'ab34'.repeat(16);
const upload = 'upload/1/3f2b8c1a-a film ü.mp4';
const fileUri = 's3://media/films/a film ü.mp4';

/// Files at /files/…; the contents API says who may. Who is not logged in is sent to the log-in form, or told 403 by the API.
const jupyter = {
  version: 'jupyter_server 2.17, s3contents 0.12',
  key: 'notebooks/data/a film ü.mp4',
  target: '/files/data/a%20film%20%C3%BC.mp4',
  hit: hits.revalidated,
  answer({ path, user, say }) {
    const api = path.startsWith('/api/contents/');
    const refused = { message: 'Forbidden', reason: null };
    if (!user) return api ? say(403, refused) : say(302, '', { Location: `/login?next=${encodeURIComponent(path)}` });
    if (user !== 'ann') return say(403, api ? refused : 'Forbidden');
    if (!api) return say(404, 'what the server itself would read out of the bucket');
    const name = decodeURIComponent(path.slice('/api/contents/'.length));
    if (`notebooks/${name}` !== jupyter.key) return say(404, { message: `No such file or directory: ${name}`, reason: null });
    return say(200, { name, path: name, type: 'file', last_modified: '2026-11-28T12:00:00.000000Z', content: null, format: null },
      { 'Content-Security-Policy': "frame-ancestors 'self'; report-uri /api/security/csp-report; default-src 'none'" });
  },
};

/// Its log-in is a cookie or ?access_token=; a file's record is {data: …}; who may not read it is told 403, as for no file.
const directus = {
  version: 'Directus 12.4',
  key: `${id}.mp4`,
  target: `/assets/${id}`,
  answer({ path, query, user, say, bytes }) {
    const who = { 'token-of-ann': 'ann' }[query.get('access_token')] ?? user;
    if (who !== 'ann') return say(403, { errors: [{ message: "You don't have permission to access this.", extensions: { code: 'FORBIDDEN' } }] });
    if (path === `/assets/${id}`) return bytes('video/mp4');
    if (path !== `/files/${id}`) return say(403, { errors: [{ message: "You don't have permission to access this." }] });
    return say(200, { data: { id, storage: 's3', filename_disk: `${id}.mp4`, filename_download: 'a film ü.mp4', type: 'video/mp4',
      modified_on: directus.modified } });
  },
  modified: '2026-11-28T12:00:00.000Z',
  /// ?access_token= counts too, and a file that was replaced is another at once, also by a write that Sluice did not see.
  async more({ medium, store, anew }) {
    checkServed(await medium.nobody.ask(`${medium.target}?access_token=token-of-ann`), medium);
    assert.equal((await medium.nobody.ask(`${medium.target}?access_token=no`)).status, 403);
    medium.bytes = content('replaced', 0, 250001);
    store.put(directus.key, { bytes: medium.bytes, contentType: 'video/mp4', modified: Date.now() });
    directus.modified = '2026-11-28T12:30:00.000Z';
    checkServed(await anew('ann').ask(medium.target), medium);
  },
};

/// Source storage with pre-signed URLs: 303 to them; uploads of projects: the URL in a field for nginx, beneath a path of its own.
const labelStudio = {
  version: 'Label Studio 1.23',
  key: 'films/a film ü.mp4',
  target: `/tasks/7/resolve/?fileuri=${Buffer.from(fileUri).toString('base64url')}`,
  hit: hits.revalidated,
  head: 405,
  answer({ path, query, method, user, say, signed }) {
    if (!user) return path.startsWith('/tasks/') ? say(401, { detail: 'Authentication credentials were not provided.' }) : say(403, { detail: 'no' });
    if (user !== 'ann') return say(403, '');
    if (path === '/storage-data/uploaded/' && query.get('filepath') === upload) {
      const url = new URL(signed(upload));
      const named = `/file_download/http/${url.host}${url.pathname}${url.search}`;
      return say(200, '', { 'X-Accel-Redirect': named, 'Content-Type': 'text/html; charset=utf-8', 'Content-Disposition': 'inline; filename="a film.mp4"' });
    }
    if (method !== 'GET') return say(405, { detail: `Method "${method}" not allowed.` }, { Allow: 'GET' });
    const uri = Buffer.from(query.get('fileuri') ?? '', 'base64url').toString();
    if (path !== '/tasks/7/resolve/' || uri !== fileUri) return say(404, '');
    return say(303, '', { Location: signed(labelStudio.key), 'Cache-Control': 'no-store, max-age=900', 'Content-Type': 'text/html; charset=utf-8' });
  },
  async more({ medium, store }) {
    const bytes = content('upload', 0, 5000);
    store.put(upload, { bytes, contentType: 'binary/octet-stream', modified: Date.now() });
    const target = `/storage-data/uploaded/?filepath=${encodeURIComponent(upload)}`;
    checkServed(await medium.owner.ask(target), { bytes });
    assert.equal((await medium.stranger.ask(target)).status, 403);
  },
};

/// Blobs are redirects, signed for GET or HEAD as asked; without leave 401 with the address of the token service.
const distribution = {
  version: 'distribution 3.0',
  key: `docker/registry/v2/blobs/sha256/ab/${hex}/data`,
  target: `/v2/library/films/base/blobs/sha256:${hex}`,
  answer({ path, method, user, say, signed }) {
    const error = (status, code) => say(status, { errors: [{ code, message: 'as the registry says it', detail: null }] },
      { 'Docker-Distribution-Api-Version': 'registry/2.0', ...(status === 401 && { 'WWW-Authenticate': 'Bearer realm="https://auth.example/token"' }) });
    if (user !== 'ann') return error(401, 'UNAUTHORIZED');
    if (path !== distribution.target) return error(404, 'BLOB_UNKNOWN');
    return say(307, '', { Location: signed(distribution.key, {}, method), 'Docker-Content-Digest': `sha256:${hex}`, 'Docker-Distribution-Api-Version': 'registry/2.0' });
  },
};

/// Serves files itself, with ranges; HEAD opens the object and reads none of it. Who may not is told 404.
const pocketbase = {
  version: 'PocketBase 0.30',
  key: 'pbc_films/abc123def456ghi/film_x8k2m4n6p0.mp4',
  target: '/api/files/pbc_films/abc123def456ghi/film_x8k2m4n6p0.mp4?token=token-of-ann',
  answer({ path, query, user, say, bytes }) {
    const mine = user === 'ann' && query.get('token') === 'token-of-ann';
    if (!mine || `/api/files/${pocketbase.key}` !== path) return say(404, { status: 404, message: "The requested resource wasn't found.", data: {} });
    return bytes('video/mp4', { 'Content-Security-Policy': "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
      'Content-Disposition': 'inline; filename=film_x8k2m4n6p0.mp4' });
  },
};

/// A redirect (302) that says type and disposition to the store. The signed id is the leave; here a controller of the site's own
/// asks for a log-in too.
const rails = {
  version: 'Rails 8.0',
  key: 'x8k2m4n6p0q1r3s5t7u9v2w4y6z8',
  target: '/rails/active_storage/blobs/redirect/eyJfcmFpbHMiOnsiZGF0YSI6N30--0f1e2d3c/a%20film%20%C3%BC.mp4',
  type: 'video/mp4',
  head: 302, // its URLs are signed for GET, whatever it is asked by
  answer({ path, user, say, signed }) {
    if (!user) return say(302, '', { Location: '/users/sign_in', 'Content-Type': 'text/html; charset=utf-8' });
    if (user !== 'ann' || path !== rails.target) return say(404, 'The page you were looking for does not exist.');
    return say(302, '', { Location: signed(rails.key, { 'response-content-disposition': 'inline; filename="a film .mp4"', 'response-content-type': 'video/mp4' }),
      'Cache-Control': 'max-age=300, private', 'Content-Type': 'text/html; charset=utf-8' });
  },
};

/// Attachments and the like are redirects (303 by its framework), with the name for the download.
const gitea = {
  version: 'Gitea 1.24',
  key: `attachments/3/f/${id}`,
  target: `/attachments/${id}`,
  head: 303, // its URLs are signed for GET, whatever it is asked by
  answer({ path, user, say, signed }) {
    if (user !== 'ann') return say(404, '<html><body>Not Found</body></html>');
    if (path !== gitea.target) return say(200, '<html><body>a page</body></html>');
    return say(303, '', { Location: signed(gitea.key, { 'response-content-disposition': 'attachment; filename="film.mp4"' }), 'Content-Type': 'text/html; charset=utf-8' });
  },
};

/// Private videos are proxied by the app, with ranges; the player's token is a parameter.
const peertube = {
  version: 'PeerTube 7.3',
  key: `hls/${id}/${id}-720-fragmented.mp4`,
  target: `/object-storage-proxy/streaming-playlists/hls/private/${id}/${id}-720-fragmented.mp4?videoFileToken=token-of-ann`,
  answer({ path, query, user, say, bytes }) {
    if (user !== 'ann' || query.get('videoFileToken') !== 'token-of-ann') return say(403, { type: 'about:blank', detail: 'Cannot get private video', status: 403 });
    if (path !== peertube.target.split('?')[0]) return say(404, { status: 404 });
    return bytes('video/mp4');
  },
};

const run = '664c479fea534b568e3247105a04d6ec';
const artifact = 'films/a film ü &+%#1.mp4';

/// Artifacts by their path, which a listing is judged by too; and by the run, as its page asks for them.
const mlflow = {
  version: 'MLflow 3.17',
  key: `mlflow/1/${run}/artifacts/${artifact}`,
  target: `/api/2.0/mlflow-artifacts/artifacts/1/${run}/artifacts/${artifact.split('/').map(encodeURIComponent).join('/')}`,
  answer({ path, query, user, say, bytes }) {
    if (!user) return say(401, 'You are not authenticated.', { 'WWW-Authenticate': 'Basic realm="mlflow"' });
    if (user !== 'ann') return say(403, 'Permission denied');
    if (path === mlflow.target) return bytes('video/mp4', { ranges: false, 'Content-Disposition': 'attachment; filename="a film.mp4"' });
    if (path === '/api/2.0/mlflow-artifacts/artifacts') return query.get('path')?.startsWith(`1/${run}/artifacts/`) ? say(200, {}) : say(403, 'Permission denied');
    if (path !== '/api/2.0/mlflow/runs/get' || query.get('run_id') !== run) return say(404, { error_code: 'RESOURCE_DOES_NOT_EXIST' });
    return say(200, { run: { info: { run_id: run, experiment_id: '1', artifact_uri: `mlflow-artifacts:/1/${run}/artifacts` } } });
  },
  async more({ medium }) {
    const target = `/get-artifact?path=${encodeURIComponent(artifact)}&run_uuid=${run}`;
    const answer = await medium.owner.ask(target, { headers: { Range: 'bytes=1000-1999' } });
    checkServed(answer, medium, [206, 1000, 1999]);
    assert.equal(answer.headers['content-disposition'], 'attachment');
    assert.equal((await medium.stranger.ask(target)).status, 403);
    assert.equal((await medium.owner.ask(`${target}&path=other`)).status, 404, 'twice: the app is asked');
  },
};

/// Media by their id, to whoever has a token; it does not know ranges, and says what a browser may do with it.
const synapse = {
  version: 'Synapse 1.163, storage provider 1.7',
  key: 'local_content/uf/ft/oXUvGCdKYYZfaAElafVZ',
  target: '/_matrix/client/v1/media/download/example.org/ufftoXUvGCdKYYZfaAElafVZ',
  type: 'video/mp4',
  answer({ path, user, say, bytes }) {
    if (user !== 'ann') return say(401, { errcode: 'M_MISSING_TOKEN', error: 'Missing access token' });
    if (path !== synapse.target) return say(404, { errcode: 'M_NOT_FOUND', error: 'Not found' });
    return bytes('video/mp4', { ranges: false, 'Content-Disposition': 'inline; filename=film.mp4', 'Content-Security-Policy': "sandbox; default-src 'none';" });
  },
  async more({ medium }) {
    const { headers } = await medium.owner.ask(medium.target);
    assert.deepEqual([headers['content-disposition'], headers['content-security-policy']], ['inline; filename=film.mp4', "sandbox; default-src 'none';"]);
  },
};

/// Files of its temporary directory, for whoever is logged in; HEAD is a route of its own.
const gradio = {
  version: 'Gradio 5.49',
  local: 'GRADIO_TEMP_DIR',
  key: 'a1b2c3d4/a film.mp4',
  target: '/gradio_api/file=/tmp/gradio/a1b2c3d4/a%20film.mp4',
  hit: hits.local,
  type: 'video/mp4',
  answer({ path, user, say, bytes }) {
    if (user !== 'ann') return say(401, { detail: 'Not authenticated' });
    if (path !== gradio.target) return say(403, { detail: 'File not allowed' });
    return bytes('video/mp4');
  },
};

/// A public bucket under a name of its own; what is not there yet is fetched by /media_proxy/, which redirects to that name.
const mastodon = {
  version: 'Mastodon 4.5',
  key: 'media_attachments/files/115/000/000/000/000/001/original/3f2b8c1a7d4e4f5a.mp4',
  target: '/media_attachments/files/115/000/000/000/000/001/original/3f2b8c1a7d4e4f5a.mp4',
  fields: { Host: 'files.example.org' },
  open: true,
  answer({ path, say }) {
    if (path !== '/media_proxy/115000000000000001/original') return say(404, 'The page you are looking for isn\'t here.');
    return say(302, '', { Location: `https://files.example.org/${mastodon.key}`, 'Content-Type': 'text/html; charset=utf-8' });
  },
  async more({ medium }) {
    checkServed(await medium.owner.ask('/media_proxy/115000000000000001/original', { headers: { Host: 'mastodon.example.org' } }), medium);
    assert.equal((await medium.owner.ask(medium.target, { headers: { Host: 'mastodon.example.org' } })).status, 404, 'of the site itself');
  },
};

/// By the names of their recipes.
export const answers = { 'jupyter-server': jupyter, directus, 'label-studio': labelStudio, distribution, pocketbase, 'rails-active-storage': rails, gitea,
  peertube, gradio, mastodon, mlflow, synapse };
