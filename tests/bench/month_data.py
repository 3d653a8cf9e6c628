"""Generated usage at scale for `bench_month`: single calls first, hours and days summed up by SQL.

Seeded, so that SQLite and PostgreSQL hold the same rows. Calls lie in the order of time, as they
would if they had been made; their ids are random, as those of real ones.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from typing import Any

DAYS = 90
_JOB_SHARES = (0.5, 0.3, 0.2)  # of a tenant's day; small days have fewer jobs
_STATES = {0: "uncertain"}
# What a job's calls are: purpose, method, status, how likely in a job, share of its calls.
_KINDS = (
    ("update", "PATCH", 204, 1.0, 0.80),
    ("create", "POST", 201, 0.35, 0.15),
    ("lookup", "GET", 404, 0.25, 0.04),
    ("update", "PATCH", 429, 0.12, 0.03),
    ("disable", "PATCH", 204, 0.12, 0.02),
    ("inventory", "GET", 200, 0.05, 0.10),
    ("create", "POST", 0, 0.01, 0.01),
)
_CALL = (
    "id, customer_id, tenant_id, job, purpose, method, resource, subject, state, status,"
    " started_at, duration_ms"
)
_HOUR = {
    "sqlite": "strftime('%%Y-%%m-%%d %%H:00:00', started_at)",
    "postgresql": "date_trunc('hour', started_at, 'UTC')",
}
_DAY = {"sqlite": "date(hour)", "postgresql": "(hour AT TIME ZONE 'UTC')::date"}


def fill(tenants: int, customers: int, calls: int, seed: int, now: datetime) -> None:
    """Fill a migrated, empty database; raises AssertionError when its sums do not agree."""
    rng = random.Random(seed)
    owners = _people_and_tenants(tenants, customers)
    if owners:
        _load_calls(_calls(owners, calls, rng, now))
        _sum_up()
        _assert_agreement()
    _prices(now)
    if owners:
        _finance(owners, now)
    _settle()


def _people_and_tenants(tenants: int, customers: int) -> list[tuple[int, int]]:
    """Customers with their tenants, two people; gives (customer, tenant) by pk."""
    from tenants.domain.reach import EVERYWHERE, Reach, Scope
    from tenants.domain.roles import Role
    from tenants.models import Customer, Tenant
    from tenants.services import add_person

    made = Customer.objects.bulk_create(
        Customer(name=f"{_word(number)} {number:03}", slug=f"customer-{number}")
        for number in range(min(customers, tenants))
    )
    # Every customer has one tenant, and the rest is spread unevenly: the first has the most.
    owners = [
        made[number if number < len(made) else _uneven(number, len(made))]
        for number in range(tenants)
    ]
    rows = Tenant.objects.bulk_create(
        Tenant(
            customer=owner,
            name=f"Tenant {number}",
            slug=f"tenant-{number}",
            entra_id=f"{number:08}-0000-4000-8000-000000000000",
        )
        for number, owner in enumerate(owners)
    )
    reach = Reach(Scope.LISTED, frozenset(each.pk for each in made[: len(made) * 3 // 4]))
    people = (("all", Role.ADMIN, EVERYWHERE), ("finance", Role.FINANCE, reach))
    for name, role, where in people if made else people[:1]:
        address = f"{name}@msp.example"
        add_person(
            email=address, name=name, password="a-bench-pass", role=role, reach=where, by=None
        )
    return [(row.customer_id, row.pk) for row in rows]


def _uneven(number: int, count: int) -> int:
    return int((number * 0.618033988749895 % 1.0) ** 3 * count)


def _word(number: int) -> str:
    return ("North", "South", "East", "West", "Old", "New", "High", "Low")[number % 8] + "moor"


def _calls(
    owners: Sequence[tuple[int, int]], calls: int, rng: random.Random, now: datetime
) -> Iterator[tuple[Any, ...]]:
    """So many calls until now, in the order of days; a few tenants make most of them."""
    weights = [rng.paretovariate(1.3) + 0.2 for _ in owners]
    days = [
        now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=d)
        for d in range(DAYS)
    ]
    a_day = calls / sum(weights) / DAYS
    left, job = calls, 0
    subjects = [sha256(str(number).encode()).hexdigest() for number in range(5000)]
    for day in reversed(days):
        last = day == days[0]
        for place, (customer, tenant) in enumerate(owners):
            share = weights[place] * a_day
            count = min(left, int(share) + (rng.random() < share % 1))
            if last:  # what rounding has left over
                count = max(0, left // (len(owners) - place))
            left -= count
            for number in _jobs(count):
                job += 1
                began = day + timedelta(seconds=rng.randrange(86_400 - 3_700))
                if last:
                    began = day + (now - day) * rng.random() * 0.9
                yield from _job(customer, tenant, f"job:{job}", number, began, rng, subjects)


def _jobs(count: int) -> list[int]:
    """Calls of each job of a tenant's day."""
    if count < 12:
        return [count] if count else []
    first = [int(count * share) for share in _JOB_SHARES[1:]]
    return [count - sum(first), *first]


