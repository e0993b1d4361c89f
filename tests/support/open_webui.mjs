// A stand-in for Open WebUI, which can be installed from neither Debian nor npm: what of it a proxy in front meets, copied
// answer by answer. Module (`startOpenWebui`), and program, which reads the app's own storage variables:
//   STORAGE_PROVIDER=s3 S3_ENDPOINT_URL=… S3_BUCKET_NAME=… node open_webui.mjs --port 0 --key sample.mp4 --size 123
//     [--type video/mp4] [--rate MB/s of each download, 0: no limit]
// (a user demo@example.com, password demo, who owns the object --key of --size bytes in the bucket)
import http from 'node:http';
import { randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Access } from './open_webui_access.mjs';
import { answer } from './open_webui_routes.mjs';
import { Storage } from './open_webui_storage.mjs';
import { announce, readOptions } from './options.mjs';
import { Board } from './wait.mjs';

export class OpenWebui {
  /// {storage: options of Storage, trustedHeader, securityHeaders: fields that the operator has the app add to each answer,
  /// cors: false where it answers no Origin, socketIo: options of socket.io's server (needs the npm package), or undefined}
  constructor({ storage = {}, trustedHeader, securityHeaders = {}, cors = true, socketIo } = {}) {
    this.options = { securityHeaders, cors, socketIo };
    this.access = new Access({ trustedHeader });
    this.storage = new Storage(storage);
    this.files = new Map();
    this.requests = [];
    this.eventStreams = new Set();
    this.gates = [];
    this.ready = true;
    this.sockets = new Set();
    this.board = new Board();
  }

  async listen(port = 0) {
    this.server = http.createServer({ keepAliveTimeout: 60000, requestTimeout: 0, maxHeaderSize: 256 * 1024 });
    this.server.on('request', (req, res) => this.#serve(req, res));
    this.server.on('connection', (socket) => {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
    });
    if (this.options.socketIo) await this.#startSocketIo();
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }

  async #startSocketIo() {
    const { Server } = await import('socket.io');
    this.io = new Server(this.server, { path: '/ws/socket.io', pingInterval: 25000, pingTimeout: 20000, ...this.options.socketIo });
    this.io.on('connection', (socket) => socket.on('echo', (data, reply) => reply(data)));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }
  /// A file of `owner`'s; the object itself is put by the caller. `path` is where the storage has it: by default the URI of
  /// `{id}_{name}`. `meta` and `data` are laid over what an upload makes; an undefined value removes a member. `order`: the
  /// members of the JSON, where it is to be another than the app's.
  addFile({ owner, name, type = 'video/mp4', size = 0, id = randomUUID(), path, meta = {}, data = {}, sharedWith = [], order }) {
    const file = {
      id, userId: owner.id, filename: name, path: path ?? this.storage.uri(this.storage.keyFor(`${id}_${name}`)), order,
      meta: { name, content_type: type, size, file_hash: null, data: {}, ...meta },
      data: { status: 'completed', content: '', ...data }, sharedWith: new Set(sharedWith.map((user) => user.id)),
    };
    this.files.set(id, file);
    return file;
  }
  /// Requests for this raw path, without the query (all where none is given).
  of(path) {
    return this.requests.filter((r) => path === undefined || r.path === path);
  }
  /// Holds requests for which `matches` is true before they are answered: {reached(n), release()}.
  hold(matches) {
    let open;
    const gate = { matches, opened: new Promise((resolve) => (open = resolve)), waiting: 0 };
    gate.release = () => {
      this.gates = this.gates.filter((one) => one !== gate);
      open();
    };
    gate.reached = (count = 1) => this.board.until(() => gate.waiting >= count, `${count} requests are held`);
    this.gates.push(gate);
    return gate;
  }
  /// One event to every open stream of /api/chat/completions.
  sendEvent(data) {
    for (const res of this.eventStreams) res.write(`data: ${data}\n\n`);
  }
  forget() {
    this.requests = this.requests.filter((r) => !r.finished);
  }
  async close() {
    for (const gate of [...this.gates]) gate.release();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.io?.disconnectSockets(true);
    this.io?.engine.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
    this.storage.close();
    if (this.failure) throw this.failure;
  }

  async #serve(req, res) {
    const [path, query = ''] = req.url.split(/\?(.*)/s);
    const entry = { method: req.method, target: req.url, path, headers: req.headers, rawHeaders: req.rawHeaders,
      received: 0, status: 0, finished: false };
    this.requests.push(entry);
    const gone = new Promise((resolve) => res.once('close', resolve));
    res.on('error', () => {}).on('close', () => {
      Object.assign(entry, { finished: true, aborted: !res.writableFinished, status: res.statusCode });
      this.board.changed();
    });
    req.on('error', () => {});
    const call = { app: this, req, res, entry, gone, query: new URLSearchParams(query) };
    try {
      this.#addFields(req, res);
      const gate = this.gates.find((one) => one.matches(entry));
      if (gate) {
        gate.waiting += 1;
        this.board.changed();
        await Promise.race([gate.opened, gone]);
      }
      this.board.changed();
      await answer(call);
    } catch (error) {
      if (!res.destroyed) this.failure ??= error;
      res.destroy();
    }
  }

  // What the app's middleware adds to every answer.
  #addFields({ headers }, res) {
    res.setHeader('X-Process-Time', '0');
    for (const [name, value] of Object.entries(this.options.securityHeaders)) res.setHeader(name, value);
    if (headers.origin === undefined || !this.options.cors) return;
    res.setHeader('Access-Control-Allow-Origin', headers.origin);
    res.setHeader('Access-Control-Allow-Credentials', 'true');
    res.setHeader('Vary', 'Origin');
  }
}

/// Starts the app on a free port (or `port`).
export const startOpenWebui = ({ port = 0, ...options } = {}) => new OpenWebui(options).listen(port);

/// The storage's options out of the app's own variables; S3 alone.
export function storageFrom(env) {
  if (env.STORAGE_PROVIDER !== 's3') throw new Error('the stand-in stores in S3: STORAGE_PROVIDER=s3');
  return { endpoint: env.S3_ENDPOINT_URL, bucket: env.S3_BUCKET_NAME, prefix: env.S3_KEY_PREFIX ?? '',
    accessKey: env.S3_ACCESS_KEY_ID, secretKey: env.S3_SECRET_ACCESS_KEY, region: env.S3_REGION_NAME ?? 'us-east-1' };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const options = readOptions({ port: 0, key: 'sample.mp4', size: 0, type: 'video/mp4', rate: 0 });
  const app = await startOpenWebui({ port: options.port, storage: { ...storageFrom(process.env), rate: options.rate } });
  const owner = app.access.addUser('demo');
  app.addFile({ owner, name: options.key.split('/').pop(), size: options.size, type: options.type, path: app.storage.uri(options.key) });
  // A program may run for long: its log is not kept.
  setInterval(() => app.forget(), 1000).unref();
  announce(app, () => app.close());
}
