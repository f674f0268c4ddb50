"""An https origin that tells what it saw: tls_origin.py --cert FILE [--key FILE] [--client-ca FILE]
/headers lists the request's fields and how TLS went; /bare ends its body without close_notify."""
import argparse
import json
import socket
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def name_in(cert):
    return dict(pair for rdn in cert["subject"] for pair in rdn)["commonName"] if cert else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        self.request.do_handshake()  # here, so that one client cannot stop the others
        super().setup()

    def do_GET(self):
        if self.path == "/bare":
            self.end_bare()
        else:
            self.tell(200)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.tell(200)

    def tell(self, status):
        tls = self.request
        body = json.dumps({
            "fields": self.headers.items(),
            "sni": tls.asked_for,
            "version": tls.version(),
            "reused": tls.session_reused,
            "client": name_in(tls.getpeercert()),
        }).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/last":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def end_bare(self):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nbare\n")
        self.request.shutdown(socket.SHUT_WR)  # of the socket below: no unwrap(), no close_notify

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, context):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = context

    def get_request(self):
        plain, address = super().get_request()
        tls = self.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        tls.asked_for = None
        return tls, address

    def handle_error(self, request, address):
        pass  # handshakes that fail are what some tests are about


def ask_for(tls, name, context):
    tls.asked_for = name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cert", required=True)
    parser.add_argument("--key")
    parser.add_argument("--client-ca")
    args = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert, args.key)
    context.sni_callback = ask_for
    if args.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(args.client_ca)
    server = Server(context)
    print(f"listening on https://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


main()
