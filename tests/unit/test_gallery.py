"""The gallery and every template keep to the content security policy."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.paginator import Paginator
from django.template.loader import get_template
from django.test import RequestFactory

from tests.support.gallery import gallery_context

TEMPLATES = Path(settings.BASE_DIR) / "templates"
OWN = [*(TEMPLATES / "components").glob("*.html"), *(TEMPLATES / "account").glob("*.html")]
FORBIDDEN = re.compile(
    r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)|https?://|\shx-on", re.I
)


def gallery() -> str:
    """The gallery as a signed-out visitor of a page with a query would get it."""
    request = RequestFactory().get("/", {"q": "noor", "page": "4"})
    return get_template("components/gallery.html").render(gallery_context(), request)


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_template_has_inline_code_inline_style_or_a_foreign_address(path: Path) -> None:
    markup = re.sub(r"{%.*?%}", "", path.read_text())  # a tag's parameter may be called style
    assert not FORBIDDEN.search(markup)
    get_template(str(path.relative_to(TEMPLATES)))


def test_the_whole_gallery_keeps_to_the_policy() -> None:
    html = gallery()
    assert not FORBIDDEN.search(html)
    assert '<script src="/static/portal/portal.js"></script>' in html


def test_every_component_is_used() -> None:
    source = "".join(path.read_text() for path in [*OWN, TEMPLATES / "base.html"])
    used = set(re.findall(r'(?:components/|component "|{% (?=breadcrumb))(\w+)', source))
    assert {path.stem for path in OWN if path.parent.name == "components"} - used == {"gallery"}


def test_pages_keep_the_other_query_parameters() -> None:
    assert 'href="?q=noor&amp;page=5"' in gallery()


@pytest.mark.parametrize(
    ("count", "number", "words"),
    [
        (0, 1, ""),
        (1, 1, "1 person"),
        (3, 1, "1\N{EN DASH}3 of 3 people"),
        (51, 2, "51 of 51 people"),
        (12_400, 2, "51\N{EN DASH}100 of 12,400 people"),
    ],
)
def test_pages_say_how_many_there_are(count: int, number: int, words: str) -> None:
    page = Paginator(range(count), 50).get_page(number)
    context = {"page": page, "noun": "people"}
    shown = get_template("components/pagination.html").render(context, RequestFactory().get("/"))
    assert "".join(re.findall(r"<span>([^<]*)</span>", shown)[:1]) == words
    assert bool(words) == bool(shown.strip())


def test_errors_and_help_are_tied_to_their_field() -> None:
    html = gallery()
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_ids_are_unique() -> None:
    ids = re.findall(r'\sid="([^"]+)"', gallery())
    assert sorted(ids) == sorted(set(ids))
