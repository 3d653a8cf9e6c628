"""Figures as files: CSV, JSON, JSON lines, XLSX and FOCUS 1.2, row by row."""

from billing.domain.tables import Table
from billing.exports.findings import write_findings
from billing.exports.focus_file import write_focus
from billing.exports.formats import FORMATS, Format, write_csv, write_json, write_json_lines
from billing.exports.spreadsheet import write_xlsx
from tenants.domain.spreadsheets import cell

__all__ = [
    "FORMATS",
    "Format",
    "Table",
    "cell",
    "write_csv",
    "write_findings",
    "write_focus",
    "write_json",
    "write_json_lines",
    "write_xlsx",
]
