"""A document's summary on its page: its own sentences, each leading to its place, for whoever may see it."""

from django.test import Client
from django.urls import reverse

from accounts.models import User
from documents.models import DataSource
from tests.chat.conftest import LEAVE, add_document


def test_each_sentence_leads_to_its_place(db: None) -> None:
    mia = User.objects.create_user("mia@example.com", "x")
    source = DataSource.objects.create(name="Library", slug="library", visibility="everyone")
    document = add_document(source, "leave.txt", LEAVE)
    client = Client()
    client.force_login(mia)
    page = client.get(reverse("documents:document", args=[document.pk])).content.decode()
    path = reverse("documents:summary", args=[document.pk])
    assert f'data-summary-open="{path}"' in page
    assert f"/?document={document.pk}" in page
    sentences = client.get(path).context["sentences"]
    assert [each.text for each in sentences] == [each + "." for each in LEAVE[:-1].split(". ")]
    assert sentences[0].query == f"start=0&end={LEAVE.index('. ') + 1}"
    source.visibility = "restricted"
    source.save()
    assert client.get(path).status_code == 404
