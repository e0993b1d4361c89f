// An object server that answers as Azure's blob service does: GET and HEAD of blobs for a bearer token that its world
// issued or for a SAS (cloud_azure_sas.mjs), and user delegation keys; all else is refused.
// Sources: "Get Blob", "Get User Delegation Key", "Specifying the range header", "Authorize with Microsoft Entra ID",
// "Blob service error codes".
import { createHash, randomBytes } from 'node:crypto';
import { checkSas, keyName } from './cloud_azure_sas.mjs';
import { CloudServer, escapeXml, isoTime, xml } from './cloud_base.mjs';
import { preconditions } from './http_object.mjs';
import { makeObject } from './origin.mjs';

const messages = {
  AuthenticationFailed: 'Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.',
  NoAuthenticationInformation: 'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
  InvalidAuthenticationInfo: 'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
  AuthorizationProtocolMismatch: 'This request is not authorized to perform this operation using this protocol.',
  AuthorizationSourceIPMismatch: 'This request is not authorized to perform this operation using this source IP.',
  AuthorizationPermissionMismatch: 'This request is not authorized to perform this operation using this permission.',
  MissingRequiredHeader: 'An HTTP header that is mandatory for this request is not specified.',
  InvalidHeaderValue: 'The value for one of the HTTP headers is not in the correct format.',
  BlobNotFound: 'The specified blob does not exist.', ContainerNotFound: 'The specified container does not exist.',
  ResourceNotFound: 'The specified resource does not exist.', InvalidUri: 'The requested URI does not represent any resource on the server.',
  ConditionNotMet: 'The condition specified using HTTP conditional header(s) is not met.',
  InvalidRange: 'The range specified is invalid for the current size of the resource.',
  UnsupportedHttpVerb: 'The resource does not support the specified HTTP verb.',
  InvalidXmlDocument: 'XML specified is not syntactically valid.', InvalidXmlNodeValue: 'The value for one of the XML nodes is not in the correct format.',
  ServerBusy: 'The server is busy.', InternalError: 'The server encountered an internal error. Please retry the request.',
};
const week = 7 * 24 * 3600 * 1000;

/// Operations: delegationKey, blob, other; `key` is the blob's name. `put` as in origin.mjs.
export class AzureBlobServer extends CloudServer {
  /// {account, container, accountKey: base64, protocol: what the client is to be taken to use, public: whether everybody
  /// may read}
  constructor(world, { account = 'mediaacct', container = 'media', accountKey, protocol, public: isPublic = false, ...options } = {}) {
    super(world, options);
    Object.assign(this, { account, container, public: isPublic, accountKey: accountKey ?? randomBytes(64).toString('base64') });
    world.secret(this.accountKey);
    this.protocol = protocol ?? (this.tls ? 'https' : 'http');
    this.objects = new Map();
    /// Records {value, expires} by what a SAS says about the key (keyName of cloud_azure_sas.mjs).
    this.delegationKeys = new Map();
    /// Stored access policies by id: {sp, st, se}.
    this.policies = new Map();
    /// What the reply names as the key's version, whatever was asked; undefined: as asked.
    this.keyVersion = undefined;
    /// Puts this address in the place of the client's, for `sip`.
    this.clientAddress = undefined;
  }
  put(key, description = {}) {
    const etag = `"0x8D${createHash('md5').update(`${key}/${description.seed}/${description.size}`).digest('hex').slice(0, 13).toUpperCase()}"`;
    const object = makeObject({ etag, ...description });
    this.objects.set(key, object);
    return object;
  }
  delete(key) {
    this.objects.delete(key);
  }
  object(key) {
    return this.objects.get(key);
  }
  get connectionString() {
    return `DefaultEndpointsProtocol=http;AccountName=${this.account};AccountKey=${this.accountKey};` +
      `BlobEndpoint=${this.endpoint};`;
  }
  /// The account's endpoint, path style, as for an address that is no host name.
  get endpoint() {
    return `${this.url}/${this.account}`;
  }

