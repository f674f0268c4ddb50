// An origin with the streams of several vendors, for their SDKs. The first part of a path is what goes wrong: `ok` nothing,
// `dies` the connection between two events, `torn` within one, `error` the first event, `endless` nothing ever ends. What
// follows is the path of the vendor. Events are 90 ms apart, and each is written in two halves that are 45 ms apart, so that
// whoever puts something between them would be seen.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 45;
const words = ['A ', 'weir ', 'is a ', 'low dam: ', 'h\u00e4lt ', 'nichts ', 'auf.'];
export const answer = words.join('');

const json = (value) => JSON.stringify(value);
const data = (value) => `data: ${json(value)}\n\n`;
const named = (type, value) => `event: ${type}\ndata: ${json({ type, ...value })}\n\n`;

const chat = {
  begin: [],
  word: (text) => data({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'weir',
    choices: [{ index: 0, delta: { content: text }, finish_reason: null }] }),
  end: [data({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'weir',
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }), 'data: [DONE]\n\n'],
  error: data({ error: { message: 'overloaded', type: 'server_error', code: null } }),
};

const responses = {
  begin: [named('response.created', { sequence_number: 0, response: { id: 'r1', object: 'response', output: [] } })],
  word: (text) => named('response.output_text.delta',
    { sequence_number: 1, item_id: 'm1', output_index: 0, content_index: 0, delta: text }),
  end: [named('response.completed', { sequence_number: 9, response: { id: 'r1', object: 'response', output: [] } })],
  error: named('error', { message: 'overloaded', code: 'server_error' }),
};

const messages = {
  begin: [named('message_start', { message: { id: 'm1', type: 'message', role: 'assistant', model: 'weir', content: [],
    stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } } }),
  named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }), named('ping', {})],
  word: (text) => named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
  end: [named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 7 } }),
    named('message_stop', {})],
  error: named('error', { error: { type: 'overloaded_error', message: 'overloaded' } }),
};

const gemini = {
  begin: [],
  word: (text) => `data: ${json({ candidates: [{ content: { parts: [{ text }], role: 'model' } }] })}\r\n\r\n`,
  end: [`data: ${json({ candidates: [{ finishReason: 'STOP' }] })}\r\n\r\n`],
  error: `data: ${json({ error: { code: 503, message: 'overloaded' } })}\r\n\r\n`,
};

const llama = {
  begin: [],
  word: (content) => data({ content, stop: false }),
  end: [data({ content: '', stop: true })],
  error: `error: ${json({ code: 500, message: 'overloaded' })}\n\n`,
};

const ollama = {
  type: 'application/x-ndjson',
  begin: [],
  word: (response) => `${json({ model: 'weir', response, done: false })}\n`,
  end: [`${json({ model: 'weir', response: '', done: true })}\n`],
  error: `${json({ error: 'overloaded' })}\n`,
};

const plain = {
  begin: [': hello\n\n'],
  word: (text) => `id: ${text.length}\nevent: word\ndata: ${json(text)}\n\n`,
  end: ['event: end\ndata: 0\n\n'],
  error: 'event: error\ndata: overloaded\n\n',
};

const vendors = [['/chat/completions', chat], ['/responses', responses], ['/messages', messages],
  ['/gemini', gemini], ['/llama', llama], ['/ollama', ollama], ['/events', plain]];

async function write(response, event) {
  const bytes = Buffer.from(event);
  const half = bytes.length >> 1;
  response.write(bytes.subarray(0, half));
  await sleep(PAUSE_MS);
  response.write(bytes.subarray(half));
  await sleep(PAUSE_MS);
}

async function play(response, vendor, how) {
  response.writeHead(200, { 'Content-Type': vendor.type ?? 'text/event-stream' });
  response.flushHeaders();
  if (how === 'error') await write(response, vendor.error);
  if (how === 'error') return response.end();
  for (const event of vendor.begin) await write(response, event);
  do {
    for (const [n, word] of words.entries()) {
      if (n === 4 && how === 'torn') response.write(vendor.word(word).slice(0, 20));
      if (n === 4 && (how === 'torn' || how === 'dies')) await sleep(200);
      if (n === 4 && (how === 'torn' || how === 'dies')) return response.destroy();
      await write(response, vendor.word(word));
    }
  } while (how === 'endless' && !response.destroyed);
  for (const event of vendor.end) await write(response, event);
  return response.end();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const server = createServer((request, response) => {
    const how = request.url.split('/')[1];
    const [, vendor] = vendors.find(([path]) => request.url.split('?')[0].endsWith(path)) ?? [];
    request.resume();
    if (vendor) play(response, vendor, how);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
}
