"""Reads stdin as it comes and prints the verdict of arrivals.py and the sha256: `curl -N .. | stamps.py 2400 24`."""
import hashlib
import os
import sys
import time

from arrivals import judge

duration, tokens = int(sys.argv[1]) / 1000, int(sys.argv[2])
start = time.monotonic()
body, arrivals = b"", []
while piece := os.read(0, 65536):
    body += piece
    arrivals.append((time.monotonic() - start, len(body)))
print(judge(arrivals, len(body), duration, tokens) if arrivals else "nothing came")
print(hashlib.sha256(body).hexdigest())
