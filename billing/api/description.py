"""The API in the words of OpenAPI 3.1, made of the views' own types: it says what they do."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from django.urls import URLPattern, URLResolver, get_resolver

from tenants.api import LIMITS, PROBLEM, Endpoint, Problem

_PROBLEMS = {
    "400": "A parameter is unknown or cannot be what it is.",
    "401": "No token, or one that is unknown, expired or revoked, or of somebody who is gone.",
    "403": "Whoever made the token may not bill any of its customers any more.",
    "404": "There is nothing here that the token may see.",
    "429": "Too many requests; Retry-After says for how many seconds to wait.",
}
_HOLE = re.compile(r"<(?:\w+:)?(\w+)>")


@cache
def openapi() -> bytes:
    """The description as JSON."""
    found = list(_endpoints(get_resolver().url_patterns))
    answers = [endpoint.answer for _, _, endpoint in found]
    schemas, components = _schemas([*answers, Problem])
    refused = {status: _answer(words, PROBLEM, schemas[-1]) for status, words in _PROBLEMS.items()}
    paths = {
        path: {
            "get": {
                "operationId": name,
                "summary": endpoint.words,
                "parameters": _parameters(path, endpoint),
                "responses": _given(schema) | refused,
            }
        }
        for (path, name, endpoint), schema in zip(found, schemas, strict=False)
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "MSP portal", "version": "1", "description": _WORDS},
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{"token": []}],
        }
    )


_WORDS = (
    "Figures for the MSP's own invoicing, read only. Amounts are exact decimals, written as text."
    f" A token may ask {LIMITS['api'].partition('/')[0]} times a minute."
)


def _endpoints(
    entries: Iterable[URLPattern | URLResolver], before: str = "/"
) -> Iterator[tuple[str, str, Endpoint[Any]]]:
    for entry in entries:
        route = f"{before}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from _endpoints(entry.url_patterns, route)
        elif found := getattr(entry.callback, "endpoint", None):
            yield _HOLE.sub(r"{\1}", route), entry.name or "", found


def _schemas(types: list[Any]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    made, named = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return list(made), named


def _parameters(path: str, endpoint: Endpoint[Any]) -> list[dict[str, Any]]:
    _, named = _schemas([endpoint.query])
    (query,) = named.values()
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer"}}
        for name in re.findall(r"{(\w+)}", path)
    ] + [
        {"name": name, "in": "query", "required": name in query["required"], "schema": schema}
        for name, schema in query["properties"].items()
    ]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    fresh = _answer("The figures.", "application/json", schema)
    fresh["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return {"200": fresh, "304": {"description": "Nothing has changed (If-None-Match)."}}


def _answer(words: str, content_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": words, "content": {content_type: {"schema": schema}}}
