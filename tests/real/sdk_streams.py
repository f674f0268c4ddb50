"""httpx reads the streams of sdk_origin.mjs line by line, directly and through each weir-relay given: what is left without
comments, blank lines and events of the type `ping` must be the same, and something must have been there to leave out. A
stream that broke off must not look like one that is whole. Arguments: the origin's URL, then those of the relays."""

import sys
from concurrent.futures import ThreadPoolExecutor

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
    """What it says, and how many lines came in all."""
    with httpx.stream("POST", f"{base}/ok/{path}", timeout=15) as response:
        lines = [line.rstrip("\r\n") for line in response.iter_lines()]
    if path == "ollama":
        return [line for line in lines if line], len(lines)
    return [block for block in blocks_of(lines) if "event: ping" not in block], len(lines)


def fault_of(direct, relayed):
    wanted, lines = direct
    if len(wanted) <= 5:
        return f"only {len(wanted)} events came from the origin"
    for said, lines_of_relay in relayed:
        if said != wanted:
            return f"got {said}, wanted {wanted}"
        if lines_of_relay <= lines:
            return "no heartbeat came"
    return None


def is_torn(base, path):
    try:
        with httpx.stream("POST", f"{base}/torn/{path}", timeout=15) as response:
            response.read()
    except httpx.RemoteProtocolError:
        return True
    return False


def report(sentence, fault):
    print(f"FAIL {sentence}: {fault}" if fault else f"ok   {sentence}")
    return bool(fault)


def main():
    bases = sys.argv[1:]
    failed = False
    with ThreadPoolExecutor(len(bases)) as pool:
        for path in PATHS:
            direct, *relayed = pool.map(lambda base: read(base, path), bases)
            sentence = f"httpx reads /{path} as if there were no heartbeats, and there were some"
            failed |= report(sentence, fault_of(direct, relayed))
        whole = [path for path in PATHS if not all(pool.map(lambda base: is_torn(base, path), bases))]
        failed |= report("httpx knows a stream that broke off within an event", " ".join(whole))
    sys.exit(failed)


main()
