// Sluice in front of the stand-in for Open WebUI, both with the same storage variables: what the tests of the preset share.
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { get, exchange } from './client.mjs';
import { content, sha256 } from './content.mjs';
import { startOpenWebui } from './open_webui.mjs';
import { partsOf } from './open_webui_content.mjs';
import { userAgent } from './open_webui_storage.mjs';
import { startStore } from './s3_store.mjs';
import { checkSignature } from './sigv4.mjs';
import { adminToken, merge, removeDirectory, startSluice, temporaryDirectory } from './sluice.mjs';
import { startSwift } from './swift.mjs';

const keys = { accessKey: 'AKWEBUI', secretKey: 'a secret/of+webui' };

/// What the tests of the preset configure: the shipped preset in front of `appUrl`, and nothing said about its storage.
export const sluiceConfig = (appUrl, cacheDirectory) => ({
  workers: 2,
  listeners: [{ address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0', token: adminToken },
  app: { url: appUrl },
  limits: { shutdown_delay: '0s' },
  log: { level: 'debug', format: 'json', access: true },
  cache: { directory: cacheDirectory, max_size: '1GiB', min_free: '0B' },
  routes: [{ name: 'open-webui', preset: 'open-webui' }],
});

/// Our own signing store, which the app may also delete from.
export async function startDeletingStore() {
  const store = await startStore(keys);
  store.accessKey = keys.accessKey;
  store.secretKey = keys.secretKey;
  store.options.authorize = (request) => {
    const refused = checkSignature(request, { ...keys, region: 'us-east-1' });
    if (refused || request.method !== 'DELETE') return refused;
    store.delete(request.key);
    return { status: 204, headers: {}, body: Buffer.alloc(0) };
  };
  return store;
}

/// The environment that the app and Sluice share.
export const storageVariables = (store, prefix = '') => ({
  STORAGE_PROVIDER: 's3', S3_BUCKET_NAME: 'media', S3_KEY_PREFIX: prefix, S3_ENDPOINT_URL: store.url,
  S3_ACCESS_KEY_ID: store.accessKey, S3_SECRET_ACCESS_KEY: store.secretKey, S3_REGION_NAME: 'us-east-1',
  S3_ADDRESSING_STYLE: 'path',
});

export const contentOf = (file, query = '') => `/api/v1/files/${file.id}/content${query}`;
export const bearer = (token) => ({ Authorization: `Bearer ${token}` });
export const cookie = (token) => ({ Cookie: `theme=dark; token=${token}; lang=de` });

export class WebuiStack {
  /// Puts an object in the store and its file in the app: addFile's options and `seed` or `bytes`; the file has `bytes`
  /// and sha256(first, last) of it.
  async upload({ bytes, seed, size = 300007, ...options }) {
    const body = bytes ?? content(seed ?? options.name, 0, size);
    const file = this.app.addFile({ size: body.length, ...options });
    await this.put(file, body);
    return file;
  }
  /// Puts (or replaces) the object of a file.
  async put(file, bytes) {
    file.bytes = bytes;
    file.key = this.app.storage.keyOf(file.path);
    file.sha256 = (first = 0, last = bytes.length - 1) => sha256(bytes.subarray(first, last + 1));
    if (file.key === undefined) return;
    if (this.swift) await this.store.put(file.key, bytes, 'binary/octet-stream');
    else this.store.put(file.key, { bytes, contentType: 'binary/octet-stream' });
  }
  user(name, options) {
    return this.app.access.addUser(name, options);
  }
  /// Fields of a new session of the user.
  session(user) {
    return bearer(this.app.access.logIn(user));
  }
  /// The answer through Sluice, or the app's own.
  through(target, options) {
    return get(this.sluice.url + target, { keep: true, ...options });
  }
  direct(target, options) {
    return get(this.app.url + target, { keep: true, ...options });
  }
  /// The same with a target that is sent as it is, raw bytes; the body's SHA-256 is in `sha256`.
  async rawThrough(target, headers = {}) {
    return this.#raw(this.sluice.port, target, headers);
  }
  async rawDirect(target, headers = {}) {
    return this.#raw(this.app.port, target, headers);
  }
  async #raw(port, target, headers) {
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const answer = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: app.example\r\n${fields}Connection: close\r\n\r\n`);
    return { ...answer, sha256: sha256(answer.body) };
  }
  /// Subrequests for a file that reached the app, and requests for its bytes.
  asked(file) {
    return this.app.of(`/api/v1/files/${file.id}`).filter((r) => r.method === 'GET');
  }
  relayed(file) {
    return this.app.of(contentOf(file)).filter((r) => r.method === 'GET');
  }
  /// GETs of a file's object that Sluice sent to the store, without the app's own downloads.
  fetched(file) {
    return this.store.of(file.key).filter((r) => r.method === 'GET' && r.headers['user-agent'] !== userAgent);
  }
  /// Drops a file's bytes from the cache.
  async purge(file) {
    const answer = await this.sluice.purge({ uris: [file.path] });
    if (answer.status !== 200) throw new Error(`/purge answered ${answer.status}: ${answer.body}`);
  }
  async restart(over = {}) {
    await this.sluice.stop();
    this.config = merge(this.config, over);
    this.sluice = await startSluice(this.config, { env: this.env });
  }
}

/// Starts it for the test `t`: {swift: Swift's S3 interface instead of our own store, prefix: of the keys, app: the
/// stand-in's options, env: more variables for Sluice, or a function of the app that gives them, route: keys beside `preset`, config: over the whole}.
export async function startWebui(t, { swift = false, prefix = '', app = {}, env = {}, route = {}, config = {} } = {}) {
  const s = new WebuiStack();
  s.swift = swift;
  t.after(async () => {
    const steps = [() => s.sluice?.stop(), () => s.app?.close(), () => s.store?.close(),
      () => s.cacheDirectory && removeDirectory(s.cacheDirectory)];
    let failure;
    for (const step of steps) await Promise.resolve().then(step).catch((error) => (failure ??= error));
    if (failure) throw failure;
  });
  s.cacheDirectory = temporaryDirectory('cache');
  s.store = swift ? await startSwift() : await startDeletingStore();
  const { accessKey, secretKey } = s.store;
  s.app = await startOpenWebui({ ...app, storage: { endpoint: s.store.url, prefix, accessKey, secretKey, ...app.storage } });
  s.env = { ...storageVariables(s.store, prefix), ...(typeof env === 'function' ? env(s.app) : env) };
  s.config = merge(sluiceConfig(s.app.url, s.cacheDirectory), config);
  s.config.routes = s.config.routes.map((one) => (one.preset ? { ...one, ...route } : one));
  s.sluice = await startSluice(s.config, { env: s.env });
  return s;
}

// Fields of one connection only, and the ones that may differ with Sluice in front on a path that it answers itself.
const ofConnection = ['connection', 'keep-alive', 'transfer-encoding'];
const free = ['etag', 'last-modified', 'date', 'server-timing', 'cache-status', 'x-process-time', 'x-content-type-options',
  'accept-ranges'];

// The bytes that a content coding stands for: each server's own encoder has others.
const decoders = { gzip: gunzipSync, br: brotliDecompressSync };

/// What of an answer must be the same with and without Sluice: {status, headers, and sha256 or parts}.
export function comparable(answer) {
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => ![...ofConnection, ...free].includes(name)));
  if (!/^multipart\/byteranges/.test(headers['content-type'] ?? '')) {
    const decode = decoders[headers['content-encoding']];
    if (!decode || answer.body.length === 0) return { status: answer.status, headers, sha256: answer.sha256 };
    return { status: answer.status, headers, sha256: sha256(decode(answer.body)) };
  }
  // The boundary is anybody's choice, and with it the length.
  delete headers['content-length'];
  headers['content-type'] = 'multipart/byteranges';
  const parts = partsOf(answer).map(({ body, ...part }) => ({ ...part, sha256: sha256(body) }));
  return { status: answer.status, headers, parts };
}
