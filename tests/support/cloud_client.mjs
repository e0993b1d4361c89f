// A client of the strict cloud services of cloud_*.mjs, for tests of those by themselves. Requests are made with node:http
// alone, so that a mistake in the servers' own code does not hide itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';

/// One request to a server of ours; `path` goes on the wire as it is. Gives {status, headers, text, broken}.
export function ask(server, method, path, headers = {}, body = undefined) {
  return new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port: server.port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (data) => (text += data));
      const end = () => resolve({ status: response.statusCode, headers: response.headers, text, broken: !response.complete });
      response.on('error', () => {}).on('close', end);
    });
    request.on('error', () => resolve({ status: 0, headers: {}, text: '', broken: true }));
    request.end(body);
  });
}
export const form = (fields) => Object.entries(fields).map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
export const formType = { 'Content-Type': 'application/x-www-form-urlencoded' };
export const post = (server, path, fields, headers = {}) => ask(server, 'POST', path, { ...formType, ...headers }, form(fields));
export const tag = (text, name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1].replace(/&amp;/g, '&');
export const strict = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
export const hour = 3600 * 1000;

export async function started(t, start, options) {
  const world = await start(options);
  t.after(() => world.close());
  return world;
}
/// Asks for each [what, answer, status, pattern of the body].
export function assertAnswers(answers) {
  for (const [what, answer, status, pattern] of answers) {
    assert.equal(answer.status, status, `${what}: ${answer.text}`);
    if (pattern) assert.match(answer.text, pattern, what);
  }
}

const vectors = (name) => new URL(`../vectors/${name}`, import.meta.url);
export const absent = (...names) => names.every((name) => fs.existsSync(vectors(name))) ? false : `tests/vectors has no ${names.join(', ')}`;
export const load = (name) => JSON.parse(fs.readFileSync(vectors(name), 'utf8'));
