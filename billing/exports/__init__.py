"""Figures as files: CSV, JSON, JSON lines, XLSX and FOCUS 1.2, row by row."""

from billing.domain.usage_rows import UsageRow
from billing.exports.days import write_days
from billing.exports.findings import write_findings
from billing.exports.focus_file import write_focus
from billing.exports.spreadsheet import write_xlsx
from billing.exports.usage import FORMATS, Format, write_csv, write_json, write_json_lines
from tenants.domain.spreadsheets import cell

__all__ = [
    "FORMATS",
    "Format",
    "UsageRow",
    "cell",
    "write_csv",
    "write_days",
    "write_findings",
    "write_focus",
    "write_json",
    "write_json_lines",
    "write_xlsx",
]
