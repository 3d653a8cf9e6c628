"""What Django lets pass in templates without a word."""

import re
from pathlib import Path

import pytest

from tests.support.sandbox import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
_TAG, _KEPT, _USED = re.compile(r"{%\s*(.*?)\s*%}"), re.compile(r"\bas (\w+)$"), r"=(\w+)\b"


def forgotten(text: str) -> set[str]:
    """Names given as parameters where they are empty: kept by another block, which has ended."""
    blocks, kept, found = [set[str]()], set[str](), set[str]()
    for tag in _TAG.findall(text):
        name = tag.partition(" ")[0]
        if name == "block":
            blocks.append(set())
        elif name == "endblock":
            blocks.pop()
        found |= set(re.findall(_USED, tag)) - set().union(*blocks)
        if match := _KEPT.search(tag):
            blocks[-1].add(match[1])
            kept.add(match[1])
    return found & kept


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_block_keeps_is_used_within_it(path: Path) -> None:
    """Else a button that leads back has no address, and sends the form instead."""
    assert forgotten(path.read_text()) == set()


def test_a_name_of_another_block_is_noticed() -> None:
    text = '{% block a %}{% url "x" as back_url %}{% endblock %}{% block b %}{% f url=back_url %}'
    assert forgotten(text) == {"back_url"}
    assert forgotten(text.replace("{% endblock %}{% block b %}", "")) == set()
