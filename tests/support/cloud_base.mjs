// What the strict little cloud services share (cloud_aws, cloud_gcs*, cloud_azure*): the fake server (fake_server.mjs) with
// more fault rules, gates, and a clock that a test can set or skew.
import { randomBytes } from 'node:crypto';
import { FakeServer } from './fake_server.mjs';
import { FaultRule } from './faults.mjs';
import { keepSecret } from './secrets.mjs';

const bodyLimit = 1 << 20;

/// A fault rule (faults.mjs: times, status, delay, hold, garbage, silent, header, edit, and for objects pauseAt, resetAt,
/// closeAt, throttle) with what credential services need besides. `status(n)` comes in the service's own error form, and
/// nothing is issued before the release of what is held, so lifetimes count from there.
export class CloudRule extends FaultRule {
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
export class CloudServer extends FakeServer {
  Rule = CloudRule;

  /// {lifetime: seconds of what is issued, tls: {key, cert} for https, port}
  constructor(world, { lifetime = 3600, tls, port } = {}) {
    super({ tls, port });
    Object.assign(this, { world, lifetime, skew: 0 });
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

  count(name) {
    return this.of(name).length;
  }
  get last() {
    return this.requests.at(-1);
  }

  entryOf(req, id) {
    const request = describe(req, id, this.now());
    request.operation = this.classify(request);
    return request;
  }
  async answer(request, req, res, gone) {
    request.body = await Promise.race([readBody(req), gone]);
    if (request.body === undefined) return;
    // Rules with offsets act on the answer's bytes, so they are looked for once it is known; all others before.
    const early = this.rules.find((r) => r.stops.length === 0 && r.acts(request, 0, 0));
    request.rule = early;
    if ((await this.beforeHead(early, request, req, gone)) || res.destroyed) return;
    const answer = this.#plain(request, early);
    const late = this.rules.find((r) => r.stops.length > 0 && r.acts(request, answer.first ?? 0, answer.length ?? 0));
    late?.take();
    for (const rule of [early, late]) for (const edit of rule?.edits ?? []) edit(answer);
    await this.#send(request, req, res, gone, answer, late ?? early);
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
      if (!rule?.withoutRange && !rule?.withoutConditions) return this.handle(request);
      // What the service sees has fewer fields, but is the same log entry.
      return this.handle(Object.assign(Object.create(request), { headers: rule.known(request.headers) }));
    } finally {
      this.instant = undefined;
    }
  }

  async #send(request, req, res, gone, answer, rule) {
    const body = answer.object ? undefined : Buffer.from(answer.body ?? '');
    request.status = answer.status;
    request.first = answer.first ?? 0;
    request.carriesObject = answer.object !== undefined && request.method !== 'HEAD';
    const headers = { Date: new Date(this.now()).toUTCString(), ...answer.headers };
    // A HEAD has the length that a GET would have, but 204 and 304 have none.
    if (body && answer.status !== 304 && answer.status !== 204) headers['Content-Length'] ??= body.length;
    res.sendDate = false;
    res.writeHead(answer.status, headers);
    if (request.carriesObject && answer.length > 0) {
      return this.sendObject(request, req, res, gone, answer.object, answer, { stops: rule?.stops, rate: rule?.rate });
    }
    res.end(request.method === 'HEAD' ? undefined : body);
    return gone;
  }
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
    body: undefined, status: 0, sent: 0, first: 0, carriesObject: false,
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
