# A client on Python's aiohttp: goes every way it is told, and prints what came of it.
import asyncio
import json
import sys

import aiohttp


async def trip(session, way, spoken):
    async with session.ws_connect(
        way["url"],
        protocols=way["subprotocols"],
        headers=way["headers"],
        compress=15,
    ) as socket:
        if way["first"] is not None:
            await socket.send_str(way["first"])
        await socket.send_str(spoken["text"])
        text = await socket.receive_str()
        await socket.send_bytes(bytes.fromhex(spoken["binary"]))
        binary = await socket.receive_bytes()
        await socket.close()
    return {
        "name": way["name"],
        "subprotocol": socket.protocol,
        "text": text,
        "binary": binary.hex(),
        "closed": socket.close_code,
    }


async def refusal(session, url):
    try:
        await session.ws_connect(url)
        return {"status": 101}
    except aiohttp.WSServerHandshakeError as error:
        return {"status": error.status}


async def ending(session, end):
    socket = await session.ws_connect(end["url"])
    await socket.send_str("x" * end["characters"])
    while True:
        message = await socket.receive()
        if message.type == aiohttp.WSMsgType.CLOSE:
            return {"code": message.data, "reason": message.extra}
        if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
            return {"code": socket.close_code, "reason": "not seen"}


async def main(todo):
    async with aiohttp.ClientSession() as session:
        for way in todo["ways"]:
            print(json.dumps(await trip(session, way, todo["spoken"])))
        print(json.dumps(await refusal(session, todo["refused"])))
        for end in todo["ends"]:
            print(json.dumps(await ending(session, end)))


asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), 60))
