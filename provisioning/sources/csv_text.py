"""From bytes to physical lines: which encoding a file is in, and whether it is text at all."""

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from provisioning.sources.base import UnusableSource

BLOCK = 64 * 1024
# Characters of one physical line. Beyond it there is no table, and no reason to hold it in memory.
LINE_LIMIT = 16 * 1024 * 1024

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXPORT = "export it as CSV and upload that"
_SIGNATURES = (
    (b"\xd0\xcf\x11\xe0", "workbook", f"This looks like an Excel workbook; {_EXPORT}."),
    (b"%PDF-", "not_text", f"This looks like a PDF document; {_EXPORT}."),
    (b"\x1f\x8b", "not_text", "This looks like a gzip archive; unpack it and upload the CSV file."),
)
_MARKUP = re.compile(rb"\s*<(!doctype|html|table|\?xml)", re.IGNORECASE)
_CONTROL = re.compile("[\x01-\x08\x0e-\x1f\x7f]")
_NOT_TEXT = "The file is not text in UTF-8, UTF-16 or Windows-1252; export it as CSV."


def text_encoding(stream: BinaryIO) -> str:
    """The codec that reads the whole stream: by byte order mark, else UTF-8, else Windows-1252.

    Raises UnusableSource when it is empty, a known other format, or no text.
    """
    stream.seek(0)
    head = stream.read(BLOCK)
    if not head:
        raise UnusableSource("empty", "The file is empty.")
    _refuse_other_formats(head)
    for encoding in _candidates(head):
        try:
            _check_text(stream, encoding)
        except UnicodeDecodeError:
            if encoding.startswith("utf-8"):
                _refuse_damaged_utf8(stream)
            continue
        return encoding
    raise UnusableSource("not_text", _NOT_TEXT)


def lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Physical lines of the stream from its start, ends kept: LF, CRLF or a lone CR.

    The stream stays open. Raises UnusableSource for a line beyond LINE_LIMIT.
    """
    pending: list[str] = []
    size, number = 0, 1
    for text in _blocks(stream, encoding):
        for piece in io.StringIO(text, newline=""):
            pending.append(piece)
            size += len(piece)
            if size > LINE_LIMIT:
                message = f"Line {number} is too long for a table of people."
                raise UnusableSource("line_too_long", message)
            if piece[-1] in "\r\n":
                yield "".join(pending)
                pending.clear()
                size, number = 0, number + 1
    if pending:
        yield "".join(pending)


def _blocks(stream: BinaryIO, encoding: str, errors: str = "strict") -> Iterator[str]:
    # Without translation this decoder only keeps a CR back until it is known whether LF follows.
    raw = codecs.getincrementaldecoder(encoding)(errors)
    decoder = io.IncrementalNewlineDecoder(raw, translate=False)
    stream.seek(0)
    while block := stream.read(BLOCK):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _refuse_other_formats(head: bytes) -> None:
    for signature, code, message in _SIGNATURES:
        if head.startswith(signature):
            raise UnusableSource(code, message)
    if head.startswith(b"PK\x03\x04"):
        if any(part in head for part in (b"[Content_Types].xml", b"xl/", b"opendocument")):
            raise UnusableSource("workbook", f"This looks like an Excel workbook; {_EXPORT}.")
        message = "This looks like a ZIP archive; unpack it and upload the CSV file."
        raise UnusableSource("not_text", message)
    if _MARKUP.match(head):
        raise UnusableSource("not_text", f"This looks like a web page or XML; {_EXPORT}.")


def _candidates(head: bytes) -> tuple[str, ...]:
    marked = tuple(encoding for mark, encoding in _BYTE_ORDER_MARKS if head.startswith(mark))
    return marked or ("utf-8", "cp1252")


def _check_text(stream: BinaryIO, encoding: str) -> None:
    controls = line_ends = 0
    for text in _blocks(stream, encoding):
        if "\0" in text:
            raise UnusableSource("not_text", _NOT_TEXT)
        controls += len(_CONTROL.findall(text))
        line_ends += text.count("\n") + text.count("\r")
    # A stray control character happens in real text; more of them than lines is something else.
    if controls > line_ends + 1:
        raise UnusableSource("not_text", _NOT_TEXT)


def _refuse_damaged_utf8(stream: BinaryIO) -> None:
    # UTF-8 with a few broken bytes would pass as Windows-1252 and garble every name in it.
    broken = whole = 0
    for text in _blocks(stream, "utf-8", "replace"):
        damage = text.count("\ufffd")
        broken += damage
        whole += len(text) - len(text.encode("ascii", "ignore")) - damage
    if whole > broken:
        message = f"The file is UTF-8 with {broken} broken characters; export it again."
        raise UnusableSource("damaged_text", message)
