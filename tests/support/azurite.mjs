// Azurite, Microsoft's emulator of the blob service (npm: azurite), as a process of its own with nothing on disk: over http,
// or over https with `--oauth basic`, where bearer tokens and user delegation keys are taken. An account and a key of its
// own, a certificate made for it, and a clock that the test can set forward.
// Program: node azurite.mjs MAIN ARGUMENT… runs Azurite's main file with that clock.
import { spawn, spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { sha256 } from './content.mjs';
import { makeObject } from './origin.mjs';
import { keepSecret, keepUrlSecrets } from './secrets.mjs';
import { uriEncode } from './sigv4.mjs';
import { dyingWithUs, removeDirectory, temporaryDirectory } from './sluice.mjs';
import { Board, within } from './wait.mjs';

const me = fileURLToPath(import.meta.url);

function mainFile() {
  try {
    return createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  } catch (cause) {
    throw new Error('azurite is missing: npm ci --prefix tests', { cause });
  }
}

/// A key and a certificate for 127.0.0.1 in `directory`, by its own authority: {key, cert}, files.
function makeCertificate(directory) {
  const files = { key: path.join(directory, 'key.pem'), cert: path.join(directory, 'cert.pem') };
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', files.key, '-out', files.cert], { encoding: 'utf8' });
  if (made.error || made.status !== 0) throw made.error ?? new Error(`openssl: ${made.stderr}`);
  return files;
}

export class Azurite {
  constructor({ tls = false, container = 'media' } = {}) {
    this.tls = tls;
    this.account = 'mediaacct';
    this.container = container;
    this.accountKey = keepSecret('account key', randomBytes(64).toString('base64'));
    this.directory = temporaryDirectory('azurite');
    this.objects = new Map();
    /// What it was asked, by its own access log: {method, target, status}. A line comes when the answer has been sent.
    this.requests = [];
    this.board = new Board();
    this.output = '';
  }

  async start() {
    const args = ['--inMemoryPersistence', '--disableTelemetry', '--skipApiVersionCheck', '--blobHost', '127.0.0.1', '--blobPort', '0'];
    if (this.tls) {
      const { key, cert } = makeCertificate(this.directory);
      this.caFile = cert;
      this.agent = new https.Agent({ keepAlive: true, ca: fs.readFileSync(cert) });
      args.push('--oauth', 'basic', '--cert', cert, '--key', key);
    } else {
      this.agent = new http.Agent({ keepAlive: true });
    }
    const [command, ...rest] = [...dyingWithUs, process.execPath, me, mainFile(), ...args];
    const env = { ...process.env, AZURITE_ACCOUNTS: `${this.account}:${this.accountKey}` };
    this.child = spawn(command, rest, { cwd: this.directory, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.ended = new Promise((resolve) => this.child.once('exit', resolve).once('error', resolve));
    this.ended.then(() => {
      this.isEnded = true;
      this.board.changed();
    });
    this.#read();
    this.url = await this.board.until(() => {
      if (this.isEnded) throw new Error(`Azurite did not start:\n${this.output}`);
      return /successfully listens on (https?:\S+)/.exec(this.output)?.[1];
    }, 'Azurite listens', 60000);
    this.port = Number(new URL(this.url).port);
    await this.#expect(201, 'PUT', `/${this.container}`, { query: { restype: 'container' } });
    return this;
  }
  #read() {
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      const rows = (rest + text).split('\n');
      rest = rows.pop();
      for (const row of rows) {
        const [, method, target, status] = / "([A-Z]+) (\S+) HTTP\/[\d.]+" (\d+) /.exec(row) ?? [];
        if (method === undefined) {
          this.output += `${row}\n`;
          continue;
        }
        keepUrlSecrets(target);
        this.requests.push({ method, target, path: target.split('?')[0], status: Number(status) });
      }
      this.board.changed();
    });
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.output += text));
  }

  /// The account's endpoint, path style, as for an address that is no host name.
  get endpoint() {
    return `${this.url}/${this.account}`;
  }
  get connectionString() {
    const protocol = this.tls ? 'https' : 'http';
    return `DefaultEndpointsProtocol=${protocol};AccountName=${this.account};AccountKey=${this.accountKey};BlobEndpoint=${this.endpoint};`;
  }
  /// A `stores` entry for it, to be laid over the tests' configuration; without `credentials` the default chain.
  store(credentials) {
    return {
      type: 'azure', account: this.account, container: this.container, endpoint: this.url, ca_file: this.caFile,
      credentials: credentials && { access_key_id: undefined, secret_access_key: undefined, ...credentials },
      bucket: undefined, region: undefined, addressing: undefined,
    };
  }
  target(key) {
    return `/${this.account}/${this.container}/${uriEncode(key, { keepSlash: true })}`;
  }
  /// Requests for a blob that its log has told of.
  of(key) {
    return this.requests.filter((request) => request.path === this.target(key));
  }
  /// Fulfils once its log has told of all that it has answered by now.
  async logged() {
    const mark = `/${this.account}/mark/${this.requests.length}-${randomBytes(4).toString('hex')}`;
    await this.send('GET', this.url + mark);
    await this.board.until(() => this.requests.some((request) => request.path === mark), "a mark in Azurite's log");
  }

  /// One request on a URL of it, sent as it is: {status, headers, body}.
  send(method, url, headers = {}, body = undefined) {
    return new Promise((resolve, reject) => {
      const request = (this.tls ? https : http).request(url, { method, headers, agent: this.agent }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part)).on('error', reject);
        response.on('end', () => {
          const all = Buffer.concat(parts);
          resolve({ status: response.statusCode, headers: response.headers, body: all, sha256: sha256(all) });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }
  /// One request signed with the account key ("Authorize with Shared Key"); `resource`: what follows the account.
  request(method, resource, { query = {}, headers = {}, body = Buffer.alloc(0) } = {}) {
    const all = { ...headers, 'x-ms-date': new Date().toUTCString(), 'x-ms-version': '2021-12-02' };
    const fields = Object.entries(all).filter(([name]) => name.startsWith('x-ms-')).sort(([a], [b]) => (a < b ? -1 : 1));
    const parameters = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1));
    const toSign = [
      method, '', '', body.length || '', '', all['content-type'] ?? '', '', '', '', '', '', '',
      ...fields.map(([name, value]) => `${name}:${value}`),
      `/${this.account}/${this.account}${resource}`, ...parameters.map(([name, value]) => `${name}:${value}`),
    ].join('\n');
    const signature = createHmac('sha256', Buffer.from(this.accountKey, 'base64')).update(toSign).digest('base64');
    all.authorization = `SharedKey ${this.account}:${keepSecret('signature of a request', signature)}`;
    all['content-length'] = body.length;
    const text = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
    return this.send(method, `${this.endpoint}${resource}${text && `?${text}`}`, all, body);
  }
  async #expect(status, method, resource, options) {
    const answer = await this.request(method, resource, options);
    if (answer.status !== status) throw new Error(`${method} ${resource}: ${answer.status} ${answer.body}`);
    return answer;
  }

  /// Puts or replaces a blob (a Buffer); `object(key)` then gives it as the fake origin's does.
  async put(key, bytes, contentType = 'video/mp4') {
    const answer = await this.#expect(201, 'PUT', `/${this.container}/${uriEncode(key, { keepSlash: true })}`,
      { headers: { 'content-type': contentType, 'x-ms-blob-type': 'BlockBlob' }, body: bytes });
    const object = makeObject({ bytes, etag: answer.headers.etag, contentType, modified: Date.now() });
    this.objects.set(key, object);
    return object;
  }
  object(key) {
    return this.objects.get(key);
  }
  /// Sets its clock `seconds` forward of ours.
  async setAhead(seconds) {
    const done = new Promise((resolve) => this.child.once('message', resolve));
    this.child.send({ ahead: seconds * 1000 });
    await within(done, 'Azurite has set its clock');
  }
  async close() {
    this.agent?.destroy();
    this.child?.kill('SIGKILL'); // it keeps nothing, and on SIGTERM it would wait for idle connections
    await this.ended;
    removeDirectory(this.directory);
  }
}

