// An S3 server with several accounts, each with a bucket of the same name, as Ceph's tenants and Swift's accounts have them:
// which object a request means is for its access key to say. Signatures are checked; who signs nothing is the account ''.
import { Origin, makeObject } from './origin.mjs';
import { checkSignature } from './sigv4.mjs';

const accessKeyOf = (request) => {
  const query = new URLSearchParams(request.target.split('?')[1] ?? '').get('X-Amz-Credential');
  const field = /Credential=([^,/]+)\//.exec(request.headers.authorization ?? '')?.[1];
  return query?.split('/')[0] ?? field ?? '';
};

/// Starts it: `accounts` is {access key id: secret}. `putFor(id, key, description)` puts an object into an account's bucket;
/// `rekey(from, to, secret)` gives an account another key. The log and the faults are an Origin's.
export async function startAccounts(accounts, { bucket = 'media', region = 'us-east-1' } = {}) {
  const secrets = new Map(Object.entries(accounts));
  const objects = new Map();
  const store = new Origin({
    bucket,
    lookup: (key, request) => objects.get(accessKeyOf(request))?.get(key),
    authorize(request) {
      const accessKey = accessKeyOf(request);
      if (accessKey === '') return null;
      return checkSignature(request, { accessKey, secretKey: secrets.get(accessKey) ?? 'nobody', region });
    },
  });
  store.putFor = (id, key, description) => {
    if (!objects.has(id)) objects.set(id, new Map());
    const object = makeObject(description);
    objects.get(id).set(key, object);
    return object;
  };
  store.rekey = (from, to, secret) => {
    const theirs = objects.get(from);
    secrets.delete(from);
    objects.delete(from);
    secrets.set(to, secret);
    objects.set(to, theirs);
  };
  store.credentialsOf = (id) => ({ access_key_id: id, secret_access_key: secrets.get(id) });
  return store.listen(0);
}
