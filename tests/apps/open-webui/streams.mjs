// What the real Open WebUI sends bit by bit, through Sluice: a chat's events, each seen before the next is sent; its end that
// the client or the page wants, seen by the model server; and its sockets.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { open } from '../../support/client.mjs';
import { modelName } from '../../support/openai_model.mjs';
import { Board, poll, within } from '../../support/wait.mjs';

const tokens = ['Once', ' upon', ' a', ' time', ' – 🎬', ' the', ' end.'];
const patience = 30000;

/// Asks the model; `text` of the exchange is what has come of the events.
function ask(s, user, target) {
  const decoder = new TextDecoder();
  const body = JSON.stringify({ model: modelName, stream: true, messages: [{ role: 'user', content: 'Tell me something.' }] });
  const chat = open(s.sluice.url + target, { method: 'POST', body, each: (bytes) => (chat.text += decoder.decode(bytes, { stream: true })),
    headers: { ...s.session(user), 'Content-Type': 'application/json', Accept: 'text/event-stream' } });
  chat.text = '';
  return chat;
}

/// The words of the whole events that came so far.
function words(chat) {
  return chat.text.split('\n').slice(0, -1).filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)).choices?.[0]?.delta?.content ?? '').join('');
}

/// Every token is at the client before the model sends the next one.
export async function checkTokens(s, user, target) {
  const chat = ask(s, user, target);
  const stream = await s.model.stream(patience);
  let said = '';
  for (const token of tokens) {
    s.model.send(stream, token);
    said += token;
    await chat.board.until(() => words(chat).startsWith(said), `the token ${JSON.stringify(token)}`, patience);
  }
  s.model.finish(stream);
  const answer = await chat.done;
  assert.deepEqual([answer.status, answer.complete, words(chat)], [200, true, tokens.join('')]);
  assert.match(answer.headers['content-type'], /^text\/event-stream/);
}

/// A client that leaves in the middle: the model server sees it.
export async function checkLeaving(s, user, target) {
  const chat = ask(s, user, target);
  const stream = await s.model.stream(patience);
  s.model.send(stream, 'Once');
  await chat.board.until(() => words(chat) === 'Once', 'the first token', patience);
  chat.abort();
  // The app's framework notices when it writes.
  await poll(() => {
    if (!stream.gone) s.model.send(stream, ' more');
    return stream.gone;
  }, 'the model sees that nobody listens', patience, 100);
}

async function connect(s, t, user, transports) {
  const socket = io(s.sluice.url, { path: '/ws/socket.io', transports, reconnection: false, auth: { token: user.token } });
  t.after(() => socket.close());
  await within(new Promise((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject)), 'a socket', patience);
  return socket;
}

/// A session by this transport: it answers, and what it is sent comes.
export async function checkSocket(s, t, user, transport) {
  const socket = await connect(s, t, user, [transport]);
  assert.equal(socket.io.engine.transport.name, transport);
  const joined = await socket.timeout(patience).emitWithAck('user-join', { auth: { token: user.token } });
  assert.deepEqual(joined, { id: user.id, name: user.name });
  return socket;
}

/// A chat as the page has it: asked by POST, its tokens come by the socket, each before the next is sent; then it is stopped, as
/// by the page's button, and the model server sees that.
export async function checkPageChat(s, t, user, transport) {
  const socket = await checkSocket(s, t, user, transport);
  const events = [];
  const board = new Board();
  socket.on('events', (event) => {
    events.push(event);
    board.changed();
  });
  const message = { id: '11111111-1111-4111-8111-111111111111', parentId: null, childrenIds: [], role: 'user', content: 'Hello',
    timestamp: 1, models: [modelName] };
  const chat = await s.call(user, 'POST', '/api/v1/chats/new', { chat: { title: 'A chat', models: [modelName], messages: [message],
    history: { messages: { [message.id]: message }, currentId: message.id } } });
  const started = await s.call(user, 'POST', '/api/chat/completions', { model: modelName, stream: true, chat_id: chat.id,
    id: '22222222-2222-4222-8222-222222222222', session_id: socket.id, messages: [{ role: 'user', content: 'Hello' }] });
  const [task] = started.task_ids ?? [started.task_id];
  const stream = await s.model.stream(patience);
  for (const word of ['first-of-three ', 'second-of-three ', 'third-of-three ']) {
    s.model.send(stream, word);
    await board.until(() => JSON.stringify(events).includes(word), `${word} by the socket`, patience);
  }
  assert.ok(!stream.gone);
  assert.ok(task, JSON.stringify(started));
  await s.call(user, 'POST', `/api/tasks/chat/${chat.id}/stop`);
  await s.model.stopped(stream, patience);
}
