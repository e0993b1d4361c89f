// The small signing store (s3_store.mjs) as apps need it that write too: objects are put, listed and deleted by rightly signed
// requests, as boto3 makes them.
import { createHash } from 'node:crypto';
import { errorAnswer } from './http_object.mjs';
import { Origin } from './origin.mjs';
import { checkSignature } from './sigv4.mjs';

const empty = (status, headers = {}) => ({ status, headers, body: Buffer.alloc(0) });
const xml = (body) => {
  const bytes = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`);
  return { status: 200, headers: { 'Content-Type': 'application/xml', 'Content-Length': bytes.length }, body: bytes };
};
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

async function bodyOf(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  return Buffer.concat(parts);
}

class Bucket extends Origin {
  async answer(entry, req, res, gone) {
    const { bucket, keys } = this.options;
    const query = new URLSearchParams(entry.target.split('?')[1] ?? '');
    const ofBucket = entry.path === `/${bucket}` || entry.path === `/${bucket}/`;
    if (!ofBucket && ['GET', 'HEAD'].includes(entry.method)) return super.answer(entry, req, res, gone);
    const body = await bodyOf(req);
    const said = checkSignature(entry, keys) ?? this.#otherThanSigned(entry, body)
      ?? (ofBucket ? this.#ofBucket(entry, query, body) : this.#ofObject(entry, body));
    entry.status = said.status;
    res.writeHead(said.status, { Server: 'FakeS3', ...said.headers });
    res.end(entry.method === 'HEAD' ? undefined : said.body);
    return gone;
  }

  /// An error where the body is not the one whose hash was signed.
  #otherThanSigned(entry, body) {
    const signed = entry.headers['x-amz-content-sha256'];
    if (signed === 'UNSIGNED-PAYLOAD' || signed === createHash('sha256').update(body).digest('hex')) return null;
    return errorAnswer(400, 'XAmzContentSHA256Mismatch', `The body does not match x-amz-content-sha256 (${signed}).`);
  }
  #ofObject(entry, body) {
    if (entry.method === 'PUT') {
      const contentType = entry.headers['content-type'];
      const { etag } = this.put(entry.key, { bytes: body, contentType: contentType ?? 'binary/octet-stream', modified: Date.now() });
      return empty(200, { ETag: etag });
    }
    if (entry.method !== 'DELETE') return errorAnswer(405, 'MethodNotAllowed', 'not of this store');
    this.delete(entry.key);
    return empty(204);
  }
  #ofBucket(entry, query, body) {
    if (entry.method === 'POST' && query.has('delete')) {
      for (const [, key] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)) this.delete(key.replace(/&lt;/g, '<').replace(/&amp;/g, '&'));
      return xml('<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>');
    }
    if (entry.method === 'GET') return this.#list(query);
    return entry.method === 'HEAD' ? empty(200) : errorAnswer(405, 'MethodNotAllowed', 'not of this store');
  }
  #list(query) {
    const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter') ?? ''];
    const found = [...this.objects].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
    const rows = new Set();
    for (const [key, { size, etag, modified }] of found) {
      const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      rows.add(cut >= 0 ? `<CommonPrefixes><Prefix>${escaped(key.slice(0, cut + delimiter.length))}</Prefix></CommonPrefixes>`
        : `<Contents><Key>${escaped(key)}</Key><LastModified>${new Date(modified).toISOString()}</LastModified>` +
          `<ETag>${etag}</ETag><Size>${size}</Size><StorageClass>STANDARD</StorageClass></Contents>`);
    }
    return xml(`<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>${this.options.bucket}</Name>` +
      `<Prefix>${escaped(prefix)}</Prefix><KeyCount>${rows.size}</KeyCount><IsTruncated>false</IsTruncated>${[...rows].join('')}</ListBucketResult>`);
  }
}

/// Starts it. `open`: anybody may read it without a signature. Beside an Origin's: `environment`, the variables by which an AWS SDK, and Sluice, find it and its keys.
export async function startBucket({ accessKey = 'AKAPPS', secretKey = 'a secret/of+apps', bucket = 'media', region = 'us-east-1',
  open = false } = {}) {
  const keys = { accessKey, secretKey, region };
  const isPublic = (request) => open && ['GET', 'HEAD'].includes(request.method) && request.headers.authorization === undefined &&
    !/[?&]X-Amz-/.test(request.target);
  const authorize = (request) => (isPublic(request) ? undefined : checkSignature(request, keys));
  const store = new Bucket({ bucket, keys, authorize });
  await store.listen(0);
  store.credentials = { access_key_id: accessKey, secret_access_key: secretKey };
  store.environment = { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_REGION: region, AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL_S3: store.url, AWS_EC2_METADATA_DISABLED: 'true', AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required' };
  return store;
}
