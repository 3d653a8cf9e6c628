"""What a mapped value must be before it may be sent: one acceptor per target attribute; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import TypeAlias, cast

from provisioning.domain.attributes import ACTIVE, MAIL_NICKNAME, USER_NAME, Attribute, StateValue
from provisioning.domain.expressions import EvaluationError, Value, to_text

Accepted: TypeAlias = StateValue | None
Acceptor: TypeAlias = Callable[[Value], Accepted]

# RFC 3339 date-times and plain dates; at most the seven fraction digits that .NET writes.
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,7})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_USER_NAME = re.compile(r"[^\s@]+@[^\s@]+")
_NICKNAME = re.compile(r'[^\s@()\\\[\]";:<>,]+')
_BOOLEANS = {
    "true": True, "1": True, "yes": True, "active": True,
    "false": False, "0": False, "no": False, "inactive": False,
}  # fmt: skip
_INTEGER = re.compile(r"[+-]?[0-9]{1,12}")
_SHOWN = 80


class RejectedError(Exception):
    """The value cannot be the attribute's; `reason` completes the sentence without the value."""

    def __init__(self, reason: str, value: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value

    def explained(self, *, redacted: bool) -> str:
        """The reason after the value it is about, or after [Redact] in its place."""
        if self.value is None:
            return self.reason
        text = self.value if len(self.value) <= _SHOWN else f"{self.value[: _SHOWN - 1]}…"
        return f"{'[Redact]' if redacted else repr_text(text)} {self.reason}"


def repr_text(text: str) -> str:
    """The text in double quotes, with line breaks and other invisible characters escaped."""
    visible = "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
    return f'"{visible}"'


def acceptor(attribute: Attribute) -> Acceptor:
    """Turns a value into what is sent, None for no value. It raises RejectedError."""
    return _list(_single(attribute)) if attribute.many else _single(attribute)


def _single(attribute: Attribute) -> Acceptor:
    if attribute.kind == "boolean":
        return _boolean(attribute)
    if attribute.kind == "integer":
        return _integer
    if attribute.kind == "dateTime":
        return _date_time
    return _string(attribute)


def _list(single: Acceptor) -> Acceptor:
    """Every value of a list once, in its order; a text is a list of one."""

    def accept(value: Value) -> Accepted:
        listed = value if isinstance(value, tuple | list) else [value]
        accepted = [found for each in listed if (found := single(each)) is not None]
        return cast("Sequence[str]", list(dict.fromkeys(accepted))) or None

    return accept


def _string(attribute: Attribute) -> Acceptor:
    limit, required, name = attribute.max_length, attribute.required, attribute.path
    shape, wanted = _SHAPES.get(name, (None, ""))

    def accept(value: Value) -> Accepted:
        text = value.strip() if type(value) is str else single_text(value)
        if not text:
            if required:
                raise RejectedError("no value, but every account needs one")
            return None
        if limit is not None and len(text) > limit:
            raise RejectedError(f"has {len(text)} characters; Entra takes at most {limit}", text)
        if shape is not None and shape.fullmatch(text) is None:
            raise RejectedError(wanted, text)
        return text

    return accept


_SHAPES = {
    USER_NAME: (_USER_NAME, "is not of the form local@domain without spaces"),
    MAIL_NICKNAME: (
        _NICKNAME,
        'holds a space or one of @ ( ) \\ [ ] " ; : < > , which a mail nickname must not',
    ),
}


def _boolean(attribute: Attribute) -> Acceptor:
    def accept(value: Value) -> Accepted:
        if isinstance(value, bool):
            return value
        text = single_text(value)
        if not text:
            if attribute.path == ACTIVE:
                # Guessing here would enable or disable somebody.
                raise RejectedError("active is empty")
            return None
        answer = _BOOLEANS.get(text.lower())
        if answer is None:
            raise RejectedError("is not true, false, 1, 0, yes, no, active or inactive", text)
        return answer

    return accept


def _integer(value: Value) -> Accepted:
    text = "" if value is None else single_text(value)
    if not text:
        return None
    if isinstance(value, bool) or not _INTEGER.fullmatch(text):
        raise RejectedError("is no whole number", text)
    number = int(text)
    if not -(2**31) <= number < 2**31:
        raise RejectedError("is no number of 32 bits (-2147483648 to 2147483647)", text)
    return number


def _date_time(value: Value) -> Accepted:
    if isinstance(value, datetime):
        return _utc_text(value, value.isoformat())
    text = single_text(value)
    if not text:
        return None
    if _DATE_TIME.fullmatch(text):
        try:
            if len(text) == len("2026-03-01"):
                date.fromisoformat(text)  # whether there is such a day
                return f"{text}T00:00:00Z"
            return _utc_text(datetime.fromisoformat(text), text)
        except ValueError:
            pass
    raise RejectedError("is not an ISO 8601 date or date-time such as 2026-03-01", text)


def _utc_text(moment: datetime, text: str) -> str:
    """YYYY-MM-DDTHH:MM:SSZ; without an offset the moment is UTC already."""
    try:
        utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise RejectedError("lies outside the years 1 to 9999", text) from None
    # strftime writes years before 1000 without leading zeros on some systems; isoformat never does.
    return f"{utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def single_text(value: Value) -> str:
    """The value as trimmed text. A list is refused: the attribute holds one value."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        raise RejectedError(f"a list of {len(value)} values, but the attribute holds one")
    try:
        return to_text(value).strip()
    except EvaluationError as error:
        raise RejectedError(error.message) from None
