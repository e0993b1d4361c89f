// Finds secrets in what a program printed: as they are, in a JSON string, URL-encoded, and in base64 wherever they begin in
// what was encoded. One pass over the bytes, however many secrets there are.

/// Secrets of fewer characters are not looked for: they would be found in every other word.
export const shortest = 8;
const window = 8; // bytes that are hashed; no form of a secret is shorter
const filterBits = 21;

const percent = (byte, digits) => `%${digits(byte.toString(16).padStart(2, '0'))}`;
const upper = (text) => text.toUpperCase();
const lower = (text) => text;

/// Percent-encoded: all bytes but letters, digits and `kept`.
function urlEncoded(text, kept, space, digits) {
  let out = '';
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte);
    if (char === ' ') out += space;
    else out += /[A-Za-z0-9]/.test(char) || kept.includes(char) ? char : percent(byte, digits);
  }
  return out;
}

/// The characters that `text` gives in base64 after `before` other bytes: those that depend on nothing else.
function base64At(text, before) {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
}
const toUrlAlphabet = (text) => text.replaceAll('+', '-').replaceAll('/', '_');

/// Every form in which a secret is looked for, as it would stand in an output.
export function formsOf(text) {
  const forms = new Set([text, JSON.stringify(text).slice(1, -1)]);
  if (/[^A-Za-z0-9\-._~]/.test(text)) {
    // RFC 3986; the same with "/" as in a path; JavaScript's and the form encoding's own ideas of what is safe.
    for (const kept of ['-._~', '-._~/', "-._~!'()*", '-._*']) {
      for (const space of ['%20', '+']) {
        for (const digits of [upper, lower]) forms.add(urlEncoded(text, kept, space, digits));
      }
    }
  }
  for (let before = 0; before < 3; before++) {
    const encoded = base64At(text, before);
    forms.add(encoded).add(toUrlAlphabet(encoded));
  }
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text)) forms.add(toUrlAlphabet(text).replace(/=+$/, ''));
  return [...forms].filter((form) => Buffer.byteLength(form) >= window);
}

const hash = (low, high) => {
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
};

/// The secrets to look for. They may be added at any time.
export class SecretSearch {
  #kinds = new Map();
  #filter = new Uint8Array(1 << filterBits);
  #endings = new Map();
  /// Forms that are looked for, and secrets that are not: shorter than `shortest`.
  forms = 0;
  ignored = new Set();

  /// Secrets that are looked for.
  get size() {
    return this.#kinds.size;
  }
  /// False where it was known, or is too short.
  add(kind, text) {
    if (text.length < shortest) {
      this.ignored.add(text);
      return false;
    }
    if (this.#kinds.has(text)) return false;
    this.#kinds.set(text, kind);
    for (const form of formsOf(text)) this.#addForm(Buffer.from(form), kind);
    return true;
  }
  // By its last bytes: tokens begin alike, but do not end so.
  #addForm(bytes, kind) {
    const end = bytes.length;
    const key = hash(bytes.readInt32BE(end - 4), bytes.readInt32BE(end - 8));
    this.#filter[key >>> (32 - filterBits)] = 1;
    const others = this.#endings.get(key);
    if (others) others.push({ bytes, kind });
    else this.#endings.set(key, [{ bytes, kind }]);
    this.forms++;
  }

  /// Where secrets stand in `bytes` (a Buffer): [{first, end, kind}], in the order of their ends.
  find(bytes) {
    const filter = this.#filter;
    const found = [];
    let low = 0;
    let high = 0;
    for (let i = 0; i < bytes.length; i++) {
      high = (high << 8) | (low >>> 24);
      low = (low << 8) | bytes[i];
      const key = hash(low, high);
      if (filter[key >>> (32 - filterBits)] === 0) continue;
      for (const one of this.#endings.get(key) ?? []) {
        const first = i + 1 - one.bytes.length;
        if (first >= 0 && one.bytes.compare(bytes, first, i + 1) === 0) found.push({ first, end: i + 1, kind: one.kind });
      }
    }
    return found;
  }

  /// The lines of `bytes` that hold secrets: [{line: from 1, kinds, text: the line, each secret in it as ***}].
  leaks(bytes) {
    const lines = new Map();
    let line = 1;
    let at = 0; // where `line` begins
    for (const hit of this.find(bytes).sort((a, b) => a.first - b.first)) {
      for (let next = bytes.indexOf(10, at); next >= 0 && next < hit.first; next = bytes.indexOf(10, at)) {
        at = next + 1;
        line++;
      }
      const begun = lines.get(line);
      if (begun) begun.hits.push(hit);
      else lines.set(line, { line, at, hits: [hit] });
    }
    return [...lines.values()].map((one) => ({
      line: one.line, kinds: [...new Set(one.hits.map(({ kind }) => kind))], text: blanked(bytes, one),
    }));
  }
}

/// A line with its secrets blanked, cut to what stands around the first.
function blanked(bytes, { at, hits }) {
  const around = 200;
  const newline = bytes.indexOf(10, hits.at(-1).end);
  const end = newline < 0 ? bytes.length : newline;
  let text = '';
  let from = Math.max(at, hits[0].first - around);
  if (from > at) text = '…';
  for (const hit of hits) {
    if (hit.end <= from) continue;
    text += `${bytes.toString('utf8', from, Math.max(from, hit.first))}***`;
    from = hit.end;
  }
  const last = Math.min(end, from + around);
  return text + bytes.toString('utf8', from, last) + (last < end ? '…' : '');
}
