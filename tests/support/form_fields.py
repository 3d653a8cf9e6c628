"""The editor's form as the fields a browser would send; pure. Tests and forms without a page."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.domain.editing import DELETE_AFTER, Editor
from provisioning.domain.groups_editing import fields_of_groups
from provisioning.domain.lifecycle_editing import fields_of_lifecycle
from provisioning.domain.scope_editing import ConditionGroup


def fields_of(editor: Editor) -> dict[str, str]:
    """What sending the form unchanged would send."""
    return dict(_fields(editor))


def _fields(editor: Editor) -> Iterator[tuple[str, str]]:
    yield "key_column", editor.key_column
    yield "attrs", str(len(editor.rows))
    for row in editor.rows:
        values = {
            "target": row.target,
            "kind": row.kind,
            "text": row.text,
            "when": row.when,
            "empty": row.empty,
            "default": row.default,
            "extra": row.extra,
        }
        yield from ((f"attr-{row.number}-{name}", value) for name, value in values.items())
        if row.redact:
            yield f"attr-{row.number}-redact", "on"
    yield "params", str(len(editor.parameters))
    for at, (name, value) in enumerate(editor.parameters):
        yield f"param-{at}-name", name
        yield f"param-{at}-value", value
    for at, path in enumerate(editor.matching):
        yield f"matching-{at}", path
    yield from _group("scope", editor.scope)
    yield "rules", str(len(editor.rules))
    for at, (name, group) in enumerate(editor.rules):
        yield f"rule-{at}-name", name
        yield from _group(f"rule-{at}", group)
    yield "out_of_scope", editor.out_of_scope
    yield DELETE_AFTER, editor.delete_after
    yield from fields_of_lifecycle(editor.lifecycle)
    yield from fields_of_groups(editor.groups)
    for at, each in enumerate(editor.groups):
        yield from _group(f"group-{at}-when", each.when)
    if editor.guests:
        yield "guests", "on"
    yield "extra", editor.extra


def _group(prefix: str, group: ConditionGroup) -> Iterator[tuple[str, str]]:
    yield f"{prefix}-mode", "text" if group.as_text else "rows"
    yield f"{prefix}-word", group.word
    yield f"{prefix}-text", group.text
    yield f"{prefix}-count", str(len(group.rows))
    for at, row in enumerate(group.rows):
        yield f"{prefix}-{at}-column", row.column
        yield f"{prefix}-{at}-is", row.test
        yield f"{prefix}-{at}-value", row.value
