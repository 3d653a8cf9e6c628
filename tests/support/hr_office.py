"""What happens in an HR department between two exports: events that hypothesis draws."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from hypothesis import strategies as st

from tests.support.hr_model import Damage, Person

FOUNDER, STRANGER = "Boss", "info"
MOST = 60
SHORT = ["Draco", "Hydra", "Lyra"]
DEPARTMENTS = st.sampled_from(["Sales", "sales", "Care", "IT", "Ünit 7", ""])
PROJECTS = st.lists(st.sampled_from(["Apollo", "apollo", "Gemini", "Zeus"]), max_size=3).map(tuple)
NAMES = st.sampled_from(["Abel", "Berg", "Çelik", "d'Arc", 'O"Hara', "Æ, Ø"])
WHO = st.integers(0, 127)
FEW, MANY = st.lists(WHO, min_size=1, max_size=3), st.lists(WHO, min_size=1, max_size=6)

_Method = TypeVar("_Method", bound=Callable[..., None])
_KINDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {}


class Event(NamedTuple):
    """One event: the name of a method of the office, and what it is given."""

    kind: str
    given: dict[str, Any]


def happens(**given: st.SearchStrategy[Any]) -> Callable[[_Method], _Method]:
    """Marks a method as an event, with strategies for what it is given."""

    def marked(method: _Method) -> _Method:
        _KINDS[method.__name__] = st.fixed_dictionaries(given)
        return method

    return marked


class Office:
    """HR's books: who is in the export, and who was in an earlier one.

    People are meant by any number; the founder stays, since a file needs a row that is right.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.people: dict[str, Person] = {}
        self.left: dict[str, Person] = {}
        self.hired = self.logins = 0
        self.enter(Person(FOUNDER, "boss", department="Sales"))

    def take(self, events: Iterable[Event]) -> None:
        """Let these happen."""
        for event in events:
            getattr(self, event.kind)(**event.given)

    def correct(self) -> None:
        """HR mends about half of what it hears of, so that its exports stay eventful."""
        for key, person in self.people.items():
            if self.random.random() < 0.5:
                login = self.login() if person.login == STRANGER else person.login
                self.people[key] = replace(person, login=login, damage=Damage.NONE)

    def enter(self, person: Person) -> None:
        """Enter somebody, or what is known of them now."""
        self.people[person.folded] = person

    def someone(self, who: int) -> Person:
        """Somebody in the books, the founder only if there is nobody else."""
        others = [key for key in self.people if key != FOUNDER.lower()]
        return self.people[others[who % len(others)] if others else FOUNDER.lower()]

    def alter(self, who: int, **values: Any) -> None:
        """Enter other values of somebody."""
        person = self.someone(who)
        if person.key != FOUNDER:
            self.enter(replace(person, **values))

    def typed(self, key: str) -> str:
        """A key as somebody types it."""
        return self.random.choice([key, key.upper(), f" {key.lower()} "]) if key else ""

    def boss(self, who: int, *others: str) -> str:
        """The key of a manager, typed: somebody of now, of earlier, nobody known, or none."""
        reachable = [*self.people, *self.left, "nobody", "", *others]
        return self.typed(reachable[-1 - who % len(reachable)])

    def next_key(self, ahead: int = 0) -> str:
        """The key of somebody who will be hired."""
        return f"K{self.hired + ahead:03}"

    def login(self) -> str:
        """A login that nobody has or had.

        Names that are handed from one person to another would be drawn here (see `_is_free`).
        """
        self.logins += 1
        return f"u{self.logins:03}"

    def join(self, *, login: str = "", **values: Any) -> None:
        """Somebody joins, unless the company is full."""
        if len(self.people) < MOST:
            self.enter(Person(self.next_key(), login or self.login(), **values))
        self.hired += 1

    # Joiners.

    @happens(bosses=MANY, department=DEPARTMENTS, projects=PROJECTS)
    def hire(self, bosses: list[int], department: str, projects: tuple[str, ...]) -> None:
        """Several join, led by somebody who is there, joins with them, or does not exist."""
        keys = [self.next_key(at) for at in range(len(bosses))]
        for boss in bosses:
            manager = self.boss(boss, *keys)
            self.join(department=department, projects=projects, manager=manager)

    @happens(size=st.integers(1, 6), tail=st.integers(0, 3))
    def hire_a_circle(self, size: int, tail: int) -> None:
        """Some join who lead each other in a circle, and some whom one of them leads."""
        keys = [self.next_key(at) for at in range(size + tail)]
        for at in range(size + tail):
            boss = keys[(at + 1) % size] if at < size else keys[self.random.randrange(at)]
            self.join(manager=self.typed(boss))

    @happens(reports=MANY, boss=WHO)
    def hire_a_boss(self, reports: list[int], boss: int) -> None:
        """Somebody joins whom people that are there report to, and reports to one of them."""
        for each in reports:
            self.alter(each, manager=self.typed(self.next_key()))
        self.join(department="IT", manager=self.typed(self.someone(boss).key))

    @happens(ahead=st.integers(0, 8), who=WHO)
    def await_a_boss(self, ahead: int, who: int) -> None:
        """Somebody is led by a person who may join later."""
        self.alter(who, manager=self.next_key(ahead))

    @happens(department=DEPARTMENTS)
    def hire_under_a_taken_name(self, department: str) -> None:
        """Somebody joins under a user name that a stranger has."""
        self.join(login=STRANGER, department=department)

    @happens(who=WHO, fresh=st.booleans())
    def come_back(self, who: int, fresh: bool) -> None:
        """Somebody is hired again, perhaps with the key in another case."""
        if self.left and len(self.people) < MOST:
            person = self.left.pop(list(self.left)[who % len(self.left)])
            key = person.key.swapcase() if fresh else person.key
            self.enter(replace(person, key=key, active=True, damage=Damage.NONE))

    # Movers.

    @happens(who=WHO, given=NAMES, family=NAMES)
    def marry(self, who: int, given: str, family: str) -> None:
        self.alter(who, given=given, family=family)

    @happens(who=WHO, taken=st.sampled_from([False, False, True]))
    def rename(self, who: int, taken: bool) -> None:
        """Another login: one that nobody has, or a stranger."""
        self.alter(who, login=STRANGER if taken else self.login())

    @happens(who=FEW, boss=WHO)
    def lead(self, who: list[int], boss: int) -> None:
        """Some get another manager, perhaps themselves, somebody who left, or none."""
        manager = self.boss(boss)
        for each in who:
            self.alter(each, manager=manager)

    @happens(who=MANY, department=DEPARTMENTS)
    def move(self, who: list[int], department: str) -> None:
        for each in who:
            self.alter(each, department=department)

    @happens(old=DEPARTMENTS, new=DEPARTMENTS)
    def reorganise(self, old: str, new: str) -> None:
        """A whole department becomes another one, or is spelled otherwise."""
        for key, person in self.people.items():
            if person.department == old:
                self.people[key] = replace(person, department=new)

    @happens(department=DEPARTMENTS)
    def respell(self, department: str) -> None:
        """All of a department write its name in another case."""
        for key, person in self.people.items():
            if person.department.lower() == department.lower():
                self.people[key] = replace(person, department=department.swapcase())

    @happens(who=WHO, projects=PROJECTS)
    def assign(self, who: int, projects: tuple[str, ...]) -> None:
        self.alter(who, projects=projects)

    @happens(who=FEW, project=st.sampled_from(SHORT))
    def begin_a_project(self, who: list[int], project: str) -> None:
        """A project that a few work for."""
        for each in who:
            self.alter(each, projects=(*self.someone(each).projects, project))

    @happens(projects=st.lists(st.sampled_from(["Apollo", *SHORT]), min_size=1, max_size=3))
    def end_projects(self, projects: list[str]) -> None:
        """Nobody works for these any more."""
        self._staff(projects, ())

    @happens(project=st.sampled_from(["Apollo", "Hermes"]))
    def everybody_on(self, project: str) -> None:
        self._staff((project,), (project,))

    def _staff(self, off: Iterable[str], on: tuple[str, ...]) -> None:
        for key, person in self.people.items():
            rest = [each for each in person.projects if each not in off]
            self.people[key] = replace(person, projects=(*rest, *on))

    # Leavers, and rows that are wrong.

    @happens(who=MANY)
    def leave(self, who: list[int]) -> None:
        for each in who:
            person = self.someone(each)
            if person.key != FOUNDER:
                self.left[person.folded] = self.people.pop(person.folded)

    @happens(who=FEW, active=st.booleans())
    def switch(self, who: list[int], active: bool) -> None:
        for each in who:
            self.alter(each, active=active)

    @happens(who=WHO, damage=st.sampled_from([*Damage][1:]))
    def damage(self, who: int, damage: Damage) -> None:
        """The export holds a row that is wrong."""
        self.alter(who, damage=damage)


EVENTS: st.SearchStrategy[Event] = st.one_of(
    *(st.builds(Event, st.just(kind), given) for kind, given in _KINDS.items())
)
