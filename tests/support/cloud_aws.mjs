// AWS's credential services, strict: IMDSv2 of an instance, the container credentials endpoint (ECS, EKS Pod Identity),
// STS AssumeRoleWithWebIdentity, and an S3 that takes what they issued, until it expires.
// Sources: the EC2 user guide "Use the Instance Metadata Service", the ECS and EKS guides, the STS API reference.
import { randomBytes } from 'node:crypto';
import { CloudServer, CloudWorld, escapeXml, isoTime, json, readForm, text } from './cloud_base.mjs';
import { Issuer } from './cloud_jwt.mjs';
import { answerFor, errorAnswer } from './http_object.mjs';
import { Origin } from './origin.mjs';
import { checkSignature } from './sigv4.mjs';

const stsNamespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

export class AwsWorld extends CloudWorld {
  constructor() {
    super();
    this.issuer = new Issuer(this);
  }
  /// A new session credential of `source`, good until `expires` (ms).
  issueCredential(source, expires) {
    return this.issue({
      source,
      expires,
      accessKey: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretKey: this.newSecret('sk/+'),
      sessionToken: this.newSecret('IQoJ/+&'),
    });
  }
}

const html = (status, title) => ({
  status,
  headers: { 'Content-Type': 'text/html', Server: 'EC2ws' },
  body: `<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>${status} - ${title}</title></head>` +
    `<body><h1>${status} - ${title}</h1></body></html>\n`,
});
const titles = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed' };

/// IMDSv2 alone: without a session token nothing is given. Operations: token, role, credentials, other.
export class ImdsServer extends CloudServer {
  /// {role: the instance's role, or null for none; code: of the credentials answer; enabled}
  constructor(world, { role = 'node-role', ...options } = {}) {
    super(world, options);
    Object.assign(this, { role, code: 'Success', enabled: true, tokens: new Map() });
  }
  /// All session tokens given so far are unknown from now on, as after an instance's metadata options change.
  forgetTokens() {
    this.tokens.clear();
  }
  fault(_, status) {
    return html(status, titles[status] ?? 'Internal Server Error');
  }
  classify({ path }) {
    if (path === '/latest/api/token') return 'token';
    if (/^\/latest\/meta-data\/iam\/security-credentials\/?$/.test(path)) return 'role';
    return path.startsWith('/latest/meta-data/iam/security-credentials/') ? 'credentials' : 'other';
  }
  handle(request) {
    if (!this.enabled) return this.fault(request, 403);
    if (request.operation === 'token') return this.#token(request);
    if (request.method !== 'GET') return this.fault(request, 405);
    const expires = this.tokens.get(request.headers['x-aws-ec2-metadata-token']);
    if (expires === undefined || expires <= this.now()) return this.fault(request, 401);
    if (!this.role || request.operation === 'other') return this.fault(request, 404);
    if (request.operation === 'role') return text(200, this.role, { Server: 'EC2ws' });
    if (!request.path.endsWith(`/security-credentials/${this.role}`)) return this.fault(request, 404);
    return this.#credentials(request);
  }
  #token(request) {
    if (request.method !== 'PUT') return this.fault(request, 405);
    // "PUT requests that contain an X-Forwarded-For header are rejected."
    if (request.headers['x-forwarded-for'] !== undefined) return this.fault(request, 403);
    const ttl = request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ?? '';
    if (!/^\d{1,5}$/.test(ttl) || Number(ttl) < 1 || Number(ttl) > 21600) return this.fault(request, 400);
    const token = this.world.newSecret('AQAE');
    this.tokens.set(token, this.now() + Number(ttl) * 1000);
    return text(200, token, { 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds': ttl, Server: 'EC2ws' });
  }
  #credentials(request) {
    const updated = isoTime(this.now());
    if (this.code !== 'Success') {
      return text(200, JSON.stringify({ Code: this.code, Message: 'EC2 cannot assume the role', LastUpdated: updated }));
    }
    const made = this.world.issueCredential('imds', this.expiry(request));
    return text(200, JSON.stringify({
      Code: 'Success', LastUpdated: updated, Type: 'AWS-HMAC', AccessKeyId: made.accessKey,
      SecretAccessKey: made.secretKey, Token: made.sessionToken, Expiration: isoTime(made.expires),
    }, null, 2), { Server: 'EC2ws' });
  }
}

