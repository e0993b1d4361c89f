// Google's credential services, strict: the metadata server, STS for external_account, IAM Credentials (signBlob,
// generateAccessToken) and the OAuth token endpoint for a service account's key. The object server: cloud_gcs_storage.mjs.
// Sources: "About VM metadata", the STS v1 and IAM Credentials v1 references, "Using OAuth 2.0 for Server to Server
// Applications" (RFC 7523), RFC 8693.
import { createSign } from 'node:crypto';
import { CloudServer, CloudWorld, isoTime, json, readForm, text } from './cloud_base.mjs';
import { GcsServer } from './cloud_gcs_storage.mjs';
import { Issuer, makeRsaKey, readJwt } from './cloud_jwt.mjs';

export const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform';
const tokenType = 'urn:ietf:params:oauth:token-type';

/// The project: one service account with an RSA key, an HMAC key, a workload identity pool, and who may do what.
export class GcpWorld extends CloudWorld {
  constructor() {
    super();
    this.issuer = new Issuer(this);
    this.email = 'sluice@media-project.iam.gserviceaccount.com';
    this.key = makeRsaKey('service account');
    this.secret(this.key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    this.audience = '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/cluster';
    /// Public keys by e-mail and HMAC secrets by access id: what the object server verifies signatures with.
    this.publicKeys = new Map([[this.email, this.key.publicKey]]);
    this.hmacKeys = new Map([['GOOG1ECLOUDTESTACCESSID0001', this.newSecret('hmac/+')]]);
    /// The permissions of whoever holds a token of this project; the test takes some away.
    this.permissions = new Set(['storage.objects.get', 'iam.serviceAccounts.signBlob', 'iam.serviceAccounts.getAccessToken']);
  }
  /// A new access token of `principal` with these scopes, good until `expires` (ms).
  issueToken(source, expires, { principal = this.email, scopes = [cloudPlatform] } = {}) {
    return this.issue({ source, expires, principal, scopes, token: this.newSecret('ya29.') });
  }
  /// The record of a token that lives at `now`, or undefined.
  living(token, now) {
    return this.issued.find((record) => record.token === token && token !== undefined && record.expires > now);
  }
  /// What a service-account key file holds. The world's `oauth` must have started.
  keyFile() {
    return {
      type: 'service_account', project_id: 'media-project', private_key_id: 'key-1',
      private_key: this.key.privateKey.export({ type: 'pkcs8', format: 'pem' }), client_email: this.email, client_id: '1',
      token_uri: `${this.oauth.url}/token`,
    };
  }
  /// What an external_account file holds, for the subject token in `file`; impersonating, where that is asked.
  externalAccount(file, { impersonate = false, format } = {}) {
    const target = `${this.iam.url}/v1/projects/-/serviceAccounts/${this.email}:generateAccessToken`;
    return {
      type: 'external_account', audience: this.audience, subject_token_type: `${tokenType}:jwt`,
      token_url: `${this.sts.url}/v1/token`, credential_source: { file, ...(format && { format }) },
      ...(impersonate && { service_account_impersonation_url: target }),
    };
  }
}

const flavor = { 'Metadata-Flavor': 'Google', Server: 'Metadata Server for VM' };
const account = '/computeMetadata/v1/instance/service-accounts/default/';

/// The metadata server. Operations: token, email, universe, probe, other. As the real one it gives the same token again
/// until its last five minutes.
export class MetadataServer extends CloudServer {
  fault(_, status) {
    return text(status, status === 404 ? 'Not Found' : 'the test asked for this', flavor);
  }
  classify({ path }) {
    if (path === '/' || path === '/computeMetadata/') return 'probe';
    if (path === '/computeMetadata/v1/universe/universe-domain') return 'universe';
    if (path === `${account}token`) return 'token';
    return path === `${account}email` ? 'email' : 'other';
  }
  handle(request) {
    if (request.method !== 'GET') return this.fault(request, 405);
    if (request.operation === 'probe') return text(200, 'computeMetadata/\n', flavor);
    const allowed = request.headers['metadata-flavor'] === 'Google' && request.headers['x-forwarded-for'] === undefined;
    if (!allowed) {
      return {
        status: 403,
        headers: { ...flavor, 'Content-Type': 'text/html; charset=UTF-8' },
        body: '<!DOCTYPE html>\n<html lang=en><title>Error 403 (Forbidden)!!1</title><p><b>403.</b> Your client does not have ' +
          `permission to get URL <code>${request.path}</code> from this server. Missing Metadata-Flavor:Google header.`,
      };
    }
    if (request.operation === 'email') return text(200, this.world.email, flavor);
    if (request.operation === 'universe') return text(200, 'googleapis.com', flavor);
    return request.operation === 'token' ? this.#token(request) : this.fault(request, 404);
  }
  #token(request) {
    const now = this.now();
    const ruled = request.rule?.lifetimeSeconds !== undefined;
    if (ruled || !this.held || this.held.expires - now < 300000) {
      const scopes = request.param('scopes')?.split(',');
      this.held = this.world.issueToken('metadata', this.expiry(request), scopes && { scopes });
    }
    const { token, expires } = this.held;
    return json(200, { access_token: token, expires_in: Math.floor((expires - now) / 1000), token_type: 'Bearer' }, flavor);
  }
}

