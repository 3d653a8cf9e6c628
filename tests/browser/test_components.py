"""Components whose look is geometry, drawn by a browser with the styles of the portal."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.sandbox import ROOT

pytestmark = pytest.mark.xdist_group("browser")
STYLES = ROOT / "msp_portal" / "static" / "portal"
STYLE = "".join(
    (STYLES / f"{name}.css").read_text()
    for name in ("tokens", "base", "components", "data", "fields")
)
TILE = '<div class="stat"><dt>Created</dt><dd class="figure">1,234</dd></div>'
# What the tiles leave of their frame, apart from the hairlines between them.
EMPTY = """() => {
  const row = document.querySelector(".stat-row");
  const area = (box) => box.width * box.height;
  const tiles = [...row.children].map((tile) => area(tile.getBoundingClientRect()));
  return 1 - tiles.reduce((sum, one) => sum + one, 0) / area(row.getBoundingClientRect());
}"""
CHART = """<figure class="chart"><div class="chart-scroll">
  <svg viewBox="0 0 960 200" width="960" height="200">
  <rect id="first" x="80" y="0" width="20" height="9"/>
  <rect id="last" x="930" y="0" width="20" height="9"/></svg></div></figure>"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """An empty page of the installed Chromium."""
    page = browser.new_page()
    yield page
    page.close()


def draw(page: Page, inner: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(f"<style>{STYLE}</style>{inner}")


@pytest.mark.parametrize("width", [390, 760, 1040, 1280])
@pytest.mark.parametrize("tiles", [*range(1, 13)])
def test_tiles_fill_their_row(page: Page, tiles: int, width: int) -> None:
    draw(page, f'<dl class="stat-row">{TILE * tiles}</dl>', width)
    assert page.evaluate(EMPTY) < 0.05
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_chart_wider_than_the_screen_begins_with_its_latest_day(page: Page) -> None:
    draw(page, CHART, 390)
    last = page.locator("#last").bounding_box()
    assert last
    assert 0 <= last["x"] <= 390 - last["width"]
    page.locator(".chart-scroll").evaluate("it => it.scrollBy(-2000, 0)")
    first = page.locator("#first").bounding_box()
    assert first
    assert first["x"] >= 0


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
