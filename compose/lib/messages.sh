# shellcheck shell=bash
# What the stack says: one line each, on stderr, so that stdout stays for answers.

say() {
  echo "stack: $*" >&2
}

fail() {
  say "$*"
  exit 1
}
