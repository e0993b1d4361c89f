// What the strict little cloud services share (cloud_aws, cloud_gcs*, cloud_azure*): one http server on a port that the
// system chose, a log of what was asked, fault rules, gates, and a clock that a test can set or skew.
import http from 'node:http';
import https from 'node:https';
import { randomBytes } from 'node:crypto';
import { FaultRule, pauseGate } from './faults.mjs';
import { keepSecret } from './secrets.mjs';
import { Board } from './wait.mjs';

const pieceSize = 64 * 1024;
const bodyLimit = 1 << 20;

/// A fault rule (faults.mjs: times, status, delay, garbage, silent, header, edit, and for objects pauseAt, resetAt,
/// closeAt, throttle) with what credential services need besides. `status(n)` comes in the service's own error form.
export class CloudRule extends FaultRule {
  /// Holds the request before it is looked at; gives a gate {reached, release()} (see faults.mjs). Nothing is issued
  /// before the release, so lifetimes count from there.
  hold() {
    this.headGate = pauseGate();
    return this.headGate;
  }
  /// 200 (or `status`) with this body in place of the right answer.
  body(text, { status = 200, headers = {} } = {}) {
    this.fixed = { status, headers, body: text };
    return this;
  }
  /// 200 with no body.
  empty() {
    return this.body('');
  }
  /// A credential issued under this rule lives so many seconds: below 0 it is expired already.
  lifetime(seconds) {
    this.lifetimeSeconds = seconds;
    return this;
  }
}

/// What the services of one cloud have in common: the clock, what was issued, and every secret that exists there.
export class CloudWorld {
  constructor() {
    /// Milliseconds since 1970, for all its servers; a test may put another function here.
    this.time = Date.now;
    /// Records of what was issued, each with `expires` (ms).
    this.issued = [];
    /// Every secret text made or held here, for the test that no log has one.
    this.secrets = new Set();
    this.servers = [];
  }

  secret(text) {
    this.secrets.add(text);
    return keepSecret('secret of a cloud', text);
  }
  /// A new opaque secret of about 40 characters.
  newSecret(prefix = '') {
    return this.secret(prefix + randomBytes(30).toString('base64url'));
  }
  /// Keeps and gives a record of something issued.
  issue(record) {
    this.issued.push(record);
    return record;
  }
  /// Starts `server` and ends it in `close()`.
  async start(server) {
    await server.listen();
    this.servers.push(server);
    return server;
  }
  async close() {
    const ends = await Promise.allSettled(this.servers.map((server) => server.close()));
    const failed = ends.find(({ status }) => status === 'rejected');
    if (failed) throw failed.reason;
  }
}

/// Base of every service. A subclass gives
///   classify(request)     → the operation's name, before anything is checked (rules and counts go by it; may set `key`)
///   handle(request)       → {status, headers, body} or {status, headers, object, first, length}; see `refuse`
///   fault(request, status) → an error answer of that status in the service's own form
export class CloudServer {
  /// {lifetime: seconds of what is issued, tls: {key, cert} for https, port}
  constructor(world, { lifetime = 3600, tls, port = 0 } = {}) {
    Object.assign(this, { world, lifetime, tls, port, skew: 0, requests: [], rules: [], board: new Board() });
    this.sockets = new Set();
    this.served = 0;
  }

