"""CSV as HR systems write it: read whole, refused whole, or refused row by row."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from provisioning.sources.base import Reading, UnusableSource, present_keys
from provisioning.sources.csv_file import REFUSED_LIMIT, read_csv
from provisioning.sources.csv_rows import FIELD_LIMIT, rows
from provisioning.sources.csv_text import BLOCK, LINE_LIMIT, lines


def read(data, key_column="id"):
    raw = data if isinstance(data, bytes) else data.encode()
    return read_csv(io.BytesIO(raw), key_column)


def refusals(reading):
    return [(row.line, row.key, row.code) for row in reading.refused]


def problem(data, key_column="id"):
    with pytest.raises(UnusableSource) as caught:
        read(data, key_column)
    return caught.value


ACCENTED = "id;name\r\n007;Zoë Größe\r\n008;Ærø Façade\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (ACCENTED.encode(), "utf-8"),
        (ACCENTED.encode("utf-8-sig"), "utf-8-sig"),
        (ACCENTED.encode("utf-16"), "utf-16"),  # with its byte order mark
        (b"\xfe\xff" + ACCENTED.encode("utf-16-be"), "utf-16"),
        (ACCENTED.encode("cp1252"), "cp1252"),
    ],
)
def test_each_encoding_is_recognised_and_read(data, encoding):
    reading = read(data)
    assert reading.encoding == encoding
    assert reading.columns == ("id", "name")
    assert [(record.line, record.key, record.values) for record in reading.records()] == [
        (2, "007", {"id": "007", "name": "Zoë Größe"}),
        (3, "008", {"id": "008", "name": "Ærø Façade"}),
    ]


@pytest.mark.parametrize(
    ("text", "delimiter", "columns"),
    [
        ("id,name\n", ",", ("id", "name")),
        ("id;name\n", ";", ("id", "name")),
        ("id\tname\n", "\t", ("id", "name")),
        ('id;"name, first";"name, last"\n', ";", ("id", "name, first", "name, last")),
        ('"id","a;b;c;d","e;f"\n', ",", ("id", "a;b;c;d", "e;f")),  # more ; than , but quoted
        ('id\t"line\r\nbreak"\n', "\t", ("id", "line\r\nbreak")),  # a name may hold a line break
        ("a;b;ID,x;y\n", ";", ("a", "b", "ID,x", "y")),  # key in neither: the most columns win
        ("id\t;\n", "\t", ("id", ";")),  # no delimiter that leaves a name empty
        ("id\n", ",", ("id",)),  # a single column has no delimiter
        (" name , ID \n", ",", ("name", "ID")),  # trimmed, any order, key without case
    ],
)
def test_the_header_decides_the_delimiter(text, delimiter, columns):
    key = "ID,x" if "ID,x" in columns else "id"
    reading = read(text, key)
    assert (reading.delimiter, reading.columns, reading.people) == (delimiter, columns, 0)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts_as_one_line(end):
    reading = read(end.join(["id,name", "1,a", "", "2,b", ",", " , ", "3,c", "", ""]))
    assert [(record.line, record.key) for record in reading.records()] == [
        (2, "1"),
        (4, "2"),
        (7, "3"),
    ]
    assert reading.refused == ()


def test_quoted_fields_hold_delimiters_quotes_and_line_breaks():
    reading = read('id,note\n1,"a, ""b""\r\nc\rd"\n2,5" disk\n3,"x" y\n4,e\n')
    assert [(record.line, record.values["note"]) for record in reading.records()] == [
        (2, 'a, "b"\r\nc\rd'),
        (5, '5" disk'),  # a quote inside an unquoted field is content
        (6, "x y"),
        (7, "e"),
    ]


def test_blank_lines_before_the_header_are_skipped():
    reading = read("\n ,\n\nid,name\n1,a\n")
    assert [record.line for record in reading.records()] == [5]


def test_values_are_trimmed_and_keys_keep_their_zeros():
    (record,) = read("id,name\n 0042 ,  Ada \n").records()
    assert record.key == "0042"
    assert record.values == {"id": "0042", "name": "Ada"}


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("1,a,b\n", [(2, None, "too_many_fields")]),
        ("1\n", [(2, None, "too_few_fields")]),
        (" ,a\n", [(2, None, "no_key")]),
        ("1.23E+05,a\n", [(2, None, "unreadable_key")]),
        ("#REF!,a\n", [(2, None, "unreadable_key")]),
        ("1\ufffd,a\n", [(2, None, "unreadable_key")]),
        ('"1\n2",a\n', [(2, None, "unreadable_key")]),  # a line break inside the key
        ("1\x072,a\n", [(2, None, "unreadable_key")]),
        # A quoted line break moves the lines of what follows.
        ('1,"a\nb"\n2,a,b\n', [(4, None, "too_many_fields")]),
        # All rows of a key, whatever its case; another row between them goes on.
        ("A1,a\n2,b\n a1 ,c\n", [(2, "A1", "duplicate_key"), (4, "a1", "duplicate_key")]),
        # A row that is refused for another reason is nobody's duplicate: its key is unknown.
        ("1,a\n1,b,c\n", [(3, None, "too_many_fields")]),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_the_others_go_on(text, refused):
    reading = read(f"id,name\n{text}99,good\n")
    assert refusals(reading) == refused
    accepted = [record.key for record in reading.records()]
    assert accepted[-1] == "99"
    assert reading.people == len(accepted) == len(reading.keys)


def test_duplicates_name_each_other_and_nothing_else_of_the_row():
    reading = read("id,name\n7,secret\n7,secret\n7,secret\n8,x\n8,y\n")
    assert [row.message for row in reading.refused] == [
        "The key 7 is also on lines 3, 4.",
        "The key 7 is also on lines 2, 4.",
        "The key 7 is also on lines 2, 3.",
        "The key 8 is also on line 6.",
        "The key 8 is also on line 5.",
    ]
    assert present_keys(reading) == {"7", "8"}
    assert reading.keys == set()


def test_a_key_on_very_many_rows_is_reported_briefly():
    reading = read("id,name\n" + "7,x\n" * 3000)
    assert reading.refused[0].message.endswith("10, 11, 12 and 2989 more.")
    assert reading.refused[2999].message.endswith("9, 10, 11 and 2989 more.")


@pytest.mark.parametrize(
    "text",
    [
        f"1,{'x' * (FIELD_LIMIT + 1)}\n",  # without a quote
        f'1,"{"x" * (FIELD_LIMIT + 1)}"\n',
        '1,"' + f"{'x' * 1023}\n" * 1025 + '"\n',  # over many lines
    ],
)
def test_a_field_beyond_the_limit_is_refused_and_its_rest_is_not_taken_for_rows(text):
    reading = read(f"id,name\n{text}2,good\n")
    assert refusals(reading) == [(2, None, "field_too_long")]
    assert [record.key for record in reading.records()] == ["2"]


def test_a_field_at_the_limit_is_read():
    (record,) = read(f'id,name\n1,"{"x" * FIELD_LIMIT}"\n').records()
    assert len(record.values["name"]) == FIELD_LIMIT


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n \r\n,,\n;;\n", "empty"),
        (b"PK\x03\x04\x14\x00[Content_Types].xml xl/workbook.xml", "workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        (b"PK\x03\x04\x14\x00photos/1.jpg", "not_text"),
        (b"%PDF-1.7\n", "not_text"),
        (b"\x1f\x8b\x08", "not_text"),
        (b"<html><table><tr><td>id</td></tr></table>", "not_text"),  # sold as .xls by some systems
        ("id,name\n1,a\n".encode("utf-16-le"), "not_text"),  # no byte order mark: NUL bytes
        (b"id,name\n1,\x81\x8d\n", "not_text"),  # neither UTF-8 nor Windows-1252
        (b"\xff\xfei\x00d\x00\n", "not_text"),  # UTF-16 cut in the middle of a character
        (b"\x01\x02\x03id\x04\n", "not_text"),  # more control characters than lines
        (b"id,name\n1,Zo\xc3\xab\n2,J\xc3\xbcrgen\n3,Ren\xe9\n", "damaged_text"),
        (b"\xef\xbb\xbfid,name\n1,Zo\xc3\xab\n2,J\xc3\xbcrgen\n3,Ren\xe9\n", "damaged_text"),
        (b"name,mail\na,b\n", "missing_key_column"),
        (b"17,a@b.example\n18,b\n", "no_header"),
        (b"2024-01-31,Ada\n", "no_header"),
        (b"id,name,Name \n1,a,b\n", "duplicate_columns"),
        (b"id,,name\n1,a,b\n", "empty_column_name"),
        (b"id,name,\n1,a,\n", "empty_column_name"),  # a delimiter at the end of every line
        (b'id,name\n1,"a\n2,b\n', "unclosed_quote"),
        (b'"id,name\n1,a\n', "unclosed_quote"),
        (b"id," + b",".join(b"c%d" % number for number in range(1000)), "too_many_columns"),
        (b"id,name\n" + b"1\n" * (REFUSED_LIMIT + 1), "too_many_refused"),
        (b"id,name\n1," + b"x" * LINE_LIMIT, "line_too_long"),
        (b"id,name\n" + b'"%s\n",' % (b"x" * 1_000_000) * 17, "row_too_long"),
    ],
)
def test_an_unusable_file_is_refused_whole(data, code):
    refused = problem(data)
    assert refused.code == code
    assert refused.message.endswith((".", "?"))
    assert "Zo" not in refused.message


def test_a_missing_key_column_is_told_with_what_was_found():
    message = problem("employee-id;name\n1;a\n", "employee_id").message
    assert message == (
        "The key column employee_id is missing. Columns found: employee-id, name. "
        "Is it employee-id?"
    )


def test_what_may_be_a_person_is_not_repeated():
    assert "Ada" not in problem("17,Ada,1990-12-10\n").message


def test_the_message_names_doubled_columns_and_the_open_quote():
    assert "name" in problem("id,name,name,x\n").message
    assert "line 3" in problem('id,name\n1,a\n2,"b\n3,c\n').message


def test_a_workbook_is_called_one():
    assert "Excel workbook" in problem(b"PK\x03\x04\x14\x00xl/workbook.xml").message


def test_the_callers_stream_stays_open_and_can_be_read_again():
    stream = io.BytesIO(b"id\n1\n2\n")
    stream.read(4)  # wherever it stands
    reading: Reading = read_csv(stream, "id")
    abandoned = reading.records()
    next(abandoned)
    del abandoned
    assert not stream.closed
    assert [record.key for record in reading.records()] == ["1", "2"]
    assert [record.key for record in reading.records()] == ["1", "2"]


def test_line_ends_and_characters_that_straddle_blocks_are_whole():
    start = "id,name\r\n1,"
    padding = "x" * (BLOCK - len(start) - 1)
    for filler, line in (
        (f"{padding}\r\n2,é\r\n", 3),  # CR is the last byte of its block
        (f"{padding}é\r\n2,b\r\n", 3),  # é is cut in two
        (f"{padding[:-1]}\r\r\n2,b\r", 4),  # a lone CR, then CRLF across the blocks
    ):
        reading = read(start + filler)
        assert [(record.key, record.line) for record in reading.records()] == [
            ("1", 2),
            ("2", line),
        ]


def test_the_table_is_never_held_in_memory():
    row = f'%06d,"{"x" * 1000}"\n'
    data = io.BytesIO(b"id,note\n" + "".join(row % number for number in range(4000)).encode())
    tracemalloc.start()
    try:
        people = sum(1 for _ in read_csv(data, "id").records())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert people == 4000
    assert peak < len(data.getvalue()) / 2


# Letters only of the upper half, so that no two of them are UTF-8 by chance.
LETTERS = "abcXYZ019 ,;\t\"'\r\n" + "".join(map(chr, range(0xC0, 0x100)))
NAMES = st.lists(
    st.text('abcdefgh ,;\t"äß', min_size=1, max_size=8).filter(str.strip),
    max_size=5,
    unique_by=lambda name: name.strip().casefold(),
)


@st.composite
def tables(draw):
    columns = ["key", *draw(NAMES.filter(lambda names: all(n.strip() != "key" for n in names)))]
    columns = draw(st.permutations(columns))
    keys = draw(st.lists(st.from_regex(r"[0-9a-z]{1,8}", fullmatch=True), unique=True, max_size=8))
    cell = st.text(LETTERS, max_size=10)
    return columns, [
        {name: key if name == "key" else draw(cell) for name in columns} for key in keys
    ]


@given(
    tables(),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    # With a lone LF or CR as its line end the writer leaves the other one unquoted: quote all.
    st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL), ("\r", csv.QUOTE_ALL)]),
)
def test_what_a_csv_writer_wrote_is_read_back(table, delimiter, encoding, style):
    columns, people = table
    end, quoting = style
    # Unquoted, another delimiter in a name is a delimiter to any reader.
    assume(quoting == csv.QUOTE_ALL or not any(char in "".join(columns) for char in ",;\t"))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writeheader()
    writer.writerows(people)
    reading = read(text.getvalue().encode(encoding), "key")
    assert reading.refused == ()
    assert reading.delimiter == delimiter or len(columns) == 1
    expected = [{name.strip(): value.strip() for name, value in row.items()} for row in people]
    assert [dict(record.values) for record in reading.records()] == expected
    assert reading.keys == {row["key"] for row in people}


@given(st.text('ab",;\r\n', max_size=40), st.sampled_from([",", ";"]))
@example('"a""b"c,"\r\nd"\r\r\n""', ",")
def test_rows_are_cut_as_the_csv_module_cuts_them(text, delimiter):
    stream = io.BytesIO(text.encode())
    theirs = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False)
    expected, start = [], 1
    for fields in theirs:
        expected.append((start, fields or [""]))
        start = theirs.line_num + 1
    try:
        ours = [(row.line, row.fields) for row in rows(lines(stream, "utf-8"), delimiter)]
    except UnusableSource:
        # Their way to say that a quote is still open: the strict reader fails at the end.
        strict = csv.reader(io.StringIO(text + "\n", newline=""), delimiter=delimiter)
        last = [*strict][-1][-1]
        assert last.endswith("\n")
        return
    assert ours == expected


DIRT = st.lists(
    st.sampled_from([b"id", b",", b";", b"\t", b'"', b"\r", b"\n", b"\xe4", b"\xc3\xa4", b"1"])
    | st.binary(max_size=3),
    max_size=40,
).map(b"".join)


@given(DIRT | DIRT.map(lambda dirt: b"id,x\n" + dirt) | st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"\xfe\xff\x00")
def test_arbitrary_bytes_are_read_or_refused_and_nothing_else(data):
    try:
        reading = read(data)
    except UnusableSource as refused:
        assert refused.code and refused.message  # noqa: PT017, PT018  # refusing is allowed
        return
    records = list(reading.records())
    assert len(records) == reading.people == len(reading.keys)
    lines_of = [record.line for record in records] + [row.line for row in reading.refused]
    assert len(set(lines_of)) == len(lines_of)


@given(st.lists(st.sampled_from(["1", "2", "a", "A", "", "#N/A", "1,2"]), max_size=12))
def test_every_row_is_either_read_or_refused(keys):
    assume(any(keys))
    reading = read("id,name\n" + "".join(f"{key},x\n" for key in keys))
    assert reading.people + len(reading.refused) == len(keys)
    unique = [key for key in ("1", "2") if keys.count(key) == 1]
    assert [key for key in ("1", "2") if key in reading.keys] == unique
    assert ("a" in reading.keys) is (keys.count("a") + keys.count("A") == 1)
