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

# run_tests [FILE|FOLDER]... : whole networks first, since they take longest. They mostly wait for
# processes of their own, so there are more of them at once than cores.
run_tests() {
  local files=() status=0 limit=${PUSHMIRROR_TEST_LIMIT:-840}
  mapfile -t files < <(test_files "$@")
  ((${#files[@]} > 0)) || die "No test files in: $*"
  timeout --foreground --kill-after=20 "$limit" \
    node --conditions=source --import tsx --test \
    --test-concurrency="${PUSHMIRROR_TEST_CONCURRENCY:-3}" --test-timeout=600000 \
    --test-reporter=spec "${files[@]}" || status=$?
  ((status != 124)) || die "The tests were ended after $limit s (PUSHMIRROR_TEST_LIMIT)."
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
  done | sort -u | LC_ALL=C sort -s -t/ -k1,1r
}
