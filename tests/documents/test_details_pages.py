"""The document's page says who sees it and what is known of it, and changes both."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from documents.models import Document
from documents.retrieval import search
from tests.documents.test_retrieval import FACTS


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_shares_a_document_and_says_so(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0])
    ada = browser(cast.ada)
    lab = Group.objects.get(name="Lab")
    body = {"visibility": "restricted", "groups": [lab.pk], "users": [cast.cleo.pk]}
    assert ada.post(f"/documents/{document.pk}/share", body).status_code == 302
    assert len(search(user=cast.cleo, query="leave").passages) == 1
    page = ada.get(f"/documents/{document.pk}/")
    assert page.context["sharing"].initial == {
        "visibility": "restricted", "groups": [lab.pk], "users": [cast.cleo.pk]
    }  # fmt: skip
    assert "shared by itself" in page.content.decode()
    for visibility, count in (("everyone", 1), ("source", 0)):
        ada.post(f"/documents/{document.pk}/share", {"visibility": visibility})
        assert len(search(user=cast.cleo, query="leave").passages) == count
    before = Document.objects.get(pk=document.pk).audience_id
    for wrong in ({}, {"visibility": "some"}, {"visibility": "restricted", "users": ["0"]}):
        ada.post(f"/documents/{document.pk}/share", wrong)
        assert Document.objects.get(pk=document.pk).audience_id == before


def test_only_who_may_change_them_gets_the_dialogs(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0], owner=cast.ben)
    for person, details, sharing in ((cast.ada, True, True), (cast.ben, True, False), (cast.max, False, False)):
        page = browser(person).get(f"/documents/{document.pk}/").content.decode()
        assert ('id="details"' in page, 'id="sharing"' in page) == (details, sharing)


def test_the_page_writes_down_what_is_known(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0])
    ada = browser(cast.ada)
    body = {
        "author": "Ada",
        "created": "2023-05",
        "tags": "HR, leave",
        "custom": "cost: 12\ndone: true\ndue: 2024-05-01",
    }
    assert ada.post(f"/documents/{document.pk}/describe", body).status_code == 302
    document.refresh_from_db()
    assert (document.author, document.tags) == ("Ada", ["hr", "leave"])
    assert document.custom == {"cost": 12, "done": True, "due": "2024-05-01"}
    assert document.fixed == ["author", "created"]
    page = ada.get(f"/documents/{document.pk}/").content.decode()
    assert all(word in page for word in ("Ada", "hr", "leave", "cost", "2024-05-01"))
    listed = ada.get("/documents/", {"tag": "HR"})
    assert [each.pk for each in listed.context["page"].object_list] == [document.pk]
    assert not ada.get("/documents/", {"tag": "else"}).context["page"].object_list


def test_what_the_form_leaves_as_it_is_stays_the_files(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0])
    body = {"author": "", "created": "", "tags": "hr", "custom": ""}
    browser(cast.ada).post(f"/documents/{document.pk}/describe", body)
    document.refresh_from_db()
    assert (document.tags, document.fixed) == (["hr"], [])


def test_tags_stand_between_the_commas_of_either_script(cast: Any, make_document: Any) -> None:
    document = make_document(cast.research, FACTS[0])
    browser(cast.ada).post(f"/documents/{document.pk}/describe", {"tags": "إجازات، موارد, hr"})
    document.refresh_from_db()
    assert document.tags == ["hr", "إجازات", "موارد"]


@pytest.mark.parametrize("wrong", [{"created": "soon"}, {"custom": "A B: 1"}, {"custom": "no colon"}])
def test_what_cannot_be_kept_is_told(cast: Any, make_document: Any, wrong: dict[str, str]) -> None:
    document = make_document(cast.research, FACTS[0])
    page = browser(cast.ada).post(f"/documents/{document.pk}/describe", wrong, follow=True)
    assert page.status_code == 200
    assert [each.level_tag for each in page.context["messages"]] == ["error"]
