// deploy/kubernetes without a cluster: the manifests are read and what they must hold to is asserted, and the config in
// the ConfigMap is given to the real binary.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { binary } from '../support/sluice.mjs';
import { directoryFor, run } from '../tools/service.mjs';

const folder = fileURLToPath(new URL('../../deploy/kubernetes/', import.meta.url));

/// YAML as Debian's python3-yaml reads it, which knows no duplicate keys; they are looked for here.
const reader = `
import json, sys, yaml
class Loader(yaml.SafeLoader):
    pass
def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    if len(keys) != len(set(keys)):
        raise ValueError(f"duplicate key at {node.start_mark}: {keys}")
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)
Loader.add_constructor("tag:yaml.org,2002:map", mapping)
print(json.dumps(list(yaml.load_all(sys.stdin, Loader))))
`;
function readYaml(text) {
  const { status, stdout, output } = run('/usr/bin/python3', ['-c', reader], text);
  assert.equal(status, 0, output);
  return JSON.parse(stdout);
}
const readFile = (name) => readYaml(fs.readFileSync(path.join(folder, name), 'utf8'));

const [kustomization] = readFile('kustomization.yaml');
const objects = Object.fromEntries(kustomization.resources.flatMap(readFile).map((object) => [object.kind, object]));
const pod = objects.Deployment.spec.template.spec;
const sidecar = pod.initContainers.find(({ name }) => name === 'sluice');
const app = pod.containers.find(({ name }) => name === 'app');
const [config] = readYaml(objects.ConfigMap.data['sluice.yaml']);
const seconds = (text) => Number(/^(\d+)s$/.exec(text)[1]);
const gibibytes = (text) => Number(/^(\d+)GiB?$|^(\d+)Gi$/.exec(text).slice(1).find(Boolean));

test('the kustomization names all the manifests, and they name each other rightly', () => {
  const listed = new Set([...kustomization.resources, 'kustomization.yaml', 'podmonitor.yaml', 'open-webui.yaml']);
  assert.deepEqual(fs.readdirSync(folder).filter((name) => !listed.has(name)), []);
  for (const object of Object.values(objects)) assert.ok(object.apiVersion && object.metadata.name);
  const { labels } = objects.Deployment.spec.template.metadata;
  for (const selector of [objects.Deployment.spec.selector.matchLabels, objects.Service.spec.selector,
    readFile('podmonitor.yaml')[0].spec.selector.matchLabels]) {
    for (const [key, value] of Object.entries(selector)) assert.equal(labels[key], value);
  }
  for (const { name, configMap, secret } of pod.volumes) {
    if (configMap) assert.equal(configMap.name, objects.ConfigMap.metadata.name, name);
    if (!secret) continue;
    assert.equal(secret.secretName, objects.Secret.metadata.name);
    for (const { key } of secret.items) assert.ok(key in objects.Secret.stringData, key);
  }
  for (const { valueFrom } of sidecar.env) assert.ok(valueFrom.secretKeyRef.key in objects.Secret.stringData);
  const volumes = pod.volumes.map(({ name }) => name);
  for (const { volumeMounts } of [sidecar, app]) for (const { name } of volumeMounts) assert.ok(volumes.includes(name), name);
});

test('Sluice is a native sidecar, probed on its admin port', () => {
  assert.equal(sidecar.restartPolicy, 'Always');
  const ports = Object.fromEntries(sidecar.ports.map(({ name, containerPort }) => [name, containerPort]));
  assert.equal(config.listeners[0].address, `0.0.0.0:${ports.media}`);
  assert.equal(config.admin.address, `0.0.0.0:${ports.admin}`);
  const probes = { startupProbe: '/startupz', livenessProbe: '/livez', readinessProbe: '/readyz' };
  for (const [probe, where] of Object.entries(probes)) assert.deepEqual(sidecar[probe].httpGet, { path: where, port: 'admin' });
  assert.equal(objects.Deployment.spec.template.metadata.annotations['prometheus.io/port'], String(ports.admin));
});

test('nobody walks round the sidecar', () => {
  // Numbers: Kubernetes before 1.32 does not find a native sidecar's ports by their names.
  const { containerPort } = sidecar.ports.find(({ name }) => name === 'media');
  assert.deepEqual(objects.Service.spec.ports.map(({ targetPort }) => targetPort), [containerPort]);
  assert.equal(app.ports, undefined);
  const env = Object.fromEntries(app.env.map(({ name, value }) => [name, value]));
  assert.equal(config.app.url, `http://${env.HOST}:${env.PORT}`);
  assert.equal(env.HOST, '127.0.0.1');
});

