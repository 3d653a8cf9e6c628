"""What a month's calls were spent on in vain: the meter's calls beside what is known of jobs.

The database counts: whatever a tenant's calls were, a handful of queries gives some lines for each
day and job. Single calls are kept for a while only; days of which some are gone count for the
tiers, and nothing is said of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Concat, Lag, Lead, Substr

from billing.domain.periods import Month, start_of
from billing.domain.pricing import FOUND, UNCERTAIN, Cost, UsageLine, cost_of
from billing.domain.waste import CHECK, NOT_FOUND, CallLine, Finding, wasted
from billing.models import Call, DailyUsage, Usage
from billing.selectors import price_book
from provisioning.models import Drift, Job, Operation, Reconciliation, Source
from tenants.models import Tenant

_LABEL = "job:"
_LOOKUP, _INVENTORY = "lookup", "inventory"
_CREATIONS = ("create", "group_create")
_CHAIN = ("tenant_id", "job", "subject")
_TAKEN = (400, 409)
_NEVER_LEFT = (Call.State.OPEN, Call.State.UNSENT)
_CODE = Case(
    When(state=Call.State.FOUND, then=Value(FOUND)),
    default=Coalesce("status", Value(UNCERTAIN)),
    output_field=IntegerField(),
)
# What is sent again as it was; another answer says that it would be refused again.
_LOST = Q(status=None) & ~Q(state=Call.State.FOUND)
_CAME_TO_NOTHING = _LOST | Q(status__in=(401, 403, 408, 429)) | Q(status__gte=500)
_ALIKE = ("tenant_id", "day", "job", "purpose", "code", "read", "again", "path", "settled")
_ENDED_EARLY = (Job.State.CANCELLED, Job.State.FAILED)
_YES, _NO = Value(True), Value(False)
_NOTHING = Value("", TextField())


@dataclass(frozen=True, slots=True)
class TenantWaste:
    """What a tenant's month was spent on in vain, and the cost of all of it.

    `known_from` is the first day from which on every single call is kept; None: there is none.
    """

    tenant: Tenant
    findings: list[Finding]
    total: Cost
    known_from: date | None

    @property
    def wasted(self) -> Cost:
        """All findings together."""
        return sum((each.cost for each in self.findings), Cost())


class _Row(NamedTuple):
    """What calls have in common, by which the database counts them."""

    tenant: int
    day: date
    job: str
    purpose: str
    status: int
    read: bool
    again: bool
    path: str
    settled: bool


_Rows = Sequence[tuple[_Row, int]]
"""Each with how many calls there are."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of jobs by label: those that found nothing, with their kind; reconciles whose
    reading came to its end; and those whose did not."""

    idle: Mapping[str, str]
    complete: frozenset[str]
    broken: frozenset[str]


def waste_of(tenants: Iterable[Tenant], month: Month) -> list[TenantWaste]:
    """What calls of these tenants in a UTC month were wasted on; queries do not grow with them."""
    tenants, book = list(tenants), price_book()
    pks = [tenant.pk for tenant in tenants]
    # Usage is read before the calls: one that is settled in between is no call that is gone.
    usage = _usage(pks, month)
    rows = _rows(pks, month)
    facts = _facts(pks, month)
    found = []
    for tenant in tenants:
        lines, known_from = _lines(rows.get(tenant.pk, []), usage.get(tenant.pk, {}), month, facts)
        usual = [UsageLine(line.at, line.status, line.calls) for line in lines]
        total = cost_of(usual, book, tenant.cloud)
        findings = wasted(lines, facts.idle, book, tenant.cloud)
        found.append(TenantWaste(tenant, findings, total, known_from))
    return found


_Usage = Mapping[tuple[date, str, int], int]


def _usage(tenants: Sequence[int], month: Month) -> dict[int, dict[tuple[date, str, int], int]]:
    """Calls by tenant, and by day, purpose and status."""
    first, after = month.start.date(), month.end.date()
    used = DailyUsage.objects.filter(tenant__in=tenants, day__gte=first, day__lt=after)
    found: dict[int, dict[tuple[date, str, int], int]] = {}
    for pk, day, purpose, status, calls in used.values_list(
        "tenant_id", "day", "purpose", "status", "calls"
    ):
        found.setdefault(pk, {})[day, purpose, status] = calls
    return found


def _lines(
    rows: _Rows, used: _Usage, month: Month, facts: _Facts
) -> tuple[list[CallLine], date | None]:
    """All calls of one tenant's month; those of days that are not known count as wanted."""
    known_from = _known_from(rows, used, month)
    lines = [
        CallLine(
            start_of(row.day),
            row.job,
            row.purpose,
            row.status,
            calls,
            row.read,
            row.again,
            row.path,
            _is_useful(row, facts),
        )
        for row, calls in rows
        if known_from and row.day >= known_from
    ]
    # As useful reads, of which none is wasted, whatever was answered.
    lines += [
        CallLine(start_of(day), "", purpose, status, calls, read=True)
        for (day, purpose, status), calls in used.items()
        if not known_from or day < known_from
    ]
    return lines, known_from


