"""Pictures of pages: small files in docs/screenshots, and of every page that the tests walk, when asked for."""

import io
import os
import re
from pathlib import Path
from typing import Any

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1440, "height": 900}

SETTLED = """Promise.all(document.getAnimations().map((each) => each.finished.catch(() => null)))
    .then(() => document.fonts.ready)
    .then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))"""


def show(page: Any, size: dict[str, int], theme: str) -> None:
    """Show the page in this size and theme, and wait until it stands still."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.evaluate(SETTLED)


def for_docs(page: Any, name: str, size: dict[str, int] = DESKTOP, themes: tuple[str, ...] = ("light",)) -> None:
    """Keep NAME.webp, and NAME-dark.webp where that theme is asked for too, in docs/screenshots."""
    for theme in themes:
        show(page, size, theme)
        with Image.open(io.BytesIO(page.screenshot())) as shot:
            # A third of a PNG, to the point the same.
            shot.convert("RGB").save(DOCS / f"{name}{'-dark' if theme == 'dark' else ''}.webp", lossless=True)
    show(page, DESKTOP, "light")


def keep(page: Any, name: str) -> None:
    """With SCREENSHOTS set to a folder: keep the page there at phone and desktop width, light and dark.

    The files bear the name, words of a path too, with the width and the theme.
    """
    folder = os.environ.get("SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    name = "-".join(re.findall(r"\w+", name)) or "chat"
    before = page.viewport_size
    # Else it is over something else at each width.
    page.mouse.move(0, 0)
    for size in (PHONE, DESKTOP):
        for theme in ("light", "dark"):
            show(page, size, theme)
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}-{theme}.png")
    show(page, before, "light")
