#!/usr/bin/env python
"""Footnote's command entry: ``manage.py help`` lists what it can do."""

import os
import sys


def main() -> None:
    """Run the command named on the command line; a wrong setting ends it with one clear line and status 2."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:] == ["up"]:
        # Not a Django command: loading every app first would cost half a second of each start.
        from config.supervision.up import main as up

        sys.exit(up())
    if sys.argv[1:2] == ["web"]:
        # Its requests run in changing threads and share connections; every other process keeps one of its own.
        os.environ.setdefault("DATABASE_POOL_SIZE", "20")

    from django.core.management import execute_from_command_line

    from config.env import SettingError

    try:
        execute_from_command_line(sys.argv)
    except SettingError as error:
        sys.exit(f"Footnote cannot start: {error}")
    except Exception as error:
        from config.embedded.absence import explain_absence

        sentence = explain_absence(error)
        if sentence is None:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