  async listen() {
    const serve = (req, res) => this.#serve(req, res).catch((error) => {
      this.failure ??= error;
      res.destroy();
    });
    const options = { keepAliveTimeout: 60000, ...this.tls };
    this.server = this.tls ? https.createServer(options, serve) : http.createServer(options, serve);
    this.server.on(this.tls ? 'secureConnection' : 'connection', (socket) => {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
    });
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }

  get authority() {
    return `127.0.0.1:${this.port}`;
  }
  get url() {
    return `${this.tls ? 'https' : 'http'}://${this.authority}`;
  }
  /// This server's clock in ms: the world's and `skew` seconds. Its Date field shows it. It stands still while one request
  /// is handled, so that a lifetime of 3600 is told as 3600.
  now() {
    return this.instant ?? this.world.time() + this.skew * 1000;
  }
  /// When something issued for this request ends (ms): the rule's lifetime, else the server's (or `seconds`).
  expiry(request, seconds = this.lifetime) {
    return this.now() + (request.rule?.lifetimeSeconds ?? seconds) * 1000;
  }

  /// A new rule for an operation's or object's name, for requests that match a predicate, or for all.
  when(match) {
    const named = (request) => match === undefined || request.operation === match || request.key === match;
    const rule = new CloudRule(typeof match === 'function' ? match : named);
    this.rules.push(rule);
    return rule;
  }
  clearRules() {
    for (const rule of this.rules) releaseAll(rule);
    this.rules = [];
  }
  /// Logged requests of an operation or object (all where none is named).
  of(name) {
    return this.requests.filter((r) => name === undefined || r.operation === name || r.key === name);
  }
  count(name) {
    return this.of(name).length;
  }
  get last() {
    return this.requests.at(-1);
  }
  /// Fulfils with the first logged request, past or to come, for which `predicate` holds.
  waitFor(predicate, what, timeout) {
    return this.board.until(() => this.requests.find(predicate), what ?? `a request with ${predicate}`, timeout);
  }
  forget() {
    this.requests = this.requests.filter((r) => !r.finished);
  }
  async close() {
    this.clearRules();
    if (this.server.listening) {
      const closed = new Promise((resolve) => this.server.close(resolve));
      for (const socket of this.sockets) socket.destroy();
      await closed;
    }
    if (this.failure) throw this.failure;
  }

  async #serve(req, res) {
    const request = describe(req, ++this.served, this.now());
    request.operation = this.classify(request);
    this.requests.push(request);
    const gone = new Promise((resolve) => res.once('close', resolve));
    try {
      this.board.changed();
      request.body = await Promise.race([readBody(req), gone]);
      if (request.body !== undefined) await this.#answer(request, req, res, gone);
    } finally {
      request.finished = true;
      request.aborted = !res.writableFinished;
      this.board.changed();
    }
  }

  async #answer(request, req, res, gone) {
    // Rules with offsets act on the answer's bytes, so they are looked for once it is known; all others before.
    const early = this.rules.find((r) => r.stops.length === 0 && r.acts(request, 0, 0));
    request.rule = early;
    early?.take();
    this.board.changed();
    if (early?.headGate) await Promise.race([early.headGate.wait(), gone]);
    if (early?.delayMs) await Promise.race([new Promise((resolve) => setTimeout(resolve, early.delayMs)), gone]);
    if (early?.isSilent) return gone;
    if (early?.garbageText !== undefined) {
      request.status = -1;
      req.socket.end(early.garbageText);
      return gone;
    }
    if (res.destroyed) return undefined;
    const answer = this.#plain(request, early);
    const late = this.rules.find((r) => r.stops.length > 0 && r.acts(request, answer.first ?? 0, answer.length ?? 0));
    late?.take();
    for (const rule of [early, late]) for (const edit of rule?.edits ?? []) edit(answer);
    return this.#send(request, res, gone, answer, late ?? early);
  }

  #plain(request, rule) {
    this.instant = this.now();
    try {
      if (rule?.error) {
        const answer = this.fault(request, rule.error.status);
        Object.assign(answer.headers, rule.error.headers);
        return answer;
      }
      if (rule?.fixed) return { ...rule.fixed, headers: { ...rule.fixed.headers } };
      return this.handle(rule?.withoutRange || rule?.withoutConditions ? less(request, rule) : request);
    } finally {
      this.instant = undefined;
    }
  }

  async #send(request, res, gone, answer, rule) {
    const body = answer.object ? undefined : Buffer.from(answer.body ?? '');
    request.status = answer.status;
    request.first = answer.first ?? 0;
    request.carriesObject = answer.object !== undefined && request.method !== 'HEAD';
    const headers = { Date: new Date(this.now()).toUTCString(), ...answer.headers };
    // A HEAD has the length that a GET would have, but 204 and 304 have none.
    if (body && answer.status !== 304 && answer.status !== 204) headers['Content-Length'] ??= body.length;
    res.sendDate = false;
    res.writeHead(answer.status, headers);
    if (request.method === 'HEAD' || !answer.object || answer.length === 0) {
      res.end(request.method === 'HEAD' ? undefined : body);
      return gone;
    }
    res.flushHeaders();
    return this.#stream(request, res, gone, answer, rule);
  }

  async #stream(request, res, gone, { object, first, length }, rule) {
    const end = first + length;
    const stops = [...(rule?.stops ?? [])].sort((a, b) => a.offset - b.offset);
    const started = Date.now();
    for (let at = first; !res.destroyed; ) {
      while (stops.length > 0 && stops[0].offset === at) {
        const stop = stops.shift();
        if (stop.kind === 'pause') await Promise.race([stop.gate.wait(), gone]);
        else if (stop.kind === 'reset') return res.socket.resetAndDestroy();
        else return res.socket.destroySoon();
      }
      if (res.destroyed || at === end) break;
      const until = Math.min(end, at + pieceSize, stops[0]?.offset ?? end);
      await Promise.race([new Promise((resolve) => res.write(object.read(at, until - at), resolve)), gone]);
      request.sent += until - at;
      at = until;
      this.board.changed();
      const due = rule?.rate ? (request.sent / rule.rate) * 1000 - (Date.now() - started) : 0;
      if (due > 1) await Promise.race([new Promise((resolve) => setTimeout(resolve, due)), gone]);
    }
    if (!res.destroyed) res.end();
    return gone;
  }
}

