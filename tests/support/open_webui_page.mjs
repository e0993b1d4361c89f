// The stand-in's single page: it logs in, lists the caller's files, plays one, logs out. The same bytes for everybody, and
// for every path that is nothing else, as with Open WebUI's own page.

export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Open WebUI (stand-in)</title>
<form id="login" hidden>
  <input id="email" type="email" autocomplete="username" aria-label="E-mail">
  <input id="password" type="password" autocomplete="current-password" aria-label="Password">
  <button>Log in</button>
  <p id="error" role="alert"></p>
</form>
<main id="files" hidden>
  <ul id="list"></ul>
  <video id="player" controls muted playsinline></video>
  <button id="logout">Log out</button>
</main>
<script>
const at = (id) => document.getElementById(id);
const json = { 'Content-Type': 'application/json' };
function play(file) {
  at('player').src = '/api/v1/files/' + file.id + '/content';
}
async function show() {
  const known = (await fetch('/api/v1/auths/')).ok;
  at('login').hidden = known;
  at('files').hidden = !known;
  at('list').replaceChildren();
  if (!known) return at('player').removeAttribute('src');
  for (const file of await (await fetch('/api/v1/files/')).json()) {
    const link = document.createElement('button');
    link.textContent = file.filename;
    link.className = 'file';
    link.onclick = () => play(file);
    at('list').append(document.createElement('li'));
    at('list').lastChild.append(link);
  }
}
at('login').onsubmit = async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ email: at('email').value, password: at('password').value });
  const answer = await fetch('/api/v1/auths/signin', { method: 'POST', headers: json, body });
  at('error').textContent = answer.ok ? '' : (await answer.json()).detail;
  show();
};
at('logout').onclick = async () => {
  await fetch('/api/v1/auths/signout');
  show();
};
show();
</script>
</html>
`;
