// A throw-away OpenStack Swift with its S3 interface (s3api), of Debian's packages swift-proxy, swift-account,
// swift-container, swift-object and memcached: an object store that is nobody's imitation. Needs nothing in /etc, and Debian's own
// Python, whichever else comes first in the PATH.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { get } from './client.mjs';
import { makeObject } from './origin.mjs';
import { signHeaders, uriEncode } from './sigv4.mjs';
import { dyingWithUs, removeDirectory, temporaryDirectory } from './sluice.mjs';
import { poll, within } from './wait.mjs';

const programs = ['swift-proxy-server', 'swift-account-server', 'swift-container-server', 'swift-object-server',
  'swift-ring-builder', 'memcached'];
const directories = (process.env.PATH ?? '').split(':');
const missing = programs.filter((name) => !directories.some((directory) => fs.existsSync(path.join(directory, name))));
/// Why Swift cannot be started here, or false.
export const swiftMissing = missing.length > 0 && `not installed: ${missing.join(', ')}`;

// The ring wants the ports before any server has one: where one is taken meanwhile, `start` tries others.
async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
  })));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const startWithin = 60000;
const attempts = 3;

// Swift reads /etc/swift/swift.conf unless it is told of another directory before anything else is imported.
const launcher = `
import runpy, sys
from swift.common import utils
utils.set_swift_dir(sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
`;