/// The container credentials endpoint. Operations: credentials, other. With `token: null` it is ECS's, that asks for
/// none; else the value of Authorization must be that text, or, for `token: 'jwt'`, a token of the world's issuer for
/// the audience pods.eks.amazonaws.com, as EKS's agent has it.
export class ContainerServer extends CloudServer {
  constructor(world, { token = 'jwt', path = '/v1/credentials', ...options } = {}) {
    super(world, options);
    Object.assign(this, { token, path });
  }
  fault(_, status) {
    return text(status, titles[status] ?? 'Internal Server Error');
  }
  classify({ path }) {
    return path === this.path ? 'credentials' : 'other';
  }
  handle(request) {
    if (request.operation === 'other') return text(404, '404 page not found\n');
    if (request.method !== 'GET') return this.fault(request, 405);
    const given = request.headers.authorization;
    if (this.token !== null) {
      if (!given) return text(400, 'Service account token cannot be empty\n');
      const problem = this.#problem(given);
      if (problem) return text(problem === 'expired' ? 401 : 400, `AccessDenied: the token is ${problem}\n`);
    }
    const made = this.world.issueCredential('container', this.expiry(request));
    return json(200, {
      AccessKeyId: made.accessKey, SecretAccessKey: made.secretKey, Token: made.sessionToken,
      AccountId: '123456789012', Expiration: isoTime(made.expires),
    });
  }
  #problem(given) {
    if (this.token !== 'jwt') return given === this.token ? undefined : 'invalid';
    return this.world.issuer.check(given, { audience: 'pods.eks.amazonaws.com', now: this.now() }).problem;
  }
}

/// STS of one region. Operations: assume, other. `hosts` is what it answers to: its regional name and its own address.
export class StsServer extends CloudServer {
  constructor(world, { region = 'eu-west-1', role = 'arn:aws:iam::123456789012:role/sluice', ...options } = {}) {
    super(world, options);
    this.lifetime = options.lifetime; // undefined: as long as the client asks
    Object.assign(this, { region, role, fraction: false });
  }
  get hosts() {
    return [`sts.${this.region}.amazonaws.com`, `sts-fips.${this.region}.amazonaws.com`, this.authority];
  }
  /// An error in the Query API's form.
  error(status, code, message) {
    const type = status < 500 ? 'Sender' : 'Receiver';
    return {
      status,
      headers: { 'Content-Type': 'text/xml' },
      body: `<ErrorResponse xmlns="${stsNamespace}">\n  <Error>\n    <Type>${type}</Type>\n    <Code>${code}</Code>\n` +
        `    <Message>${escapeXml(message)}</Message>\n  </Error>\n  <RequestId>c6104cbe</RequestId>\n</ErrorResponse>\n`,
    };
  }
  fault(_, status) {
    const codes = { 400: 'IDPCommunicationError', 403: 'AccessDenied', 429: 'Throttling', 503: 'ServiceUnavailable' };
    return this.error(status, codes[status] ?? 'InternalFailure', 'as the test asked');
  }
  classify({ method, path }) {
    return method === 'POST' && path === '/' ? 'assume' : 'other';
  }
  handle(request) {
    // No real address serves another region's name: a client that comes with one took the wrong endpoint.
    if (!this.hosts.includes(request.host)) return text(421, `this is not ${request.host}\n`);
    // A GET without an Action is sent to the documentation.
    if (request.operation !== 'assume') return text(302, '', { Location: 'https://aws.amazon.com/iam' });
    if (request.headers.authorization !== undefined || request.pairs.length > 0) {
      return this.error(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
    }
    const form = readForm(request);
    if (!form?.Action) return this.error(400, 'MissingAction', 'The request must contain the parameter Action');
    if (form.Action !== 'AssumeRoleWithWebIdentity' || form.Version !== '2011-06-15') {
      return this.error(400, 'InvalidAction', `Could not find operation ${form.Action} for version ${form.Version ?? 'NO_VERSION_SPECIFIED'}`);
    }
    return this.#invalid(form) ?? this.#refused(form) ?? this.#assume(request, form);
  }
  #invalid({ RoleArn = '', RoleSessionName = '', WebIdentityToken = '', DurationSeconds = '3600' }) {
    const bad = (name, value) => this.error(400, 'ValidationError',
      `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint`);
    if (RoleArn.length < 20) return bad('roleArn', RoleArn);
    if (!/^[\w+=,.@-]{2,64}$/.test(RoleSessionName)) return bad('roleSessionName', RoleSessionName);
    if (WebIdentityToken.length < 4 || WebIdentityToken.length > 20000) return bad('webIdentityToken', '***');
    const duration = Number(DurationSeconds);
    return Number.isInteger(duration) && duration >= 900 && duration <= 43200 ? undefined : bad('durationSeconds', DurationSeconds);
  }
  #refused({ RoleArn, WebIdentityToken }) {
    const { problem } = this.world.issuer.check(WebIdentityToken, { audience: 'sts.amazonaws.com', now: this.now() });
    if (problem === 'expired') {
      return this.error(400, 'ExpiredTokenException', 'Token expired: current date/time must be before the expiration date/time');
    }
    const messages = {
      audience: 'Incorrect token audience', issuer: 'No OpenIDConnect provider found in your account for the issuer',
      early: 'Token is not yet valid',
    };
    if (problem) {
      return this.error(400, 'InvalidIdentityToken', messages[problem] ?? "Couldn't retrieve verification key from your identity provider");
    }
    return RoleArn === this.role ? undefined
      : this.error(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }
  #assume(request, form) {
    const made = this.world.issueCredential('sts', this.expiry(request, this.lifetime ?? Number(form.DurationSeconds ?? 3600)));
    // Some implementations (Ceph) give fractions of seconds.
    const expiration = this.fraction ? new Date(made.expires).toISOString() : isoTime(made.expires);
    const name = this.role.split('/').at(-1);
    const fields = (pairs) => pairs.map(([tag, value]) => `<${tag}>${escapeXml(value)}</${tag}>`).join('');
    const credentials = fields([['AccessKeyId', made.accessKey], ['SecretAccessKey', made.secretKey],
      ['SessionToken', made.sessionToken], ['Expiration', expiration]]);
    const user = fields([['AssumedRoleId', `AROAEXAMPLE:${form.RoleSessionName}`],
      ['Arn', `arn:aws:sts::123456789012:assumed-role/${name}/${form.RoleSessionName}`]]);
    return {
      status: 200,
      headers: { 'Content-Type': 'text/xml' },
      body: `<AssumeRoleWithWebIdentityResponse xmlns="${stsNamespace}"><AssumeRoleWithWebIdentityResult>` +
        `<Audience>sts.amazonaws.com</Audience><AssumedRoleUser>${user}</AssumedRoleUser><Credentials>${credentials}` +
        '</Credentials><SubjectFromWebIdentityToken>system:serviceaccount:media:sluice</SubjectFromWebIdentityToken>' +
        '</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>' +
        '</AssumeRoleWithWebIdentityResponse>',
    };
  }
}

