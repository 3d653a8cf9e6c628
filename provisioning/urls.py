"""Addresses of uploads, profiles and jobs."""

from django.urls import path

from provisioning.views import jobs, profiles, uploads

urlpatterns = [
    path("tenants/<slug:slug>/upload/", uploads.tenant_upload, name="tenant_upload"),
    path("tenants/<slug:slug>/profile/", profiles.profile_detail, name="profile_detail"),
    path("tenants/<slug:slug>/profile/edit/", profiles.profile_edit, name="profile_edit"),
    path("jobs/", jobs.job_list, name="job_list"),
    path("jobs/<int:pk>/", jobs.job_detail, name="job_detail"),
    path("jobs/<int:pk>/progress/", jobs.job_progress, name="job_progress"),
    path("jobs/<int:pk>/operations.csv", jobs.job_csv, name="job_csv"),
    path("jobs/<int:pk>/approve/", jobs.job_approve, name="job_approve"),
    path("jobs/<int:pk>/accept-loss/", jobs.job_accept_loss, name="job_accept_loss"),
    path("jobs/<int:pk>/cancel/", jobs.job_cancel, name="job_cancel"),
    path("reports/", jobs.report_list, name="report_list"),
]
