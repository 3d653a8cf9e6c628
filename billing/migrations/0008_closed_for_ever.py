from django.db import migrations

WORDS = "A closed statement never changes."
LINES = "billing_statementline"

POSTGRESQL = [
    f"""
    CREATE FUNCTION billing_closed_statement() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.closed_at IS NOT NULL THEN
        RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation';
      END IF;
      RETURN COALESCE(NEW, OLD);
    END $$
    """,
    f"""
    CREATE FUNCTION billing_closed_line() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (
        SELECT 1 FROM billing_statement s
        WHERE s.closed_at IS NOT NULL AND s.id IN (OLD.statement_id, NEW.statement_id)
      ) THEN
        RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'check_violation';
      END IF;
      RETURN COALESCE(NEW, OLD);
    END $$
    """,
    "CREATE TRIGGER closed BEFORE UPDATE OR DELETE ON billing_statement"
    " FOR EACH ROW EXECUTE FUNCTION billing_closed_statement()",
    f"CREATE TRIGGER closed BEFORE INSERT OR UPDATE OR DELETE ON {LINES}"
    " FOR EACH ROW EXECUTE FUNCTION billing_closed_line()",
]
POSTGRESQL_BACK = [
    "DROP TRIGGER closed ON billing_statement",
    f"DROP TRIGGER closed ON {LINES}",
    "DROP FUNCTION billing_closed_statement()",
    "DROP FUNCTION billing_closed_line()",
]


def _sqlite(name, table, blow, condition):
    return (
        f"CREATE TRIGGER {name} BEFORE {blow} ON {table} WHEN {condition}"
        f" BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
    )


def _closed(row):
    return (
        "EXISTS (SELECT 1 FROM billing_statement s"
        f" WHERE s.closed_at IS NOT NULL AND s.id = {row}.statement_id)"
    )


SQLITE = [
    _sqlite("statement_closed_u", "billing_statement", "UPDATE", "OLD.closed_at IS NOT NULL"),
    _sqlite("statement_closed_d", "billing_statement", "DELETE", "OLD.closed_at IS NOT NULL"),
    _sqlite("line_closed_i", LINES, "INSERT", _closed("NEW")),
    _sqlite("line_closed_u", LINES, "UPDATE", f"{_closed('OLD')} OR {_closed('NEW')}"),
    _sqlite("line_closed_d", LINES, "DELETE", _closed("OLD")),
]
SQLITE_BACK = [f"DROP TRIGGER {statement.split()[2]}" for statement in SQLITE]


def forwards(_apps, editor):
    for statement in POSTGRESQL if editor.connection.vendor == "postgresql" else SQLITE:
        editor.execute(statement, params=None)


def backwards(_apps, editor):
    for statement in POSTGRESQL_BACK if editor.connection.vendor == "postgresql" else SQLITE_BACK:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """The database itself refuses to change what was closed, whoever asks."""

    dependencies = [("billing", "0007_statements")]

    operations = [migrations.RunPython(forwards, backwards)]
