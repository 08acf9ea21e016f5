"""Measures the chat page in a browser: weight and time of the first visit, a long conversation, shifts of the layout.

    python bench/chat_page.py [--messages 500] [--json FILE]

Footnote is started as ``make up`` does, with an LLM stand-in of 30 tokens a second that writes Markdown. The browser is
the one that the tests use; the weight is what came over the wire, compressed.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import BrowserContext, Page, ViewportSize, sync_playwright  # noqa: E402 - the root must be on the path first

from bench.measures.application import Application, running  # noqa: E402
from tests.browser_path import browser_path  # noqa: E402
from tests.fakes.llm import FakeLLM  # noqa: E402

VISITS, SCROLL_MS = 5, 3_000
WINDOW = ViewportSize(width=1440, height=900)
QUESTION = "How many days of annual leave do full-time employees have?"
REPLY = """Full-time employees have **27 days** of annual leave [1].

| kind of leave | days |
| --- | --- |
| annual | 27 |
| public holidays | 8 |

1. Ask your manager at least two weeks ahead [1].
2. Enter the days in the calendar.

```python
days = 27
print(days / 12)
```

Leave that is not taken by the end of the year can be carried over in part [2], and what is left after March is lost.
"""
WATCH_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.shifts += entry.value;
  }
}).observe({type: "layout-shift", buffered: true});
"""
SCROLL = """
async (milliseconds) => {
  const root = document.scrollingElement;
  const frames = [];
  const started = performance.now();
  let before = started;
  while (before - started < milliseconds) {
    root.scrollTop -= 60;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames.slice(2);
}
"""


@contextlib.contextmanager
def visiting(application: Application) -> Iterator[BrowserContext]:
    """A browser that is signed in."""
    with application.signed_in() as client, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=browser_path(), args=arguments)
        # A service worker would bring from its cache what a first visit has to fetch.
        context = browser.new_context(base_url=application.address, viewport=WINDOW, service_workers="block")
        for each in client.cookies.jar:
            context.add_cookies([{"name": each.name, "value": each.value or "", "url": application.address}])
        yield context
        browser.close()


def first_visit(context: BrowserContext) -> dict[str, float]:
    """Kilobytes and requests of the chat page with nothing kept, and milliseconds until a question can be written."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    came: list[float] = []
    session.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    usable: list[float] = []
    paints: list[float] = []
    for _visit in range(VISITS):
        came.clear()
        page.goto("/")
        page.wait_for_function("document.querySelector('footnote-thread')?.matches(':defined')")
        usable.append(page.evaluate("performance.now()"))
        page.wait_for_load_state("networkidle")
        paints.append(first_paint(page))
    page.close()
    return {
        "KB": sum(came) / 1024,
        "requests": len(came),
        "first paint ms": statistics.median(paints),
        "usable ms": statistics.median(usable),
    }


def first_paint(page: Page) -> float:
    """Milliseconds from the navigation to the first contentful paint."""
    return float(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))


def long_conversation(application: Application, context: BrowserContext, messages: int) -> dict[str, float]:
    """Milliseconds until a long conversation is seen, and of its frames while it scrolls from its end upwards."""
    command = [sys.executable, "-m", "bench.measures.long_conversation", str(messages)]
    made = subprocess.run(
        command, cwd=ROOT, env=application.environment, capture_output=True, text=True, check=True, timeout=120
    )
    address = made.stdout.split()[-1]
    paints, seen, frames = [], [], []
    for _visit in range(VISITS):
        page = context.new_page()
        page.goto(address)
        page.locator(".answer").last.wait_for()
        page.wait_for_function("[...document.querySelectorAll('.answer')].at(-1)?.textContent.length > 40")
        seen.append(page.evaluate("performance.now()"))
        paints.append(first_paint(page))
        page.wait_for_load_state("networkidle")
        frames += page.evaluate(SCROLL, SCROLL_MS)
        page.close()
    return {
        "messages": messages,
        "first paint ms": statistics.median(paints),
        "last answer ms": statistics.median(seen),
        "frames/s": 1000 / statistics.mean(frames),
        "p95 frame ms": sorted(frames)[int(0.95 * len(frames))],
    }


def shifts(context: BrowserContext) -> dict[str, float]:
    """What moved while an answer was written: the sum of the layout shifts."""
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    page.goto("/")
    page.locator("[data-composer-input]").fill(QUESTION)
    page.keyboard.press("Enter")
    page.locator(".answer[data-status=complete]").wait_for(timeout=60_000)
    page.wait_for_timeout(500)
    moved = float(page.evaluate("window.shifts"))
    page.close()
    return {"layout shift": moved}


def told(name: str, figures: dict[str, float]) -> dict[str, float]:
    """Print figures and return them."""
    print(f"{name:18}", "  ".join(f"{key} {value:,.3g}" for key, value in figures.items()), flush=True)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    llm = FakeLLM(reply=REPLY, tokens_per_second=30)
    environment = {"LLM_MODEL": "fake"}
    with llm.in_thread():
        environment["LLM_BASE_URL"] = llm.base_url
        with running(more=environment) as application, visiting(application) as context:
            figures["first visit"] = told("first visit", first_visit(context))
            figures["streaming"] = told("while streaming", shifts(context))
            figures["long"] = told("long conversation", long_conversation(application, context, arguments.messages))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
