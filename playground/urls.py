"""Addresses of the playground's pages."""

from django.urls import path

from playground import views

app_name = "playground"
urlpatterns = [
    path("playground/", views.index, name="index"),
    path("playground/save", views.save, name="save"),
]
