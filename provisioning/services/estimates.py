"""The estimate of a plan: counted from its operations, with a range from what its tenant met."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from billing.domain.pricing import FOUND, UNCERTAIN, rounded
from billing.selectors import answers_of, last_answers
from provisioning.domain.attributes import MANAGER, USER_NAME, is_custom
from provisioning.domain.estimate import (
    Counts,
    Experience,
    Met,
    Refusals,
    Step,
    calls_in,
    estimate,
    in_words,
    refusals_of,
    why_outside,
)
from provisioning.domain.records import fold_key
from provisioning.models import Directory, Job, Operation
from provisioning.selectors import sure_calls
from provisioning.services.deletions import names_gone
from provisioning.services.renaming import temporary_of
from tenants.models import Tenant

ESTIMATED = ("expected_calls", "least_calls", "most_calls", "reasons")
"""Fields that `note_estimate` sets."""
_LAST = 2_000
_KIND, _STATE = Operation.Kind, Operation.State
_WITHOUT_CALL = (_KIND.LEAVE, _KIND.GROUP_LEAVE, _KIND.GROUP_ADOPT)
_GOING = (_STATE.PROPOSED, _STATE.PENDING)
_THROTTLED, _FAILED = 429, 500
_READING = ("discovery", "inventory")
# What a creation is answered when a value is taken (or, rarely, wrong).
_TAKEN = (400, 409)
_UNSEEN, _ENDED = (UNCERTAIN, FOUND), (201, FOUND, *_TAKEN)


def note_estimate(job: Job) -> None:
    """Set what a plan is expected to take without what is withheld by now, and the range.

    `planned_calls` are right already; the job is not saved.
    """
    if_free = expected = job.planned_calls - _withheld_calls(job)
    gone = _gone(job)
    if gone:
        expected = calls_in(_steps(job, _GOING, gone))
    refused = sum(each.calls for each in gone.values())
    forgone = if_free + refused - expected
    counts = replace(_counts(job, expected), refused=refused, forgone=forgone)
    found = estimate(counts, _experience(job.tenant))
    job.expected_calls, job.least_calls, job.most_calls = expected, found.least, found.most
    job.reasons = [each.to_json() for each in found.reasons]


def note_reading(job: Job) -> None:
    """Set how many calls were made before the plan was there; the job is not saved."""
    job.reading_calls = answers_of(job.tenant, job.label).total()


def count_calls(job: Job) -> int:
    """Calls of a plan with everything in it, counted anew from its operations."""
    return calls_in(_steps(job, (*_GOING, _STATE.WITHHELD)))


def why_differs(job: Job, made: int) -> str:
    """Why a job made more or fewer calls than its range allows for; "" if it did not."""
    if job.least_calls is None or job.most_calls is None:
        return ""
    answers = answers_of(job.tenant, job.label)
    answers = Counter({key: calls for key, calls in answers.items() if key[0] not in _READING})
    seen = _experience_of(answers)
    met = Met(
        throttled=seen.throttled,
        unanswered=seen.unanswered,
        lookups=sum(calls for (purpose, _), calls in answers.items() if purpose == "lookup"),
        taken=seen.met,
        failed=job.failed,
        skipped=job.skipped,
        cancelled=job.state == Job.State.CANCELLED,
    )
    return why_outside(made, job.least_calls, job.most_calls, met)


def calls_range(job: Job) -> str:
    """The calls a plan takes: "1,605 to 1,671, most likely 1,605"; one number without a range."""
    expected = sure_calls(job)
    if job.least_calls is None or job.most_calls is None:
        return f"{expected:,}"
    return in_words(expected, job.least_calls, job.most_calls)


def price_range(job: Job) -> str:
    """What those calls cost at the plan's price: "USD 3.21 to 3.34"; "no price" without one."""
    if job.unit_price is None:
        return "no price"
    ends = (job.least_calls, job.most_calls)
    calls = [sure_calls(job) if end is None else end for end in ends]
    amounts = dict.fromkeys(f"{rounded(each * job.unit_price):,f}" for each in calls)
    return f"{job.currency} {' to '.join(amounts)}"


def _withheld_calls(job: Job) -> int:
    """Calls of what needs a yes of its own, and of what cannot go without it."""
    withheld = job.operations.filter(state=_STATE.WITHHELD)
    if withheld.filter(kind__in=(_KIND.CREATE, _KIND.GROUP_CREATE)).exists():
        return job.planned_calls - calls_in(_steps(job, _GOING))
    # Anything else takes one call, but a transfer that changes nothing of the account.
    return withheld.count() - withheld.filter(kind=_KIND.TRANSFER, after={}).count()


def _gone(job: Job) -> Mapping[int, Refusals]:
    """Creations, by primary key, that Entra is likely to refuse: a deleted account has the name."""
    made = job.operations.filter(kind=_KIND.CREATE, state__in=_GOING)
    if not made.exists() or not (names := names_gone(job.tenant, timezone.now())):
        return {}
    rows = made.values_list("pk", "user_name", "choices").iterator(2000)
    found = {
        pk: refusals_of([name, *choices.get(USER_NAME, ())], names) for pk, name, choices in rows
    }
    return {pk: refusals for pk, refusals in found.items() if refusals.calls}


