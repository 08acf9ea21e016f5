"""Addresses of the app's pages."""

from django.urls import path

from documents.views import documents, originals, sources, uploads

app_name = "documents"

urlpatterns = [
    path("documents/", documents.index, name="index"),
    path("documents/upload", uploads.upload, name="upload"),
    path("documents/delete", documents.delete_many, name="delete_many"),
    path("documents/<uuid:document_id>/", documents.document, name="document"),
    path("documents/<uuid:document_id>/original", originals.original, name="original"),
    path("documents/<uuid:document_id>/boxes", documents.boxes, name="boxes"),
    path("documents/<uuid:document_id>/delete", documents.delete, name="delete"),
    path("documents/<uuid:document_id>/retry", uploads.retry, name="retry"),
    path("sources/", sources.index, name="sources"),
    path("sources/new/", sources.new, name="source_new"),
    path("sources/<slug:slug>/", sources.edit, name="source_edit"),
    path("sources/<slug:slug>/delete", sources.delete, name="source_delete"),
]
