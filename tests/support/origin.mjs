// A fake object store in this process: plain http on 127.0.0.1, path style (`/bucket/key`), answering as S3 does, with a
// log of every request and faults on demand. It does not look at signatures unless `authorize` is given (s3_store.mjs).
import { createHash } from 'node:crypto';
import { content, sha256Range, sha256 } from './content.mjs';
import { FakeServer } from './fake_server.mjs';
import { FaultRule } from './faults.mjs';
import { answerFor, errorAnswer } from './http_object.mjs';

const pageSize = 64 * 1024;

/// An object for the origin: of `bytes`, or of `size` bytes of the content `seed`. Its ETag is strong unless given.
export function makeObject({ seed = 1, size, bytes, contentType = 'video/mp4', etag, modified }) {
  const length = bytes ? bytes.length : size;
  const identity = createHash('md5').update(bytes ?? `${seed}/${size}`).digest('hex');
  return {
    seed,
    size: length,
    contentType,
    etag: etag === undefined ? `"${identity}"` : etag,
    modified: modified ?? Date.UTC(2024, 0, 2, 3, 4, 5),
    read: bytes ? (at, n) => bytes.subarray(at, at + n) : (at, n) => content(seed, at, n),
    sha256(first = 0, last = length - 1) {
      return bytes ? sha256(bytes.subarray(first, last + 1)) : sha256Range(seed, first, last);
    },
  };
}

export class Origin extends FakeServer {
  Rule = FaultRule;

  /// {bucket, delay: ms before each head, rate: body bytes/s a connection, lookup(key, request) → object,
  /// authorize(request) → answer, tls: {key, cert} for https}
  constructor(options = {}) {
    super({ tls: options.tls });
    this.options = { bucket: 'media', delay: 0, rate: 0, ...options };
    this.objects = new Map();
  }

  /// Puts or replaces an object; see makeObject.
  put(key, description) {
    const object = makeObject(description);
    this.objects.set(key, object);
    return object;
  }
  delete(key) {
    this.objects.delete(key);
  }
  object(key) {
    return this.objects.get(key);
  }

  /// Fulfils once nothing is being answered (for `key`, where one is given).
  idle(key, timeout) {
    return this.board.until(() => this.of(key).every((r) => r.finished), 'an idle origin', timeout);
  }
  /// Body bytes of objects that left for `key`; error bodies do not count.
  bytesSent(key) {
    return this.of(key).reduce((sum, r) => sum + (r.carriesObject ? r.sent : 0), 0);
  }
  /// Numbers of the pages of which more than a page's bytes left: fetched twice, in whole or in part.
  pagesSentTwice(key) {
    const sent = new Map();
    for (const r of this.of(key)) {
      if (!r.carriesObject || r.sent === 0) continue;
      const end = r.first + r.sent;
      for (let page = Math.floor(r.first / pageSize); page * pageSize < end; page++) {
        const bytes = Math.min(end, (page + 1) * pageSize) - Math.max(r.first, page * pageSize);
        sent.set(page, (sent.get(page) ?? 0) + bytes);
      }
    }
    return [...sent].filter(([, bytes]) => bytes > pageSize).map(([page]) => page);
  }

  entryOf(req, id) {
    const path = req.url.split('?')[0];
    return {
      id, at: Date.now(), method: req.method, target: req.url, path, key: keyOf(path, this.options.bucket), headers: req.headers,
      rawHeaders: req.rawHeaders, range: req.headers.range, status: 0, sent: 0, first: 0, carriesObject: false,
    };
  }
  async answer(entry, req, res, gone) {
    const { lookup, authorize } = this.options;
    req.resume();
    const object = entry.key === undefined ? undefined : await (lookup ?? ((key) => this.objects.get(key)))(entry.key, entry);
    await this.#send(entry, req, res, gone, object, authorize?.(entry) ?? this.#plain(entry, object));
  }

  #plain(entry, object) {
    if (entry.method !== 'GET' && entry.method !== 'HEAD') {
      return errorAnswer(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.');
    }
    if (!object) {
      return entry.key === undefined
        ? errorAnswer(404, 'NoSuchBucket', 'The specified bucket does not exist')
        : errorAnswer(404, 'NoSuchKey', 'The specified key does not exist.');
    }
    return answerFor(entry.headers, object);
  }

  async #send(entry, req, res, gone, object, plain) {
    let answer = plain;
    const rule = this.rules.find((r) => r.acts(entry, answer.first ?? 0, answer.body ? 0 : answer.length));
    if (await this.beforeHead(rule, entry, req, gone, rule?.delayMs ?? this.options.delay)) return undefined;
    if ((rule?.withoutRange || rule?.withoutConditions) && object) answer = answerFor(rule.known(entry.headers), object);
    if (rule?.error) answer = errorAnswer(rule.error.status, rule.error.code, 'as the test asked', rule.error.headers);
    for (const edit of rule?.edits ?? []) edit(answer);

    entry.status = answer.status;
    entry.first = answer.first ?? 0;
    entry.carriesObject = !answer.body && req.method !== 'HEAD';
    res.writeHead(answer.status, { 'x-amz-request-id': `F${entry.id}`, Server: 'FakeS3', ...answer.headers });
    if (entry.carriesObject && answer.length > 0) {
      return this.sendObject(entry, req, res, gone, object, answer, { stops: rule?.stops, rate: rule?.rate ?? this.options.rate });
    }
    const body = req.method === 'HEAD' ? undefined : answer.body;
    entry.sent = body?.length ?? 0;
    res.end(body);
    return gone;
  }
}

function keyOf(path, bucket) {
  if (!path.startsWith(`/${bucket}/`)) return undefined;
  try {
    return decodeURIComponent(path.slice(bucket.length + 2));
  } catch {
    return undefined;
  }
}

/// Starts a fake origin on a free port.
export function startOrigin(options) {
  return new Origin(options).listen();
}
