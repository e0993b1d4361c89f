// The routes of the stand-in for Open WebUI, with the app's own answers.
import { createHash, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Refusal, details } from './open_webui_access.mjs';
import { presentation, sendFile } from './open_webui_content.mjs';
import { page } from './open_webui_page.mjs';

const compressFrom = 500;

// The app's server decodes the path before it looks for a route; where that fails, nothing but the page matches.
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function json(call, status, value, headers = {}) {
  const plain = Buffer.from(JSON.stringify(value));
  const zip = plain.length >= compressFrom && /\bgzip\b/.test(call.req.headers['accept-encoding'] ?? '');
  const vary = [call.res.getHeader('Vary'), 'Accept-Encoding'].filter(Boolean).join(', ');
  const body = zip ? gzipSync(plain) : plain;
  call.res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers,
    ...(zip && { 'Content-Encoding': 'gzip', Vary: vary }) });
  call.res.end(body);
}

function text(call, status, body, type = 'text/plain; charset=utf-8') {
  call.res.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  call.res.end(call.method === 'HEAD' ? undefined : body);
}

async function readBody({ req, entry, app }, take = () => {}) {
  for await (const bytes of req) {
    entry.received += bytes.length;
    app.board.changed();
    await take(bytes);
  }
}

/// The file of a path's id, for a caller who may read it; missing and forbidden are told apart by nobody.
function readable(call, id) {
  const { access, files } = call.app;
  const user = access.identify(call.req.headers, call.path);
  const file = files.get(id);
  if (!file || !access.mayRead(user, file)) throw new Refusal(404, details.notFound);
  return file;
}

const fileJson = ({ id, userId, filename, path, data, meta, order }) => {
  const whole = { id, user_id: userId, hash: null, filename, path, data, meta, created_at: 1700000000, updated_at: 1700000000 };
  return order ? Object.fromEntries([...order, ...Object.keys(whole)].map((name) => [name, whole[name]])) : whole;
};

/// Downloads the file's whole object, then answers as `present(file)` says; any failure before the head is a 400.
async function sendStored(call, file, present) {
  try {
    const copy = await call.app.storage.get(file.path);
    const how = present();
    await sendFile(call, copy, how);
  } catch (error) {
    if (call.res.headersSent) throw error;
    throw new Refusal(400, '[ERROR: Error getting file content]');
  }
}

const nameOf = (file) => (file.meta.name === undefined ? file.filename : file.meta.name);

function stored(value) {
  if (typeof value !== 'string') throw new TypeError('a name is needed');
  return value;
}

const truths = { true: true, 1: true, on: true, yes: true, t: true, y: true };
const falsehoods = { false: true, 0: true, off: true, no: true, f: true, n: true };

function attachmentOf(call) {
  const input = call.query.getAll('attachment').pop();
  if (input === undefined || falsehoods[input.toLowerCase()]) return false;
  if (truths[input.toLowerCase()]) return true;
  throw new Refusal(422, [{ type: 'bool_parsing', loc: ['query', 'attachment'],
    msg: 'Input should be a valid boolean, unable to interpret input', input }]);
}

async function content(call, id) {
  call.app.access.identify(call.req.headers, call.path);
  const attachment = attachmentOf(call);
  const file = readable(call, id);
  return sendStored(call, file, () => presentation(stored(nameOf(file)), file.meta.content_type, attachment, file.path));
}

async function html(call, id) {
  const file = readable(call, id);
  if (call.app.access.users.get(file.userId)?.role !== 'admin') throw new Refusal(404, details.notFound);
  return sendStored(call, file, () => ({ type: presentation(file.filename, undefined, true).type }));
}

async function named(call, id) {
  const file = readable(call, id);
  return sendStored(call, file, () => presentation(stored(nameOf(file)), undefined, true, file.path));
}

async function removeFile(call, id) {
  const { app } = call;
  const user = app.access.identify(call.req.headers, call.path);
  const file = app.files.get(id);
  if (!file || (user.role !== 'admin' && file.userId !== user.id)) throw new Refusal(404, details.notFound);
  app.files.delete(id);
  await app.storage.remove(file.path);
  return json(call, 200, { message: 'File deleted successfully' });
}

async function removeAll(call) {
  const { app } = call;
  app.access.admin(call.req.headers, call.path);
  const all = [...app.files.values()];
  app.files.clear();
  for (const file of all) await app.storage.remove(file.path);
  return json(call, 200, { message: 'All files deleted successfully' });
}

function list(call) {
  const { access, files } = call.app;
  const user = access.identify(call.req.headers, call.path);
  const mine = [...files.values()].filter((file) => access.mayRead(user, file));
  return json(call, 200, mine.map(({ data, ...file }) => fileJson(file)));
}

async function upload(call) {
  call.app.access.identify(call.req.headers, call.path);
  const hash = createHash('sha256');
  await readBody(call, (bytes) => void hash.update(bytes));
  return json(call, 200, { id: randomUUID(), received: call.entry.received, sha256: hash.digest('hex') });
}

async function echo(call) {
  const { req, res, gone } = call;
  const length = req.headers['content-length'];
  res.writeHead(200, { 'Content-Type': 'application/octet-stream', ...(length && { 'Content-Length': length }) });
  res.flushHeaders();
  await readBody(call, (bytes) => (res.write(bytes) ? undefined
    : Promise.race([new Promise((resolve) => res.once('drain', resolve)), gone])));
  res.end();
}

async function completions(call) {
  const { app, req, res } = call;
  app.access.identify(req.headers, call.path);
  await readBody(call);
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  res.flushHeaders();
  app.eventStreams.add(res);
  res.on('close', () => {
    app.eventStreams.delete(res);
    app.board.changed();
  });
  app.board.changed();
}

