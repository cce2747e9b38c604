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

# One that the pinned dependencies were tried with: what is newer may have no wheels yet.
supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >/dev/null 2>&1
}

# Prints the interpreter to use. A python3.x on PATH may be a shim that fails when run, so each one is tried.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        command -v "$PYTHON" >/dev/null 2>&1 || fail "PYTHON=$PYTHON was not found; set PYTHON to a Python 3.11 or newer."
        new_enough "$PYTHON" || fail "PYTHON=$PYTHON is older than Python 3.11; set PYTHON to a Python 3.11 or newer."
        echo "$PYTHON"
        return
    fi
    # The newest of them; another one may be named with PYTHON.
    for candidate in python3.14 python3.13 python3.12 python3.11 python3 python; do
        if command -v "$candidate" >/dev/null 2>&1 && supported "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 to 3.14 was found; install one (python.org, apt, brew) or run with PYTHON=/path/to/python3.13."
}

# The stamp's first line is what the environment was installed for, its second the PYTHON that it was made with, if any.
wanted=$(cat pyproject.toml constraints.txt scripts/bootstrap.sh | cksum)
installed=
made_with=
if [ -f "$stamp" ]; then
    { IFS= read -r installed; IFS= read -r made_with; } <"$stamp" || true
fi

# An environment is good for whoever names no PYTHON: `make down` after `make up PYTHON=...` keeps it.
fits=no
if [ -x "$venv/bin/python" ] && { [ -z "${PYTHON:-}" ] || [ "$PYTHON" = "$made_with" ]; }; then
    [ "$installed" != "$wanted" ] || exit 0
    ! new_enough "$venv/bin/python" || fits=yes
fi

began=$(date +%s)
if [ "$fits" = no ]; then
    made_with=${PYTHON:-}
    python=$(find_python)
    echo "setup: creating $venv with $("$python" --version) ($(command -v "$python"))"
    "$python" -m venv --clear "$venv" ||
        fail "$python cannot make a virtual environment; on Debian and Ubuntu install python3-venv."
fi
printf '%s\n' unfinished "$made_with" >"$stamp"

echo "setup: installing the pinned dependencies into $venv"
said=$venv/.said
if ! "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' >"$said" 2>&1; then
    cat "$said" >&2
    without=$(sed -n 's/.*Failed building wheel for \([A-Za-z0-9._-]*\).*/\1/p' "$said" | head -n 1)
    [ -z "$without" ] ||
        fail "$without has no wheel for $("$venv/bin/python" --version) here and could not be built; run with PYTHON=/path/to/python3.13."
    fail "pip could not install the dependencies (its message is above); check the network and run make setup again."
fi
cat "$said"
printf '%s\n' "$wanted" "$made_with" >"$stamp"
echo "setup: done in $(($(date +%s) - began)) s"
