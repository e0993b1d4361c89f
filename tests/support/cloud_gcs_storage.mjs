// An object server that answers as Cloud Storage's XML API does: GET and HEAD with ranges, preconditions and generations,
// for a bearer token that its world issued, or a V4 signed URL (RSA or HMAC) verified in full; all else is refused.
// Sources: "V4 signing process with your own program", "Signatures", "HTTP status and error codes for XML". Where Google
// does not say which code comes (malformed signing parameters), it is the code of S3's API, which the XML API follows.
import { createHash, createHmac, createVerify, timingSafeEqual } from 'node:crypto';
import { CloudServer, escapeXml } from './cloud_base.mjs';
import { answerFor } from './http_object.mjs';
import { makeObject } from './origin.mjs';
import { checkSignature, uriEncode } from './sigv4.mjs';

const messages = {
  AccessDenied: 'Access denied.', AuthenticationRequired: 'Authentication required.', NoSuchKey: 'The specified key does not exist.',
  NoSuchBucket: 'The specified bucket does not exist.', ExpiredToken: 'The provided token has expired.',
  PreconditionFailed: 'At least one of the pre-conditions you specified did not hold.',
  InvalidRange: 'The requested range cannot be satisfied.', MethodNotAllowed: 'The specified method is not allowed against this resource.',
  SignatureDoesNotMatch: 'Access denied.',
};
const readScopes = ['cloud-platform', 'cloud-platform.read-only', 'devstorage.read_only', 'devstorage.read_write', 'devstorage.full_control']
  .map((name) => `https://www.googleapis.com/auth/${name}`);
const skew = 15 * 60 * 1000;
const longest = 604800;

function gcsError(status, code, details, extra = '') {
  const body = Buffer.from(`<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code>` +
    `<Message>${escapeXml(messages[code] ?? 'as the test asked')}</Message>` +
    `${details ? `<Details>${escapeXml(details)}</Details>` : ''}${extra}</Error>`);
  const headers = { 'Content-Type': 'application/xml; charset=UTF-8', 'Content-Length': body.length, 'X-GUploader-UploadID': 'T' };
  if (status === 401) headers['WWW-Authenticate'] = 'Bearer realm="https://accounts.google.com/"';
  return { status, headers, body };
}

/// Operations: object, other; `key` is the object's. Faults by offset work as in origin.mjs.
export class GcsServer extends CloudServer {
  /// {bucket, public: whether everybody may read}
  constructor(world, { bucket = 'media', public: isPublic = false, ...options } = {}) {
    super(world, options);
    Object.assign(this, { bucket, public: isPublic, versions: new Map(), generation: 1579287380533984 });
  }
  /// Puts or replaces an object (makeObject of origin.mjs) with a new generation; older ones stay until `prune`.
  put(key, description = {}) {
    const object = makeObject(description);
    object.generation = String(description.generation ?? (this.generation += 1000));
    this.versions.set(key, [object, ...(this.versions.get(key) ?? [])]);
    return object;
  }
  /// Forgets the older generations of `key`, as in a bucket without versioning.
  prune(key) {
    this.versions.set(key, this.versions.get(key).slice(0, 1));
  }
  delete(key) {
    this.versions.delete(key);
  }
  /// The newest version of `key`.
  object(key) {
    return this.versions.get(key)?.[0];
  }

