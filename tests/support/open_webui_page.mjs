// The stand-in's single page: it logs in, lists the caller's files, plays one, tells where bytes of it come from, logs out.
// The same bytes for everybody, and for every path that is nothing else, as with Open WebUI's own page.

const style = `
  :root { color-scheme: light; --line: #d8dee6; --quiet: #5b6775; --accent: #1f4e79; }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 3rem; font: 16px/1.5 system-ui, sans-serif; color: #1c2530; background: #f3f5f8; }
  header { display: flex; gap: 1rem; align-items: start; justify-content: space-between; }
  h1 { font-size: 1.5rem; margin: 0; }
  h2 { font-size: 1.1rem; margin: 0 0 .5rem; }
  p { margin: .25rem 0 .75rem; }
  .quiet { color: var(--quiet); }
  .card { background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; margin: 1rem 0; }
  #login { max-width: 24rem; }
  label { display: block; margin-bottom: .75rem; font-size: .9rem; }
  input { display: block; width: 100%; }
  input, button { font: inherit; padding: .45rem .75rem; border: 1px solid #b5bfca; border-radius: 6px; }
  button { background: #fff; color: var(--accent); cursor: pointer; }
  button:disabled { opacity: .5; cursor: default; }
  button.main, button[aria-current=true] { background: var(--accent); border-color: var(--accent); color: #fff; }
  #who { text-align: right; font-size: .9rem; white-space: nowrap; }
  #probe { border: 0; margin: 0; padding: 0; }
  #list { list-style: none; display: flex; flex-wrap: wrap; gap: .5rem; margin: 0 0 .9rem; padding: 0; }
  video { display: block; width: 100%; aspect-ratio: 16 / 9; background: #000; border-radius: 6px; }
  table { width: 100%; border-collapse: collapse; margin-top: .9rem; font-size: .9rem; font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); vertical-align: baseline; }
  th { font-weight: 600; color: var(--quiet); border-top: 0; }
  td:nth-child(2), td:nth-child(4) { white-space: nowrap; }
  code { font-size: .85em; overflow-wrap: anywhere; }
  b { display: inline-block; min-width: 4.2rem; padding: 0 .5rem; border-radius: 99px; text-align: center; background: #e4e8ed; }
  b.hit { background: #d3f0dc; color: #0d5a28; }
  b.miss, b.partial, b.stale { background: #fdeac2; color: #704a00; }
  #error, b.refused { color: #a11616; }
  b.refused { background: #fbdcdc; }`;

