#!/bin/sh
# Make a base image with Python from Debian's packages, for machines that cannot pull: python_base.sh bookworm|trixie
# The image is pipeline-harness/python:<suite>. Needs root, debootstrap and a Docker daemon.
set -eu

suite=${1:-trixie}
image=pipeline-harness/python:$suite
docker=${DOCKER:-docker}

fail() {
    echo "python_base: $1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "debootstrap needs root; run it with sudo."
command -v debootstrap >/dev/null || fail "debootstrap was not found; install it: apt install debootstrap."
"$docker" info >/dev/null 2>&1 || fail "the Docker daemon does not answer; start it and try again."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$folder" >&2 ||
    fail "debootstrap failed (its message is above)."
rm -rf "$folder"/var/cache/apt/archives/*.deb "$folder"/var/lib/apt/lists/*
# What this machine trusts, its builds trust: registries are often reached through a proxy with a certificate of its own.
cp /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
tar -C "$folder" -c . | "$docker" import - "$image" >/dev/null
echo "$image"