  fault(_, status) {
    const codes = { 403: 'AccessDenied', 404: 'NoSuchKey', 412: 'PreconditionFailed', 429: 'SlowDown', 503: 'ServiceUnavailable' };
    return gcsError(status, codes[status] ?? 'InternalError');
  }
  classify(request) {
    const host = /^(.+)\.storage\.googleapis\.com(:\d+)?$/.exec(request.host)?.[1];
    try {
      const path = decodeURIComponent(request.path).slice(1);
      request.bucket = host ?? path.split('/')[0];
      request.key = host ? path : path.slice(request.bucket.length + 1);
    } catch {
      request.brokenQuery = true;
    }
    return request.key ? 'object' : 'other';
  }
  handle(request) {
    if (request.brokenQuery) return gcsError(400, 'InvalidURI');
    const refused = this.#authorize(request);
    if (refused) return refused;
    if (!['GET', 'HEAD'].includes(request.method)) return gcsError(405, 'MethodNotAllowed');
    if (request.bucket !== this.bucket) return gcsError(404, 'NoSuchBucket');
    const versions = this.versions.get(request.key) ?? [];
    const wanted = request.param('generation');
    const object = wanted === undefined ? versions[0] : versions.find(({ generation }) => generation === wanted);
    return object ? this.#object(request, object) : gcsError(404, 'NoSuchKey', `No such object: ${this.bucket}/${request.key}`);
  }
  #object(request, object) {
    const { headers } = request;
    const match = headers['x-goog-if-generation-match'];
    if (match !== undefined && match !== object.generation) return gcsError(412, 'PreconditionFailed');
    let answer = answerFor(headers, object);
    if (answer.status === 412) return gcsError(412, 'PreconditionFailed');
    if (answer.status === 416) {
      const { status, headers: { 'Content-Range': contentRange } } = answer;
      answer = gcsError(status, 'InvalidRange');
      answer.headers['Content-Range'] = contentRange;
      return answer;
    }
    Object.assign(answer.headers, {
      'x-goog-generation': object.generation, 'x-goog-metageneration': '1', 'x-goog-storage-class': 'STANDARD',
      'x-goog-stored-content-length': object.size, 'x-goog-stored-content-encoding': 'identity', Server: 'UploadServer',
    });
    // "response-content-*" is honoured for requests that are signed only.
    for (const name of request.isSigned ? ['Content-Type', 'Content-Disposition'] : []) {
      const value = request.param(`response-${name.toLowerCase()}`);
      if (value !== undefined && answer.status < 300) answer.headers[name] = value;
    }
    return { ...answer, object };
  }

  #authorize(request) {
    const names = request.pairs.map(([name]) => name.toLowerCase());
    if (names.some((name) => name.startsWith('x-goog-sig'))) return this.#signedUrl(request);
    const amazon = names.includes('x-amz-signature') || request.headers.authorization?.startsWith('AWS4-HMAC-SHA256');
    if (amazon) return this.#interoperable(request);
    if (request.headers.authorization === undefined) {
      if (this.public) return undefined;
      return gcsError(403, 'AccessDenied', 'Anonymous caller does not have storage.objects.get access to the Google Cloud ' +
        "Storage object. Permission 'storage.objects.get' denied on resource (or it may not exist).");
    }
    const caller = this.world.living(request.bearer, this.now());
    if (!caller) return gcsError(401, 'AuthenticationRequired');
    if (!caller.scopes.some((scope) => readScopes.includes(scope))) {
      return gcsError(403, 'AccessDenied', 'Insufficient OAuth2 scope to perform this operation.');
    }
    return this.#permitted(caller.principal);
  }
  #permitted(principal) {
    return this.world.permissions.has('storage.objects.get') ? undefined
      : gcsError(403, 'AccessDenied', `${principal} does not have storage.objects.get access to the Google Cloud Storage ` +
        "object. Permission 'storage.objects.get' denied on resource (or it may not exist).");
  }
  /// HMAC keys take plain SigV4 too ("interoperability"), with the region "auto".
  #interoperable(request) {
    const scope = request.param('X-Amz-Credential') ?? /Credential=([^,]+)/.exec(request.headers.authorization ?? '')?.[1];
    const accessKey = scope?.split('/')[0];
    const secretKey = this.world.hmacKeys.get(accessKey);
    const refused = checkSignature(request, { accessKey: secretKey && accessKey, secretKey: secretKey ?? '', region: 'auto', now: this.now() });
    request.isSigned = !refused;
    return refused ?? this.#permitted(accessKey);
  }

  #signedUrl(request) {
    const bad = (what) => gcsError(400, 'AuthorizationQueryParametersError', what);
    const given = {};
    for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature']) {
      given[name] = request.param(`X-Goog-${name}`);
      if (given[name] === undefined) return bad(`X-Goog-${name} must be given once`);
    }
    const credential = /^(.+)\/((\d{8})\/[^/]+\/storage\/goog4_request)$/.exec(given.Credential);
    const date = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(given.Date);
    if (!credential || !date || credential[3] !== given.Date.slice(0, 8)) return bad('X-Goog-Credential or X-Goog-Date is malformed');
    const seconds = Number(given.Expires);
    if (!/^\d+$/.test(given.Expires) || seconds < 1 || seconds > longest) return bad(`X-Goog-Expires must be 1 to ${longest}`);
    const begins = Date.UTC(+date[1], +date[2] - 1, +date[3], +date[4], +date[5], +date[6]);
    if (begins > this.now() + skew) return gcsError(403, 'RequestTimeTooSkewed', 'Request is not yet valid.');
    const ends = begins + seconds * 1000;
    if (this.now() >= ends) return gcsError(400, 'ExpiredToken', `Request signature expired at: ${new Date(ends).toISOString()}`);
    const names = given.SignedHeaders.split(';');
    if (!names.includes('host') || names.join(';') !== [...names].sort().join(';').toLowerCase()) {
      return bad('X-Goog-SignedHeaders must have host, and lower-case names in order');
    }
    // "You must include the host header and any x-goog-* headers."
    const loose = Object.keys(request.headers).find((name) => /^x-(goog|amz)-/.test(name) && !names.includes(name));
    if (loose) return gcsError(403, 'SignatureDoesNotMatch', `The header ${loose} is not signed.`);
    const mistake = this.#verify(request, given, credential, names);
    if (mistake) return mistake;
    request.isSigned = true;
    return this.#permitted(credential[1]);
  }
  #verify(request, given, [, principal, scope, day], names) {
    const key = given.Algorithm === 'GOOG4-RSA-SHA256' ? this.world.publicKeys.get(principal) : this.world.hmacKeys.get(principal);
    if (!['GOOG4-RSA-SHA256', 'GOOG4-HMAC-SHA256'].includes(given.Algorithm)) {
      return gcsError(400, 'AuthorizationQueryParametersError', 'X-Goog-Algorithm is not supported');
    }
    if (!key) return gcsError(403, 'SignatureDoesNotMatch', 'The signer is not known.');
    if (!/^([0-9a-f]{2})+$/.test(given.Signature)) return gcsError(403, 'SignatureDoesNotMatch', 'The signature is no lower-case hex.');
    const signature = Buffer.from(given.Signature, 'hex');
    // Google's own libraries sign a host without its port (googleapis/conformance-tests), so both are taken.
    const hosts = new Set([request.host, request.host.replace(/:\d+$/, '')]);
    let toSign;
    for (const host of hosts) {
      toSign = `${given.Algorithm}\n${given.Date}\n${scope}\n` +
        createHash('sha256').update(canonicalRequest(request, names, host)).digest('hex');
      if (rightSignature(toSign, signature, key, day, scope)) return undefined;
    }
    return gcsError(403, 'SignatureDoesNotMatch', undefined, `<StringToSign>${escapeXml(toSign)}</StringToSign>`);
  }
}

