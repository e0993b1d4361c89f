// Stand-ins for apps that no test installs: what each of them says at the wire where its recipe (conf/apps) has to do with it, in
// the version that is named. An app is {version, key: of the one that everybody wants, target: where it is
// asked for, answer(request, response, s)}; `request.user` is ann, who may have it, bob, who may not, or nobody.
import { hits } from './app_contract.mjs';
import { LocalServer } from './fake_server.mjs';

const send = (res, status, body = '', headers = {}) => {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const type = typeof body === 'string' ? 'text/html; charset=utf-8' : 'application/json';
  res.writeHead(status, { 'Content-Type': type, 'Content-Length': bytes.length, ...headers });
  res.end(res.req.method === 'HEAD' ? undefined : bytes);
};

/// Files at /files/…; the contents API says who may. Who is not logged in is sent to the log-in form, or told 403 by the API.
const jupyter = {
  version: 'jupyter_server 2.17, s3contents 0.12',
  key: 'notebooks/data/a film ü.mp4',
  target: '/files/data/a%20film%20%C3%BC.mp4',
  hit: hits.revalidated,
  answer(req, res) {
    const api = req.path.startsWith('/api/contents/');
    if (!req.user) return api ? send(res, 403, { message: 'Forbidden', reason: null }) : send(res, 302, '', { Location: '/login?next=' + encodeURIComponent(req.path) });
    if (req.user !== 'ann') return send(res, 403, api ? { message: 'Forbidden', reason: null } : 'Forbidden');
    if (!api) return send(res, 404, 'what the server itself would read out of the bucket');
    const path = decodeURIComponent(req.path.slice('/api/contents/'.length));
    if (`notebooks/${path}` !== jupyter.key) return send(res, 404, { message: `No such file or directory: ${path}`, reason: null });
    return send(res, 200, { name: path.split('/').pop(), path, type: 'file', last_modified: '2026-11-28T12:00:00.000000Z', size: null,
      writable: true, content: null, format: null, mimetype: null }, { 'Content-Security-Policy': "frame-ancestors 'self'; report-uri /api/security/csp-report; default-src 'none'" });
  },
};

/// By the names of their recipes.
export const standIns = { 'jupyter-server': jupyter };

class StandIn extends LocalServer {
  attach(server) {
    server.on('request', (req, res) => {
      const [path, query = ''] = req.url.split(/\?(.*)/s);
      const user = /session=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? /^Bearer (\w+)/.exec(req.headers.authorization ?? '')?.[1];
      Object.assign(req, { path, query: new URLSearchParams(query), user: ['ann', 'bob'].includes(user) ? user : undefined });
      this.requests.push({ method: req.method, target: req.url, path, range: req.headers.range });
      req.resume();
      try {
        this.app.answer(req, res, this);
      } catch (error) {
        this.failure ??= error;
        res.destroy();
      }
    });
  }
}

/// Starts the stand-in `name`; `store`: the one whose URLs it signs.
export function startStandIn(name, store) {
  const server = new StandIn();
  Object.assign(server, { app: standIns[name], store });
  return server.listen();
}
