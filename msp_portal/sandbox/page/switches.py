"""All switches of one directory as one form."""

from dataclasses import fields
from typing import Any, get_type_hints

from msp_portal.sandbox.errors import ControlError
from msp_portal.sandbox.http import Json, Response
from msp_portal.sandbox.page.explanations import EXPLANATIONS, WORDS
from msp_portal.sandbox.page.forms import Form
from msp_portal.sandbox.page.html import Markup, element
from msp_portal.sandbox.page.layout import document, tenant_head
from msp_portal.sandbox.page.parts import card
from msp_portal.sandbox.page.visit import Visit
from msp_portal.sandbox.page.words import address
from msp_portal.sandbox.switches import CHOICES, Switches

HINTS = get_type_hints(Switches)
DEFAULTS: Json = {each.name: each.default for each in fields(Switches)}
_LEDE = "Where sources about the service disagree, and what a rehearsal needs."


def show(visit: Visit, status: int = 200) -> Response:
    """The form, by theme."""
    tenant = visit.tenant()
    form = Form(visit, "switches", address("tenants", tenant.id, "switches"))
    themes = {**EXPLANATIONS, "Others": {name: "" for name in DEFAULTS if name not in WORDS}}
    body = form.render(
        [_theme(form, title, theme, tenant.switches) for title, theme in themes.items() if theme],
        submit="Save the switches",
    )
    whole = card("Switches", body, lede=_LEDE)
    title = f"Switches of {tenant.config.name}"
    return document(visit, title, tenant_head(tenant, "switches"), whole, status=status)


def settings_of(visit: Visit) -> Json:
    """The submitted switches that differ from their defaults; ControlError 400."""
    chosen = {name: _read(name, visit.field(name)) for name in DEFAULTS if name in visit.form}
    return {name: value for name, value in chosen.items() if value != DEFAULTS[name]}


def written(value: Any) -> str:
    """A value as the form and the documentation write it."""
    if value is None:
        return "as started"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def values_of(name: str) -> list[Any] | None:
    """The values to choose from; None: any."""
    if name in CHOICES:
        return list(CHOICES[name])
    either: dict[Any, list[Any]] = {bool: [True, False], bool | None: [None, True, False]}
    return either.get(HINTS[name])


def _theme(form: Form, title: str, theme: dict[str, str], switches: Switches) -> Markup:
    rows = [_switch(form, name, words, getattr(switches, name)) for name, words in theme.items()]
    return element("fieldset", element("legend", title), rows, class_="switches")


def _switch(form: Form, name: str, words: str, value: Any) -> Markup:
    changed = value != DEFAULTS[name]
    told = f"{words} Default: {written(DEFAULTS[name])}."
    options = values_of(name)
    if options is None:
        return _marked(form.text(name, name, written(value), hint=told), changed)
    pairs = [(written(each), written(each)) for each in options]
    return _marked(form.choice(name, name, pairs, written(value), hint=told), changed)


def _marked(field: Markup, changed: bool) -> Markup:
    return element("div", field, class_="switch changed" if changed else "switch")


def _read(name: str, text: str) -> Any:
    options = values_of(name)
    if options is not None:
        found = [each for each in options if written(each) == text]
        if not found:
            raise ControlError(400, f"{name} cannot be {text!r}.")
        return found[0]
    kind = HINTS[name]
    if kind is str:
        return text
    try:
        return kind(text)
    except ValueError:
        raise ControlError(400, f"{name} must be a number, not {text!r}.") from None
