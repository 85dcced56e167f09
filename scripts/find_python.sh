#!/bin/sh
# Print the first Python of at least this version that really answers; with --exact, of exactly this version.
#   find_python.sh [--explain] [--exact] 3.11
# A version manager's shim can exist on PATH and answer with an error: it is passed over. Its versions are looked into.
set -u
explain= exact=
while :; do
    case "${1-}" in
        --explain) explain=1; shift ;;
        --exact) exact=1; shift ;;
        *) break ;;
    esac
done
want=$1
major=${want%.*} minor=${want#*.}
test="import sys; v = sys.version_info[:2]; sys.exit(not (v == ($major, $minor) if '$exact' else v >= ($major, $minor)))"

candidates() {
    for newer in 3.13 3.12 3.11 3.14 3.15; do
        [ -n "$exact" ] && [ "$newer" != "$want" ] && continue
        command -v "python$newer"
        ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$newer".*/bin/"python$newer" 2>/dev/null
        ls "$HOME"/.local/share/uv/python/cpython-"$newer".*/bin/"python$newer" 2>/dev/null
    done
    command -v python3
    command -v python
}

candidates | while read -r python; do
    if "$python" -c "$test" >/dev/null 2>&1; then
        echo "$python"
        exit 3
    fi
done
[ $? -eq 3 ] && exit 0

if [ -n "$explain" ]; then
    [ -n "$exact" ] && newer= || newer=" or newer"
    echo "No Python $want$newer answers here. Looked for:" >&2
    candidates | sort -u | sed 's/^/  /' >&2
    echo "Install one (https://www.python.org/downloads/), or name it: make PYTHON=/path/to/python" >&2
fi
exit 1
