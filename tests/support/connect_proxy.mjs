// An HTTP proxy for the tests of HTTPS_PROXY: opens tunnels by CONNECT, strictly, and to this machine whatever name it is
// asked for; so a host that no DNS knows can be reached through it alone. And a certificate for such names.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { keepSecret } from './secrets.mjs';
import { Board } from './wait.mjs';

/// A key and a certificate of its own authority for `names` (`DNS:a.test`, `IP:127.0.0.1`; none: without alternative names), in
/// files of `directory`: {key, cert: texts for node:tls, caFile}.
export function makeCertificate(directory, names, commonName = 'sluice test') {
  const [keyFile, caFile] = ['proxy-key.pem', 'proxy-cert.pem'].map((name) => path.join(directory, name));
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', `/CN=${commonName}`, ...(names.length > 0 ? ['-addext', `subjectAltName=${names.join(',')}`] : []), '-keyout', keyFile, '-out', caFile], { encoding: 'utf8' });
  if (made.error || made.status !== 0) throw made.error ?? new Error(`openssl: ${made.stderr}`);
  return { key: fs.readFileSync(keyFile, 'utf8'), cert: fs.readFileSync(caFile, 'utf8'), caFile };
}

const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);

export class ConnectProxy {
  /// {user, password: what it wants to be told, if anything; interim: whether a 103 comes before its answer}
  constructor({ user, password, interim = false } = {}) {
    Object.assign(this, { user, password, interim, port: 0 });
    if (password !== undefined) {
      keepSecret('proxy password', password);
      this.wanted = `Basic ${keepSecret('proxy credentials', Buffer.from(`${user}:${password}`).toString('base64'))}`;
    }
    /// What it was asked: {target, host, port, method, headers, status, toProxy, toOrigin: the tunnel's bytes each way}.
    this.requests = [];
    this.sockets = new Set();
    this.board = new Board();
    /// A status to refuse every tunnel with.
    this.refuse = undefined;
  }

  async listen() {
    this.server = http.createServer((req, res) => {
      // A plain request: nobody here is to send one.
      this.requests.push({ target: req.url, method: req.method, headers: req.headers, status: 405 });
      res.writeHead(405).end();
    });
    this.server.on('connection', (socket) => this.#hold(socket));
    this.server.on('connect', (req, socket, head) => this.#tunnel(req, socket, head));
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }
  #hold(socket) {
    socket.setNoDelay(true);
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
  }

  /// For HTTPS_PROXY, with the right user and password (or these).
  url({ user = this.user, password = this.password } = {}) {
    return `http://${user === undefined ? '' : `${encode(user)}:${encode(password)}@`}127.0.0.1:${this.port}`;
  }
  /// The hosts that tunnels were opened to, each once, sorted.
  get hosts() {
    return [...new Set(this.requests.filter((r) => r.status === 200).map((r) => r.host))].sort();
  }

  #tunnel(req, socket, head) {
    const [, host, port] = /^([A-Za-z0-9.\-]+|\[[0-9a-f:.]+\]):(\d+)$/.exec(req.url) ?? [];
    const request = { target: req.url, host, port: Number(port), method: req.method, headers: req.headers, toProxy: 0, toOrigin: 0 };
    this.requests.push(request);
    const answer = (status, fields = '') => {
      request.status = status;
      const interim = this.interim ? 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n' : '';
      const text = `${interim}HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${fields}`;
      if (status === 200) socket.write(`${text}\r\n`);
      else socket.end(`${text}Content-Length: 7\r\nConnection: close\r\n\r\nrefused`);
      this.board.changed();
    };
    // RFC 9112 §3.2.3 and §3.2: authority-form, and Host is the same.
    if (host === undefined || req.headers.host !== req.url || head.length > 0) return answer(400);
    if (req.headers['proxy-authorization'] !== this.wanted) return answer(407, 'Proxy-Authenticate: Basic realm="test"\r\n');
    if (this.refuse) return answer(this.refuse);
    const origin = net.connect(request.port, '127.0.0.1');
    this.#hold(origin);
    origin.once('error', () => request.status === undefined && answer(502));
    origin.once('connect', () => {
      answer(200);
      socket.on('data', (bytes) => (request.toOrigin += bytes.length));
      origin.on('data', (bytes) => (request.toProxy += bytes.length));
      socket.pipe(origin).pipe(socket);
      socket.on('close', () => origin.destroy());
      origin.on('close', () => socket.destroy());
    });
    return undefined;
  }

  /// Ends all tunnels.
  cut() {
    for (const socket of this.sockets) socket.destroy();
  }
  async close() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.cut();
    await closed;
  }
}

export const startConnectProxy = (options) => new ConnectProxy(options).listen();
