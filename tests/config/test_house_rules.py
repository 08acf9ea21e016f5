"""Rules of the house that no tool checks: sizes, pages without inline code, torch left alone."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("config", "playground", "chat", "documents", "accounts", "live", "rag")
LONGEST_FILE = 400
SOURCES = [path for name in (*PACKAGES, "tests", "scripts", "bench") for path in sorted((ROOT / name).rglob("*.py"))]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = [path for path in sorted((ROOT / "static").rglob("*.*")) if path.suffix in {".js", ".css"}]
INLINE = {
    "an inline style": r"\sstyle\s*=",
    "a style element": r"<style\b",
    "an event handler": r"\son[a-z]+\s*=\s*[\"']",
    "an inline script": r"<script(?![^>]*\bsrc=)(?![^>]*type=\"(?:application/json|speculationrules)\")",
    "an address of code": r"javascript:",
    "something from elsewhere": r"(?:src|href)=[\"']https?://[^\"']*\.(?:js|css|woff2?|png|svg)",
}


def lines_of(path):
    """Return how many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_one_can_hold_in_the_head():
    own_scripts = [path for path in SCRIPTS if "vendor" not in path.parts]
    migrations = {path for path in SOURCES if "migrations" in path.parts}
    assert [(str(path), lines_of(path)) for path in [*SOURCES, *TEMPLATES, *own_scripts]
            if path not in migrations and lines_of(path) > LONGEST_FILE] == []  # fmt: skip


@pytest.mark.parametrize("what", INLINE)
def test_templates_hold_no_code_or_style(what):
    found = [f"{path.relative_to(ROOT)}: {match.group(0).strip()}" for path in TEMPLATES
             for match in re.finditer(INLINE[what], path.read_text(encoding="utf-8"))]  # fmt: skip
    assert found == []


def test_no_group_of_a_pattern_is_possessive():
    """Python before 3.11.5, Debian's for instance, gets them wrong (its issue gh-106052); classes may be."""
    group = re.compile(
        r"re\.compile\(.*(?:\)(?:[*+?]|\{+[^}]*\}+)\+|\(\?>)|^ +(?:return|word =) rf?\".*\)(?:[*+?]|\{+[^}]*\}+)\+"
    )
    assert group.search('X = re.compile(r"(?:ab)*+")')
    assert not group.search('X = re.compile(r"[ab)]*+(?:c)*")')
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in PACKAGES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if group.search(line)
    ]
    assert found == []


def test_torch_is_imported_inside_functions_of_the_engine_only():
    found = []
    for path in [path for path in SOURCES if path.relative_to(ROOT).parts[0] in PACKAGES]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inner = {id(node) for function in ast.walk(tree) if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
                 for node in ast.walk(function)}  # fmt: skip
        allowed = path.relative_to(ROOT).parts[0] == "rag"
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            heavy = any(name.split(".")[0] in {"torch", "transformers"} for name in names)
            if heavy and not (allowed and id(node) in inner) and not in_type_checking(tree, node):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def in_type_checking(tree, wanted):
    """Return whether ``wanted`` is read by the type checker only."""
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") and wanted in ast.walk(node)
        for node in ast.walk(tree)
    )


def test_starting_the_web_process_loads_no_heavy_library():
    code = (
        "import sys, config.asgi, config.urls\n"
        "heavy = ('torch', 'transformers', 'openai', 'docx', 'playwright', 'pytest')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_no_migration_is_missing(db):
    done = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "manage.py", "makemigrations", "--check", "--dry-run"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
