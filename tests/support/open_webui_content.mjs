// A file's bytes as Open WebUI answers them: the dispositions, and ranges of the local copy as its framework has them.
import fs from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { uriEncode } from './sigv4.mjs';

// Of what its framework's middleware compresses, with what it does not begin with.
const compressible = /^(text\/(plain|html|css|javascript|markdown|vtt|xml)|application\/(json|xml)|image\/svg\+xml)\b/;
const compressFrom = 500;

const types = {
  '.mp4': 'video/mp4', '.webm': 'video/webm', '.mp3': 'audio/mpeg', '.wav': 'audio/x-wav', '.jpg': 'image/jpeg',
  '.png': 'image/png', '.svg': 'image/svg+xml', '.pdf': 'application/pdf', '.txt': 'text/plain', '.html': 'text/html',
  '.md': 'text/markdown', '.zip': 'application/zip', '.tar': 'application/x-tar',
};
/// As Python's mimetypes: how a file is packed says nothing of its type.
export const guessType = (name) => types[path.extname(name.replace(/\.(gz|bz2|xz|br|Z)$/, '')).toLowerCase()] ?? 'application/octet-stream';
const withCharset = (type) => (type.startsWith('text/') && !/charset=/i.test(type) ? `${type}; charset=utf-8` : type);

/// {type, disposition} of `/content` for a name, the type that its uploader claimed (may be undefined), and where it is stored.
export function presentation(name, claimed, attachment, stored = name) {
  const file = `filename*=UTF-8''${uriEncode(name, { keepSlash: true })}`;
  const type = claimed || guessType(stored);
  if (attachment) return { type: withCharset(type), disposition: `attachment; ${file}` };
  if (claimed === 'application/pdf' || name.toLowerCase().endsWith('.pdf')) return { type: 'application/pdf', disposition: `inline; ${file}` };
  return { type: withCharset(type), disposition: claimed === 'text/plain' ? undefined : `attachment; ${file}` };
}

/// The ranges of a Range field, in order, overlapping ones joined; 'malformed' or 'unsatisfiable'.
export function rangesOf(field, size) {
  const list = /^\s*bytes\s*=(.*)$/i.exec(field)?.[1];
  const ranges = (list ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    const match = /^(\d*)-(\d*)$/.exec(part);
    if (!match || (match[1] === '' && match[2] === '')) return undefined;
    if (match[1] === '') return { first: Math.max(0, size - Number(match[2])), last: size - 1 };
    return { first: Number(match[1]), last: match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1) };
  });
  if (ranges.length === 0 || ranges.includes(undefined)) return 'malformed';
  if (ranges.some(({ first }) => first >= size)) return 'unsatisfiable';
  if (ranges.some(({ first, last }) => first > last)) return 'malformed';
  if (ranges.length === 1) return ranges;
  const joined = [];
  for (const one of ranges.sort((a, b) => a.first - b.first)) {
    const before = joined.at(-1);
    if (before && one.first <= before.last + 1) before.last = Math.max(before.last, one.last);
    else joined.push({ ...one });
  }
  return joined;
}

async function sendPart({ res, gone }, file, { first, last }) {
  if (last < first) return;
  let left = last - first + 1;
  for await (const bytes of fs.createReadStream(file, { start: first, end: last, highWaterMark: 256 * 1024 })) {
    if (res.destroyed) return;
    left -= bytes.length;
    if (!res.write(bytes)) await Promise.race([new Promise((resolve) => res.once('drain', resolve)), gone]);
  }
  if (left > 0) res.destroy(); // truncated meanwhile: the app's server cuts what is shorter than it said
}

/// Answers a GET with a local copy of storage.get(), or a part of it. `call`: {req, res, gone}. No 304, no 412.
export async function sendFile(call, copy, { type, disposition }) {
  const { req, res } = call;
  const lastModified = new Date(copy.modified).toUTCString();
  const headers = { 'Content-Type': type, 'Content-Length': copy.size, ...(disposition && { 'Content-Disposition': disposition }),
    'Last-Modified': lastModified, ETag: copy.etag, 'Accept-Ranges': 'bytes' };
  const compressed = compressible.test(type) && copy.size >= compressFrom;
  if (compressed) headers.Vary = [res.getHeader('Vary'), 'Accept-Encoding'].filter(Boolean).join(', ');
  const condition = req.headers['if-range'];
  const wanted = condition === undefined || condition === copy.etag || condition === lastModified ? req.headers.range : undefined;
  const ranges = wanted === undefined ? [] : rangesOf(wanted, copy.size);
  if (ranges === 'malformed') return void res.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Malformed range header.');
  if (ranges === 'unsatisfiable') return void res.writeHead(416, { 'Content-Range': `bytes */${copy.size}`, 'Content-Length': 0 }).end();
  const coding = compressed && ['br', 'gzip'].find((one) => new RegExp(`\\b${one}\\b`).test(req.headers['accept-encoding'] ?? ''));
  if (ranges.length === 0 && coding) {
    delete headers['Content-Length'];
    delete headers['Accept-Ranges'];
    res.writeHead(200, { ...headers, 'Content-Encoding': coding });
    res.write((coding === 'br' ? brotliCompressSync : gzipSync)(fs.readFileSync(copy.file)));
  } else if (ranges.length === 0) {
    res.writeHead(200, headers);
    await sendPart(call, copy.file, { first: 0, last: copy.size - 1 });
  } else if (ranges.length === 1) {
    const [{ first, last }] = ranges;
    res.writeHead(206, { ...headers, 'Content-Length': last - first + 1, 'Content-Range': `bytes ${first}-${last}/${copy.size}` });
    await sendPart(call, copy.file, ranges[0]);
  } else {
    await sendMultipart(call, copy, ranges, headers);
  }
  return void res.end();
}

async function sendMultipart(call, copy, ranges, headers) {
  delete headers.Vary; // multipart/byteranges is nothing to compress
  const boundary = randomBytes(13).toString('hex');
  const head = ({ first, last }) =>
    `--${boundary}\r\nContent-Type: ${headers['Content-Type']}\r\nContent-Range: bytes ${first}-${last}/${copy.size}\r\n\r\n`;
  const end = `--${boundary}--\r\n`;
  const length = ranges.reduce((sum, r) => sum + head(r).length + (r.last - r.first + 1) + 2, end.length);
  call.res.writeHead(206, { ...headers, 'Content-Type': `multipart/byteranges; boundary=${boundary}`, 'Content-Length': length });
  for (const one of ranges) {
    call.res.write(head(one));
    await sendPart(call, copy.file, one);
    call.res.write('\r\n');
  }
  call.res.write(end);
}

/// The parts of a multipart/byteranges body: [{type, contentRange, body}].
export function partsOf(response) {
  const boundary = /boundary="?([^";]+)/.exec(response.headers['content-type'])[1];
  const text = response.body.toString('latin1');
  const parts = text.split(new RegExp(`(?:^|\\r\\n)--${boundary.replace(/[^\w]/g, '\\$&')}`)).slice(1);
  if (!/^--\s*$/.test(parts.pop())) throw new Error('a multipart body without its end');
  return parts.map((part) => {
    const cut = part.indexOf('\r\n\r\n');
    const field = (name) => new RegExp(`\\r\\n${name}: *(.*)`, 'i').exec(part.slice(0, cut))?.[1];
    return { type: field('content-type'), contentRange: field('content-range'), body: Buffer.from(part.slice(cut + 4), 'latin1') };
  });
}
