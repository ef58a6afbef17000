"""One Chromium for all tests that look at pages. Playwright's own copy is not asked for: any that is installed will do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (refused) => {
  window.violations.push(refused.violatedDirective + " " + refused.blockedURI);
});
"""


def chromium() -> str:
    """The program; skips the test where there is none, and fails it where the one that was named is missing."""
    named = os.environ.get("LOGISTIC_CHROMIUM")
    found = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if found is None and named:
        pytest.fail(f"LOGISTIC_CHROMIUM={named!r} is no program on this machine")
    if found is None:
        pytest.skip("no Chromium: install it (Debian's package is chromium), or name the program in LOGISTIC_CHROMIUM")
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    program = chromium()
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=program)
        yield running
        running.close()


class Opened(NamedTuple):
    """A page of the browser, and what it did that a report must never do."""

    page: Any
    requests: list[str]
    messages: list[str]  # of the console, errors of scripts, dialogs

    def violations(self) -> list[str]:
        """What the content security policy refused."""
        return list(self.page.evaluate("window.violations"))


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the text of a page as a file, in a context with the given settings."""
    contexts = []

    def open_(text: str, **settings: Any) -> Opened:
        file = tmp_path / "page.html"
        file.write_text(text, "utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings}))
        contexts[-1].add_init_script(WATCH)
        found = Opened(contexts[-1].new_page(), [], [])
        found.page.set_default_timeout(10_000)
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("console", lambda message: found.messages.append(message.text))
        found.page.on("pageerror", lambda error: found.messages.append(str(error)))
        found.page.on("dialog", lambda dialog: (found.messages.append(dialog.message), dialog.dismiss()))
        found.page.goto(file.as_uri())
        return found

    yield open_
    for context in contexts:
        context.close()
