"""What the pages of a profile show: its content, the sample, and each rule's result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from provisioning.domain.attributes import Attribute
from provisioning.domain.column_statistics import ColumnStatistics
from provisioning.domain.editing import Editor, RuleRow, count_of, editor_of, read_editor
from provisioning.domain.effects import AttributeEffect
from provisioning.domain.expressions import Context
from provisioning.domain.groups_editing import GroupRow
from provisioning.domain.preview import RowResult, try_rule, whole_problems
from provisioning.domain.problems import Problem
from provisioning.domain.records import Record, fold_key
from provisioning.domain.starter import STARTER
from provisioning.domain.targets import Targets
from provisioning.models import DirectoryObject, MappingProfile, ProfileVersion
from provisioning.selectors import profile_in, targets_of
from provisioning.services.effects import Priced
from provisioning.services.samples import Sample, SamplePerson, person_at, sample_of
from provisioning.views.places import Place
from tenants.models import Tenant

_MANY = 0.25
"""From this share of the people on, an attribute counts as empty for many."""


@dataclass(frozen=True)
class ProfileState:
    """A source's profile as its pages know it."""

    place: Place
    profile: MappingProfile | None
    version: ProfileVersion | None

    @property
    def tenant(self) -> Tenant:
        """Whose directory it is."""
        return self.place.tenant

    @property
    def draft(self) -> Any:
        """The draft, or None."""
        return self.profile.draft if self.profile else None

    @property
    def revision(self) -> int:
        """The draft's revision, which a later save has to name."""
        return self.profile.draft_revision if self.profile else 0

    @property
    def content(self) -> Any:
        """What the editor begins with: the draft, else the current version, else a start."""
        if self.draft is not None:
            return self.draft
        return self.version.definition if self.version else STARTER

    @cached_property
    def targets(self) -> Targets:
        """What a rule may write in this tenant."""
        return targets_of(self.tenant)

    @cached_property
    def sample(self) -> Sample | None:
        """The newest records, if any are kept."""
        return sample_of(self.tenant, self.place.source)


def state_of(place: Place) -> ProfileState:
    """The profile of a source, which may have none yet."""
    profile = profile_in(place.tenant, place.source)
    return ProfileState(place, profile, profile.current if profile else None)


@dataclass(frozen=True)
class ShownRow:
    """A row of the editor with what is known of its target, its value, and everybody's values."""

    row: RuleRow
    attribute: Attribute | None
    result: RowResult
    now: Any = None
    """What the directory has for the person, if they have an account."""
    everybody: AttributeEffect | None = None
    people: int = 0

    @property
    def differs(self) -> bool:
        """Whether the person's account has another value now."""
        found = self.result
        judged = found.tried and not (found.error or found.left or self.row.when == "create")
        return judged and self.now is not None and found.value != self.now

    @property
    def sparse(self) -> bool:
        """Whether many people have no value."""
        return self.everybody is not None and self.everybody.empty >= max(1, _MANY * self.people)


