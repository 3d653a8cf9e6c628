"""Stands in for a host's identity endpoint, on loopback: IMDS of a virtual machine, or App Service.

As Microsoft's "How to use managed identities to acquire an access token" and "App Service: REST
endpoint reference" describe them: what has to be in a request, and what is in an answer.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HEADER = "the-header-of-this-app"
Give = Callable[[str, str], str | None]


@dataclass
class IdentityEndpoint:
    """Gives what `give(resource, client_id)` gives; None: no such identity."""

    give: Give
    url: str = ""
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)

    def as_imds(self) -> dict[str, str]:
        """The environment of a virtual machine, its address moved to loopback."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.url}

    def as_app_service(self) -> dict[str, str]:
        """The environment of an app."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token/", "IDENTITY_HEADER": HEADER}

    def answer(self, address: str, headers: Mapping[str, str]) -> tuple[int, Any]:
        """Status and document."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query))
        self.asked.append(query)
        if self.status != 200:
            return self.status, {"error": "busy"}
        if parts.path == "/metadata/identity/oauth2/token":
            return self._imds(query, headers)
        if parts.path == "/msi/token/" and query.get("api-version") == "2019-08-01":
            return self._app_service(query, headers)
        return 404, {}

    def _imds(self, query: dict[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        if headers.get("Metadata") != "true" or query.get("api-version") != "2018-02-01":
            return 400, {"error": "bad_request_102", "error_description": "Required metadata"}
        token = self.give(query["resource"], query.get("client_id", ""))
        if token is None:
            return 400, {"error": "invalid_request", "error_description": "Identity not found"}
        return 200, {**self._common(query, token), "expires_in": "86399"}

    def _app_service(self, query: dict[str, str], headers: Mapping[str, str]) -> tuple[int, Any]:
        if headers.get("X-IDENTITY-HEADER") != HEADER:
            return 401, {"statusCode": 401, "message": "No header"}
        token = self.give(query["resource"], query.get("client_id", ""))
        if token is None:
            return 400, {"statusCode": 400, "message": "No User Assigned Identity found"}
        return 200, self._common(query, token)

    def _common(self, query: dict[str, str], token: str) -> dict[str, str]:
        return {
            "access_token": token,
            "expires_on": str(int(time.time()) + 86399),
            "resource": query["resource"],
            "token_type": "Bearer",
        }


@contextmanager
def identity_endpoint(give: Give) -> Iterator[IdentityEndpoint]:
    """A server on loopback."""
    endpoint = IdentityEndpoint(give)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, document = endpoint.answer(self.path, self.headers)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
