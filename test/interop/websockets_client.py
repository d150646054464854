# A client on Python's websockets: goes every way it is told, and prints what came of it.
import asyncio
import json
import sys

import websockets

# Debian 12 has version 10, Debian 13 has 15, where two things have other names.
NEW = int(websockets.version.version.split(".")[0]) >= 14
HEADERS = "additional_headers" if NEW else "extra_headers"
Refused = websockets.InvalidStatus if NEW else websockets.InvalidStatusCode


async def trip(way, spoken):
    async with websockets.connect(
        way["url"],
        subprotocols=way["subprotocols"] or None,
        compression="deflate",
        **{HEADERS: way["headers"]},
    ) as socket:
        if way["first"] is not None:
            await socket.send(way["first"])
        await socket.send(spoken["text"])
        text = await socket.recv()
        await socket.send(bytes.fromhex(spoken["binary"]))
        binary = await socket.recv()
    return {
        "name": way["name"],
        "subprotocol": socket.subprotocol,
        "text": text,
        "binary": binary.hex(),
        "closed": socket.close_code,
    }


async def refusal(url):
    try:
        await websockets.connect(url)
        return {"status": 101}
    except Refused as error:
        return {"status": error.response.status_code if NEW else error.status_code}


async def ending(end):
    socket = await websockets.connect(end["url"])
    await socket.send("x" * end["characters"])
    try:
        while True:
            await socket.recv()
    except websockets.ConnectionClosed as closed:
        return {"code": closed.rcvd.code, "reason": closed.rcvd.reason}


async def main(todo):
    for way in todo["ways"]:
        print(json.dumps(await trip(way, todo["spoken"])))
    print(json.dumps(await refusal(todo["refused"])))
    for end in todo["ends"]:
        print(json.dumps(await ending(end)))


asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), 60))
