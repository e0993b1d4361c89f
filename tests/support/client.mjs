// An HTTP/1.1 client for tests: hashes what it gets, says whether the body was whole, can read slowly, stop reading, or
// break off; and raw connections for what no well-behaved client sends.
import http from 'node:http';
import net from 'node:net';
import { createHash } from 'node:crypto';
import { Board } from './wait.mjs';

/// A server that says nothing for so long hangs: the exchange fails instead of the whole test run.
const silence = 60000;

/// A pool of kept-alive connections for `agent`; close it with `agent.destroy()`.
export const keepAlive = (maxSockets = Infinity) => new http.Agent({ keepAlive: true, maxSockets });

/// One running request. `head` fulfils with {status, headers}; `firstByte` with the body's first bytes; `done` with the
/// result and never rejects: {status, headers, rawHeaders, sha256, length, complete, error, body?, order}.
/// `complete` is false where the body was cut short or no answer came (then `status` is 0).
export class Exchange {
  /// {method, headers, agent, body, keep: true keeps `body`, each: called with the bytes as they come, rate: bytes/s to read
  /// at, paused: read no body until resume(), abortAfter: break off after so many body bytes, patience: ms to wait for the
  /// head and in silence}
  constructor(url, options = {}) {
    this.options = options;
    this.received = 0;
    this.board = new Board();
    const hash = createHash('sha256');
    const parts = [];
    const result = { status: 0, headers: {}, rawHeaders: [], sha256: '', length: 0, complete: false, error: null };
    this.result = result;
    const finish = (error) => {
      if (result.finished) return;
      const body = options.keep ? Buffer.concat(parts) : undefined;
      Object.assign(result, { finished: true, error: error ?? null, length: this.received, sha256: hash.digest('hex'), body });
      this.settle(result);
      this.board.changed();
    };
    this.done = new Promise((resolve) => (this.settle = resolve));
    this.head = this.board.until(() => (result.status > 0 || result.finished) && result, `a head from ${url}`, options.patience ?? 40000);
    this.firstByte = this.board.until(() => (this.received > 0 || result.finished) && result, `a byte from ${url}`, options.patience ?? 40000);
    this.head.catch(finish);
    this.firstByte.catch(() => {});
    this.request = http.request(url, { method: options.method ?? 'GET', headers: options.headers, agent: options.agent ?? false });
    this.request.on('error', finish);
    const quiet = options.patience ?? silence;
    this.request.setTimeout(quiet, () => this.request.destroy(new Error(`nothing came for ${quiet} ms`)));
    this.request.on('response', (response) => {
      this.response = response;
      Object.assign(result, { status: response.statusCode, headers: response.headers, rawHeaders: response.rawHeaders });
      response.on('error', finish).on('close', () => {
        result.complete = response.complete;
        finish(response.complete ? null : new Error('the body was cut short'));
      });
      response.on('end', () => (result.complete = response.complete));
      this.board.changed();
      const take = (bytes) => {
        if (result.finished) return; // what comes behind an error
        hash.update(bytes);
        if (options.keep) parts.push(bytes);
        options.each?.(bytes);
        this.received += bytes.length;
        this.board.changed();
        if (options.abortAfter !== undefined && this.received >= options.abortAfter) this.abort();
        else if (options.rate) this.#slow();
      };
      if (options.paused) this.resume = () => response.on('data', take);
      else response.on('data', take);
    });
    if (options.body === undefined) this.request.end();
    else if (typeof options.body.pipe === 'function') options.body.pipe(this.request);
    else this.request.end(options.body);
  }

  #slow() {
    this.started ??= Date.now();
    const due = (this.received / this.options.rate) * 1000 - (Date.now() - this.started);
    if (due <= 1) return;
    this.response.pause();
    setTimeout(() => this.response.resume(), due);
  }
  /// Reads at full speed from now on.
  hurry() {
    this.options.rate = 0;
    this.response?.resume();
  }
  abort() {
    this.request.destroy();
  }
  /// Fulfils once `bytes` body bytes came.
  reached(bytes, timeout) {
    return this.board.until(() => this.received >= bytes, `${bytes} body bytes`, timeout);
  }
}

