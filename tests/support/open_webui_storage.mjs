// The stand-in's storage as Open WebUI's own provider for S3 has it: names are raw, and every read downloads the whole
// object to the local disk, into one copy for all reads of the object, which each of them truncates; with an ETag of the
// copy's that no two downloads share. Paths of another provider are local.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { removeDirectory, temporaryDirectory } from './sluice.mjs';
import { signHeaders, uriEncode } from './sigv4.mjs';

/// By this a store's log tells the app's downloads from Sluice's.
export const userAgent = 'open-webui-stand-in';

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Storage {
  /// {endpoint: http://host:port, bucket, prefix, accessKey, secretKey, region, rate: MB/s of each download, 0: no limit}
  constructor({ endpoint, bucket = 'media', prefix = '', accessKey, secretKey, region = 'us-east-1', rate = 0 } = {}) {
    Object.assign(this, { endpoint, bucket, prefix, accessKey, secretKey, region, rate });
    this.directory = temporaryDirectory('open-webui');
    this.downloads = { now: 0, most: 0, all: 0, bytes: 0 };
    fs.mkdirSync(path.join(this.directory, 'copies'));
    this.lastTime = 0;
  }

  /// The key of a new object: the prefix, which is not made a folder's by more than one "/", and the raw name.
  keyFor(name) {
    return this.prefix === '' ? name : `${this.prefix.replace(/\/$/, '')}/${name}`;
  }
  /// What a file's `path` holds for a key: text, no URL.
  uri(key) {
    return `s3://${this.bucket}/${key}`;
  }
  /// The key of a file's `path`, in whatever bucket it was: the app looks in its own. Undefined for a path of its disk.
  keyOf(uri) {
    if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) return undefined;
    return uri.split('//')[1].split('/').slice(1).join('/');
  }

  #request(method, key) {
    const target = `/${this.bucket}/${uriEncode(key, { keepSlash: true })}`;
    const { host, hostname, port } = new URL(this.endpoint);
    const headers = signHeaders({ method, path: target, host, accessKey: this.accessKey, secretKey: this.secretKey,
      region: this.region });
    return new Promise((resolve, reject) => {
      const request = http.request({ host: hostname, port, path: target, method, agent: false,
        headers: { ...headers, 'User-Agent': userAgent } }, resolve);
      request.on('error', reject).end();
    });
  }

  /// Downloads the whole object; gives the local copy {file, size, etag, modified, remove()}. Fails as the store does.
  async get(uri) {
    this.downloads.now += 1;
    this.downloads.all += 1;
    this.downloads.most = Math.max(this.downloads.most, this.downloads.now);
    try {
      const key = this.keyOf(uri);
      return this.#copy(key === undefined ? uri : await this.#download(key));
    } finally {
      this.downloads.now -= 1;
    }
  }

  async #download(key) {
    const file = path.join(this.directory, 'copies', createHash('sha256').update(key.split('/').pop()).digest('hex'));
    const out = await fs.promises.open(file, 'w');
    const started = Date.now();
    let received = 0;
    try {
      const response = await this.#request('GET', key);
      if (response.statusCode !== 200) {
        response.resume();
        throw new Error(`the store said ${response.statusCode}`);
      }
      for await (const bytes of response) {
        await out.writeFile(bytes);
        received += bytes.length;
        this.downloads.bytes += bytes.length;
        const due = this.rate ? (received / (this.rate * 1e6)) * 1000 - (Date.now() - started) : 0;
        if (due > 5) await wait(due);
      }
      if (!response.complete) throw new Error('the store broke off');
    } finally {
      await out.close();
    }
    return file;
  }

  #copy(file) {
    const stat = fs.statSync(file);
    if (!stat.isFile()) throw new Error(`${file} is no file`);
    const { size } = stat;
    // The copy's mtime: a new one each time, also where two downloads end within one tick of the clock.
    this.lastTime = Math.max(Date.now(), this.lastTime + 1);
    const etag = `"${createHash('md5').update(`${this.lastTime}-${size}`).digest('hex')}"`;
    return { file, size, etag, modified: this.lastTime };
  }

  async remove(uri) {
    const key = this.keyOf(uri);
    if (key === undefined) return fs.rmSync(uri, { force: true });
    const response = await this.#request('DELETE', key);
    response.resume();
    if (![200, 204, 404].includes(response.statusCode)) throw new Error(`the store said ${response.statusCode}`);
    return undefined;
  }
  /// A file that lies on the app's own disk, as before a migration to S3; gives its path.
  putLocal(name, bytes) {
    const file = path.join(this.directory, 'uploads', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
    return file;
  }
  close() {
    removeDirectory(this.directory);
  }
}
