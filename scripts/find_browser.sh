#!/usr/bin/env bash
# Makes sure that the tests have a browser: one that is there, else the distribution's, else Playwright's own download.
# Where packages may be installed, the distribution's shell without windows is got too, for it is quicker.
# Usage: scripts/find_browser.sh VENV_BIN
set -euo pipefail
bin=$1

present() { "$bin/python" -m tests.browser_path >/dev/null 2>&1; }

install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >/dev/null 2>&1; }

if [ -z "${BROWSER_PATH:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    if ! present; then
        echo "No Chromium or Chrome found; installing the distribution's."
        apt-get update -qq >/dev/null || true
        install chromium-headless-shell || install chromium || true
    elif ! command -v chromium-headless-shell >/dev/null && apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        echo "Installing the package chromium-headless-shell: the tests in a browser take half the time with it."
        install chromium-headless-shell || true
    fi
fi
present && exit 0
echo "No Chromium or Chrome found; downloading Playwright's."
"$bin/python" -m playwright install chromium || true
present && exit 0
cat >&2 <<'TEXT'
The tests need a browser and none could be had. Do one of these and try again:
  - install Chromium or Chrome (Debian: apt-get install chromium; Fedora: dnf install chromium; macOS: brew install --cask chromium)
  - set BROWSER_PATH to the program of one
  - run .venv/bin/playwright install --with-deps chromium
  - leave these tests out knowingly: NO_BROWSER=1 make test
TEXT
exit 1
