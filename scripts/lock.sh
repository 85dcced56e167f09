#!/bin/sh
# Resolve every environment once, and pin it with hashes: what is tested is what ships.
# No index line is written, so the files work with whatever index pip is set up for.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-strip-extras \
        --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" "$@"
}
lock requirements/dev.in -o requirements/dev.txt
lock -c requirements/dev.txt requirements/simulator.in -o requirements/simulator.txt
lock -c requirements/dev.txt layers/vendor/requirements.in -o layers/vendor/requirements.txt
lock requirements/tools.in -o requirements/tools.txt
lock requirements/audit.in -o requirements/audit.txt
