"""A cost export's bytes: unpacked, bounded, hashed, and split into rows as often as one asks.

CostFileError
├── UnreadableExport   damaged, too large, or several files in one archive
├── NotACostExport     columns are missing
├── AmbiguousExport    can be read in two ways; a hint (`azure_survey.Hints`) decides
└── DisprovedHint      the file shows that a hint is wrong
"""

import codecs
import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO, cast

MOST_BYTES = 2 * 1024**3
LONGEST_LINE = 1024**2
_BLOCK = 1024**2
_HEAD = 4096
_FALLBACK = "cp1252"
# What somebody may take for the export, by its first bytes.
_EXCEL = "This is an Excel file; save it as CSV."
_KNOWN = {b"\xd0\xcf\x11\xe0": _EXCEL, b"PAR1": "This is a Parquet file; export the costs as CSV."}
# Control characters but for those of a text and the zeros of UTF-16.
_CONTROLS = bytes({*range(1, 9), *range(14, 32)})
# Stands after the text, so that a row that takes it in was not ended: no export holds it.
_END = "\ue000end"


class CostFileError(Exception):
    """The file cannot be imported; the message says why, in words for people."""


class UnreadableExport(CostFileError):
    """Damaged, empty, too large, or an archive with several files."""


class NotACostExport(CostFileError):
    """`missing`: what no column of the file says."""

    def __init__(self, message: str, missing: tuple[str, ...]) -> None:
        super().__init__(message)
        self.missing = missing


class AmbiguousExport(CostFileError):
    """`hint`: the field of `Hints` that decides how the file is read."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class DisprovedHint(CostFileError):
    """`hint`: the field of `Hints` that the file contradicts."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class CostFile:
    """A CSV file, plain, as gzip or alone in a ZIP archive; the stream must be seekable."""

    def __init__(self, source: bytes | BinaryIO, most: int = MOST_BYTES) -> None:
        self._stream = io.BytesIO(source) if isinstance(source, bytes) else source
        self.content_hash, self.encoding = self._look(most)
        # How the text ends, when all rows have been read: inside a quotation, within a line.
        self.ends_quoted = self.ends_midline = False

    def rows(self, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of its last line; raises UnreadableExport."""
        # What Excel saves as "CSV" on Windows; a byte that is no letter there is no figure either.
        errors = "replace" if self.encoding == _FALLBACK else "strict"
        self.ends_quoted, before = False, 0
        with self._unpacked() as raw:
            text = io.TextIOWrapper(raw, self.encoding, errors, newline="")
            reader = csv.reader(self._lines(text), delimiter=delimiter)
            try:
                for row in reader:
                    self.ends_quoted = bool(row) and row[-1].endswith(_END)
                    if row == [_END]:
                        self.ends_quoted = False
                    elif self.ends_quoted:
                        yield reader.line_num - 1, [*row[:-1], row[-1].removesuffix(_END)]
                    else:
                        yield reader.line_num, row
                    before = reader.line_num
            except csv.Error as error:
                raise UnreadableExport(f"Line {before + 1}: {_row_words(error)}") from error
            except UnicodeError as error:
                message = f"After line {reader.line_num} the text is damaged ({self.encoding})."
                raise UnreadableExport(message) from error
            finally:
                text.detach()

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        while line := text.readline(LONGEST_LINE):
            self.ends_midline = not line.endswith(("\r", "\n"))
            if len(line) == LONGEST_LINE and self.ends_midline:
                raise UnreadableExport(f"A line has more than {LONGEST_LINE:,} characters.")
            yield line
        yield _END

    def _look(self, most: int) -> tuple[str, str]:
        """SHA-256 of the unpacked bytes, so that a packed copy is the same file; encoding."""
        digest, size, head = hashlib.sha256(), 0, b""
        utf8 = codecs.getincrementaldecoder("utf-8")()
        valid = True
        with self._unpacked() as raw:
            while block := raw.read(_BLOCK):
                head = head or block[:_HEAD]
                size += len(block)
                if size > most:
                    raise UnreadableExport(f"The file has more than {most:,} bytes unpacked.")
                digest.update(block)
                valid = valid and _decodes(utf8, block)
        if not head:
            raise UnreadableExport("The file is empty.")
        if wrong := _other_kind(head):
            raise UnreadableExport(wrong)
        valid = valid and _decodes(utf8, b"", final=True)
        return digest.hexdigest(), _marked(head) or ("utf-8" if valid else _FALLBACK)

    @contextmanager
    def _unpacked(self) -> Iterator[IO[bytes]]:
        self._stream.seek(0)
        magic = self._stream.read(4)
        self._stream.seek(0)
        try:
            if magic[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=self._stream) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            elif magic == b"PK\x03\x04":
                with zipfile.ZipFile(self._stream) as archive, _only_csv(archive) as member:
                    yield member
            else:
                yield self._stream
        except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile) as error:
            raise UnreadableExport(f"The packed file is damaged: {error}.") from error


def _only_csv(archive: zipfile.ZipFile) -> IO[bytes]:
    members = [
        info
        for info in archive.infolist()
        if info.filename.lower().endswith(".csv") and not info.filename.startswith("__MACOSX/")
    ]
    if "[Content_Types].xml" in archive.namelist():
        raise UnreadableExport(_EXCEL)
    if len(members) != 1:
        raise UnreadableExport(f"The archive holds {len(members)} CSV files; import one at a time.")
    if members[0].flag_bits & 1:
        raise UnreadableExport("The archive is protected by a password.")
    if members[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableExport("The archive is packed in an unusual way; pack it as plain ZIP.")
    return archive.open(members[0])


def _row_words(error: csv.Error) -> str:
    """What is wrong with a row, in our words."""
    if "field limit" in str(error):
        most = csv.field_size_limit()
        return f"a field has more than {most:,} characters. Is a quotation mark missing?"
    return "the row cannot be read. Is a quotation mark missing?"


def _other_kind(head: bytes) -> str:
    """What the file is instead of a text; nothing if it may be one."""
    if known := _KNOWN.get(head[:4]):
        return known
    if head.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ""
    # Some may stand in a text by mistake; one byte of twenty does not.
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return "This is no text file." if controls * 20 > len(head) else ""


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _marked(head: bytes) -> str:
    """The encoding that a byte order mark or the zero bytes of ASCII text give away."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.count(0) * 3 > len(head):
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    return ""
