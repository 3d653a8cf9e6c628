"""Functions whose value differs each time or depends on the directory: for creation only.

Also those of outbound provisioning, which are known by name so that the refusal can explain them.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Sequence

from provisioning.domain.expressions.context import context_of
from provisioning.domain.expressions.errors import EvaluationError
from provisioning.domain.expressions.signature import Function, Operand, describe, lazy
from provisioning.domain.expressions.values import Evaluator, Record, Value, to_integer, to_text

MAX_RANDOM = 1_000
"""Characters of a RandomString."""

_SPECIAL = "!#$%&()*+,-./:;<=>?@[]^_{|}~"
_CLASSES = (
    ("digits", string.digits),
    ("special characters", _SPECIAL),
    ("upper-case letters", string.ascii_uppercase),
    ("lower-case letters", string.ascii_lowercase),
)


@lazy("Guid()", "A random GUID; only where an account is created.", "Guid()", volatile=True)
def guid(_operands: Sequence[Operand]) -> Evaluator:
    """Version 4 of RFC 9562."""
    return lambda record: str(uuid.UUID(int=context_of(record).random.getrandbits(128), version=4))


@lazy(
    "RandomString(length, minDigits, minSpecial, minUpper, minLower, avoid?)",
    "Random text with at least so many digits, special characters, upper- and lower-case letters, "
    "and without the characters to avoid; only where an account is created.",
    'RandomString(12, 2, 1, 1, 1, "0O1l")',
    volatile=True,
)
def random_string(operands: Sequence[Operand]) -> Evaluator:
    """Letters are those of ASCII."""
    length, *rest = [operand.evaluate for operand in operands]
    *minimums, avoided = rest

    def draw(record: Record) -> Value:
        size = _amount(length(record), "length")
        least = [_amount(minimum(record), "a minimum") for minimum in minimums]
        return _drawn(size, least, set(to_text(avoided(record))), context_of(record).random)

    return draw


def _amount(value: Value, what: str) -> int:
    number = 0 if value is None and what != "length" else to_integer(value, what)
    if not 0 <= number <= MAX_RANDOM:
        raise EvaluationError(f"{what} must be between 0 and {MAX_RANDOM}, not {number}")
    return number


def _drawn(size: int, least: list[int], avoided: set[str], chance: random.Random) -> str:
    if sum(least) > size:
        raise EvaluationError(f"the minimums add up to {sum(least)}, more than length {size}")
    characters: list[str] = []
    allowed = ""
    for (name, alphabet), minimum in zip(_CLASSES, least, strict=True):
        kept = "".join(character for character in alphabet if character not in avoided)
        if minimum and not kept:
            raise EvaluationError(f"all {name} are to be avoided, but {minimum} are needed")
        characters += [chance.choice(kept) for _ in range(minimum)]
        allowed += kept
    if size and not allowed:
        raise EvaluationError("all characters are to be avoided")
    characters += [chance.choice(allowed) for _ in range(size - len(characters))]
    chance.shuffle(characters)
    return "".join(characters)


@lazy(
    "SelectUniqueValue(rule1, ...)",
    "The first rule whose value no account has yet; only where an account is created, as the "
    "outermost function, and not for the attribute that finds accounts.",
    "SelectUniqueValue(Append(Left([first], 1), [last]), Append([first], [last]))",
    outermost_only=True,
)
def select_unique_value(operands: Sequence[Operand]) -> Evaluator:
    """Later rules are evaluated only if the earlier ones' values are taken."""
    rules = tuple(operand.evaluate for operand in operands)

    def first_free(record: Record) -> Value:
        taken, tried = context_of(record).taken, 0
        for rule in rules:
            value = to_text(rule(record))
            # An empty text names nobody, so it can be nobody's unique name.
            if value and not taken(value):
                return value
            tried += bool(value)
        reason = f"the values of all {tried} rules are taken" if tried else "no rule has a value"
        raise EvaluationError(f"{reason}; add a rule that makes another one")

    return first_free


def _outbound(signature: str, doc: str) -> Function:
    name = signature.partition("(")[0]
    refusal = (
        f"{name} belongs to outbound provisioning, where people are assigned to an application's "
        "roles; people who come into a directory have no such assignments"
    )
    return describe(signature, doc, f"{name}([appRoleAssignments])", refusal=refusal)


FUNCTIONS: tuple[Function, ...] = (
    guid,
    random_string,
    select_unique_value,
    _outbound(
        "AppRoleAssignmentsComplex(appRoleAssignments)",
        "Roles of an application; outbound provisioning only, refused here.",
    ),
    _outbound(
        "SingleAppRoleAssignment(appRoleAssignments)",
        "One role of an application; outbound provisioning only, refused here.",
    ),
)
