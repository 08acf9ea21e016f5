"""Settings are read strictly."""

import pytest

from config.env import Env, SettingError


@pytest.mark.parametrize("value", ["x", "0", "65536", "80.5"])
def test_a_port_that_is_none_is_refused(value):
    with pytest.raises(SettingError, match="PORT"):
        Env({"PORT": value}).integer("PORT", 8000, minimum=1, maximum=65535)


@pytest.mark.django_db
def test_db(django_user_model):
    assert django_user_model.objects.count() == 0
