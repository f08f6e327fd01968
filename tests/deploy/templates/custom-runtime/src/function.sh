# shellcheck shell=sh
handler() {
    printf '{"echo": %s, "runtime": "shell"}' "$1"
}
