"""The course project's API: an answer as a stream of tokens, as FastAPI users write it.
TOKENS and INTERVAL_MS in the environment set the pace; /seen/<session_id> tells what arrived."""
import asyncio
import os

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from serve import serve

TOKENS = int(os.environ.get("TOKENS", "24"))
INTERVAL = int(os.environ.get("INTERVAL_MS", "100")) / 1000

app = FastAPI()
seen = {}


class Question(BaseModel):
    question: str
    session_id: str


async def answer(question):
    for i in range(TOKENS):
        yield f"{question} → token {i}\n"
        await asyncio.sleep(INTERVAL)


@app.post("/ask-stream-chat")
async def ask_stream_chat(question: Question, request: Request):
    seen[question.session_id] = request.headers.items()
    return StreamingResponse(
        answer(question.question), media_type="text/plain", headers={"X-Session-ID": question.session_id}
    )


@app.get("/seen/{session_id}")
async def seen_by(session_id: str):
    return seen[session_id]


if __name__ == "__main__":
    serve(app)
