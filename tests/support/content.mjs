// Object bodies without files: the bytes of an object are AES-128-CTR keystream under a key made from its seed, so any
// range can be computed at once, at any offset, and no two pages or objects look alike.
import { createCipheriv, createHash } from 'node:crypto';

const piece = 1 << 20;
const zeros = Buffer.alloc(piece);
const keys = new Map();

function keyOf(seed) {
  let key = keys.get(seed);
  if (!key) {
    key = createHash('sha256').update(String(seed)).digest().subarray(0, 16);
    keys.set(seed, key);
  }
  return key;
}

/// The `length` bytes from byte `offset` on of the object `seed` (a number or a string).
export function content(seed, offset, length) {
  const skip = offset % 16;
  const counter = Buffer.alloc(16);
  counter.writeBigUInt64BE(BigInt((offset - skip) / 16), 8);
  const cipher = createCipheriv('aes-128-ctr', keyOf(seed), counter);
  const wanted = skip + length;
  const out = wanted <= piece ? cipher.update(zeros.subarray(0, wanted)) : cipher.update(Buffer.alloc(wanted));
  return out.subarray(skip);
}

/// The SHA-256, in hex, of the bytes first..last (both inclusive; last < first: of nothing).
export function sha256Range(seed, first, last) {
  const hash = createHash('sha256');
  for (let at = first; at <= last; at += piece) hash.update(content(seed, at, Math.min(piece, last - at + 1)));
  return hash.digest('hex');
}

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/// A generator of repeatable random numbers (xorshift32): `next(n)` gives an integer in [0, n). Print the seed.
export function randomNumbers(seed) {
  let state = (seed >>> 0) || 1;
  return {
    next(n) {
      state ^= state << 13;
      state >>>= 0;
      state ^= state >>> 17;
      state ^= state << 5;
      state >>>= 0;
      return state % n;
    },
  };
}
