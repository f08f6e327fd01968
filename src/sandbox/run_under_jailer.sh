#!/bin/sh
# Runs a test program as meridian-jailer runs meridiand: run_under_jailer.sh root|rootless BIN_DIR PROGRAM [ARG...]
# Exits 77 (skipped) with a line that says why where this user cannot do that here.
set -eu
mode=$1 bin=$2 program=$3
shift 3

if [ "$mode" = root ] && [ "$(id -u)" != 0 ]; then
    echo "SKIPPED: the jailer's root mode needs root"
    exit 77
fi
if [ "$(cat /proc/sys/user/max_user_namespaces 2>/dev/null || echo 0)" = 0 ]; then
    echo "SKIPPED: user namespaces are switched off on this host (user.max_user_namespaces)"
    exit 77
fi

# Copies: the build tree may lie where the ordinary user has no way to.
work=$(mktemp -d /tmp/meridian-sandbox-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -m 755 "$work/task"
cp "$bin/meridian-jailer" "$bin/$program" "$work/"
cp "$bin/meridian-attacker" "$work/task/bootstrap"
mkdir -m 1777 "$work/scratch"
export MERIDIAN_TEST_TASK="$work/task" MERIDIAN_TEST_SCRATCH="$work/scratch" TMPDIR="$work/scratch"

if [ "$mode" = root ]; then
    "$work/meridian-jailer" --user 65534:65534 ${MERIDIAN_TEST_JAILER_OPTIONS:-} -- "$work/$program" "$@"
elif [ "$(id -u)" = 0 ]; then
    cd "$work/scratch"
    setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$work/meridian-jailer" ${MERIDIAN_TEST_JAILER_OPTIONS:-} -- "$work/$program" "$@"
else
    "$work/meridian-jailer" ${MERIDIAN_TEST_JAILER_OPTIONS:-} -- "$work/$program" "$@"
fi
