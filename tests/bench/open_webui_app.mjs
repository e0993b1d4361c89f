// The benchmark's Open WebUI: the tests' stand-in, which downloads an object whole for every request, with a way to put
// files and to read what it was asked.
//
//   node open_webui_app.mjs --port N --control N --origin http://127.0.0.1:N [--bucket bench]
//
//   GET  /            {token, requests: all since the last reset, most: downloads at once, all: downloads}
//   POST /add?key=K   a file of the object K: {id};   POST /reset   counters to 0        (on the control port)
import http from 'node:http';
import { startOpenWebui } from '../support/open_webui.mjs';
import { readOptions } from '../support/options.mjs';

const options = readOptions({ port: 0, control: 0, origin: '', bucket: 'bench' });
const app = await startOpenWebui({ port: options.port, storage: { endpoint: options.origin, bucket: options.bucket,
  accessKey: 'BENCHBENCHBENCHBENCH', secretKey: 'benchbenchbenchbenchbenchbenchbenchbench' } });
const owner = app.access.addUser('bench');
const token = app.access.logIn(owner);

const commands = {
  '/': () => ({ token, requests: app.requests.length, most: app.storage.downloads.most, all: app.storage.downloads.all }),
  '/add': (query) => ({ id: app.addFile({ owner, name: 'film.mp4', path: app.storage.uri(query.get('key')) }).id }),
  '/reset'() {
    app.requests = [];
    Object.assign(app.storage.downloads, { most: app.storage.downloads.now, all: 0 });
    return {};
  },
};

const control = http.createServer((req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://x');
  const said = commands[pathname]?.(searchParams);
  res.writeHead(said ? 200 : 404, { 'Content-Type': 'application/json' }).end(JSON.stringify(said ?? {}));
});
control.listen(options.control, '127.0.0.1');
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, () => {
    control.close();
    app.close().then(() => process.exit(0));
  });
}
