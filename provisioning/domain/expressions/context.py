"""What an evaluation may know beside the record: the job's clock, chance, and taken values."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from provisioning.domain.expressions.errors import EvaluationError


def _free(_value: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Context:
    """One job's surroundings; the same `now` for all of its records.

    `random` draws for Guid and RandomString; the default is the system's cryptographic source.
    `taken` answers for SelectUniqueValue whether a value is used already; by default none is.
    """

    now: datetime
    random: random.Random = field(default_factory=secrets.SystemRandom)
    taken: Callable[[str], bool] = _free


CONTEXT: Final = object()
"""The key under which a record on its way through the closures carries its Context."""


def context_of(record: Mapping[Any, Any]) -> Context:
    """The record's context. Raises EvaluationError where nobody gave one."""
    context = record.get(CONTEXT)
    if not isinstance(context, Context):
        raise EvaluationError("it needs the clock and chance of a job, and there is none here")
    return context