/// Starts Azurite with an empty container `media`: {tls: https with tokens, its certificate in `caFile`}. End it with `close()`.
export async function startAzurite(options) {
  const azurite = new Azurite(options);
  try {
    return await azurite.start();
  } catch (error) {
    await azurite.close();
    throw error;
  }
}

/// Gives `world` (cloud_azure.mjs) tokens that Azurite takes: it looks at a token's claims, but at no signature.
export function issueTokensForAzurite(world) {
  world.issueToken = (source, expires, audience = 'https://storage.azure.com') => {
    const seconds = Math.floor(world.time() / 1000);
    const token = world.issuer.issue({ audience, claims: {
      iss: `https://sts.windows.net/${world.tenant}/`, tid: world.tenant, oid: world.principal, sub: world.principal, ver: '1.0',
      nbf: seconds - 300, iat: seconds - 300, exp: Math.floor(expires / 1000),
    } });
    return world.issue({ source, expires, audience, token: keepSecret('access token', token) });
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const System = Date;
  let ahead = 0;
  const now = () => System.now() + ahead;
  globalThis.Date = new Proxy(System, {
    construct: (target, args) => new target(...(args.length > 0 ? args : [now()])),
    get: (target, name) => (name === 'now' ? now : target[name]),
  });
  process.on('message', (message) => {
    if (message.ahead === undefined) return;
    ahead = message.ahead;
    process.send({ ahead });
  });
  process.argv.splice(1, 1);
  createRequire(import.meta.url)(process.argv[1]);
}
