// AWS Signature Version 4 as S3 checks and makes it, with node:crypto alone: presigned URLs and the Authorization header.
// Written from AWS's "Signature Calculations" pages; independent of the implementation that it tests.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { errorAnswer } from './http_object.mjs';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const hex = (text) => createHash('sha256').update(text).digest('hex');
const skew = 15 * 60 * 1000;

/// Percent-encodes every byte but A-Za-z0-9-._~ (and "/" where it separates path segments), in upper-case hex.
export function uriEncode(text, { keepSlash = false } = {}) {
  let out = '';
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-._~]/.test(char) || (keepSlash && char === '/')) out += char;
    else out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function parseQuery(raw) {
  if (!raw) return [];
  return raw.split('&').map((part) => {
    const cut = part.indexOf('=');
    const decode = (text) => decodeURIComponent(text.replace(/\+/g, ' '));
    return cut < 0 ? [decode(part), ''] : [decode(part.slice(0, cut)), decode(part.slice(cut + 1))];
  });
}

const byBytes = ([aName, aValue], [bName, bValue]) =>
  aName < bName ? -1 : aName > bName ? 1 : aValue < bValue ? -1 : aValue > bValue ? 1 : 0;

function canonicalQuery(pairs) {
  return pairs.map(([name, value]) => [uriEncode(name), uriEncode(value)]).sort(byBytes)
    .map(([name, value]) => `${name}=${value}`).join('&');
}

