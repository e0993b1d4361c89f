// MLflow's tracking server with its basic-auth app, its artifacts in a bucket, and what its clients do there.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { get } from '../../support/client.mjs';
import { PythonApp, installApp } from '../../support/python_app.mjs';
import { startBucket } from '../../support/s3_bucket.mjs';
import { keepSecret } from '../../support/secrets.mjs';
import { runAll } from '../../support/stack.mjs';
import { poll } from '../../support/wait.mjs';

const password = 'a-long-password-of-all';
const settings = (directory) => `[mlflow]
default_permission = NO_PERMISSIONS
database_uri = sqlite:///${directory}/auth.db
admin_username = root
admin_password = ${password}
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
`;

/// A user of the server: `base()` is where it asks, `app()` the server behind that. Nobody has no name.
export class Client {
  constructor(name, base, app = base) {
    Object.assign(this, { name, base, app });
    const credentials = name && keepSecret('authorization', Buffer.from(`${name}:${password}`).toString('base64'));
    this.fields = credentials ? { Authorization: `Basic ${credentials}` } : {};
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
  /// One call of its API that must succeed.
  async call(method, body) {
    const answer = await this.ask(`/api/2.0/mlflow/${method}`, { method: 'POST', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' } });
    if (answer.status !== 200) throw new Error(`${method}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body);
  }
}

/// Starts it with users root (the admin), ann and bob: {app, store}.
export async function startMlflow(t) {
  const s = {};
  t.after(() => runAll([() => s.app?.close(), () => s.store?.close()]));
  await installApp('mlflow');
  s.store = await startBucket();
  s.app = new PythonApp('mlflow', { ...s.store.environment, MLFLOW_S3_ENDPOINT_URL: s.store.url,
    MLFLOW_FLASK_SERVER_SECRET_KEY: keepSecret('key of sessions', randomBytes(24).toString('base64url')),
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_DISABLE_TELEMETRY: 'true' });
  const { directory, env } = s.app;
  env.MLFLOW_AUTH_CONFIG_PATH = path.join(directory, 'auth.ini');
  fs.writeFileSync(env.MLFLOW_AUTH_CONFIG_PATH, settings(directory));
  await s.app.start('python', '-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', '0', '--workers', '1', '--app-name', 'basic-auth',
    '--backend-store-uri', `sqlite:///${directory}/mlflow.db`, '--artifacts-destination', 's3://media/mlflow');
  await poll(async () => (await get(`${s.app.url}/health`)).status === 200, () => `MLflow answers:\n${s.app.tail()}`, 120000, 100);
  const root = new Client('root', () => s.app.url);
  for (const username of ['ann', 'bob']) await root.call('users/create', { username, password: keepSecret('password', password) });
  return s;
}
