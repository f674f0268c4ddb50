"""Serves an ASGI app with uvicorn on a free port, and tells which in the first line of stdout."""
import socket

import uvicorn


def serve(app):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    # proxy_headers would let uvicorn rewrite what the test wants to see.
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", proxy_headers=False))
    server.run(sockets=[listener])