const script = `
const at = (id) => document.getElementById(id);
const json = { 'Content-Type': 'application/json' };
const MiB = 1024 * 1024;
let chosen;

const urlOf = (file) => '/api/v1/files/' + file.id + '/content';

function element(name, text = '', className = '') {
  return Object.assign(document.createElement(name), { textContent: text, className });
}

function choose(file) {
  chosen = file;
  at('player').src = urlOf(file);
  for (const button of at('list').querySelectorAll('button')) button.ariaCurrent = String(button.value === file.id);
}

async function show() {
  const answer = await fetch('/api/v1/auths/');
  at('login').hidden = answer.ok;
  at('who').hidden = at('files').hidden = !answer.ok;
  at('list').replaceChildren();
  at('answers').hidden = true;
  at('rows').replaceChildren();
  at('player').removeAttribute('src');
  at('player').load();
  if (!answer.ok) return;
  at('user').textContent = (await answer.json()).email;
  const files = await (await fetch('/api/v1/files/')).json();
  for (const file of files) {
    const button = element('button', file.filename + ' · ' + (file.meta.size / MiB).toFixed(1) + ' MiB', 'file');
    button.value = file.id;
    button.onclick = () => choose(file);
    at('list').append(element('li'));
    at('list').lastChild.append(button);
  }
  at('none').hidden = files.length > 0;
  at('probe').disabled = files.length === 0;
  if (files.length > 0) choose(files[0]);
}

// What the field Cache-Status (RFC 9211) says of Sluice, in a word and a few.
function verdict(status, field) {
  if (status >= 400) return ['refused', 'by the app: ' + status];
  if (field === null) return ['app', 'no Sluice in front: the app downloads the whole file for each answer'];
  if (/;\\s*hit\\b/.test(field)) return ['hit', 'from the cache on disk'];
  if (/detail=/.test(field)) return ['app', 'the app answered'];
  const forward = /fwd=([\\w-]+)/.exec(field)?.[1] ?? '?';
  const words = { miss: 'from the object store, kept for the next time', partial: 'some cached, the rest from the object store',
    stale: 'asked of the object store again' };
  return [forward, words[forward] ?? ''];
}

// Fetches up to 1 MiB of the chosen file, past the browser's own cache, and adds a row about the answer.
async function probe(where) {
  const size = chosen.meta.size;
  const length = Math.min(MiB, size);
  const first = Math.floor((size - length) * where);
  const started = performance.now();
  const answer = await fetch(urlOf(chosen), { cache: 'no-store', headers: { Range: 'bytes=' + first + '-' + (first + length - 1) } });
  await answer.arrayBuffer();
  const time = performance.now() - started;
  const field = answer.headers.get('cache-status');
  const [word, words] = verdict(answer.status, field);
  const row = element('tr');
  const cells = [element('td'), element('td', (first / MiB).toFixed(1) + ' MiB'), element('td', words), element('td', time.toFixed(0) + ' ms'), element('td')];
  cells[0].append(element('b', word, word));
  cells[4].append(element('code', field ?? '—'));
  row.append(...cells);
  at('rows').prepend(row);
  at('answers').hidden = false;
}

at('login').onsubmit = async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ email: at('email').value, password: at('password').value });
  const answer = await fetch('/api/v1/auths/signin', { method: 'POST', headers: json, body });
  at('error').textContent = answer.ok ? '' : (await answer.json()).detail;
  if (answer.ok) show();
};
at('logout').onclick = async () => {
  await fetch('/api/v1/auths/signout');
  show();
};
for (const button of at('probe').querySelectorAll('button')) button.onclick = () => probe(Number(button.value));
show();`;

export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Open WebUI (stand-in)</title>
<link rel="icon" href="data:,">
<style>${style}
</style>
</head>
<body>
<header>
  <div>
    <h1>Open WebUI (stand&#8209;in)</h1>
    <p class="quiet">An app whose files lie in an object store. Sluice, in front of it, asks it who may see a file,
    fetches just the bytes that are watched, and keeps them on disk.</p>
  </div>
  <div id="who" hidden><span id="user"></span><br><button id="logout" type="button">Log out</button></div>
</header>
<form id="login" class="card" hidden>
  <h2>Log in</h2>
  <label>E-mail <input id="email" type="email" autocomplete="username" required></label>
  <label>Password <input id="password" type="password" autocomplete="current-password" required></label>
  <button class="main">Log in</button>
  <p id="error" role="alert"></p>
  <p class="quiet">In the quickstart: <code>demo@example.com</code>, password <code>demo</code>.</p>
</form>
<main id="files" hidden>
  <section class="card">
    <h2>Your files</h2>
    <p id="none" class="quiet" hidden>None yet.</p>
    <ul id="list"></ul>
    <video id="player" controls muted playsinline preload="metadata"></video>
  </section>
  <section class="card">
    <h2>Where do the bytes come from?</h2>
    <p class="quiet">Fetch 1 MiB of the file, past the browser's own cache. The first time is a miss, the second a hit; what
    the player has fetched is a hit at once.</p>
    <fieldset id="probe">
      <button type="button" value="0">Start</button>
      <button type="button" value="0.5">Middle</button>
      <button type="button" value="1">End</button>
    </fieldset>
    <table id="answers" hidden>
      <thead><tr><th>Result</th><th>At</th><th>Meaning</th><th>Took</th><th>Cache-Status</th></tr></thead>
      <tbody id="rows"></tbody>
    </table>
  </section>
</main>
<script>${script}
</script>
</body>
</html>
`;
