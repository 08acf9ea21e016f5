"""Syncing a bucket, against moto's real S3 server; the signature against the examples of Amazon's documentation."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from documents import services
from documents.connectors.s3 import authorization
from documents.errors import DocumentsError
from documents.models import DataSource, RunState
from rag.errors import OutboundError
from tests.documents.syncs import counts, failures, names
from tests.fakes.website import Page, Site, serving

pytestmark = [pytest.mark.connectors, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    host, port = made.get_host_and_port()
    yield f"http://{host}:{port}"
    made.stop()


@pytest.fixture
def bucket(server: str, settings: Any) -> Iterator[Any]:
    settings.OUTBOUND_ALLOW_PRIVATE = ["127.0.0.1"]
    made = boto3.resource(
        "s3",
        endpoint_url=server,
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="s3cr3t-key",
        region_name="us-east-1",
    ).Bucket("papers")
    made.create()
    yield made
    made.objects.delete()
    made.delete()
    made.meta.client.close()


@pytest.fixture
def source(cast: Any, server: str, bucket: Any, syncing: Any) -> DataSource:
    values = {"endpoint": server, "bucket": "papers", "access_key": "AKIATEST", "secret_key": "s3cr3t-key"}
    return services.source_create(user=cast.ada, name="Bucket", kind="s3", settings=values)


def test_objects_are_followed(cast: Any, source: DataSource, bucket: Any, syncing: Any) -> None:
    odd = "reports/ä b+c&d (1)%20'~.md"
    for key in ("one.md", "reports/two.md", odd, "folder/"):
        bucket.put_object(Key=key, Body=f"# {key}".encode() if key != "folder/" else b"")
    assert "3 objects" in services.source_check(user=cast.ada, kind="s3", settings=source.settings, source=source)
    assert counts(syncing(source, cast.ada)) == (3, 0, 0, 0, 0)
    document = source.documents.get(external_id=odd)
    assert (document.address, document.filename) == (f"s3://papers/{odd}", odd.rsplit("/", 1)[-1])
    assert document.modified_at is not None
    bucket.put_object(Key="one.md", Body=b"# One, new")
    bucket.Object("reports/two.md").delete()
    assert counts(syncing(source, cast.ada)) == (0, 1, 1, 1, 0)


def test_a_bucket_of_more_than_a_thousand_objects_is_listed_in_parts(
    cast: Any, source: DataSource, bucket: Any, syncing: Any
) -> None:
    # Straight into the server's memory: a thousand requests would take most of this test's time.
    memory = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for number in range(1003):
        memory.put_object(bucket.name, f"{number:04}.md", f"# {number}".encode())
    values = {**source.settings, "include": "*00.md\n1002.md"}
    services.source_update(
        user=cast.ada, source=source, name="Bucket", description="", visibility="everyone", settings=values
    )
    assert counts(syncing(source, cast.ada)) == (12, 0, 0, 0, 0)
    assert "1002.md" in names(source)
    assert counts(syncing(source, cast.ada)) == (0, 0, 12, 0, 0)


def test_what_has_the_same_etag_is_not_fetched_again(
    cast: Any, source: DataSource, bucket: Any, syncing: Any, monkeypatch: Any
) -> None:
    bucket.put_object(Key="one.md", Body=b"# One")
    syncing(source, cast.ada)
    bucket.put_object(Key="one.md", Body=b"# One")
    monkeypatch.setattr("documents.connectors.s3.S3Connector.fetch", lambda *_: 1 / 0)
    assert counts(syncing(source, cast.ada)) == (0, 0, 1, 0, 0)


def test_an_emptied_bucket_deletes_nothing_at_once(cast: Any, source: DataSource, bucket: Any, syncing: Any) -> None:
    bucket.put_object(Key="one.md", Body=b"# One")
    syncing(source, cast.ada)
    bucket.objects.delete()
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code, names(source)) == (RunState.FAILED, "source_empty", ["one.md"])


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"])
def test_keys_that_are_refused_are_told_and_delete_nothing(
    cast: Any, source: DataSource, bucket: Any, syncing: Any, code: str
) -> None:
    bucket.put_object(Key="one.md", Body=b"# One")
    syncing(source, cast.ada)
    with serving(Site()) as site:
        answer = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>s3cr3t-key</Message></Error>"
        site.otherwise = lambda _asked: Page(answer, 403, type="application/xml")
        DataSource.objects.update(settings={**source.settings, "endpoint": site.url})
        run = syncing(source, cast.ada)
        # Path style: the bucket is part of the path.
        assert site.paths()[0].startswith("/papers?")
        assert "Credential=AKIATEST/" in site.asked[0].headers["authorization"]
    assert (run.state, run.error_code, names(source)) == (RunState.FAILED, "access_denied", ["one.md"])
    assert code in run.error_message
    assert "s3cr3t" not in run.error_message


def test_prefix_and_patterns_choose(cast: Any, source: DataSource, bucket: Any, syncing: Any) -> None:
    for key in ("a/1.md", "a/2.txt", "b/3.md"):
        bucket.put_object(Key=key, Body=key.encode())
    values = {**source.settings, "path_prefix": "a/", "include": "*.md"}
    services.source_update(
        user=cast.ada, source=source, name="Bucket", description="", visibility="everyone", settings=values
    )
    syncing(source, cast.ada)
    assert names(source) == ["1.md"]


def test_what_is_wrong_is_told(cast: Any, source: DataSource, bucket: Any, syncing: Any, settings: Any) -> None:
    bucket.put_object(Key="big.md", Body=b"x" * 3000)
    settings.MAX_UPLOAD_BYTES = 2000
    syncing(source, cast.ada)
    assert failures(source) == {"big.md": "too_large"}
    DataSource.objects.update(settings={**source.settings, "bucket": "nowhere"})
    run = syncing(source, cast.ada)
    assert (run.state, run.error_code) == (RunState.FAILED, "bucket_missing")
    settings.OUTBOUND_ALLOW_PRIVATE = []
    run = syncing(source, cast.ada)
    assert run.error_code == "outbound_private"
    with pytest.raises(OutboundError):
        services.source_check(user=cast.ada, kind="s3", settings=source.settings, source=source)
    with pytest.raises(DocumentsError):
        services.source_create(user=cast.ada, name="x", kind="s3", settings={"bucket": "x/../y"})


@pytest.mark.parametrize(
    ("path", "query", "further", "signature"),
    [
        ("/test.txt", "", {"range": "bytes=0-9"}, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("/", "lifecycle=", {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("/", "max-keys=2&prefix=J", {}, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_the_signature_is_the_one_of_amazons_examples(path: str, query: str, further: Any, signature: str) -> None:
    headers = authorization(
        host="examplebucket.s3.amazonaws.com", path=path, query=query, region="us-east-1",
        access_key="AKIAIOSFODNN7EXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        now=datetime(2013, 5, 24, tzinfo=UTC), further=further,
    )  # fmt: skip
    assert headers["authorization"].endswith(f"Signature={signature}")
