#!/usr/bin/env bash
# Runs the tests on the shared evaluation data, or says plainly that the data is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${EVALDATA:-../shared/evaldata}
if [ ! -d "$data" ]; then
    echo "The evaluation data is missing at $data, so its tests were not run. Set EVALDATA to its folder to run them."
    exit 0
fi
EVALDATA=$(cd "$data" && pwd) .venv/bin/python -m pytest tests -m evaldata -n auto --maxprocesses 4
