"""Addresses of uploads, profiles and jobs."""

from django.urls import path

from provisioning.views import (
    checking,
    compare,
    drift,
    editor,
    jobs,
    library,
    on_demand,
    policies,
    profiles,
    promotion,
    sharing,
    suggestions,
    undoing,
    uploads,
)

urlpatterns = [
    path("tenants/<slug:slug>/upload/", uploads.tenant_upload, name="tenant_upload"),
    path("tenants/<slug:slug>/profile/", profiles.profile_detail, name="profile_detail"),
    path("tenants/<slug:slug>/profile/edit/", editor.profile_edit, name="profile_edit"),
    path(
        "tenants/<slug:slug>/profile/edit/preview/",
        checking.profile_preview,
        name="profile_preview",
    ),
    path("tenants/<slug:slug>/profile/edit/check/", checking.profile_check, name="profile_check"),
    path(
        "tenants/<slug:slug>/profile/edit/people/", checking.profile_people, name="profile_people"
    ),
    path(
        "tenants/<slug:slug>/profile/suggestions/",
        suggestions.profile_suggestions,
        name="profile_suggestions",
    ),
    path("tenants/<slug:slug>/profile/compare/", compare.profile_compare, name="profile_compare"),
    path("tenants/<slug:slug>/profile/discard/", profiles.profile_discard, name="profile_discard"),
    path("tenants/<slug:slug>/profile/pilot/", profiles.profile_pilot, name="profile_pilot"),
    path("tenants/<slug:slug>/profile/share/", sharing.profile_share, name="profile_share"),
    path("tenants/<slug:slug>/profile.yaml", sharing.profile_export, name="profile_export"),
    path("tenants/<slug:slug>/profile/import/", sharing.profile_import, name="profile_import"),
    path("tenants/<slug:slug>/profile/clone/", sharing.profile_clone, name="profile_clone"),
    path(
        "tenants/<slug:slug>/profile/template/", sharing.profile_template, name="profile_template"
    ),
    path("tenants/<slug:slug>/profile/drift/", drift.profile_drift, name="profile_drift"),
    path("tenants/<slug:slug>/profile/promote/", promotion.profile_promote, name="profile_promote"),
    path(
        "tenants/<slug:slug>/profile/from/<slug:kind>/<slug:template>/",
        library.template_use,
        name="template_use",
    ),
    path("tenants/<slug:slug>/person/", on_demand.tenant_person, name="tenant_person"),
    path("tenants/<slug:slug>/approvals/", policies.approval_policy, name="approval_policy"),
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
]
