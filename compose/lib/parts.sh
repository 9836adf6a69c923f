# shellcheck shell=bash
# The parts as native processes. Each part is one set of functions, found by name:
#
#   PART_provision   gets or builds its program           (required)
#   PART_prepare     writes configuration, new data only  (optional)
#   PART_command     sets COMMAND to what is run          (required)
#   PART_ready       succeeds when it serves              (required)
#   PART_setup       databases, topics, buckets; may be run again (optional)
#
# Our own services (services.sh) are parts, too: all of them share service_command and service_ready.

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
  [[ " ${ALL_PARTS[*]} ${SERVICES[*]} " == *" $1 "* ]] ||
    fail "no part '$1'; there are ${ALL_PARTS[*]} ${SERVICES[*]}"
}

native_runs() {
  local part
  for part in "${ALL_PARTS[@]}" "${SERVICES[@]}"; do
    [ -z "$(running_pid "$part")" ] || return 0
  done
  return 1
}

has_step() {
  declare -F "$1" >/dev/null
}

# part_step PART STEP: a required step.
part_step() {
  if is_service "$1"; then "service_$2" "$1"; else "${1}_$2"; fi
}

# stop_signal_of PART: TERM lets PostgreSQL wait for its clients; INT does not.
stop_signal_of() {
  if [ "$1" = postgres ]; then echo INT; else echo TERM; fi
}

# start_part PART: one that runs is only waited for, and woken up if it was halted.
start_part() {
  if [ -n "$(running_pid "$1")" ]; then
    signal_process "$1" CONT
    await "$1" "$READY_SECONDS_MAX" part_step "$1" ready || exit 1
    say "$1 runs"
  else
    launch_part "$1"
    settle_part "$1"
  fi
}

# launch_part PART: starts it and does not wait.
launch_part() {
  local part=$1
  COMMAND=()
  require_free_ports "$part"
  mkdir -p "$STATE_DIR/$part" "$STATE_DIR/log"
  ! has_step "${part}_prepare" || "${part}_prepare"
  part_step "$part" command
  spawn "$part" "${COMMAND[@]}"
}

# settle_part PART: waits until it serves, and sets it up.
settle_part() {
  local part=$1 started=$SECONDS
  if ! await "$part" "$READY_SECONDS_MAX" part_step "$part" ready || ! set_up "$part"; then
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

# native_up PROFILE SERVICES: with `services` or without.
native_up() {
  local part parts
  read -ra parts <<<"$(parts_of "$1")"
  provision_stack "${parts[@]}"
  [ "$2" = parts ] || provision_services
  lock_stack
  remember_ports
  [ "$2" = parts ] || parts+=("${SERVICES[@]}")
  echo "${parts[*]}" >"$STATE_DIR/wanted"
  for part in "${parts[@]}"; do
    is_service "$part" || start_part "$part"
  done
  [ "$2" = parts ] || start_services
}

# wanted_parts: what the last `up` started; for a stack of before that was written down, the core.
wanted_parts() {
  if [ -f "$STATE_DIR/wanted" ]; then cat "$STATE_DIR/wanted"; else echo "${CORE_PARTS[*]}"; fi
}

native_down() {
  local index
  lock_stack
  stop_services
  for ((index = ${#ALL_PARTS[@]} - 1; index >= 0; index--)); do
    stop_process "${ALL_PARTS[index]}" "$(stop_signal_of "${ALL_PARTS[index]}")"
  done
  rm -f "$STATE_DIR/ports" "$STATE_DIR/wanted"
  if [ "${1:-}" = --data ]; then
    rm -rf "$(dirname "$(postgres_data)")" "$STATE_DIR"
    say "deleted the data of stack '$STACK_NAME'"
  fi
}

native_status() {
  local part pid state wanted all_well=0
  wanted=$(wanted_parts)
  printf '%-11s %-9s %-8s %-7s %s\n' PART STATE PID PORT LOG
  for part in "${ALL_PARTS[@]}" "${SERVICES[@]}"; do
    pid=$(running_pid "$part")
    state=ready
    if [ -z "$pid" ]; then
      state=stopped
      [ ! -f "$(pid_file "$part")" ] || state=died
    elif ! timeout 5 "$COMPOSE_DIR/stack" part ready "$part" >/dev/null 2>&1; then
      state=unready
    fi
    [[ $state == ready || " $wanted " != *" $part "* ]] || all_well=1
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
    ready) part_step "$part" ready ;;
    start) start_part "$part" ;;
    stop) stop_process "$part" "$(stop_signal_of "$part")" ;;
    kill) kill_process "$part" ;;
    pause) signal_process "$part" STOP ;;
    resume) signal_process "$part" CONT ;;
    *) fail "no verb '$verb'; there are start, stop, kill, pause, resume and ready" ;;
  esac
}
