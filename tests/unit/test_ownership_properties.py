"""Two sources and random histories: no account is ever written by anybody but its owner."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.domain.ownership import OtherSources, Owner, SourceRead
from provisioning.domain.planner import (
    ACTIVE,
    CALLS,
    EXTERNAL_ID,
    USER_NAME,
    Absences,
    Account,
    Directory,
    Kind,
    Person,
    plan,
)
from provisioning.domain.protection import Protection
from provisioning.domain.records import fold_key

EMPLOYEES, CONTRACTORS = Owner(1, "Employees", 0), Owner(2, "Contractors", 1)
OWNERS = {owner.pk: owner for owner in (EMPLOYEES, CONTRACTORS)}
MAPPED = frozenset({USER_NAME, ACTIVE, "title"})
NAMES = ("ann", "bo", "cy", "di")

humans = st.sampled_from(NAMES)
sources = st.sampled_from((EMPLOYEES, CONTRACTORS))
titles = st.sampled_from(("a", "b", "c"))
steps = st.one_of(
    st.tuples(st.just("put"), sources, humans, titles, st.booleans()),
    st.tuples(st.just("take"), sources, humans),
    st.tuples(st.just("sync"), sources, st.booleans()),
    st.tuples(st.just("ask"), sources, humans),
)


class World:
    """Two HR systems, what was read of each, and one directory; `log` keeps every write."""

    def __init__(self, same_keys=False):
        self._same_keys = same_keys
        self.people = {owner.pk: {} for owner in OWNERS.values()}
        self.newest = dict.fromkeys(OWNERS)
        self.accepted = dict.fromkeys(OWNERS)
        self.accounts = {}
        self.log = []

    def put(self, source, human, title="a", active=True):
        """The person is in the source, and looks like this."""
        prefix = "" if self._same_keys else source.name[0]
        values = {USER_NAME: f"{human}@fabled.example", ACTIVE: active, "title": title}
        self.people[source.pk][human] = Person(f"{prefix}-{human}", values)

    def take(self, source, human):
        """The person is not in the source any more."""
        self.people[source.pk].pop(human, None)

    def ask(self, source, human):
        """Somebody asks that the source takes the human's account over."""
        for pk, each in self.accounts.items():
            if each.user_name.startswith(human):
                self.accounts[pk] = replace(each, offered_to=source.pk)

    def upload(self, source):
        """The source is read."""
        people = self.people[source.pk].values()
        active = [each for each in people if each.values[ACTIVE]]
        self.newest[source.pk] = SourceRead(
            frozenset(fold_key(each.key) for each in active),
            frozenset(fold_key(each.key) for each in people if not each.values[ACTIVE]),
            values={USER_NAME: {fold_key(str(each.values[USER_NAME])) for each in active}},
        )

    def sync(self, source, transfers):
        """The source is read, planned and applied, with the yes to transfers or without."""
        self.upload(source)
        changes = self.planned(source)
        self.accepted[source.pk] = self.newest[source.pk]
        for change in changes:
            said = not change.withheld or (transfers and change.kind is Kind.TRANSFER)
            if change.kind in CALLS and said:
                self._write(source, change)
        return changes

    def planned(self, source):
        """The plan of a source as the portal makes it."""
        others = OtherSources(
            source,
            [each for each in OWNERS.values() if each != source],
            accepted=lambda owner: self.accepted[owner.pk],
            newest=lambda owner: self.newest[owner.pk],
        )
        managed = {}
        for each in self.accounts.values():
            if each.owner == source.pk:
                managed[each.key] = each
            else:
                others.add(each)
        names = {each.user_name.casefold(): each for each in self.accounts.values()}
        return list(
            plan(
                self.people[source.pk].values(),
                Directory(managed, names, others=others),
                mapped=MAPPED,
                protection=Protection([]),
                absences=Absences(),
            )
        )

    def _write(self, source, change):
        old = change.account
        self.log.append((source, change, old.owner if old else None))
        pk = old.pk if old else len(self.accounts) + 1
        state = {**(old.state if old else {}), **change.after}
        self.accounts[pk] = Account(
            pk,
            f"id-{pk}",
            fold_key(change.key),
            str(state[USER_NAME]),
            bool(state[ACTIVE]),
            state,
            owner=source.pk,
        )


def lived(history, same_keys):
    world = World(same_keys)
    for verb, *given_ in history:
        getattr(world, verb)(*given_)
    return world


@given(st.lists(steps, max_size=30), st.booleans())
@settings(max_examples=150, deadline=None)
def test_only_the_owner_writes_and_only_a_transfer_changes_the_owner(history, same_keys):
    world = lived(history, same_keys)
    for source, change, owner in world.log:
        if change.kind is Kind.CREATE:
            continue
        assert (owner == source.pk) is (change.kind is not Kind.TRANSFER)
        assert change.kind is not Kind.TRANSFER or change.withheld


@given(st.lists(steps, max_size=30), st.booleans())
@settings(max_examples=150, deadline=None)
def test_nobody_gets_a_second_account(history, same_keys):
    world = lived(history, same_keys)
    names = [each.user_name for each in world.accounts.values()]
    assert len(names) == len(set(names))
    ids = [each.state[EXTERNAL_ID] for each in world.accounts.values()]
    assert len(ids) == len(set(ids))


@given(st.lists(steps, max_size=30), st.booleans())
@settings(max_examples=100, deadline=None)
def test_there_is_no_tug_of_war(history, same_keys):
    """However often both are synchronised with every yes, the owners settle."""
    world = lived(history, same_keys)
    for _ in range(3):
        for source in OWNERS.values():
            world.sync(source, True)
    settled = dict(world.accounts)
    for source in OWNERS.values():
        changes = world.sync(source, True)
        assert not [each for each in changes if each.kind in CALLS and not each.withheld]
    assert world.accounts == settled


@given(st.lists(steps, max_size=12), titles, titles, st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_contractor_who_becomes_an_employee_is_one_patch_and_never_a_disable(
    history, before, after, same_keys, employees_first
):
    world = lived([step for step in history if "ann" not in step], same_keys)
    world.put(CONTRACTORS, "ann", before)
    world.sync(CONTRACTORS, False)
    begins = len(world.log)
    world.take(CONTRACTORS, "ann")
    world.put(EMPLOYEES, "ann", after)
    world.upload(EMPLOYEES)
    order = (EMPLOYEES, CONTRACTORS, EMPLOYEES, CONTRACTORS)
    for source in order if employees_first else order[1:]:
        world.sync(source, True)
    writes = [entry for entry in world.log[begins:] if "ann" in entry[1].user_name]
    ((source, change, _),) = writes
    assert (source, change.kind) == (EMPLOYEES, Kind.TRANSFER)
    assert change.after.get("title", after) == after
    assert change.calls == (0 if same_keys and before == after else 1)
    (account,) = [each for each in world.accounts.values() if "ann" in each.user_name]
    assert account.active
