# shellcheck shell=bash
# Redis from the system's packages.

redis_provision() {
  command -v redis-server >/dev/null || install_packages redis-server
}

redis_command() {
  COMMAND=(redis-server --bind "$HOST" --port "$STACK_REDIS_PORT" --dir "$STATE_DIR/redis" --save ''
    --appendonly yes --daemonize no --set-proc-title no)
}

redis_ready() {
  [ "$(timeout 2 redis-cli -h "$HOST" -p "$STACK_REDIS_PORT" ping)" = PONG ]
}
