"""Addresses of the chat app's pages."""

from django.urls import path

from chat.views import answers, assistants, conversations, exports, language_models, sharing, welcome

app_name = "chat"
urlpatterns = [
    path("", conversations.page, name="home"),
    path("c/<uuid:conversation_id>/", conversations.page, name="conversation"),
    path("c/<uuid:conversation_id>/rename", conversations.rename, name="conversation_rename"),
    path("c/<uuid:conversation_id>/delete", conversations.delete, name="conversation_delete"),
    path("answers/<uuid:message_id>/trace/", conversations.trace, name="trace"),
    path("answers/<uuid:message_id>/passages/", answers.passages, name="passages"),
    path("assistants/", assistants.index, name="assistants"),
    path("assistants/new/", assistants.new, name="assistant_new"),
    path("assistants/<slug:slug>/", assistants.edit, name="assistant_edit"),
    path("assistants/<slug:slug>/publish/<int:number>", assistants.publish, name="version_publish"),
    path("assistants/<slug:slug>/default", assistants.make_default, name="assistant_default"),
    path("assistants/<slug:slug>/delete", assistants.delete, name="assistant_delete"),
    path("models/", language_models.index, name="models"),
    path("models/new/", language_models.edit, name="model_new"),
    path("models/<int:model_id>/", language_models.edit, name="model_edit"),
    path("models/<int:model_id>/delete", language_models.delete, name="model_delete"),
    path("models/<int:model_id>/test", language_models.test, name="model_test"),
    path("c/<uuid:conversation_id>/links", sharing.links, name="links"),
    path("c/<uuid:conversation_id>/share", sharing.share, name="share"),
    path("links/<int:link_id>/revoke", sharing.revoke, name="link_revoke"),
    path("shared/<str:token>/", sharing.shared, name="shared"),
    path("shared/<str:token>/copy", sharing.copy, name="shared_copy"),
    path("c/<uuid:conversation_id>/export.<str:form>", exports.export, name="export"),
    path("import/", exports.import_page, name="import"),
    path("welcome/", welcome.welcome, name="welcome"),
    path("welcome/look", welcome.look, name="welcome_look"),
    path("welcome/connect", welcome.connect, name="welcome_connect"),
]
