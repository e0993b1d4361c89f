// A model server that speaks as much of OpenAI's interface as Open WebUI asks for, of which the test sends every token itself:
// GET /v1/models, POST /v1/chat/completions (`stream: true` and not).
import { LocalServer } from './fake_server.mjs';

export const modelName = 'echo';

class Model extends LocalServer {
  /// Running streams, the oldest first: {request: its JSON, res, gone: whether the asker has closed it}.
  streams = [];

  attach(server) {
    server.on('request', (req, res) => this.#serve(req, res).catch((error) => {
      this.failure ??= error;
      res.destroy();
    }));
  }
  async #serve(req, res) {
    const parts = [];
    for await (const part of req) parts.push(part);
    this.requests.push({ method: req.method, target: req.url });
    if (req.method === 'GET') return this.#json(res, { object: 'list', data: [{ id: modelName, object: 'model', owned_by: 'tests' }] });
    const request = JSON.parse(Buffer.concat(parts));
    if (!request.stream) {
      const message = { role: 'assistant', content: 'A title' };
      return this.#json(res, { id: 'c', object: 'chat.completion', model: modelName, choices: [{ index: 0, message, finish_reason: 'stop' }] });
    }
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' }).flushHeaders();
    const stream = { request, res, gone: false };
    res.once('close', () => {
      stream.gone = !res.writableEnded;
      this.board.changed();
    });
    this.streams.push(stream);
    this.board.changed();
  }
  #json(res, value) {
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
    this.board.changed();
  }

  /// The next stream that somebody opens, past or to come; it is taken off `streams`.
  stream(timeout) {
    return this.board.until(() => this.streams.shift(), 'a chat at the model server', timeout);
  }
  /// Sends one token of a stream.
  send(stream, content) {
    stream.res.write(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: modelName, created: 0,
      choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: null }] })}\n\n`);
  }
  finish(stream) {
    stream.res.end(`data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: modelName, created: 0,
      choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`);
  }
  /// Fulfils once the asker of a stream has closed it.
  stopped(stream, timeout) {
    return this.board.until(() => stream.gone, 'the stream is closed by its asker', timeout);
  }
  /// The variables with which Open WebUI finds it.
  get variables() {
    return { ENABLE_OPENAI_API: 'true', OPENAI_API_BASE_URLS: `${this.url}/v1`, OPENAI_API_KEYS: 'sk-of-the-model' };
  }
}

/// Starts one; end it with `close()`.
export const startModel = () => new Model().listen();