function common(directory, port) {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${os.userInfo().username}
swift_dir = ${directory}
log_address = ${directory}/no-log
`;
}

function storageConfig(directory, kind, port) {
  return `${common(directory, port)}devices = ${directory}/node
mount_check = false
disable_fallocate = true
log_udp_host =
recon_cache_path = ${directory}/cache
fsync_interval = 0
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
conn_timeout = 5
node_timeout = 20
`;
}

function proxyConfig(directory, port, memcachedPort) {
  return `${common(directory, port)}[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
# A busy machine is no broken one: nothing is given up early, and the only node there is is never left out.
conn_timeout = 5
node_timeout = 20
recoverable_node_timeout = 20
error_suppression_limit = 1000000
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${memcachedPort}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
check_bucket_owner = false
force_swift_request_proxy_log = false
dns_compliant_bucket_names = true
allow_no_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
`;
}

export class Swift {
  constructor() {
    this.directory = temporaryDirectory('swift');
    this.children = [];
    this.accessKey = 'test:tester';
    this.secretKey = 'testing';
    this.credentials = { access_key_id: this.accessKey, secret_access_key: this.secretKey };
    this.objects = new Map();
  }

  #file(name, text) {
    fs.writeFileSync(path.join(this.directory, name), text);
  }
  #start(command, args, name) {
    const log = fs.openSync(path.join(this.directory, `${name}.log`), 'w');
    const [program, ...rest] = [...dyingWithUs, command, ...args];
    const child = spawn(program, rest, { stdio: ['ignore', log, log], cwd: this.directory });
    fs.closeSync(log);
    child.name = name;
    child.done = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
    this.children.push(child);
  }
  #python(program, config, name) {
    const file = directories.map((directory) => path.join(directory, program)).find((f) => fs.existsSync(f));
    this.#start('/usr/bin/python3', ['-c', launcher, this.directory, file, path.join(this.directory, config)], name);
  }
  #ring(...args) {
    const done = spawnSync('swift-ring-builder', args, { cwd: this.directory, encoding: 'utf8' });
    if (done.status > 1) throw new Error(`swift-ring-builder ${args.join(' ')}: ${done.stdout}${done.stderr}`); // 1: a warning
  }

  /// Starts it all; once more, with other ports, where one of the servers does not come up.
  async start() {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#startAll();
      } catch (error) {
        if (attempt === attempts) throw error;
        process.stderr.write(`Swift, once more: ${error.message}\n`);
        await this.close();
        fs.mkdirSync(this.directory);
      }
    }
  }
  async #startAll() {
    const [proxyPort, memcachedPort, ...storagePorts] = await freePorts(5);
    fs.mkdirSync(path.join(this.directory, 'node/d1'), { recursive: true });
    fs.mkdirSync(path.join(this.directory, 'cache'));
    this.#file('swift.conf', '[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n' +
      '[storage-policy:0]\nname = Policy-0\ndefault = yes\n');
    ['account', 'container', 'object'].forEach((kind, i) => {
      this.#ring(`${kind}.builder`, 'create', '4', '1', '0');
      this.#ring(`${kind}.builder`, 'add', `r1z1-127.0.0.1:${storagePorts[i]}/d1`, '1');
      this.#ring(`${kind}.builder`, 'rebalance');
      this.#file(`${kind}.conf`, storageConfig(this.directory, kind, storagePorts[i]));
      this.#python(`swift-${kind}-server`, `${kind}.conf`, kind);
    });
    const asRoot = process.getuid() === 0 ? ['-u', 'root'] : [];
    this.#start('memcached', [...asRoot, '-l', '127.0.0.1', '-p', String(memcachedPort), '-m', '16'], 'memcached');
    this.#file('proxy.conf', proxyConfig(this.directory, proxyPort, memcachedPort));
    this.#python('swift-proxy-server', 'proxy.conf', 'proxy');
    this.port = proxyPort;
    this.url = `http://127.0.0.1:${proxyPort}`;
    // A bucket with an object in it says that all of it is up: the proxy, the account, container and object servers.
    let last = 'nothing';
    await poll(async () => {
      const dead = this.children.find((child) => child.exitCode !== null);
      if (dead) throw new Error(`Swift did not start:\n${fs.readFileSync(path.join(this.directory, `${dead.name}.log`), 'utf8')}`);
      const said = async (...args) => {
        const answer = await within(this.request(...args), args[1], startWithin / 3);
        last = `${args.slice(0, 2).join(' ')}: ${answer.status || answer.error?.message}`;
        return answer.status;
      };
      try {
        // 409: it was made before, when the object server was not up.
        return [200, 409].includes(await said('PUT', '/media')) && (await said('PUT', '/media/.ready', 'ready')) === 200 &&
          (await said('DELETE', '/media/.ready')) === 204;
      } catch (error) {
        last = error.message;
        return false;
      }
    }, () => `Swift takes an object (last: ${last})`, startWithin, 200);
    return this;
  }

  request(method, target, body = '') {
    const headers = signHeaders({ method, path: target, host: `127.0.0.1:${this.port}`, accessKey: this.accessKey,
      secretKey: this.secretKey, body });
    return get(this.url + target, { method, headers: { ...headers, 'Content-Length': Buffer.byteLength(body) }, body, keep: true });
  }
  /// Puts an object (a Buffer); `object(key)` then gives it as the fake origin's does.
  async put(key, bytes, contentType = 'video/mp4') {
    const target = `/media/${uriEncode(key, { keepSlash: true })}`;
    const headers = { 'content-type': contentType };
    const signed = signHeaders({ method: 'PUT', path: target, host: `127.0.0.1:${this.port}`, accessKey: this.accessKey,
      secretKey: this.secretKey, body: bytes, headers });
    const answer = await get(this.url + target, { method: 'PUT', headers: signed, body: bytes, keep: true });
    if (answer.status !== 200) throw new Error(`PUT ${key}: ${answer.status} ${answer.body}`);
    const object = makeObject({ bytes, etag: answer.headers.etag, contentType, modified: Date.now() });
    this.objects.set(key, object);
    return object;
  }
  object(key) {
    return this.objects.get(key);
  }
  async close() {
    for (const child of this.children) child.kill('SIGTERM');
    const late = setTimeout(() => this.children.forEach((child) => child.kill('SIGKILL')), 5000);
    await Promise.all(this.children.map((child) => child.done));
    clearTimeout(late);
    this.children = [];
    removeDirectory(this.directory);
  }
}

/// Starts Swift with a bucket `media`; end it with `close()`.
export async function startSwift() {
  const swift = new Swift();
  try {
    return await swift.start();
  } catch (error) {
    await swift.close();
    throw error;
  }
}
