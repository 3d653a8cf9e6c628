"""Requests and answers of the SCIM API as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from provisioning.domain.permissions import Act
from provisioning.domain.retry import Intent


class Purpose(StrEnum):
    """Why a call is made; every call is metered under one of these."""

    DISCOVERY = "discovery"
    INVENTORY = "inventory"
    LOOKUP = "lookup"
    CREATE = "create"
    UPDATE = "update"
    DISABLE = "disable"
    DELETE = "delete"
    GROUP_CREATE = "group_create"
    GROUP_UPDATE = "group_update"
    GROUP_DELETE = "group_delete"
    MEMBER_ADD = "member_add"
    MEMBER_REMOVE = "member_remove"
    VERIFY = "verify"
    CONNECTION_TEST = "connection_test"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` below the SCIM base, `subject` an opaque name for the meter.

    `act` and `attributes` (changed paths) say which permission it needs.
    """

    method: str
    path: str
    purpose: Purpose
    intent: Intent = Intent.READ
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    subject: str = ""
    act: Act = Act.READ_USERS
    attributes: tuple[str, ...] = ()


class Fate(StrEnum):
    """What became of an attempt: answered, surely never sent (kept back: by us), or unknown."""

    ANSWERED = "answered"
    UNSENT = "unsent"
    KEPT_BACK = "kept_back"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one attempt ended; `status` and `body` only when answered, duration in milliseconds."""

    fate: Fate
    started_at: datetime
    duration_ms: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = field(default=None, repr=False)
    failure: str = ""

    @property
    def ok(self) -> bool:
        """Whether the service answered 2xx."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request about to leave, with the id it is journaled under."""

    request: Request
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Exchange:
    """An attempt and its answer."""

    attempt: Attempt
    answer: Answer
