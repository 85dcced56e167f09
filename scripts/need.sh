#!/bin/sh
# need.sh COMMAND REASON: say what is missing, and why it is needed.
command -v "$1" >/dev/null 2>&1 && exit 0
echo "This needs $1: $2. Install it with your system's packages and run make again." >&2
exit 1
