"""How a message leaves: as an e-mail, or as a signed POST to a webhook.

Webhooks are signed as the Standard Webhooks specification says (webhook-id, webhook-timestamp,
webhook-signature with `v1,` and base64 of HMAC-SHA256), so that receivers have libraries for it.

    NotDelivered         try again later; str() says why, without the message's contents
"""

import base64
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any

import httpx
from django.conf import settings
from django.core.mail import EmailMessage

from tenants.addresses import AddressRefused, CheckedTransport
from tenants.models import Message

_SECONDS = 10.0
SECRET_PREFIX = "whsec_"  # noqa: S105 - how receivers' libraries know one


class NotDelivered(Exception):
    """The message is still with us; str() says why."""


def send_email(message: Message) -> None:
    """Hand a message to the mail server; raises NotDelivered."""
    facts = message.payload
    lines = [facts["text"], facts["link"], _about(message)]
    mail = EmailMessage(
        subject=message.headline,
        body="\n\n".join(line for line in lines if line) + "\n",
        to=[message.recipient],
        # Sent twice after a crash it is the same mail for whoever looks.
        headers={"Message-ID": f"<{message.uid}@{_mail_domain()}>"},
    )
    try:
        mail.send()
    except (SMTPException, OSError) as error:
        raise NotDelivered(f"The mail server did not take it: {_reason(error)}") from error


def post(message: Message, secrets: Iterable[bytes], now: datetime) -> None:
    """Send a message to a webhook, signed with each secret; raises NotDelivered."""
    body = json.dumps(body_of(message), separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "msp-portal",
        **signed(str(message.uid), now, body, secrets),
    }
    transport = CheckedTransport(allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
    options: dict[str, Any] = {"follow_redirects": False, "trust_env": False, "timeout": _SECONDS}
    try:
        with (
            httpx.Client(transport=transport, **options) as client,
            # What the receiver answers is not read: its status says everything.
            client.stream("POST", message.recipient, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except AddressRefused as refused:
        raise NotDelivered(str(refused)) from refused
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(f"The webhook cannot be reached: {_reason(error)}") from error
    if not 200 <= status < 300:
        raise NotDelivered(f"The webhook answered {status}.")


def body_of(message: Message) -> dict[str, Any]:
    """What a webhook gets, as plain JSON."""
    at = message.created_at.astimezone(UTC).isoformat(timespec="seconds")
    return {
        "id": str(message.uid),
        "type": message.event,
        "timestamp": at,
        "data": {"headline": message.headline, **message.payload},
    }


def signed(uid: str, now: datetime, body: bytes, secrets: Iterable[bytes]) -> dict[str, str]:
    """Headers that say who sent it and when; one signature for each secret."""
    timestamp = str(int(now.timestamp()))
    content = f"{uid}.{timestamp}.".encode() + body
    marks = [base64.b64encode(hmac.digest(each, content, "sha256")).decode() for each in secrets]
    return {
        "webhook-id": uid,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }


def _mail_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"


def _about(message: Message) -> str:
    name = message.payload["customer_name"]
    return f"Customer: {name}" if name else ""


def _reason(error: Exception) -> str:
    """Kind and words, without the addresses and texts that such errors may repeat at length."""
    return f"{type(error).__name__} {error}".strip()[:200]
