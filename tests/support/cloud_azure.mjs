// Azure's credential services, strict: managed identity of the instance metadata service and of App Service, and Entra's token
// endpoint for a federated token (workload identity). The blob service, with its user delegation keys: cloud_azure_blob.mjs.
// Sources: "Use managed identities on a virtual machine", "How to use managed identities for App Service and Azure Functions"
// (REST endpoint reference), "OAuth 2.0 client credentials flow: federated credential".
import { randomUUID } from 'node:crypto';
import { AzureBlobServer } from './cloud_azure_blob.mjs';
import { CloudServer, CloudWorld, json, readForm } from './cloud_base.mjs';
import { Issuer } from './cloud_jwt.mjs';

const storage = 'https://storage.azure.com/';

/// The tenant: an app with a federated credential, a system-assigned and a user-assigned identity, and one storage account.
export class AzureWorld extends CloudWorld {
  constructor() {
    super();
    this.issuer = new Issuer(this);
    this.tenant = randomUUID();
    this.client = randomUUID();
    this.principal = randomUUID();
    this.subject = 'system:serviceaccount:media:sluice';
    /// What holders of a token may do: the roles "Storage Blob Data Reader" and "Storage Blob Delegator".
    this.permissions = new Set(['read', 'delegate']);
  }
  /// A new access token for `audience`, good until `expires` (ms).
  issueToken(source, expires, audience = storage) {
    return this.issue({ source, expires, audience, token: this.newSecret('eyAz.') });
  }
  /// The record of a token that lives at `now`, or undefined.
  living(token, now) {
    return this.issued.find((record) => record.token === token && token !== undefined && record.expires > now);
  }
}

const seconds = (time) => String(Math.floor(time / 1000));

/// Managed identity: what its two services share. Operations: token, other. `identities`: ids a client may name; null: it has
/// none at all. A subclass gives `tokenPath`, `noIdentity` and `error(status, code, description)`.
class ManagedIdentityServer extends CloudServer {
  constructor(world, options = {}) {
    super(world, { lifetime: 86400, ...options });
    this.identities = [world.client, world.principal];
  }
  classify({ path }) {
    return path === this.tokenPath ? 'token' : 'other';
  }
  /// The refusal of a request that names no `version`, another resource, or by one of `names` an identity that is not there.
  refusal(request, version, names) {
    if (request.operation === 'other') return this.error(404, 'not_found', 'The requested resource is not found');
    if (request.method !== 'GET') return this.error(405, 'method_not_allowed', 'The requested method is not allowed');
    for (const name of ['api-version', 'resource']) {
      if (!request.param(name)) return this.error(400, 'invalid_request', `Required query variable '${name}' is missing`);
    }
    if (request.param('api-version') < version) return this.error(400, 'invalid_request', 'The api-version is not supported');
    const resource = request.param('resource');
    if (resource.replace(/\/$/, '') !== storage.slice(0, -1)) {
      return this.error(400, 'invalid_resource', `AADSTS500011: The resource principal named ${resource} was not found`);
    }
    const named = names.map((name) => request.param(name)).filter((id) => id !== undefined);
    if (!this.identities || named.length > 1 || (named[0] && !this.identities.includes(named[0]))) {
      return this.error(400, 'invalid_request', this.noIdentity);
    }
    return undefined;
  }
  /// A new token, and what both tell of it. Numbers are text.
  token(request, source) {
    const made = this.world.issueToken(source, this.expiry(request));
    const told = {
      access_token: made.token, client_id: this.world.client, expires_on: seconds(made.expires),
      resource: request.param('resource'), token_type: 'Bearer',
    };
    return { made, told };
  }
}

/// Managed identity of a machine.
export class AzureImdsServer extends ManagedIdentityServer {
  tokenPath = '/metadata/identity/oauth2/token';
  noIdentity = 'Identity not found';
  /// `refreshIn`: it tells when to ask for another token: 'half' the life of those that live over two hours, or these seconds.
  constructor(world, { refreshIn = 0, ...options } = {}) {
    super(world, options);
    this.refreshIn = refreshIn;
  }
  error(status, error, description) {
    return json(status, { error, error_description: description }, { Server: 'IMDS' });
  }
  fault(_, status) {
    const errors = { 404: 'not_found', 410: 'gone', 429: 'too_many_requests' };
    return this.error(status, errors[status] ?? 'unknown', 'as the test asked');
  }
  handle(request) {
    if (request.headers.metadata?.toLowerCase() !== 'true') {
      return this.error(400, 'invalid_request', 'Required metadata header not specified');
    }
    // "Requests must not contain an X-Forwarded-For header."
    if (request.headers['x-forwarded-for'] !== undefined) return this.error(400, 'invalid_request', 'Bad request. X-Forwarded-For');
    return this.refusal(request, '2018-02-01', ['client_id', 'object_id', 'msi_res_id']) ?? this.#token(request);
  }
  #token(request) {
    const { made, told } = this.token(request, 'imds');
    const left = made.expires - this.now();
    const half = left > 2 * 3600 * 1000 ? left / 2 : 0;
    const early = this.refreshIn === 'half' ? half : this.refreshIn * 1000;
    return json(200, {
      ...told, expires_in: seconds(left), ext_expires_in: seconds(left), not_before: seconds(this.now() - 300000),
      ...(early > 0 && { refresh_in: seconds(early) }),
    }, { Server: 'IMDS' });
  }
}

