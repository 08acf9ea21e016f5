"""The main job over the REST API: a document in, a search, an answer with a citation, a refusal. Standard library only.

Usage: main_job.py URL TOKEN
"""

import json
import sys
import time
import urllib.request
import uuid
from typing import Any

TEXT = """# Bicycle policy

Every employee may lease one bicycle through the company. The lease runs for thirty-six months.
Repairs are paid up to 250 euros a year. Requests go to mobility@example.com.
"""
WAIT_S = 120


def call(url: str, token: str, body: bytes | None = None, content_type: str = "application/json") -> Any:
    """Return the JSON of a GET, or of a POST when there is a body."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
    with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=headers), timeout=60) as response:
        return json.load(response)


def main(base: str, token: str) -> None:
    """Do the job; an assertion that fails says what did not hold."""
    boundary = uuid.uuid4().hex
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="bicycles.md"\r\n'
        f"Content-Type: text/markdown\r\n\r\n{TEXT}\r\n--{boundary}--\r\n"
    ).encode()
    created = call(f"{base}/api/v1/documents", token, form, f"multipart/form-data; boundary={boundary}")
    deadline = time.monotonic() + WAIT_S
    document = created
    while document["status"] not in {"ready", "failed"} and time.monotonic() < deadline:
        time.sleep(0.2)
        document = call(f"{base}/api/v1/documents/{created['id']}", token)
    assert document["status"] == "ready", document
    text = call(f"{base}/api/v1/documents/{created['id']}/text", token)["text"]
    found = call(f"{base}/api/v1/search", token, json.dumps({"query": "bicycle lease", "k": 3}).encode())["passages"]
    assert found[0]["document_id"] == created["id"], found
    question = {"question": "How long does the lease of a bicycle run?"}
    answer = call(f"{base}/api/v1/answers", token, json.dumps(question).encode())
    assert not answer["refused"], answer
    assert "thirty-six months" in answer["answer"], answer
    for citation in answer["citations"]:
        if citation["document_id"] == created["id"]:
            assert text[citation["source_start"] : citation["source_end"]] == citation["quote"], citation
    unknown = {"question": "Which team won the 1998 FIFA World Cup final?"}
    assert call(f"{base}/api/v1/answers", token, json.dumps(unknown).encode())["refused"]
    print("A document was read, found, cited, and what it does not say was refused.")


if __name__ == "__main__":
    main(*sys.argv[1:])