def _job(
    customer: int,
    tenant: int,
    job: str,
    count: int,
    began: datetime,
    rng: random.Random,
    subjects: list[str],
) -> Iterator[tuple[Any, ...]]:
    """The calls of one job, within half an hour."""
    kinds = [kind for kind in _KINDS if rng.random() < kind[3]]
    numbers = [int(count * share) or 1 for *_, share in kinds[1:]][: max(0, count - 1)]
    numbers = [count - sum(numbers), *numbers]
    step, bits, at = timedelta(seconds=1800) / count, rng.getrandbits, began
    for (purpose, method, status, _, _), number in zip(kinds, numbers, strict=False):
        state, answer = _STATES.get(status, "answered"), status or None
        for _ in range(number):
            key = f"{bits(128):032x}"
            resource = (
                "/users" if method == "POST" else f"/users/{key[:8]}-0000-4000-8000-{key[:12]}"
            )
            subject = subjects[bits(30) % 5000]
            yield (
                key,
                customer,
                tenant,
                job,
                purpose,
                method,
                resource,
                subject,
                state,
                answer,
                at,
                40,
            )
            at += step


def _load_calls(rows: Iterator[tuple[Any, ...]]) -> None:
    from django.db import connection

    with _without_indexes("billing_call"):
        if connection.vendor == "sqlite":
            _load_sqlite(rows)
        else:
            _load_postgresql(rows)


def _load_sqlite(rows: Iterator[tuple[Any, ...]]) -> None:
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size = -1500000")
        cursor.execute("PRAGMA foreign_keys = OFF")
    raw = connection.connection
    insert = f"INSERT INTO billing_call ({_CALL}) VALUES ({', '.join('?' * 12)})"
    texts = ((*row[:10], row[10].isoformat(" ", "microseconds")[:26], row[11]) for row in rows)
    while some := list(islice(texts, 200_000)):
        with transaction.atomic():
            raw.executemany(insert, some)
        _said(len(some))


def _load_postgresql(rows: Iterator[tuple[Any, ...]]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        # The rows name customers and tenants that are there: the keys need no check for each.
        cursor.execute("SET LOCAL session_replication_role = replica")
        raw = connection.connection.cursor()
        while some := list(islice(rows, 200_000)):
            with raw.copy(f"COPY billing_call ({_CALL}) FROM STDIN") as copy:
                for row in some:
                    copy.write_row(row)
            _said(len(some))


_loaded = 0


def _said(count: int) -> None:
    global _loaded
    _loaded += count
    if _loaded % 1_000_000 == 0:
        print(f"  {_loaded:,} calls at {datetime.now(UTC):%H:%M:%S}", flush=True)


@contextmanager
def _without_indexes(table: str) -> Iterator[None]:
    """Indexes that are no constraints are made anew afterwards: quicker than growing with rows."""
    from django.db import connection

    find = {
        "sqlite": "SELECT name, sql FROM sqlite_master"
        " WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = %s",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE tablename = %s AND indexname NOT LIKE '%%_pkey'",
    }
    with connection.cursor() as cursor:
        cursor.execute(find[connection.vendor], [table])
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _, statement in found:
            cursor.execute(statement)


def _sum_up() -> None:
    """Hours from the calls, days from the hours."""
    from django.db import connection, transaction

    vendor = connection.vendor
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_usage (customer_id, tenant_id, hour, job, purpose, status, calls)"
            f" SELECT customer_id, tenant_id, {_HOUR[vendor]}, job, purpose,"
            " COALESCE(status, 0), COUNT(*) FROM billing_call"
            " WHERE state IN ('answered', 'uncertain') GROUP BY 1, 2, 3, 4, 5, 6",
            [],
        )
        cursor.execute(
            "INSERT INTO billing_dailyusage (customer_id, tenant_id, day, purpose, status, calls)"
            f" SELECT customer_id, tenant_id, {_DAY[vendor]}, purpose, status, SUM(calls)"
            " FROM billing_usage GROUP BY 1, 2, 3, 4, 5"
        )


