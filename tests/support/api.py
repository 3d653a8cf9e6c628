"""Somebody who asks the API with a token."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from tenants.domain.reach import EVERYWHERE, Reach
from tenants.models import ApiToken, User
from tenants.services.api_tokens import create_token

ROOT = "/api/v1/"


def make_token(by: User, reach: Reach = EVERYWHERE, days: float = 90) -> tuple[ApiToken, str]:
    """A token, and its row."""
    ends = timezone.now() + timedelta(days=days)
    row, token = create_token(name="Invoicing", reach=reach, expires_at=ends, by=by)
    return row, token.reveal()


@dataclass(frozen=True)
class Asker:
    """A token and the way it is sent."""

    token: str = ""

    def ask(self, path: str, method: str = "get", **headers: str) -> Any:
        """An answer of the API, to a browser that is signed in nowhere."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return getattr(Client(), method)(f"{ROOT}{path}", headers=given | headers)

    def get(self, path: str) -> Any:
        """What an answer says."""
        answer = self.ask(path)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def all(self, path: str, limit: int = 100) -> list[Any]:
        """Every part of a list, one after the other."""
        found, after = [], "0"
        while after is not None:
            more = "&" if "?" in path else "?"
            page = self.get(f"{path}{more}limit={limit}&after={after}")
            found += page["data"]
            after = page["next"]
        return found
