"""Values of attributes: types, one value per type, what is read-only (fact sheet, 5)."""

import re
from typing import Any

from msp_portal.sandbox.errors import ScimError, bad_value, read_only
from msp_portal.sandbox.http import Json
from msp_portal.sandbox.schemas import Attribute, ResourceSchemas, Schema

_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_COUNTRY = re.compile(r"[A-Za-z]{2}", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def is_guid(text: str) -> bool:
    """Whether `text` is a GUID with dashes."""
    return _GUID.fullmatch(text) is not None


def is_proxy_row(row: Json) -> bool:
    """Whether an e-mail row is a proxy address: read-only, shown as work and not primary."""
    return row.get("type") == "work" and row.get("primary") is not True


def clean_resource(kind: ResourceSchemas, body: Json) -> Json:
    """The attributes of a creation under their canonical names, empty ones left out."""
    clean: Json = {}
    for key, value in body.items():
        lowered = key.lower()
        if lowered == "schemas":
            continue
        if lowered in kind.extensions:
            extension = kind.extensions[lowered]
            part = _clean_extension(extension, value)
            if part:
                clean[extension.urn] = part
            continue
        attribute = kind.core.index.get(lowered)
        if attribute is None:
            raise bad_value(f"Attribute '{key}' is not defined in any schema of this resource.")
        _keep(clean, attribute, value)
    return clean


def _clean_extension(schema: Schema, value: Any) -> Json:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_value(f"'{schema.urn}' must be an object.")
    clean: Json = {}
    for key, part in value.items():
        attribute = schema.index.get(key.lower())
        if attribute is None:
            raise bad_value(f"Attribute '{key}' is not defined in '{schema.urn}'.")
        _keep(clean, attribute, part)
    return clean


def _keep(clean: Json, attribute: Attribute, value: Any) -> None:
    if attribute.mutability == "readOnly":
        raise read_only(attribute.name)
    value = clean_value(attribute, value)
    if value is not None:
        clean[attribute.name] = value


def clean_value(attribute: Attribute, value: Any) -> Any:
    """`value` checked and under canonical names; None when it is empty. ScimError 400."""
    if value is None or value in ("", []):
        return None
    if attribute.multi:
        if not isinstance(value, list):
            raise bad_value(f"Attribute '{attribute.name}' must be a list.")
        if not attribute.sub:
            return [_clean_single(attribute, each) for each in value]
        rows = [_clean_complex(attribute, each) for each in value]
        _check_rows(attribute, rows)
        return rows
    return _clean_single(attribute, value)


def _clean_single(attribute: Attribute, value: Any) -> Any:
    if attribute.type == "complex":
        return _clean_complex(attribute, value)
    if attribute.type == "boolean":
        if not isinstance(value, bool):
            raise bad_value(f"Attribute '{attribute.name}' must be a boolean.")
        return value
    if attribute.type == "integer":
        if not isinstance(value, int) or isinstance(value, bool):
            raise bad_value(f"Attribute '{attribute.name}' must be an integer.")
        return value
    if not isinstance(value, str):
        raise bad_value(f"Attribute '{attribute.name}' must be a string.")
    _check_text(attribute, value)
    return value


def _check_text(attribute: Attribute, value: str) -> None:
    if attribute.type == "dateTime" and not _DATE.fullmatch(value):
        raise bad_value(f"Attribute '{attribute.name}' must be a date and time (ISO 8601).")
    if attribute.values and attribute.case_exact and value not in attribute.values:
        raise bad_value(f"'{value}' is not one of the predefined values of '{attribute.name}'.")
    if attribute.name == "preferredLanguage" and not _LANGUAGE.fullmatch(value):
        raise bad_value("Attribute 'preferredLanguage' must be a single language such as 'en-US'.")
    if attribute.name == "usageLocation" and not _COUNTRY.fullmatch(value):
        raise bad_value("Attribute 'usageLocation' must be a two-letter country code.")


def _clean_complex(attribute: Attribute, value: Any) -> Json:
    if not isinstance(value, dict):
        raise bad_value(f"A value of '{attribute.name}' must be an object.")
    clean: Json = {}
    for key, part in value.items():
        sub = attribute.index.get(key.lower())
        if sub is None:
            raise bad_value(f"'{attribute.name}' has no sub-attribute '{key}'.")
        part = clean_value(sub, part)
        if part is not None:
            clean[sub.name] = part
    return clean


def _check_rows(attribute: Attribute, rows: list[Json]) -> None:
    seen: set[str] = set()
    for row in rows:
        kind = row.get("type")
        _check_row(attribute, row, kind)
        repeatable = attribute.name == "ims" or (attribute.name == "emails" and kind == "other")
        if kind in seen and not repeatable:
            raise bad_value(f"'{attribute.name}' takes one value of type '{kind}'.")
        seen.add(str(kind))


def _check_row(attribute: Attribute, row: Json, kind: Any) -> None:
    types = attribute.index["type"].values if "type" in attribute.index else ()
    if attribute.name == "emails":
        _check_email(row)
    if types and kind not in types:
        allowed = ", ".join(types)
        raise bad_value(f"The type of a value of '{attribute.name}' must be one of: {allowed}.")
    if "value" in attribute.index and not row.get("value"):
        raise bad_value(f"A value of '{attribute.name}' needs the sub-attribute 'value'.")


def _check_email(row: Json) -> None:
    if row.get("type") == "proxyAddress" or is_proxy_row(row):
        raise ScimError(
            400,
            "E-mail addresses of type 'proxyAddress', and those of type 'work' that are not "
            "primary, are read-only.",
            "mutability",
        )
    if "@" not in str(row.get("value", "")):
        raise bad_value("Invalid value specified for property 'mail' of resource 'User'.")
