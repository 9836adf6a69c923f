# shellcheck shell=bash
# Where things are: the tree, the cache, the state of one stack; credentials; the STACK_* variables.

STACK_NAME=${STACK_NAME:-default}
[[ $STACK_NAME =~ ^[a-z0-9][a-z0-9-]{0,39}$ ]] ||
  fail "STACK_NAME is '$STACK_NAME': use lower-case letters, digits and dashes, at most 40"

COMPOSE_DIR=$ROOT/compose
# What was downloaded and built: one folder per name and version, shared by all stacks.
CACHE_DIR=${XDG_CACHE_HOME:-$HOME/.cache}/invoiceapp-stack
# Data, logs, pids and ports of this stack.
STATE_HOME=${XDG_STATE_HOME:-$HOME/.local/state}/invoiceapp-stack
STATE_DIR=$STATE_HOME/$STACK_NAME
HOST=127.0.0.1

# The credentials of both ways to run are in one file. What is already in the environment wins.
load_credentials() {
  local file=$COMPOSE_DIR/.env key value
  [ -f "$file" ] || file=$COMPOSE_DIR/.env.example
  while IFS='=' read -r key value; do
    [[ $key =~ ^STACK_[A-Z0-9_]+$ ]] || continue
    [ -n "${!key:-}" ] || export "$key=$value"
  done <"$file"
}

# The application's bucket: the first one of the list.
default_bucket() {
  awk '!/^#/ && NF { print $1; exit }' "$COMPOSE_DIR/s3/buckets"
}

# print_environment: what tests and the application need to find the parts; compose/parts reads it.
print_environment() {
  local postgres=$STACK_POSTGRES_USER:$STACK_POSTGRES_PASSWORD@$HOST:$STACK_POSTGRES_PORT
  cat <<VARIABLES
export STACK_NAME='$STACK_NAME'
export STACK_COMMAND='$COMPOSE_DIR/stack'
export STACK_POSTGRES_URL='postgres://$postgres/$STACK_POSTGRES_DATABASE'
export STACK_REDIS_URL='redis://$HOST:$STACK_REDIS_PORT'
export STACK_KAFKA_BROKERS='$HOST:$STACK_KAFKA_PORT'
export STACK_KAFKA_FAULTS_UPSTREAM='$HOST:$STACK_KAFKA_FAULTS_PORT'
export STACK_KAFKA_FAULTS_BROKERS='$HOST:$STACK_KAFKA_FAULTS_PROXY_PORT'
export STACK_REGISTRY_URL='http://$HOST:$STACK_REGISTRY_PORT/apis/ccompat/v7'
export STACK_MONGODB_URL='mongodb://$HOST:$STACK_MONGODB_PORT'
export STACK_S3_ENDPOINT='http://$HOST:$STACK_S3_PORT'
export STACK_S3_BUCKET='$(default_bucket)'
export STACK_S3_ACCESS_KEY_ID='$STACK_S3_ACCESS_KEY_ID'
export STACK_S3_SECRET_ACCESS_KEY='$STACK_S3_SECRET_ACCESS_KEY'
export STACK_SMTP_URL='smtp://$HOST:$STACK_SMTP_PORT'
export STACK_MAILPIT_URL='http://$HOST:$STACK_MAILPIT_PORT'
export STACK_KEYCLOAK_URL='http://$HOST:$STACK_KEYCLOAK_PORT'
export STACK_KEYCLOAK_ADMIN_USERNAME='$STACK_KEYCLOAK_ADMIN_USERNAME'
export STACK_KEYCLOAK_ADMIN_PASSWORD='$STACK_KEYCLOAK_ADMIN_PASSWORD'
export STACK_KEYCLOAK_LOGIN_SECRET='$STACK_KEYCLOAK_LOGIN_SECRET'
export STACK_KEYCLOAK_SERVICE_SECRET='$STACK_KEYCLOAK_SERVICE_SECRET'
export STACK_TOXIPROXY_URL='http://$HOST:$STACK_TOXIPROXY_PORT'
export STACK_PROMETHEUS_URL='http://$HOST:$STACK_PROMETHEUS_PORT'
export STACK_LOKI_URL='http://$HOST:$STACK_LOKI_PORT'
export STACK_JAEGER_URL='http://$HOST:$STACK_JAEGER_PORT'
export STACK_OTLP_URL='http://$HOST:$STACK_OTLP_HTTP_PORT'
export STACK_JAVA_PROGRAM='$(java_home)/bin/java'
export STACK_KAFKA_LIBRARIES='$(cached kafka "$KAFKA_VERSION")/*'
export STACK_PROMETHEUS_PROGRAM='$(cached prometheus "$PROMETHEUS_VERSION")/prometheus'
export STACK_PROMTOOL_PROGRAM='$(cached promtool "$PROMETHEUS_VERSION")/promtool'
VARIABLES
}

