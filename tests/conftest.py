"""Fixtures that every package's tests share."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def django_db_modify_db_settings(services: Path, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Start the database before pytest-django makes the test database; each xdist worker gets its own."""


@pytest.fixture(autouse=True)
def _services_for_apps(request: pytest.FixtureRequest) -> None:
    """Every test outside the engine may use PostgreSQL and Valkey."""
    if "rag" not in request.path.parts:
        request.getfixturevalue("services")


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    """A cheap hash: the real one is made to take long."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
