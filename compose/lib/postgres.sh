# shellcheck shell=bash
# PostgreSQL 15 or newer from the system's packages; the journal, and what FerretDB stands on.

readonly POSTGRES_MAJOR_MIN=15
readonly POSTGRES_CONNECTIONS_MAX=300

# postgres_bin: the newest server that is installed and new enough, or nothing.
postgres_bin() {
  local bin best="" best_major=0 major
  for bin in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    [ -x "$bin/postgres" ] || continue
    major=$("$bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
    if [ "$major" -ge "$POSTGRES_MAJOR_MIN" ] && [ "$major" -gt "$best_major" ]; then
      best=$bin best_major=$major
    fi
  done
  echo "$best"
}

# The server refuses to run as root: then it is user postgres, whose data cannot be in root's home.
postgres_data() {
  if [ "$(id -u)" = 0 ]; then
    echo "/var/lib/invoiceapp-stack/$STACK_NAME/postgres"
  else
    echo "$STATE_DIR/postgres/data"
  fi
}

as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --init-groups -- "$@"
  else
    "$@"
  fi
}

postgres_provision() {
  [ -n "$(postgres_bin)" ] || install_packages postgresql-15
  [ -n "$(postgres_bin)" ] || fail "no PostgreSQL $POSTGRES_MAJOR_MIN or newer under /usr/lib/postgresql"
}

postgres_prepare() {
  local data
  data=$(postgres_data)
  forget_dead_postmaster "$data"
  [ ! -f "$data/PG_VERSION" ] || return 0
  rm -rf "$data"
  mkdir -p "$data"
  [ "$(id -u)" != 0 ] || chown -R postgres: "$data"
  (cd / && as_postgres "$(postgres_bin)/initdb" --pgdata="$data" --username=postgres --auth-local=trust \
    --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 >"$(log_file postgres)" 2>&1) ||
    fail "initdb failed: $(tail -n 1 "$(log_file postgres)")"
}

# A server that was killed leaves its pid in two files; when its zombie is still there, or another
# process got that pid, the next one would take it for a server that runs. Ours does not: start_part
# looked. Its shared memory stays PostgreSQL's own guard.
forget_dead_postmaster() {
  local lock
  for lock in "$1/postmaster.pid" "$1/.s.PGSQL.$STACK_POSTGRES_PORT.lock"; do
    if [ -f "$lock" ] && [ -z "$(start_time "$(head -n 1 "$lock")")" ]; then
      rm -f "$lock"
    fi
  done
}

# The socket is in the data directory: only its owner gets in without a password.
postgres_command() {
  local data
  data=$(postgres_data)
  COMMAND=("$(postgres_bin)/postgres" -D "$data" -p "$STACK_POSTGRES_PORT" -c "listen_addresses=$HOST"
    -c "unix_socket_directories=$data" -c "max_connections=$POSTGRES_CONNECTIONS_MAX")
  [ "$(id -u)" != 0 ] ||
    COMMAND=(env -C / setpriv --reuid=postgres --regid=postgres --init-groups -- "${COMMAND[@]}")
}

postgres_ready() {
  "$(postgres_bin)/pg_isready" -q -h "$HOST" -p "$STACK_POSTGRES_PORT" -t 2
}

native_psql() {
  as_postgres env -C / "$(postgres_bin)/psql" -h "$(postgres_data)" -p "$STACK_POSTGRES_PORT" "$@"
}

# The same file creates roles and databases here and in the container.
postgres_setup() {
  "${ENGINE}_psql" -X -q -v ON_ERROR_STOP=1 -U postgres -d postgres -v "user=$STACK_POSTGRES_USER" \
    -v "password=$STACK_POSTGRES_PASSWORD" -v "database=$STACK_POSTGRES_DATABASE" \
    <"$COMPOSE_DIR/postgres/databases.sql" >/dev/null ||
    fail "PostgreSQL refused compose/postgres/databases.sql"
}
