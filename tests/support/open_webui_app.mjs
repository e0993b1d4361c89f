// The real Open WebUI, from PyPI (python_app.mjs): with an empty data directory, asking nothing of the network.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { get } from './client.mjs';
import { PythonApp, appProgram, installApp } from './python_app.mjs';
import { keepSecret } from './secrets.mjs';
import { poll } from './wait.mjs';

const startWithin = 180000;

export class OpenWebuiApp extends PythonApp {
  /// `env`: more variables for it, its storage's above all.
  constructor(env) {
    super('open-webui');
    this.dataDirectory = path.join(this.directory, 'data');
    fs.mkdirSync(this.dataDirectory);
    this.env = {
      PATH: process.env.PATH, HOME: this.directory, LANG: 'C.UTF-8', DATA_DIR: this.dataDirectory,
      WEBUI_SECRET_KEY: keepSecret('key of sessions', randomBytes(24).toString('base64url')),
      // Nothing is asked of the network, and no model is loaded.
      OFFLINE_MODE: 'true', HF_HUB_OFFLINE: '1', BYPASS_EMBEDDING_AND_RETRIEVAL: 'true', RAG_EMBEDDING_ENGINE: 'ollama',
      ENABLE_OLLAMA_API: 'false', ENABLE_OPENAI_API: 'false', ENABLE_VERSION_UPDATE_CHECK: 'false', ANONYMIZED_TELEMETRY: 'false',
      DO_NOT_TRACK: 'true', ...env,
    };
  }

  async start() {
    await super.start('python', '-c', 'from open_webui import app; app()', 'serve', '--host', '127.0.0.1', '--port', '0');
    await poll(async () => (await get(`${this.url}/ready`)).status === 200, 'Open WebUI is ready', startWithin, 100);
    return this;
  }

  /// One request of JSON: {status, headers, body: parsed where it is JSON}.
  async json(method, target, { headers = {}, body } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await get(this.url + target, { method, keep: true, body: text,
      headers: { ...headers, ...(text !== undefined && { 'Content-Type': 'application/json' }) } });
    return { status: answer.status, headers: answer.headers, body: parsed(answer) };
  }

  /// One statement on its database, for what its interface never writes but an older version of it has left.
  sql(statement, ...values) {
    const source = 'import json, sqlite3, sys\n'
      + 'with sqlite3.connect(sys.argv[1], timeout=30) as db: db.execute(sys.argv[2], json.loads(sys.argv[3]))';
    const args = ['-c', source, path.join(this.dataDirectory, 'webui.db'), statement, JSON.stringify(values)];
    const done = spawnSync(appProgram('open-webui', 'python'), args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`${statement}: ${done.stderr}`);
  }
}

/// The JSON of an answer, or its text.
export function parsed(answer) {
  const text = answer.body.toString();
  return /^application\/json/.test(answer.headers['content-type'] ?? '') ? JSON.parse(text) : text;
}

/// Installs the app where that is needed, and starts it with these variables too; end it with `close()`.
export async function startOpenWebuiApp(env = {}) {
  await installApp('open-webui');
  const app = new OpenWebuiApp(env);
  try {
    return await app.start();
  } catch (error) {
    await app.close();
    throw error;
  }
}