/// An error as RFC 6749 §5.2 has it.
const oauthError = (status, error, description) => json(status, { error, error_description: description });
/// An error as Google's APIs have it.
const apiError = (code, status, message) => json(code, { error: { code, message, status } });

class OauthService extends CloudServer {
  fault(_, status) {
    return oauthError(status, status < 500 ? 'invalid_request' : 'internal_failure', 'as the test asked');
  }
}

/// STS for external_account. Operations: exchange, other. `textual`: expires_in comes as a string.
export class GoogleStsServer extends OauthService {
  classify({ method, path }) {
    return method === 'POST' && path === '/v1/token' ? 'exchange' : 'other';
  }
  handle(request) {
    if (request.operation === 'other') return apiError(404, 'NOT_FOUND', 'Requested entity was not found.');
    const form = readForm(request);
    if (!form) return oauthError(400, 'invalid_request', 'Could not parse the request.');
    if (form.grant_type !== 'urn:ietf:params:oauth:grant-type:token-exchange') {
      return oauthError(400, 'unsupported_grant_type', 'Unsupported grant_type.');
    }
    if (form.audience !== this.world.audience) return oauthError(400, 'invalid_request', 'Invalid value for "audience".');
    if (form.requested_token_type !== `${tokenType}:access_token` || form.subject_token_type !== `${tokenType}:jwt`) {
      return oauthError(400, 'invalid_request', 'Invalid value for "requested_token_type" or "subject_token_type".');
    }
    if (!form.scope) return oauthError(400, 'invalid_scope', 'Some requested scopes cannot be shown.');
    const { problem, claims } = this.world.issuer.check(form.subject_token, { audience: this.world.audience, now: this.now() });
    if (problem === 'expired') return oauthError(400, 'invalid_grant', 'ID Token issued at 1 is stale to sign-in.');
    if (problem) return oauthError(400, 'invalid_grant', `The subject token is wrong: ${problem}.`);
    const principal = `principal:${this.world.audience.split('/providers')[0]}/subject/${claims.sub}`;
    const made = this.world.issueToken('sts', this.expiry(request), { principal, scopes: form.scope.split(' ') });
    const seconds = Math.floor((made.expires - this.now()) / 1000);
    return json(200, {
      access_token: made.token, issued_token_type: `${tokenType}:access_token`, token_type: 'Bearer',
      expires_in: this.textual ? String(seconds) : seconds,
    });
  }
}