# print_application_settings: what `invoiceapp serve` needs to run on this stack.
print_application_settings() {
  local postgres=$STACK_POSTGRES_USER:$STACK_POSTGRES_PASSWORD@$HOST:$STACK_POSTGRES_PORT
  cat <<SETTINGS
export INVOICEAPP_POSTGRES__URL='postgres://$postgres/$STACK_POSTGRES_DATABASE'
export INVOICEAPP_KAFKA__BROKERS='$HOST:$STACK_KAFKA_PORT'
export INVOICEAPP_REGISTRY__URL='http://$HOST:$STACK_REGISTRY_PORT/apis/ccompat/v7'
export INVOICEAPP_MONGODB__URL='mongodb://$HOST:$STACK_MONGODB_PORT'
export INVOICEAPP_REDIS__URL='redis://$HOST:$STACK_REDIS_PORT'
export INVOICEAPP_S3__ENDPOINT='http://$HOST:$STACK_S3_PORT'
export INVOICEAPP_S3__BUCKET='$(default_bucket)'
export INVOICEAPP_S3__ACCESS_KEY_ID='$STACK_S3_ACCESS_KEY_ID'
export INVOICEAPP_S3__SECRET_ACCESS_KEY='$STACK_S3_SECRET_ACCESS_KEY'
export INVOICEAPP_SMTP__HOST='$HOST'
export INVOICEAPP_SMTP__PORT='$STACK_SMTP_PORT'
export INVOICEAPP_KEYCLOAK__URL='http://$HOST:$STACK_KEYCLOAK_PORT'
export INVOICEAPP_KEYCLOAK__CLIENT_SECRET='$STACK_KEYCLOAK_LOGIN_SECRET'
export INVOICEAPP_KEYCLOAK__SERVICE_CLIENT_SECRET='$STACK_KEYCLOAK_SERVICE_SECRET'
export INVOICEAPP_HTTP__LISTEN='$HOST:$STACK_BFF_SERVICE_PORT'
export INVOICEAPP_HTTP__MANAGEMENT_LISTEN='$HOST:$STACK_BFF_MANAGEMENT_PORT'
SETTINGS
  print_service_places INVOICE "$STACK_INVOICE_SERVICE_PORT" found
  print_service_places PRODUCT "$STACK_PRODUCT_SERVICE_PORT" found
  print_service_places USER_ACCESS "$STACK_USER_SERVICE_PORT" found
  print_service_places AUTHORIZER "$STACK_AUTHORIZER_SERVICE_PORT" found
  print_service_places PDF "$STACK_PDF_SERVICE_PORT" found
  print_service_places MEDIA "$STACK_MEDIA_SERVICE_PORT" found
  print_service_places MAIL "$STACK_MAIL_SERVICE_PORT"
  print_service_places RELAY "$STACK_RELAY_SERVICE_PORT"
  print_service_places PROJECTOR "$STACK_PROJECTOR_SERVICE_PORT"
  print_telemetry_settings
}

# print_telemetry_settings: where somebody takes what is sent. Prometheus reads /metrics: pushed as
# well, every value would be there twice.
print_telemetry_settings() {
  port_answers "$STACK_OTLP_HTTP_PORT" || return 0
  echo "export INVOICEAPP_TELEMETRY__ENDPOINT='http://$HOST:$STACK_OTLP_HTTP_PORT'"
  echo "export INVOICEAPP_TELEMETRY__METRICS__ENABLED='false'"
}

# print_service_places KEY PORT [found]: where a role listens, and where the front door finds it.
print_service_places() {
  echo "export INVOICEAPP_SERVICES__LISTEN__$1='$HOST:$2'"
  [ "${3:-}" != found ] || echo "export INVOICEAPP_SERVICES__FIND__$1='$HOST:$2'"
}
