"""Addresses of the cost pages."""

from django.urls import include, path

from billing.views import api, bills, budgets, costs, days, files, prices, statements

api_patterns = [
    path("customers", api.customers, name="api_customers"),
    path("usage", api.usage, name="api_usage"),
    path("costs", api.costs, name="api_costs"),
    path("statements", api.statements, name="api_statements"),
    path("statements/<int:pk>", api.statement, name="api_statement"),
    path("prices", api.prices, name="api_prices"),
    path("openapi.json", api.description, name="api_description"),
]
urlpatterns = [
    path("api/v1/", include(api_patterns)),
    path("costs/", costs.cost_overview, name="cost_overview"),
    path("costs/tenants/<slug:slug>/", days.cost_tenant, name="cost_tenant"),
    path("costs/tenants/<slug:slug>/<str:day>/", days.cost_day, name="cost_day"),
    path("costs/usage.<slug:ending>", files.cost_file, name="cost_file"),
    path("costs/focus.csv", files.cost_focus, name="cost_focus"),
    path("costs/prices/", prices.price_list, name="price_list"),
    path("costs/prices/add/", prices.price_add, name="price_add"),
    path("costs/prices/<int:pk>/remove/", prices.price_remove, name="price_remove"),
    path("costs/rates/", prices.rate_list, name="rate_list"),
    path("costs/rates/add/", prices.rate_add, name="rate_add"),
    path("costs/rates/<int:pk>/remove/", prices.rate_remove, name="rate_remove"),
    path("costs/customers/<slug:slug>/", costs.cost_customer, name="cost_customer"),
    path("costs/customers/<slug:slug>/terms/", prices.terms_edit, name="terms_edit"),
    path("costs/budgets/", budgets.budget_list, name="budget_list"),
    path("costs/budgets/add/", budgets.budget_add, name="budget_add"),
    path("costs/budgets/<int:pk>/", budgets.budget_edit, name="budget_edit"),
    path("costs/budgets/<int:pk>/remove/", budgets.budget_remove, name="budget_remove"),
    path("costs/reconciliation/", bills.reconciliation, name="reconciliation"),
    path("costs/reconciliation/days.csv", bills.reconciliation_csv, name="reconciliation_csv"),
    path(
        "costs/reconciliation/tenants/<slug:slug>/",
        bills.reconciliation_tenant,
        name="reconciliation_tenant",
    ),
    path("costs/reconciliation/imports/", bills.bill_list, name="bill_list"),
    path("costs/reconciliation/imports/<int:pk>/", bills.bill_detail, name="bill_detail"),
    path("costs/reconciliation/imports/<int:pk>/remove/", bills.bill_remove, name="bill_remove"),
    path("costs/statements/", statements.statement_list, name="statement_list"),
    path(
        "costs/customers/<slug:slug>/statements/<str:month>/open/",
        statements.statement_open,
        name="statement_open",
    ),
    path("costs/statements/<int:pk>/", statements.statement_detail, name="statement_detail"),
    path("costs/statements/<int:pk>/focus.csv", statements.statement_focus, name="statement_focus"),
    path("costs/statements/<int:pk>/close/", statements.statement_close, name="statement_close"),
    path(
        "costs/statements/<int:pk>/correct/", statements.statement_correct, name="statement_correct"
    ),
    path(
        "costs/statements/<int:pk>/corrections/<int:line>/remove/",
        statements.correction_remove,
        name="correction_remove",
    ),
]
