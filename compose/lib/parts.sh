# shellcheck shell=bash
# The parts as native processes. Each part is one set of functions, found by name:
#
#   PART_provision   gets or builds its program           (required)
#   PART_prepare     writes configuration, new data only  (optional)
#   PART_command     sets COMMAND to what is run          (required)
#   PART_ready       succeeds when it serves              (required)
#   PART_setup       databases, topics, buckets; may be run again (optional)

readonly CORE_PARTS=(postgres redis kafka mongodb s3 mail toxiproxy registry keycloak)
readonly OBS_PARTS=(prometheus loki jaeger)
readonly ALL_PARTS=("${CORE_PARTS[@]}" "${OBS_PARTS[@]}")
# The first start of a JVM on two busy cores is slow; everything else is there within seconds.
readonly READY_SECONDS_MAX=300

# parts_of PROFILE
parts_of() {
  case $1 in
    core) echo "${CORE_PARTS[@]}" ;;
    obs) echo "${ALL_PARTS[@]}" ;;
    *) fail "no profile '$1'; there are core and obs" ;;
  esac
}

require_part() {
  [[ " ${ALL_PARTS[*]} " == *" $1 "* ]] || fail "no part '$1'; there are ${ALL_PARTS[*]}"
}

native_runs() {
  local part
  for part in "${ALL_PARTS[@]}"; do
    [ -z "$(running_pid "$part")" ] || return 0
  done
  return 1
}

has_step() {
  declare -F "$1" >/dev/null
}

# stop_signal_of PART: TERM lets PostgreSQL wait for its clients; INT does not.
stop_signal_of() {
  if [ "$1" = postgres ]; then echo INT; else echo TERM; fi
}

start_part() {
  local part=$1 started=$SECONDS
  COMMAND=()
  if [ -n "$(running_pid "$part")" ]; then
    await "$part" "$READY_SECONDS_MAX" "${part}_ready" || exit 1
    say "$part runs"
    return 0
  fi
  require_free_ports "$part"
  mkdir -p "$STATE_DIR/$part" "$STATE_DIR/log"
  ! has_step "${part}_prepare" || "${part}_prepare"
  "${part}_command"
  spawn "$part" "${COMMAND[@]}"
  if ! await "$part" "$READY_SECONDS_MAX" "${part}_ready" || ! set_up "$part"; then
    stop_process "$part" "$(stop_signal_of "$part")"
    exit 1
  fi
  say "$part is ready on $HOST:$(main_port_of "$part") after $((SECONDS - started)) s"
}

# In a shell of its own: a part whose setup failed must be stopped, or the next `up` would find it running.
set_up() {
  ! has_step "${1}_setup" || ("${1}_setup")
}

main_port_of() {
  local variable
  variable=$(port_variables_of "$1" | head -n 1)
  echo "${!variable}"
}

# One command of a stack at a time; tests that stop and start parts call it from many processes.
lock_stack() {
  mkdir -p "$STATE_DIR"
  exec 9>"$STATE_DIR/lock"
  flock -w 600 9 || fail "another command of stack '$STACK_NAME' has been running for 10 minutes"
}

native_up() {
  local part parts
  read -ra parts <<<"$(parts_of "$1")"
  provision_stack "${parts[@]}"
  lock_stack
  remember_ports
  for part in "${parts[@]}"; do
    start_part "$part"
  done
}

native_down() {
  local index
  lock_stack
  for ((index = ${#ALL_PARTS[@]} - 1; index >= 0; index--)); do
    stop_process "${ALL_PARTS[index]}" "$(stop_signal_of "${ALL_PARTS[index]}")"
  done
  rm -f "$STATE_DIR/ports"
  if [ "${1:-}" = --data ]; then
    rm -rf "$(dirname "$(postgres_data)")" "$STATE_DIR"
    say "deleted the data of stack '$STACK_NAME'"
  fi
}

native_status() {
  local part pid state all_well=0
  printf '%-11s %-9s %-8s %-7s %s\n' PART STATE PID PORT LOG
  for part in "${ALL_PARTS[@]}"; do
    pid=$(running_pid "$part")
    state=ready
    if [ -z "$pid" ]; then
      state=stopped
      [ ! -f "$(pid_file "$part")" ] || state=died
    elif ! timeout 5 "$COMPOSE_DIR/stack" part ready "$part" >/dev/null 2>&1; then
      state=unready
    fi
    [[ $state == ready || " ${OBS_PARTS[*]} " == *" $part "* ]] || all_well=1
    printf '%-11s %-9s %-8s %-7s %s\n' "$part" "$state" "${pid:--}" "$(main_port_of "$part")" "$(log_file "$part")"
  done
  return "$all_well"
}

native_logs() {
  local files
  mapfile -t files < <(find "$STATE_DIR/log" -name "${1:-*}.log" 2>/dev/null | sort)
  [ "${#files[@]}" -gt 0 ] || fail "no log of ${1:-any part} in $STATE_DIR/log"
  tail -n 100 "${files[@]}"
}

# native_part VERB PART: one part alone, for those who want to see what its absence does.
native_part() {
  local verb=$1 part=$2
  require_part "$part"
  [ "$verb" = ready ] || lock_stack
  case $verb in
    ready) "${part}_ready" ;;
    start) start_part "$part" ;;
    stop) stop_process "$part" "$(stop_signal_of "$part")" ;;
    kill) kill_process "$part" ;;
    pause) signal_process "$part" STOP ;;
    resume) signal_process "$part" CONT ;;
    *) fail "no verb '$verb'; there are start, stop, kill, pause, resume and ready" ;;
  esac
}
