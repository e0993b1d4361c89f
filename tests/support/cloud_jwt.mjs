// JSON Web Tokens with RS256 (RFC 7515, RFC 7519): made by a small identity provider, as a cluster's service-account
// issuer is, and checked by the token services.
import { createSign, createVerify, generateKeyPairSync } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const keys = new Map();
/// The key pair of that name, {privateKey, publicKey}: one for the whole process, since to make one takes long.
export function makeRsaKey(name) {
  if (!keys.has(name)) keys.set(name, generateKeyPairSync('rsa', { modulusLength: 2048 }));
  return keys.get(name);
}

export function signJwt(claims, privateKey, header = {}) {
  const signed = `${encode({ alg: 'RS256', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}

/// {claims} where the token is one of `publicKey`'s, else {problem: 'malformed' | 'algorithm' | 'signature'}. Times are
/// the caller's to check.
export function readJwt(token, publicKey) {
  const parts = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token ?? '');
  if (!parts) return { problem: 'malformed' };
  let header;
  let claims;
  try {
    header = JSON.parse(Buffer.from(parts[1], 'base64url'));
    claims = JSON.parse(Buffer.from(parts[2], 'base64url'));
  } catch {
    return { problem: 'malformed' };
  }
  if (typeof claims !== 'object' || claims === null) return { problem: 'malformed' };
  if (header?.alg !== 'RS256') return { problem: 'algorithm' };
  const right = createVerify('RSA-SHA256').update(`${parts[1]}.${parts[2]}`).verify(publicKey, parts[3], 'base64url');
  return right ? { claims } : { problem: 'signature' };
}

/// An identity provider whose tokens the clouds' token services trust: `issue` gives what a projected token file holds.
export class Issuer {
  constructor(world, url = 'https://oidc.example/cluster') {
    const { privateKey, publicKey } = makeRsaKey('issuer');
    Object.assign(this, { world, url, privateKey, publicKey });
  }
  /// A token for `subject` and `audience` that lives `lifetime` seconds from now (below 0: expired already).
  issue({ subject = 'system:serviceaccount:media:sluice', audience, lifetime = 3600, claims = {} } = {}) {
    const now = Math.floor(this.world.time() / 1000);
    const all = { iss: this.url, sub: subject, aud: audience, iat: now - 1, exp: now + lifetime, ...claims };
    return this.world.secret(signJwt(all, this.privateKey));
  }
  /// {claims}, or {problem: 'malformed' | 'algorithm' | 'signature' | 'issuer' | 'audience' | 'expired' | 'early'}.
  check(token, { audience, now }) {
    const read = readJwt(token, this.publicKey);
    if (read.problem) return read;
    const { iss, aud, exp, nbf } = read.claims;
    if (iss !== this.url) return { problem: 'issuer' };
    if (![aud].flat().includes(audience)) return { problem: 'audience' };
    if (!(exp * 1000 > now)) return { problem: 'expired' };
    return nbf * 1000 > now ? { problem: 'early' } : read;
  }
}