def _known_from(rows: _Rows, used: _Usage, month: Month) -> date | None:
    """The day after the last one of which calls were counted that are not kept any more."""
    left: Counter[date] = Counter()
    for (day, _purpose, _status), calls in used.items():
        left[day] += calls
    for row, calls in rows:
        left[row.day] -= calls
    gone = [day for day, calls in left.items() if calls > 0]
    if not gone:
        return month.start.date()
    known = max(gone) + timedelta(days=1)
    return known if any(day >= known for day in left) else None


def _is_useful(row: _Row, facts: _Facts) -> bool:
    """Whether what a read was answered led to something, or was what somebody wanted to know."""
    if not row.read or not row.job.startswith(_LABEL) or row.job in facts.complete:
        return True
    if row.job in facts.broken:
        return False
    return row.settled if row.purpose == _LOOKUP else row.status != NOT_FOUND


def _rows(tenants: Sequence[int], month: Month) -> dict[int, list[tuple[_Row, int]]]:
    sent = Call.objects.filter(
        tenant__in=tenants, started_at__gte=month.start, started_at__lt=month.end
    ).exclude(state__in=_NEVER_LEFT)
    # Whose person and path were erased is as good as gone.
    sent = sent.exclude(resource="")
    found: dict[int, list[tuple[_Row, int]]] = {}
    counts = _counted(_plain(sent))
    for row, calls in _counted(_troubled(sent, _jobs(tenants, month))).items():
        counts[row._replace(again=False, path="")] -= calls
        counts[row] += calls
    counts += Counter({r: calls for r, calls in _counted(_lookups(sent)).items() if _asks(r)})
    for row, calls in counts.items():
        found.setdefault(row.tenant, []).append((row, calls))
    return found


def _asks(row: _Row) -> bool:
    return row.purpose == _LOOKUP


def _counted(calls: QuerySet[Call]) -> Counter[_Row]:
    """Calls by all of `_ALIKE`. Django groups by no window, so its query is put into another."""
    inner, given = calls.values(*_ALIKE).query.sql_with_params()
    columns = ", ".join(map(connection.ops.quote_name, _ALIKE))
    # Names of columns and Django's own query, whose values stay parameters.
    outer = f"SELECT {columns}, COUNT(*) FROM ({inner}) AS alike GROUP BY {columns}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(outer, given)
        return Counter({_row(*told): calls for *told, calls in cursor.fetchall()})


def _row(tenant: int, day: Any, job: str, purpose: str, status: int, *told: Any) -> _Row:
    """SQLite knows neither days nor truth."""
    read, again, path, settled = told
    return _Row(
        tenant,
        day if isinstance(day, date) else date.fromisoformat(day),
        job,
        purpose,
        status,
        bool(read),
        bool(again),
        path,
        bool(settled),
    )


