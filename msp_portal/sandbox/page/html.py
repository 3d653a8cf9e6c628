"""HTML as values: whatever is not Markup is escaped when it becomes part of an element."""

from collections.abc import Iterable
from html import escape

VOID = frozenset({"input", "meta", "link", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | int | Iterable["Child"] | None
Attribute = str | int | bool | None


def element(tag: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """An element. `class_` is class, `aria_label` is aria-label; None and False leave out."""
    start = f"<{tag}{''.join(_attribute(k, v) for k, v in attributes.items())}>"
    if tag in VOID:
        return Markup(start)
    return Markup(f"{start}{join(children)}</{tag}>")


def join(children: Child) -> Markup:
    """Children one after the other, escaped where they are text."""
    match children:
        case None:
            return Markup("")
        case Markup():
            return children
        case str():
            return Markup(escape(children))
        case int():
            return Markup(children)
    return Markup("".join(join(each) for each in children))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