  error(request, status, code, detail, headers = {}) {
    const tag = code === 'AuthenticationFailed' ? 'AuthenticationErrorDetail' : 'Reason';
    const answer = xml(status, `<Error><Code>${code}</Code><Message>${escapeXml(messages[code] ?? code)}\nRequestId:r-${request.id}\n` +
      `Time:${new Date(this.now()).toISOString()}</Message>${detail ? `<${tag}>${escapeXml(detail)}</${tag}>` : ''}</Error>`);
    Object.assign(answer.headers, this.#common(request), { 'x-ms-error-code': code }, headers);
    return answer;
  }
  #common(request) {
    return {
      Server: 'Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0', 'x-ms-request-id': `r-${request.id}`,
      ...(request.headers['x-ms-version'] && { 'x-ms-version': request.headers['x-ms-version'] }),
    };
  }
  fault(request, status) {
    const codes = { 403: 'AuthenticationFailed', 404: 'BlobNotFound', 412: 'ConditionNotMet', 503: 'ServerBusy' };
    return this.error(request, status, codes[status] ?? 'InternalError');
  }
  classify(request) {
    const host = /^([a-z0-9]+)\.blob\.core\.windows\.net(:\d+)?$/.exec(request.host)?.[1];
    let path;
    try {
      path = decodeURIComponent(request.path).slice(1);
    } catch {
      request.brokenQuery = true;
      return 'other';
    }
    const cut = (text) => text.split(/\/(.*)/s);
    [request.account, path = ''] = host ? [host, path] : cut(path);
    [request.container, request.key = ''] = cut(path);
    const service = request.container === '' && request.param('restype') === 'service';
    if (service && request.param('comp') === 'userdelegationkey') return 'delegationKey';
    return request.container && request.key ? 'blob' : 'other';
  }
  handle(request) {
    if (request.brokenQuery || request.account !== this.account) return this.error(request, 400, 'InvalidUri');
    const version = request.headers['x-ms-version'];
    if (version !== undefined && !/^20\d\d-\d\d-\d\d$/.test(version)) return this.error(request, 400, 'InvalidHeaderValue', 'x-ms-version');
    if (request.operation === 'delegationKey') return this.#delegate(request);
    const refused = this.#authorize(request);
    if (refused) return refused;
    if (!['GET', 'HEAD'].includes(request.method)) return this.error(request, 405, 'UnsupportedHttpVerb');
    if (request.container !== this.container) return this.error(request, 404, 'ContainerNotFound');
    const object = this.objects.get(request.key);
    return object ? this.#blob(request, object) : this.error(request, 404, 'BlobNotFound');
  }