@dataclass(frozen=True)
class ShownGroup:
    """A group rule's row, and what is wrong with it."""

    row: GroupRow
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class EditorPage:
    """The editor's form and everything beside it."""

    state: ProfileState
    editor: Editor
    position: int = 0
    revision: int = 0
    checked: Priced | None = None
    """What publishing and applying it would do to everybody, once that was asked."""
    unchecked: str = ""
    """Why that cannot be said."""

    @cached_property
    def data(self) -> dict[str, Any]:
        """The form as a definition, right or wrong."""
        return self.editor.definition()

    @cached_property
    def chosen(self) -> tuple[SamplePerson, Record] | None:
        """The sample person and their record."""
        sample = self.state.sample
        if sample is None:
            return None
        key = self.editor.key_column
        return person_at(sample, self.position, key) or person_at(sample, 0, key)

    @property
    def person(self) -> SamplePerson | None:
        """The sample person."""
        return self.chosen[0] if self.chosen else None

    @property
    def record(self) -> Mapping[str, str] | None:
        """The sample person's values."""
        return self.chosen[1].values if self.chosen else None

    @cached_property
    def account(self) -> DirectoryObject | None:
        """The sample person's account, as we last knew it."""
        key = fold_key((self.record or {}).get(self.editor.key_column, ""))
        if not key or self.state.place.source is None:
            return None
        return DirectoryObject.objects.filter(owner=self.state.place.source, key=key).first()

    @cached_property
    def problems(self) -> tuple[Problem, ...]:
        """All that keeps the form from being published."""
        mistakes = [each for row in self.editor.groups for each in row.mistakes()]
        whole = whole_problems(self.data, self.state.targets)
        return (*_scope_mistakes(self.editor), *mistakes, *whole)

    @property
    def general_problems(self) -> list[Problem]:
        """Problems of no row."""
        rows = {row.target for row in self.editor.rows}
        shown = [problem for each in self.groups for problem in each.problems]
        return [each for each in self.problems if each.target not in rows and each not in shown]

    @cached_property
    def groups(self) -> list[ShownGroup]:
        """Every group rule with its problems."""
        found = []
        for number, row in enumerate(self.editor.groups, start=1):
            own = f"groups {row.rule}" if row.rule else None
            nameless = (f"group rule {number}:", f"group rule {number} ")
            problems = [
                each
                for each in self.problems
                if each.target == own or each.message.startswith(nameless)
            ]
            found.append(ShownGroup(row, problems))
        return found

    @property
    def wrong_groups(self) -> list[ShownGroup]:
        """Group rules that are wrong."""
        return [shown for shown in self.groups if shown.problems]

    @cached_property
    def rows(self) -> list[ShownRow]:
        """Every row, tried on the person."""
        return [self.row(number) for number in range(len(self.editor.rows))]

    def row(self, number: int) -> ShownRow:
        """One row, tried on the person."""
        row = self.editor.rows[number]
        sample = self.state.sample
        result = try_rule(
            self.data,
            self.data["attributes"][number],
            sample.columns if sample else None,
            self.record,
            Context(now=timezone.now()),
            self.state.targets,
        )
        twice = [each.target for each in self.editor.rows].count(row.target) > 1
        if twice and not result.problems:
            result = RowResult((Problem(row.target, "is mapped twice"),))
        return ShownRow(
            row,
            self.state.targets.get(row.target),
            result,
            self.account.state.get(row.target) if self.account else None,
            self.checked.effect.attributes.get(row.target) if self.checked else None,
            self.checked.effect.people if self.checked else 0,
        )

    @property
    def wrong_rows(self) -> list[ShownRow]:
        """Rows whose rules are wrong, whoever they are tried on."""
        return [shown for shown in self.rows if shown.result.problems]

    @property
    def choices(self) -> list[tuple[str, list[Attribute]]]:
        """Attributes that have no row yet, by group."""
        used = {row.target for row in self.editor.rows}
        free = [each for each in self.state.targets if each.path not in used]
        groups: dict[str, list[Attribute]] = {}
        for each in free:
            groups.setdefault(_group(each), []).append(each)
        return list(groups.items())

    @property
    def cells(self) -> list[tuple[str, str]]:
        """The person's value in each column."""
        columns = self.state.sample.columns if self.state.sample else ()
        return [(column, (self.record or {}).get(column, "")) for column in columns]

    @property
    def inventoried(self) -> bool:
        """Whether the directory was ever read."""
        directory = getattr(self.state.tenant, "directory", None)
        return directory is not None and directory.inventory_at is not None

    @property
    def statistics(self) -> Sequence[ColumnStatistics]:
        """What the columns of the sample hold."""
        sample = self.state.sample
        return list(sample.statistics.values()) if sample else []


def _group(attribute: Attribute) -> str:
    if not attribute.mutable:
        return "Cannot be chosen"
    if attribute.required:
        return "Every account needs them"
    if "extensionAttribute" in attribute.path:
        return "Extension attributes"
    return "Custom security attributes" if attribute.note.startswith("Custom") else "Optional"


def _scope_mistakes(editor: Editor) -> list[Problem]:
    """Texts of conditions that are no JSON, with their place."""
    groups = [("scope", editor.scope), *((f"rule {name}", each) for name, each in editor.rules)]
    found = []
    for name, group in groups:
        if group.mistake is not None:
            message, line, column = group.mistake
            found.append(Problem("", f"the text of {name} is no JSON: {message}", line, column))
    return found


def sent_page(place: Place, fields: Mapping[str, str]) -> EditorPage:
    """The editor as its form was sent."""
    return page_of(
        state_of(place),
        read_editor(fields),
        position=count_of(fields, "person"),
        revision=count_of(fields, "revision"),
    )


def page_of(
    state: ProfileState, editor: Editor | None = None, *, position: int = 0, revision: int = -1
) -> EditorPage:
    """The editor with the profile's content, or with what was sent."""
    return EditorPage(
        state,
        editor or editor_of(state.content),
        position,
        state.revision if revision < 0 else revision,
    )
