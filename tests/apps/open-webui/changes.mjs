// What somebody changes in the real Open WebUI shows in the very next request, though what was said before is kept and the
// bytes are cached: names, grants, groups, roles, passwords, sessions, keys; and files that are deleted in any way.
import assert from 'node:assert/strict';
import { assertOurs } from '../../support/open_webui_contract.mjs';
import { contentOf } from '../../support/open_webui_stack.mjs';

const notFound = "We could not find what you're looking for :/";

/// Asks twice, so that leave is kept and the bytes are cached.
async function readTwice(s, file, headers, what) {
  for (const state of ['first', 'again']) {
    const answer = await s.through(contentOf(file), { headers });
    assert.deepEqual([answer.status, answer.sha256], [200, file.sha256()], `${what}, ${state}`);
    if (state === 'again') assertOurs(answer, what);
  }
}
/// The next request is refused.
async function assertRefused(s, file, headers, statuses, what) {
  const answer = await s.through(contentOf(file), { headers: { ...headers, Range: 'bytes=0-9' } });
  assert.ok(statuses.includes(answer.status), `${what}: ${answer.status} ${answer.headers['cache-status'] ?? ''}`);
  if (answer.status === 404) assert.equal(JSON.parse(answer.body).detail, notFound, what);
}

/// A knowledge base of the admin's, with a text of the admin's in it; `grants`: to whom.
async function shared(s, name, grants) {
  const bytes = Buffer.from(`all of ${name}\n`.repeat(50));
  const file = await s.upload({ owner: s.admin, name: `${name}.txt`, type: 'text/plain', bytes, process: true });
  const { id } = await s.call(s.admin, 'POST', '/api/v1/knowledge/create', { name, description: name, access_grants: grants });
  await s.call(s.admin, 'POST', `/api/v1/knowledge/${id}/file/add`, { file_id: file.id });
  return { file, id };
}
const grant = (type, id) => ({ principal_type: type, principal_id: id, permission: 'read' });

