"""Addresses of the playground's pages."""

from django.urls import path

from playground.views import columns, retrieval

app_name = "playground"
urlpatterns = [
    path("playground/", columns.index, name="index"),
    path("playground/save", columns.save, name="save"),
    path("playground/retrieval/", retrieval.page, name="retrieval"),
    path("playground/retrieval/search", retrieval.search, name="retrieval_search"),
]
