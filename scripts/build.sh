#!/bin/sh
# Validate and build what gets deployed, and say what it is made of. No account, no credentials, no Docker.
#
# `sam build` needs a Python of the functions' own version. Without one it is left out, loudly; REQUIRE_BUILD=1 makes
# that a failure.
set -eu
cd "$(dirname "$0")/.."
tools=${TOOLS:-.venv-tools/bin}
python=.venv/bin/python
wanted=3.13

export SAM_CLI_TELEMETRY=0
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-ap-northeast-1}"  # asked for by sam, used for nothing

mkdir -p .build
"$tools/sam" validate --lint
TOOLS="$tools" "$python" -m scripts.sbom

if ! interpreter=$(scripts/find_python.sh --explain --exact $wanted); then
    echo "NOT BUILT: sam build needs Python $wanted, and none was found." >&2
    exit "${REQUIRE_BUILD:-0}"
fi
find functions layers -name __pycache__ -prune -exec rm -rf {} +
PATH="$(dirname "$interpreter"):$PATH" "$tools/sam" build --cached --parallel >.build/sam.log 2>&1 || { cat .build/sam.log >&2; exit 1; }
echo "built with $interpreter:"
du -sh .aws-sam/build/CoreLayer .aws-sam/build/VendorLayer
