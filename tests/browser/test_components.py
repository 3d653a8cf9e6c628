"""Components whose look is geometry, drawn by a browser with the styles of the portal."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.template import engines
from playwright.sync_api import Browser, Page

from billing.charts import stacked_bars
from tests.support.sandbox import ROOT

pytestmark = pytest.mark.xdist_group("browser")
STYLES = ROOT / "msp_portal" / "static" / "portal"
STYLE = "".join(
    (STYLES / f"{name}.css").read_text()
    for name in ("tokens", "base", "layout", "controls", "fields", "components", "changes", "data")
)
TILE = '<div class="stat"><dt>Created</dt><dd class="figure">1,234</dd></div>'
# What the tiles leave of their frame, apart from the hairlines between them.
EMPTY = """() => {
  const row = document.querySelector(".stat-row");
  const area = (box) => box.width * box.height;
  const tiles = [...row.children].map((tile) => area(tile.getBoundingClientRect()));
  return 1 - tiles.reduce((sum, one) => sum + one, 0) / area(row.getBoundingClientRect());
}"""
CHART = '{% include "components/bar_chart.html" with chart=chart label="Calls" only %}'

TABS = """{% component "tabs" %}
  {% for name in names %}
    {% include "components/tab.html" with label=name url="#" active=forloop.last only %}
  {% endfor %}
{% endcomponent %}"""
HEADER = """{% component "page_header" title="Costs" lede="Calls and what they cost." %}
  {% include "components/print_button.html" only %}
{% endcomponent %}"""
FILTERS = """{% component "filter_bar" value="" clear_url="#" %}
  {% include "components/select.html" with name="only" label="State" only %}
  {% include "components/select.html" with name="sort" label="Sort by" only %}
{% endcomponent %}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of the installed Chromium."""
    page = browser.new_page()
    yield page
    page.close()


def draw(page: Page, inner: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(f"<html data-js><style>{STYLE}</style>{inner}")


def made(source: str) -> str:
    """A template of components as a page has it."""
    names = ["Costs", "Statements", "Reconciliation", "Budgets", "Price book", "Exchange rates"]
    template = engines["django"].from_string("{% load portal_ui %}" + source)
    days = [str(day) for day in range(1, 31)]
    chart = stacked_bars(days, [("calls", [Decimal(100 + day) for day in range(30)])])
    return template.render({"names": names, "chart": chart})


@pytest.mark.parametrize("width", [390, 760, 1040, 1280])
@pytest.mark.parametrize("tiles", [*range(1, 13)])
def test_tiles_fill_their_row(page: Page, tiles: int, width: int) -> None:
    draw(page, f'<dl class="stat-row">{TILE * tiles}</dl>', width)
    assert page.evaluate(EMPTY) < 0.05
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_chart_wider_than_the_screen_begins_with_its_latest_day(page: Page) -> None:
    draw(page, made(CHART), 390)
    bars, scale = page.locator(".chart rect"), page.locator(".chart-axis")
    last = bars.last.bounding_box()
    assert last
    assert 0 <= last["x"] <= 390 - last["width"]
    for _ in range(2):  # the scale stays, wherever the days are
        axis = scale.bounding_box()
        assert axis
        assert 0 <= axis["x"] < 50
        page.locator(".chart-scroll").evaluate("it => it.scrollBy(-2000, 0)")
    first, axis = bars.first.bounding_box(), scale.bounding_box()
    assert first
    assert axis
    assert axis["x"] + axis["width"] <= first["x"]
    assert page.locator(".chart-hint").is_visible()


def test_a_chart_that_fits_does_not_speak_of_scrolling(page: Page) -> None:
    draw(page, made(CHART), 1280)
    assert not page.locator(".chart-hint").is_visible()
    ticks = page.locator(".tick-label").first.bounding_box()
    line = page.locator(".tick-zero").bounding_box()
    assert ticks
    assert line
    assert abs(ticks["y"] + ticks["height"] / 2 - line["y"]) < 3  # each number at its line


def test_a_long_rule_wraps_in_a_stacked_table(page: Page) -> None:
    rule = f'Join("", [{"given_name_of_the_person_" * 6}])'
    cell = f'<td data-label="Rule"><code>{rule}</code></td>'
    table = f"<table><tbody><tr><th>Name</th>{cell}</tr></tbody></table>"
    draw(page, f'<div class="table-stacked">{table}</div>', 390)
    code = page.locator("code").bounding_box()
    assert code
    assert code["x"] + code["width"] <= 390


def test_a_frozen_text_looks_like_a_frozen_choice(page: Page) -> None:
    fields = "<input type='text' disabled value='a'><select disabled></select><input type='text'>"
    draw(page, fields, 390)
    read = "all => all.map((it) => getComputedStyle(it).backgroundColor)"
    text, choice, free = page.locator("input, select").evaluate_all(read)
    assert text == choice != free


def test_tabs_stay_one_row_that_begins_at_this_page(page: Page) -> None:
    draw(page, made(TABS), 390)
    tops = page.locator(".tabs li").evaluate_all("all => all.map((it) => it.offsetTop)")
    assert len(set(tops)) == 1
    here = page.locator("[aria-current]").bounding_box()
    assert here
    assert 0 <= here["x"] <= 390 - here["width"] + 1


def test_print_is_an_icon_beside_the_title_on_a_phone(page: Page) -> None:
    draw(page, made(HEADER), 390)
    button, title = page.get_by_role("button", name="Print"), page.locator("h1")
    drawn, beside = button.bounding_box(), title.bounding_box()
    assert drawn
    assert beside
    assert drawn["width"] < 50
    assert drawn["y"] < beside["y"] + beside["height"]


def test_filters_take_little_of_a_phone(page: Page) -> None:
    draw(page, made(FILTERS), 390)
    bar = page.locator(".filter-bar").bounding_box()
    assert bar
    assert bar["height"] < 200
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_request_of_an_error_stands_in_its_middle(page: Page) -> None:
    draw(page, '<div class="empty"><h1>Wrong</h1></div><p class="request-id"><b>id</b></p>', 390)
    told = page.locator("b").bounding_box()
    assert told
    assert abs(told["x"] + told["width"] / 2 - 195) < 10
