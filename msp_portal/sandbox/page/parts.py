"""Pieces that every page is made of."""

from collections.abc import Iterable, Sequence

from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.words import address, count


def card(title: str, *children: Child, lede: Child = None, ident: str = "") -> Markup:
    """A section with a heading."""
    told = element("p", lede, class_="lede") if lede else None
    heading = element("h2", title)
    return element("section", heading, told, *children, class_="card", id=ident or None)


def link(words: Child, href: str, **more: str) -> Markup:
    """A link."""
    return element("a", words, href=href, **more)


def code(text: str) -> Markup:
    """Something to copy."""
    return element("code", text)


def badge(words: str, kind: str = "neutral") -> Markup:
    """A state: neutral, good, warn, bad."""
    return element("span", words, class_=f"badge {kind}")


def facts(rows: Iterable[tuple[str, Child]]) -> Markup:
    """Names with values."""
    pairs = [element("div", element("dt", name), element("dd", value)) for name, value in rows]
    return element("dl", pairs, class_="facts")


def table(
    caption: str,
    heads: Sequence[tuple[str, str]],
    rows: Iterable[Sequence[Child]],
    foot: Sequence[Child] | None = None,
    *,
    stacked: bool = True,
) -> Markup:
    """Heads are words and class (`num` aligns right). On a phone a stacked row becomes a block."""
    body = [_row(heads, row) for row in rows]
    head = element("tr", [element("th", words, scope="col", class_=kind) for words, kind in heads])
    whole = element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", head),
        element("tbody", body),
        element("tfoot", _row(heads, foot)) if foot else None,
        class_="stacked" if stacked else None,
    )
    return element("div", whole, class_="scroll", tabindex=None if stacked else "0",
                   role=None if stacked else "region",
                   aria_label=None if stacked else caption)  # fmt: skip


def _row(heads: Sequence[tuple[str, str]], cells: Sequence[Child]) -> Markup:
    """The first cell names the row; every cell repeats its head for phones."""
    shown: list[Markup] = []
    for (words, kind), cell in zip(heads, cells, strict=True):
        name = "td" if shown else "th"
        scope = None if shown else "row"
        shown.append(
            element(
                name,
                element("span", cell),
                class_=kind or None,
                scope=scope,
                data_head=words or None,
            )
        )
    return element("tr", shown)


def empty(words: str) -> Markup:
    """What stands where a list would be."""
    return element("p", words, class_="empty")


def pager(parts: tuple[str, ...], page: int, pages: int, **query: str) -> Markup | None:
    """Links to the pages before and after; nothing for a single page."""
    if pages < 2:
        return None
    before = link("Previous", address(*parts, **query, page=page - 1), rel="prev")
    after = link("Next", address(*parts, **query, page=page + 1), rel="next")
    return element(
        "nav",
        before if page > 1 else element("span", "Previous", aria_disabled="true"),
        element("span", f"Page {count(page)} of {count(pages)}"),
        after if page < pages else element("span", "Next", aria_disabled="true"),
        class_="pager",
        aria_label="Pages",
    )
