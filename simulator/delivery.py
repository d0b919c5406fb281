"""Owns how an answer leaves the server: late, cut, reset, never, byte by byte, or as it should.

It must not choose. Invariant: every answer that is sent carries a `Date` by the simulator's own clock and a
`Content-Length`, unless it was told to drop them.
"""

import asyncio
import socket
import struct
from email.utils import formatdate
from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from simulator.calls import Answer

# SO_LINGER on, for no time: closing sends RST and throws away what was not sent.
_RESET = struct.pack("ii", 1, 0)


async def deliver(scope: Scope, receive: Receive, send: Send, answer: Answer, now_ms: int) -> bool:
    """Send one answer as its `delivery` says; return whether all of it was handed to an open connection."""
    try:
        return await _deliver(scope, receive, send, answer, now_ms)
    except asyncio.CancelledError:
        # The server stops. Who was to wait in vain shall not get uvicorn's 500 in the end.
        hang_up(scope, by_reset=True)
        await gone(receive)
        return False


async def _deliver(scope: Scope, receive: Receive, send: Send, answer: Answer, now_ms: int) -> bool:
    how = answer.delivery
    if how.delay_ms:
        await asyncio.sleep(how.delay_ms / 1000)
    if how.ending == "whole":
        # Asked before: after the last byte the server itself may close.
        sent = not closing(scope)
        await _start(send, answer, now_ms)
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})
        return sent
    sent = False
    if how.ending == "cut":
        await _start(send, answer, now_ms)
        part = answer.body[: int(len(answer.body) * how.share)]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        hang_up(scope, by_reset=how.by_reset)
    elif how.ending == "raw":
        sent = await _write_raw(scope, answer, now_ms)
        hang_up(scope, by_reset=False)
    elif how.ending == "reset":
        hang_up(scope, by_reset=True)
    elif how.hold_ms is not None:
        await gone(receive, how.hold_ms / 1000)
        hang_up(scope, by_reset=False)
    await gone(receive)
    return sent


async def _start(send: Send, answer: Answer, now_ms: int) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": _headers(answer, now_ms)})


def _headers(answer: Answer, now_ms: int) -> list[tuple[bytes, bytes]]:
    headers = {
        "date": formatdate(now_ms / 1000, usegmt=True),
        "content-length": str(len(answer.body)),
        **answer.headers,
    }
    return [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in headers.items()
        if name not in answer.delivery.dropped
    ]


async def _write_raw(scope: Scope, answer: Answer, now_ms: int) -> bool:
    """Write a response that no server would, past the one that this is; return whether all of it was."""
    transport, how = scope["state"]["transport"], answer.delivery
    headers = dict(_headers(answer, now_ms)) | {b"connection": b"close"}
    if how.length_digits is not None:
        headers[b"content-length"] = b"9" * how.length_digits
    lines = [b"HTTP/1.1 %d %s" % (answer.status, HTTPStatus(answer.status).phrase.encode())]
    lines += [name + b": " + value for name, value in headers.items()]
    head, body = b"\r\n".join(lines) + b"\r\n\r\n", b"" if scope["method"] == "HEAD" else answer.body
    at_once = {"headers": b"", "body": head, None: head + body}[how.drip]
    pieces = [b"HTTP/1.1 100 Continue\r\n\r\n"] * how.continues
    pieces += [bytes([byte]) for byte in (head + body)[len(at_once) :]]
    if how.drip is not None:
        transport.write(at_once)
    for piece in pieces:
        if transport.is_closing():
            return False
        transport.write(piece)
        await asyncio.sleep(how.pause_ms / 1000)
    if how.drip is None:
        sent = not transport.is_closing()
        transport.write(at_once)
        return sent
    return True


def closing(scope: Scope) -> bool:
    """Whether the connection is closed, or about to be."""
    transport: asyncio.Transport = scope["state"]["transport"]
    return transport.is_closing()


def hang_up(scope: Scope, *, by_reset: bool) -> None:
    """End the connection: with what was written sent, or with a reset."""
    transport: asyncio.Transport = scope["state"]["transport"]
    if by_reset:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
    else:
        transport.close()


async def gone(receive: Receive, seconds: float | None = None) -> None:
    """Wait until the client has gone, or for so long."""

    async def wait() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(wait(), seconds)
    except TimeoutError:
        return
