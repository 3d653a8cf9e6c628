"""What holds for every plan, tried against a directory that carries the plan out."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.domain.planner import (
    ACTIVE,
    CALLS,
    EXTERNAL_ID,
    NOT_REMOVABLE,
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

NICKNAME = next(path for path in NOT_REMOVABLE if path != ACTIVE)
KEYS = ("1", "01", "Ab", "Äß", "x-9")
NAMES = tuple(f"{name}@fabled.example" for name in ("ann", "Bo", "cy"))
OPTIONAL = ("displayName", "title", NICKNAME)
OUTSIDE = "department"
WRITTEN = frozenset({USER_NAME, ACTIVE})
QUIET = {Kind.UNCHANGED, Kind.INACTIVE, Kind.LEAVE}

maybe = st.booleans()
maybe_text = st.sampled_from((None, "a", "A", "b"))
few = st.integers(0, 5)
some_keys = st.permutations(KEYS).map(lambda keys: keys[:3])
some_account_keys = st.lists(st.sampled_from((*KEYS, "", "")), max_size=4)
mapped_sets = st.sets(st.sampled_from(OPTIONAL)).map(lambda paths: WRITTEN | paths)
held_sets = st.sets(st.sampled_from([fold_key(key) for key in KEYS]))
protected = st.lists(st.sampled_from(("id-1", "id-2", "*.b@*", "bo@*", NAMES[0])), max_size=2)


def own_name(draw, key):
    """User names that no two people share: clashes are left out of a run."""
    return f"{key}.a@fabled.example" if draw(maybe) else f"{key}.B@fabled.example"


def shared_name(draw, _key):
    return NAMES[draw(few) % len(NAMES)]


@st.composite
def people(draw, mapped, name_of):
    """People of a source with distinct keys; every value is of a mapped path."""
    found = []
    for key in draw(some_keys):
        values = {path: draw(maybe_text) for path in sorted(mapped - WRITTEN)}
        ignored = {path for path, value in values.items() if value is None and draw(maybe)}
        values = {path: value for path, value in values.items() if value is not None}
        if draw(few):
            values[ACTIVE] = draw(maybe)
        else:
            ignored.add(ACTIVE)
        found.append(Person(key, {USER_NAME: name_of(draw, key), **values}, frozenset(ignored)))
    return found


@st.composite
def accounts(draw, name_of):
    """Accounts of ours with any state, and accounts of others, with distinct user names."""
    found, taken = [], set()
    for pk, key in enumerate(draw(some_account_keys), start=1):
        folded, name = fold_key(key), name_of(draw, key or f"f{pk}")
        if {name.casefold(), folded or None} & taken:
            continue
        taken |= {name.casefold(), folded}
        state = {path: draw(maybe_text) for path in (*OPTIONAL, OUTSIDE)}
        state |= {USER_NAME: name, ACTIVE: draw(maybe), EXTERNAL_ID: key or None}
        state = {path: value for path, value in state.items() if value is not None}
        on_premises = draw(few) == 0
        found.append(
            Account(pk, f"id-{pk}", folded, name, state[ACTIVE], state, on_premises=on_premises)
        )
    return found


@st.composite
def worlds(draw, name_of):
    """A source, a shadow, and how both are to be read."""
    mapped = draw(mapped_sets)
    everyone, shadow = draw(people(mapped, name_of)), draw(accounts(name_of))
    held = draw(held_sets) - {fold_key(each.key) for each in everyone}
    absences = Absences(held, max(0, draw(few) - 3))
    return everyone, shadow, mapped, Protection(draw(protected)), absences


orderly, crowded = worlds(own_name), worlds(shared_name)


def changes_of(everyone, shadow, mapped, protection, absences):
    directory = Directory(
        {each.key: each for each in shadow if each.key},
        {each.user_name.casefold(): each for each in shadow},
    )
    return list(plan(everyone, directory, mapped=mapped, protection=protection, absences=absences))


def carried_out(changes, shadow):
    """The shadow after every call of a plan was answered with success; withheld ones wait."""
    after = {each.pk: each for each in shadow}
    for change in changes:
        if change.kind not in CALLS or change.withheld:
            continue
        old = change.account or Account(len(after) + 100, "new", fold_key(change.key), "", True, {})
        state = {**old.state, **change.after}
        state = {path: value for path, value in state.items() if value is not None}
        after[old.pk] = replace(
            old, state=state, active=bool(state[ACTIVE]), user_name=str(state[USER_NAME])
        )
    return list(after.values())


@given(orderly)
@settings(max_examples=150)
def test_a_plan_carried_out_leaves_nothing_to_do(world):
    everyone, shadow, mapped, protection, absences = world
    changes = changes_of(*world)
    after = carried_out(changes, shadow)
    again = changes_of(everyone, after, mapped, protection, absences)
    assert {change.kind for change in again if not change.withheld} <= QUIET
    by_key = {each.key: each for each in after if each.key}
    calls = {change.key for change in changes if change.kind in CALLS}
    for each in everyone:
        if each.key in calls:
            state = by_key[fold_key(each.key)].state
            for path in mapped - each.ignored - NOT_REMOVABLE:
                assert state.get(path) == each.values.get(path)
            if ACTIVE in each.values:
                assert state[ACTIVE] is each.values[ACTIVE]


@given(orderly)
@settings(max_examples=150)
def test_there_are_as_many_calls_as_people_whose_state_differs(world):
    everyone, shadow, mapped, _, absences = world
    shadow = [replace(each, on_premises=False) for each in shadow]
    changes = changes_of(everyone, shadow, mapped, Protection([]), absences)
    by_key = {each.key: each for each in shadow if each.key}
    names = {each.user_name.casefold() for each in shadow}
    expected, present = 0, set()
    for each in everyone:
        present.add(fold_key(each.key))
        mine = by_key.get(fold_key(each.key))
        if mine is None:
            free = str(each.values[USER_NAME]).casefold() not in names
            expected += free and each.values.get(ACTIVE, True) is True
        else:
            wanted = {path: each.values.get(path) for path in mapped - each.ignored}
            kept = {path for path in NOT_REMOVABLE if path not in each.values}
            expected += any(
                mine.state.get(path) != value for path, value in wanted.items() if path not in kept
            )
    leavers = (key for key in by_key if key not in present and key not in absences.held)
    expected += sum(by_key[key].active for key in leavers)
    assert sum(change.kind in CALLS for change in changes) == expected


@given(crowded)
@settings(max_examples=150)
def test_what_is_not_ours_to_write_is_never_written(world):
    _, shadow, mapped, protection, _ = world
    for change in changes_of(*world):
        if change.kind not in CALLS:
            assert change.after == {}
            continue
        assert protection.covers("", change.user_name) is None
        if change.kind is Kind.CREATE:
            assert change.account is None
            continue
        assert change.account in shadow
        assert change.account.key == fold_key(change.key)
        assert change.account.key
        assert not change.account.on_premises
        assert protection.covers(change.account.entra_id, change.account.user_name) is None
        assert set(change.after) <= mapped
        assert set(change.before) == set(change.after)
        assert all(change.before[path] == change.account.state.get(path) for path in change.after)


@given(crowded)
@settings(max_examples=150)
def test_disables_by_absence_spare_the_held_and_wait_when_in_doubt(world):
    everyone, _, _, _, absences = world
    present = {fold_key(each.key) for each in everyone}
    for change in changes_of(*world):
        if change.kind is Kind.DISABLE:
            assert fold_key(change.key) not in absences.held
        absent = fold_key(change.key) not in present
        assert change.withheld is (absent and change.kind is Kind.DISABLE and absences.doubtful > 0)


@given(crowded, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_calls_that_wait_for_nobody_never_meet_a_taken_user_name(world, random):
    changes = [change for change in changes_of(*world) if not change.after_keys]
    random.shuffle(changes)
    shadow = world[1]
    for number in range(1, len(changes) + 1):
        names = [each.user_name.casefold() for each in carried_out(changes[:number], shadow)]
        assert len(names) == len(set(names))


@given(crowded)
@settings(max_examples=150)
def test_user_names_that_are_handed_on_settle_after_a_few_runs(world):
    everyone, shadow, mapped, protection, absences = world
    for _ in range(len(everyone) + 2):
        changes = changes_of(everyone, shadow, mapped, protection, absences)
        shadow = carried_out(changes, shadow)
    assert {change.kind for change in changes if not change.withheld} <= QUIET
