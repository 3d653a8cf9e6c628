"""Usage as files: what is read back is what was written, to the last digit."""

import csv
import io
import json
import tracemalloc
import zipfile
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest
from django.http import HttpResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.tables import Table
from billing.domain.usage_rows import COLUMNS, UsageRow, usage_table
from billing.exports import FORMATS, cell, write_csv, write_json, write_json_lines
from billing.exports.spreadsheet import is_exact, write_xlsx

ROW = UsageRow(
    date(2026, 4, 3), "Acme Ltd", "acme.example", "apply", 12, 10, 2, "USD", Decimal("0.020")
)
ROWS = [ROW, replace(ROW, customer='Zoë "Größe", Ltd', amount=Decimal("12345.678"))]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("https://a.example")', "https://a.example"]


def written(write, rows, **more):
    output = io.BytesIO()
    write(usage_table(iter(rows)), output, **more)
    return output.getvalue()


def sheets(data):
    book = openpyxl.load_workbook(io.BytesIO(data))
    return [list(sheet.iter_rows()) for sheet in book.worksheets]


def read_xlsx(data):
    """Rows as they were, of all sheets."""
    rows = []
    for head, *body in sheets(data):
        assert tuple(cell.value for cell in head) == COLUMNS
        for day, *names, calls, billable, uncertain, currency, amount in body:
            assert day.is_date
            assert isinstance(day.value, datetime)
            texts = [name.value or "" for name in names]
            counts = [int(count.value) for count in (calls, billable, uncertain)]
            money = Decimal(str(amount.value))
            rows.append(UsageRow(day.value.date(), *texts, *counts, currency.value, money))
    return rows


def read_csv(data):
    rows = csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True)
    return [_row(row) for row in rows]


def _row(values):
    counts = {name: int(values[name]) for name in ("calls", "billable", "uncertain")}
    day = date.fromisoformat(values["day"])
    return UsageRow(**{**values, **counts, "day": day, "amount": Decimal(values["amount"])})


READ = {
    "csv": read_csv,
    "xlsx": read_xlsx,
    "json": lambda data: [_row(row) for row in json.loads(data)],
    "jsonl": lambda data: [_row(json.loads(line)) for line in data.splitlines()],
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows", [[], ROWS[:1], ROWS])
def test_what_is_written_is_read_back(name, rows):
    assert READ[name](written(FORMATS[name].write, rows)) == rows


@pytest.mark.parametrize("name", FORMATS)
def test_a_response_takes_every_format(name):
    response = HttpResponse(content_type=FORMATS[name].content_type)
    FORMATS[name].write(usage_table(ROWS), response)
    assert READ[name](response.content) == ROWS


def test_csv_has_a_header_and_exact_amounts():
    assert written(write_csv, ROWS[:1]).decode() == (
        "day,customer,tenant,purpose,calls,billable,uncertain,currency,amount\r\n"
        "2026-04-03,Acme Ltd,acme.example,apply,12,10,2,USD,0.020\r\n"
    )


def test_json_writes_amounts_as_text_and_counts_as_numbers():
    expected = {**asdict(ROW), "day": "2026-04-03", "amount": "0.020"}
    assert json.loads(written(write_json, [ROW])) == [expected]
    assert json.loads(written(write_json_lines, [ROW])) == expected


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_becomes_a_formula(text):
    data = written(write_xlsx, [replace(ROW, customer=text)])
    customer = sheets(data)[0][1][1]
    assert (customer.value, customer.data_type) == (text, "s")
    assert customer.quotePrefix  # nor when somebody edits it
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert b"<f" not in sheet.replace(b"<formatCode", b"")
    assert b"hyperlink" not in sheet.replace(text.encode(), b"").lower().replace(b"hyperlink(", b"")
    (row,) = read_csv(written(write_csv, [replace(ROW, customer=text)]))
    assert row.customer == cell(text)


@pytest.mark.parametrize(
    ("amount", "kind"),
    [
        ("0.002", "n"),
        ("0", "n"),
        ("-0.5", "n"),
        ("123456789012345", "n"),
        ("0.123456789012345", "n"),
        ("1234567890.123450000000", "n"),
        ("1234567890123456", "s"),
        ("0.1234567890123456", "s"),
        ("1.00000000000000000000000000000001", "s"),
        ("1E+20", "n"),
    ],
)
def test_numbers_are_numbers_where_a_spreadsheet_keeps_them(amount, kind):
    money = sheets(written(write_xlsx, [replace(ROW, amount=Decimal(amount))]))[0][1][-1]
    assert money.data_type == kind
    assert Decimal(str(money.value)) == Decimal(amount)
    assert is_exact(Decimal(amount)) == (kind == "n")


def test_more_rows_than_a_sheet_holds_go_to_the_next():
    rows = [replace(ROW, calls=number) for number in range(7)]
    data = written(write_xlsx, rows, sheet_rows=4)
    assert [len(sheet) for sheet in sheets(data)] == [4, 4, 2]
    assert read_xlsx(data) == rows


def test_a_text_that_no_cell_holds_is_refused():
    with pytest.raises(ValueError, match="customer"):
        written(write_xlsx, [replace(ROW, customer="x" * 32_768)])


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=20)
ANY = st.builds(
    UsageRow,
    st.dates(date(1900, 3, 1), date(2199, 12, 31)),
    TEXTS,
    TEXTS,
    TEXTS,
    st.integers(0, 10**18),
    st.integers(0, 10**18),
    st.integers(0, 10**18),
    st.sampled_from(["USD", "EUR"]),
    st.decimals(-(10**12), 10**12, places=9),
)


def _as_cells(row):
    names = {name: cell(getattr(row, name)) for name in ("customer", "tenant", "purpose")}
    return replace(row, **names)


@settings(max_examples=50)
@given(st.lists(ANY, max_size=4))
def test_any_rows_are_read_back_exactly(rows):
    for name, form in FORMATS.items():
        found = READ[name](written(form.write, rows))
        expected = [_as_cells(row) for row in rows] if name == "csv" else rows
        assert found == expected, name


class _Nowhere(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data):
        return len(data)


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_at_a_time_is_in_memory(name):
    peaks = []
    for count in (500, 5_000):
        tracemalloc.start()
        FORMATS[name].write(usage_table(ROW for _ in range(count)), _Nowhere())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_what_has_no_value_is_empty_in_every_format():
    rows = [["x", None, date(2026, 5, 1)], ["", 0, None]]
    table = Table("Any", ("name", "amount", "day"), rows)
    data = {name: io.BytesIO() for name in FORMATS}
    for name, output in data.items():
        FORMATS[name].write(table, output)
    assert data["csv"].getvalue().decode() == "name,amount,day\r\nx,,2026-05-01\r\n,0,\r\n"
    expected = [
        {"name": "x", "amount": None, "day": "2026-05-01"},
        {"name": "", "amount": 0, "day": None},
    ]
    assert json.loads(data["json"].getvalue()) == expected
    assert [json.loads(line) for line in data["jsonl"].getvalue().splitlines()] == expected
    ((_, first, second),) = sheets(data["xlsx"].getvalue())
    assert [cell.value for cell in first] == ["x", None, datetime(2026, 5, 1)]  # noqa: DTZ001
    assert [cell.value for cell in second][1:] == [0, None]
