// The whole arrangement of a test: fake origin, stand-in app, Sluice between them, a fresh cache directory; taken down in
// the right order when the test ends, whatever happened in it.
import assert from 'node:assert/strict';
import { startApp } from './app.mjs';
import { open } from './client.mjs';
import { startOrigin } from './origin.mjs';
import { merge, removeDirectory, startSluice, temporaryDirectory, testConfig } from './sluice.mjs';

/// Runs every step, then fails with the first error.
export async function runAll(steps) {
  let failure;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure) throw failure;
}

export class Stack {
  others = [];
  running = new Set();

  /// Media of the store `media` through Sluice: the running exchange, or (`get`) its end.
  open(key, options) {
    return this.openFrom('media', key, options);
  }
  get(key, options) {
    return this.open(key, options).done;
  }
  /// The same of another store, whose route begins with its name.
  openFrom(store, key, options) {
    const exchange = open(`${this.sluice.url}/${store}/${key}`, options);
    this.running.add(exchange);
    exchange.done.then(() => this.running.delete(exchange));
    return exchange;
  }
  getFrom(store, key, options) {
    return this.openFrom(store, key, options).done;
  }
  /// Stops Sluice and starts it again on the same cache, with other settings where given.
  async restart(over = {}) {
    await this.sluice.stop();
    this.config = merge(this.config, over);
    this.sluice = await startSluice(this.config, { env: this.env });
  }
  /// A second Sluice of the same configuration, stopped with the stack.
  async another(over = {}) {
    const sluice = await startSluice(merge(this.config, over), { env: this.env });
    this.others.push(sluice);
    return sluice;
  }
}

/// Starts it all for the test `t`. `config` is laid over the tests' configuration (sluice.mjs); `origin` takes the place of
/// the fake one; `app` and `originOptions` go to startApp and startOrigin, `env` to each Sluice; `cleanup` runs last. The app
/// has every object of the origin, and gives it without a cookie unless `app.publicMedia` is false.
export async function startStack(t, { config = {}, origin, originOptions, app = {}, env = {}, cleanup = [] } = {}) {
  const stack = new Stack();
  stack.env = env;
  t.after(() => runAll([
    // A failed test leaves readers behind, for which the end would wait.
    ...[...stack.running].map((exchange) => () => exchange.abort()),
    ...stack.others.map((sluice) => () => sluice.stop()),
    () => stack.sluice?.stop(),
    () => stack.app?.close(),
    () => stack.origin?.close(),
    () => stack.cacheDirectory && removeDirectory(stack.cacheDirectory),
    ...cleanup,
  ]));
  stack.cacheDirectory = temporaryDirectory('cache');
  stack.origin = origin ?? (await startOrigin(originOptions));
  stack.app = await startApp({ publicMedia: true, mediaObject: (key) => stack.origin.object(key), ...app });
  stack.config = merge(testConfig({ originUrl: stack.origin.url, appUrl: stack.app.url,
    cacheDirectory: stack.cacheDirectory, credentials: stack.origin.credentials }), config);
  stack.sluice = await startSluice(stack.config, { env });
  return stack;
}

/// The parameters of the member `sluice` of a Cache-Status field (RFC 9211): {hit: true, fwd: 'miss', detail: …}.
export function cacheStatus(response) {
  const field = response.headers['cache-status'];
  if (field === undefined) return undefined;
  const [name, ...parameters] = field.split(',').map((m) => m.trim()).find((m) => /^sluice(;|$)/.test(m))?.split(';') ?? [];
  if (name === undefined) return undefined;
  return Object.fromEntries(parameters.map((parameter) => {
    const [key, value] = parameter.trim().split(/=(.*)/s);
    if (value === undefined) return [key, true];
    return [key, /^-?\d+$/.test(value) ? Number(value) : value.replace(/^"(.*)"$/, '$1')];
  }));
}

export const KiB = 1024;
export const MiB = 1024 * 1024;

/// Each page of `key` left the origin once, and `bytes` in all where they are given; or a reader would have waited for
/// another's fetch for too long: then it asks for itself, the other is cut, and that is counted.
export async function checkSentOnce(s, key, bytes) {
  if ((await s.sluice.metric('fill_overlaps_total')) > 0) return;
  assert.deepEqual(s.origin.pagesSentTwice(key), [], `${key}: pages that left twice`);
  if (bytes !== undefined) assert.equal(s.origin.bytesSent(key), bytes, `${key}: bytes that left`);
}
