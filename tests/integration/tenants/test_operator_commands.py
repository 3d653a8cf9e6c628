"""Commands see every customer on PostgreSQL, unless they are named here with the reason."""

from django.core.management import get_commands, load_command_class

from tenants.management.base import OperatorCommand

ROOMS = ("tenants", "billing", "provisioning", "msp_portal")
OTHERS = {
    "migrate": "sets the scope itself, as another role",
    "database_roles": "reads no table",
    "evaluate": "reads no database",
    "sandbox": "reads no database",
}


def test_a_command_without_the_scope_of_all_customers_has_a_reason() -> None:
    ours = {name: room for name, room in get_commands().items() if room in ROOMS}
    without = {
        name
        for name, room in ours.items()
        if not isinstance(load_command_class(room, name), OperatorCommand)
    }
    assert without == OTHERS.keys(), "derive the command from OperatorCommand, or say why not"