export const changes = {
  async 'a new name'(s) {
    const ann = await s.user('ann-renames');
    const file = await s.upload({ owner: ann, name: 'before.mp4', size: 5000 });
    await readTwice(s, file, s.session(ann), 'before');
    await s.call(ann, 'POST', `/api/v1/files/${file.id}/rename`, { filename: 'after.mp4' });
    const answer = await s.content(file, ann);
    assert.deepEqual([answer.status, answer.sha256, answer.headers['content-disposition']],
      [200, file.sha256(), "attachment; filename*=UTF-8''after.mp4"]);
  },
  async 'a grant of a knowledge base that is revoked'(s) {
    const bob = await s.user('bob-granted');
    const { file, id } = await shared(s, 'granted', [grant('user', bob.id)]);
    await readTwice(s, file, s.session(bob), 'granted');
    await s.call(s.admin, 'POST', `/api/v1/knowledge/${id}/access/update`, { access_grants: [] });
    await assertRefused(s, file, s.session(bob), [404], 'revoked');
    await s.call(s.admin, 'POST', `/api/v1/knowledge/${id}/access/update`, { access_grants: [grant('user', bob.id)] });
    await readTwice(s, file, s.session(bob), 'granted again');
  },
  async 'a member who leaves the group'(s) {
    const bob = await s.user('bob-member');
    const group = await s.call(s.admin, 'POST', '/api/v1/groups/create', { name: 'readers', description: '' });
    await s.call(s.admin, 'POST', `/api/v1/groups/id/${group.id}/users/add`, { user_ids: [bob.id] });
    const { file } = await shared(s, 'of a group', [grant('group', group.id)]);
    await readTwice(s, file, s.session(bob), 'a member');
    await s.call(s.admin, 'POST', `/api/v1/groups/id/${group.id}/users/remove`, { user_ids: [bob.id] });
    await assertRefused(s, file, s.session(bob), [404], 'no member');
  },
  async 'a role'(s) {
    const bob = await s.user('bob-pending');
    const file = await s.upload({ owner: bob, name: 'role.mp4', size: 5000 });
    await readTwice(s, file, s.session(bob), 'a user');
    await s.call(s.admin, 'POST', `/api/v1/users/${bob.id}/update`, { role: 'pending' });
    await assertRefused(s, file, s.session(bob), [401], 'pending');
    await s.call(s.admin, 'POST', `/api/v1/users/${bob.id}/update`, { role: 'admin' });
    const other = await s.upload({ owner: s.admin, name: 'not-his.mp4', size: 5000 });
    await readTwice(s, other, s.session(bob), 'an admin');
    await s.call(s.admin, 'POST', `/api/v1/users/${bob.id}/update`, { role: 'user' });
    await assertRefused(s, other, s.session(bob), [404], 'a user again');
  },
  async 'a password that an admin sets'(s) {
    const bob = await s.user('bob-password');
    const file = await s.upload({ owner: bob, name: 'password.mp4', size: 5000 });
    const old = s.session(bob);
    await readTwice(s, file, old, 'before');
    await s.call(s.admin, 'POST', `/api/v1/users/${bob.id}/update`, { password: 'another-password' });
    assert.equal((await s.direct(contentOf(file), { headers: old })).status, 401, 'the app itself');
    await assertRefused(s, file, old, [401], 'the old session');
    bob.password = 'another-password';
    await s.signIn(bob);
    await readTwice(s, file, s.session(bob), 'a new session');
  },
  async 'a password that its user changes'(s) {
    const bob = await s.user('bob-changes');
    const file = await s.upload({ owner: bob, name: 'own-password.mp4', size: 5000 });
    const old = s.session(bob);
    await readTwice(s, file, old, 'before');
    await s.call(bob, 'POST', '/api/v1/auths/update/password', { password: bob.password, new_password: 'another-password' });
    assert.equal((await s.direct(contentOf(file), { headers: old })).status, 401, 'the app itself');
    await assertRefused(s, file, old, [401], 'the old session');
  },
  async 'sessions that an admin revokes'(s) {
    const bob = await s.user('bob-revoked');
    const file = await s.upload({ owner: bob, name: 'session.mp4', size: 5000 });
    await readTwice(s, file, s.session(bob), 'before');
    await s.call(s.admin, 'POST', `/api/v1/users/${bob.id}/sessions/revoke`);
    await assertRefused(s, file, s.session(bob), [401], 'revoked');
  },
  async 'an API key'(s) {
    const key = (await s.call(s.admin, 'POST', '/api/v1/auths/api_key')).api_key;
    const file = await s.upload({ owner: s.admin, name: 'key.mp4', size: 5000 });
    for (const headers of [{ 'x-api-key': key }, { Authorization: `Bearer ${key}` }]) await readTwice(s, file, headers, 'with the key');
    const { api_key: newer } = await s.call(s.admin, 'POST', '/api/v1/auths/api_key');
    await assertRefused(s, file, { 'x-api-key': key }, [401], 'replaced');
    await readTwice(s, file, { 'x-api-key': newer }, 'with the new key');
    await s.call(s.admin, 'DELETE', '/api/v1/auths/api_key');
    await assertRefused(s, file, { 'x-api-key': newer }, [401], 'deleted');
  },
  async 'a user who is deleted'(s) {
    const bob = await s.user('bob-deleted');
    const file = await s.upload({ owner: bob, name: 'user.mp4', size: 5000 });
    await readTwice(s, file, s.session(bob), 'before');
    await s.call(s.admin, 'DELETE', `/api/v1/users/${bob.id}`);
    await assertRefused(s, file, s.session(bob), [401], 'deleted');
  },
  async 'a file that is removed from a knowledge base, and with it deleted'(s) {
    const bob = await s.user('bob-reads');
    const { file, id } = await shared(s, 'removed', [grant('user', bob.id)]);
    for (const user of [bob, s.admin]) await readTwice(s, file, s.session(user), 'in it');
    assert.ok(await s.stored(file));
    await s.call(s.admin, 'POST', `/api/v1/knowledge/${id}/file/remove`, { file_id: file.id });
    for (const user of [bob, s.admin]) await assertRefused(s, file, s.session(user), [404], 'removed');
    assert.ok(!(await s.stored(file)), 'its object is gone');
  },
  async 'a knowledge base that is deleted'(s) {
    const bob = await s.user('bob-knows');
    const { file, id } = await shared(s, 'deleted', [grant('user', bob.id)]);
    await readTwice(s, file, s.session(bob), 'in it');
    await s.call(s.admin, 'DELETE', `/api/v1/knowledge/${id}/delete`);
    await assertRefused(s, file, s.session(bob), [404], 'deleted');
  },
  async 'a file that is deleted'(s) {
    const ann = await s.user('ann-deletes');
    const file = await s.upload({ owner: ann, name: 'deleted.mp4', size: 5000 });
    for (const user of [ann, s.admin]) await readTwice(s, file, s.session(user), 'before');
    await s.call(ann, 'DELETE', `/api/v1/files/${file.id}`);
    for (const user of [ann, s.admin]) await assertRefused(s, file, s.session(user), [404], 'deleted');
    assert.ok(!(await s.stored(file)), 'its object is gone');
  },
  async 'all files, deleted at once'(s) {
    const ann = await s.user('ann-all');
    const files = [await s.upload({ owner: ann, name: 'a.mp4', size: 5000 }), await s.upload({ owner: s.admin, name: 'b.mp4', size: 5000 })];
    await readTwice(s, files[0], s.session(ann), 'before');
    await readTwice(s, files[1], s.session(s.admin), 'before');
    await s.call(s.admin, 'DELETE', '/api/v1/files/all');
    await assertRefused(s, files[0], s.session(ann), [404], 'deleted');
    for (const file of files) {
      await assertRefused(s, file, s.session(s.admin), [404], 'deleted');
      assert.ok(!(await s.stored(file)), 'its object is gone');
    }
  },
};
