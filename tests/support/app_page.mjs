// The pages of the stand-in app: plain HTML, readable without any script.

const style = `
  body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; color: #222; background: #fafafa; }
  h1 { font-size: 1.5rem; }
  video { width: 100%; background: #000; border-radius: 6px; }
  form { display: flex; gap: .75rem; align-items: end; flex-wrap: wrap; margin: 1rem 0; }
  label { display: flex; flex-direction: column; font-size: .9rem; }
  input, button { font: inherit; padding: .4rem .6rem; border: 1px solid #888; border-radius: 4px; }
  button { background: #234; color: #fff; cursor: pointer; }
  .fault { color: #a00; }`;

const escape = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

function page(title, body) {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><style>${style}</style></head>
<body><main><h1>${escape(title)}</h1>
${body}
</main></body>
</html>
`;
}

/// The page with the log-in form; `fault` is shown where it is given.
export function loginPage(fault) {
  return page('Lectures: please log in', `${fault ? `<p class="fault" role="alert">${escape(fault)}</p>` : ''}
<form method="post" action="/login">
<label>User <input name="user" autocomplete="username" required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button type="submit">Log in</button>
</form>
<p>This is a demonstration: the user is <code>demo</code>, and so is the password.</p>`);
}

/// The page of someone who is logged in: one video.
export function videoPage(mediaUrl) {
  return page('Lectures', `<video id="video" controls preload="metadata" src="${escape(mediaUrl)}"></video>
<p>Playing <a href="${escape(mediaUrl)}">${escape(mediaUrl)}</a></p>
<form method="post" action="/logout"><button type="submit">Log out</button></form>`);
}
