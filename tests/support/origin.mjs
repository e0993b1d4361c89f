// A fake object store in this process: plain http on 127.0.0.1, path style (`/bucket/key`), answering as S3 does, with a
// log of every request and faults on demand. It does not look at signatures unless `authorize` is given (s3_store.mjs).
import http from 'node:http';
import { createHash } from 'node:crypto';
import { content, sha256Range, sha256 } from './content.mjs';
import { answerFor, errorAnswer } from './http_object.mjs';
import { FaultRule } from './faults.mjs';
import { Board } from './wait.mjs';

const pieceSize = 64 * 1024;
const pageSize = 64 * 1024;

/// An object for the origin: of `bytes`, or of `size` bytes of the content `seed`. Its ETag is strong unless given.
export function makeObject({ seed = 1, size, bytes, contentType = 'video/mp4', etag, modified }) {
  const length = bytes ? bytes.length : size;
  const identity = createHash('md5').update(bytes ?? `${seed}/${size}`).digest('hex');
  return {
    seed,
    size: length,
    contentType,
    etag: etag === undefined ? `"${identity}"` : etag,
    modified: modified ?? Date.UTC(2024, 0, 2, 3, 4, 5),
    read: bytes ? (at, n) => bytes.subarray(at, at + n) : (at, n) => content(seed, at, n),
    sha256(first = 0, last = length - 1) {
      return bytes ? sha256(bytes.subarray(first, last + 1)) : sha256Range(seed, first, last);
    },
  };
}

export class Origin {
  /// {bucket, delay: ms before each head, rate: body bytes/s a connection, lookup(key) → object, authorize(request) → answer}
  constructor(options = {}) {
    this.options = { bucket: 'media', delay: 0, rate: 0, ...options };
    this.objects = new Map();
    this.requests = [];
    this.rules = [];
    this.board = new Board();
    this.sockets = new Map();
    this.connections = 0;
    this.served = 0;
    this.port = 0;
  }

