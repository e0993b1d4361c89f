// A small stand-in for the app behind Sluice: what the tests of the relay, of decisions and of the fallback ask of an app.
import { createHash, randomBytes } from 'node:crypto';
import { content } from './content.mjs';
import { LocalServer } from './fake_server.mjs';
import { pauseGate } from './faults.mjs';
import { answerFor } from './http_object.mjs';

export class App extends LocalServer {
  /// {mediaObject(key) → object of origin.mjs or undefined (may be a promise), mayRead(request, course) → answer,
  /// pages: {name: {type, body}}, served below /pages/}
  /// where an answer is {status, headers, body}, a promise of it, or undefined for the app's own.
  constructor(options = {}) {
    super({ settings: { requestTimeout: 0, maxHeaderSize: 256 * 1024 } });
    this.options = options;
    this.mayRead = options.mayRead;
    this.sessions = new Set();
    this.gates = new Map();
    this.eventStreams = new Set();
  }

  attach(server) {
    server.on('request', (req, res) => this.#serve(req, res));
    server.on('checkContinue', (req, res) => this.#serve(req, res, true));
    server.on('checkExpectation', (req, res) => this.#serve(req, res));
    server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
  }

  /// A cookie (`session=…`) that the app knows.
  logIn() {
    const token = randomBytes(16).toString('hex');
    this.sessions.add(token);
    return `session=${token}`;
  }
  loggedIn(headers) {
    const token = /(?:^|;\s*)session=([0-9a-f]+)/.exec(headers.cookie ?? '')?.[1];
    return token !== undefined && this.sessions.has(token);
  }
  /// A gate for requests with `?gate=NAME`: they wait before they are answered or their body is read.
  gate(name) {
    if (!this.gates.has(name)) this.gates.set(name, pauseGate());
    return this.gates.get(name);
  }
  /// Sends one event to every open /sse stream.
  sendEvent(data) {
    for (const res of this.eventStreams) res.write(`data: ${data}\n\n`);
  }
  endEvents() {
    for (const res of this.eventStreams) res.end();
  }
  /// Requests whose path (without query) is `path`, or begins with it where it ends in "/".
  of(path) {
    return this.requests.filter((r) => (path.endsWith('/') ? r.path.startsWith(path) : r.path === path));
  }
  async close() {
    for (const gate of this.gates.values()) gate.release();
    await super.close();
  }

  #record(req) {
    const [path, query = ''] = req.url.split(/\?(.*)/s);
    const entry = {
      id: ++this.served, connection: this.sockets.get(req.socket), method: req.method, target: req.url, path,
      query: new URLSearchParams(query), headers: req.headers, rawHeaders: req.rawHeaders, received: 0, sent: 0,
      status: 0, finished: false, aborted: false,
    };
    this.requests.push(entry);
    this.board.changed();
    return entry;
  }

  async #serve(req, res, expectsContinue = false) {
    const entry = this.#record(req);
    const gone = new Promise((resolve) => res.once('close', resolve));
    res.on('close', () => {
      Object.assign(entry, { finished: true, aborted: !res.writableFinished, status: res.statusCode });
      this.board.changed();
    });
    res.on('error', () => {});
    req.on('error', () => {});
    const call = { app: this, req, res, entry, gone, ...entry };
    try {
      if (entry.query.has('gate')) await Promise.race([this.gate(entry.query.get('gate')).wait(), gone]);
      if (expectsContinue && entry.path !== '/expect') res.writeContinue();
      const name = '/' + entry.path.split('/')[1];
      const handler = name === '/' && entry.path !== '/' ? undefined : handlers[name];
      await (handler ?? notFound)(call);
    } catch (error) {
      if (!res.destroyed) this.failure ??= error;
      res.destroy();
    }
  }

  #upgrade(req, socket, head) {
    const entry = this.#record(req);
    socket.on('error', () => {});
    socket.on('close', () => {
      entry.finished = true;
      this.board.changed();
    });
    if (entry.path !== '/ws') return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    const accept = createHash('sha1')
      .update(`${req.headers['sec-websocket-key'] ?? ''}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    entry.status = 101;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${req.headers.upgrade}\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
    // What comes is sent back as it came; the end of one direction ends the other once all is echoed.
    socket.on('data', (bytes) => (entry.received += bytes.length));
    if (head.length > 0) {
      entry.received += head.length;
      socket.write(head);
    }
    socket.pipe(socket);
    return undefined;
  }
}

function answer(call, status, body, headers = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json';
  call.res.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length, 'X-App': 'stand-in', ...headers });
  call.res.end(bytes);
}

const refuse = (call) => answer(call, 401, { detail: 'Not authenticated' });
const notFound = (call) => answer(call, 404, { detail: 'Not Found', target: call.target });

/// Reads the whole body; `take(bytes)` may give a promise to be waited for.
async function readBody({ req, entry, app }, take = () => {}) {
  for await (const bytes of req) {
    entry.received += bytes.length;
    app.board.changed();
    await take(bytes);
  }
}

/// Writes and waits until the socket wants more.
async function write({ res, entry, gone, app }, bytes) {
  if (!res.write(bytes)) await Promise.race([new Promise((resolve) => res.once('drain', resolve)), gone]);
  entry.sent += bytes.length;
  app.board.changed();
}

async function sendRange(call, read, first, length) {
  const step = 64 * 1024;
  for (let at = first; at < first + length && !call.res.destroyed; at += step) {
    await write(call, read(at, Math.min(step, first + length - at)));
  }
  call.res.end();
}

async function media(call) {
  const { app, req, res, path, method } = call;
  if (!app.loggedIn(req.headers) && !app.options.publicMedia) return refuse(call);
  if (method === 'DELETE') {
    res.writeHead(204, { 'X-App': 'stand-in' }).end();
    return undefined;
  }
  let object;
  try {
    object = await app.options.mediaObject?.(decodeURIComponent(path.slice('/media/'.length)));
  } catch {
    return answer(call, 500, { detail: 'the object could not be read' });
  }
  if (!object) return notFound(call);
  // Like the app that it stands for: an ETag that changes with each download, and never a 304.
  const copy = { ...object, etag: `"${randomBytes(8).toString('hex')}"`, modified: Date.now() };
  const found = answerFor({ range: req.headers.range, 'if-range': req.headers['if-range'] }, copy);
  res.writeHead(found.status, { 'X-App': 'stand-in', ...found.headers });
  if (method === 'HEAD' || found.body) return void res.end(method === 'HEAD' ? undefined : found.body);
  return sendRange(call, object.read, found.first, found.length);
}

async function upload(call) {
  const hash = createHash('sha256');
  await readBody(call, (bytes) => void hash.update(bytes));
  answer(call, 200, { sha256: hash.digest('hex'), length: call.entry.received });
}

const handlers = {
  '/': (call) => answer(call, 200, '<!doctype html><title>app</title>\n'),
  '/health': (call) => answer(call, 200, { status: true }),
  '/media': media,
  '/pages'(call) {
    const page = call.app.options.pages?.[call.path.slice('/pages/'.length)];
    return page ? answer(call, 200, page.body, { 'Content-Type': page.type }) : notFound(call);
  },
  '/upload': upload,
  '/headers': ({ rawHeaders, method, target, ...call }) => {
    const fields = [];
    for (let i = 0; i < rawHeaders.length; i += 2) fields.push([rawHeaders[i], rawHeaders[i + 1]]);
    answer(call, 200, { method, target, fields });
  },
  async '/api'(call) {
    const course = /^\/api\/may-read\/([^/]+)$/.exec(call.path)?.[1];
    if (course === undefined) return notFound(call);
    const own = await call.app.mayRead?.(call.entry, course);
    if (own === 'silent') return call.gone;
    if (own) return answer(call, own.status, own.body ?? '', own.headers);
    return call.app.loggedIn(call.req.headers) ? answer(call, 200, { course, may_read: true }) : refuse(call);
  },
  async '/echo'(call) {
    const { req, res } = call;
    const length = req.headers['content-length'];
    res.writeHead(200, {
      'Content-Type': req.headers['content-type'] ?? 'application/octet-stream', 'X-Method': call.method,
      ...(length === undefined ? {} : { 'Content-Length': length }),
    });
    res.flushHeaders();
    await readBody(call, (bytes) => write(call, bytes));
    res.end();
  },
  async '/download'(call) {
    const size = Number(call.query.get('size') ?? 0);
    call.res.writeHead(200, { 'Content-Type': 'application/octet-stream',
      ...(call.query.has('chunked') ? {} : { 'Content-Length': size }) });
    if (call.method === 'HEAD') return void call.res.end();
    return sendRange(call, (at, n) => content(call.query.get('seed') ?? 1, at, n), 0, size);
  },
  async '/sse'(call) {
    const { app, res, query, gone } = call;
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    res.flushHeaders();
    if (!query.has('count')) {
      app.eventStreams.add(res);
      res.on('close', () => app.eventStreams.delete(res));
      app.board.changed();
      return;
    }
    for (let i = 0; i < Number(query.get('count')) && !res.destroyed; i++) {
      res.write(`data: event ${i}\n\n`);
      await Promise.race([new Promise((resolve) => setTimeout(resolve, Number(query.get('interval') ?? 100))), gone]);
    }
    res.end();
  },
  '/status'(call) {
    const status = Number(call.path.split('/')[2]);
    const headers = { 'X-App': 'stand-in', ...(status >= 300 && status < 400 ? { Location: '/' } : {}) };
    if (status === 204 || status === 304) return void call.res.writeHead(status, headers).end();
    return answer(call, status, { status }, headers);
  },
  '/chunked'({ res, query }) {
    const trailer = query.has('trailer');
    res.writeHead(200, { 'Content-Type': 'text/plain', ...(trailer ? { Trailer: 'X-Checksum' } : {}) });
    for (let i = 0; i < Number(query.get('count') ?? 10); i++) res.write(`chunk ${i}\n`);
    if (trailer) res.addTrailers({ 'X-Checksum': 'abc' });
    res.end();
  },
  '/early': (call) => answer(call, Number(call.query.get('status') ?? 413), { detail: 'answered before the body was read' }),
  async '/expect'(call) {
    const refused = call.query.has('refuse') || (call.req.headers.expect ?? '100-continue').toLowerCase() !== '100-continue';
    if (refused) return answer(call, 417, { detail: 'Expectation Failed' }, { Connection: 'close' });
    if (call.req.headers.expect) call.res.writeContinue();
    return upload(call);
  },
  '/hints'(call) {
    call.res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    answer(call, 200, { hints: true });
  },
};

/// Starts the app on a free port (or `port`).
export function startApp({ port = 0, ...options } = {}) {
  return new App(options).listen(port);
}
