// Node's fetch and https module talk to weir-relay, whose base URL is $RELAY (https), in front of weir-origin.
import https from 'node:https';
import { once } from 'node:events';
import { assert, assertOneByOne, check, done } from './checks.mjs';

const { RELAY } = process.env;
const EVENTS = 20;
const INTERVAL_MS = 100;
const STREAM = `${RELAY}/sse?n=${EVENTS}&interval_ms=${INTERVAL_MS}`;

// The body as it came: whole, and when each piece did.
async function collect(stream) {
  const times = [];
  let body = '';
  for await (const piece of stream) {
    times.push(performance.now());
    body += Buffer.from(piece).toString();
  }
  return { body, times };
}

function assertAllEvents({ body, times }) {
  const numbers = [...body.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
  assert.deepEqual(numbers, Array.from({ length: EVENTS }, (_, n) => n));
  assertOneByOne(times, INTERVAL_MS);
}

// Answers with the response and the socket that it came by.
async function request(path, options = {}) {
  const asked = https.get(`${RELAY}${path}`, { agent: false, ...options });
  const [response] = await once(asked, 'response');
  return { response, socket: response.socket };
}

// ---- fetch ----

await check('fetch gets an answer', async () => {
  assert.equal(await (await fetch(`${RELAY}/hello`)).text(), 'Hello, world\n');
});

await check('events reach fetch one by one', async () => {
  assertAllEvents(await collect((await fetch(STREAM)).body));
});

await check('20 streams at once each arrive one by one', async () => {
  const streams = Array.from({ length: 20 }, async () => collect((await fetch(STREAM)).body));
  for (const stream of await Promise.all(streams)) assertAllEvents(stream);
});

await check('an upload of 5 MB comes back', async () => {
  const body = Buffer.alloc(5_000_000, 'weir');
  const response = await fetch(`${RELAY}/echo`, { method: 'POST', body });
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(body));
});

await check('a body that is cut rejects', async () => {
  await assert.rejects(async () => (await fetch(`${RELAY}/cut?n=3&how=fin`)).text());
});

await check('an abort in mid-stream surfaces', async () => {
  const controller = new AbortController();
  const response = await fetch(`${RELAY}/sse?n=0&interval_ms=20`, { signal: controller.signal });
  await assert.rejects(async () => {
    for await (const _ of response.body) controller.abort();
  }, { name: 'AbortError' });
});

// ---- https: what fetch does not tell ----

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  const only = { minVersion: version, maxVersion: version };

  await check(`${version} is spoken, and events arrive one by one`, async () => {
    const { response, socket } = await request(`/sse?n=${EVENTS}&interval_ms=${INTERVAL_MS}`, only);
    assert.equal(socket.getProtocol(), version);
    assert.ok(socket.authorized);
    assertAllEvents(await collect(response));
  });

  await check(`a session of ${version} is resumed`, async () => {
    const agent = new https.Agent({ ...only, keepAlive: false, maxCachedSessions: 10 });
    const reused = [];
    for (let n = 0; n < 3; n++) {
      const { response, socket } = await request('/hello', { agent });
      reused.push(socket.isSessionReused());
      await collect(response);
    }
    assert.deepEqual(reused, [false, true, true]);
  });
}

await check('http/1.1 is agreed on', async () => {
  const { response, socket } = await request('/hello', { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(socket.alpnProtocol, 'http/1.1');
  response.resume();
});

await check('whoever does not trust our authority gets nothing', async () => {
  await assert.rejects(request('/hello', { ca: [] }), { code: /^UNABLE_TO_/ });
});

done();
