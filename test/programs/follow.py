# Follows a room by requests or urllib3 as their own pages show it, and prints each line at once.
import sys

import requests
import urllib3

library, url, authorization = sys.argv[1:]
HEADERS = {"Accept": "text/event-stream", "Authorization": authorization}


def by_requests():
    with requests.get(url, headers=HEADERS, stream=True) as answer:
        yield from answer.iter_lines(decode_unicode=True)


def by_urllib3():
    answer = urllib3.PoolManager().request("GET", url, headers=HEADERS, preload_content=False)
    for chunk in answer.stream():
        yield chunk.decode().rstrip("\n")


for line in {"requests": by_requests, "urllib3": by_urllib3}[library]():
    print(line, flush=True)
