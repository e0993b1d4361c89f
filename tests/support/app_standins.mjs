// Stand-ins for apps that no test installs: what each of them says at the wire where its recipe (conf/apps) has to do with it, in
// the version that is named (app_standin_answers.mjs). They are asked by ann, who may have everything, bob, who may not, and
// people who are not logged in.
import { LocalServer } from './fake_server.mjs';
import { presign } from './sigv4.mjs';
import { answers } from './app_standin_answers.mjs';

export const standIns = answers;

class StandIn extends LocalServer {
  attach(server) {
    server.on('request', (req, res) => {
      const [path, query = ''] = req.url.split(/\?(.*)/s);
      const fields = req.headers;
      const user = /session=(\w+)/.exec(fields.cookie ?? '')?.[1];
      const call = { req, res, path, query: new URLSearchParams(query), method: req.method, user: ['ann', 'bob'].includes(user) ? user : undefined,
        say: (...answer) => this.#say(res, ...answer), signed: (key, more, method) => this.#signed(key, more, method), store: this.store,
        bytes: (type, more) => this.#bytes(req, res, type, more) };
      this.requests.push({ method: req.method, target: req.url, path, range: fields.range });
      req.resume();
      try {
        this.app.answer(call);
      } catch (error) {
        this.failure ??= error;
        res.destroy();
      }
    });
  }
  #say(res, status, body = '', headers = {}) {
    const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json';
    res.writeHead(status, { ...(bytes.length > 0 && { 'Content-Type': type }), 'Content-Length': bytes.length, ...headers });
    res.end(res.req.method === 'HEAD' ? undefined : bytes);
  }
  /// The signed URL of a key, as the app's SDK makes it: most sign for GET, whatever they were asked by.
  #signed(key, query, method = 'GET') {
    const { access_key_id: accessKey, secret_access_key: secretKey } = this.store.credentials;
    return presign({ endpoint: this.store.url, bucket: 'media', key, accessKey, secretKey, method, expires: 300, query });
  }
  /// The medium itself, or the part of it that was asked for, as the app would send it: other bytes than the store's, so that
  /// nobody takes them for Sluice's.
  #bytes(req, res, type, { ranges = true, ...headers } = {}) {
    const size = this.store.object(this.app.key).size;
    const [, first, last] = (ranges && /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '')) || [];
    const [from, to] = [Number(first ?? 0), Math.min(Number(last || size - 1), size - 1)];
    const part = first !== undefined && { 'Content-Range': `bytes ${from}-${to}/${size}` };
    res.writeHead(part ? 206 : 200, { 'Content-Type': type, 'Content-Length': to - from + 1, 'Accept-Ranges': 'bytes', ...part, ...headers });
    res.end(req.method === 'HEAD' ? undefined : Buffer.alloc(to - from + 1, 'the app'));
  }
}

/// Starts the stand-in `name`; `store`: the one whose URLs it signs.
export function startStandIn(name, store) {
  const server = new StandIn();
  Object.assign(server, { app: standIns[name], store });
  return server.listen();
}
