# shellcheck shell=bash
# Every port of the stack: one variable each, all shifted by STACK_PORT_OFFSET, remembered in the
# stack's state so that `down`, `status` and `part` speak of the ports that `up` used.

# PART VARIABLE DEFAULT
port_table() {
  cat <<'TABLE'
postgres STACK_POSTGRES_PORT 5432
redis STACK_REDIS_PORT 6379
kafka STACK_KAFKA_PORT 9092
kafka STACK_KAFKA_CONTROLLER_PORT 9093
kafka STACK_KAFKA_FAULTS_PORT 9094
registry STACK_REGISTRY_PORT 8081
registry STACK_REGISTRY_MANAGEMENT_PORT 9181
mongodb STACK_MONGODB_PORT 27017
s3 STACK_S3_PORT 8333
s3 STACK_S3_GRPC_PORT 18333
s3 STACK_S3_MASTER_PORT 9333
s3 STACK_S3_MASTER_GRPC_PORT 19333
s3 STACK_S3_VOLUME_PORT 9340
s3 STACK_S3_VOLUME_GRPC_PORT 19340
s3 STACK_S3_FILER_PORT 8888
s3 STACK_S3_FILER_GRPC_PORT 18888
s3 STACK_S3_ADMIN_PORT 23646
s3 STACK_S3_ADMIN_GRPC_PORT 23746
mail STACK_SMTP_PORT 1025
mail STACK_MAILPIT_PORT 8025
keycloak STACK_KEYCLOAK_PORT 8180
keycloak STACK_KEYCLOAK_MANAGEMENT_PORT 9180
toxiproxy STACK_TOXIPROXY_PORT 8474
toxiproxy STACK_KAFKA_FAULTS_PROXY_PORT 9095
prometheus STACK_PROMETHEUS_PORT 9090
loki STACK_LOKI_PORT 3100
loki STACK_LOKI_GRPC_PORT 9096
jaeger STACK_JAEGER_PORT 16686
jaeger STACK_JAEGER_GRPC_PORT 16685
jaeger STACK_OTLP_HTTP_PORT 4318
jaeger STACK_OTLP_GRPC_PORT 4317
invoice STACK_INVOICE_SERVICE_PORT 3001
product STACK_PRODUCT_SERVICE_PORT 3002
user STACK_USER_SERVICE_PORT 3003
authorizer STACK_AUTHORIZER_SERVICE_PORT 3004
pdf STACK_PDF_SERVICE_PORT 3005
media STACK_MEDIA_SERVICE_PORT 3006
mailer STACK_MAIL_SERVICE_PORT 3007
relay STACK_RELAY_SERVICE_PORT 3008
projector STACK_PROJECTOR_SERVICE_PORT 3009
bff STACK_BFF_SERVICE_PORT 3300
bff STACK_BFF_MANAGEMENT_PORT 3390
TABLE
}

port_variables_of() {
  port_table | awk -v part="$1" '$1 == part { print $2 }'
}

# set_ports: from the state while anything of this stack runs, otherwise from the environment. Ports
# that an older version of this file did not know are not in the state.
set_ports() {
  local variable default
  if [ -f "$STATE_DIR/ports" ] && "${ENGINE}_runs"; then
    # shellcheck source=/dev/null
    . "$STATE_DIR/ports"
  fi
  while read -r _ variable default; do
    export "$variable=${!variable:-$((default + ${STACK_PORT_OFFSET:-0}))}"
  done < <(port_table)
}

remember_ports() {
  local variable
  while read -r _ variable _; do
    echo "export $variable=${!variable}"
  done < <(port_table) >"$STATE_DIR/ports.new"
  mv "$STATE_DIR/ports.new" "$STATE_DIR/ports"
}

# port_holder PORT: who listens there, on our address or on all of them, or nothing.
port_holder() {
  local listener
  listener=$(ss -ltnpH "sport = :$1" |
    awk -v port="$1" -v host="$HOST" '$4 == host ":" port || $4 ~ /^(0\.0\.0\.0|\*|\[::\]):/')
  [ -n "$listener" ] || return 0
  if [[ $listener =~ \(\(\"([^\"]+)\",pid=([0-9]+) ]]; then
    echo "${BASH_REMATCH[1]} (pid ${BASH_REMATCH[2]})"
  else
    echo "another user's process"
  fi
}

# require_free_ports PART
require_free_ports() {
  local variable holder
  for variable in $(port_variables_of "$1"); do
    holder=$(port_holder "${!variable}")
    [ -z "$holder" ] ||
      fail "$1 wants port ${!variable}, which $holder holds; set $variable or STACK_PORT_OFFSET"
  done
}

port_answers() {
  (exec 3<>"/dev/tcp/$HOST/$1") 2>/dev/null
}

# free_port_offset: a shift with which no port of the table is taken. Below 5,600, so that none
# reaches the range from which the kernel takes the ports of outgoing connections.
free_port_offset() {
  local taken offset default tries
  taken=$(ss -ltnH | awk '{ sub(/.*:/, "", $4); print $4 }')
  for ((tries = 0; tries < 100; tries++)); do
    offset=$((1000 + RANDOM % 4600))
    while read -r _ _ default; do
      ! grep -qx "$((default + offset))" <<<"$taken" || continue 2
    done < <(port_table)
    echo "$offset"
    return 0
  done
  fail "no shift leaves all ports free; what listens: ss -ltn"
}
