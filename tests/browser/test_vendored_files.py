"""What the browser gets from others is what the manifest says, and nothing else."""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("static/vendor", "static/fonts", "tests/vendor")
OWN = {"static/vendor/README.md", "static/vendor/manifest.json"}
PERMISSIVE = {"MIT", "OFL-1.1", "(MPL-2.0 OR Apache-2.0)", "Apache-2.0", "BSD-3-Clause"}


def manifest() -> list[dict[str, str]]:
    return json.loads((ROOT / "static/vendor/manifest.json").read_text(encoding="utf-8"))["files"]


def test_every_vendored_file_has_the_listed_hash():
    for entry in manifest():
        data = (ROOT / entry["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], entry["path"]


def test_no_vendored_file_is_missing_from_the_manifest():
    listed = {entry["path"] for entry in manifest()} | OWN
    there = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert there == listed


def test_what_ships_has_a_permissive_licence_and_its_text():
    for entry in manifest():
        if entry["path"].startswith("static/"):
            assert entry["licence"] in PERMISSIVE, entry["path"]
    packages = {entry["package"] for entry in manifest()}
    with_text = {entry["package"] for entry in manifest() if "LICENSE" in entry["path"]}
    assert with_text == packages


def test_no_page_loads_anything_from_another_host():
    for folder in ("templates", "static/js", "static/css"):
        for path in (ROOT / folder).rglob("*.*"):
            text = path.read_text(encoding="utf-8")
            for line in text.splitlines():
                loads = any(word in line for word in ("src=", "@import", "url(", "import(", 'rel="stylesheet"'))
                assert not (loads and "//" in line.replace("http://www.w3.org", "")), f"{path}: {line.strip()}"
