"""The effect of a definition on a tenant's own people, without touching the directory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from billing.domain.pricing import Cost, NoPrice
from billing.selectors import quote_for
from provisioning.domain.definition import parse_definition
from provisioning.domain.effects import (
    Difference,
    Effect,
    Situation,
    compare_effects,
    effect_of,
    from_nothing,
)
from provisioning.domain.keys import refused_keys
from provisioning.domain.mapping import CompiledProfile, compile_profile
from provisioning.domain.shared_mapping import share
from provisioning.models import Source
from provisioning.selectors import targets_of
from provisioning.services import snapshots
from provisioning.services.accepted import Acceptances
from provisioning.services.manager_waves import may_carry_manager
from provisioning.services.protection import protection_of
from provisioning.services.samples import Sample
from provisioning.services.shadow import groups_of, shadow_of, unique_paths
from tenants.models import Tenant


class MissingColumns(Exception):
    """A definition reads columns that the sample does not have; str() names them."""


@dataclass(frozen=True, slots=True)
class Priced:
    """An effect with what its calls would cost now."""

    effect: Effect
    cost: Cost


@dataclass(frozen=True, slots=True)
class PricedDifference:
    """Two definitions by effect; the price is that of each one's calls."""

    difference: Difference
    old_cost: Cost
    new_cost: Cost


def effect(tenant: Tenant, definition: Any, sample: Sample, now: datetime) -> Priced:
    """What publishing and applying a definition would do. Raises ProfileError, MissingColumns."""
    (found,) = _effects(tenant, [definition], sample, now)
    return Priced(found, _price(tenant, found.calls, now))


def difference(
    tenant: Tenant, old: Any, new: Any, sample: Sample, now: datetime
) -> PricedDifference:
    """Whom two definitions treat differently; `old` is None where there is no profile yet.

    Raises ProfileError, MissingColumns.
    """
    if old is None:
        alone = effect(tenant, new, sample, now)
        return PricedDifference(from_nothing(alone.effect), Cost(), alone.cost)
    before, after = _effects(tenant, [old, new], sample, now)
    return PricedDifference(
        compare_effects(before, after),
        _price(tenant, before.calls, now),
        _price(tenant, after.calls, now),
    )


def absent_columns(tenant: Tenant, definition: Any, sample: Sample) -> str:
    """A sentence naming the columns that the definition reads and the sample lacks; else ""."""
    targets = targets_of(tenant)
    return _absent(compile_profile(parse_definition(definition, targets), targets), sample)


def _absent(profile: CompiledProfile, sample: Sample) -> str:
    missing = ", ".join(sorted(profile.missing_columns(sample.columns)))
    return f"{sample.snapshot.file_name} has no column {missing}." if missing else ""


def _price(tenant: Tenant, calls: int, now: datetime) -> Cost:
    """What the calls would cost; without an amount where the price book has no price."""
    try:
        return quote_for(tenant, calls, now)
    except NoPrice:
        return Cost(calls, calls)


def _effects(
    tenant: Tenant, definitions: Sequence[Any], sample: Sample, now: datetime
) -> list[Effect]:
    targets = targets_of(tenant)
    parsed = [parse_definition(definition, targets) for definition in definitions]
    profiles = [compile_profile(each, targets) for each in parsed]
    for profile in profiles:
        if absent := _absent(profile, sample):
            raise MissingColumns(absent)
    situation = _situation(sample.snapshot.source, profiles, now)
    applies = (
        share(profiles[0], profiles[1], targets)
        if len(profiles) == 2
        else [each.apply for each in profiles]
    )
    refused = snapshots.refused_of(sample.snapshot)
    return [
        effect_of(
            profile,
            sample.keyed(profile.definition.key_column),
            _with_refused(situation, refused, sample.read_by(profile.definition.key_column)),
            apply,
        )
        for profile, apply in zip(profiles, applies, strict=True)
    ]


def _situation(source: Source, profiles: Sequence[CompiledProfile], now: datetime) -> Situation:
    """As planning would find it."""
    matching = {path: None for each in profiles for path in each.definition.matching}
    unique = {path for each in profiles for path in unique_paths(each)}
    accepted = Acceptances(source)
    shadow = accepted.directory(shadow_of(source, list(matching), unique, now=now))
    return Situation(
        shadow,
        protection_of(source.tenant),
        timezone.localdate(now, source.tenant.zone),
        now,
        held=accepted.spared,
        groups=partial(groups_of, source),
        namespace=str(source.pk),
        creation_carries=may_carry_manager(source.tenant),
        honour=lambda people: accepted.people(people, shadow.managed),
    )


def _with_refused(situation: Situation, refused: Sequence[str], own: bool) -> Situation:
    """Rows that were refused stay held, for each profile by its key column."""
    held, doubtful = refused_keys(filter(None, refused), own=own)
    return replace(
        situation,
        held=held | situation.held,
        unreadable=doubtful + refused.count(""),
        refused=len(refused),
    )
