// While the app is not up, a browser's page is one that tries again; all else is told as ever.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get } from '../support/client.mjs';
import { startStack } from '../support/stack.mjs';

const browser = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'Sec-Fetch-Mode': 'navigate' };

test('a page of a browser gets one that tries again, until the app is up', async (t) => {
  const s = await startStack(t);
  const ask = (headers, options = {}) => get(`${s.sluice.url}/chat`, { headers, keep: true, ...options });
  assert.notEqual((await ask(browser)).status, 503);
  await s.app.close();
  const page = await ask(browser);
  assert.deepEqual([page.status, page.headers['retry-after'], page.headers['cache-control']], [503, '3', 'no-store']);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(page.headers['content-security-policy'], /^default-src 'none'; style-src 'sha256-/);
  assert.match(page.body.toString(), /<meta http-equiv="refresh" content="3">/);
  for (const [headers, options] of [[{}], [{ Accept: 'text/html' }], [{ ...browser, 'Sec-Fetch-Mode': 'cors' }], [{ ...browser, Accept: '*/*' }],
    [browser, { method: 'HEAD' }], [browser, { method: 'POST', body: 'x' }]]) {
    assert.equal((await ask(headers, options)).status, 502);
  }
  await s.restart({ app: { waiting_page: false } });
  assert.equal((await ask(browser)).status, 502);
});