function canonicalRequest(request, names, host) {
  // "%2F" within a segment stays what it is; nothing is normalised.
  const path = request.path.split('/').map((part) => uriEncode(decodeURIComponent(part))).join('/');
  const query = request.pairs.filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => [uriEncode(name), uriEncode(value)])
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`).join('&');
  const valueOf = (name) => String(name === 'host' ? host : request.headers[name] ?? '').trim().replace(/[ \t]+/g, ' ');
  const lines = names.map((name) => `${name}:${valueOf(name)}\n`).join('');
  const payload = names.includes('x-goog-content-sha256') ? valueOf('x-goog-content-sha256') : 'UNSIGNED-PAYLOAD';
  return [request.method, path, query, lines, names.join(';'), payload].join('\n');
}

function rightSignature(toSign, signature, key, day, scope) {
  if (typeof key !== 'string') return createVerify('RSA-SHA256').update(toSign).verify(key, signature);
  const hmac = (secret, data) => createHmac('sha256', secret).update(data).digest();
  const [, region] = scope.split('/');
  const signing = hmac(hmac(hmac(hmac(`GOOG4${key}`, day), region), 'storage'), 'goog4_request');
  const right = hmac(signing, toSign);
  return right.length === signature.length && timingSafeEqual(right, signature);
}