/// Managed identity of App Service, Functions and Container Apps, as IDENTITY_ENDPOINT (`endpoint`) and IDENTITY_HEADER (`secret`)
/// tell a program of it. It tells the end of a token alone, not how long it lives.
export class AppServiceIdentityServer extends ManagedIdentityServer {
  tokenPath = '/msi/token';
  noIdentity = 'No Managed Identity found for specified ClientId/ResourceId/PrincipalId.';
  constructor(world, options) {
    super(world, options);
    this.secret = world.secret(randomUUID());
  }
  get endpoint() {
    return this.url + this.tokenPath;
  }
  error(statusCode, _, message) {
    return json(statusCode, { statusCode, message, correlationId: randomUUID() });
  }
  fault(_, status) {
    return this.error(status, '', 'as the test asked');
  }
  handle(request) {
    if (request.headers['x-identity-header'] !== this.secret) return this.error(401, '', 'Unauthorized');
    return this.refusal(request, '2019-08-01', ['client_id', 'principal_id', 'mi_res_id']) ?? json(200, this.token(request, 'appService').told);
  }
}

/// Entra's token endpoint (login.microsoftonline.com). Operations: token, other.
export class EntraServer extends CloudServer {
  error(status, error, code, message) {
    const trace = randomUUID();
    return json(status, {
      error, error_description: `AADSTS${code}: ${message} Trace ID: ${trace}`, error_codes: [code],
      timestamp: new Date(this.now()).toISOString(), trace_id: trace, correlation_id: randomUUID(),
    });
  }
  fault(_, status) {
    const server = status >= 500 || status === 429;
    return this.error(status, server ? 'temporarily_unavailable' : 'invalid_request', server ? 90033 : 900144, 'as the test asked.');
  }
  classify({ method, path }) {
    return method === 'POST' && /^\/[^/]+\/oauth2\/v2\.0\/token$/.test(path) ? 'token' : 'other';
  }
  handle(request) {
    if (request.operation === 'other') return { status: 404, headers: {}, body: '' };
    const tenant = request.path.split('/')[1];
    if (tenant !== this.world.tenant) return this.error(400, 'invalid_request', 90002, `Tenant '${tenant}' not found.`);
    const form = readForm(request) ?? {};
    for (const name of ['grant_type', 'client_id', 'scope']) {
      const message = `The request body must contain the following parameter: '${name}'.`;
      if (!form[name]) return this.error(400, 'invalid_request', 900144, message);
    }
    if (form.grant_type !== 'client_credentials') return this.error(400, 'unsupported_grant_type', 70003, 'The grant type is not supported.');
    if (form.client_id !== this.world.client) {
      return this.error(400, 'unauthorized_client', 700016, `Application with identifier '${form.client_id}' was not found.`);
    }
    if (form.scope !== `${storage}.default`) return this.error(400, 'invalid_scope', 70011, `The scope ${form.scope} is not valid.`);
    if (form.client_assertion_type !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' || !form.client_assertion) {
      return this.error(401, 'invalid_client', 7000216, "'client_assertion' or 'client_secret' is required.");
    }
    const refused = this.#refused(form.client_assertion);
    if (refused) return refused;
    const made = this.world.issueToken('entra', this.expiry(request));
    const left = Math.floor((made.expires - this.now()) / 1000);
    return json(200, { token_type: 'Bearer', expires_in: left, ext_expires_in: left, access_token: made.token });
  }
  #refused(assertion) {
    const { problem, claims } = this.world.issuer.check(assertion, { audience: 'api://AzureADTokenExchange', now: this.now() });
    if (problem === 'expired' || problem === 'early') {
      return this.error(401, 'invalid_client', 700024, 'Client assertion is not within its valid time range.');
    }
    if (problem === 'audience') {
      return this.error(401, 'invalid_client', 700212, 'No matching federated identity record found for presented assertion audience.');
    }
    if (problem === 'issuer') return this.error(401, 'invalid_client', 700211, 'No matching federated identity record found for presented assertion issuer.');
    if (problem) return this.error(401, 'invalid_client', 50027, `JWT token is invalid or malformed: ${problem}.`);
    return claims.sub === this.world.subject ? undefined
      : this.error(401, 'invalid_client', 700213, 'No matching federated identity record found for presented assertion subject.');
  }
}

/// One world with {imds, appService, login, blob}, each a server of its own; options by the same names. `close()` ends all.
export async function startAzure({ imds, appService, login, blob } = {}) {
  const world = new AzureWorld();
  world.imds = await world.start(new AzureImdsServer(world, imds));
  world.appService = await world.start(new AppServiceIdentityServer(world, appService));
  world.login = await world.start(new EntraServer(world, login));
  world.blob = await world.start(new AzureBlobServer(world, blob));
  return world;
}