/// What S3 answers to a request that is not signed by a credential of `world` that still lives, or null.
/// `request` as in origin.mjs; `now` in ms.
export function checkIssued(world, request, { region = 'eu-west-1', now = world.time() } = {}) {
  const query = new URLSearchParams(request.target.split(/\?(.*)/s)[1] ?? '');
  const scope = query.get('X-Amz-Credential') ?? /Credential=([^,]+)/.exec(request.headers.authorization ?? '')?.[1];
  const found = world.issued.find(({ accessKey }) => accessKey && accessKey === scope?.split('/')[0]);
  const refused = checkSignature(request, { accessKey: found?.accessKey ?? '', secretKey: found?.secretKey ?? '', region, now });
  if (!found) return refused ?? errorAnswer(403, 'AccessDenied', 'Access Denied');
  const token = query.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token'];
  if (token === undefined) {
    return errorAnswer(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  }
  if (token !== found.sessionToken) {
    return errorAnswer(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
  }
  return found.expires <= now ? errorAnswer(400, 'ExpiredToken', 'The provided token has expired.') : refused;
}

/// The answer of S3 to a signed request whose query replaces fields ("response-content-type"); undefined where it does not.
function replacedAnswer(request, object) {
  const query = new URLSearchParams(request.target.split(/\?(.*)/s)[1] ?? '');
  const fields = ['Content-Type', 'Content-Disposition'].map((name) => [name, query.get(`response-${name.toLowerCase()}`)])
    .filter(([, value]) => value !== null);
  if (!object || fields.length === 0 || !['GET', 'HEAD'].includes(request.method)) return undefined;
  const answer = answerFor(request.headers, object);
  if (answer.status < 300) Object.assign(answer.headers, Object.fromEntries(fields));
  return answer;
}

/// One world with {imds, container, sts, s3}, each a server of its own; options by the same names. `close()` ends all.
export async function startAws({ imds, container, sts, s3 } = {}) {
  const world = new AwsWorld();
  world.imds = await world.start(new ImdsServer(world, imds));
  world.container = await world.start(new ContainerServer(world, container));
  world.sts = await world.start(new StsServer(world, sts));
  world.s3 = await world.start(new Origin({
    ...s3,
    authorize: (request) => checkIssued(world, request, { region: s3?.region ?? world.sts.region }) ??
      replacedAnswer(request, world.s3.object(request.key)),
  }));
  return world;
}