async function readJson(call) {
  const parts = [];
  await readBody(call, (bytes) => void parts.push(bytes));
  return JSON.parse(Buffer.concat(parts).toString() || '{}');
}

async function rename(call, id) {
  const form = await readJson(call);
  const file = readable(call, id);
  file.filename = form.filename;
  file.meta.name = form.filename;
  return json(call, 200, fileJson(file));
}

/// A user's role and password, by an admin.
async function updateUser(call, id) {
  const form = await readJson(call);
  call.app.access.admin(call.req.headers, call.path);
  const user = call.app.access.users.get(id);
  if (!user) throw new Refusal(400, details.notFound);
  Object.assign(user, form);
  return json(call, 200, { id: user.id, role: user.role });
}

/// Who may read what is in a knowledge base; here: which files are shared with whom.
async function updateGrants(call) {
  const { file_id: id, user_ids: users } = await readJson(call);
  const file = readable(call, id);
  file.sharedWith = new Set(users);
  return json(call, 200, { files: [file.id] });
}

/// Out of a knowledge base, which deletes the file and its object by default, unless it is to be kept.
async function removeFromKnowledge(call) {
  const { file_id: id } = await readJson(call);
  if (call.query.get('delete_file') !== 'false') {
    const { app } = call;
    const file = readable(call, id);
    app.files.delete(id);
    await app.storage.remove(file.path);
  }
  return json(call, 200, { files: [] });
}

async function signIn(call) {
  const { access } = call.app;
  const { email = '', password } = await readJson(call);
  const { trustedHeader } = access;
  if (trustedHeader && !call.req.headers[trustedHeader]) throw new Refusal(400, 'Your provider has not provided a trusted header. Please contact your administrator for assistance.');
  // Who a proxy before the app names needs no password.
  const user = access.byEmail(trustedHeader ? call.req.headers[trustedHeader] : email);
  if (!user || (!trustedHeader && user.password !== password)) throw new Refusal(400, 'The email or password provided is incorrect.');
  const token = access.logIn(user);
  return json(call, 200, { token, token_type: 'Bearer', id: user.id, email: user.email, name: user.name, role: user.role },
    { 'Set-Cookie': `token=${token}; Path=/; HttpOnly; SameSite=Lax` });
}

function signOut(call) {
  const { access } = call.app;
  access.revoke(access.credential(call.req.headers));
  json(call, 200, { status: true }, { 'Set-Cookie': 'token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax' });
}

function session(call) {
  const { id, email, name, role } = call.app.access.identify(call.req.headers, call.path);
  json(call, 200, { id, email, name, role });
}

function preflight(call) {
  call.res.setHeader('Access-Control-Allow-Methods', 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT');
  call.res.setHeader('Access-Control-Max-Age', '600');
  call.res.setHeader('Access-Control-Allow-Headers', call.req.headers['access-control-request-headers'] ?? '');
  text(call, 200, 'OK');
}

// In the app's order: `/content/html` before `/content/{file_name}`, `/files/all` before `/files/{id}`. HEAD has no route.
const routes = [
  ['GET', /^\/health$/, (call) => json(call, 200, { status: true })],
  ['GET', /^\/ready$/, (call) => json(call, call.app.ready ? 200 : 503, { status: call.app.ready })],
  ['POST', /^\/api\/v1\/auths\/signin$/, signIn],
  ['GET', /^\/api\/v1\/auths\/signout$/, signOut],
  ['GET', /^\/api\/v1\/auths\/$/, session],
  ['POST', /^\/api\/v1\/files\/$/, upload],
  ['GET', /^\/api\/v1\/files\/$/, list],
  ['DELETE', /^\/api\/v1\/files\/all$/, removeAll],
  ['GET', /^\/api\/v1\/files\/([^/]+)$/, (call, id) => json(call, 200, fileJson(readable(call, id)))],
  ['DELETE', /^\/api\/v1\/files\/([^/]+)$/, removeFile],
  ['GET', /^\/api\/v1\/files\/([^/]+)\/content$/, content],
  ['GET', /^\/api\/v1\/files\/([^/]+)\/content\/html$/, html],
  ['GET', /^\/api\/v1\/files\/([^/]+)\/content\/([^/]+)$/, named],
  ['POST', /^\/api\/v1\/files\/([^/]+)\/rename$/, rename],
  ['POST', /^\/api\/v1\/users\/([^/]+)\/update$/, updateUser],
  ['POST', /^\/api\/v1\/knowledge\/[^/]+\/access\/update$/, updateGrants],
  ['POST', /^\/api\/v1\/knowledge\/[^/]+\/file\/remove$/, removeFromKnowledge],
  ['POST', /^\/api\/chat\/completions$/, completions],
  ['POST', /^\/stand-in\/echo$/, echo],
];

async function route(call) {
  const { headers } = call.req;
  if (call.method === 'OPTIONS' && headers.origin && headers['access-control-request-method']) return preflight(call);
  for (const [method, pattern, handler] of routes) {
    const match = method === call.method ? pattern.exec(call.path) : null;
    if (match) return handler(call, ...match.slice(1));
  }
  if (call.method !== 'GET' && call.method !== 'HEAD') throw new Refusal(405, 'Method Not Allowed');
  return text(call, 200, page, 'text/html; charset=utf-8');
}

/// Answers one request. `call`: {app, req, res, gone, entry: {method, path (raw), …}, query}. A Refusal becomes its JSON.
export async function answer(given) {
  const call = { ...given, method: given.entry.method, path: decoded(given.entry.path) };
  try {
    await route(call);
  } catch (error) {
    if (!(error instanceof Refusal) || call.res.headersSent) throw error;
    json(call, error.status, { detail: error.detail });
  }
}