test('nothing runs as root, or with more than it needs', () => {
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.ok(pod.securityContext.runAsUser > 0);
  assert.equal(pod.securityContext.seccompProfile.type, 'RuntimeDefault');
  assert.equal(pod.automountServiceAccountToken, false);
  for (const { name, securityContext, resources } of [sidecar, app]) {
    assert.equal(securityContext.readOnlyRootFilesystem, true, name);
    assert.equal(securityContext.allowPrivilegeEscalation, false, name);
    assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, name);
    assert.ok(resources.requests.memory && resources.limits.memory, name);
  }
});

test('the cache fits into its volume, and the drain into the time there is', () => {
  const volume = pod.volumes.find(({ name }) => name === 'cache');
  const mount = sidecar.volumeMounts.find(({ name }) => name === 'cache');
  assert.equal(config.cache.directory, mount.mountPath);
  const room = gibibytes(volume.emptyDir.sizeLimit);
  assert.ok(gibibytes(config.cache.max_size) <= 0.95 * room);
  assert.ok(room <= gibibytes(sidecar.resources.limits['ephemeral-storage']));
  const drain = seconds(config.limits.shutdown_delay) + seconds(config.limits.drain_timeout);
  assert.ok(pod.terminationGracePeriodSeconds >= drain + 10);
});

test('the config in the ConfigMap is a good one', (t) => {
  const directory = directoryFor(t, 'kubernetes');
  const mount = sidecar.volumeMounts.find(({ name }) => name === 'secrets').mountPath;
  for (const { key, path: name } of pod.volumes.find(({ name }) => name === 'secrets').secret.items) {
    fs.writeFileSync(path.join(directory, name), `${objects.Secret.stringData[key]}\n`);
  }
  const text = objects.ConfigMap.data['sluice.yaml'].replaceAll(mount, directory).replace(config.cache.directory, `${directory}/cache`);
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, text);
  const { status, output } = run('/usr/bin/env', [...sidecar.env.map(({ name }) => `${name}=AK`), binary, 'check', '--config', file]);
  assert.equal(status, 0, output);
});

test('Open WebUI: on loopback behind Sluice, both with the same storage variables', (t) => {
  const of = Object.fromEntries(readFile('open-webui.yaml').map((object) => [object.kind, object]));
  const { initContainers: [sluice], containers: [webui], volumes, terminationGracePeriodSeconds } = of.Deployment.spec.template.spec;
  const [settings] = readYaml(of.ConfigMap.data['sluice.yaml']);
  const env = Object.fromEntries(webui.env.map(({ name, value }) => [name, value]));
  assert.deepEqual(env, { HOST: '127.0.0.1', PORT: '8080' });
  assert.equal(settings.app.url, `http://${env.HOST}:${env.PORT}`);
  const ports = Object.fromEntries(sluice.ports.map(({ name, containerPort }) => [name, containerPort]));
  assert.deepEqual(ports, { media: 8081, admin: 9180 });
  assert.equal(settings.listeners[0].address, `0.0.0.0:${ports.media}`);
  assert.equal(webui.ports, undefined);
  assert.deepEqual(of.Service.spec.ports.map(({ targetPort }) => targetPort), [ports.media]);
  assert.equal(webui.readinessProbe.httpGet.port, ports.media);
  const { timeoutSeconds, periodSeconds, failureThreshold } = webui.readinessProbe;
  assert.ok(timeoutSeconds <= periodSeconds && periodSeconds * failureThreshold >= 60, 'an app that is silent keeps its pod');
  for (const { envFrom } of [sluice, webui]) assert.deepEqual(envFrom, [{ secretRef: { name: of.Secret.metadata.name } }]);
  assert.ok(sluice.securityContext.runAsNonRoot && sluice.securityContext.readOnlyRootFilesystem);
  const names = volumes.map(({ name }) => name);
  for (const { volumeMounts } of [sluice, webui]) for (const { name } of volumeMounts) assert.ok(names.includes(name), name);
  const cache = volumes.find(({ name }) => name === 'cache');
  assert.ok(gibibytes(settings.cache.max_size) <= 0.95 * gibibytes(cache.emptyDir.sizeLimit));
  assert.ok(terminationGracePeriodSeconds >= seconds(settings.limits.shutdown_delay) + seconds(settings.limits.drain_timeout) + 10);
  const directory = directoryFor(t, 'open-webui');
  const file = path.join(directory, 'sluice.yaml');
  fs.writeFileSync(file, of.ConfigMap.data['sluice.yaml'].replace(settings.cache.directory, `${directory}/cache`));
  const given = { ...of.Secret.stringData, S3_BUCKET_NAME: 'media' };
  const { status, output } = run('/usr/bin/env', [...Object.entries(given).map((pair) => pair.join('=')), binary, 'check', '--config', file]);
  assert.equal(status, 0, output);
  assert.doesNotMatch(output, /warning/);
});
