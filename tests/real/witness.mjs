// An origin that streams chat completions for ever, and knows who is still connected: GET /witness/open tells how many
// streams are open, and how many have been in all. Prints `listening on http://..` once it is ready.
import { createServer } from 'node:http';

const INTERVAL_MS = 50;
let open = 0;
let total = 0;

function chunk(n) {
  const choices = [{ index: 0, delta: { content: `word${n} ` }, finish_reason: null }];
  const event = { id: 'witness', object: 'chat.completion.chunk', created: 0, model: 'witness', choices };
  return `data: ${JSON.stringify(event)}\n\n`;
}

function stream(request, response) {
  let n = 0;
  open++;
  total++;
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const timer = setInterval(() => response.write(chunk(n++)), INTERVAL_MS);
  // The socket, not the response: it is the connection that must go.
  request.socket.once('close', () => {
    clearInterval(timer);
    open--;
  });
}

const server = createServer((request, response) => {
  request.resume();
  if (request.method === 'POST') stream(request, response);
  else response.end(JSON.stringify({ open, total }));
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
