# shellcheck shell=bash
# Toxiproxy: tests put it between a client and a part, and make it slow, cut or deaf.

readonly TOXIPROXY_VERSION=2.12.0

toxiproxy_provision() {
  require_go
  build_once toxiproxy "$TOXIPROXY_VERSION" "30 s" toxiproxy_build
}

toxiproxy_build() {
  GOBIN=$PWD CGO_ENABLED=0 go install -p 2 -trimpath -ldflags "-s -w" \
    "github.com/Shopify/toxiproxy/v2/cmd/server@v$TOXIPROXY_VERSION"
  mv server "$1/toxiproxy"
}

toxiproxy_command() {
  COMMAND=("$(cached toxiproxy "$TOXIPROXY_VERSION")/toxiproxy" -host "$HOST" -port "$STACK_TOXIPROXY_PORT")
}

toxiproxy_ready() {
  curl -fsS -m 2 "http://$HOST:$STACK_TOXIPROXY_PORT/version"
}
