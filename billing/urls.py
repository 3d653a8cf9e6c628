"""Addresses of the cost pages."""

from django.urls import path

from billing import views

urlpatterns = [
    path("costs/", views.cost_overview, name="cost_overview"),
    path("costs/costs.csv", views.cost_csv, name="cost_csv"),
    path("costs/prices/", views.price_list, name="price_list"),
    path("costs/prices/add/", views.price_add, name="price_add"),
    path("costs/customers/<slug:slug>/", views.cost_customer, name="cost_customer"),
]
