"""Two profiles over the same records: what their common rules give is found once; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from provisioning.domain.attributes import ACTIVE
from provisioning.domain.expressions import Context
from provisioning.domain.mapping import CompiledProfile, Mapped, MappingError, compile_profile
from provisioning.domain.targets import PLAIN, Targets

Apply: TypeAlias = Callable[[Mapping[str, str], Context | None], Mapped]


def share(
    first: CompiledProfile, second: CompiledProfile, targets: Targets = PLAIN
) -> tuple[Apply, Apply]:
    """The mapping of both, to be used one after the other on the same records.

    The second takes the values of common rules from what the first gave for the same object.
    Whoever fails in either part is mapped by the whole profile, so that errors are complete.
    """
    if first.definition.parameters != second.definition.parameters:
        return first.apply, second.apply
    known: dict[int, Mapped] = {}

    def apply_first(record: Mapping[str, str], context: Context | None) -> Mapped:
        mapped = first.apply(record, context)
        known[id(record)] = mapped
        return mapped

    return apply_first, _second(first, second, known, targets)


def _second(
    first: CompiledProfile,
    second: CompiledProfile,
    known: Mapping[int, Mapped],
    targets: Targets,
) -> Apply:
    rules = set(first.definition.rules)
    own = tuple(rule for rule in second.definition.rules if rule not in rules)
    rest = compile_profile(replace(second.definition, rules=own), targets)
    common = {rule.target for rule in second.definition.rules if rule in rules}
    # Without a rule `active` has a default, which either profile gives by itself.
    foreign = {rule.target for rule in first.definition.rules} | {ACTIVE}
    foreign -= common

    def apply_second(record: Mapping[str, str], context: Context | None) -> Mapped:
        mapped = known.get(id(record))
        if mapped is None:
            return second.apply(record, context)
        try:
            added = rest.apply(record, context)
        except MappingError:
            return second.apply(record, context)
        return _joined(mapped, added, foreign)

    return apply_second


def _joined(mapped: Mapped, added: Mapped, foreign: set[str]) -> Mapped:
    values, initial = dict(mapped.values), dict(mapped.initial)
    for path in foreign:
        values.pop(path, None)
        initial.pop(path, None)
    more = dict(added.values)
    if ACTIVE not in foreign:
        more.pop(ACTIVE, None)
    ignored = (mapped.ignored - foreign) | added.ignored
    kept = {path: found for path, found in mapped.candidates.items() if path not in foreign}
    return Mapped(
        values | more,
        ignored,
        initial | dict(added.initial),
        kept | dict(added.candidates),
    )
