"""From text to syntax tree: the grammar of the language, and errors a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, NoReturn

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedToken

from provisioning.domain.expressions.errors import ParseError
from provisioning.domain.expressions.tree import (
    Argument,
    Attribute,
    Call,
    Comparison,
    Node,
    Number,
    Omitted,
    Position,
    Text,
    Word,
)

MAX_LENGTH = 20_000
"""Characters of one expression. Far above any real mapping; keeps parsing and caches small."""

MAX_DEPTH = 64
"""Calls within calls. Keeps every recursive walk of a tree far from Python's own limit."""

# Python's own limit for converting digits is thousands; no mapping needs more than a file time.
_MAX_DIGITS = 18

# An attribute name may hold one pair of brackets: [emails[type eq "work"].value].
_GRAMMAR = r"""
start: _argument
_argument: comparison | _operand
comparison: _operand COMPARE _operand
_operand: call | attribute | text | number | hexadecimal | word
call: NAME "(" _slot ("," _slot)* ")"
_slot: _argument | omitted
omitted:
attribute: ATTRIBUTE
text: STRING
number: NUMBER
hexadecimal: HEXADECIMAL
word: NAME

COMPARE: "<=" | ">=" | "<>" | "=" | "<" | ">"
NAME: /[A-Za-z_][A-Za-z0-9_]*/
ATTRIBUTE: /\[(?:[^\[\]\r\n]|\[[^\[\]\r\n]*\])+\]/
STRING: /"(?:[^"\\]|\\.)*"/s
NUMBER: /-?[0-9]+(?:\.[0-9]+)?/
HEXADECIMAL: /&[Hh][0-9A-Fa-f]+/
SPACE: /[\s\u200b\ufeff]+/
%ignore SPACE
"""

_SPOKEN = {"COMMA": ",", "RPAR": ")"}
_ESCAPE = re.compile(r'\\(["\\])')


def parse(text: str) -> Node:
    """The tree of an expression. Raises ParseError and nothing else; names are not checked here."""
    if len(text) > MAX_LENGTH:
        message = f"the expression has {len(text)} characters; at most {MAX_LENGTH} are allowed"
        raise ParseError(message, "", 1, 1)
    if not text.strip():
        raise ParseError("the expression is empty", text, 1, 1)
    try:
        tree: Node = _LARK.parse(text)  # type: ignore[assignment]
    except UnexpectedCharacters as error:
        _refuse_character(text, error)
    except UnexpectedToken as error:
        _refuse_token(text, error)
    except _LimitError as error:
        raise ParseError(error.message, text, error.line, error.column) from None
    return tree


class _LimitError(Exception):
    """A limit was met while the parser ran; `parse` adds the text."""

    def __init__(self, message: str, token: Token) -> None:
        super().__init__(message)
        self.message = message
        self.line = token.line or 1
        self.column = token.column or 1


class _DepthLimit:
    """Counts open brackets as the tokens pass, before a deep tree could be built."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens as they come; too deep a nesting stops the parser."""
        depth = 0
        for token in stream:
            depth += (token.type == "LPAR") - (token.type == "RPAR")
            if depth > MAX_DEPTH:
                raise _LimitError(f"calls are nested more than {MAX_DEPTH} deep", token)
            yield token


def _at(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


class _Builder(Transformer[Token, Argument]):
    """Builds the nodes while the parser runs, so that no second walk is needed."""

    def start(self, children: list[Argument]) -> Argument:
        return children[0]

    def text(self, children: list[Token]) -> Text:
        return Text(_ESCAPE.sub(r"\1", children[0][1:-1]), _at(children[0]))

    def number(self, children: list[Token]) -> Number:
        token = children[0]
        if sum(character.isdigit() for character in token) > _MAX_DIGITS:
            raise _LimitError(f"a number has at most {_MAX_DIGITS} digits", token)
        return Number(float(token) if "." in token else int(token), _at(token))

    def hexadecimal(self, children: list[Token]) -> Number:
        token = children[0]
        if len(token) > 2 + 14:
            raise _LimitError("a hexadecimal number has at most 14 digits", token)
        return Number(int(token[2:], 16), _at(token))

    def word(self, children: list[Token]) -> Word:
        return Word(str(children[0]), _at(children[0]))

    def attribute(self, children: list[Token]) -> Attribute:
        return Attribute(str(children[0][1:-1]), _at(children[0]))

    def omitted(self, _children: list[Token]) -> Omitted:
        return Omitted()

    def comparison(self, children: list[Any]) -> Comparison:
        left, operator, right = children
        return Comparison(left, operator.value, right, left.at)

    def call(self, children: list[Any]) -> Call:
        name, *arguments = children
        at = _at(name)
        if len(arguments) == 1 and isinstance(arguments[0], Omitted):
            return Call(str(name), (), at)
        # An omitted argument has no text of its own; errors about it point at its call.
        placed = (Omitted(at) if isinstance(node, Omitted) else node for node in arguments)
        return Call(str(name), tuple(placed), at)


_LARK = Lark(
    _GRAMMAR,
    parser="lalr",
    lexer="basic",
    transformer=_Builder(),
    postlex=_DepthLimit(),
)


def _refuse_character(text: str, error: UnexpectedCharacters) -> NoReturn:
    refuse = partial(ParseError, text=text, line=error.line, column=error.column)
    character = text[error.pos_in_stream] if error.pos_in_stream is not None else ""
    raise refuse(_CHARACTERS.get(character, f"unexpected character {character!r}")) from None


_STRAIGHT = 'strings stand in straight quotes: "..."'
_CHARACTERS = {
    '"': 'this string is not closed: a " is missing (inside a string it is written \\")',
    "[": "this attribute is not closed or has no name: it is written [name]",
    "]": "unexpected ]: an attribute is written [name]",
    "&": "unexpected &: strings are put together with Append or Join, hexadecimal is &HF7",
    "!": "unexpected !: not equal is written <>",
    "'": _STRAIGHT,
    "“": _STRAIGHT,
    "”": _STRAIGHT,
    "„": _STRAIGHT,
    "+": "unexpected +: strings are put together with Append or Join",
    ";": "unexpected ;: arguments are separated by commas",
}


def _refuse_token(text: str, error: UnexpectedToken) -> NoReturn:
    token = error.token
    line, column = token.line or 1, token.column or 1
    if token.type == "$END":
        before = text.rstrip().split("\n")
        line, column = len(before), len(before[-1]) + 1
    raise ParseError(
        _unexpected(token, set(error.accepts or error.expected)), text, line, column
    ) from None


def _unexpected(token: Token, expected: set[str]) -> str:
    wanted = " or ".join(_SPOKEN[name] for name in ("COMMA", "RPAR") if name in expected)
    if token.type == "$END":
        return f"the expression ends too early: {wanted or 'a value'} is missing"
    found = f"unexpected {str(token)[:40]}"
    if "$END" in expected:
        return f"{found}: the expression is complete before it"
    if wanted:
        return f"{found}: {wanted} was expected"
    if token.type == "LPAR":
        return f"{found}: brackets belong to a function's arguments only"
    return f"{found}: a value was expected"
