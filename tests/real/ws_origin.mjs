// A WebSocket origin on the `ws` package. /echo sends every message back; /deflate too, compressed on the wire; any
// other path refuses the upgrade; GET /end?ID tells how the socket asked for as /echo?ID ended. Prints
// `listening on http://..` once it is ready.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const ends = {};

function idOf(request) {
  return request.url.split('?')[1] ?? '';
}

// A text message can ask for something else than an echo.
const orders = {
  'close yourself': (socket) => socket.close(4002, 'the origin leaves'),
  'drop yourself': (socket) => socket.terminate(),
  'ping me': (socket) => {
    socket.once('pong', (data) => socket.send(`pong ${data}`));
    socket.ping('from the origin');
  },
};

function serve(socket, request) {
  socket.on('message', (data, isBinary) => {
    const order = isBinary ? undefined : orders[data.toString()];
    if (order) order(socket);
    else socket.send(data, { binary: isBinary });
  });
  socket.on('close', (code, reason) => {
    ends[idOf(request)] = { code, reason: reason.toString() };
  });
}

const servers = {
  '/echo': new WebSocketServer({ noServer: true, handleProtocols: (protocols) => [...protocols].at(-1) }),
  '/deflate': new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 0 } }),
};

function refuse(socket) {
  const body = 'who are you?\n';
  socket.end(
    'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Type: text/plain\r\n' +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const http = createServer((request, response) => {
  response.end(JSON.stringify(ends[idOf(request)] ?? null));
});
http.on('upgrade', (request, socket, head) => {
  const server = servers[request.url.split('?')[0]];
  if (server) server.handleUpgrade(request, socket, head, serve);
  else refuse(socket);
});
http.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${http.address().port}`));
