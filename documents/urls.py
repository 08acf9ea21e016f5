"""Addresses of the app's pages."""

from django.urls import path

from documents.views import chunking, chunks, documents, embeddings, originals, rerankers, sources, syncs, uploads

app_name = "documents"

urlpatterns = [
    path("documents/", documents.index, name="index"),
    path("documents/upload", uploads.upload, name="upload"),
    path("documents/queue", documents.queue, name="queue"),
    path("documents/delete", documents.delete_many, name="delete_many"),
    path("documents/retry", documents.retry_many, name="retry_many"),
    path("documents/<uuid:document_id>/", documents.document, name="document"),
    path("documents/<uuid:document_id>/original", originals.original, name="original"),
    path("documents/<uuid:document_id>/boxes", documents.boxes, name="boxes"),
    path("documents/<uuid:document_id>/delete", documents.delete, name="delete"),
    path("documents/<uuid:document_id>/retry", uploads.retry, name="retry"),
    path("documents/<uuid:document_id>/file", uploads.replace, name="replace"),
    path("documents/<uuid:document_id>/chunks/", chunks.inspector, name="chunks"),
    path("documents/<uuid:document_id>/chunks/list", chunks.listing, name="chunks_list"),
    path("documents/<uuid:document_id>/chunks/text", chunks.text, name="chunks_text"),
    path("documents/<uuid:document_id>/chunks/at", chunks.at, name="chunks_at"),
    path("chunks/<int:chunk_id>/edit", chunks.edit, name="chunk_edit"),
    path("chunks/<int:chunk_id>/reset", chunks.reset, name="chunk_reset"),
    path("chunks/<int:chunk_id>/exclude", chunks.exclude, name="chunk_exclude"),
    path("chunks/<int:chunk_id>/include", chunks.include, name="chunk_include"),
    path("chunk-edits/<int:edit_id>/discard", chunks.discard, name="edit_discard"),
    path("embeddings/", embeddings.index, name="embeddings"),
    path("embeddings/new/", embeddings.new, name="embedding_new"),
    path("embeddings/test", embeddings.test, name="embedding_test"),
    path("embeddings/<int:set_id>/server/", embeddings.reconnect, name="embedding_reconnect"),
    path("embeddings/<int:set_id>/cancel", embeddings.cancel, name="embedding_cancel"),
    path("embeddings/<int:set_id>/switch-back", embeddings.switch_back, name="embedding_switch_back"),
    path("embeddings/<int:set_id>/resume", embeddings.resume, name="embedding_resume"),
    path("rerankers/", rerankers.index, name="rerankers"),
    path("rerankers/new/", rerankers.new, name="reranker_new"),
    path("rerankers/test", rerankers.trial, name="reranker_test"),
    path("rerankers/<slug:slug>/", rerankers.edit, name="reranker_edit"),
    path("rerankers/<slug:slug>/try", rerankers.trial, name="reranker_try"),
    path("rerankers/<slug:slug>/delete", rerankers.delete, name="reranker_delete"),
    path("sources/", sources.index, name="sources"),
    path("sources/new/", sources.new, name="source_new"),
    path("sources/<slug:slug>/", sources.edit, name="source_edit"),
    path("sources/new/<slug:kind>/check", syncs.check_new, name="source_check_new"),
    path("sources/<slug:slug>/check", syncs.check, name="source_check"),
    path("sources/<slug:slug>/syncs/", syncs.index, name="source_syncs"),
    path("sources/<slug:slug>/syncs/start", syncs.start, name="sync_start"),
    path("sources/<slug:slug>/syncs/stop", syncs.stop, name="sync_stop"),
    path("sources/<slug:slug>/syncs/retry", syncs.retry, name="sync_retry"),
    path("sources/<slug:slug>/chunking/", chunking.chunking, name="source_chunking"),
    path("sources/<slug:slug>/delete", sources.delete, name="source_delete"),
]
