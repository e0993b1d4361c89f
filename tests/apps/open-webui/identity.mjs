// The fields of an outer proxy that the real Open WebUI believes from anyone: known to Sluice from the app's environment, and
// accepted from its trusted proxies alone.
import assert from 'node:assert/strict';
import { contentOf } from '../../support/open_webui_stack.mjs';

/// For the app and for Sluice.
export const identityVariables = {
  WEBUI_AUTH_TRUSTED_EMAIL_HEADER: 'X-Mail', WEBUI_AUTH_TRUSTED_NAME_HEADER: 'X-Name', WEBUI_AUTH_TRUSTED_GROUPS_HEADER: 'X-Groups',
  WEBUI_AUTH_TRUSTED_ROLE_HEADER: 'X-Role',
};

const signIn = { method: 'POST', body: JSON.stringify({ email: 'root@example.com', password: 'wrong' }) };
const json = { 'Content-Type': 'application/json' };

/// A stranger who names himself the admin, with any password, or gives himself a role.
export async function checkIdentity(s, owner) {
  const alone = await s.direct('/api/v1/auths/signin', { ...signIn, headers: { ...json, 'X-Mail': s.admin.email } });
  assert.deepEqual([alone.status, JSON.parse(alone.body).role], [200, 'admin'], 'what the app believes from anyone');
  const claims = [{ 'X-Mail': s.admin.email }, { 'x-mail': s.admin.email }, { 'X-Mail': owner.email, 'X-Role': 'admin' },
    { 'X-Mail': 'new@example.com', 'X-Name': 'New', 'X-Groups': 'readers', 'X-Role': 'admin' }];
  for (const claim of claims) {
    const answer = await s.through('/api/v1/auths/signin', { ...signIn, headers: { ...json, ...claim } });
    assert.equal(answer.status, 400, JSON.stringify(claim));
    assert.equal(answer.headers['set-cookie'], undefined, JSON.stringify(claim));
  }
  const file = await s.upload({ owner, name: 'named.mp4', size: 5000 });
  // Where the fields reached the app, it would say that the user is another one.
  const headers = { ...s.session(owner), 'X-Mail': s.admin.email };
  assert.equal((await s.direct(contentOf(file), { headers })).status, 401);
  for (const state of ['first', 'again']) assert.equal((await s.through(contentOf(file), { headers })).sha256, file.sha256(), state);

  await s.restart({ trusted_proxies: ['127.0.0.1/32'] });
  const proxied = await s.through('/api/v1/auths/signin', { ...signIn, headers: { ...json, 'X-Mail': owner.email } });
  assert.deepEqual([proxied.status, JSON.parse(proxied.body).email], [200, owner.email], 'from a trusted proxy');
  assert.equal((await s.through(contentOf(file), { headers })).status, 401);
  await s.restart({ trusted_proxies: [] });
}
