# shellcheck shell=bash
# `compose/stack test`: every check of the tree; with `core` the parts on ports of their own, and the
# tests that want them; with `chaos` those that take the parts away from each other, alone.
# What it started is stopped however it ends.

readonly TESTS_MINUTES_MAX=60
# How long what a step started may take to end by itself.
readonly STEP_STOP_SECONDS_MAX=10

# step NAME COMMAND...: runs one check as a process group of its own. The first that fails ends the run.
step() {
  local name=$1
  shift
  echo
  echo "== $name: $*"
  "$@" </dev/null &
  STEP_PID=$!
  wait "$STEP_PID" ||
    fail "FAILED at '$name'. Read upwards to the first 'error', 'FAILED' or 'Diff'"
  stop_step
  STEP_PID=""
}

stop_step() {
  local deadline
  [ -n "$STEP_PID" ] && kill -TERM -- "-$STEP_PID" 2>/dev/null || return 0
  deadline=$((SECONDS + STEP_STOP_SECONDS_MAX))
  while kill -0 -- "-$STEP_PID" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ]; do
    sleep 0.1
  done
  kill -KILL -- "-$STEP_PID" 2>/dev/null || true
}

finish_checks() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP
  set +e
  stop_step
  [ "$TEST_SERVERS" = none ] || test_stack down --data
  rm -rf "$SCRATCH"
  exit "$code"
}

# --- what the build needs ---------------------------------------------------------------------------

# A C and a C++ compiler and make: for the bundled SQLite, ring, zstd and librdkafka.
provision_compilers() {
  local missing=()
  command -v cc >/dev/null || missing+=(gcc libc6-dev)
  command -v c++ >/dev/null || missing+=(g++)
  command -v make >/dev/null || missing+=(make)
  [ "${#missing[@]}" = 0 ] || install_packages "${missing[@]}"
}

# rustup reads rust-toolchain.toml by itself and fetches what it names; without rustup the
# installed compiler must be that version.
check_toolchain() {
  local wanted found
  command -v cargo >/dev/null || fail "no cargo. Install Rust from https://rustup.rs"
  wanted=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
  found=$(rustc --version | cut -d' ' -f2)
  [ "$found" = "$wanted" ] || fail "rustc is $found, rust-toolchain.toml wants $wanted: rustup toolchain install $wanted"
  cargo fmt --version >/dev/null || fail "no rustfmt: rustup component add rustfmt"
  cargo clippy --version >/dev/null || fail "no clippy: rustup component add clippy"
  say "rustc $found, $(nproc) cores"
}

# --- the stack of this run --------------------------------------------------------------------------

# test_stack VERB...: a stack of this run's own, whatever the caller's variables say of another one.
test_stack() {
  local unset=() variable
  for variable in $(compgen -v STACK_); do
    [ "$variable" = STACK_ENGINE ] || unset+=(-u "$variable")
  done
  env "${unset[@]}" "STACK_NAME=$TEST_STACK" "STACK_PORT_OFFSET=$TEST_PORT_OFFSET" "$COMPOSE_DIR/stack" "$@"
}

# --- the checks -------------------------------------------------------------------------------------

