# shellcheck shell=bash
# Keycloak with realm `invoiceapp`, which is imported at its first start. Its database is a file of
# its own, so that stopping PostgreSQL does not stop it too.

readonly KEYCLOAK_VERSION=26.7.1

keycloak_provision() {
  require_java
  require_command mvn maven
  build_once keycloak "$KEYCLOAK_VERSION" "40 s, 176 MB" keycloak_build
}

# What is fixed at build time is built here once, and not at every first start of a stack.
keycloak_build() {
  maven_artifact "org.keycloak:keycloak-quarkus-dist:$KEYCLOAK_VERSION:tar.gz" keycloak.tar.gz
  tar -xzf keycloak.tar.gz -C "$1" --strip-components=1
  JAVA_HOME=$(java_home) "$1/bin/kc.sh" build --db=dev-file --health-enabled=true
}

# It writes into its own folder, so each stack has a copy.
keycloak_prepare() {
  local home=$STATE_DIR/keycloak/home
  if [ ! -d "$home" ]; then
    rm -rf "$home.new"
    cp -r "$(cached keycloak "$KEYCLOAK_VERSION")" "$home.new"
    mv -T "$home.new" "$home"
  fi
  mkdir -p "$home/data/import"
  cp "$COMPOSE_DIR/keycloak/realm.json" "$home/data/import/realm.json"
}

# The issuer is the address on the host whichever way a request came, also through a proxy. Without
# WRITE_DELAY its database would forget the last half second when it is killed.
# shellcheck disable=SC2054 # the comma belongs to the log levels
keycloak_command() {
  COMMAND=(env "JAVA_HOME=$(java_home)" "JAVA_OPTS_KC_HEAP=-Xms128m -Xmx512m"
    "JAVA_OPTS_APPEND=-XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
    "KC_BOOTSTRAP_ADMIN_USERNAME=$STACK_KEYCLOAK_ADMIN_USERNAME"
    "KC_BOOTSTRAP_ADMIN_PASSWORD=$STACK_KEYCLOAK_ADMIN_PASSWORD"
    "STACK_KEYCLOAK_LOGIN_SECRET=$STACK_KEYCLOAK_LOGIN_SECRET"
    "STACK_KEYCLOAK_SERVICE_SECRET=$STACK_KEYCLOAK_SERVICE_SECRET"
    "KC_DB_URL_PROPERTIES=;WRITE_DELAY=0"
    "$STATE_DIR/keycloak/home/bin/kc.sh" start --optimized --import-realm --log-level=info,io.smallrye.health:error --cache=local --http-enabled=true
    "--http-host=$HOST" "--http-port=$STACK_KEYCLOAK_PORT" "--http-management-port=$STACK_KEYCLOAK_MANAGEMENT_PORT"
    "--hostname=http://$HOST:$STACK_KEYCLOAK_PORT" --hostname-backchannel-dynamic=true)
}

keycloak_ready() {
  curl -fsS -m 5 "http://$HOST:$STACK_KEYCLOAK_MANAGEMENT_PORT/health/ready" &&
    curl -fsS -m 5 "http://$HOST:$STACK_KEYCLOAK_PORT/realms/invoiceapp/protocol/openid-connect/certs"
}
