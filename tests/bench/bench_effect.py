"""Effect of a changed profile over people who have accounts: seconds of its parts.

Run: python -m tests.bench.bench_effect [people]. Uses a database of its own in memory (aim: below
2 s for 10,000 people on two cores).
"""

import io
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")


def main(count: int) -> None:
    """Measure in a fresh database."""
    import django
    from django.test.utils import setup_databases, teardown_databases

    django.setup()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        _measure(count)
    finally:
        teardown_databases(old, verbosity=0)


def _measure(count: int) -> None:
    from django.utils import timezone

    from msp_portal.demo.generator import people_profile
    from provisioning.services import effects
    from provisioning.services.samples import sample_of

    tenant = _tenant(count)
    profile = people_profile()
    changed = {**profile, "attributes": [_other_title(rule) for rule in profile["attributes"]]}
    now = timezone.now()
    for name, measured in (
        ("effect of one", lambda: effects.effect(tenant, changed, _fresh(sample_of(tenant)), now)),
        (
            "difference of two",
            lambda: effects.difference(tenant, profile, changed, _fresh(sample_of(tenant)), now),
        ),
    ):
        (seconds, busy), found = _timed(measured)
        calls = found.effect.calls if name == "effect of one" else found.difference.new.calls
        print(f"{name}: {seconds:.2f} s ({busy:.2f} s busy), {count:,} people, {calls:,} calls")


def _fresh(sample: Any) -> Any:
    assert sample is not None
    return sample


def _other_title(rule: dict[str, Any]) -> dict[str, Any]:
    text = 'Join(", ", [job_title], [department])'
    return {"target": "title", "expression": text} if rule["target"] == "title" else rule


def _tenant(count: int) -> Any:
    from django.utils import timezone

    from msp_portal.demo.generator import people_csv, people_profile
    from provisioning.domain.definition import parse_definition
    from provisioning.domain.mapping import compile_profile
    from provisioning.models import DirectoryObject
    from provisioning.services.profiles import publish
    from provisioning.services.samples import Sample, take_sample
    from tests.support.rows import add_tenant

    tenant = add_tenant("bench")
    publish(tenant=tenant, definition=people_profile(), by=None)
    file = io.BytesIO(people_csv(count))
    snapshot = take_sample(tenant=tenant, file=file, file_name="people.csv", by=None)
    compiled = compile_profile(parse_definition(people_profile()))
    rows = []
    for number, each in enumerate(Sample(snapshot).keyed("employee_id").records):
        values = compiled.apply(each.values).values
        name = str(values["userName"])
        state = {**values, "externalId": each.key}
        rows.append(
            DirectoryObject(
                customer=tenant.customer,
                tenant=tenant,
                entra_id=f"{number:036d}",
                key=each.key.lower(),
                owner=snapshot.source,
                external_id=each.key,
                user_name=name,
                folded_user_name=name.casefold(),
                state=state,
                created_at=timezone.now(),
            )
        )
    DirectoryObject.objects.bulk_create(rows, batch_size=500)
    return tenant


def _timed(function: Callable[[], T]) -> tuple[tuple[float, float], T]:
    """Seconds by the clock and of the processor, and the result."""
    began, busy = time.perf_counter(), time.process_time()
    result = function()
    return (time.perf_counter() - began, time.process_time() - busy), result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
