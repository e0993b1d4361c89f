// Sluice in front of the real Open WebUI, both with the same variables of its storage and nothing else said of it; with what
// people do there, always through Sluice. It has what the tests use of the stand-in's stack (open_webui_stack.mjs), so that
// assertions can be made of both (open_webui_contract.mjs).
import fs from 'node:fs';
import { get } from './client.mjs';
import { content, sha256 } from './content.mjs';
import { parsed, startOpenWebuiApp } from './open_webui_app.mjs';
import { bearer, contentOf, sluiceConfig, storageVariables } from './open_webui_stack.mjs';
import { startModel } from './openai_model.mjs';
import { keepSecret } from './secrets.mjs';
import { uriEncode } from './sigv4.mjs';
import { merge, removeDirectory, startSluice, temporaryDirectory } from './sluice.mjs';
import { runAll } from './stack.mjs';
import { startSwift } from './swift.mjs';

/// A multipart body as a browser makes it of a file: {body, type}.
export async function formOf(name, type, bytes) {
  const form = new FormData();
  form.append('file', new Blob([bytes], { type }), name);
  const whole = new Response(form);
  return { type: whole.headers.get('content-type'), body: Buffer.from(await whole.arrayBuffer()) };
}

export class RealWebui {
  users = new Map();

  /// The answer through Sluice, or the app's own.
  through(target, options) {
    return get(this.sluice.url + target, { keep: true, ...options });
  }
  direct(target, options) {
    return get(this.app.url + target, { keep: true, ...options });
  }
  /// One request of JSON through Sluice that must succeed; gives what it answers.
  async call(user, method, target, body) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.through(target, { method, body: text,
      headers: { ...(user && this.session(user)), ...(text !== undefined && { 'Content-Type': 'application/json' }) } });
    if (answer.status !== 200) throw new Error(`${method} ${target}: ${answer.status} ${answer.body.toString().slice(0, 500)}`);
    return parsed(answer);
  }

  /// A new user {id, name, email, role, password, token}, added by the admin.
  async user(name, { role = 'user' } = {}) {
    const user = { name, email: `${name}@example.com`, role, password: keepSecret('password', `password-of-${name}`) };
    const target = this.admin ? '/api/v1/auths/add' : '/api/v1/auths/signup'; // the first one is an admin, and the last to sign up
    const { id, token } = await this.call(this.admin, 'POST', target, { name, email: user.email, password: user.password, role });
    Object.assign(user, { id, token });
    return user;
  }
  /// Fields of the user's session.
  session(user) {
    return bearer(user.token);
  }
  /// Signs in: a new token, which is the user's from now on.
  async signIn(user) {
    const { token } = await this.call(undefined, 'POST', '/api/v1/auths/signin', { email: user.email, password: user.password });
    user.token = token;
    return token;
  }

  /// Uploads through Sluice: {owner, name, type, bytes or seed and size, process: whether the app reads it}. Gives what the
  /// stand-in's stack does: {id, name, path, bytes, sha256(first, last)}.
  async upload({ owner, name, type = 'video/mp4', bytes, seed, size = 300007, process = false }) {
    const all = bytes ?? content(seed ?? name, 0, size);
    const form = await formOf(name, type, all);
    const answer = await this.through(`/api/v1/files/?process=${process}&process_in_background=false`, { method: 'POST',
      body: form.body, headers: { ...this.session(owner), 'Content-Type': form.type, 'Content-Length': form.body.length } });
    if (answer.status !== 200) throw new Error(`upload of ${name}: ${answer.status} ${answer.body}`);
    const file = parsed(answer);
    return { id: file.id, name: file.filename, path: await this.pathOf(file.id), bytes: all,
      sha256: (first = 0, last = all.length - 1) => sha256(all.subarray(first, last + 1)) };
  }
  async pathOf(id) {
    return (await this.app.json('GET', `/api/v1/files/${id}`, { headers: this.session(this.admin) })).body.path;
  }
  /// The file's content through Sluice.
  content(file, user, { query = '', headers = {}, ...options } = {}) {
    return this.through(contentOf(file, query), { headers: { ...(user && this.session(user)), ...headers }, ...options });
  }
  /// Whether the file's object is in the store.
  async stored(file) {
    if (!this.store) return fs.existsSync(file.path);
    const key = uriEncode(file.path.replace('s3://media/', ''), { keepSlash: true });
    return (await this.store.request('GET', `/media/${key}`)).status === 200;
  }
  /// Drops files' bytes from the cache.
  async purge(...files) {
    const answer = await this.sluice.purge({ uris: files.map((file) => file.path) });
    if (answer.status !== 200) throw new Error(`/purge answered ${answer.status}: ${answer.body}`);
  }
  /// Stops Sluice and starts it again on the same cache, with other settings.
  async restart(over) {
    await this.sluice.stop();
    this.sluice = await startSluice((this.config = merge(this.config, over)), { env: this.env });
  }
}

/// Starts it for the test `t`: {storage: 's3' (Swift) or 'local', prefix: of the keys, app: more variables of the app's,
/// config: over the tests' configuration}, with a model server. There is one user, the admin.
export async function startRealWebui(t, { storage = 's3', prefix = '', app = {}, config = {} } = {}) {
  const s = new RealWebui();
  t.after(() => runAll([() => s.sluice?.stop(), () => s.app?.close(), () => s.model?.close(), () => s.store?.close(),
    () => s.cacheDirectory && removeDirectory(s.cacheDirectory)]));
  s.cacheDirectory = temporaryDirectory('cache');
  s.store = storage === 's3' ? await startSwift() : undefined;
  s.model = await startModel();
  const variables = s.store ? storageVariables(s.store, prefix) : { STORAGE_PROVIDER: 'local' };
  s.app = await startOpenWebuiApp({ ...variables, ENABLE_API_KEYS: 'true', ...s.model.variables, ...app });
  s.env = { ...variables, ...app, ...(!s.store && { DATA_DIR: s.app.dataDirectory }) };
  s.config = merge(sluiceConfig(s.app.url, s.cacheDirectory), config);
  s.sluice = await startSluice(s.config, { env: s.env });
  s.admin = await s.user('root', { role: 'admin' });
  return s;
}
