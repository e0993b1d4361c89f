// What the relay's tests share: Sluice in front of an app, with no store and no cache.
import { startApp } from '../support/app.mjs';
import { connect, rawServer } from '../support/client.mjs';
import { adminToken, merge, startSluice } from '../support/sluice.mjs';

const relayConfig = (appUrl) => ({
  workers: 1,
  listeners: [{ address: '127.0.0.1:0' }],
  admin: { address: '127.0.0.1:0', token: adminToken },
  app: { url: appUrl },
  cache: {},
  limits: { shutdown_delay: '0s', drain_timeout: '2s' },
  log: { level: 'debug', format: 'json', access: true },
});

/// Sluice in front of the stand-in app, or of `serve`, which gets each raw connection of the app's side. `by`: see
/// startSluice.
export async function startRelay(t, { serve, config = {}, by } = {}) {
  const app = serve ? await rawServer(serve) : await startApp();
  let sluice;
  const connections = [];
  t.after(async () => {
    for (const connection of connections) connection.destroy();
    await sluice?.stop();
    await app.close();
  });
  sluice = await startSluice(merge(relayConfig(app.url), config), { by });
  return {
    app,
    sluice,
    url: sluice.url,
    port: sluice.port,
    /// A raw client connection, closed with the test.
    async connect() {
      const connection = await connect(sluice.port);
      connections.push(connection);
      return connection;
    },
  };
}

/// Takes the next request's head off a raw connection of the app: {line, fields: [[name, value]…], value(name)}.
export async function takeHead(connection, timeout) {
  await connection.until('\r\n\r\n', timeout);
  const cut = connection.text.indexOf('\r\n\r\n');
  const [line, ...rows] = connection.text.slice(0, cut).split('\r\n');
  connection.received = connection.received.subarray(cut + 4);
  const fields = rows.map((row) => [row.slice(0, row.indexOf(':')), row.slice(row.indexOf(':') + 1).trim()]);
  const all = (name) => fields.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return { line, fields, all, value: (name) => all(name)[0] };
}

/// A raw app that gives each request to `answer(head, connection)`, one after the other, until the connection ends.
export const eachRequest = (answer) => async (connection) => {
  for (;;) {
    await connection.board.until(() => connection.text.includes('\r\n\r\n') || connection.ended || connection.closed,
      'a request', 60000);
    if (!connection.text.includes('\r\n\r\n')) return connection.destroy();
    await answer(await takeHead(connection), connection);
  }
};

export const ok = (body = 'ok') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
