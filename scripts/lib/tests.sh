# The checks and the one test run that gives the verdict.

check() {
  step 'types' node_modules/.bin/tsc -p test/tsconfig.json --noEmit
  step 'lint' node_modules/.bin/oxlint --type-aware --deny-warnings
  step 'format' node_modules/.bin/oxfmt --check apps libs test
}

step() {
  local name=$1 started=$SECONDS
  shift
  with_log "$@" || die "$name: failed, see above. To run it alone: $*"
  say "$name: ok ($((SECONDS - started)) s)"
}

# run_tests [FILE|FOLDER]... : the whole networks mostly wait for processes of their own, the tests
# beside the source mostly compute: both runs go on at once, and what the first says comes last.
run_tests() {
  local files=() networks=() others=() file log status=0 networks_status=0
  local ends=$((SECONDS + ${PUSHMIRROR_TEST_LIMIT:-840}))
  for file in "$@"; do
    [[ -e $file ]] || die "There is no $file."
  done
  mapfile -t files < <(test_files "$@")
  ((${#files[@]} > 0)) || die "No test files in: $*"
  for file in "${files[@]}"; do
    if [[ $file == test/* ]]; then networks+=("$file"); else others+=("$file"); fi
  done
  if ((${#networks[@]} == 0 || ${#others[@]} == 0)); then
    run_files "$ends" "${files[@]}"
    return
  fi
  log=$(mktemp)
  run_files "$ends" "${networks[@]}" >"$log" 2>&1 &
  trap 'kill "$!" 2>/dev/null || :' EXIT
  run_files "$ends" "${others[@]}" || status=$?
  wait "$!" || networks_status=$?
  trap - EXIT
  cat "$log"
  rm -f "$log"
  ((status == 0)) || return "$status"
  return "$networks_status"
}

# run_files ENDS FILE... : ENDS is the second of this shell at which they are ended.
run_files() {
  local limit=$(($1 - SECONDS)) status=0
  shift
  timeout --foreground --kill-after=20 "$limit" \
    node --conditions=source --import tsx --test \
    --test-concurrency="${PUSHMIRROR_TEST_CONCURRENCY:-2}" --test-timeout=600000 \
    --test-reporter=spec "$@" || status=$?
  ((status != 124)) || say "The tests were ended after $limit s (PUSHMIRROR_TEST_LIMIT)."
  return "$status"
}

# The test files under the given paths, from git where there is one, else from the disk. Without any:
# all but test/thorough, whose whole networks take minutes and have smaller tests beside the source.
test_files() {
  local paths=("$@") left_out='^$'
  (($# > 0)) || paths=(test libs apps) left_out='^test/thorough/'
  {
    git ls-files --cached --others --exclude-standard -- "${paths[@]}" 2>/dev/null ||
      find "${paths[@]}" -name node_modules -prune -o -name dist -prune -o -type f -print
  } | grep '\.test\.ts$' | grep -v "$left_out" | while read -r file; do
    [[ -e $file ]] && printf '%s\n' "$file"
  done | sort -u
}
