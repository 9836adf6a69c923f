# shellcheck shell=bash
# The same verbs by docker compose, and which of the two ways it is.

choose_engine() {
  if [ -n "${STACK_ENGINE:-}" ]; then
    [[ $STACK_ENGINE =~ ^(docker|native)$ ]] || fail "STACK_ENGINE is '$STACK_ENGINE': use docker or native"
    ENGINE=$STACK_ENGINE
  elif timeout 10 docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
    ENGINE=docker
  else
    ENGINE=native
  fi
}

# Two networks cannot have the same addresses: a stack of another name gets others.
docker_compose() {
  local third
  if [ "$STACK_NAME" != default ]; then
    third=$(($(cksum <<<"$STACK_NAME" | cut -d' ' -f1) % 200 + 50))
    export STACK_SUBNET=172.30.$third.0/24 STACK_IP_RANGE=172.30.$third.128/25
    export STACK_BFF_ADDRESS=172.30.$third.10
  fi
  export STACK_PROJECT=invoiceapp-$STACK_NAME
  docker compose --project-name "invoiceapp-$STACK_NAME" --file "$COMPOSE_DIR/compose.yaml" \
    --profile core --profile chaos --profile obs --profile app "$@"
}

docker_runs() {
  [ -n "$(docker_compose ps --quiet 2>/dev/null)" ]
}

# Bucket, topics and databases are made from the same files, by the same functions, as natively.
docker_up() {
  local services part
  require_command curl curl
  [ "$2" = parts ] || require_default_name
  mapfile -t services < <(docker_services "$1")
  lock_stack
  remember_ports
  docker_compose up --detach --wait --wait-timeout 600 "${services[@]}" ||
    fail "docker compose could not start the stack; compose/stack logs shows why"
  for part in postgres kafka s3; do
    "${part}_setup"
  done
  [ "$2" = parts ] || docker_up_services
}

# The front door's address is in compose/invoiceapp.toml.
require_default_name() {
  [ "$STACK_NAME" = default ] ||
    fail "in containers our services run in stack 'default' only: STACK_NAME=$STACK_NAME compose/stack up parts"
}

# docker_up_services: migrate and schemas come first, by what depends on them.
docker_up_services() {
  # shellcheck disable=SC2153 # set in services.sh
  docker_compose up --detach --build --wait --wait-timeout 600 "${SERVICES[@]}" ||
    fail "docker compose could not start our services; compose/stack logs shows why"
}

docker_run() {
  docker_compose run --rm --no-deps migrate "$@"
}

# docker_services PROFILE
docker_services() {
  local profiles=(--profile core --profile chaos)
  [ "$1" = core ] || profiles+=(--profile obs)
  docker compose --file "$COMPOSE_DIR/compose.yaml" "${profiles[@]}" config --services
}

docker_down() {
  local options=(--remove-orphans)
  [ "${1:-}" != --data ] || options+=(--volumes)
  lock_stack
  docker_compose down "${options[@]}"
  rm -f "$STATE_DIR/ports"
}

docker_status() {
  docker_compose ps --all
  # Those two have done their work and are gone.
  docker_runs && ! docker_compose ps --all --format '{{.Service}} {{.Health}}' |
    grep -v -e '^migrate ' -e '^schemas ' | grep -qv ' healthy$'
}

docker_logs() {
  docker_compose logs --tail 100 ${1:+"$1"}
}

docker_part() {
  local verb=$1 part=$2
  case $verb in
    start) docker_compose up --detach --wait --no-deps "$part" ;;
    stop) docker_compose stop --timeout "$STOP_SECONDS_MAX" "$part" ;;
    kill) docker_compose kill "$part" ;;
    pause) docker_compose pause "$part" ;;
    resume) docker_compose unpause "$part" ;;
    ready) docker_compose ps --format '{{.Health}}' "$part" | grep -qx healthy ;;
    *) fail "no verb '$verb'; there are start, stop, kill, pause, resume and ready" ;;
  esac
}

docker_psql() {
  docker_compose exec -T -e "PGPASSWORD=$STACK_POSTGRES_PASSWORD" postgres psql -h 127.0.0.1 "$@"
}

docker_topics() {
  docker_compose exec -T kafka /opt/kafka/bin/kafka-topics.sh --bootstrap-server 127.0.0.1:19092 "$@"
}
