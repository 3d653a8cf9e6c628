import django.db.models.deletion
from django.db import migrations, models

from tenants.row_security import everything, protect


MONTHS, DAYS = "billing_monthusage", "billing_dailyusage"
EACH = range(1, 32)

POSTGRESQL = [
    f"""
    CREATE FUNCTION billing_count_month() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      counted {DAYS};
      number integer;
      place text;
    BEGIN
      CASE TG_OP
        WHEN 'INSERT' THEN counted := NEW; number := NEW.calls;
        WHEN 'UPDATE' THEN counted := NEW; number := NEW.calls - OLD.calls;
        ELSE counted := OLD; number := -OLD.calls;
      END CASE;
      place := 'd' || extract(day FROM counted.day);
      IF TG_OP = 'DELETE' THEN  -- of a month that may be gone already
        EXECUTE format(
          'UPDATE {MONTHS} SET %1$I = %1$I + $1 WHERE tenant_id = $2 AND month = $3 AND status = $4',
          place
        ) USING number, counted.tenant_id, date_trunc('month', counted.day)::date, counted.status;
        RETURN NULL;
      END IF;
      EXECUTE format(
        'INSERT INTO {MONTHS} AS m (customer_id, tenant_id, month, status, %1$I)'
        ' VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id, month, status)'
        ' DO UPDATE SET %1$I = m.%1$I + excluded.%1$I', place
      ) USING counted.customer_id, counted.tenant_id,
        date_trunc('month', counted.day)::date, counted.status, number;
      RETURN NULL;
    END $$
    """,
    f"CREATE TRIGGER count_month AFTER INSERT OR DELETE OR UPDATE OF calls ON {DAYS}"
    " FOR EACH ROW EXECUTE FUNCTION billing_count_month()",
]
POSTGRESQL_BACK = [f"DROP TRIGGER count_month ON {DAYS}", "DROP FUNCTION billing_count_month()"]


def _sqlite(name, blow, row, number):
    """An empty row where there is none, then the day's column; a comparison is 0 or 1."""
    columns = ", ".join(
        f"d{day} = d{day} + (substr({row}.day, 9, 2) = '{day:02}') * ({number})" for day in EACH
    )
    month = f"substr({row}.day, 1, 8) || '01'"
    empty = (
        f" INSERT OR IGNORE INTO {MONTHS} (customer_id, tenant_id, month, status)"
        f" VALUES ({row}.customer_id, {row}.tenant_id, {month}, {row}.status);"
    )
    return (
        f"CREATE TRIGGER {name} AFTER {blow} ON {DAYS} BEGIN{empty if row == 'NEW' else ''}"
        f" UPDATE {MONTHS} SET {columns}"
        f" WHERE tenant_id = {row}.tenant_id AND month = {month} AND status = {row}.status; END"
    )


SQLITE = [
    _sqlite("count_month_i", "INSERT", "NEW", "NEW.calls"),
    _sqlite("count_month_u", "UPDATE OF calls", "NEW", "NEW.calls - OLD.calls"),
    _sqlite("count_month_d", "DELETE", "OLD", "-OLD.calls"),
]
SQLITE_BACK = [f"DROP TRIGGER {statement.split()[2]}" for statement in SQLITE]
_FIRST = {"sqlite": "date(day, 'start of month')", "postgresql": "date_trunc('month', day)::date"}
_NUMBER = {"sqlite": "CAST(strftime('%d', day) AS integer)", "postgresql": "extract(day FROM day)"}


def forwards(_apps, editor):
    """Turn the days known so far on their side, and keep it so."""
    vendor = editor.connection.vendor
    number = _NUMBER[vendor]
    names = ", ".join(f"d{day}" for day in EACH)
    sums = ", ".join(
        f"COALESCE(SUM(CASE WHEN {number} = {day} THEN calls END), 0)" for day in EACH
    )
    with everything():
        editor.execute(
            f"INSERT INTO {MONTHS} (customer_id, tenant_id, month, status, {names})"
            f" SELECT customer_id, tenant_id, {_FIRST[vendor]}, status, {sums}"
            f" FROM {DAYS} GROUP BY 1, 2, 3, 4",
            params=None,
        )
    for statement in POSTGRESQL if vendor == "postgresql" else SQLITE:
        editor.execute(statement, params=None)


def backwards(_apps, editor):
    for statement in POSTGRESQL_BACK if editor.connection.vendor == "postgresql" else SQLITE_BACK:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """Months, summed up from days by the database itself, whoever counts."""

    dependencies = [
        ('billing', '0013_month_forecasts'),
        ('tenants', '0015_credentials'),
    ]

    operations = [
        migrations.CreateModel(
            name='MonthUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='Its first day.')),
                ('status', models.PositiveSmallIntegerField()),
                ('d1', models.IntegerField(db_default=0, default=0)),
                ('d2', models.IntegerField(db_default=0, default=0)),
                ('d3', models.IntegerField(db_default=0, default=0)),
                ('d4', models.IntegerField(db_default=0, default=0)),
                ('d5', models.IntegerField(db_default=0, default=0)),
                ('d6', models.IntegerField(db_default=0, default=0)),
                ('d7', models.IntegerField(db_default=0, default=0)),
                ('d8', models.IntegerField(db_default=0, default=0)),
                ('d9', models.IntegerField(db_default=0, default=0)),
                ('d10', models.IntegerField(db_default=0, default=0)),
                ('d11', models.IntegerField(db_default=0, default=0)),
                ('d12', models.IntegerField(db_default=0, default=0)),
                ('d13', models.IntegerField(db_default=0, default=0)),
                ('d14', models.IntegerField(db_default=0, default=0)),
                ('d15', models.IntegerField(db_default=0, default=0)),
                ('d16', models.IntegerField(db_default=0, default=0)),
                ('d17', models.IntegerField(db_default=0, default=0)),
                ('d18', models.IntegerField(db_default=0, default=0)),
                ('d19', models.IntegerField(db_default=0, default=0)),
                ('d20', models.IntegerField(db_default=0, default=0)),
                ('d21', models.IntegerField(db_default=0, default=0)),
                ('d22', models.IntegerField(db_default=0, default=0)),
                ('d23', models.IntegerField(db_default=0, default=0)),
                ('d24', models.IntegerField(db_default=0, default=0)),
                ('d25', models.IntegerField(db_default=0, default=0)),
                ('d26', models.IntegerField(db_default=0, default=0)),
                ('d27', models.IntegerField(db_default=0, default=0)),
                ('d28', models.IntegerField(db_default=0, default=0)),
                ('d29', models.IntegerField(db_default=0, default=0)),
                ('d30', models.IntegerField(db_default=0, default=0)),
                ('d31', models.IntegerField(db_default=0, default=0)),
                ('customer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='tenants.customer')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='month_usage', to='tenants.tenant')),
            ],
            options={
                'indexes': [models.Index(fields=['month', 'customer'], name='month_usage_by_month')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'month', 'status'), name='one_month_usage_row')],
            },
        ),
        protect("billing_monthusage"),
        migrations.RunPython(forwards, backwards),
    ]
