"""Azure's cost exports: every variant and trap is read exactly, or refused with words."""

import gzip
import io
import tracemalloc
import zipfile
from contextlib import suppress
from decimal import Decimal
from itertools import combinations

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, TemporaryUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain import azure_costs
from billing.domain.azure_costs import ChargeKind, Reason, charge_kind, read_costs
from billing.domain.azure_files import (
    AmbiguousExport,
    CostFile,
    CostFileError,
    NotACostExport,
    UnreadableExport,
)
from billing.domain.azure_survey import Hints
from tests.support.azure_exports import PRICE, TRAPS, VARIANTS, a_month, export
from tests.support.azure_rows import OURS, SHORT, only, short


def told(imported):
    """Quantity and cost by day and directory."""
    found = {(day.day, day.tenant): (day.quantity, day.cost) for day in imported.usage}
    assert len(found) == len(imported.usage), "a day of a resource stands there twice"
    return found


def truth(month):
    return {key: (Decimal(calls), calls * PRICE) for key, calls in month.calls.items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_is_read_exactly(variant):
    month = a_month(1)
    imported = read_costs(export(month, variant=variant), Hints(currency="USD"))
    assert imported.variant == variant
    assert told(imported) == truth(month)
    assert imported.left_out == {}
    assert {day.currency for day in imported.days} == {"USD"}
    assert imported.covered == (min(month.calls)[0], max(month.calls)[0])


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_is_read_exactly(trap):
    month = a_month(2)
    plain, trapped = export(month), export(month, (trap,), seed=2)
    assert plain != trapped, "the trap does nothing"
    assert told(read_costs(trapped)) == truth(month)


@pytest.mark.parametrize("seed", range(5))
def test_all_twelve_traps_together_are_read_exactly(seed):
    assert len(TRAPS) == 12
    month = a_month(seed)
    assert told(read_costs(export(month, TRAPS, seed))) == truth(month)


def test_each_two_traps_are_read_exactly():
    month = a_month(4, tenants=1, days=14)
    for pair in combinations(TRAPS, 2):
        assert told(read_costs(export(month, pair, seed=3))) == truth(month), pair


def test_what_is_left_out_is_counted_with_the_reason():
    month = a_month(5)
    imported = read_costs(export(month, TRAPS, seed=5))
    ours = sum(day.rows for day in imported.days)
    left = {reason: left.rows for reason, left in imported.left_out.items()}
    assert set(left) == {Reason.REPEATED, Reason.SHAPE, Reason.OTHER_SERVICE}
    assert left[Reason.SHAPE] == 1  # the total; the title stands before the header
    assert imported.rows == ours + sum(left.values())
    assert all(0 < len(one.lines) <= 10 for one in imported.left_out.values())


def test_charges_other_than_usage_are_kept_apart():
    imported = read_costs(export(a_month(6), ("other charges",), seed=6))
    kinds = {day.kind for day in imported.apart}
    assert kinds == set(ChargeKind) - {ChargeKind.USAGE}
    # Those without a resource are left out, but their money is seen.
    assert imported.left_out[Reason.OTHER_SERVICE].rows == 5
    assert imported.left_out[Reason.OTHER_SERVICE].costs["USD"] == sum(
        day.cost for day in imported.apart
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters(encoding, delimiter):
    month = a_month(7, tenants=1)
    imported = read_costs(export(month, encoding=encoding, delimiter=delimiter))
    assert told(imported) == truth(month)
    assert imported.encoding == encoding


@pytest.mark.parametrize("kind", [InMemoryUploadedFile, TemporaryUploadedFile])
def test_uploads_are_read_and_stay_open(kind):
    month = a_month(7, tenants=1)
    data = export(month)
    shared = ("costs.csv", "text/csv", len(data), None)
    if kind is InMemoryUploadedFile:
        upload = InMemoryUploadedFile(io.BytesIO(data), "file", *shared)
    else:
        upload = TemporaryUploadedFile(*shared)
        upload.write(data)
    assert told(read_costs(upload)) == truth(month)
    assert not upload.closed
    upload.close()


def test_windows_text_is_read():
    data = short(("04/30/2026", "3", "0.006")).replace(b"scim-1", "Größe".encode("cp1252"))
    assert only(data).resource_id.endswith("größe")


def test_packed_files_are_the_same_file():
    plain = export(a_month(8))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", "{}")
        archive.writestr("export/part_0_0001.csv", plain)
    imports = [read_costs(data) for data in (plain, gzip.compress(plain), packed.getvalue())]
    assert len({one.content_hash for one in imports}) == 1
    assert len({one.days for one in imports}) == 1
    assert read_costs(export(a_month(9))).content_hash != imports[0].content_hash


@pytest.mark.parametrize("currency", ["", "$", "Dollar"])
def test_what_is_no_currency_is_left_out(currency):
    imported = read_costs(short(("2026-04-03", "1", "1.5", currency)))
    assert imported.left_out[Reason.NO_FIGURES].costs == {"": Decimal("1.5")}
    assert imported.days == ()


def test_a_file_that_would_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(azure_costs, "_MOST_SUMS", 3)
    rows = [("2026-04-03", "1", "1", "USD", f"{OURS}{number}") for number in range(5)]
    with pytest.raises(UnreadableExport, match="import it by month"):
        read_costs(short(*rows))
    with pytest.raises(UnreadableExport, match="10,000 times"):
        read_costs(short() * 10_002)


def test_currencies_are_never_mixed():
    data = short(("2026-04-03", "1", "0.002"), ("2026-04-03", "1", "0.0018", "eur"))
    assert {day.currency: day.cost for day in read_costs(data).days} == {
        "USD": Decimal("0.002"),
        "EUR": Decimal("0.0018"),
    }


def test_a_file_without_currency_asks_for_it():
    month = a_month(10)
    data = export(month, variant="Enterprise Agreement, older")
    with pytest.raises(AmbiguousExport, match="currency") as caught:
        read_costs(data)
    assert caught.value.hint == "currency"


@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (["name", "mail"], 4),
        (["Date", "Quantity", "CostInBillingCurrency"], 1),
        (["Date", "ResourceId"], 2),
    ],
)
def test_what_is_no_cost_export_is_told_what_is_missing(columns, missing):
    with pytest.raises(NotACostExport, match="no column says") as caught:
        read_costs((",".join(columns) + "\n" + ",".join("x" for _ in columns)).encode())
    assert len(caught.value.missing) == missing


