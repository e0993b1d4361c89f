// A small object store: the files of a directory as the objects of one bucket, given out only for rightly signed requests
// (sigv4.mjs), with S3's ranges, preconditions and errors. Module, and program:
//   node s3_store.mjs --directory DIR --port 0 --access-key K --secret-key S --bucket B [--region R] [--delay MS] [--rate BYTES_PER_S]
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Origin } from './origin.mjs';
import { checkSignature } from './sigv4.mjs';
import { announce, readOptions } from './options.mjs';

const types = {
  '.mp4': 'video/mp4', '.webm': 'video/webm', '.mp3': 'audio/mpeg', '.jpg': 'image/jpeg', '.png': 'image/png',
  '.pdf': 'application/pdf', '.txt': 'text/plain',
};

/// The file of `key` beneath `directory` as an object, or undefined. Keys that would leave the directory are no objects.
function fileObject(directory, key) {
  if (key === '' || key.includes('\0') || key.split('/').some((part) => ['', '.', '..'].includes(part))) return undefined;
  const file = path.join(directory, key);
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) return undefined;
  const identity = createHash('md5').update(`${stat.ino}/${stat.size}/${stat.mtimeMs}`).digest('hex');
  return {
    size: stat.size,
    modified: stat.mtimeMs,
    etag: `"${identity}"`,
    contentType: types[path.extname(key).toLowerCase()] ?? 'binary/octet-stream',
    read(offset, length) {
      const bytes = Buffer.alloc(length);
      const file_ = fs.openSync(file, 'r');
      try {
        fs.readSync(file_, bytes, 0, length, offset);
      } finally {
        fs.closeSync(file_);
      }
      return bytes;
    },
  };
}

/// Starts the store: {directory (optional: else only what is `put`), accessKey, secretKey, bucket, region, delay, rate, port}.
/// It is an Origin (origin.mjs) too: log, faults and `put` are the same.
export async function startStore({ directory, accessKey = 'AKTEST', secretKey = 'secret', bucket = 'media',
  region = 'us-east-1', delay = 0, rate = 0, port = 0 } = {}) {
  const store = new Origin({
    bucket,
    delay,
    rate,
    lookup: (key) => store.object(key) ?? (directory ? fileObject(directory, key) : undefined),
    authorize: (request) => checkSignature(request, { accessKey, secretKey, region }),
  });
  store.credentials = { access_key_id: accessKey, secret_access_key: secretKey };
  return store.listen(port);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const options = readOptions({
    directory: '.', port: 0, 'access-key': 'AKTEST', 'secret-key': 'secret', bucket: 'media', region: 'us-east-1',
    delay: 0, rate: 0,
  });
  const store = await startStore({ ...options, accessKey: options['access-key'], secretKey: options['secret-key'] });
  // A program may run for long: its log is not kept.
  setInterval(() => store.forget(), 1000).unref();
  announce(store, () => store.close());
}
