# Listens by Python's websockets until it hears the end, and prints a digest of all it heard.
import asyncio
import hashlib
import json
import sys

import websockets

# Debian 12 has version 10, Debian 13 has 15, where two things have other names.
NEW = int(websockets.version.version.split(".")[0]) >= 14
HEADERS = "additional_headers" if NEW else "extra_headers"


async def main(todo):
    heard = hashlib.sha256()
    count = 0
    async with websockets.connect(
        todo["url"],
        compression="deflate",
        max_size=None,
        # A full queue would pause the reading, and the pong waits behind what is not read.
        max_queue=None,
        ping_interval=None,
        **{HEADERS: todo["headers"]},
    ) as socket:
        extensions = socket.protocol.extensions if NEW else socket.extensions
        async for message in socket:
            is_text = isinstance(message, str)
            payload = message.encode() if is_text else message
            heard.update(b"\1" if is_text else b"\2")
            heard.update(len(payload).to_bytes(4, "big"))
            heard.update(payload)
            count += 1
            if count % 100 == 0:
                await (await socket.ping())
            if message == todo["end"]:
                break
    print(json.dumps({
        "count": count,
        "digest": heard.hexdigest(),
        "extensions": len(extensions),
        "closed": socket.close_code,
    }))


asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), 90))
