"""An authenticator app in a few lines (RFC 6238), so that the portal's own is not its judge."""

import base64
import hashlib
import hmac
import re
import struct
import time

from django.test import Client

_KEY = re.compile(r"<code>([A-Z2-7]{32})</code>")


def code(key: str, at: float | None = None) -> str:
    """Six digits of a key at a time (seconds)."""
    counter = struct.pack(">Q", int(time.time() if at is None else at) // 30)
    digest = hmac.digest(base64.b32decode(key), counter, hashlib.sha1)
    place = digest[-1] & 0xF
    (number,) = struct.unpack(">I", digest[place : place + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


def set_up(client: Client, password: str) -> str:
    """Confirm the password and set an app up, as a person does; the key it holds."""
    client.post("/accounts/reauthenticate/", {"password": password})
    page = client.get("/accounts/two-factor/totp/activate/").content.decode()
    found = _KEY.search(page)
    assert found is not None, page
    answer = client.post("/accounts/two-factor/totp/activate/", {"code": code(found[1])})
    assert answer.status_code == 302, answer.content.decode()
    return found[1]
