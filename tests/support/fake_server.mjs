// What the stand-in app (app.mjs), the fake origin (origin.mjs) and the strict cloud services (cloud_base.mjs) share: an http
// server with a log of what it was asked; and the latter two: fault rules (faults.mjs) and the sending of an object by them.
import http from 'node:http';
import https from 'node:https';
import { Board } from './wait.mjs';

const pieceSize = 64 * 1024;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/// An http server of a test, on a port that the system chose. A subclass gives `attach(server)`, where it says what the server
/// does with requests, and keeps its log in `requests`, each with `finished`.
export class LocalServer {
  /// {tls: {key, cert} for https, port, settings: of Node's server}
  constructor({ tls, port = 0, settings = {} } = {}) {
    Object.assign(this, { tls, port, settings, requests: [], board: new Board(), sockets: new Map(), connections: 0, served: 0 });
  }

  async listen(port = this.port) {
    this.server = (this.tls ? https : http).createServer({ keepAliveTimeout: 60000, ...this.settings, ...this.tls });
    this.attach(this.server);
    this.server.on(this.tls ? 'secureConnection' : 'connection', (socket) => {
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
  get authority() {
    return `127.0.0.1:${this.port}`;
  }
  get url() {
    return `${this.tls ? 'https' : 'http'}://${this.authority}`;
  }

  /// Fulfils with the first logged request, past or to come, for which `predicate` holds.
  waitFor(predicate, what, timeout) {
    return this.board.until(() => this.requests.find(predicate), what ?? `a request with ${predicate}`, timeout);
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
    return this.listen();
  }
  /// Ends it; fails where serving failed (`failure`).
  async close() {
    if (this.server.listening) await this.down();
    if (this.failure) throw this.failure;
  }
}

/// Base of the fake origin and of the cloud services. A subclass gives
///   entryOf(req, id)             → the log entry: at least {sent: 0}
///   answer(entry, req, res, gone) → a promise: the end of the answer; `gone` fulfils when `res` closes, however that comes
///   Rule                          the class of its fault rules
export class FakeServer extends LocalServer {
  rules = [];

  attach(server) {
    server.on('request', (req, res) => this.#serve(req, res).catch((error) => {
      this.failure ??= error;
      res.destroy();
    }));
  }

  /// A new fault rule for a key or an operation, for requests that `match` a predicate, or for all. See faults.mjs.
  when(match) {
    const rule = new this.Rule(match);
    this.rules.push(rule);
    return rule;
  }
  /// Forgets all rules; whoever they hold goes on.
  clearRules() {
    for (const rule of this.rules) rule.release();
    this.rules = [];
  }
  /// Logged requests for an object or an operation (all where none is named).
  of(name) {
    return this.requests.filter((r) => name === undefined || r.operation === name || r.key === name);
  }
  async close() {
    this.clearRules();
    await super.close();
  }

  async #serve(req, res) {
    const entry = this.entryOf(req, ++this.served);
    Object.assign(entry, { finished: false, aborted: false, connection: this.sockets.get(req.socket) });
    this.requests.push(entry);
    const gone = new Promise((resolve) => res.once('close', resolve));
    try {
      this.board.changed();
      await this.answer(entry, req, res, gone);
    } finally {
      entry.finished = true;
      entry.aborted = !res.writableFinished;
      this.board.changed();
    }
  }

  /// Takes a turn of `rule` (perhaps undefined) and does what it has come before a head, at the latest until `gone`: waits,
  /// is silent, says what is no HTTP. True where no head is to follow.
  async beforeHead(rule, entry, req, gone, delay = rule?.delayMs) {
    rule?.take();
    this.board.changed();
    if (rule?.headGate) await Promise.race([rule.headGate.wait(), gone]);
    if (delay) await Promise.race([wait(delay), gone]);
    if (!rule?.isSilent && rule?.garbageText === undefined) return false;
    if (!rule.isSilent) {
      entry.status = -1;
      req.socket.end(rule.garbageText);
    }
    await gone;
    return true;
  }

  /// Sends bytes first..first+length-1 of `object` as the body of `res`, whose head is written: at `rate` bytes a second where
  /// it is not 0, held and cut where the rule's `stops` say. `entry.sent` counts what was handed over.
  async sendObject(entry, req, res, gone, object, { first, length }, { stops = [], rate = 0 }) {
    const end = first + length;
    const left = [...stops].sort((a, b) => a.offset - b.offset);
    const started = Date.now();
    res.flushHeaders();
    this.board.changed();
    for (let at = first; !res.destroyed; ) {
      while (left.length > 0 && left[0].offset === at) {
        const stop = left.shift();
        if (stop.kind === 'pause') await Promise.race([stop.gate.wait(), gone]);
        else if (stop.kind === 'reset') return req.socket.resetAndDestroy();
        else return req.socket.destroySoon();
      }
      if (res.destroyed || at === end) break;
      const until = Math.min(end, at + (rate ? pieceSize / 4 : pieceSize), left[0]?.offset ?? end);
      await Promise.race([new Promise((resolve) => res.write(object.read(at, until - at), resolve)), gone]);
      if (res.destroyed) break;
      entry.sent += until - at;
      at = until;
      this.board.changed();
      const due = rate ? (entry.sent / rate) * 1000 - (Date.now() - started) : 0;
      if (due > 1) await Promise.race([wait(due), gone]);
    }
    if (!res.destroyed) res.end();
    return gone;
  }
}