check_scripts() {
  command -v shellcheck >/dev/null || install_packages shellcheck
  shellcheck compose/stack compose/probe compose/lib/*.sh .ci/run
}

# Files that are generated and committed must be what the code generates.
check_generated() {
  check_printed openapi docs/openapi.json
  check_printed settings docs/SETTINGS.md
  cargo run --quiet --locked -p invoiceapp-app -- schemas check
}

# check_printed COMMAND FILE: the file is what the program prints.
check_printed() {
  cargo run --quiet --locked -p invoiceapp-app -- "$1" >"$SCRATCH/printed"
  if ! diff -u "$2" "$SCRATCH/printed" >"$SCRATCH/diff"; then
    head -n 40 "$SCRATCH/diff"
    echo "Diff: $2 is stale: cargo run -p invoiceapp-app -- $1 > $2"
    return 1
  fi
  echo "$2 is fresh"
}

# The configuration of Prometheus and the rules of the alerts, and the tests of these.
check_alerts() {
  local promtool alerts=compose/observability/alerts configuration
  set_ports
  prometheus_provision # for the tests
  promtool_provision
  promtool=$(cached promtool "$PROMETHEUS_VERSION")/promtool
  mkdir -p "$SCRATCH/targets"
  configuration=$SCRATCH/prometheus.yaml
  fill_in prometheus.yaml "$SCRATCH" >"$configuration"
  print_targets >"$SCRATCH/targets/roles.json"
  "$promtool" check config "$configuration"
  "$promtool" check config --syntax-only compose/observability/docker/prometheus.yaml
  "$promtool" check rules "$alerts"/*.yaml
  "$promtool" test rules "$alerts"/tests/*.yaml
}

# Every test binary, with the tests that want the stack when it is there, then the doc tests, of which
# those that are marked so must not be run. cargo's own lines stay on the screen.
run_tests() {
  local code=0 wanted=()
  [ "$TEST_SERVERS" = none ] || wanted=(-- --include-ignored)
  {
    if [ "$TEST_SERVERS" = chaos ]; then
      cargo test --workspace --locked --features invoiceapp-app/chaos --test chaos "${wanted[@]}" || code=1
    else
      cargo test --workspace --locked --no-fail-fast --tests "${wanted[@]}" || code=1
      cargo test --workspace --locked --no-fail-fast --doc || code=1
    fi
    echo "$code" >"$SCRATCH/tests.code"
  } 2>&1 | tee "$SCRATCH/tests.log"
  return "$(cat "$SCRATCH/tests.code")"
}

# failed_tests: their names, each with the binary that it is in, and binaries that died.
failed_tests() {
  awk '/^ *(Running|Doc-tests) / { binary = $1 == "Running" ? $NF : $0; gsub(/^ +|[()]/, "", binary) }
       /^test .* \.\.\. FAILED$/ { sub(/^test /, ""); sub(/ \.\.\. FAILED$/, ""); print "  " $0 " in " binary }
       /process didn.t exit successfully/ && /signal:/ { print "  " $0 }' "$SCRATCH/tests.log"
}

# The counts of all binaries in one line, which is the last one.
summarize() {
  [ -f "$SCRATCH/tests.log" ] || return 0
  awk '/^test result:/ {
         for (i = 2; i <= NF; i++) {
           if ($i == "passed;") passed += $(i - 1)
           if ($i == "failed;") failed += $(i - 1)
         }
       }
       END { printf "%d passed, %d failed\n", passed, failed; exit passed == 0 }' \
    "$SCRATCH/tests.log" || fail "no test was run"
}

# The tests, under a limit that ends a run which hangs: the test runner names tests that take long.
check_tests() {
  local code=0 group=$BASHPID
  (
    sleep "$((TESTS_MINUTES_MAX * 60))"
    echo "error: the tests took more than $TESTS_MINUTES_MAX minutes"
    kill -TERM -- "-$group"
  ) &
  run_tests || code=1
  if [ "$code" != 0 ]; then
    echo
    echo "failed tests:"
    failed_tests
    summarize
  fi
  return "$code"
}

run_checks() {
  local started=$SECONDS
  cd "$ROOT" || exit 1
  set -m # each step is a process group of its own, so that nothing it started outlives it
  STEP_PID=""
  SCRATCH=$(mktemp -d)
  TEST_STACK=test-$$
  TEST_PORT_OFFSET=$(free_port_offset)
  trap finish_checks EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  provision_compilers
  check_toolchain
  step "format" cargo fmt --all --check
  step "scripts" check_scripts
  if [ "$TEST_SERVERS" != none ]; then
    step "servers" test_stack up parts obs
    eval "$(test_stack env)"
    step "alerts" check_alerts
  fi
  step "lints" cargo clippy --workspace --all-targets --features invoiceapp-app/chaos --locked -- -D warnings
  step "generated files" check_generated
  step "tests" check_tests
  echo
  say "everything passed in $(((SECONDS - started) / 60)) min"
  summarize
}
