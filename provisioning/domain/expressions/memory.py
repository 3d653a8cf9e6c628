"""Calls that several expressions of one profile contain are evaluated once per record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from provisioning.domain.expressions.registry import FUNCTIONS
from provisioning.domain.expressions.tree import Argument, Call, walk
from provisioning.domain.expressions.values import Evaluator, Record, Value

_MISSING: Final = object()


class Memory:
    """Knows which calls come more than once in the trees, and makes their closures remember.

    A remembered value is kept in the record, under a key that is no attribute's name.
    """

    def __init__(self, trees: Iterable[Argument] = ()) -> None:
        counts: Counter[Call] = Counter()
        for tree in trees:
            counts.update(node for node in walk(tree) if isinstance(node, Call))
        self._keys: dict[Call, object] = {}
        for node, count in counts.items():
            if count > 1 and not _differs(node):
                self._keys[node] = object()
        self._forget_inner(counts)

    def _forget_inner(self, counts: Counter[Call]) -> None:
        """A call that only ever comes inside one remembered call needs no memory of its own."""
        for outer in list(self._keys):
            for inner in _calls_below(outer):
                if counts[inner] == counts[outer]:
                    self._keys.pop(inner, None)

    def remembering(self, call: Call, evaluate: Evaluator) -> Evaluator:
        """The closure, with a memory if the call comes more than once."""
        key = self._keys.get(call)
        if key is None:
            return evaluate

        def remember(record: Record) -> Value:
            value: Any = record.get(key, _MISSING)
            if value is _MISSING:
                value = record[key] = evaluate(record)  # type: ignore[index]
            return value  # type: ignore[no-any-return]

        return remember


def _differs(call: Call) -> bool:
    """Whether two calls of the same text may give different values."""
    calls = [call, *_calls_below(call)]
    return any(FUNCTIONS[each.name].volatile for each in calls)


def _calls_below(call: Call) -> list[Call]:
    return [node for node in walk(call) if isinstance(node, Call) and node is not call]
