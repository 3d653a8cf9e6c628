"""Differences that people have accepted, as planning respects them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from django.db import transaction

from provisioning.domain.attributes import ACTIVE
from provisioning.domain.groups import GroupOperation
from provisioning.domain.groups.repairing import undeclined
from provisioning.domain.people import SourcePeople
from provisioning.domain.plan_values import Account, Directory, Person
from provisioning.domain.reconciling import Accepted, honoured
from provisioning.domain.records import fold_key
from provisioning.models import AcceptedDrift, Job, Source

_GONE = "The account was deleted outside the portal, and that was accepted on {:%Y-%m-%d}."


class Acceptances:
    """What was accepted of a source's accounts: not written while both sides stay the same."""

    def __init__(self, source: Source, *, kind: Job.Kind = Job.Kind.SYNC) -> None:
        self._source, self._kind = source, kind
        self._by_key: dict[str, dict[str, Accepted]] = {}
        self._declined: dict[str, str] = {}
        rows = AcceptedDrift.objects.filter(source=source, on_group=False)
        if kind == Job.Kind.RECONCILE:
            rows = rows.none()  # what a reconcile is about is decided there
        for key, path, ours, theirs, at in rows.values_list("key", "path", "ours", "theirs", "at"):
            if path:
                self._by_key.setdefault(key, {})[path] = Accepted(ours, theirs)
            else:
                self._declined[key] = _GONE.format(at)
        self._void: list[tuple[str, str]] = []

    def people(self, people: Iterable[Person], managed: Mapping[str, Account]) -> Iterator[Person]:
        """People without what was accepted of their accounts; `managed` is the shadow's."""
        if not self._by_key:
            yield from people
            return
        for person in people:
            key = fold_key(person.key)
            accepted = self._by_key.get(key)
            if accepted is None:
                yield person
                continue
            boss = managed.get(fold_key(person.manager or ""))
            manager = boss.entra_id.lower() if boss else None
            kept, void = honoured(person, managed.get(key), accepted, manager)
            self._void += [(key, path) for path in void]
            yield kept

    def directory(self, directory: Directory) -> Directory:
        """The shadow, and whose account is not to be created again."""
        return replace(directory, declined=self._declined) if self._declined else directory

    @property
    def spared(self) -> frozenset[str]:
        """Whose account was accepted as active: not disabled for its person's absence."""
        return frozenset(
            key
            for key, accepted in self._by_key.items()
            if (each := accepted.get(ACTIVE)) and each.theirs is True and each.ours is False
        )

    @transaction.atomic
    def forget_void(self, people: SourcePeople) -> None:
        """Forget what holds no longer; who left the source and comes back is a joiner again."""
        rows = AcceptedDrift.objects.filter(source=self._source, on_group=False)
        void = {*self._void}
        if self._kind == Job.Kind.SYNC:
            still = people.inside | people.held
            void |= {(key, "") for key in self._declined if key not in still}
        if not void:
            return
        found = rows.filter(key__in={key for key, _ in void}).values_list("pk", "key", "path")
        gone = [pk for pk, key, path in found if (key, path) in void]
        for at in range(0, len(gone), 500):
            rows.filter(pk__in=gone[at : at + 500]).delete()


class GroupAcceptances:
    """What was accepted of a tenant's groups; a sync forgets what no plan would write any more."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._rows = AcceptedDrift.objects.filter(source=job.source, on_group=True)

    def respected(self, planned: Iterable[GroupOperation]) -> Iterator[GroupOperation]:
        """Operations without what was accepted."""
        declined = {
            (key, path): ours for key, path, ours in self._rows.values_list("key", "path", "ours")
        }
        if not declined:
            yield from planned
            return
        used: set[tuple[str, str]] = set()
        yield from undeclined(planned, declined, used)
        if self._job.kind == Job.Kind.SYNC:
            void = [
                pk
                for pk, key, path in self._rows.values_list("pk", "key", "path")
                if (key, path) not in used
            ]
            for at in range(0, len(void), 500):
                self._rows.filter(pk__in=void[at : at + 500]).delete()
