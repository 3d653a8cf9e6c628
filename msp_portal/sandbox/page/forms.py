"""Forms and their fields. A refused form shows what was typed, and the reason beside it."""

from collections.abc import Iterable

from msp_portal.sandbox.page.html import Child, Markup, element
from msp_portal.sandbox.page.visit import Draft, Visit


class Form:
    """One form of a page; `name` tells the forms of a page apart.

    `more` of its fields are attributes of the control, and `hint`.
    """

    def __init__(self, visit: Visit, name: str, action: str) -> None:
        self._name = name
        self._action = action
        draft = visit.draft
        self._draft: Draft | None = draft if draft and draft.form == name else None

    @property
    def refused(self) -> bool:
        """Whether this form was just sent and refused."""
        return self._draft is not None

    def render(
        self, *children: Child, submit: str, danger: bool = False, method: str = "post"
    ) -> Markup:
        """The whole form with its button."""
        button = element("button", submit, class_="danger" if danger else "primary")
        actions = element("div", button, class_="actions")
        inside = [self._problem(), *children, actions]
        return element("form", inside, method=method, action=self._action, id=self._name)

    def text(self, name: str, label: str, value: str = "", **more: str) -> Markup:
        """One line of text."""
        return self._labelled(name, label, self._input(name, value, "text", **more), more)

    def number(self, name: str, label: str, value: str = "", **more: str) -> Markup:
        """A number; the server checks it, so that its sentence is shown and nothing is lost."""
        shown = self._input(name, value, "text", inputmode="decimal", **more)
        return self._labelled(name, label, shown, more)

    def day(self, name: str, label: str, value: str) -> Markup:
        """A date, YYYY-MM-DD."""
        return self._labelled(name, label, self._input(name, value, "date"), {})

    def lines(self, name: str, label: str, value: str = "", **more: str) -> Markup:
        """Several lines of text."""
        typed = "\n" + self.typed(name, value)  # a browser drops the first line break
        shown = element("textarea", typed, rows=3, spellcheck="false", **self._names(name, more))
        return self._labelled(name, label, shown, more)

    def choice(
        self,
        name: str,
        label: str,
        options: Iterable[tuple[str, str]],
        value: str = "",
        **more: str,
    ) -> Markup:
        """One of several, given as value and words."""
        typed = self.typed(name, value)
        shown = [
            element("option", words, value=each, selected=each == typed) for each, words in options
        ]
        return self._labelled(
            name, label, element("select", shown, **self._names(name, more)), more
        )

    def check(
        self, name: str, label: Child, value: str, *, checked: bool, hint: Child = None
    ) -> Markup:
        """A box to tick; several may share a name."""
        if self._draft:
            checked = value in self._draft.typed.get(name, [])
        box = element("input", type="checkbox", name=name, value=value, checked=checked)
        told = element("span", hint, class_="hint") if hint else None
        return element("label", box, element("span", label, told), class_="check")

    def hidden(self, name: str, value: str) -> Markup:
        """A field that travels along."""
        return element("input", type="hidden", name=name, value=value)

    def typed(self, name: str, usual: str) -> str:
        """What was typed into a field of a refused form; otherwise the usual value."""
        return self._draft.typed.get(name, [""])[0] if self._draft else usual

    def _input(self, name: str, value: str, kind: str, **more: str) -> Markup:
        named = self._names(name, more)
        typed = self.typed(name, value)
        return element(
            "input", type=kind, value=typed, autocomplete="off", spellcheck="false", **named
        )

    def _names(self, name: str, more: dict[str, str]) -> dict[str, str]:
        ident = self._id(name)
        shown = {key: value for key, value in more.items() if key != "hint"}
        told = {"aria_describedby": f"{ident}-hint"} if "hint" in more else {}
        return {"name": name, "id": ident, **told, **shown}

    def _labelled(self, name: str, label: str, control: Markup, more: dict[str, str]) -> Markup:
        ident = self._id(name)
        hint = more.get("hint")
        told = element("p", hint, class_="hint", id=f"{ident}-hint") if hint else None
        return element("div", element("label", label, for_=ident), control, told, class_="field")

    def _problem(self) -> Markup | None:
        if self._draft is None:
            return None
        return element("p", self._draft.error, class_="problem", role="alert")

    def _id(self, name: str) -> str:
        return f"{self._name}-{name}"


def button(action: str, words: str, *, label: str = "", **fields: str) -> Markup:
    """A form that is only a button; `label` says to a screen reader what it is about."""
    hidden = [element("input", type="hidden", name=k, value=v) for k, v in fields.items()]
    pressed = element("button", words, class_="quiet", aria_label=label or None)
    return element("form", hidden, pressed, method="post", action=action, class_="inline")
