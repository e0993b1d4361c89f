// That Sluice prints no secret: everything that it prints and every secret that the tests see is kept, and the one is
// searched for the other (secret_search.mjs), by each test when its Sluice ends, and for the whole suite at its end.
//
// Kept in the directory SLUICE_TEST_OUTPUT, where that is set: NAME-PID-N.out and .err, what one process printed;
// NAME-PID.secrets, a JSON object {kind, text} a line, the secrets that one test file saw; NAME.config, the
// configuration of a command that a test ran. Program: node secrets.mjs DIR searches such a directory.
import { subscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { SecretSearch, shortest } from './secret_search.mjs';

const known = new SecretSearch();
const me = `${path.basename(process.argv[1] ?? 'node').replace(/\.mjs$/, '')}-${process.pid}`;
let runs = 0;
let kept; // {directory, file: descriptor of the .secrets}

const outputDirectory = () => process.env.SLUICE_TEST_OUTPUT || undefined;

/// A secret that exists from now on and that Sluice must not print, or a file with one in it; gives `text`. `kind`: what it
/// is, for whoever reads of a leak.
export function keepSecret(kind, text) {
  if (typeof text === 'string' && text.includes('\n')) return keepWithParts(kind, text);
  if (typeof text !== 'string' || !known.add(kind, text)) return text;
  const directory = outputDirectory();
  if (directory === undefined) return text;
  if (kept?.directory !== directory) {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (kept) fs.closeSync(kept.file);
    kept = { directory, file: fs.openSync(path.join(directory, `${me}.secrets`), 'a', 0o600) };
  }
  fs.writeSync(kept.file, `${JSON.stringify({ kind, text })}\n`);
  return text;
}

const secretKeys = /^(secret_access_key|session_token|hmac_secret|account_key|connection_string|service_account|token|proxy_password)$/;
const readable = (file) => {
  try {
    const { size } = fs.statSync(file);
    return size < 1 << 20 ? fs.readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
};

/// Keeps a secret with the secrets in it: the key of a connection string, of a service account's or an AWS file.
function keepWithParts(kind, value) {
  const text = value.trim();
  for (const [, key] of text.matchAll(/(?:AccountKey|aws_secret_access_key|aws_session_token)\s*=\s*([^\s;]+)/g)) keepSecret(kind, key);
  const pem = /-----BEGIN [^-]*PRIVATE KEY-----([^-]*)-----END/.exec(text)?.[1];
  for (const line of pem?.split(/\s|\\n/) ?? []) if (line.length >= 40) keepSecret('private key', line);
  // A whole file is not printed as one, a line of it may be.
  if (!/\s/.test(text)) keepSecret(kind, text);
  return value;
}

/// Keeps the secrets of a configuration (as an object), those in files too.
export function keepConfigSecrets(config) {
  for (const [key, value] of Object.entries(config ?? {})) {
    if (value === null || (typeof value !== 'object' && !secretKeys.test(key))) continue;
    if (!secretKeys.test(key)) keepConfigSecrets(value);
    else if (typeof value === 'object') keepWithParts(key, readable(value.file) ?? JSON.stringify(value));
    else if (!String(value).includes('${')) keepWithParts(key, readable(String(value)) ?? String(value));
  }
}

/// Keeps the secrets among variables that a test gives Sluice, and in the files that they name.
export function keepVariableSecrets(env) {
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== 'string') continue;
    if (/_FILE$|^GOOGLE_APPLICATION_CREDENTIALS$/.test(name)) {
      const text = readable(value);
      if (text) keepWithParts(name, text);
    } else if (/SECRET|TOKEN|PASSWORD|ACCOUNT_KEY|STORAGE_KEY|CONNECTION_STRING|IDENTITY_HEADER/.test(name)) {
      if (!readable(value)) keepWithParts(name, value); // else the path of a file; a base64 text may begin with a slash too
    }
  }
}