def test_a_file_whose_days_cannot_be_read_is_refused():
    with pytest.raises(NotACostExport, match="day"):
        read_costs(short(("yesterday", "1", "1")))


def test_a_month_without_usage_is_an_import_of_nothing():
    imported = read_costs(short())
    assert (imported.rows, imported.days, imported.covered) == (0, (), None)


def _archive(*names, password=False, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name in names:
            archive.writestr(name, short(("2026-04-03", "1", "1")))
    data = bytearray(packed.getvalue())
    if password:
        data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(short(("2026-04-03", "1", "1")))[:-9], "damaged"),
        (_archive("a.csv")[:60], "damaged"),
        (_archive("a.csv", "b.csv"), "2 CSV files"),
        (_archive("a.txt"), "0 CSV files"),
        (_archive("a.csv", password=True), "password"),
        (_archive("a.csv", method=zipfile.ZIP_BZIP2), "unusual"),
        (short(("2026-04-03", "1", "1")) + b'"' + b"x" * 200_000, "quotation mark"),
        (short(("2026-04-03", "1", "1")) + b"x" * (1 << 21), "A line has more"),
        (short(("2026-04-03", "1", "1")).decode().encode("utf-16")[:-1], "damaged"),
    ],
    ids=range(11),
)
def test_damaged_and_unusual_files_are_refused_with_words(data, words):
    with pytest.raises(UnreadableExport, match=words):
        read_costs(data)


def test_what_grows_without_end_when_unpacked_is_refused():
    bomb = gzip.compress(b"0" * 10_000_000)
    assert len(bomb) < 20_000
    with pytest.raises(UnreadableExport, match="1,000,000 bytes"):
        CostFile(bomb, most=1_000_000)


def test_charge_kinds():
    assert [charge_kind(text) for text in ("", "usage", "Usage ", "Tax")] == [
        ChargeKind.USAGE,
        ChargeKind.USAGE,
        ChargeKind.USAGE,
        ChargeKind.TAX,
    ]
    assert charge_kind("UnusedReservation") is ChargeKind.ADJUSTMENT


def test_prices_and_roundings_of_the_file_are_told():
    columns = [*SHORT, "EffectivePrice"]
    rows = [
        ["2026-04-03", "1", "0.002", "USD", OURS, "Usage", "0.002"],
        ["2026-04-03", "2", "0.0041", "USD", OURS, "Usage", "0.002"],
        ["2026-04-04", "1", "0.002", "USD", OURS, "Usage", "0.002"],
        ["2026-04-04", "1", "0.003", "USD", OURS, "Usage", "0.003"],
    ]
    text = "\n".join(",".join(row) for row in [columns, *rows])
    first, second = read_costs(text.encode()).days
    assert (first.price, first.cost_slack) == (PRICE, Decimal("0.0001"))
    assert (second.price, second.quantity_slack) == (None, 0)


def test_repeated_rows_count_unless_the_whole_block_is_repeated():
    # Two meters may have used the same on one day.
    row = ("2026-04-03", "1", "0.002")
    assert only(short(row, row)).quantity == 2
    assert only(short(row, row) + short(row, row)).quantity == 2
    assert only(short(row, row) + short(row)).quantity == 3


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.sets(st.sampled_from(TRAPS)))
def test_any_choice_of_traps_is_read_exactly(seed, traps):
    month = a_month(seed, tenants=1, days=20)
    if month.calls:
        assert told(read_costs(export(month, tuple(traps), seed))) == truth(month)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_words(data):
    for bytes_ in (data, short(("2026-04-03", "1", "1")) + data):
        with suppress(CostFileError):
            read_costs(bytes_)


class _Long(io.RawIOBase):
    """A seekable stream of so many rows that never stands in memory."""

    def __init__(self, rows):
        self._row = short(("2026-04-03", "1", "0.002")).split(b"\r\n")[1] + b"\r\n"
        self._head, self._rows, self._at = short(), rows, 0

    def seek(self, offset, whence=0):
        self._at = offset
        return offset

    def seekable(self):
        return True

    def readable(self):
        return True

    def readinto(self, buffer):
        end = len(self._head) + self._rows * len(self._row)
        size = max(min(len(buffer), end - self._at), 0)
        whole = self._head if self._at < len(self._head) else b""
        skip = self._at if whole else (self._at - len(self._head)) % len(self._row)
        data = whole + self._row * (size // len(self._row) + 2)
        buffer[:size] = data[skip : skip + size]
        self._at += size
        return size


def test_memory_stays_bounded_whatever_the_length():
    peaks = []
    for rows in (1_000, 15_000):
        tracemalloc.start()
        imported = read_costs(_Long(rows))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert imported.days[0].quantity == rows
    assert peaks[1] < peaks[0] + 5_000_000
