// Header donors: of the answer that granted, what the app's middleware adds to everything reaches the client; what speaks
// of that answer alone does not, and nothing makes a media answer public.
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, range } from '../support/client.mjs';
import { startStack } from '../support/stack.mjs';

const size = 70001;
const donated = {
  Vary: 'Cookie, Accept-Language', 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'Content-Security-Policy': "default-src 'self'; sandbox",
  'Content-Security-Policy-Report-Only': "img-src 'none'", 'Permissions-Policy': 'camera=()', 'Referrer-Policy': 'no-referrer',
  'X-Frame-Options': 'DENY',
  'X-Permitted-Cross-Domain-Policies': 'none', 'X-Download-Options': 'noopen', 'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Opener-Policy': 'same-origin',
  'Access-Control-Allow-Origin': 'https://app.example',
  'Access-Control-Allow-Credentials': 'true', 'Cache-Control': 'private, max-age=60',
};
const withheld = {
  ETag: '"of-the-answer"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT', Expires: 'Sun, 06 Nov 2094 08:49:37 GMT', Age: '5',
  Server: 'app/1', 'X-Powered-By': 'app',
  'Content-Language': 'de', 'Content-Location': '/x', Location: '/x', Link: '</x>; rel=preload', 'Accept-Ranges': 'none',
  'Content-MD5': 'x', Digest: 'x', Refresh: '0',
  'X-Process-Time': '1', 'Surrogate-Control': 'max-age=9', 'Clear-Site-Data': '"*"', 'X-Accel-Redirect': '/x',
  'X-Accel-Expires': '9', 'WWW-Authenticate': 'Basic',
};

/// Of the app's answers these are said of each alone, so that the routes name them.
const policies = ['Content-Security-Policy', 'Content-Security-Policy-Report-Only'];

/// Two routes, both with `over`: /media/… by a template, /files/{id} resolved. `s.fields`: what the app adds to its leave.
async function startDonor(t, over = {}) {
  const s = await startStack(t, {
    config: { routes: [
      { name: 'plain', path: '/media/{file*}', store: 'media', object: '{file}', authorize: { subrequest: '/api/may-read/1',
        ttl: '10s' }, allowed_app_headers: policies, ...over },
      { name: 'resolved', path: '/files/{id}', authorize: { subrequest: '/api/may-read/{id}', ttl: '10s' },
        resolve: { object: '/path' }, allowed_app_headers: policies, ...over },
    ] },
    app: { publicMedia: false },
  });
  s.object = s.origin.put('v.mp4', { size });
  s.fields = donated;
  s.app.mayRead = () => ({ status: 200, body: { path: 's3://media/v.mp4' }, headers: s.fields });
  /// One answer of each route, to a caller of whom nothing is known yet.
  let callers = 0;
  s.both = async (options = {}, caller = ++callers) => {
    const answers = [];
    for (const path of ['/media/v.mp4', '/files/1']) {
      answers.push(await get(s.sluice.url + path, { ...options, headers: { Cookie: `caller=${caller}`, ...options.headers } }));
    }
    for (const answer of answers) assert.ok(answer.headers['cache-status'], 'it is of Sluice');
    return answers;
  };
  return s;
}

const count = (answer, name) => answer.rawHeaders.filter((one, i) => i % 2 === 0 && one.toLowerCase() === name.toLowerCase()).length;

function checkDonated(answer, what, fields = donated) {
  for (const [name, value] of Object.entries(fields)) {
    assert.equal(answer.headers[name.toLowerCase()], value, `${what}: ${name}`);
    assert.equal(count(answer, name), 1, `${what}: ${name} once`);
  }
}

test('security fields, Vary, CORS and Cache-Control of the answer that granted, on every kind of answer', async (t) => {
  const s = await startDonor(t);
  for (const caller of ['cold', 'with the decision kept', 'cold']) {
    for (const answer of await s.both({}, caller)) {
      assert.deepEqual([answer.status, answer.sha256], [200, s.object.sha256()]);
      checkDonated(answer, caller);
    }
  }
  const kinds = [[206, { headers: range(1, 9) }], [304, { headers: { 'If-None-Match': s.object.etag } }], [416, { headers: range(size) }],
    [412, { headers: { 'If-Match': '"other"' } }], [200, { method: 'HEAD' }]];
  for (const [status, options] of kinds) {
    for (const answer of await s.both(options)) {
      assert.equal(answer.status, status);
      checkDonated(answer, `${status}`);
    }
  }
});

