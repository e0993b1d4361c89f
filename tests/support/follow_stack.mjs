// An app that answers a media request by redirecting into its object store, behind Sluice with a route that follows it.
import { get } from './client.mjs';
import { presign } from './sigv4.mjs';
import { startStore } from './s3_store.mjs';
import { startStack } from './stack.mjs';

export const key = 'films/v.mp4';
export const size = 300007;
/// What the client asks for.
export const path = '/api/may-read/v';

/// Starts it for the test `t`: `follow` and `route` are laid over the route's, all else over the configuration. The store
/// checks signatures. `s.redirects(location, headers, status, body)` says how the app answers; `s.object` is there, and
/// `s.signed(how)` is a URL of it as the app signs it.
export async function startFollow(t, { follow = {}, route = {}, app = {}, originOptions = {}, ...config } = {}) {
  const origin = await startStore(originOptions);
  const s = await startStack(t, {
    origin,
    config: { routes: [{ name: 'films', path: '/api/{rest*}', query: 'any', follow, ...route }], ...config },
    app: { publicMedia: true, ...app },
  });
  s.object = origin.put(key, { size });
  s.url = (of = key) => `${origin.url}/media/${of}`;
  s.signed = (how = {}) => presign({ endpoint: origin.url, bucket: 'media', key, accessKey: 'AKTEST', secretKey: 'secret', ...how });
  s.answers = (status, headers, body = Buffer.from('of the app')) => (s.app.mayRead = () => ({ status, headers, body }));
  s.redirects = (location, headers = {}, status = 302, body = undefined) =>
    s.answers(status, { Location: location, ...headers }, body);
  s.ask = (headers = {}, { target = path, ...options } = {}) => get(s.sluice.url + target, { headers, keep: true, ...options });
  s.asked = () => s.app.of(path).length;
  return s;
}
