"""Addresses of uploads, profiles and jobs."""

from django.urls import path, register_converter

from provisioning.views import (
    checking,
    compare,
    connection,
    drift,
    editor,
    jobs,
    library,
    on_demand,
    policies,
    profiles,
    promotion,
    reconciling,
    safeguards,
    schedules,
    sharing,
    simulator,
    sources,
    suggestions,
    undoing,
    uploads,
    waste,
)
from provisioning.views.places import PlaceConverter

register_converter(PlaceConverter, "place")

urlpatterns = [
    path("tenants/<slug:slug>/connection/", connection.tenant_connection, name="tenant_connection"),
    path("tenants/<place:slug>/upload/", uploads.tenant_upload, name="tenant_upload"),
    path("tenants/<place:slug>/profile/", profiles.profile_detail, name="profile_detail"),
    path("tenants/<place:slug>/profile/edit/", editor.profile_edit, name="profile_edit"),
    path(
        "tenants/<place:slug>/profile/edit/preview/",
        checking.profile_preview,
        name="profile_preview",
    ),
    path("tenants/<place:slug>/profile/edit/check/", checking.profile_check, name="profile_check"),
    path(
        "tenants/<place:slug>/profile/edit/people/", checking.profile_people, name="profile_people"
    ),
    path(
        "tenants/<place:slug>/profile/suggestions/",
        suggestions.profile_suggestions,
        name="profile_suggestions",
    ),
    path("tenants/<place:slug>/profile/compare/", compare.profile_compare, name="profile_compare"),
    path("tenants/<place:slug>/profile/discard/", profiles.profile_discard, name="profile_discard"),
    path("tenants/<place:slug>/profile/pilot/", profiles.profile_pilot, name="profile_pilot"),
    path("tenants/<place:slug>/profile/share/", sharing.profile_share, name="profile_share"),
    path("tenants/<place:slug>/profile.yaml", sharing.profile_export, name="profile_export"),
    path("tenants/<place:slug>/profile/import/", sharing.profile_import, name="profile_import"),
    path("tenants/<place:slug>/profile/clone/", sharing.profile_clone, name="profile_clone"),
    path(
        "tenants/<place:slug>/profile/template/", sharing.profile_template, name="profile_template"
    ),
    path("tenants/<place:slug>/profile/drift/", drift.profile_drift, name="profile_drift"),
    path(
        "tenants/<place:slug>/profile/promote/", promotion.profile_promote, name="profile_promote"
    ),
    path(
        "tenants/<place:slug>/profile/from/<slug:kind>/<slug:template>/",
        library.template_use,
        name="template_use",
    ),
    path("tenants/<slug:slug>/sources/", sources.source_list, name="source_list"),
    path(
        "tenants/<slug:slug>/sources/<slug:source>/move/", sources.source_move, name="source_move"
    ),
    path(
        "tenants/<slug:slug>/sources/<slug:source>/rename/",
        sources.source_rename,
        name="source_rename",
    ),
    path(
        "tenants/<slug:slug>/sources/<slug:source>/remove/",
        sources.source_remove,
        name="source_remove",
    ),
    path("tenants/<slug:slug>/person/", on_demand.tenant_person, name="tenant_person"),
    path("tenants/<slug:slug>/approvals/", policies.approval_policy, name="approval_policy"),
    path("tenants/<slug:slug>/schedules/", schedules.schedule_list, name="schedule_list"),
    path("tenants/<slug:slug>/schedules/add/", schedules.schedule_add, name="schedule_add"),
    path("tenants/<slug:slug>/schedules/<int:pk>/", schedules.schedule_edit, name="schedule_edit"),
    path(
        "tenants/<slug:slug>/schedules/<int:pk>/switch/",
        schedules.schedule_switch,
        name="schedule_switch",
    ),
    path(
        "tenants/<slug:slug>/schedules/<int:pk>/remove/",
        schedules.schedule_remove,
        name="schedule_remove",
    ),
    path("tenants/<slug:slug>/blackouts/add/", schedules.blackout_add, name="blackout_add"),
    path("tenants/<slug:slug>/blackouts/<int:pk>/", schedules.blackout_edit, name="blackout_edit"),
    path(
        "tenants/<slug:slug>/blackouts/<int:pk>/switch/",
        schedules.blackout_switch,
        name="blackout_switch",
    ),
    path(
        "tenants/<slug:slug>/blackouts/<int:pk>/remove/",
        schedules.blackout_remove,
        name="blackout_remove",
    ),
    path("tenants/<slug:slug>/try-now/", schedules.try_now, name="tenant_try_now"),
    path("tenants/<slug:slug>/domains/", safeguards.tenant_domains, name="tenant_domains"),
    path("tenants/<slug:slug>/protection/", safeguards.tenant_protection, name="tenant_protection"),
    path(
        "tenants/<slug:slug>/protection/<int:pk>/clear/",
        safeguards.account_clear,
        name="account_clear",
    ),
    path("tenants/<slug:slug>/reconcile/", reconciling.tenant_reconcile, name="tenant_reconcile"),
    path(
        "tenants/<slug:slug>/reconcile/take-back/",
        reconciling.accepted_take_back,
        name="accepted_take_back",
    ),
    path("costs/tenants/<slug:slug>/simulator/", simulator.simulator, name="simulator"),
    path("costs/tenants/<slug:slug>/simulator.csv", simulator.simulator_csv, name="simulator_csv"),
    path("templates/", library.template_list, name="template_list"),
    path("templates/<slug:kind>/<slug:template>/", library.template_detail, name="template_detail"),
    path("templates/<slug:kind>/<slug:template>.yaml", library.template_file, name="template_file"),
    path(
        "templates/<slug:kind>/<slug:template>.csv", library.template_sample, name="template_sample"
    ),
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job_detail"),
    path("jobs/<int:pk>/progress/", jobs.job_progress, name="job_progress"),
    path("jobs/<int:pk>/operations.csv", jobs.job_csv, name="job_csv"),
    path(
        "jobs/<int:pk>/operations/<int:operation>/transfer/",
        jobs.job_ask_transfer,
        name="job_ask_transfer",
    ),
    path("jobs/<int:pk>/drift/", reconciling.job_drift, name="job_drift"),
    path("jobs/<int:pk>/drift/decide/", reconciling.job_drift_decide, name="job_drift_decide"),
    path("jobs/<int:pk>/drift.csv", reconciling.job_drift_csv, name="job_drift_csv"),
    path("jobs/<int:pk>/stages/", on_demand.job_stages, name="job_stages"),
    path("jobs/<int:pk>/stages/news/", on_demand.job_stages_news, name="job_stages_news"),
    path("jobs/<int:pk>/approve/", jobs.job_approve, name="job_approve"),
    path("jobs/<int:pk>/plan-again/", jobs.job_plan_again, name="job_plan_again"),
    path("jobs/<int:pk>/undo/", undoing.job_undo, name="job_undo"),
    path("jobs/<int:pk>/retry/", jobs.job_retry, name="job_retry"),
    path("jobs/<int:pk>/accept-loss/", jobs.job_accept_loss, name="job_accept_loss"),
    path("jobs/<int:pk>/pause/", jobs.job_pause, name="job_pause"),
    path("jobs/<int:pk>/resume/", jobs.job_resume, name="job_resume"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("reports/", jobs.report_list, name="report_list"),
    # Before billing's own, of which one takes a day where this says waste.
    path("costs/tenants/<slug:slug>/waste/", waste.waste_tenant, name="waste_tenant"),
    path("costs/tenants/<slug:slug>/waste.csv", waste.waste_tenant_csv, name="waste_tenant_csv"),
    path("costs/customers/<slug:slug>/waste/", waste.waste_customer, name="waste_customer"),
    path(
        "costs/customers/<slug:slug>/waste.csv",
        waste.waste_customer_csv,
        name="waste_customer_csv",
    ),
]
