"""Functions on bits, and on text as bytes."""

from __future__ import annotations

import base64
import codecs

from provisioning.domain.expressions.signature import Function, strict
from provisioning.domain.expressions.values import Value, limited, to_integer, to_text

# Python loads a codec when it is first asked for; evaluating must not load anything.
_UTF16 = codecs.lookup("utf-16-le")


@strict(
    "BitAnd(value1, value2)",
    "The bits that both numbers have.",
    "BitAnd(&HF, &HF7)",
)
def bit_and(value1: Value, value2: Value) -> Value:
    """Whole numbers; negative ones in two's complement. Null when either is."""
    if value1 is None or value2 is None:
        return None
    return to_integer(value1, "value1") & to_integer(value2, "value2")


@strict(
    "ConvertToBase64(source)",
    "Base64 of the text's UTF-16 bytes, little endian.",
    'ConvertToBase64("Hi")',
)
def convert_to_base64(source: Value) -> Value:
    """Unpaired surrogates pass through as they are."""
    if source is None:
        return None
    coded, _ = _UTF16.encode(to_text(source), "surrogatepass")
    return limited(base64.b64encode(coded).decode("ascii"))


@strict(
    "ConvertToUTF8Hex(source)",
    "The text's UTF-8 bytes in upper-case hexadecimal.",
    "ConvertToUTF8Hex([first])",
)
def convert_to_utf8_hex(source: Value) -> Value:
    """Unpaired surrogates pass through as they are."""
    if source is None:
        return None
    return limited(to_text(source).encode("utf-8", "surrogatepass").hex().upper())


FUNCTIONS: tuple[Function, ...] = (bit_and, convert_to_base64, convert_to_utf8_hex)