  #authorize(request) {
    if (request.headers.authorization !== undefined) return this.#bearer(request, 'read');
    if (!request.pairs.some(([name]) => name === 'sig')) {
      if (this.public) return undefined;
      // Anonymous: challenged since 2019-12-12, told that there is nothing before.
      if ((request.headers['x-ms-version'] ?? '') < '2019-12-12') return this.error(request, 404, 'ResourceNotFound');
      return this.error(request, 401, 'NoAuthenticationInformation', undefined, this.#challenge());
    }
    const { container, key: name } = request;
    const refused = checkSas(request, { account: this.account, container, name }, {
      accountKey: this.accountKey, delegationKeys: this.delegationKeys, policies: this.policies, now: this.now(),
      protocol: this.protocol, address: this.clientAddress ?? request.address,
    });
    request.isSigned = !refused;
    return refused && this.error(request, refused.status, refused.code, refused.detail);
  }
  #challenge() {
    const authority = `https://login.microsoftonline.com/${this.world.tenant}/oauth2/authorize`;
    return { 'WWW-Authenticate': `Bearer authorization_uri=${authority} resource_id=https://storage.azure.com` };
  }
  /// A bearer token needs x-ms-version 2017-11-09 or later, 2018-11-09 for a delegation key.
  #bearer(request, permission) {
    const version = request.headers['x-ms-version'];
    if (version === undefined) return this.error(request, 400, 'MissingRequiredHeader', 'x-ms-version');
    if (version < (permission === 'read' ? '2017-11-09' : '2018-11-09')) {
      return this.error(request, 403, 'AuthenticationFailed', `Authorization by token is not supported by version ${version}`);
    }
    const caller = this.world.living(request.bearer, this.now());
    if (!caller || caller.audience !== 'https://storage.azure.com/') {
      return this.error(request, 401, 'InvalidAuthenticationInfo', undefined, this.#challenge());
    }
    return this.world.permissions.has(permission) ? undefined : this.error(request, 403, 'AuthorizationPermissionMismatch');
  }

  #blob(request, object) {
    const common = {
      ...this.#common(request), 'Last-Modified': new Date(object.modified).toUTCString(), ETag: object.etag,
      'Accept-Ranges': 'bytes', 'x-ms-blob-type': 'BlockBlob', 'x-ms-lease-status': 'unlocked', 'x-ms-server-encrypted': 'true',
    };
    // "If the request version is 2011-08-18 or newer, the ETag value is in quotation marks"; Accept-Ranges comes since then
    // too. Who names no version and is not signed gets the oldest.
    if ((request.headers['x-ms-version'] ?? request.param('sv') ?? (request.bearer ? '2017-11-09' : '')) < '2011-08-18') {
      common.ETag = object.etag.replace(/"/g, '');
      delete common['Accept-Ranges'];
    }
    const refused = preconditions(request.headers, object);
    if (refused === 412) return this.error(request, 412, 'ConditionNotMet');
    if (refused === 304) return { status: 304, headers: { ...common, 'x-ms-error-code': 'ConditionNotMet' }, body: '' };
    common['Content-Type'] = object.contentType;
    const replaced = { rscc: 'Cache-Control', rscd: 'Content-Disposition', rsce: 'Content-Encoding', rscl: 'Content-Language', rsct: 'Content-Type' };
    for (const [name, field] of request.isSigned ? Object.entries(replaced) : []) {
      if (request.param(name)) common[field] = request.param(name);
    }
    // Only "bytes=N-" and "bytes=N-M" are ranges; a suffix range is ignored. x-ms-range wins over Range.
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers['x-ms-range'] ?? request.headers.range ?? '');
    const backwards = range && range[2] !== '' && Number(range[2]) < Number(range[1]);
    // Azure knows no If-Range: a range is answered whatever it says.
    if (!range || backwards) {
      return { status: 200, headers: { ...common, 'Content-Length': object.size }, object, first: 0, length: object.size };
    }
    const first = Number(range[1]);
    if (first >= object.size) return this.error(request, 416, 'InvalidRange', undefined, { 'Content-Range': `bytes */${object.size}` });
    const last = Math.min(range[2] === '' ? Infinity : Number(range[2]), object.size - 1);
    const headers = { ...common, 'Content-Length': last - first + 1, 'Content-Range': `bytes ${first}-${last}/${object.size}` };
    return { status: 206, headers, object, first, length: last - first + 1 };
  }

  #delegate(request) {
    if (request.method !== 'POST') return this.error(request, 405, 'UnsupportedHttpVerb');
    if (request.headers.authorization === undefined) {
      return this.error(request, 401, 'NoAuthenticationInformation', undefined, this.#challenge());
    }
    const refused = this.#bearer(request, 'delegate');
    if (refused) return refused;
    const body = request.body.toString();
    const node = (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1].trim();
    if (!/<KeyInfo>.*<\/KeyInfo>\s*$/s.test(body)) return this.error(request, 400, 'InvalidXmlDocument');
    const now = this.now();
    const format = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
    const [start, expiry] = ['Start', 'Expiry'].map((name) => node(name) ?? '');
    const ends = Date.parse(expiry);
    const right = format.test(start) && format.test(expiry) && ends > Date.parse(start) && ends > now && ends <= now + week;
    if (!right) return this.error(request, 400, 'InvalidXmlNodeValue', 'Start and Expiry are times; Expiry is 7 days from now at most');
    return this.#key(request, start, ends);
  }
  /// The key ends when asked, or earlier where a rule gives a lifetime. A byte order mark comes first, as it may.
  #key(request, start, asked) {
    const expires = request.rule?.lifetimeSeconds === undefined ? asked : this.expiry(request);
    const record = {
      skoid: this.world.principal, sktid: this.world.tenant, skt: start, ske: isoTime(expires), sks: 'b',
      skv: this.keyVersion ?? request.headers['x-ms-version'],
    };
    const value = this.world.secret(randomBytes(32).toString('base64'));
    this.delegationKeys.set(keyName((name) => record[name]), { value, expires });
    this.world.issue({ source: 'delegation', expires, value });
    const answer = xml(200, `<UserDelegationKey><SignedOid>${record.skoid}</SignedOid><SignedTid>${record.sktid}</SignedTid>` +
      `<SignedStart>${record.skt}</SignedStart><SignedExpiry>${record.ske}</SignedExpiry><SignedService>b</SignedService>` +
      `<SignedVersion>${record.skv}</SignedVersion><Value>${value}</Value></UserDelegationKey>`);
    answer.body = `\ufeff${answer.body}`;
    Object.assign(answer.headers, this.#common(request));
    return answer;
  }
}
