"""The effect of a definition on a tenant's own people, without touching the directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
)
from provisioning.domain.mapping import CompiledProfile, compile_profile
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key
from provisioning.domain.shared_mapping import share
from provisioning.models import HeldRecord, Job, Snapshot
from provisioning.selectors import targets_of
from provisioning.services.samples import Sample
from provisioning.services.shadow import shadow_of
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
    """Whom two definitions treat differently. Raises ProfileError, MissingColumns."""
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
    situation = _situation(tenant, profiles, sample.snapshot, now)
    applies = (
        share(profiles[0], profiles[1], targets)
        if len(profiles) == 2
        else [each.apply for each in profiles]
    )
    return [
        effect_of(profile, sample.keyed(profile.definition.key_column), situation, apply)
        for profile, apply in zip(profiles, applies, strict=True)
    ]


def _situation(
    tenant: Tenant, profiles: Sequence[CompiledProfile], snapshot: Snapshot, now: datetime
) -> Situation:
    """As planning would find it; rows that were refused when the sample was read stay held."""
    job = Job.objects.filter(snapshot=snapshot).order_by("pk").first()
    refused = HeldRecord.objects.filter(job=job, stage=HeldRecord.Stage.READ, job__isnull=False)
    keys = refused.exclude(key="").values_list("key", flat=True)
    matching = {path: None for each in profiles for path in each.definition.matching}
    unique = {path for each in profiles for path in each.unique}
    return Situation(
        shadow_of(tenant, list(matching), unique),
        Protection(tenant.protected_accounts),
        timezone.localdate(now),
        now,
        frozenset(fold_key(key) for key in keys),
        job.unreadable_keys if job else 0,
        refused.count(),
    )
