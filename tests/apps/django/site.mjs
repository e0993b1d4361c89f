// The Django site of this folder, and Wagtail's, as processes: {start, users, log-in as a browser does it}.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { get } from '../../support/client.mjs';
import { PythonApp, installApp } from '../../support/python_app.mjs';
import { startBucket } from '../../support/s3_bucket.mjs';
import { keepSecret } from '../../support/secrets.mjs';
import { runAll } from '../../support/stack.mjs';

/// What a browser keeps between requests: cookies. `base()` is where it asks (Sluice), `app()` the app behind that.
export class Browser {
  constructor(base, app = base) {
    Object.assign(this, { base, app, cookies: new Map() });
  }
  /// The app's own answer.
  alone(target, { headers, ...options } = {}) {
    return get(this.app() + target, { keep: true, headers: { ...this.fields, ...headers }, ...options });
  }
  get fields() {
    return this.cookies.size === 0 ? {} : { Cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }
  async ask(target, { method, headers = {}, body } = {}) {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const csrf = method && this.cookies.has('csrftoken') ? { 'X-CSRFToken': this.cookies.get('csrftoken') } : {};
    const answer = await get(this.base() + target, { method, body, keep: true, headers: { ...this.fields, ...csrf, ...length, ...headers } });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies.set(name, keepSecret('cookie', value));
    }
    return answer;
  }
  form(target, fields) {
    return this.ask(target, { method: 'POST', body: new URLSearchParams(fields).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
  }
  /// One file by a form, with more fields.
  async upload(target, field, name, type, bytes, fields = {}) {
    const form = new FormData();
    for (const [key, value] of Object.entries(fields)) form.append(key, value);
    form.append(field, new Blob([bytes], { type }), name);
    const whole = new Response(form);
    return this.ask(target, { method: 'POST', body: Buffer.from(await whole.arrayBuffer()),
      headers: { 'Content-Type': whole.headers.get('content-type') } });
  }
  /// Signs in at Django's own form.
  async logIn(target, username, password) {
    await this.ask(target);
    const answer = await this.form(target, { username, password, csrfmiddlewaretoken: this.cookies.get('csrftoken') });
    if (answer.status !== 302) throw new Error(`log-in of ${username}: ${answer.status} ${answer.body}`);
    return this;
  }
}

/// Starts a site with users ann (a superuser) and bob, its files in a bucket of its own. `site.app`, `site.store`.
export async function startSite(t, { settings = 'settings', env = {}, application = 'django.core.wsgi:get_wsgi_application()' } = {}) {
  const site = { password: keepSecret('password', 'a-long-password-of-all') };
  t.after(() => runAll([() => site.app?.close(), () => site.store?.close()]));
  await installApp('django');
  site.store = await startBucket();
  site.app = new PythonApp('django', { DJANGO_SETTINGS_MODULE: settings, ...site.store.environment, ...env,
    SITE_SECRET_KEY: keepSecret('key of sessions', randomBytes(24).toString('base64url')) });
  site.app.env.SITE_DIRECTORY = site.app.directory;
  site.media = path.join(site.app.directory, 'media');
  site.app.run('python', path.join(site.app.env.PYTHONPATH, 'prepare.py'), settings, `ann:${site.password}`, `bob:${site.password}`);
  await site.app.gunicorn(application);
  return site;
}
