"""Finds the browser that the tests drive; as a program it prints the path, or exits with status 1."""

import os
import shutil
import sys
from pathlib import Path

NAMES = (
    "chromium-headless-shell",  # the same engine for a third to a half of the processor time
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def browser_path() -> str | None:
    """Return the path of BROWSER_PATH, an installed Chromium or Chrome, or Playwright's own; None without any."""
    chosen = os.environ.get("BROWSER_PATH")
    if chosen:
        return chosen if os.access(chosen, os.X_OK) else None
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    for place in PLACES:
        if os.access(place, os.X_OK):
            return place
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


if __name__ == "__main__":
    path = browser_path()
    if path is None:
        sys.exit(1)
    print(path)
