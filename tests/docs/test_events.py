"""docs/events.md names every event and command with all its fields, and no others."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from chat.events import commands as chat_commands
from chat.events import protocol as chat_protocol
from chat.models import STEP_NAMES
from documents import events as documents_events
from live.events import Command, LiveEvent
from playground import events as playground_events

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()


def rows(section: str) -> dict[str, set[str]]:
    """Type and fields of each row of a section's table."""
    body = PAGE.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    table = re.findall(r"^\| `([a-z._]+)` \| ([^|]*)\|", body, re.MULTILINE)
    return {name: set(re.findall(r"`([a-z_]+)`", fields)) for name, fields in table}


def models(module: Any, root: type[Any]) -> dict[str, type[Any]]:
    """The concrete messages of a module by their ``type``."""
    found: dict[str, type[Any]] = {}
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, root):
            message: Any = value
            names = get_args(message.model_fields["type"].annotation)
            if names:
                found[names[0]] = value
    return found


@pytest.mark.parametrize(
    ("module", "root", "section"),
    [
        (chat_commands, Command, "Chat: from the browser"),
        (chat_protocol, LiveEvent, "Chat: to the browser"),
        (documents_events, Command, "Documents: from the browser"),
        (documents_events, LiveEvent, "Documents: to the browser"),
        (playground_events, Command, "Playground: from the browser"),
        (playground_events, LiveEvent, "Playground: to the browser"),
    ],
)
def test_every_message_is_documented_with_its_fields(module: Any, root: type, section: str) -> None:
    documented = rows(section)
    actual = models(module, root)
    assert set(documented) == set(actual)
    for name, model in actual.items():
        ignored = {"type", "seq"} | ({"conversation_id"} if root is LiveEvent else set())
        ignored |= {"column"} if root is LiveEvent and module is playground_events else set()
        assert set(model.model_fields) - ignored <= documented[name], name
        assert documented[name] <= set(model.model_fields) | inner_fields(model), name


def inner_fields(model: type[Any]) -> set[str]:
    """Fields of the models inside a message, which a row may name too."""
    found: set[str] = set()
    for field in model.model_fields.values():
        for inner in (field.annotation, *get_args(field.annotation)):
            if hasattr(inner, "model_fields"):
                found |= set(inner.model_fields) | inner_fields(inner)
    return found


def test_every_message_refuses_unknown_fields() -> None:
    for module in (chat_protocol, documents_events, playground_events):
        for root in (Command, LiveEvent):
            for model in models(module, root).values():
                assert model.model_config["extra"] == "forbid", model


def test_every_step_of_an_answer_is_documented_and_has_a_name_in_words() -> None:
    body = PAGE.split("## The steps of an answer\n", 1)[1].split("\n## ", 1)[0]
    first_cells = re.findall(r"^\| (`[^|]*)\|", body, re.MULTILINE)
    assert set(re.findall(r"`([a-z_]+)`", " ".join(first_cells))) == set(STEP_NAMES)
