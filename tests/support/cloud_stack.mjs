// The whole arrangement of a test of a cloud: its strict servers (cloud_aws, cloud_gcs, cloud_azure), the stand-in app and
// Sluice between them, which is pointed at them by its configuration and its environment as an operator would do it.
// Taken down in the right order when the test ends; whatever a command of it printed is then searched for secrets.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { startApp } from './app.mjs';
import { startAws } from './cloud_aws.mjs';
import { startAzure } from './cloud_azure.mjs';
import { startGcp } from './cloud_gcs.mjs';
import { leaksIn } from './secrets.mjs';
import { merge, removeDirectory, startSluice, temporaryDirectory, testConfig } from './sluice.mjs';
import { Stack, runAll } from './stack.mjs';
import { poll } from './wait.mjs';

/// What the chains look for in an environment; here only a test says it. Empty is as good as unset.
const chainVariables = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_PROFILE', 'AWS_REGION',
  'AWS_DEFAULT_REGION', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_CONFIG_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', 'AWS_EC2_METADATA_DISABLED',
  'AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL_STS',
  'GOOGLE_APPLICATION_CREDENTIALS', 'CLOUDSDK_CONFIG', 'GCE_METADATA_HOST', 'GCE_METADATA_ROOT', 'GCE_METADATA_IP',
  'STORAGE_EMULATOR_HOST', 'CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS', 'AZURE_CLIENT_ID', 'AZURE_TENANT_ID',
  'AZURE_FEDERATED_TOKEN_FILE', 'AZURE_AUTHORITY_HOST', 'AZURE_POD_IDENTITY_AUTHORITY_HOST', 'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER', 'IDENTITY_SERVER_THUMBPRINT', 'IMDS_ENDPOINT', 'MSI_ENDPOINT'];

/// Each cloud: how it is started, its object server, and a store's settings for it.
const clouds = {
  aws: {
    start: startAws,
    objects: (world) => world.s3,
    store: (world) => ({ type: 's3', bucket: 'media', region: 'eu-west-1', endpoint: world.s3.url, addressing: 'path' }),
    env: () => ({}),
  },
  gcs: {
    start: startGcp,
    objects: (world) => world.storage,
    store: (world) => ({ type: 'gcs', bucket: 'media', endpoint: world.storage.url }),
    env: (world) => ({ CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS: `${world.iam.url}/` }),
  },
  azure: {
    start: startAzure,
    objects: (world) => world.blob,
    store: (world) => ({ type: 'azure', account: world.blob.account, container: 'media', endpoint: world.blob.endpoint }),
    env: () => ({}),
  },
};

const hour = 3600 * 1000;
const profile = (name, made) =>
  `[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n\n[${name}]\naws_access_key_id = ${made.accessKey}\n` +
  `aws_secret_access_key = ${made.secretKey}\naws_session_token = ${made.sessionToken}\n`;
const external = (stack, world, options) => {
  const subject = stack.file('subject.jwt', world.issuer.issue({ audience: world.audience }));
  return { env: { GOOGLE_APPLICATION_CREDENTIALS: stack.file('adc.json', JSON.stringify(world.externalAccount(subject, options))) } };
};

/// Each way to an identity: {settings of the store, env} for a stack that can keep files, and a world.
export const identities = {
  aws: {
    environment: (stack, world) => {
      const made = world.issueCredential('environment', Date.now() + hour);
      return { env: { AWS_ACCESS_KEY_ID: made.accessKey, AWS_SECRET_ACCESS_KEY: made.secretKey, AWS_SESSION_TOKEN: made.sessionToken } };
    },
    profile: (stack, world) => ({ env: {
      AWS_SHARED_CREDENTIALS_FILE: stack.file('credentials', profile('media', world.issueCredential('profile', Date.now() + hour))),
      AWS_CONFIG_FILE: stack.file('config', '[profile media]\nregion = eu-west-1\n'), AWS_PROFILE: 'media',
    } }),
    irsa: (stack, world) => ({ env: {
      AWS_WEB_IDENTITY_TOKEN_FILE: stack.file('web.jwt', `${world.issuer.issue({ audience: 'sts.amazonaws.com' })}\n`),
      AWS_ROLE_ARN: world.sts.role, AWS_ENDPOINT_URL_STS: world.sts.url,
    } }),
    container: (stack, world) => ({ env: {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${world.container.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: stack.file('pod.jwt', world.issuer.issue({ audience: 'pods.eks.amazonaws.com' })),
    } }),
    imds: (stack, world) => ({ env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: world.imds.url } }),
    anonymous: (stack, world) => {
      world.s3.options.authorize = undefined;
      return { settings: { anonymous: true } };
    },
  },
  gcs: {
    key: (stack, world) =>
      ({ settings: { credentials: { service_account: stack.file('key.json', JSON.stringify(world.keyFile(), null, 2)) } } }),
    keyText: (stack, world) => ({ settings: { credentials: { service_account: JSON.stringify(world.keyFile()) } } }),
    keyByEnvironment: (stack, world) =>
      ({ env: { GOOGLE_APPLICATION_CREDENTIALS: stack.file('key.json', JSON.stringify(world.keyFile())) } }),
    hmac: (stack, world) => {
      const [[id, secret]] = world.hmacKeys;
      return { settings: { credentials: { hmac_id: id, hmac_secret: secret } } };
    },
    metadata: (stack, world) => ({ env: { GCE_METADATA_HOST: world.metadata.authority } }),
    external: (stack, world) => external(stack, world),
    impersonated: (stack, world) => external(stack, world, { impersonate: true }),
    anonymous: (stack, world) => {
      world.storage.public = true;
      return { settings: { anonymous: true } };
    },
  },
  azure: {
    accountKey: (stack, world) => ({ settings: { credentials: { account_key: world.blob.accountKey } } }),
    connectionString: (stack, world) => ({
      settings: { account: undefined, endpoint: undefined, credentials: { connection_string: world.blob.connectionString } },
    }),
    imds: (stack, world) => ({ env: { AZURE_POD_IDENTITY_AUTHORITY_HOST: world.imds.url } }),
    appService: (stack, world) => ({ env: { IDENTITY_ENDPOINT: world.appService.endpoint, IDENTITY_HEADER: world.appService.secret } }),
    workload: (stack, world) => ({ env: {
      AZURE_CLIENT_ID: world.client, AZURE_TENANT_ID: world.tenant, AZURE_AUTHORITY_HOST: `${world.login.url}/`,
      AZURE_FEDERATED_TOKEN_FILE: stack.file('federated.jwt', `${world.issuer.issue({ audience: 'api://AzureADTokenExchange' })}\n`),
    } }),
    anonymous: (stack, world) => {
      world.blob.public = true;
      return { settings: { anonymous: true } };
    },
  },
};

