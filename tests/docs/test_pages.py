"""Every endpoint, command and migration stands in docs/ where its kind is kept, and nothing that is gone."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.api import api, openai_api

ROOT = Path(__file__).parents[2]
OWN = ("accounts", "chat", "config", "documents", "live", "playground")


def read(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_every_command_is_documented() -> None:
    # manage.py runs this one itself, before Django is there.
    own = {name for name, app in get_commands().items() if app in OWN} | {"up"}
    section = read("commands.md").split("## manage.py", 1)[1]
    documented = set(re.findall(r"^\| `([a-z_]+)", section, re.MULTILINE))
    assert documented == own


def test_every_make_target_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text()
    described = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    section = read("commands.md").split("## make\n", 1)[1].split("\n## ", 1)[0]
    assert set(re.findall(r"^\| `make ([a-z-]+)`", section, re.MULTILINE)) == described


def test_every_migration_is_documented() -> None:
    there = {f"{app}.{path.stem}" for app in OWN for path in (ROOT / app / "migrations").glob("[0-9]*.py")}
    assert set(re.findall(r"^\| `([a-z]+\.[0-9a-z_]+)`", read("migrations.md"), re.MULTILINE)) == there


def test_every_migration_has_a_name_of_its_own() -> None:
    names = [path.stem for app in OWN for path in (ROOT / app / "migrations").glob("[0-9]*.py")]
    assert not [name for name in names if re.search(r"_(auto|initial|alter_|add_field|remove_)", name)]


@pytest.mark.parametrize(("described", "prefix"), [(api, "/api/v1"), (openai_api, "/v1")])
def test_every_endpoint_is_documented(described: object, prefix: str) -> None:
    schema = described.get_openapi_schema()  # type: ignore[attr-defined]
    there = {f"{method.upper()} {path}" for path, methods in schema["paths"].items() for method in methods}
    documented = set(re.findall(r"^\| `([A-Z]+ /[^` ]+)`", read("api.md"), re.MULTILINE))
    assert {line for line in documented if line.split(" ")[1].startswith(prefix + "/")} == there


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"`[^`\n]*`", "", page.read_text()))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not broken