  async listen(port = 0) {
    this.server = http.createServer({ keepAliveTimeout: 60000 }, (req, res) => {
      this.#serve(req, res).catch((error) => {
        this.failure ??= error;
        res.destroy();
      });
    });
    this.server.on('connection', (socket) => {
      socket.setNoDelay(true);
      this.sockets.set(socket, ++this.connections);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }
  /// Puts or replaces an object; see makeObject.
  put(key, description) {
    const object = makeObject(description);
    this.objects.set(key, object);
    return object;
  }
  delete(key) {
    this.objects.delete(key);
  }
  object(key) {
    return this.objects.get(key);
  }

  /// A new fault rule for a key, for requests that `match` a predicate, or for all. See faults.mjs.
  when(match) {
    const rule = new FaultRule(match);
    this.rules.push(rule);
    return rule;
  }
  clearRules() {
    this.rules = [];
  }

  /// Fulfils with the first logged request, past or to come, for which `predicate` holds.
  waitFor(predicate, what, timeout) {
    return this.board.until(() => this.requests.find(predicate), what ?? `a request with ${predicate}`, timeout);
  }
  /// Fulfils once nothing is being answered (for `key`, where one is given).
  idle(key, timeout) {
    return this.board.until(() => this.of(key).every((r) => r.finished), 'an idle origin', timeout);
  }
  /// Requests for `key` (all where none is given).
  of(key) {
    return this.requests.filter((r) => key === undefined || r.key === key);
  }
  /// Body bytes of objects that left for `key`; error bodies do not count.
  bytesSent(key) {
    return this.of(key).reduce((sum, r) => sum + (r.carriesObject ? r.sent : 0), 0);
  }
  /// Numbers of the pages of which more than a page's bytes left: fetched twice, in whole or in part.
  pagesSentTwice(key) {
    const sent = new Map();
    for (const r of this.of(key)) {
      if (!r.carriesObject || r.sent === 0) continue;
      const end = r.first + r.sent;
      for (let page = Math.floor(r.first / pageSize); page * pageSize < end; page++) {
        const bytes = Math.min(end, (page + 1) * pageSize) - Math.max(r.first, page * pageSize);
        sent.set(page, (sent.get(page) ?? 0) + bytes);
      }
    }
    return [...sent].filter(([, bytes]) => bytes > pageSize).map(([page]) => page);
  }
  forget() {
    this.requests = this.requests.filter((r) => !r.finished);
  }

  /// Stops listening and breaks every connection; `up()` listens on the same port again.
  async down() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets.keys()) socket.destroy();
    await closed;
  }
  up() {
    return this.listen(this.port);
  }
  async close() {
    for (const rule of this.rules) for (const stop of rule.stops) stop.gate?.release();
    if (this.server.listening) await this.down();
    if (this.failure) throw this.failure;
  }

  async #serve(req, res) {
    const { bucket, lookup, authorize } = this.options;
    const path = req.url.split('?')[0];
    const entry = {
      id: ++this.served,
      at: Date.now(),
      connection: this.sockets.get(req.socket),
      method: req.method,
      target: req.url,
      path,
      key: keyOf(path, bucket),
      headers: req.headers,
      rawHeaders: req.rawHeaders,
      range: req.headers.range,
      status: 0,
      sent: 0,
      first: 0,
      carriesObject: false,
      finished: false,
      aborted: false,
    };
    this.requests.push(entry);
    const gone = new Promise((resolve) => res.once('close', resolve));
    try {
      req.resume();
      this.board.changed();
      const object = entry.key === undefined ? undefined : await (lookup ?? ((key) => this.objects.get(key)))(entry.key);
      const answer = authorize?.(entry) ?? this.#answer(entry, object);
      await this.#send(entry, req, res, gone, object, answer);
    } finally {
      entry.finished = true;
      entry.aborted = !res.writableFinished;
      this.board.changed();
    }
  }

  #answer(entry, object) {
    if (entry.method !== 'GET' && entry.method !== 'HEAD') {
      return errorAnswer(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
    }
    if (!object) {
      return entry.key === undefined
        ? errorAnswer(404, 'NoSuchBucket', 'The specified bucket does not exist')
        : errorAnswer(404, 'NoSuchKey', 'The specified key does not exist.');
    }
    return answerFor(entry.headers, object);
  }

  async #send(entry, req, res, gone, object, plain) {
    let answer = plain;
    const rule = this.rules.find((r) => r.acts(entry, answer.first ?? 0, answer.body ? 0 : answer.length));
    rule?.take();
    this.board.changed();
    const delay = rule?.delayMs ?? this.options.delay;
    if (delay) await Promise.race([wait(delay), gone]);
    if (rule?.isSilent) return gone;
    if (rule?.garbageText !== undefined) {
      entry.status = -1;
      req.socket.end(rule.garbageText);
      return gone;
    }
    if ((rule?.withoutRange || rule?.withoutConditions) && object) answer = answerFor(less(entry.headers, rule), object);
    if (rule?.error) answer = errorAnswer(rule.error.status, rule.error.code, 'as the test asked', rule.error.headers);
    for (const edit of rule?.edits ?? []) edit(answer);

    entry.status = answer.status;
    entry.first = answer.first ?? 0;
    entry.carriesObject = !answer.body && req.method !== 'HEAD';
    res.writeHead(answer.status, { 'x-amz-request-id': `F${entry.id}`, Server: 'FakeS3', ...answer.headers });
    if (req.method === 'HEAD' || answer.length === 0) return finish(res, gone);
    if (answer.body) {
      entry.sent = answer.body.length;
      return finish(res, gone, answer.body);
    }
    res.flushHeaders();
    this.board.changed();
    return this.#body(entry, req, res, gone, object, answer, rule);
  }

  async #body(entry, req, res, gone, object, answer, rule) {
    const end = answer.first + answer.length;
    const stops = [...(rule?.stops ?? [])].sort((a, b) => a.offset - b.offset);
    const rate = rule?.rate ?? this.options.rate;
    const started = Date.now();
    let closed = false;
    gone.then(() => (closed = true));
    for (let at = answer.first; !closed; ) {
      while (stops.length > 0 && stops[0].offset === at) {
        const stop = stops.shift();
        if (stop.kind === 'pause') await Promise.race([stop.gate.wait(), gone]);
        else if (stop.kind === 'reset') return req.socket.resetAndDestroy();
        else return req.socket.destroySoon();
      }
      if (closed || at === end) break;
      const until = Math.min(end, at + (rate ? pieceSize / 4 : pieceSize), stops[0]?.offset ?? end);
      await Promise.race([new Promise((resolve) => res.write(object.read(at, until - at), resolve)), gone]);
      if (closed) break;
      entry.sent += until - at;
      at = until;
      this.board.changed();
      const due = rate ? (entry.sent / rate) * 1000 - (Date.now() - started) : 0;
      if (due > 1) await Promise.race([wait(due), gone]);
    }
    return closed ? undefined : finish(res, gone);
  }
}

function keyOf(path, bucket) {
  if (!path.startsWith(`/${bucket}/`)) return undefined;
  try {
    return decodeURIComponent(path.slice(bucket.length + 2));
  } catch {
    return undefined;
  }
}

const conditions = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'];
const less = (headers, rule) => Object.fromEntries(Object.entries(headers).filter(([name]) =>
  !(rule.withoutRange && name === 'range') && !(rule.withoutConditions && conditions.includes(name))));

function finish(res, gone, body) {
  res.end(body);
  return gone;
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/// Starts a fake origin on a free port.
export function startOrigin(options) {
  return new Origin(options).listen();
}
