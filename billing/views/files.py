"""Files that may be large: written to the disk, then sent in parts."""

from collections.abc import Callable
from tempfile import SpooledTemporaryFile

from django.http import FileResponse

from billing.exports.cells import Output

_IN_MEMORY = 1_000_000  # bytes


def file_of(name: str, content_type: str, write: Callable[[Output], object]) -> FileResponse:
    """A download that is whole before it is sent: an error is a page, never half a file."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    write(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
