"""An origin whose event streams go wrong in every way there is a flag against. Tells its address in the first line of
stdout; /told answers with what it knows of the stream before: `sent N` events, and whether the client was there."""
import json
import socketserver
import time
from http.server import BaseHTTPRequestHandler

told = {"sent": 0, "gone": False}
asked = {}


def event(n, data=None):
    return f"id: {n}\ndata: {data or json.dumps({'n': n})}\n\n".encode()


def word(text):
    return event(0, json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}))


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def begin(self, status=200, media="text/event-stream"):
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send(self, data):
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def finish_body(self):
        self.wfile.write(b"0\r\n\r\n")

    def events(self, count, gap=0.0, first=0):
        """Goes on until the client is gone."""
        for n in range(first, first + count):
            told["sent"] = n + 1
            self.send(event(n))
            time.sleep(gap)

    def hang_up(self):
        self.close_connection = True

    # Each path by its name.

    def fine(self):
        self.begin()
        self.events(3)
        self.send(b"data: [DONE]\n\n")
        self.finish_body()

    def unmarked(self):
        self.begin()
        self.events(3)
        self.finish_body()

    def dies(self):
        self.begin()
        self.events(2)
        self.hang_up()

    def breaks(self):
        self.begin()
        self.events(1)
        self.send(b"id: 1\nda")
        self.hang_up()

    def endless(self):
        self.begin()
        self.events(400, 0.05)
        self.finish_body()

    def counted(self):
        self.begin()
        self.events(20, 0.05)
        self.finish_body()

    def words(self):
        self.begin()
        self.send(word(""))
        for text in ("A", " weir", " is", " low") * 20:
            self.send(word(text))
            time.sleep(0.02)
        self.finish_body()

    def silent(self):
        self.begin()
        time.sleep(3)
        self.hang_up()

    def comments(self):
        self.begin()
        for _ in range(60):
            self.send(b": still here\n\n")
            time.sleep(0.05)
        self.hang_up()

    def wordless(self):
        self.begin()
        for _ in range(60):
            self.send(word(""))
            time.sleep(0.05)
        self.hang_up()

    def pauses(self):
        self.begin()
        self.events(1)
        time.sleep(0.7)
        self.events(1, first=1)
        self.finish_body()

    def stalls(self):
        self.begin()
        self.events(2)
        time.sleep(3)
        self.hang_up()

    def thinks(self):
        time.sleep(0.7)
        self.begin()
        self.events(2)
        self.finish_body()

    def fails(self):
        self.begin()
        self.send(b'event: error\ndata: {"error":{"message":"overloaded"}}\n\n')
        self.finish_body()

    def fails_once(self):
        if asked[self.path] == 1:
            self.fails()
        else:
            self.begin()
            self.send(event(0, json.dumps({"body": self.body.decode()})))
            self.finish_body()

    def large(self):
        self.begin()
        for n in range(20000):
            self.send(event(n, json.dumps({"n": n, "pad": "x" * 4000})))
        self.finish_body()

    def told(self):
        self.begin(media="application/json")
        self.send(json.dumps(told).encode())
        self.finish_body()

    def answer(self):
        asked[self.path] = asked.get(self.path, 0) + 1
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.strip("/").split("?")[0].replace("-", "_")
        if name != "told":
            told.update(sent=0, gone=False)
        try:
            getattr(self, name)()
        except (BrokenPipeError, ConnectionResetError):
            told["gone"] = True
            self.close_connection = True

    do_GET = do_POST = answer


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


server = Server(("127.0.0.1", 0), Origin)
print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
try:
    server.serve_forever()
except KeyboardInterrupt:
    pass
