"""Plain ASGI and a pool of asyncpg, which prepares each statement by itself."""
import asyncpg

from callresults import FAILURE, INSERT, REFUSAL, SUCCESS, is_good

pool = None


async def live(receive, send):
    global pool
    while (await receive())["type"] == "lifespan.startup":
        pool = await asyncpg.create_pool(min_size=16, max_size=16)
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def read(receive):
    body = b""
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return body


async def answer(body):
    if not is_good(body):
        return 400, REFUSAL
    try:
        await pool.execute(INSERT, body.decode())
        return 200, SUCCESS
    except (asyncpg.PostgresError, OSError):
        return 500, FAILURE


async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        return await live(receive, send)
    status, text = await answer(await read(receive))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})
