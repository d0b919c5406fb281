"""Owns how a stream leaves the server: the head, then lines as they come, until one side ends it.

It must not choose what is sent. Invariant: a connection that is not open any more is noted as ended.
"""

import asyncio
from email.utils import formatdate

from starlette.types import Receive, Scope, Send

from simulator.calls import Answer
from simulator.delivery import closing, gone, hang_up
from simulator.streams.connections import Connection
from simulator.streams.sending import Streams

# How often the world is looked at for those who listen.
TICK_SECONDS = 0.05


async def flow(scope: Scope, receive: Receive, send: Send, answer: Answer, streams: Streams, now_ms: int) -> None:
    """Send the head, and all that comes for the connection of the answer."""
    connection: Connection = answer.connection
    connection.number = answer.number
    left = asyncio.ensure_future(gone(receive))
    try:
        headers = {"date": formatdate(now_ms / 1000, usegmt=True), **answer.headers}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": pairs})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        while not left.done() and not closing(scope):
            if piece := streams.take(connection):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            if connection.ended_ms is not None:
                hang_up(scope, by_reset=connection.by_reset)
                break
            await asyncio.wait({left}, timeout=TICK_SECONDS)
        else:
            connection.end(now_ms, "client_disconnected")
        await left
    except asyncio.CancelledError:  # the server stops
        connection.end(now_ms, "server_stopped")
        hang_up(scope, by_reset=True)
        await left
    finally:
        left.cancel()