test('what speaks of the granting answer alone stays there', async (t) => {
  const s = await startDonor(t);
  s.fields = { ...withheld, 'Content-Type': 'application/problem+json', 'Content-Disposition': 'attachment; filename=x' };
  for (const answer of await s.both()) {
    for (const [name, value] of Object.entries(withheld)) assert.notEqual(answer.headers[name.toLowerCase()], value, name);
    assert.deepEqual(['content-type', 'content-length', 'etag', 'content-disposition', 'accept-ranges'].map((name) => answer.headers[name]),
      ['video/mp4', `${size}`, s.object.etag, undefined, 'bytes']);
  }
});

test('never public: a shared cache is not told that it may keep what one caller may see', async (t) => {
  const s = await startDonor(t);
  const none = 'private, no-cache';
  const rows = [
    [undefined, none], ['public', none], ['public, max-age=31536000, immutable', none], ['PUBLIC', none],
    ['max-age=5,Public', none], ['s-maxage=5', none], ['max-age=60, S-MaxAge=9', none], ['public="x"', none],
    [['private', 'public, max-age=9'], none], [' , public', none], ['private, max-age=60', 'private, max-age=60'], ['no-store', 'no-store'],
    ['no-cache, no-store, must-revalidate', 'no-cache, no-store, must-revalidate'],
  ];
  for (const [said, expected] of rows) {
    s.fields = said === undefined ? {} : { 'Cache-Control': said };
    for (const options of [{}, { headers: range(0, 9) }, { headers: { 'If-None-Match': s.object.etag } }]) {
      for (const answer of await s.both(options)) {
        assert.deepEqual([answer.headers['cache-control'], count(answer, 'cache-control')], [expected, 1], `${said}`);
      }
    }
  }
});

test('the route\'s own fields win', async (t) => {
  const headers = { 'Cache-Control': 'public, max-age=9', 'content-security-policy': "default-src 'none'", 'X-Own': '1', Vary: 'X-Route' };
  const s = await startDonor(t, { headers });
  for (const caller of ['cold', 'cold']) {
    for (const answer of await s.both({}, caller)) {
      checkDonated(answer, caller, { ...donated, Vary: 'X-Route', 'Cache-Control': 'public, max-age=9',
        'Content-Security-Policy': "default-src 'none'", 'X-Own': '1' });
    }
  }
  s.fields = {};
  for (const answer of await s.both()) checkDonated(answer, 'nothing donated', headers);
});

test('several fields of one name, fields that end at the hop, and ones that are no text', async (t) => {
  const s = await startDonor(t);
  s.fields = { Vary: ['Cookie', 'Origin'], 'Content-Security-Policy': ["default-src 'self'", "img-src 'none'"],
    'Cache-Control': ['private', 'max-age=5'],
    Connection: 'X-Frame-Options', 'X-Frame-Options': 'DENY', 'Referrer-Policy': '' };
  for (const answer of await s.both()) {
    assert.deepEqual(['vary', 'content-security-policy', 'cache-control', 'x-frame-options',
      'referrer-policy'].map((name) => answer.headers[name]),
      ['Cookie, Origin', "default-src 'self', img-src 'none'", 'private, max-age=5', undefined, '']);
  }
});

test('donors are each answer\'s own: one caller\'s are not another\'s', async (t) => {
  const s = await startDonor(t);
  s.app.mayRead = (request) => ({ status: 200, body: { path: 's3://media/v.mp4' },
    headers: { 'Content-Security-Policy': `report-uri /${request.headers.cookie}` } });
  for (const caller of ['ann', 'bob', 'ann']) {
    for (const answer of await s.both({}, caller)) assert.equal(answer.headers['content-security-policy'], `report-uri /caller=${caller}`);
  }
});

test('with `cors` the route says it, and the app\'s Access-Control-* is not donated', async (t) => {
  const s = await startDonor(t, { cors: { origins: ['https://app.example'] } });
  s.fields = { ...donated, 'Access-Control-Allow-Origin': '*', 'Access-Control-Max-Age': '5', 'Access-Control-Expose-Headers': 'X-App' };
  for (const answer of await s.both({ headers: { Origin: 'https://app.example' } })) {
    assert.deepEqual([answer.headers['access-control-allow-origin'], answer.headers['access-control-allow-credentials'],
      answer.headers['access-control-max-age']],
      ['https://app.example', undefined, undefined]);
    assert.doesNotMatch(answer.headers['access-control-expose-headers'], /X-App/);
    for (const name of ['Cookie', 'Accept-Language', 'Origin']) assert.match(answer.headers.vary, new RegExp(`(^|, )${name}(,|$)`));
  }
  for (const answer of await s.both({ headers: { Origin: 'https://evil.example' } })) {
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
});
