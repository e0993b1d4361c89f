// What S3 answers to a GET or HEAD of one object: preconditions and ranges (RFC 9110 §13, §14) as S3 has them, and its
// XML errors. One piece of code for the fake origin, the signing store and the stand-in app.

/// The one range of a Range field: {first, last}, 'unsatisfiable', or null where the field is to be ignored
/// (no field, another unit, bad syntax, several ranges: S3 answers those with the whole object).
export function parseRange(field, size) {
  const match = /^bytes=(\d*)-(\d*)$/i.exec((field ?? '').trim());
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (match[1] === '') {
    const length = Number(match[2]);
    if (length === 0 || size === 0) return 'unsatisfiable';
    return { first: Math.max(0, size - length), last: size - 1 };
  }
  const first = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== '' && Number(match[2]) < first) return null;
  if (first >= size) return 'unsatisfiable';
  return { first, last };
}

const strip = (tag) => tag.trim().replace(/^W\//, '');
const listed = (field, etag, weak) =>
  field.split(',').some((tag) => tag.trim() === '*' || (weak ? strip(tag) === strip(etag) : tag.trim() === etag));
const seconds = (date) => Math.floor(new Date(date).getTime() / 1000);

/// The status that the preconditions ask for: 412, 304, or 0 to go on. Order of RFC 9110 §13.2.2.
export function preconditions(headers, object) {
  const etag = object.etag ?? '';
  if (headers['if-match'] !== undefined) {
    if (!listed(headers['if-match'], etag, false)) return 412;
  } else if (headers['if-unmodified-since'] !== undefined) {
    if (seconds(object.modified) > seconds(headers['if-unmodified-since'])) return 412;
  }
  if (headers['if-none-match'] !== undefined) {
    if (listed(headers['if-none-match'], etag, true)) return 304;
  } else if (headers['if-modified-since'] !== undefined) {
    if (seconds(object.modified) <= seconds(headers['if-modified-since'])) return 304;
  }
  return 0;
}

export function xmlError(code, message, extra = '') {
  const text = message.replace(/&/g, '&amp;').replace(/</g, '&lt;');
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${text}</Message>${extra}` +
      '<RequestId>4442587FB7D0A2F9</RequestId></Error>');
}

/// An error answer of a store: {status, headers, body}.
export function errorAnswer(status, code, message, extraHeaders = {}) {
  const body = xmlError(code, message);
  return { status, headers: { 'Content-Type': 'application/xml', 'Content-Length': body.length, ...extraHeaders }, body };
}

/// The answer to a GET or HEAD for `object` ({size, etag, modified, contentType, read(offset, length)}).
/// Gives {status, headers, first, length} where bytes of the object are to follow (length may be 0), else with `body`.
export function answerFor(headers, object) {
  const common = { 'Accept-Ranges': 'bytes', 'Last-Modified': new Date(object.modified).toUTCString() };
  if (object.etag) common.ETag = object.etag;
  const refused = preconditions(headers, object);
  if (refused === 412) {
    return errorAnswer(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  }
  if (refused === 304) return { status: 304, headers: common, first: 0, length: 0 };
  common['Content-Type'] = object.contentType ?? 'binary/octet-stream';
  const range = ifRangeHolds(headers, object) ? parseRange(headers.range, object.size) : null;
  if (range === 'unsatisfiable') {
    return errorAnswer(416, 'InvalidRange', 'The requested range is not satisfiable',
      { 'Content-Range': `bytes */${object.size}` });
  }
  if (!range) {
    return { status: 200, headers: { ...common, 'Content-Length': object.size }, first: 0, length: object.size };
  }
  const length = range.last - range.first + 1;
  const contentRange = `bytes ${range.first}-${range.last}/${object.size}`;
  return {
    status: 206,
    headers: { ...common, 'Content-Length': length, 'Content-Range': contentRange },
    first: range.first,
    length,
  };
}

function ifRangeHolds(headers, object) {
  const field = headers['if-range'];
  if (field === undefined) return true;
  if (field.startsWith('"')) return field === object.etag;
  return !field.startsWith('W/') && seconds(field) === seconds(object.modified);
}