const secretParameters = /^(sig|signature|x-(amz|goog)-(signature|security-token)|(access_|refresh_|id_)?token|password|api[-_]?key)$/i;
const secretFields = /^(x-amz-security-token|x-aws-ec2-metadata-token|x-identity-header|secret|x-api-key|api-key)$/;
const decoded = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/// Keeps the signatures and tokens of a URL or a target.
export function keepUrlSecrets(url) {
  for (const pair of (String(url).split(/[?#](.*)/s)[1] ?? '').split('&')) {
    const [name, value = ''] = pair.split(/=(.*)/s);
    if (secretParameters.test(name)) keepSecret(`${name} of a URL`, decoded(value));
  }
}

function keepFieldSecrets(headers) {
  for (const [field, value] of Object.entries(headers)) {
    const name = field.toLowerCase();
    const texts = [value].flat().map(String);
    if (name === 'authorization' || name === 'proxy-authorization') texts.forEach(keepAuthorization);
    else if (name === 'cookie') texts.forEach((text) => text.split(';').forEach(keepCookie));
    else if (name === 'set-cookie') texts.forEach((text) => keepCookie(text.split(';')[0]));
    else if (name === 'location') texts.forEach(keepUrlSecrets);
    else if (secretFields.test(name)) texts.forEach((text) => keepSecret(name, text.trim()));
  }
}
function keepCookie(pair) {
  const value = pair.split(/=(.*)/s)[1]?.trim();
  if (value) keepSecret('cookie', value.replace(/^"(.*)"$/, '$1'));
}
function keepAuthorization(value) {
  const signature = /Signature=([0-9a-f]+)/.exec(value)?.[1];
  if (signature) return keepSecret('signature of a request', signature);
  const [, scheme, credential] = /^(\S+)\s+(.*)$/.exec(value) ?? [];
  if (/^basic$/i.test(scheme)) keepSecret('password', Buffer.from(credential, 'base64').toString().split(/:(.*)/s)[1]);
  return keepSecret(`Authorization ${scheme ?? ''}`.trim(), (credential ?? value).trim());
}

// Whatever goes over http in this process: what stand-ins were sent by Sluice, what clients sent, and what they were told.
subscribe('http.server.request.start', ({ request }) => {
  keepUrlSecrets(request.url);
  keepFieldSecrets(request.headers);
});
subscribe('http.client.request.start', ({ request }) => {
  keepUrlSecrets(request.path);
  keepFieldSecrets(request.getHeaders());
});
subscribe('http.client.response.finish', ({ response }) => keepFieldSecrets(response.headers));

/// Lines of `text` with secrets that are known by now, blanked: [{line, kinds, text}].
export const leaksIn = (text) => known.leaks(Buffer.from(text));

/// Takes what one process of Sluice prints, of one or two streams.
export class PrintedOutput {
  constructor() {
    this.texts = { out: [], err: [] };
    const directory = outputDirectory();
    if (directory === undefined) return;
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = (ending) => fs.openSync(path.join(directory, `${me}-${++runs}.${ending}`), 'w', 0o600);
    this.files = { out: file('out'), err: file('err') };
  }
  /// `stream`: 'out' or 'err'.
  take(stream, text) {
    this.texts[stream].push(text);
    if (this.files) fs.writeSync(this.files[stream], text);
  }
  close() {
    for (const file of Object.values(this.files ?? {})) fs.closeSync(file);
    this.files = undefined;
  }
  leaks() {
    return Object.values(this.texts).flatMap((texts) => leaksIn(texts.join('')));
  }
}

/// The path of a program that runs `binary` to its end and keeps what it prints and its configuration: for commands, not
/// for what is to be sent signals or to be measured. `binary` itself where nothing is kept. What `sign` is there to
/// print, a signed URL, is not kept.
export function keepingCommand(binary) {
  const directory = outputDirectory();
  if (directory === undefined) return binary;
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const script = `#!/bin/sh
# Runs the command to its end; what it printed is kept here.
umask 077
kept=$(mktemp ${quoted(path.join(path.resolve(directory), 'command-XXXXXX'))}) || exit 125
exec 3<&0
${quoted(binary)} "$@" <&3 3<&- >"$kept.out" 2>"$kept.err" &
child=$!
trap 'kill "$child"' TERM INT
wait "$child"; status=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
cat "$kept.out"; cat "$kept.err" >&2
[ "$1" != sign ] || : >"$kept.out"
for given; do
  case $given in --config=*) cp "\${given#--config=}" "$kept.config" ;; esac
  [ "$before" != --config ] || cp "$given" "$kept.config"
  before=$given
done 2>/dev/null
rm -f "$kept"
exit "$status"
`;
  const file = path.join(path.resolve(directory), 'sluice');
  if (readable(file) !== script) {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    fs.writeFileSync(`${file}.${process.pid}`, script, { mode: 0o700 });
    fs.renameSync(`${file}.${process.pid}`, file);
  }
  return file;
}

/// The secrets in the text of a configuration that is perhaps no good one: the values of the keys that hold them. (That of
/// `service_account` is one word only where it is a file's name, which is none.)
function addConfigText(search, text) {
  for (const [, key, value] of text.matchAll(/"?\b(\w+)"?\s*:\s*["']?([^\s"',{}]+)/g)) {
    if (secretKeys.test(key) && key !== 'service_account' && !value.includes('$')) search.add(key, value);
  }
}

/// Searches a directory that tests have filled: {processes, secrets, ignored, forms, bytes, milliseconds, leaks: [{file, line, kinds, text}]}.
export function searchDirectory(directory) {
  const begun = performance.now();
  const files = fs.existsSync(directory) ? fs.readdirSync(directory).sort() : [];
  const search = new SecretSearch();
  const read = (name) => fs.readFileSync(path.join(directory, name));
  for (const name of files.filter((file) => file.endsWith('.secrets'))) {
    for (const row of read(name).toString().split('\n')) {
      if (row === '') continue;
      const { kind, text } = JSON.parse(row);
      search.add(kind, text);
    }
  }
  for (const name of files.filter((file) => file.endsWith('.config'))) addConfigText(search, read(name).toString());
  let bytes = 0;
  const leaks = [];
  const printed = files.filter((file) => /\.(out|err)$/.test(file));
  for (const name of printed) {
    const text = read(name);
    bytes += text.length;
    for (const leak of search.leaks(text)) leaks.push({ file: name, ...leak });
  }
  return { processes: printed.length / 2, secrets: search.size, ignored: search.ignored.size, forms: search.forms, bytes,
    milliseconds: Math.round(performance.now() - begun), leaks };
}

/// Prints what was found in `directory`; gives the exit status: 0 nothing, 1 a leak or nothing to search, 77 where no test
/// has started a Sluice.
export function reportDirectory(directory, print = console.log) {
  const found = searchDirectory(directory);
  if (found.processes === 0) {
    print('no test has started a Sluice: nothing to search');
    return 77;
  }
  print(`${found.secrets} secrets in ${found.forms} forms (${found.ignored} more have fewer than ${shortest} characters and were ` +
    `not looked for), ${found.bytes} bytes of ${found.processes} processes, ${found.milliseconds} ms`);
  for (const { file, line, kinds, text } of found.leaks.slice(0, 50)) print(`${file}:${line}: ${kinds.join(', ')}: ${text}`);
  if (found.leaks.length > 0) print(`${found.leaks.length} lines hold secrets`);
  else if (found.secrets === 0 || found.bytes === 0) print('secrets or output were not kept: this says nothing');
  else return 0;
  return 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = reportDirectory(process.argv[2] ?? process.env.SLUICE_TEST_OUTPUT ?? '');
}
