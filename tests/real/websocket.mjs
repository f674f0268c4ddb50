// A `ws` client talks through weir-relay, whose base URL is $RELAY, to ws_origin.mjs, which $ORIGIN asks directly.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import WebSocket from 'ws';
import { assert, check, done, sleep, until } from './checks.mjs';

const { RELAY, ORIGIN } = process.env;
const SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20]; // each form of a frame's length, at its edges

async function open(path = '/echo', protocols = []) {
  const socket = new WebSocket(`${RELAY.replace('http:', 'ws:')}${path}`, protocols);
  await once(socket, 'open');
  return socket;
}

async function close(socket) {
  socket.close();
  await once(socket, 'close');
}

async function echo(socket, message) {
  socket.send(message);
  const [data, isBinary] = await once(socket, 'message');
  assert.equal(isBinary, typeof message !== 'string');
  assert.ok(data.equals(Buffer.from(message)), `${data.length} bytes differ from the ${message.length} sent`);
}

// What the origin sees of the end of the socket that was opened with `id`.
async function endSeenByOrigin(id) {
  return until(async () => (await fetch(`${ORIGIN}/end?${id}`)).json(), 1000, "the socket's end at the origin");
}

// ---- messages ----

for (const size of SIZES) {
  await check(`a text and a binary message of ${size} bytes come back`, async () => {
    const socket = await open();
    await echo(socket, 'w'.repeat(size));
    await echo(socket, randomBytes(size));
    await close(socket);
  });
}

await check('100 messages sent at once come back in order', async () => {
  const socket = await open();
  const received = [];
  socket.on('message', (data) => received.push(data.toString()));
  const sent = Array.from({ length: 100 }, (_, i) => `message ${i} ${'.'.repeat(i * 100)}`);
  for (const message of sent) socket.send(message);
  await until(() => received.length === sent.length, 5000, 'the last echo');
  assert.deepEqual(received, sent);
  await close(socket);
});

await check('a socket that is silent for a second still works', async () => {
  const socket = await open();
  await echo(socket, 'before');
  await sleep(1000);
  await echo(socket, 'after');
  await close(socket);
});

await check('the subprotocol that the origin chose reaches the client', async () => {
  const socket = await open('/echo', ['first', 'second']);
  assert.equal(socket.protocol, 'second');
  await close(socket);
});

await check('compression is agreed on end to end', async () => {
  const socket = await open('/deflate');
  assert.match(socket.extensions, /permessage-deflate/);
  await echo(socket, 'w'.repeat(65536));
  await close(socket);
});

// ---- control frames ----

await check("the client's ping is answered", async () => {
  const socket = await open();
  socket.ping('from the client');
  const [data] = await once(socket, 'pong');
  assert.equal(data.toString(), 'from the client');
  await close(socket);
});

await check("the origin's ping is answered", async () => {
  const socket = await open();
  socket.send('ping me');
  const [data] = await once(socket, 'message');
  assert.equal(data.toString(), 'pong from the origin');
  await close(socket);
});

// ---- ends ----

await check("the client's close code and reason reach the origin", async () => {
  const socket = await open('/echo?leaving');
  socket.close(4001, 'the client leaves');
  const [code] = await once(socket, 'close');
  assert.equal(code, 4001); // the origin's answer to it
  assert.deepEqual(await endSeenByOrigin('leaving'), { code: 4001, reason: 'the client leaves' });
});

await check("the origin's close code and reason reach the client", async () => {
  const socket = await open();
  socket.send('close yourself');
  const [code, reason] = await once(socket, 'close');
  assert.equal(code, 4002);
  assert.equal(reason.toString(), 'the origin leaves');
});

await check('a client that vanishes is seen by the origin within 1 s, as no clean end', async () => {
  (await open('/echo?vanishing')).terminate();
  assert.equal((await endSeenByOrigin('vanishing')).code, 1006);
});

await check('an origin that vanishes is seen by the client within 1 s, as no clean end', async () => {
  const socket = await open();
  const start = performance.now();
  socket.send('drop yourself');
  const [code] = await once(socket, 'close');
  assert.equal(code, 1006);
  assert.ok(performance.now() - start < 1000);
});

await check('a refused upgrade reaches the client as the 401 it is', async () => {
  const socket = new WebSocket(`${RELAY.replace('http:', 'ws:')}/private`);
  const [request, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const piece of response) body += piece;
  assert.equal(response.statusCode, 401);
  assert.equal(response.headers['www-authenticate'], 'Bearer');
  assert.equal(body, 'who are you?\n');
  request.socket.destroy(); // kept alive by weir, and left to us by `ws`
});

await check('after all that, plain requests still pass', async () => {
  const response = await fetch(`${RELAY}/end`);
  assert.equal(response.status, 200);
});

// ---- many ----

await check('50 sockets at once each get their own 20 messages back', async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open()));
  await Promise.all(sockets.map(async (socket, i) => {
    for (let n = 0; n < 20; n++) await echo(socket, `socket ${i}, message ${n}`);
  }));
  await Promise.all(sockets.map(close));
});

done();
