#!/bin/sh
# Make .venv and install the pinned dependencies into it; does nothing when both are already as the project wants them.
# Portable sh: runs on Linux and macOS. PYTHON=/path/to/python chooses the interpreter.
set -eu

cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.installed

fail() {
    echo "setup: $1" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Prints the interpreter to use. A python3.x on PATH may be a shim that fails when run, so each one is tried.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null 2>&1 || fail "PYTHON=$PYTHON was not found; set PYTHON to a Python 3.11 or newer."
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is older than Python 3.11; set PYTHON to a Python 3.11 or newer."
        echo "$PYTHON"
        return
    fi
    # The newest that the dependencies have wheels for; another one may be named with PYTHON.
    for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer was found; install one (python.org, apt, brew) or run with PYTHON=/path/to/python3.11."
}

fingerprint() {
    cat pyproject.toml constraints.txt scripts/bootstrap.sh | cksum
    [ -z "${PYTHON:-}" ] || echo "$PYTHON"
}

wanted=$(fingerprint)
if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi

began=$(date +%s)
if ! { [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python" && [ -z "${PYTHON:-}" ]; }; then
    python=$(find_python)
    echo "setup: creating $venv with $("$python" --version) ($(command -v "$python"))"
    "$python" -m venv --clear "$venv" ||
        fail "$python cannot make a virtual environment; on Debian and Ubuntu install python3-venv."
fi
rm -f "$stamp"

echo "setup: installing the pinned dependencies into $venv"
if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'; then
    fail "pip could not install the dependencies (its message is above); check the network, or where a package has no wheel for $("$venv/bin/python" --version) run with PYTHON=/path/to/python3.13."
fi
echo "$wanted" >"$stamp"
echo "setup: done in $(($(date +%s) - began)) s"
