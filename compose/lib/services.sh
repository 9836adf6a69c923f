# shellcheck shell=bash
# Our own roles as native processes: one process per role, from one binary. Their names are those of
# compose.yaml, because a part is called `mail` already.

readonly SERVICES=(relay projector user product invoice authorizer pdf media mailer bff)
# Each of them waits for its servers; these are there already.
readonly MIGRATE_SECONDS_MAX=120

is_service() {
  [[ " ${SERVICES[*]} " == *" $1 "* ]]
}

# role_of SERVICE: as `invoiceapp serve` calls it.
role_of() {
  case $1 in
    user) echo user-access ;;
    mailer) echo mail ;;
    *) echo "$1" ;;
  esac
}

# The binary that this stack runs. A copy, so that a build does not change what `part start` starts.
service_binary() {
  echo "$STATE_DIR/bin/invoiceapp"
}

# provision_services: takes STACK_BINARY, or builds the tree with profile STACK_PROFILE (release).
provision_services() {
  local profile=${STACK_PROFILE:-release} binary=${STACK_BINARY:-} built target
  if [ -z "$binary" ]; then
    command -v cargo >/dev/null || fail "no cargo. Install Rust from https://rustup.rs, or name a binary with STACK_BINARY"
    say "building invoiceapp (profile $profile; the first time takes minutes)"
    (cd "$ROOT" && cargo build --quiet --locked --profile "$profile" -p invoiceapp-app) ||
      fail "invoiceapp could not be built"
    target=$(cd "$ROOT" && cargo metadata --format-version 1 --no-deps --locked | jq -r .target_directory)
    built=$profile
    [ "$profile" != dev ] || built=debug
    binary=$target/$built/invoiceapp
  fi
  [ -x "$binary" ] || fail "there is no program $binary"
  mkdir -p "$STATE_DIR/bin"
  # Removed, not overwritten: what runs keeps the old one.
  rm -f "$(service_binary)"
  ln "$binary" "$(service_binary)" 2>/dev/null || cp "$binary" "$(service_binary)"
}

# application_command ARGUMENT...: sets COMMAND to our program with this stack's settings.
application_command() {
  local settings
  mapfile -t settings < <(print_application_settings | sed "s/^export \([A-Z0-9_]*\)='\(.*\)'$/\1=\2/")
  COMMAND=(env "${settings[@]}" "$(service_binary)" "$@")
}

# Tables, topics, indexes and schemas. Repeating it changes nothing.
native_migrate() {
  local arguments log
  mkdir -p "$STATE_DIR/log"
  log=$(log_file migrate)
  for arguments in migrate "schemas register"; do
    # shellcheck disable=SC2086 # two words are two arguments
    application_command $arguments
    timeout "$MIGRATE_SECONDS_MAX" "${COMMAND[@]}" >>"$log" 2>&1 9>&- ||
      fail "invoiceapp $arguments failed: $(tail -n 1 "$log")"
  done
  say "tables, topics and schemas are up to date"
}

# service_command SERVICE
service_command() {
  [ -x "$(service_binary)" ] || fail "this stack has no services yet: compose/stack up"
  application_command serve "$(role_of "$1")"
}

# service_ready SERVICE
service_ready() {
  curl -fsS -m 5 "http://$HOST:$(main_port_of "$1")/readyz"
}

# start_services: all of them at once, because each waits by itself for what it needs.
start_services() {
  local service launched=()
  native_migrate
  for service in "${SERVICES[@]}"; do
    [ -z "$(running_pid "$service")" ] || continue
    launch_part "$service"
    launched+=("$service")
  done
  for service in "${launched[@]}"; do
    settle_part "$service"
  done
}

# stop_services: asked all at once, so that they drain at the same time.
stop_services() {
  local service pid
  for service in "${SERVICES[@]}"; do
    pid=$(running_pid "$service")
    [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
  done
  for service in "${SERVICES[@]}"; do
    stop_process "$service" TERM
  done
}

# native_run ARGUMENT...: our program on this stack.
native_run() {
  [ -x "$(service_binary)" ] || provision_services
  application_command "$@"
  exec "${COMMAND[@]}"
}

# greet: where to go after `up`.
greet() {
  cat >&2 <<GREETING
stack: the API is at http://$HOST:$STACK_BFF_SERVICE_PORT/api/v1, mails are at http://$HOST:$STACK_MAILPIT_PORT
stack: a first tenant and its administrator (the password is printed once):
stack:   ./compose/stack run tenant create default --admin admin@example.com
stack: how everything is: ./compose/stack run status, ./compose/stack run doctor
GREETING
}
