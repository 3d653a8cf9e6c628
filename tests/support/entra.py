"""A stand-in for Microsoft Entra's sign-in over HTTP: authorise, token and keys endpoints.

It keeps the code flow's rules (client, secret, redirect address, PKCE S256, a code works once) and
signs what it is told to, so that a test can make it lie.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "5f0c4a5e-0000-4000-8000-00000000c11e", "stand-in-secret"
Claims = dict[str, Any]


@dataclass
class EntraStandIn:
    """State of the stand-in; `lie` changes the claims, `sign` makes the token of them."""

    url: str = ""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    lie: Callable[[Claims], None] = lambda claims: None
    sign: Callable[[Claims], str] | None = None
    published: Callable[[str, dict[str, Any]], None] = lambda tid, jwk: None
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def key(self, tid: str) -> rsa.RSAPrivateKey:
        """A tenant's signing key, made when it is first asked for."""
        if tid not in self.keys:
            self.keys[tid] = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self.keys[tid]

    def approve(self, location: str, tid: str, oid: str, **claims: Any) -> str:
        """Somebody signs in at the address they were sent to; the address they are sent back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(f"{self.url}/"), location
        assert (asked["client_id"], asked["response_type"]) == (CLIENT_ID, "code")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "claims": {"tid": tid, "oid": oid, **claims}}
        path = asked["redirect_uri"].partition("://")[2].partition("/")[2]
        return f"/{path}?code={code}&state={asked['state']}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What the token endpoint answers."""
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        same = (
            form.get("client_id") == CLIENT_ID
            and form.get("client_secret") == CLIENT_SECRET
            and form.get("redirect_uri") == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        if not same:
            return 400, {"error": "invalid_client"}
        token = self._id_token(asked)
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": token}

    def _id_token(self, asked: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {
            "iss": f"{self.url}/{asked['claims']['tid']}/v2.0",
            "aud": CLIENT_ID,
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "nonce": asked["nonce"],
            "ver": "2.0",
            **asked["claims"],
        }
        self.lie(claims)
        return self.sign(claims) if self.sign else self.signed(claims, claims["tid"])

    def signed(self, claims: Claims, tid: str, kid: str | None = None) -> str:
        """Signed with a tenant's key."""
        return jwt.encode(claims, self.key(tid), "RS256", headers={"kid": kid or f"key-of-{tid}"})

    def jwks(self, tid: str) -> dict[str, Any]:
        """What the keys endpoint answers: the key before a rollover, and the one that signs."""
        before = self._jwk(f"before {tid}", "retired")
        jwk = self._jwk(tid, f"key-of-{tid}")
        self.published(tid, jwk)
        return {"keys": [before, jwk]}

    def _jwk(self, tid: str, kid: str) -> dict[str, Any]:
        jwk: dict[str, Any] = json.loads(
            jwt.algorithms.RSAAlgorithm.to_jwk(self.key(tid).public_key())
        )
        return jwk | {"kid": kid, "use": "sig", "issuer": f"{self.url}/{{tenantid}}/v2.0"}


@contextmanager
def entra_stand_in() -> Iterator[EntraStandIn]:
    """One on a loopback port, as long as the block lasts."""
    entra = EntraStandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            entra.asked.append(self.path)
            tid, _, rest = self.path.strip("/").partition("/")
            if rest == "discovery/v2.0/keys":
                self._answer(200, entra.jwks(tid))
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            entra.asked.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._answer(*entra.token(form))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    entra.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield entra
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
