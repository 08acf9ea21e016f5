"""Draw the icons of the installed application from the favicon: PNG, as operating systems want them.

python scripts/make_icons.py
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

IMAGES = ROOT / "static" / "img"
PAPER = "#faf9f5"

# Of each file: its size in pixels, and how much of it the picture takes: the rest is cut off by some systems.
ICONS = {"icon-192.png": (192, 1.0), "icon-512.png": (512, 1.0), "icon-maskable-512.png": (512, 0.78)}


def main() -> int:
    """Write each icon; 0 when all are there."""
    from tests.browser_path import browser_path

    svg = (IMAGES / "favicon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox", "--disable-gpu"])
        for name, (size, share) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            drawn = round(size * share)
            style = f"margin:{(size - drawn) // 2}px"
            paper = PAPER if share < 1 else "transparent"
            picture = svg.replace("<svg ", f'<svg width="{drawn}" height="{drawn}" style="display:block;{style}" ', 1)
            page.set_content(f'<body style="margin:0;background:{paper};overflow:hidden">{picture}</body>')
            page.screenshot(path=str(IMAGES / name), omit_background=share == 1)
            print(f"{name}: {(IMAGES / name).stat().st_size} bytes")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