def _steps(
    job: Job,
    states: Iterable[Operation.State],
    gone: Mapping[int, Refusals] = MappingProxyType({}),
) -> Iterator[Step]:
    rows = job.operations.filter(state__in=states).exclude(kind__in=_WITHOUT_CALL).order_by()
    for operation in rows.iterator(2000):
        step, refusals = _step(operation), gone.get(operation.pk)
        yield step if refusals is None else refusals.of(step)


def _step(operation: Operation) -> Step:
    kind, boss = operation.kind, fold_key(operation.manager)
    awaits = (f"person:{boss}",) if boss else ()
    if kind == _KIND.CREATE:
        later = any(map(is_custom, operation.after)) or (
            MANAGER in operation.after and not operation.carries_manager
        )
        awaits = () if later or operation.carries_manager else awaits
        return Step(1 + later, creates=operation.name, awaits=awaits)
    if kind == _KIND.GROUP_CREATE:
        return Step(1, creates=operation.name)
    if kind == _KIND.MEMBER_ADD:
        return _addition(operation)
    if kind == _KIND.TRANSFER and not operation.after:
        return Step(0)
    if kind == _KIND.UPDATE and not operation.after:
        return Step(0, awaits=awaits)
    return Step(2 if temporary_of(operation) else 1)


def _addition(operation: Operation) -> Step:
    group = "" if operation.group_id else operation.name
    if any(entra_id for _, entra_id in operation.members):
        return Step(1, group=group)
    coming = tuple(f"person:{key}" for key, _ in operation.members)
    return Step(0, group=group, awaits=coming)


def _counts(job: Job, expected: int) -> Counts:
    """What is in doubt about the operations that will be sent."""
    going = job.operations.filter(state__in=_GOING).exclude(kind__in=_WITHOUT_CALL).order_by()
    kinds = dict(going.values_list("kind").annotate(number=Count("pk")))
    others = Job.objects.filter(tenant=job.tenant_id, state__in=Job.OPEN).exclude(pk=job.pk)
    counts = Counts(
        expected,
        creations=kinds.get(_KIND.CREATE, 0),
        removals=kinds.get(_KIND.MEMBER_REMOVE, 0),
        groups=kinds.get(_KIND.GROUP_CREATE, 0),
        beside=others.count(),
    )
    if counts.groups:
        counts = replace(counts, groups_hanging=_additions_to_new(going))
    if not counts.creations:
        return counts
    made = going.filter(kind=_KIND.CREATE)
    return replace(
        counts,
        alternatives=made.exclude(choices={}).count(),
        unproven=_unproven(job.tenant, made),
        followed=max(expected - sum(kinds.values()), 0),
        hanging=_hanging(going),
    )


def _additions_to_new(going: QuerySet[Operation]) -> tuple[int, ...]:
    """For each group that is created how many calls add members to it."""
    additions = going.filter(kind=_KIND.MEMBER_ADD, group=None)
    return tuple(row["number"] for row in additions.values("key").annotate(number=Count("pk")))


def _hanging(going: QuerySet[Operation]) -> tuple[int, ...]:
    """For each account to come how many calls are made for the sake of it alone, or nearly.

    A call for several accounts to come counts for the first of them.
    """
    led = Q(kind=_KIND.CREATE, carries_manager=False) | Q(kind=_KIND.UPDATE)
    bosses = going.filter(led).exclude(manager="").values_list("manager", flat=True)
    found = Counter(map(fold_key, bosses))
    additions = going.filter(kind=_KIND.MEMBER_ADD).values_list("members", flat=True)
    for members in additions.iterator(2000):
        if not any(entra_id for _, entra_id in members):
            found[members[0][0]] += 1
    return tuple(found.values())


def _unproven(tenant: Tenant, made: QuerySet[Operation]) -> int:
    """Creations that name a manager where the directory has not said whether they may."""
    known = Directory.objects.filter(tenant=tenant, manager_at_creation__isnull=False)
    if known.exists():
        return 0
    naming = ~Q(manager="") | Q(after__has_key=MANAGER)
    return made.filter(naming, carries_manager=True).count()


def _experience(tenant: Tenant) -> Experience:
    return _experience_of(last_answers(tenant, _LAST))


def _experience_of(answers: Mapping[tuple[str, int], int]) -> Experience:
    """What calls by purpose and answer say."""

    def number(of: Callable[[str, int], bool]) -> int:
        return sum(calls for key, calls in answers.items() if of(*key))

    return Experience(
        calls=number(lambda purpose, status: True),
        throttled=number(lambda purpose, status: status == _THROTTLED),
        unanswered=number(lambda purpose, status: status in _UNSEEN or status >= _FAILED),
        created=number(lambda purpose, status: purpose == "create" and status in _ENDED),
        met=number(lambda purpose, status: purpose == "create" and status in _TAKEN),
    )
