// Who is asking, and whether they may: users, tokens, API keys and the read rule of the stand-in for Open WebUI.
import { randomBytes, randomUUID } from 'node:crypto';

/// An answer other than success, thrown anywhere on the way to it: `{"detail": …}` with this status.
export class Refusal extends Error {
  constructor(status, detail) {
    super(`${status}`);
    Object.assign(this, { status, detail });
  }
}

export const details = {
  unauthenticated: 'Not authenticated',
  badToken: 'Your session has expired or the token is invalid. Please sign in again.',
  mismatch: 'User mismatch. Please sign in again.',
  prohibited: 'You do not have permission to access this resource. Please contact your administrator for assistance.',
  notFound: "We could not find what you're looking for :/",
};

const roles = ['user', 'admin'];

export class Access {
  /// {trustedHeader: the field in which a proxy before the app names the user by e-mail; operators rename it}
  constructor({ trustedHeader } = {}) {
    this.trustedHeader = trustedHeader?.toLowerCase();
    this.users = new Map();
    this.tokens = new Map();
    this.keys = new Map();
  }

  /// A new user {id, name, email, role, password}; a role other than `user` and `admin` is not verified yet.
  addUser(name, { role = 'user', password = name } = {}) {
    const user = { id: randomUUID(), name, email: `${name}@example.com`, role, password };
    this.users.set(user.id, user);
    return user;
  }
  byEmail(email) {
    return [...this.users.values()].find((user) => user.email === email.trim().toLowerCase());
  }
  /// A new token of the user's.
  logIn(user) {
    const token = `ey${randomBytes(24).toString('base64url')}`;
    this.tokens.set(token, user.id);
    return token;
  }
  revoke(token) {
    return this.tokens.delete(token);
  }
  /// A new API key; `allows(path)` says which endpoints it may be used for (all where it is not given).
  addKey(user, { allows } = {}) {
    const key = `sk-${randomBytes(16).toString('hex')}`;
    this.keys.set(key, { userId: user.id, allows });
    return key;
  }

  /// What the request names itself with: Bearer before the cookie `token` before `x-api-key`; undefined for nothing.
  credential(headers) {
    const bearer = /^bearer\s+(.*)$/i.exec(headers.authorization ?? '')?.[1];
    if (bearer) return bearer;
    const cookie = (headers.cookie ?? '').split(';').map((pair) => pair.trim()).find((pair) => pair.startsWith('token='));
    return cookie?.slice('token='.length) || headers['x-api-key'] || undefined;
  }

  /// The verified user of a request to `path`; throws a Refusal.
  identify(headers, path) {
    const credential = this.credential(headers);
    const email = this.trustedHeader && headers[this.trustedHeader];
    const trusted = email ? this.byEmail(email) : undefined;
    let user = trusted;
    if (credential?.startsWith('sk-')) {
      const key = this.keys.get(credential);
      if (!key) throw new Refusal(401, details.badToken);
      if (key.allows && !key.allows(path)) throw new Refusal(403, details.prohibited);
      user = this.users.get(key.userId);
    } else if (credential !== undefined) {
      user = this.users.get(this.tokens.get(credential));
      if (!user) throw new Refusal(401, details.badToken);
    }
    if (!user) throw new Refusal(401, details.unauthenticated);
    if (email && user !== trusted) throw new Refusal(401, details.mismatch);
    if (!roles.includes(user.role)) throw new Refusal(401, details.prohibited);
    return user;
  }

  admin(headers, path) {
    const user = this.identify(headers, path);
    if (user.role !== 'admin') throw new Refusal(401, details.prohibited);
    return user;
  }

  /// The one rule of `/files/{id}` and `/files/{id}/content`: the owner, an admin, and those it was shared with.
  mayRead(user, file) {
    return user.role === 'admin' || file.userId === user.id || file.sharedWith.has(user.id);
  }
}