class _UtcDay(Func):
    """The UTC day of a moment; Django's own calls Python for each row of SQLite."""

    output_field = DateField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """Moments are texts in UTC that begin with their day."""
        return self.as_sql(compiler, connection, template="substr(%(expressions)s, 1, 10)", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        """A moment is no day before it is in a zone."""
        zoned = "(%(expressions)s AT TIME ZONE 'UTC')::date"
        return self.as_sql(compiler, connection, template=zoned, **more)


def _told(sent: QuerySet[Call]) -> QuerySet[Call]:
    """Calls with what all of them are counted by; `job_pk` is null for what no job made."""
    pk = Cast(Substr("job", len(_LABEL) + 1), BigIntegerField())
    return sent.annotate(
        day=_UtcDay("started_at"),
        code=_CODE,
        read=Case(When(method="GET", then=_YES), default=_NO),
        job_pk=Case(When(job__startswith=_LABEL, then=pk)),
    )


def _operations() -> QuerySet[Operation]:
    return Operation.objects.filter(subject=OuterRef("subject"), job=OuterRef("job_pk"))


def _beside(what: Lag | Lead, *alike: str) -> Window:
    """Something of the call before or after, among those of the same job and so on."""
    return Window(what, [F(name) for name in alike], ["started_at", "id"])


def _plain(sent: QuerySet[Call]) -> QuerySet[Call]:
    """All but lookups, by what every call tells of itself."""
    return _told(sent.exclude(purpose=_LOOKUP)).annotate(again=_NO, path=_NOTHING, settled=_NO)


def _troubled(sent: QuerySet[Call], jobs: QuerySet[Job]) -> QuerySet[Call]:
    """Those of them that are about somebody with whom a call of the job came to nothing, or whose
    change flaps: with the attribute, and whether they were sent again. They are few as a rule, and
    looking at what is beside a call takes longer than counting it.
    """
    whom = Concat("job", Value("/"), "subject", output_field=TextField())
    label = Concat(
        Value(_LABEL), Cast("job_id", TextField()), Value("/"), "subject", output_field=TextField()
    )
    flapping = Operation.objects.filter(job__in=jobs, subject__isnull=False).exclude(flapping="")
    changed = flapping.annotate(whom=label).values("whom")
    failed = sent.filter(_CAME_TO_NOTHING).annotate(whom=whom).values("whom")
    asked = sent.exclude(purpose=_LOOKUP).annotate(whom=whom)
    path = Subquery(_operations().exclude(flapping="").order_by().values("flapping")[:1])
    return _told(asked.filter(Q(whom__in=failed) | Q(whom__in=changed))).annotate(
        later=_beside(Lead("tenant_id"), *_CHAIN, "purpose", "resource"),
        again=Case(When(_CAME_TO_NOTHING & Q(later__isnull=False), then=_YES), default=_NO),
        path=Case(When(purpose="update", then=Coalesce(path, _NOTHING)), default=_NOTHING),
        settled=_NO,
    )


def _lookups(sent: QuerySet[Call]) -> QuerySet[Call]:
    """Lookups by what came before and after them in their job, for the same person or group.

    The last one has settled the creation, if that ended well. One in vain that follows a refusal
    of the name is a read in vain; after an attempt that came to nothing it belongs to that.
    """
    asked = sent.filter(purpose=_LOOKUP)
    done = _operations().filter(state=Operation.State.DONE)
    settles = Q(after=None, done=True, code__gte=200, code__lt=300)
    refused = Q(before__in=_CREATIONS, code_before__in=_TAKEN)
    repeated = When(_CAME_TO_NOTHING & Q(after__isnull=False), then=_YES)
    others = (When(each, then=_NO) for each in (_CAME_TO_NOTHING, settles, refused))
    return (
        _told(sent.filter(purpose__in=[_LOOKUP, *_CREATIONS]))
        .filter(subject__in=asked.values("subject"))
        .annotate(
            before=_beside(Lag("purpose"), *_CHAIN),
            code_before=_beside(Lag(_CODE), *_CHAIN),
            after=_beside(Lead("purpose"), *_CHAIN),
            done=Exists(done),
            path=_NOTHING,
            settled=Case(When(settles, then=_YES), default=_NO),
            again=Case(repeated, *others, default=_YES),
        )
    )


def _facts(tenants: Sequence[int], month: Month) -> _Facts:
    idle = _idle_jobs(tenants, month)
    seen: set[int] = set()
    complete, broken = set(), set()
    reconciles = _reconciles(tenants, month)
    for label, source, read_at, ended, found in reconciles:
        if read_at is None and not found:
            broken |= {label} if ended else set()
            continue
        complete.add(label)
        within = read_at is not None and month.start <= read_at < month.end
        # One look a month is what reconciling is for, also when nothing is found.
        if within and source in seen and not found:
            idle[label] = CHECK
        seen |= {source} if within else set()
    return _Facts(idle, frozenset(complete), frozenset(broken))


def _jobs(tenants: Sequence[int], month: Month) -> QuerySet[Job]:
    """Jobs that had not ended before a month."""
    left = Q(ended_at=None) | Q(ended_at__gte=month.start)
    return Job.objects.filter(left, tenant__in=tenants)


def _idle_jobs(tenants: Sequence[int], month: Month) -> dict[str, str]:
    """Jobs, but reconciles and a tenant's first one to read anything, that planned nothing."""
    first = (
        Usage.objects.filter(tenant=OuterRef("pk"), purpose=_INVENTORY, job__startswith=_LABEL)
        .order_by("hour", "pk")
        .values("job")[:1]
    )
    begun = Tenant.objects.filter(pk__in=tenants).annotate(first=Subquery(first))
    firsts = set(begun.values_list("first", flat=True))
    jobs = _jobs(tenants, month).filter(state=Job.State.FINISHED, total=0, withheld=0)
    jobs = jobs.exclude(kind=Job.Kind.RECONCILE)
    labels = ((f"{_LABEL}{pk}", kind) for pk, kind in jobs.values_list("pk", "kind"))
    return {label: kind for label, kind in labels if label not in firsts}


def _reconciles(tenants: Sequence[int], month: Month) -> list[tuple[str, int, Any, bool, bool]]:
    """Label, source, when all was read, whether the job has ended, and whether it found something;
    by when they were read. One that the guard stopped has found that much is missing.
    """
    rows = Reconciliation.objects.filter(job__in=_jobs(tenants, month)).annotate(
        differs=Exists(Drift.objects.filter(job=OuterRef("job"))),
        ended=Q(job__state__in=_ENDED_EARLY),
        found=Q(drifted__gt=0)
        | Q(returned__gt=0)
        | Q(groups_drifted__gt=0)
        | Q(differs=True)
        | Q(job__comparison__isnull=False),
    )
    columns = rows.order_by("read_at", "pk").values_list(
        "job_id", "job__source_id", "read_at", "ended", "found"
    )
    return [(f"{_LABEL}{pk}", *rest) for pk, *rest in columns]


def source_by_job(labels: Iterable[str]) -> dict[str, Source]:
    """The sources that jobs are of, by label; without those that were removed."""
    pks = [int(label.removeprefix(_LABEL)) for label in labels if label.startswith(_LABEL)]
    jobs = Job.objects.filter(pk__in=pks, source__removed_at=None).select_related("source")
    return {job.label: job.source for job in jobs}
