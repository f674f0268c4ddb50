"""httpx reads the streams of sdk_origin.mjs line by line, directly and through each weir-relay given: what is left without
comments, blank lines and events of the type `ping` must be the same. Arguments: the origin's URL, then those of the relays."""

import sys

import httpx

PATHS = ["chat/completions", "responses", "messages", "gemini", "llama", "ollama", "events"]


def blocks_of(lines):
    block = []
    for line in lines:
        if line and not line.startswith(":"):
            block.append(line)
        elif not line and block:
            yield block
            block = []
    if block:
        yield block


def read(base, path):
    with httpx.stream("POST", f"{base}/ok/{path}", timeout=15) as response:
        lines = [line.rstrip("\r\n") for line in response.iter_lines()]
    if path == "ollama":
        return [line for line in lines if line]
    return [block for block in blocks_of(lines) if "event: ping" not in block]


def main():
    origin, *relays = sys.argv[1:]
    failed = False
    for path in PATHS:
        wanted = read(origin, path)
        same = all(read(relay, path) == wanted for relay in relays) and len(wanted) > 5
        print(f"{'ok  ' if same else 'FAIL'} httpx reads /{path} as if there were no heartbeats")
        failed = failed or not same
    sys.exit(failed)


main()
