"""Asks a URL of the seed app for its stream and prints one JSON object: when bytes arrived, the status and fields, the
body's sha256, and a verdict. It reads the socket itself, since an HTTP library hides what came in one read.
  arrivals.py URL SESSION DURATION_MS TOKENS [--http1.0] [--field 'Name: value'].."""
import argparse
import hashlib
import json
import socket
import time
from urllib.parse import urlsplit


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("session")
    parser.add_argument("duration_ms", type=int)
    parser.add_argument("tokens", type=int)
    parser.add_argument("--http1.0", dest="version", action="store_const", const="1.0", default="1.1")
    parser.add_argument("--field", dest="fields", action="append", default=[])
    return parser.parse_args()


def ask(url, session, version, more):
    parts = urlsplit(url)
    body = json.dumps({"question": "why", "session_id": session}).encode()
    fields = ["Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close", *more]
    if not any(field.startswith("Host:") for field in more):
        fields.append(f"Host: {parts.netloc}")
    head = "\r\n".join([f"POST {parts.path} HTTP/{version}", *fields, "", ""])
    connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
    connection.sendall(head.encode() + body)
    return connection


def read_all(connection):
    """All bytes, and for each read: seconds since the first look, bytes so far."""
    start = time.monotonic()
    message, reads = b"", []
    while piece := connection.recv(65536):
        message += piece
        reads.append((time.monotonic() - start, len(message)))
    return message, reads


def dechunk(raw):
    body = b""
    while True:
        line, _, raw = raw.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)  # raises when the last chunk is missing
        if size == 0:
            return body
        body, raw = body + raw[:size], raw[size + 2 :]


def parse(message):
    head, _, body = message.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    fields = [line.split(": ", 1) for line in lines]
    chunked = ["transfer-encoding", "chunked"] in [[name.lower(), value] for name, value in fields]
    return status_line, fields, dechunk(body) if chunked else body, len(head) + 4


def judge(arrivals, total, duration, tokens):
    """Both verdicts leave room for a busy machine, but not for two tokens that always come together."""
    last = arrivals[-1][0]
    late = total - max([size for t, size in arrivals if t < last - 0.2 * duration], default=0)
    if len(arrivals) >= 0.6 * tokens and last - arrivals[0][0] >= 0.7 * duration:
        return "one by one"
    if last >= 0.7 * duration and late >= 0.9 * total:
        return "burst at the end"
    return "neither"


def main():
    wanted = read_arguments()
    with ask(wanted.url, wanted.session, wanted.version, wanted.fields) as connection:
        message, reads = read_all(connection)
    status_line, fields, body, head_size = parse(message)
    arrivals = [(t, size - head_size) for t, size in reads if size > head_size]
    print(json.dumps({
        "verdict": judge(arrivals, len(message) - head_size, wanted.duration_ms / 1000, wanted.tokens),
        "status_line": status_line,
        "sha256": hashlib.sha256(body).hexdigest(),
        "head_ms": round(next(t for t, size in reads if size >= head_size) * 1000),
        "arrivals_ms": [round(t * 1000) for t, _ in arrivals],
        "fields": fields,
    }))


if __name__ == "__main__":
    main()