/// The request without the fields that the rule has the service not know. It stays the same log entry.
function less(request, rule) {
  const known = ([name]) => !(rule.withoutRange && /^(x-ms-)?range$/.test(name)) && !(rule.withoutConditions && /^if-/.test(name));
  return Object.assign(Object.create(request), { headers: Object.fromEntries(Object.entries(request.headers).filter(known)) });
}

function releaseAll(rule) {
  rule.headGate?.release();
  for (const stop of rule.stops) stop.gate?.release();
}

async function readBody(req) {
  const parts = [];
  let size = 0;
  try {
    for await (const part of req) {
      size += part.length;
      if (size > bodyLimit) throw new Error('a body far too long');
      parts.push(part);
    }
  } catch {
    req.destroy();
    return undefined;
  }
  return Buffer.concat(parts);
}

/// Decoded pairs of a raw query; undefined where a percent triplet is broken.
export function parseQuery(raw) {
  const decode = (text) => decodeURIComponent(text.replace(/\+/g, ' '));
  try {
    return (raw ?? '').split('&').filter((part) => part !== '').map((part) => {
      const cut = part.indexOf('=');
      return cut < 0 ? [decode(part), ''] : [decode(part.slice(0, cut)), decode(part.slice(cut + 1))];
    });
  } catch {
    return undefined;
  }
}

function describe(req, id, at) {
  const [path, query] = req.url.split(/\?(.*)/s);
  const pairs = parseQuery(query);
  return {
    id, at, method: req.method, target: req.url, path, host: req.headers.host ?? '', headers: req.headers,
    rawHeaders: req.rawHeaders, address: req.socket.remoteAddress, pairs: pairs ?? [], brokenQuery: pairs === undefined,
    /// The one value of a query parameter; undefined where it is absent or repeated.
    param(name) {
      const found = this.pairs.filter(([n]) => n === name);
      return found.length === 1 ? found[0][1] : undefined;
    },
    bearer: /^Bearer ([A-Za-z0-9\-._~+/]+=*)$/.exec(req.headers.authorization ?? '')?.[1],
    body: undefined, status: 0, sent: 0, first: 0, carriesObject: false, finished: false, aborted: false,
  };
}

/// The fields of a form body; undefined where the request does not say that it is one, or a field comes twice.
export function readForm(request) {
  if (!/^application\/x-www-form-urlencoded(;|$)/i.test(request.headers['content-type'] ?? '')) return undefined;
  const pairs = parseQuery(request.body.toString());
  if (!pairs || new Set(pairs.map(([name]) => name)).size !== pairs.length) return undefined;
  return Object.fromEntries(pairs);
}

export function json(status, value, headers = {}) {
  return { status, headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers }, body: JSON.stringify(value) };
}
export function text(status, body, headers = {}) {
  return { status, headers: { 'Content-Type': 'text/plain', ...headers }, body };
}
export function xml(status, body, headers = {}) {
  return { status, headers: { 'Content-Type': 'application/xml', ...headers }, body: `<?xml version="1.0" encoding="utf-8"?>${body}` };
}
export const escapeXml = (value) =>
  String(value).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
/// RFC 3339 without fraction, UTC.
export const isoTime = (time) => new Date(time).toISOString().replace(/\.\d+/, '');