def _assert_agreement() -> None:
    """Calls, hours and days say the same of every tenant, status and day."""
    from django.db import connection

    vendor = connection.vendor
    day = {"sqlite": "date(started_at)", "postgresql": "(started_at AT TIME ZONE 'UTC')::date"}
    sums = [
        f"SELECT tenant_id, {day[vendor]}, purpose, COALESCE(status, 0), COUNT(*)"
        " FROM billing_call GROUP BY 1, 2, 3, 4",
        f"SELECT tenant_id, {_DAY[vendor]}, purpose, status, SUM(calls)"
        " FROM billing_usage GROUP BY 1, 2, 3, 4",
        "SELECT tenant_id, day, purpose, status, calls FROM billing_dailyusage",
    ]
    with connection.cursor() as cursor:
        for some, other in ((0, 1), (1, 2), (2, 0)):
            cursor.execute(f"SELECT COUNT(*) FROM ({sums[some]} EXCEPT {sums[other]}) AS more")
            assert cursor.fetchone() == (0,), (sums[some], sums[other])
        columns = " + ".join(f"SUM(d{day})" for day in range(1, 32))
        cursor.execute(
            f"SELECT {columns}, (SELECT COUNT(*) FROM billing_call) FROM billing_monthusage"
        )
        months, calls = cursor.fetchone()
        assert months == calls, (months, calls)


def _prices(now: datetime) -> None:
    """The hard case: steps, and a price that changes within this month and the one before."""
    from billing.models import ExchangeRate, PriceBookEntry

    this = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = (this - timedelta(days=1)).replace(day=1)
    for start, unit in ((before.replace(day=12), "0.0021"), (this.replace(day=2), "0.0022")):
        PriceBookEntry.objects.create(
            unit_price=Decimal(unit),
            rule="2xx+404",
            effective_from=start,
            tiers=[[1_000, "0.0019"], [20_000, "0.0015"]],
            note="Generated",
        )
    ExchangeRate.objects.create(
        base="USD", quote="EUR", day=before.date() - timedelta(days=90), rate=Decimal("0.92")
    )


def _finance(owners: Sequence[tuple[int, int]], now: datetime) -> None:
    """Terms, budgets and statements of every customer, the MSP's budget, and kept forecasts."""
    from billing.domain.periods import month_of
    from billing.models import Budget, CustomerTerms, UnusualHour
    from billing.services.statements import close_statement, open_statement
    from billing.services.watching import keep_forecasts
    from tenants.models import Customer, User

    keep_forecasts(now)
    by = User.objects.get(email="all@msp.example")
    month = month_of(now).previous()
    customers = list(Customer.objects.all())
    CustomerTerms.objects.bulk_create(
        CustomerTerms(
            customer=customer,
            effective_from=month.previous().start.date(),
            markup_percent=Decimal(10),
            fixed_fee=Decimal(25),
            currency="EUR" if customer.pk % 3 else "USD",
        )
        for customer in customers
    )
    Budget.objects.create(amount=50_000, forecast_thresholds=[100])
    Budget.objects.bulk_create(Budget(customer=customer, amount=500) for customer in customers)
    Budget.objects.bulk_create(
        Budget(customer_id=customer, tenant_id=tenant, amount=100)
        for customer, tenant in owners[::10]
    )
    for customer in customers:
        close_statement(
            statement=open_statement(customer=customer, month=month.previous(), by=by), by=by
        )
        open_statement(customer=customer, month=month, by=by)
    UnusualHour.objects.bulk_create(
        UnusualHour(
            customer_id=customer,
            tenant_id=tenant,
            hour=now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=number),
            calls=900,
            usual=40,
            purpose="update",
            sentence="900 calls within an hour, usually 40.",
        )
        for number, (customer, tenant) in enumerate(owners[:200])
    )


def _settle() -> None:
    """Statistics for the planner, as the database makes them itself in time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute({"sqlite": "ANALYZE", "postgresql": "VACUUM ANALYZE"}[connection.vendor])
