#!/usr/bin/env bash
# Builds the image and does the main job in it: everything in one container, a document in, an answer out.
#
# Needs root and Debian's podman, buildah, runc and debootstrap, no Docker engine and no registry of images: the base
# is a Debian made here. BASE=IMAGE uses another base, IMAGE=NAME tests an image that is there, KEEP=1 keeps the data.
set -euo pipefail
cd "$(dirname "$0")/.."

for program in podman buildah runc debootstrap; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt-get install podman buildah runc debootstrap" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "The image test needs root." >&2; exit 1; }

work=${WORK:-$(mktemp -d /tmp/footnote-image.XXXXXX)}
export TMPDIR=$work
podman() { command podman --storage-driver vfs --cgroup-manager cgroupfs --runtime runc "$@"; }
base=${BASE:-localhost/python-base}
name=footnote-image-test
port=${PORT:-8765}
image=${IMAGE:-localhost/footnote}
# Enough for us, and no more than a nested machine grants: podman would ask for a million. Its health checks need
# systemd, so the script asks /health/ready itself.
limits=(--no-healthcheck --ulimit nofile=1024:1024 --ulimit nproc=1024:1024)

finish() {
    podman rm --force --time 10 "$name" >/dev/null 2>&1 || true
    [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap finish EXIT

build() {
    if [ -z "${BASE:-}" ] && ! podman image exists "$base"; then
        echo "Making a base image with debootstrap"
        debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$work/base" ${MIRROR:-} >"$work/debootstrap.log"
        tar -C "$work/base" -c . | podman import --quiet - "$base"
        rm -rf "$work/base"
    fi

    echo "Building the image"
    # The build sees this machine's pip configuration and certificates, where it has its own.
    mounts=()
    for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ -e "$file" ] && mounts+=(--volume "$file:$file:ro")
    done
    buildah --storage-driver vfs bud --format docker --isolation chroot --network host "${mounts[@]}" --build-arg "BASE=$base" --tag "$image" . >"$work/build.log" 2>&1 ||
        { tail -30 "$work/build.log" >&2; exit 1; }
}
[ -n "${IMAGE:-}" ] || build

echo "Looking for what must not be in it"
podman run --rm "${limits[@]}" --entrypoint sh "$image" -c '
    [ "$(id -u)" = 10001 ] || { echo "runs as $(id -u)"; exit 1; }
    for tool in gcc cc make git pip pip3 curl; do
        if command -v $tool; then echo "$tool is in the image"; exit 1; fi
    done
    if [ -w /app ]; then echo "the code can be written"; exit 1; fi'

echo "Starting it"
podman run --detach --name "$name" "${limits[@]}" --network host --env PORT="$port" --env HOST=127.0.0.1 \
    --env ADMIN_EMAIL=admin@example.com --env ADMIN_PASSWORD=Correct-horse-9 "$image" up >/dev/null
for _ in $(seq 240); do
    podman logs "$name" 2>&1 | grep -q '^Ready:' && break
    [ "$(podman inspect --format '{{.State.Running}}' "$name")" = true ] || break
    sleep 0.5
done
podman logs "$name" 2>&1 | grep '^Ready:' || { podman logs "$name" >&2; exit 1; }
podman exec "$name" python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/health/ready', timeout=10)"

echo "Doing the main job"
token=$(podman exec "$name" python manage.py token admin@example.com --name image-test | awk 'END {print $NF}')
python3 docker/main_job.py "http://127.0.0.1:$port" "$token"

echo "Stopping it"
started=$SECONDS
podman stop --time 30 "$name" >/dev/null
[ $((SECONDS - started)) -lt 25 ] || { echo "It took $((SECONDS - started)) s to stop." >&2; exit 1; }
echo "The image holds."