/// The signature in a request's or Location's query; undefined where there is none.
export function signatureOf(target) {
  const query = new URL(target, 'http://any').searchParams;
  return query.get('X-Goog-Signature') ?? query.get('X-Amz-Signature') ?? query.get('sig') ?? undefined;
}

export class CloudStack extends Stack {
  constructor() {
    super();
    /// `printed`: what commands said; it is searched for secrets when the stack closes (of Sluice's own output: sluice.mjs).
    Object.assign(this, { worlds: {}, env: {}, printed: '' });
    this.directory = temporaryDirectory('cloud');
  }
  /// Writes or replaces, at once, a file of the stack's; gives its path.
  file(name, text) {
    const file = path.join(this.directory, name);
    fs.writeFileSync(`${file}.new`, text);
    fs.renameSync(`${file}.new`, file);
    return file;
  }
  async start() {
    this.sluice = await startSluice(this.config, { env: this.env });
  }
  async restart(over = {}, env = {}) {
    await this.sluice.stop();
    this.config = merge(this.config, over);
    this.env = { ...this.env, ...env };
    await this.start();
  }
  /// Fulfils once every store that has its credentials renewed was given some.
  ready(timeout) {
    return poll(async () => {
      const metrics = await this.sluice.metrics();
      return Object.keys(this.worlds).every((store) => metrics.find('credential_refresh_total', { store }).length === 0 ||
        metrics.sum('credential_refresh_total', { store, result: 'ok' }) > 0);
    }, 'credentials for every store', timeout);
  }
  /// How many requests fell back to the app, for any reason or for one.
  fallbacks(reason) {
    return this.sluice.metric('fallback_total', reason && { reason });
  }

  close() {
    return runAll([
      ...[...this.running].map((exchange) => () => exchange.abort()),
      () => this.sluice?.stop(),
      () => this.app?.close(),
      ...Object.values(this.worlds).map((world) => () => world.close()),
      () => removeDirectory(this.directory),
      () => assert.deepEqual(leaksIn(this.printed), [], 'a command printed a secret'),
    ]);
  }
}

/// Starts it all for the test `t`. `stores`: {NAME: {cloud, identity, options: of the cloud's servers, settings: laid over
/// the store's}}; a route of the same name gives `/NAME/{file*}`, with `route` laid over it. `prepare(stack)` runs before
/// Sluice starts. Waits for credentials unless `wait` is false.
export async function startClouds(t, stores, { config = {}, route = {}, env = {}, app = {}, prepare, wait = true } = {}) {
  const stack = new CloudStack();
  t.after(() => stack.close());
  const base = testConfig({ cacheDirectory: path.join(stack.directory, 'cache') });
  Object.assign(base, { stores: {}, routes: [] });
  Object.assign(stack.env, Object.fromEntries(chainVariables.map((name) => [name, ''])), { HOME: stack.directory });
  for (const [name, { cloud, identity, options, settings = {} }] of Object.entries(stores)) {
    const world = await clouds[cloud].start(options);
    stack.worlds[name] = world;
    world.objects = clouds[cloud].objects(world);
    const found = identities[cloud][identity](stack, world);
    base.stores[name] = merge(merge(clouds[cloud].store(world), found.settings ?? {}), settings);
    base.routes.push(merge({ name, path: `/${name}/{file*}`, store: name, object: '{file}', authorize: 'none' }, route));
    Object.assign(stack.env, clouds[cloud].env(world), found.env);
  }
  const [first] = Object.values(stack.worlds);
  stack.app = await startApp({ publicMedia: true, mediaObject: (key) => first.objects.object(key), ...app });
  base.app.url = stack.app.url;
  stack.config = merge(base, config);
  Object.assign(stack.env, env);
  await prepare?.(stack);
  await stack.start();
  if (wait) await stack.ready();
  return stack;
}

/// The same with one store, `media`: also {world, origin: its object server}.
export async function startCloud(t, cloud, identity, { options, settings, prepare, ...rest } = {}) {
  const stack = await startClouds(t, { media: { cloud, identity, options, settings } }, {
    ...rest,
    prepare: async (made) => {
      made.world = made.worlds.media;
      made.origin = made.world.objects;
      await prepare?.(made);
    },
  });
  return stack;
}