export const open = (url, options) => new Exchange(url, options);
export const get = (url, options) => new Exchange(url, options).done;
export const range = (first, last = '') => ({ Range: `bytes=${first}-${last}` });

/// A TCP connection on which the test says each byte. `received` is a Buffer of all that came so far.
export class RawConnection {
  constructor(socket) {
    this.socket = socket;
    this.received = Buffer.alloc(0);
    this.parts = [];
    this.ended = false;
    this.closed = false;
    this.error = null;
    this.board = new Board();
    socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.board.changed();
    });
    socket.on('end', () => this.#set('ended'));
    socket.on('close', () => this.#set('closed'));
    socket.on('error', (error) => (this.error = error));
  }
  #set(what) {
    this[what] = true;
    this.board.changed();
  }
  /// Sends text (latin1: one byte a character) or bytes; fulfils once the kernel has them.
  send(data) {
    return new Promise((resolve) => this.socket.write(data, 'latin1', () => resolve()));
  }
  /// Ends our direction only.
  end() {
    this.socket.end();
  }
  destroy() {
    this.socket.destroy();
  }
  reset() {
    this.socket.resetAndDestroy();
  }
  get text() {
    return this.received.toString('latin1');
  }
  /// Fulfils with all text so far once it holds `pattern` (string or RegExp); fails where the peer ends before.
  until(pattern, timeout) {
    const holds = () => (typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text));
    return this.board.until(() => {
      if (holds()) return this.text || true;
      if (this.ended || this.closed) throw new Error(`ended before ${pattern}: ${JSON.stringify(this.text.slice(0, 500))}`);
      return false;
    }, `${pattern} from the peer`, timeout);
  }
  /// Fulfils with all that came once the peer has ended or closed.
  async untilEnd(timeout) {
    await this.board.until(() => this.ended || this.closed, 'the end of the peer', timeout);
    return this.text;
  }
  /// Takes the next whole response off `received`: {status, headers, body}; Content-Length, chunked, or to the end.
  async response({ head = false, timeout } = {}) {
    await this.until('\r\n\r\n', timeout);
    const cut = this.text.indexOf('\r\n\r\n');
    const lines = this.text.slice(0, cut).split('\r\n');
    const status = Number(lines[0].split(' ')[1]);
    const headers = {};
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    let end = cut + 4;
    const start = end;
    const bodiless = head || status < 200 || status === 204 || status === 304;
    if (bodiless) end = start;
    else if (headers['content-length'] !== undefined) end = start + Number(headers['content-length']);
    else if (headers['transfer-encoding'] === 'chunked') {
      await this.until(/\r\n0\r\n(.*\r\n)*\r\n/, timeout);
      end = start + /^[^]*?(?:^|\r\n)0\r\n(?:.+\r\n)*\r\n/.exec(this.text.slice(start))[0].length;
    } else {
      await this.untilEnd(timeout);
      end = this.received.length;
    }
    await this.board.until(() => this.received.length >= end || this.ended || this.closed, 'the whole body', timeout);
    const body = this.received.subarray(start, end);
    this.received = this.received.subarray(end);
    return { status, line: lines[0], headers, body };
  }
}

/// A raw connection to 127.0.0.1:port. It is half-open where the peer ends first.
export function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new RawConnection(socket));
    });
  });
}

/// Sends `bytes` on a connection of its own and gives the first response.
export async function exchange(port, bytes, options) {
  const connection = await connect(port);
  try {
    await connection.send(bytes);
    return await connection.response(options);
  } finally {
    connection.destroy();
  }
}

/// A server of raw connections: `serve(connection)` is called for each. Gives {port, connections, close()}.
export async function rawServer(serve) {
  const connections = [];
  let failure;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const connection = new RawConnection(socket);
    connections.push(connection);
    Promise.resolve(serve(connection)).catch((error) => {
      failure ??= error;
      socket.destroy();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    url: `http://127.0.0.1:${server.address().port}`,
    connections,
    async close() {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (failure) throw failure;
    },
  };
}
