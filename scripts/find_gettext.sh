#!/usr/bin/env bash
# Makes sure that the tests of the catalogues have GNU gettext: where packages may be installed, it is; elsewhere it says
# what to install. The application itself needs none of it.
set -euo pipefail
command -v xgettext >/dev/null && command -v msgfmt >/dev/null && command -v msgmerge >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing the package gettext: the catalogues of the languages are compared with the source."
    apt-get update -qq >/dev/null || true
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends gettext >/dev/null 2>&1 || true
fi
command -v xgettext >/dev/null && command -v msgfmt >/dev/null && command -v msgmerge >/dev/null && exit 0
echo "There is no GNU gettext, which the catalogues of the languages need. On Debian: apt-get install gettext" >&2
exit 1