function signature({ method, path, pairs, headers, signedHeaders, payloadHash, date, scope, secret }) {
  const lines = signedHeaders.map((name) => `${name}:${String(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  const canonical = [method, uriEncode(decodeURIComponent(path), { keepSlash: true }), canonicalQuery(pairs),
    lines.join(''), signedHeaders.join(';'), payloadHash].join('\n');
  const [day, region, service] = scope.split('/');
  const toSign = ['AWS4-HMAC-SHA256', date, scope, hex(canonical)].join('\n');
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request');
  return createHmac('sha256', key).update(toSign).digest('hex');
}

const stamp = (time) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');

/// A presigned URL for `method` on `endpoint` (http://host:port) /bucket/key; `query`: more parameters, signed too.
export function presign({ endpoint, bucket, key, accessKey, secretKey, region = 'us-east-1', expires = 3600,
  method = 'GET', time = Date.now(), query = {} }) {
  const date = stamp(time);
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const path = `/${bucket}/${uriEncode(key, { keepSlash: true })}`;
  const pairs = [['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'], ['X-Amz-Credential', `${accessKey}/${scope}`],
    ['X-Amz-Date', date], ['X-Amz-Expires', String(expires)], ['X-Amz-SignedHeaders', 'host'], ...Object.entries(query)];
  const signed = signature({ method, path, pairs, headers: { host: new URL(endpoint).host }, signedHeaders: ['host'],
    payloadHash: 'UNSIGNED-PAYLOAD', date, scope, secret: secretKey });
  return `${endpoint}${path}?${canonicalQuery(pairs)}&X-Amz-Signature=${signed}`;
}

/// The Authorization header and its companions for a request with an empty (or given) body.
export function signHeaders({ method, path, query = '', host, accessKey, secretKey, region = 'us-east-1', body = '',
  time = Date.now(), headers = {} }) {
  const date = stamp(time);
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const all = { ...headers, host, 'x-amz-date': date, 'x-amz-content-sha256': hex(body) };
  const signedHeaders = Object.keys(all).sort();
  const signed = signature({ method, path, pairs: parseQuery(query), headers: all, signedHeaders,
    payloadHash: all['x-amz-content-sha256'], date, scope, secret: secretKey });
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, ` +
    `SignedHeaders=${signedHeaders.join(';')}, Signature=${signed}`;
  return { ...all, authorization };
}

const denied = (message) => errorAnswer(403, 'AccessDenied', message);
const badParameter = (message) => errorAnswer(400, 'AuthorizationQueryParametersError', message);

/// What a store with these keys answers instead of the object, or null where the request is rightly signed.
/// `request`: {method, target (raw), headers (lower-case names)}.
export function checkSignature(request, { accessKey, secretKey, region, now = Date.now() }) {
  const [path, query] = request.target.split(/\?(.*)/s);
  let pairs;
  try {
    pairs = parseQuery(query);
    decodeURIComponent(path);
  } catch {
    return errorAnswer(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
  const parts = pairs.some(([name]) => name === 'X-Amz-Signature')
    ? fromQuery(pairs) : fromHeader(request.headers, pairs);
  if (parts.answer) return parts.answer;
  const refused = checkParts(parts, request, { accessKey, region, now });
  if (refused) return refused;
  const expected = signature({ method: request.method, path, headers: request.headers, secret: secretKey, ...parts });
  const given = Buffer.from(parts.given);
  return given.length === expected.length && timingSafeEqual(given, Buffer.from(expected)) ? null
    : errorAnswer(403, 'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.');
}

function fromQuery(pairs) {
  const names = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'];
  const values = {};
  for (const name of names) {
    const found = pairs.filter(([n]) => n === `X-Amz-${name}`);
    if (found.length !== 1) return { answer: badParameter(`X-Amz-${name} must be given once`) };
    values[name] = found[0][1];
  }
  if (values.Algorithm !== 'AWS4-HMAC-SHA256') return { answer: badParameter('X-Amz-Algorithm is not supported') };
  if (!/^\d+$/.test(values.Expires) || Number(values.Expires) < 1 || Number(values.Expires) > 604800) {
    return { answer: badParameter('X-Amz-Expires must be between 1 and 604800 seconds') };
  }
  return {
    credential: values.Credential,
    date: values.Date,
    expires: Number(values.Expires) * 1000,
    signedHeaders: values.SignedHeaders.split(';'),
    given: values.Signature,
    pairs: pairs.filter(([name]) => name !== 'X-Amz-Signature'),
    payloadHash: 'UNSIGNED-PAYLOAD',
  };
}

function fromHeader(headers, pairs) {
  const match = /^AWS4-HMAC-SHA256 Credential=([^,]+),\s*SignedHeaders=([^,]+),\s*Signature=([0-9a-f]+)$/
    .exec(headers.authorization ?? '');
  if (!match) return { answer: denied('Access Denied') };
  return {
    credential: match[1],
    date: headers['x-amz-date'] ?? '',
    signedHeaders: match[2].split(';'),
    given: match[3],
    pairs,
    payloadHash: headers['x-amz-content-sha256'] ?? '',
  };
}

function checkParts(parts, request, { accessKey, region, now }) {
  const cut = parts.credential.length - parts.credential.split('/').slice(-4).join('/').length - 1;
  const keyId = parts.credential.slice(0, Math.max(0, cut));
  parts.scope = parts.credential.slice(cut + 1);
  const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(parts.date);
  if (!date) return badParameter('X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd\'T\'HHmmss\'Z\'"');
  if (keyId !== accessKey) {
    return errorAnswer(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
  if (parts.scope !== `${parts.date.slice(0, 8)}/${region}/s3/aws4_request`) {
    return badParameter('Error parsing the X-Amz-Credential parameter; the region or the date is wrong');
  }
  const at = Date.UTC(+date[1], +date[2] - 1, +date[3], +date[4], +date[5], +date[6]);
  if (at > now + skew) return denied('Request is not yet valid');
  if (parts.expires === undefined && at < now - skew) {
    return errorAnswer(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.');
  }
  if (parts.expires !== undefined && now >= at + parts.expires) return denied('Request has expired');
  if (!parts.signedHeaders.includes('host')) return denied('Host must be signed');
  const unsigned = Object.keys(request.headers)
    .find((name) => name.startsWith('x-amz-') && !parts.signedHeaders.includes(name));
  return unsigned ? denied(`There were headers present in the request which were not signed: ${unsigned}`) : null;
}
