from django.db import migrations

from tenants.row_security import protect, protect_lanes


class Migration(migrations.Migration):
    """Row-level security on what belongs to customers; on other databases than PostgreSQL nothing."""

    dependencies = [("provisioning", "0019_job_calls_made"), ("tenants", "0008_row_security")]

    operations = [
        protect("provisioning_directory"),
        protect("provisioning_directoryobject"),
        protect("provisioning_directorygroup"),
        protect("provisioning_groupmember"),
        protect("provisioning_deletedaccount"),
        protect("provisioning_job"),
        protect("provisioning_operation"),
        protect("provisioning_heldrecord"),
        protect("provisioning_approvalpolicy"),
        protect("provisioning_reconciliation"),
        protect("provisioning_drift"),
        protect("provisioning_accepteddrift"),
        protect("provisioning_protectedmember"),
        protect("provisioning_tenantdomain"),
        protect("provisioning_schedule"),
        protect("provisioning_blackout"),
        protect("provisioning_quarantine"),
        protect("provisioning_source"),
        protect("provisioning_mappingprofile"),
        protect("provisioning_profileversion"),
        protect("provisioning_snapshot"),
        protect("provisioning_snapshotchunk"),
        protect_lanes("provisioning_lane"),
    ]
