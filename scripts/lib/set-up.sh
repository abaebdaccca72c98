# Set-up shared by the commands in scripts/: after `set_up PROGRAM...` a fresh Debian machine has
# what they need. Quiet and quick when there is nothing to do, and then needs no network.
# Sourced by bash, with the repository's root in $root.

. "$root/scripts/lib/debian-packages.sh"
. "$root/scripts/lib/node.sh"

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# with_log COMMAND... : shows what a command said only when it fails.
with_log() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  ((status == 0)) || cat "$log" >&2
  rm -f "$log"
  return "$status"
}

# set_up PROGRAM... : these programs, Node, the npm packages and an up-to-date build.
set_up() {
  cd "$root"
  install_programs "$@"
  need_node
  install_modules
  build
}
