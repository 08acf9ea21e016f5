"""Settings are read strictly, secrets from files too, and the documentation names them all."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from config.env import Env, SettingError, env
from config.keys import stored_key

DOCUMENTATION = Path(settings.BASE_DIR) / "docs" / "settings.md"


@pytest.mark.parametrize("value", ["x", "0", "65536", "80.5", "-1"])
def test_a_port_that_is_none_is_refused(value):
    with pytest.raises(SettingError, match="PORT"):
        Env({"PORT": value}).integer("PORT", 8000, minimum=1, maximum=65535)


def test_an_empty_variable_counts_as_not_set():
    assert Env({"PORT": " "}).integer("PORT", 8000, minimum=1, maximum=65535) == 8000


@pytest.mark.parametrize(("word", "meaning"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_truth_is_written_in_several_ways(word, meaning):
    assert Env({"DEBUG": word}).boolean("DEBUG", default=not meaning) is meaning


def test_a_word_that_is_neither_true_nor_false_is_refused():
    with pytest.raises(SettingError, match="neither true nor false"):
        Env({"DEBUG": "maybe"}).boolean("DEBUG", default=False)


@pytest.mark.parametrize("value", ["ftp://example.com", "example.com", "http://", "http://a:b", "http://[::1"])
def test_an_address_that_cannot_be_called_is_refused(value):
    with pytest.raises(SettingError, match="PUBLIC_URL"):
        Env({"PUBLIC_URL": value}).url("PUBLIC_URL", schemes=("http", "https"))


def test_a_refused_address_is_not_repeated_as_it_may_hold_a_password():
    with pytest.raises(SettingError) as caught:
        Env({"DATABASE_URL": "mysql://me:hunter2@db/x"}).secret_url("DATABASE_URL", schemes=("postgres",))
    assert "hunter2" not in str(caught.value)


def test_a_secret_comes_from_the_file_that_its_twin_names(tmp_path):
    file = tmp_path / "key"
    file.write_text("from-the-file\n")
    assert Env({"LLM_API_KEY_FILE": str(file)}).secret("LLM_API_KEY") == "from-the-file"


def test_a_secret_given_twice_is_refused(tmp_path):
    with pytest.raises(SettingError, match="not both"):
        Env({"LLM_API_KEY": "a", "LLM_API_KEY_FILE": str(tmp_path)}).secret("LLM_API_KEY")


def test_a_secret_file_that_is_missing_is_refused(tmp_path):
    with pytest.raises(SettingError, match="cannot be read"):
        Env({"LLM_API_KEY_FILE": str(tmp_path / "none")}).secret("LLM_API_KEY")


@pytest.mark.parametrize("value", ["http://10.0.0.1", "10.0.0.0/99", "a/b"])
def test_a_host_list_takes_hosts_and_networks_only(value):
    with pytest.raises(SettingError, match="OUTBOUND_ALLOW_PRIVATE"):
        Env({"OUTBOUND_ALLOW_PRIVATE": f"ollama.local, {value}"}).hosts("OUTBOUND_ALLOW_PRIVATE")


@pytest.mark.parametrize("value", ["docs", "/", "/srv/docs, relative", "/srv/.."])
def test_a_folder_list_takes_absolute_folders_below_the_root_only(value):
    with pytest.raises(SettingError, match="FOLDER_ROOTS"):
        Env({"FOLDER_ROOTS": value}).folders("FOLDER_ROOTS")
    assert [str(each) for each in Env({"FOLDER_ROOTS": "/srv/a, /mnt/b"}).folders("FOLDER_ROOTS")] == [
        "/srv/a",
        "/mnt/b",
    ]


def test_every_setting_is_documented():
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", DOCUMENTATION.read_text()))
    read = {name for name in env.names if not name.endswith("_FILE")}
    assert read - documented == set()


def test_every_secret_is_documented_with_its_file():
    text = DOCUMENTATION.read_text()
    secrets = {name.removesuffix("_FILE") for name in env.names if name.endswith("_FILE")}
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert {name for name in secrets if "secret" not in rows[name]} == set()


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "data" / "secret-key"
    key = stored_key(path)
    assert len(key) == 44
    assert stored_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret-key"]


def test_an_empty_key_file_is_refused_rather_than_replaced(tmp_path):
    path = tmp_path / "encryption-key"
    path.touch()
    with pytest.raises(SettingError, match="empty"):
        stored_key(path)
