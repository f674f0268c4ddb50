"""Takes uploads: POST /upload tells how many bytes came, their sha256, and over how many ms the pieces came."""
import hashlib
import time

from fastapi import FastAPI, Request

from serve import serve

app = FastAPI()


@app.post("/upload")
async def upload(request: Request):
    digest, size, times = hashlib.sha256(), 0, []
    async for piece in request.stream():
        if piece:
            digest.update(piece)
            size += len(piece)
            times.append(time.monotonic())
    spread_ms = round((times[-1] - times[0]) * 1000) if times else 0
    return {"sha256": digest.hexdigest(), "bytes": size, "pieces": len(times), "spread_ms": spread_ms}


if __name__ == "__main__":
    serve(app)
