# shellcheck shell=bash
# Mailpit: takes every mail and delivers none; an inbox with a web page and an API.

readonly MAILPIT_VERSION=1.30.5

mail_provision() {
  require_go
  require_command npm npm
  build_once mailpit "$MAILPIT_VERSION" "about 45 s" mail_build
}

mail_build() {
  go_build "github.com/axllent/mailpit@v$MAILPIT_VERSION" . "$1/mailpit" "" mail_build_page
}

mail_build_page() {
  npm ci --ignore-scripts --no-audit --no-fund
  npm run package
}

mail_command() {
  COMMAND=("$(cached mailpit "$MAILPIT_VERSION")/mailpit" --listen "$HOST:$STACK_MAILPIT_PORT"
    --smtp "$HOST:$STACK_SMTP_PORT" --database "$STATE_DIR/mail/mailpit.db" --enable-chaos --disable-version-check)
}

mail_ready() {
  curl -fsS -m 2 "http://$HOST:$STACK_MAILPIT_PORT/readyz" && port_answers "$STACK_SMTP_PORT"
}
