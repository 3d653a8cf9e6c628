"""The simulator over a long past: seconds and memory of reading it, and of the whole page.

Run: python -m tests.bench.bench_simulator [people] [changes a day]. The past has 89 days, the first
load among them; a database of its own in memory.
"""

import os
import sys
import time
import tracemalloc

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msp_portal.settings")


def main(people: int, changes: int) -> None:
    """Measure in a fresh database."""
    import django
    from django.test.utils import setup_databases, teardown_databases

    django.setup()
    old = setup_databases(verbosity=0, interactive=False)
    try:
        _measure(people, changes)
    finally:
        teardown_databases(old, verbosity=0)


def _measure(people: int, changes: int) -> None:
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from billing.domain.periods import start_of
    from provisioning.selectors.past import days_of, history_of, pace_of
    from tenants.domain.roles import Role
    from tests.support.pasts import add_past
    from tests.support.rows import add_person, add_tenant

    tenant, now = add_tenant("large"), timezone.now()
    add_past(tenant, people=people, days=89, changes=changes, groups=200, now=now)
    days = days_of(tenant, now)
    if days is None:
        raise RuntimeError("There is no history.")
    start = start_of(days.earliest)
    pace = pace_of(tenant, start)
    began = time.perf_counter()
    history = history_of(tenant, start, now, pace)
    seconds = time.perf_counter() - began
    tracemalloc.start()
    history = history_of(tenant, start, now, pace)
    kept, most = (each / 2**20 for each in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    size = f"{people:,} people, {len(history.group_sizes)} groups"
    print(f"{size}, 89 days, {len(history.writes):,} writes")
    print(f"reading the past: {seconds:.1f} s, {kept:.0f} MiB kept, {most:.0f} MiB at most")
    client = Client(SERVER_NAME="localhost")
    client.force_login(add_person(Role.FINANCE, None))
    page = reverse("simulator", kwargs={"slug": tenant.slug})
    for words, query in (("usual", {}), ("with the first load", {"since": days.earliest})):
        began = time.perf_counter()
        answer = client.get(page, query)
        print(f"page, {words}: {time.perf_counter() - began:.1f} s, status {answer.status_code}")


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*given, *(100_000, 1_000)[len(given) :])
