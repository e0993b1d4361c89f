// Fault rules of the fake servers: `origin.when('key').times(2).status(503)`. The first rule that matches a request, has
// turns left and can act on it is taken. Offsets are offsets **in the object**, whatever range a request asks for: a rule
// with offsets acts only on an answer that carries that offset.
import { within } from './wait.mjs';

export class FaultRule {
  constructor(match) {
    const named = (request) => match === undefined || request.operation === match || request.key === match;
    this.match = typeof match === 'function' ? match : named;
    this.left = Infinity;
    this.taken = 0;
    this.edits = [];
    this.stops = [];
  }

  /// Only the next `count` matching requests.
  times(count) {
    this.left = count;
    return this;
  }
  /// This status with an S3 XML error body.
  status(status, code = defaultCodes[status] ?? 'InternalError', headers = {}) {
    this.error = { status, code, headers };
    return this;
  }
  /// The head comes so many milliseconds late.
  delay(milliseconds) {
    this.delayMs = milliseconds;
    return this;
  }
  /// Holds every request that comes before `release()`, ahead of the head; gives a gate {reached, release()}. The origin
  /// answers for the object as it was when the request came.
  hold() {
    this.headGate = pauseGate();
    return this.headGate;
  }
  /// The connection carries at most so many body bytes a second.
  throttle(bytesPerSecond) {
    this.rate = bytesPerSecond;
    return this;
  }
  /// Sends the bytes before `offset`, then waits. Gives {reached, release()}: `reached` fulfils at the first pause.
  /// Every answer that carries the offset is held until `release()`; later ones pass.
  pauseAt(offset) {
    const gate = pauseGate();
    this.stops.push({ kind: 'pause', offset, gate });
    return gate;
  }
  /// Sends the bytes before `offset`, then resets the connection (RST).
  resetAt(offset) {
    this.stops.push({ kind: 'reset', offset });
    return this;
  }
  /// Sends the bytes before `offset`, then closes the connection properly (FIN): a short body.
  closeAt(offset) {
    this.stops.push({ kind: 'close', offset });
    return this;
  }
  /// The answer's Content-Range, as given.
  contentRange(value) {
    return this.header('Content-Range', value);
  }
  /// The answer's Content-Range names this total size.
  total(size) {
    return this.edit(({ headers }) => {
      if (headers['Content-Range']) headers['Content-Range'] = headers['Content-Range'].replace(/\/.*/, `/${size}`);
    });
  }
  /// 200 with the whole object, whatever range was asked.
  ignoreRange() {
    this.withoutRange = true;
    return this;
  }
  /// Preconditions are not looked at, as by stores that do not know them.
  ignoreConditions() {
    this.withoutConditions = true;
    return this;
  }
  etag(value) {
    return this.header('ETag', value);
  }
  weakEtag() {
    return this.edit(({ headers }) => (headers.ETag = `W/${headers.ETag}`));
  }
  noEtag() {
    return this.header('ETag', undefined);
  }
  encoding(coding) {
    return this.header('Content-Encoding', coding);
  }
  /// No Content-Length: the body comes chunked.
  chunked() {
    return this.header('Content-Length', undefined);
  }
  header(name, value) {
    return this.edit(({ headers }) => {
      if (value === undefined) delete headers[name];
      else headers[name] = value;
    });
  }
  /// Changes an answer's {status, headers} before it is sent.
  edit(change) {
    this.edits.push(change);
    return this;
  }
  /// Something that is no HTTP at all, then the connection closes.
  garbage(text = 'NOT-HTTP 200 maybe\r\n\r\n') {
    this.garbageText = text;
    return this;
  }
  /// Takes the request and never answers.
  silent() {
    this.isSilent = true;
    return this;
  }
  remove() {
    this.left = 0;
  }

  /// True where the rule acts on this request, whose answer would carry first..first+length-1.
  acts(request, first, length) {
    if (this.left <= 0 || !this.match(request)) return false;
    return this.stops.every(({ kind, offset, gate }) =>
      first <= offset && (kind === 'pause' ? offset < first + length && !gate.released : offset <= first + length));
  }
  take() {
    this.left -= 1;
    this.taken += 1;
  }
  /// Opens its gates.
  release() {
    for (const { gate } of this.stops) gate?.release();
    this.headGate?.release();
  }
  /// A request's fields without those that the rule has the store not know.
  known(headers) {
    const isKnown = ([name]) => !(this.withoutRange && /^(x-ms-)?range$/.test(name)) && !(this.withoutConditions && /^if-/.test(name));
    return Object.fromEntries(Object.entries(headers).filter(isKnown));
  }
}

const defaultCodes = {
  400: 'InvalidRequest', 403: 'AccessDenied', 404: 'NoSuchKey', 412: 'PreconditionFailed', 429: 'TooManyRequests',
  500: 'InternalError', 503: 'SlowDown',
};

/// A gate that stops whoever comes until it is opened: {reached, released, release(), wait()}. `reached` fulfils when the
/// first one has come, and fails where nobody comes in time.
export function pauseGate() {
  let arrive;
  let open;
  const arrived = new Promise((resolve) => (arrive = resolve));
  const opened = new Promise((resolve) => (open = resolve));
  return {
    released: false,
    get reached() {
      return within(arrived, 'somebody comes to the gate');
    },
    release() {
      this.released = true;
      open();
    },
    wait() {
      arrive();
      return opened;
    },
  };
}
