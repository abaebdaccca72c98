# Node itself, the npm packages, and the build.

lowest_node=20.19

need_node() {
  install_programs node npm
  if ! node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    const [wantMajor, wantMinor] = process.argv[1].split(".").map(Number);
    process.exit(major > wantMajor || (major === wantMajor && minor >= wantMinor) ? 0 : 1);
  ' "$lowest_node"; then
    die "Node $(node --version) is too old: $lowest_node or newer is needed (Debian 13 has it, as nodejs)."
  fi
}

# npm ci, when there is nothing yet, when the lock file is newer than what was installed, or when
# Node changed so that compiled packages no longer fit.
install_modules() {
  local installed=node_modules/.package-lock.json stamp=node_modules/.node-abi abi
  abi=$(node -p process.versions.modules)
  if [[ -e $installed && ! package-lock.json -nt $installed ]]; then
    [[ -e $stamp ]] || echo "$abi" >"$stamp"
    [[ $(<"$stamp") == "$abi" ]] && return
  fi
  # better-sqlite3 is compiled where no ready one fits: about a minute.
  install_programs g++ make python3
  say 'Installing npm packages (npm ci, a minute or two) ...'
  with_log npm ci --no-audit --no-fund --loglevel=error ||
    die 'npm ci failed: see above. Is the npm registry reachable?'
  echo "$abi" >"$stamp"
}

# turbo builds what changed, and replays the rest from its cache.
build() {
  TURBO_TELEMETRY_DISABLED=1 TURBO_NO_UPDATE_NOTIFIER=1 \
    with_log node_modules/.bin/turbo run build --no-daemon --ui=stream --output-logs=errors-only ||
    die 'The build failed: see above.'
}
