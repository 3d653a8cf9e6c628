"""The ASGI application: reads a request, lets the right side answer it, plays faults."""

import asyncio
import socket
import struct
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from msp_portal.sandbox.calls import Caller
from msp_portal.sandbox.control import PREFIX, Control
from msp_portal.sandbox.errors import ScimError
from msp_portal.sandbox.faults import HTML_PAGE, Fault
from msp_portal.sandbox.http import Request, Response, json_response
from msp_portal.sandbox.login import Login
from msp_portal.sandbox.page.site import Site, is_page
from msp_portal.sandbox.scim import BASE, Scim, below_base, error_response
from msp_portal.sandbox.service import Service
from msp_portal.sandbox.store import Store
from msp_portal.sandbox.tokens import TokenError, Tokens

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TRANSPORT = "sandbox.transport"  # scope key under which the server puts the connection
_LARGEST_BODY = 64 * 1024 * 1024
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST


class Sandbox:
    """An ASGI application over a store."""

    def __init__(self, store: Store, *, static_token: str | None, throttle: bool) -> None:
        tokens = Tokens(store, static_token)
        self._scim = Scim(store, tokens, throttle=throttle)
        self._login = Login(store, tokens)
        service = Service(store)
        self._control = Control(service)
        self._site = Site(service, static_token=bool(static_token))
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = await _read(scope, receive)
        if request is None:
            return
        response = await self._answer(request)
        if response is None:
            await _reset(scope, receive)
            return
        await _send(response, send)

    async def _answer(self, request: Request) -> Response | None:
        """The answer; None means that the connection is to be cut."""
        lowered = request.path.lower()
        if lowered == BASE or lowered.startswith(BASE + "/"):
            return await self._scim_answer(request)
        if is_page(request.path):
            return self._site.answer(request)
        if request.path.startswith(PREFIX + "/"):
            return self._control.answer(request)
        try:
            return self._login.answer(request)
        except ScimError as error:
            return json_response(error.status, {"error": error.detail})

    async def _scim_answer(self, request: Request) -> Response | None:
        try:
            caller = self._scim.identify(request)
        except TokenError as error:
            if error.tenant is not None:
                self._store.commit(error.tenant, [], error.status)
            return error_response(error)
        fault = caller.tenant.faults.take(request.method, below_base(request.path))
        if fault is None:
            return self._scim.answer(caller, request)
        if fault.when == "after":
            return await self._after(caller, request, fault)
        return await self._before(caller, request, fault)

    async def _before(self, caller: Caller, request: Request, fault: Fault) -> Response | None:
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.delay)
                return self._scim.answer(caller, request)
            case "truncated":
                return _truncated(self._scim.answer(caller, request))
            case "reset":
                self._scim.cut(caller)
                return None
            case "html":
                self._scim.refuse(caller, fault)
                return _html(fault)
        return self._scim.refuse(caller, fault)

    async def _after(self, caller: Caller, request: Request, fault: Fault) -> Response | None:
        response = self._scim.answer(caller, request, fault)
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.delay)
            case "truncated":
                return _truncated(response)
            case "reset":
                return None
            case "html":
                return _html(fault)
        return response


def _truncated(response: Response) -> Response:
    """Half of the body with a length that fits it: JSON that ends in the middle."""
    response.body = response.body[: len(response.body) // 2]
    return response


def _html(fault: Fault) -> Response:
    return Response(fault.status, HTML_PAGE, [(b"content-type", b"text/html; charset=utf-8")])


async def _read(scope: Scope, receive: Receive) -> Request | None:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > _LARGEST_BODY:
            scope[TRANSPORT].abort()
            return None
        more = message.get("more_body", False)
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"].decode("latin-1"),
        headers={
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        },
        body=b"".join(chunks),
        client=scope["client"][0] if scope["client"] else "",
    )


async def _send(response: Response, send: Send) -> None:
    headers = [*response.headers, (b"request-id", str(uuid.uuid4()).encode())]
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _reset(scope: Scope, receive: Receive) -> None:
    """Cut the connection without an answer, so that the caller sees a reset."""
    transport = scope[TRANSPORT]
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
