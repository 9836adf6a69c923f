# shellcheck shell=bash
# One process group per part: start, find, stop. A pid file holds the pid and the kernel's start time
# of that process, so that a pid which was given to another process is never taken for ours.

readonly STOP_SECONDS_MAX=20

pid_file() {
  echo "$STATE_DIR/run/$1.pid"
}

log_file() {
  echo "$STATE_DIR/log/$1.log"
}

# start_time PID: in clock ticks since boot; nothing when there is no such process.
start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  stat=${stat##*) }
  # shellcheck disable=SC2086 # split into fields: this is field 22, and two are cut off
  set -- $stat
  [ "$1" = Z ] || echo "${20}"
}

# running_pid PART: its pid while it runs, otherwise nothing.
running_pid() {
  local file pid started
  file=$(pid_file "$1")
  [ -f "$file" ] || return 0
  read -r pid started <"$file" || return 0
  if [ "$(start_time "$pid")" = "$started" ]; then
    echo "$pid"
  fi
}

# spawn PART COMMAND...: in a session of its own, output to the part's log. The pid file is written by
# the process that becomes the part, so that there is none without it, even when `up` is killed now.
# shellcheck disable=SC2016 # expanded by the new shell
spawn() {
  local part=$1
  shift
  mkdir -p "$STATE_DIR/run" "$STATE_DIR/log"
  rm -f "$(pid_file "$part")"
  # Descriptor 9 is the stack's lock: a part must not keep it.
  setsid "$BASH" -c '. "$0"; write_pid "$1"; shift; exec "$@"' "$COMPOSE_DIR/lib/process.sh" \
    "$(pid_file "$part")" "$@" </dev/null >>"$(log_file "$part")" 2>&1 9>&- &
  disown "$!"
  until [ -s "$(pid_file "$part")" ]; do
    sleep 0.01
  done
}

write_pid() {
  echo "$$ $(start_time $$)" >"$1.new"
  mv "$1.new" "$1"
}

# family PID: the process and all that descends from it; PostgreSQL's children have groups of their own.
family() {
  local child
  echo "$1"
  for child in $(pgrep -P "$1" || true); do
    family "$child"
  done
}

any_alive() {
  local pid
  for pid in "$@"; do
    [ -z "$(start_time "$pid")" ] || return 0
  done
  return 1
}

# stop_process PART SIGNAL: asks, waits, and kills what is left at the deadline.
stop_process() {
  local part=$1 signal=$2 pid members deadline
  pid=$(running_pid "$part")
  if [ -n "$pid" ]; then
    mapfile -t members < <(family "$pid")
    kill -CONT "${members[@]}" 2>/dev/null || true
    kill "-$signal" "$pid" 2>/dev/null || true
    deadline=$((SECONDS + STOP_SECONDS_MAX))
    while any_alive "${members[@]}"; do
      if [ "$SECONDS" -ge "$deadline" ]; then
        say "$part did not stop within $STOP_SECONDS_MAX s: killed"
        kill -KILL "${members[@]}" 2>/dev/null || true
        break
      fi
      sleep 0.1
    done
  fi
  rm -f "$(pid_file "$part")"
}

# kill_process PART: at once, with everything that descends from it; its state stays as it is.
kill_process() {
  local part=$1 pid members
  pid=$(running_pid "$part")
  [ -n "$pid" ] || fail "$part does not run"
  mapfile -t members < <(family "$pid")
  kill -KILL "${members[@]}" 2>/dev/null || true
  while any_alive "${members[@]}"; do
    sleep 0.05
  done
  rm -f "$(pid_file "$part")"
}

# signal_process PART SIGNAL: to all of it, for STOP (a zombie) and CONT (it wakes up).
signal_process() {
  local part=$1 pid members
  pid=$(running_pid "$part")
  [ -n "$pid" ] || fail "$part does not run"
  mapfile -t members < <(family "$pid")
  kill "-$2" "${members[@]}"
}

# await PART SECONDS COMMAND...: until the command succeeds; fails when the part dies or time is up.
await() {
  local part=$1 seconds=$2 deadline
  deadline=$((SECONDS + seconds))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ -z "$(running_pid "$part")" ]; then
      say "$part died while starting; the end of $(log_file "$part"):"
      tail -n 15 "$(log_file "$part")" >&2
      return 1
    fi
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "$part was not ready after $seconds s; the end of $(log_file "$part"):"
      tail -n 15 "$(log_file "$part")" >&2
      return 1
    fi
    sleep 0.2
  done
}