/// IAM Credentials. Operations: signBlob, generateAccessToken, other.
export class IamServer extends CloudServer {
  fault(_, status) {
    const names = { 403: 'PERMISSION_DENIED', 429: 'RESOURCE_EXHAUSTED', 503: 'UNAVAILABLE' };
    return apiError(status, names[status] ?? 'INTERNAL', 'as the test asked');
  }
  classify({ method, path }) {
    return (method === 'POST' && /:(signBlob|generateAccessToken)$/.exec(path)?.[1]) || 'other';
  }
  handle(request) {
    if (request.operation === 'other') return apiError(404, 'NOT_FOUND', 'Requested entity was not found.');
    if (request.headers.authorization === undefined) {
      return apiError(401, 'UNAUTHENTICATED', 'Request is missing required authentication credential.');
    }
    const caller = this.world.living(request.bearer, this.now());
    if (!caller) return apiError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
    if (!caller.scopes.includes(cloudPlatform)) {
      return apiError(403, 'PERMISSION_DENIED', 'Request had insufficient authentication scopes.');
    }
    const permission = `iam.serviceAccounts.${request.operation === 'signBlob' ? 'signBlob' : 'getAccessToken'}`;
    const known = request.path.replace('%40', '@') === `/v1/projects/-/serviceAccounts/${this.world.email}:${request.operation}`;
    if (!known || !this.world.permissions.has(permission)) {
      return apiError(403, 'PERMISSION_DENIED', `Permission '${permission}' denied on resource (or it may not exist).`);
    }
    let body;
    try {
      body = JSON.parse(request.body);
    } catch {
      body = null;
    }
    if (typeof body !== 'object' || body === null) {
      return apiError(400, 'INVALID_ARGUMENT', 'Invalid JSON payload received.');
    }
    return request.operation === 'signBlob' ? this.#sign(body) : this.#token(request, body);
  }
  #sign({ payload }) {
    const bytes = Buffer.from(typeof payload === 'string' ? payload : '', 'base64');
    if (bytes.length === 0 || bytes.toString('base64') !== payload) {
      return apiError(400, 'INVALID_ARGUMENT', "Invalid value at 'payload' (TYPE_BYTES), Base64 decoding failed.");
    }
    const signedBlob = createSign('RSA-SHA256').update(bytes).sign(this.world.key.privateKey, 'base64');
    return json(200, { keyId: 'key-1', signedBlob });
  }
  #token(request, { scope, lifetime = '3600s' }) {
    const seconds = Number(/^(\d+)s$/.exec(lifetime)?.[1]);
    if (!Array.isArray(scope) || scope.length === 0 || !(seconds > 0 && seconds <= 3600)) {
      return apiError(400, 'INVALID_ARGUMENT', 'Request contains an invalid argument.');
    }
    const made = this.world.issueToken('impersonation', this.expiry(request, Math.min(seconds, this.lifetime)), { scopes: scope });
    return json(200, { accessToken: made.token, expireTime: isoTime(made.expires) });
  }
}

/// The OAuth token endpoint, for a JWT signed by the service account's key. Operations: token, other.
export class OauthServer extends OauthService {
  classify({ method, path }) {
    return method === 'POST' && path === '/token' ? 'token' : 'other';
  }
  handle(request) {
    if (request.operation === 'other') return text(404, 'Not Found');
    const form = readForm(request);
    if (form?.grant_type !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return oauthError(400, 'unsupported_grant_type', `Invalid grant_type: ${form?.grant_type ?? ''}`);
    }
    const { problem, claims } = readJwt(form.assertion, this.world.key.publicKey);
    if (problem) return oauthError(400, 'invalid_grant', 'Invalid JWT Signature.');
    if (claims.iss !== this.world.email) return oauthError(400, 'invalid_grant', 'Invalid grant: account not found');
    if (claims.aud !== `${this.url}/token`) return oauthError(400, 'invalid_grant', 'Invalid JWT: Failed audience check.');
    const { iat, exp, scope } = claims;
    const now = this.now() / 1000;
    if (!(iat <= now + 300 && exp > now && exp - iat <= 3600)) {
      return oauthError(400, 'invalid_grant', 'Invalid JWT: Token must be a short-lived token (60 minutes) and in a ' +
        'reasonable timeframe. Check your iat and exp values in the JWT claim.');
    }
    if (!scope) return oauthError(400, 'invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
    const made = this.world.issueToken('key', this.expiry(request), { scopes: scope.split(' ') });
    const seconds = Math.floor((made.expires - this.now()) / 1000);
    return json(200, { access_token: made.token, expires_in: seconds, token_type: 'Bearer' });
  }
}

/// One world with {metadata, sts, iam, oauth, storage}, each a server of its own; options by the same names.
export async function startGcp({ metadata, sts, iam, oauth, storage } = {}) {
  const world = new GcpWorld();
  world.metadata = await world.start(new MetadataServer(world, metadata));
  world.sts = await world.start(new GoogleStsServer(world, sts));
  world.iam = await world.start(new IamServer(world, iam));
  world.oauth = await world.start(new OauthServer(world, oauth));
  world.storage = await world.start(new GcsServer(world, storage));
  return world;
}
