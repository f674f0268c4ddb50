// An origin for an EventSource. GET /case/N plays a case of eventsource_cases.mjs, its pieces 25 ms apart, whole again each
// time; GET /back ends its stream after two events and tells in the next one what the reader came back with. GET / is an
// empty page, and GET /heads tells the Last-Event-ID of each request for /back.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pieces } from './eventsource_cases.mjs';

const PAUSE_MS = 25;
const back = [];

function open(response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
}

// The event that ends it is one no case has: a reader knows then that it has seen all before it. A blank line of each kind
// ends what is unfinished; data that a case left so is told apart by its own text.
async function play(response, list) {
  open(response);
  for (const piece of list) {
    response.write(piece);
    await sleep(PAUSE_MS);
  }
  response.end();
}

function comeBack(request, response) {
  back.push({ id: request.headers['last-event-id'] ?? null, at: performance.now() });
  open(response);
  if (back.length === 1) response.end('retry: 300\n\nid: a\ndata: one\n\nid: b-\u2026\ndata: two\n\ndata: lost');
  else response.write(`data: ${Buffer.from(back.at(-1).id ?? '', 'latin1').toString('hex')}\n\n`);
}

const server = createServer((request, response) => {
  const [, kind, number] = request.url.split('/');
  if (kind === 'case' && pieces[number]) play(response, pieces[number]);
  else if (kind === 'back') comeBack(request, response);
  else if (kind === 'heads') response.end(JSON.stringify(back.splice(0)));
  else if (kind === '') response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>weir</title>');
  else response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
