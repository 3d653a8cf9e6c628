"""Requests and responses as plain values, so that everything behind the socket is synchronous."""

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Headers = list[tuple[bytes, bytes]]

SCIM_TYPE = b"application/scim+json; charset=utf-8"
JSON_TYPE = b"application/json; charset=utf-8"


@dataclass(slots=True)
class Request:
    """One HTTP request with its whole body; header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    client: str


@dataclass(slots=True)
class Response:
    """One HTTP answer with its whole body."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)


def dump(value: Any) -> bytes:
    """JSON in its shortest form."""
    return json.dumps(value, separators=(",", ":")).encode()


def json_response(status: int, value: Any, content_type: bytes = JSON_TYPE) -> Response:
    """An answer whose body is `value` as JSON."""
    return Response(status, dump(value), [(b"content-type", content_type)])
