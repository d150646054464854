# Drives clients of centrifuge-python: reads what they shall do as lines of JSON, and prints what
# they answer and hear as lines of JSON. README.md has the lines.
import asyncio
import json
import sys

from centrifuge import (
    CentrifugeError,
    Client,
    ClientEventHandler,
    StreamPosition,
    SubscriptionEventHandler,
    UnauthorizedError,
)

opened = {}
asked = {}


def tell(**line):
    print(json.dumps(line), flush=True)


def text_of(data):
    """Payloads stand as text in our lines: JSON, or what the bytes of Protobuf say."""
    if data is None:
        return None
    if isinstance(data, bytes):
        return data.decode()
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def who(info):
    if info is None:
        return None
    return {"user": info.user, "client": info.client, "info": text_of(info.conn_info)}


def message_of(publication):
    return {
        "data": text_of(publication.data),
        "offset": publication.offset,
        "tags": publication.tags,
        "by": who(publication.info),
    }


def joined_of(context):
    position = context.stream_position
    return {
        "recovered": context.recovered,
        "wasRecovering": context.was_recovering,
        "position": position and {"offset": position.offset, "epoch": position.epoch},
        "data": text_of(context.data),
    }


def ask(**question):
    """Asks the test for a token, and gives a future of it."""
    number = len(asked)
    asked[number] = asyncio.get_running_loop().create_future()
    tell(event="token", number=number, **question)
    return asked[number]


class RoomEvents(SubscriptionEventHandler):
    def __init__(self, client, room):
        self.of = {"client": client, "room": room}

    async def on_subscribing(self, context):
        tell(event="subscribing", code=context.code, reason=context.reason, **self.of)

    async def on_subscribed(self, context):
        tell(event="subscribed", **joined_of(context), **self.of)

    async def on_unsubscribed(self, context):
        tell(event="unsubscribed", code=context.code, reason=context.reason, **self.of)

    async def on_publication(self, context):
        tell(event="message", **message_of(context.pub), **self.of)

    async def on_join(self, context):
        tell(event="join", by=who(context.info), **self.of)

    async def on_leave(self, context):
        tell(event="leave", by=who(context.info), **self.of)

    async def on_error(self, context):
        tell(event="error", message=str(context.error), **self.of)


class ClientEvents(ClientEventHandler):
    def __init__(self, client):
        self.of = {"client": client}

    async def on_connecting(self, context):
        tell(event="connecting", code=context.code, reason=context.reason, **self.of)

    async def on_connected(self, context):
        tell(event="connected", connection=context.client, **self.of)

    async def on_disconnected(self, context):
        tell(event="disconnected", code=context.code, reason=context.reason, **self.of)

    async def on_error(self, context):
        tell(event="error", message=str(context.error), **self.of)

    async def on_subscribed(self, context):
        tell(event="subscribed", room=context.channel, **joined_of(context), **self.of)

    async def on_unsubscribed(self, context):
        tell(event="unsubscribed", room=context.channel, **self.of)

    async def on_publication(self, context):
        tell(event="message", room=context.channel, **message_of(context.pub), **self.of)

    async def on_join(self, context):
        tell(event="join", room=context.channel, by=who(context.info), **self.of)

    async def on_leave(self, context):
        tell(event="leave", room=context.channel, by=who(context.info), **self.of)


async def open_client(client, url, format, headers=None, token="", asks=False, **delays):
    get_token = (lambda: ask(client=client)) if asks else None
    opened[client] = Client(
        url,
        events=ClientEvents(client),
        token=token,
        get_token=get_token,
        use_protobuf=format == "protobuf",
        headers=headers or {},
        min_reconnect_delay=delays.get("minDelay", 100) / 1000,
        max_reconnect_delay=delays.get("maxDelay", 20_000) / 1000,
    )


def payload(client, data):
    return data.encode() if opened[client]._use_protobuf else json.loads(data)


async def subscribe(client, room, recoverable=False, joinLeave=False, asks=False):
    it = opened[client]
    get_token = (lambda _: ask(client=client, room=room)) if asks else None
    subscription = it.get_subscription(room) or it.new_subscription(
        room,
        events=RoomEvents(client, room),
        get_token=get_token,
        recoverable=recoverable,
        join_leave=joinLeave,
        min_resubscribe_delay=0.05,
    )
    await subscription.subscribe()


async def unsubscribe(client, room):
    await opened[client].get_subscription(room).unsubscribe()


async def presence(client, room):
    result = await opened[client].presence(room)
    return [who(info) for info in result.clients.values()]


async def presence_stats(client, room):
    result = await opened[client].presence_stats(room)
    return {"clients": result.num_clients, "users": result.num_users}


async def history(client, room, limit, since=None, reverse=False):
    after = StreamPosition(**since) if since else None
    result = await opened[client].history(room, limit=limit, since=after, reverse=reverse)
    messages = [message_of(publication) for publication in result.publications]
    return {"messages": messages, "offset": result.offset, "epoch": result.epoch}


async def rpc(client, method, data):
    return text_of((await opened[client].rpc(method, payload(client, data))).data)


async def publish(client, room, data):
    await opened[client].publish(room, payload(client, data))


OPS = {
    "open": open_client,
    "connect": lambda client: opened[client].connect(),
    "disconnect": lambda client: opened[client].disconnect(),
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "publish": publish,
    "presence": presence,
    "presenceStats": presence_stats,
    "history": history,
    "rpc": rpc,
}


async def do(id, op, **given):
    try:
        tell(id=id, ok=await OPS[op](**given))
    except CentrifugeError as error:
        code = getattr(error, "code", 0)
        tell(id=id, error={"code": code, "message": str(error)})
    except Exception as error:
        tell(id=id, error={"code": 0, "message": repr(error)})


def answer(number, token=None, **_):
    if token is None:
        asked[number].set_exception(UnauthorizedError())
    else:
        asked[number].set_result(token)


async def main():
    lines = asyncio.StreamReader(limit=16_777_216)
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    doing = set()
    async for line in lines:
        command = json.loads(line)
        if command["op"] == "token":
            answer(**command)
            continue
        task = asyncio.ensure_future(do(**command))
        doing.add(task)
        task.add_done_callback(doing.discard)


asyncio.run(main())
