// Matrix Synapse (example.org) with its media in a bucket, and what its clients do there.
import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { get } from '../../support/client.mjs';
import { PythonApp, installApp } from '../../support/python_app.mjs';
import { startBucket } from '../../support/s3_bucket.mjs';
import { keepSecret } from '../../support/secrets.mjs';
import { runAll } from '../../support/stack.mjs';
import { poll } from '../../support/wait.mjs';

const secret = keepSecret('secret', randomBytes(24).toString('base64url'));
const settings = (directory, store) => ({
  server_name: 'example.org',
  listeners: [{ port: 0, bind_addresses: ['127.0.0.1'], type: 'http', tls: false, resources: [{ names: ['client'] }] }],
  database: { name: 'sqlite3', args: { database: `${directory}/homeserver.db` } },
  media_store_path: `${directory}/media`,
  signing_key_path: `${directory}/signing.key`,
  registration_shared_secret: secret, macaroon_secret_key: secret, form_secret: secret,
  report_stats: false, trusted_key_servers: [],
  media_storage_providers: [{ module: 's3_storage_provider.S3StorageProviderBackend', store_local: true, store_remote: true,
    store_synchronous: true, config: { bucket: 'media', region_name: 'us-east-1', endpoint_url: store.url,
      access_key_id: store.credentials.access_key_id, secret_access_key: store.credentials.secret_access_key } }],
});

/// A user, or somebody without a token: `base()` is where they ask, `app()` the server behind that.
export class Client {
  constructor(token, base, app = base) {
    Object.assign(this, { base, app, fields: token ? { Authorization: `Bearer ${keepSecret('token', token)}` } : {} });
  }
  #get(url, { headers, body, ...options } = {}) {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    return get(url, { keep: true, body, headers: { ...this.fields, ...length, ...headers }, ...options });
  }
  ask(target, options) {
    return this.#get(this.base() + target, options);
  }
  alone(target, options) {
    return this.#get(this.app() + target, options);
  }
  /// Uploads a file; gives its id.
  async upload(name, type, body) {
    const answer = await this.ask(`/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`, { method: 'POST', body, headers: { 'Content-Type': type } });
    if (answer.status !== 200) throw new Error(`upload: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body).content_uri.replace('mxc://example.org/', '');
  }
}

/// Registers a user with the server's shared secret; gives an access token.
async function register(url, username, admin) {
  const password = keepSecret('password', 'a-long-password-of-all');
  const { nonce } = JSON.parse((await get(`${url}/_synapse/admin/v1/register`, { keep: true })).body);
  const mac = createHmac('sha1', secret).update([nonce, username, password, admin ? 'admin' : 'notadmin'].join('\0')).digest('hex');
  const body = JSON.stringify({ nonce, username, password, admin, mac });
  const answer = await get(`${url}/_synapse/admin/v1/register`, { method: 'POST', keep: true, body, headers: { 'Content-Type': 'application/json' } });
  if (answer.status !== 200) throw new Error(`${username}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body).access_token;
}

/// Starts it with users ann (an admin) and bob: {app, store, tokens}.
export async function startSynapse(t) {
  const s = {};
  t.after(() => runAll([() => s.app?.close(), () => s.store?.close()]));
  await installApp('synapse');
  s.store = await startBucket();
  s.app = new PythonApp('synapse', s.store.environment);
  const file = path.join(s.app.directory, 'homeserver.yaml');
  fs.writeFileSync(file, JSON.stringify(settings(s.app.directory, s.store))); // JSON is YAML too
  s.app.run('python', '-m', 'synapse.app.homeserver', '-c', file, '--generate-keys');
  await s.app.start('python', '-m', 'synapse.app.homeserver', '-c', file);
  await poll(async () => (await get(`${s.app.url}/health`)).status === 200, () => `Synapse answers:\n${s.app.tail()}`, 60000, 100);
  /// What operators do with the provider's script: the copies on the disk go, the objects stay.
  s.forgetCopies = () => fs.rmSync(path.join(s.app.directory, 'media'), { recursive: true });
  s.tokens = { ann: await register(s.app.url, 'ann', true), bob: await register(s.app.url, 'bob', false) };
  return s;
}
