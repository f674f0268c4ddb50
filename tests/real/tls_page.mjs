// An origin for a browser: GET / is a page that reads event streams of it, by EventSource and by fetch, and reports when
// each event came by POST /report; GET /report tells what was reported. The first stream that an EventSource gets is cut in
// its middle, as networks do. It prints `listening on http://..` once it is ready.
import { createServer } from 'node:http';

const EVENTS = 20;
const CUT_AFTER = 10;
const INTERVAL_MS = 100;
const state = { report: null, lastEventIds: [] };

// Runs in the browser; its variables are its own.
function page(events) {
  const report = { error: null, source: [], fetched: [], opened: 0 };

  const tell = () => fetch('/report', { method: 'POST', body: JSON.stringify(report) });

  const read = async () => {
    const reader = (await fetch('/fetched')).body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      for (const [, id] of piece.value.matchAll(/^id: (\d+)$/gm)) report.fetched.push([Number(id), performance.now()]);
    }
  };

  const finish = async () => {
    try {
      await read();
      const [navigation] = performance.getEntriesByType('navigation');
      report.protocol = navigation.nextHopProtocol;
      report.secure = isSecureContext && location.protocol === 'https:';
    } catch (error) {
      report.error = String(error);
    }
    await tell();
  };

  const source = new EventSource('/events');
  source.onopen = () => report.opened++;
  source.onmessage = (event) => {
    report.source.push([Number(event.lastEventId), performance.now()]);
    if (Number(event.lastEventId) < events - 1) return;
    source.close();
    finish();
  };
}

function stream(response, from, cutAfter) {
  let n = from;
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  const timer = setInterval(() => {
    if (n === cutAfter) response.destroy();
    else if (n === EVENTS) response.end();
    else response.write(`${n === 0 ? 'retry: 100\n' : ''}id: ${n}\ndata: event ${n}\n\n`);
    n++;
  }, INTERVAL_MS);
  response.on('close', () => clearInterval(timer));
}

async function take(request, response) {
  let body = '';
  for await (const piece of request) body += piece;
  state.report = JSON.parse(body);
  response.end();
}

const answers = {
  'GET /': (request, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<!doctype html><title>weir</title><script>(${page})(${EVENTS})</script>`);
  },
  'GET /events': (request, response) => {
    const last = request.headers['last-event-id'] ?? null;
    state.lastEventIds.push(last);
    if (last === null) stream(response, 0, CUT_AFTER);
    else stream(response, Number(last) + 1, -1);
  },
  'GET /fetched': (request, response) => stream(response, 0, -1),
  'POST /report': take,
  'GET /report': (request, response) => response.end(JSON.stringify(state)),
};

const server = createServer((request, response) => {
  const answer = answers[`${request.method} ${request.url}`];
  if (answer) answer(request, response);
  else response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
