# Shared by every recipe runtimes/<runtime>/build. A recipe is started by runtimes/install as `build DIR`, fills
# DIR with the bundle's files and leaves the manifest to `manifest`. What it prints goes to a log file; `cannot`
# prints the one line that the user sees when a runtime is left out.
set -euo pipefail
export LC_ALL=C
umask 022

bundle=${1:?usage: build DIR}
recipe=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
recipes=$(dirname "$recipe")
work=$(mktemp -d "${TMPDIR:-/tmp}/meridian-runtime.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Status 3 tells runtimes/install that this is an expected lack, not a broken recipe.
cannot() {
    echo "$1" >"$bundle/.cannot"
    exit 3
}

# need COMMAND WHERE-IT-COMES-FROM
need() { command -v "$1" >/dev/null 2>&1 || [ -x "$1" ] || cannot "$1 is missing ($2)"; }

# The processor's name in the npm packages that carry Node.js.
npm_arch() {
    case $(uname -m) in
        x86_64) echo x64 ;;
        aarch64) echo arm64 ;;
        *) cannot "no Node.js package for $(uname -m)" ;;
    esac
}

manifest() { cp "$recipe/manifest.json" "$bundle/manifest.json"; }

# The part of every bootstrap that knows AWS_LAMBDA_EXEC_WRAPPER.
common_runtime_files() {
    mkdir -p "$bundle/runtime"
    cp "$recipes/common/launch.sh" "$bundle/runtime/launch.sh"
}
