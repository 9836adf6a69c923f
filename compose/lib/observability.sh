# shellcheck shell=bash
# Prometheus, Loki, and Jaeger in Tempo's place, which no package registry has. Jaeger is an OpenTelemetry
# collector, too: it takes everything that comes by OTLP and hands logs to Loki and metrics to Prometheus.

readonly PROMETHEUS_VERSION=3.16.0
readonly LOKI_VERSION=3.7.8
readonly LOKI_PUSH_VERSION=0.0.0-20250630054201-94c0ba7b0952
readonly JAEGER_VERSION=1.76.0

# fill_in FILE DATA: a configuration with this stack's addresses and a part's data directory.
fill_in() {
  sed -e "s|@HOST@|$HOST|g" -e "s|@DATA@|$2|g" -e "s|@LOKI_PORT@|$STACK_LOKI_PORT|g" \
    -e "s|@LOKI_GRPC_PORT@|$STACK_LOKI_GRPC_PORT|g" -e "s|@JAEGER_PORT@|$STACK_JAEGER_PORT|g" \
    -e "s|@JAEGER_GRPC_PORT@|$STACK_JAEGER_GRPC_PORT|g" -e "s|@OTLP_HTTP_PORT@|$STACK_OTLP_HTTP_PORT|g" \
    -e "s|@OTLP_GRPC_PORT@|$STACK_OTLP_GRPC_PORT|g" -e "s|@PROMETHEUS_PORT@|$STACK_PROMETHEUS_PORT|g" \
    -e "s|@RULES@|$COMPOSE_DIR/observability/alerts|g" "$COMPOSE_DIR/observability/$1"
}

# --- Prometheus: version 3.16.0 is module version 0.316.0 -----------------------------------------

prometheus_provision() {
  require_go
  build_once prometheus "$PROMETHEUS_VERSION" "about 70 s" prometheus_build
}

# print_targets: the processes of the application, where `compose/stack env app` lets them listen.
print_targets() {
  jq -n --arg host "$HOST" '[$ARGS.positional | _nwise(2) | {targets: ["\($host):\(.[1])"], labels: {role: .[0]}}]' \
    --args invoice "$STACK_INVOICE_SERVICE_PORT" product "$STACK_PRODUCT_SERVICE_PORT" \
    user-access "$STACK_USER_SERVICE_PORT" authorizer "$STACK_AUTHORIZER_SERVICE_PORT" \
    pdf "$STACK_PDF_SERVICE_PORT" media "$STACK_MEDIA_SERVICE_PORT" mail "$STACK_MAIL_SERVICE_PORT" \
    relay "$STACK_RELAY_SERVICE_PORT" projector "$STACK_PROJECTOR_SERVICE_PORT" \
    bff "$STACK_BFF_MANAGEMENT_PORT"
}

# Checks rules and configurations, and runs the tests of the rules.
promtool_provision() {
  require_go
  build_once promtool "$PROMETHEUS_VERSION" "about 40 s" promtool_build
}

prometheus_module() {
  local minor=${PROMETHEUS_VERSION#3.}
  printf 'github.com/prometheus/prometheus@v0.3%02d.%d' "${minor%.*}" "${minor#*.}"
}

prometheus_build() {
  go_build "$(prometheus_module)" ./cmd/prometheus "$1/prometheus" remove_all_sd,enable_file_sd
}

promtool_build() {
  go_build "$(prometheus_module)" ./cmd/promtool "$1/promtool" remove_all_sd,enable_file_sd
}

# What is scraped may be changed while it runs: one file, which is kept.
prometheus_prepare() {
  local targets=$STATE_DIR/prometheus/targets
  fill_in prometheus.yaml "$STATE_DIR/prometheus" >"$STATE_DIR/prometheus/prometheus.yaml"
  mkdir -p "$targets"
  [ -f "$targets/roles.json" ] || print_targets >"$targets/roles.json"
}

prometheus_command() {
  COMMAND=("$(cached prometheus "$PROMETHEUS_VERSION")/prometheus"
    "--config.file=$STATE_DIR/prometheus/prometheus.yaml" "--storage.tsdb.path=$STATE_DIR/prometheus/data"
    "--web.listen-address=$HOST:$STACK_PROMETHEUS_PORT" --web.enable-otlp-receiver
    --enable-feature=exemplar-storage --log.level=warn)
}

prometheus_ready() {
  curl -fsS -m 2 "http://$HOST:$STACK_PROMETHEUS_PORT/-/ready"
}

# --- Loki -----------------------------------------------------------------------------------------

loki_provision() {
  require_go
  build_once loki "$LOKI_VERSION" "about 4 min" loki_build
}

loki_build() {
  go_build "github.com/grafana/loki/v3@v$LOKI_VERSION" ./cmd/loki "$1/loki" "" loki_build_edit
}

# Its own module `push` is replaced by a folder that the module's archive does not hold.
loki_build_edit() {
  go mod edit -dropreplace=github.com/grafana/loki/pkg/push
  go get github.com/grafana/loki/pkg/push@v$LOKI_PUSH_VERSION
}

loki_prepare() {
  fill_in loki.yaml "$STATE_DIR/loki/data" >"$STATE_DIR/loki/loki.yaml"
}

loki_command() {
  COMMAND=("$(cached loki "$LOKI_VERSION")/loki" "-config.file=$STATE_DIR/loki/loki.yaml")
}

loki_ready() {
  curl -fsS -m 2 "http://$HOST:$STACK_LOKI_PORT/ready"
}

# --- Jaeger ---------------------------------------------------------------------------------------

jaeger_provision() {
  require_go
  build_once jaeger "$JAEGER_VERSION" "about 3 min" jaeger_build
}

jaeger_build() {
  go_build "github.com/jaegertracing/jaeger@v$JAEGER_VERSION" ./cmd/jaeger "$1/jaeger" ""
}

jaeger_prepare() {
  fill_in jaeger.yaml "$STATE_DIR/jaeger" >"$STATE_DIR/jaeger/jaeger.yaml"
}

jaeger_command() {
  COMMAND=("$(cached jaeger "$JAEGER_VERSION")/jaeger" --config "$STATE_DIR/jaeger/jaeger.yaml")
}

# An OTLP request that is empty is answered 200 by a receiver that takes spans.
jaeger_ready() {
  curl -fsS -m 2 "http://$HOST:$STACK_JAEGER_PORT/api/services" &&
    curl -fsS -m 2 -H 'Content-Type: application/json' -d '{}' "http://$HOST:$STACK_OTLP_HTTP_PORT/v1/traces"
}
