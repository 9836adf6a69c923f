# shellcheck shell=bash
# Prometheus, Loki, and Jaeger in Tempo's place, which no package registry has: all three take OTLP.

readonly PROMETHEUS_VERSION=3.16.0
readonly LOKI_VERSION=3.7.8
readonly LOKI_PUSH_VERSION=0.0.0-20250630054201-94c0ba7b0952
readonly JAEGER_VERSION=1.76.0

# fill_in FILE DATA: a configuration with this stack's addresses and a part's data directory.
fill_in() {
  sed -e "s|@HOST@|$HOST|g" -e "s|@DATA@|$2|g" -e "s|@LOKI_PORT@|$STACK_LOKI_PORT|g" \
    -e "s|@LOKI_GRPC_PORT@|$STACK_LOKI_GRPC_PORT|g" -e "s|@JAEGER_PORT@|$STACK_JAEGER_PORT|g" \
    -e "s|@JAEGER_GRPC_PORT@|$STACK_JAEGER_GRPC_PORT|g" -e "s|@OTLP_HTTP_PORT@|$STACK_OTLP_HTTP_PORT|g" \
    -e "s|@OTLP_GRPC_PORT@|$STACK_OTLP_GRPC_PORT|g" "$COMPOSE_DIR/observability/$1"
}

# --- Prometheus: version 3.16.0 is module version 0.316.0 -----------------------------------------

prometheus_provision() {
  require_go
  build_once prometheus "$PROMETHEUS_VERSION" "about 70 s" prometheus_build
}

prometheus_build() {
  local minor=${PROMETHEUS_VERSION#3.}
  go_build "github.com/prometheus/prometheus@v0.3$(printf '%02d.%d' "${minor%.*}" "${minor#*.}")" \
    ./cmd/prometheus "$1/prometheus" remove_all_sd,enable_file_sd
}

prometheus_prepare() {
  fill_in prometheus.yaml "$STATE_DIR/prometheus" >"$STATE_DIR/prometheus/prometheus.yaml"
}

prometheus_command() {
  COMMAND=("$(cached prometheus "$PROMETHEUS_VERSION")/prometheus"
    "--config.file=$STATE_DIR/prometheus/prometheus.yaml" "--storage.tsdb.path=$STATE_DIR/prometheus/data"
    "--web.listen-address=$HOST:$STACK_PROMETHEUS_PORT" --web.enable-otlp-receiver --log.level=warn)
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
