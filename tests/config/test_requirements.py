"""What is pinned can be installed with every Python that Footnote runs on."""

from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT

OLDEST = "3.11.2"
"""Debian 12's."""


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_package_runs_on_the_oldest_python(name):
    refused = []
    for line in (ROOT / name).read_text().splitlines():
        if not line.strip() or line.startswith(("#", "-")):
            continue
        wanted = Requirement(line.partition(" #")[0])
        try:
            needs = distribution(wanted.name).metadata.get("Requires-Python") or ""
        except PackageNotFoundError:
            continue  # for another platform
        if not SpecifierSet(needs).contains(OLDEST):
            refused.append(f"{line} needs Python {needs}")
    assert refused == []
