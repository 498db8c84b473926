# Sourced by the scripts beside it: goes to the repository and prepares .venv there.
# Needs Python 3.11 or later with pip and venv; PYTHON=/path/to/python chooses one.
# Installs again only when pyproject.toml has changed, or when more is needed than before.

set -euo pipefail
HERE=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        if is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    fail "no Python 3.11 or later with venv found (tried: ${PYTHON:-python3 python3.13 python3.12 python3.11 python})"
}

make_venv() {
    if [ -x .venv/bin/python ] && is_new_enough .venv/bin/python; then
        return
    fi
    local python
    python=$(find_python)
    echo "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || fail "cannot make .venv: install the venv module (on Debian: python3-venv)"
}

# prepare runtime|dev: what the demo needs, or what the tests and the gate need, too
prepare() {
    local what=$1 stamp wanted
    make_venv
    stamp=.venv/.flexes-$what
    wanted=$(cksum <pyproject.toml)
    if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    echo "installing flexes and its $what dependencies into .venv"
    install "$what" || fail "the installation failed; see above"
    echo "$wanted" >"$stamp"
    if [ "$what" = dev ]; then
        echo "$wanted" >.venv/.flexes-runtime
    fi
}

install() {
    if [ "$1" = runtime ]; then
        .venv/bin/python -m pip install -qq --editable . </dev/null
        return
    fi
    # --group came with pip 25.1
    .venv/bin/python -m pip install -qq --upgrade 'pip>=25.1' </dev/null &&
        .venv/bin/python -m pip install -qq --editable '.[postgres]' --group dev </dev/null
}
