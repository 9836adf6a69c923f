# shellcheck shell=bash
# The schema registry: Apicurio, whose Confluent routes we use. Its schemas are in a file of its own,
# so that ids in Kafka's records stay valid when it is killed.

readonly APICURIO_VERSION=3.3.3

registry_provision() {
  require_java
  require_command mvn maven
  build_once apicurio "$APICURIO_VERSION" "10 s, 159 MB" registry_build
}

registry_build() {
  maven_artifact "io.apicurio:apicurio-registry-app:$APICURIO_VERSION:tar.gz:all" registry.tar.gz
  tar -xzf registry.tar.gz -C "$1"
}

registry_command() {
  COMMAND=(env "QUARKUS_HTTP_HOST=$HOST" "QUARKUS_HTTP_PORT=$STACK_REGISTRY_PORT"
    "QUARKUS_MANAGEMENT_HOST=$HOST" "QUARKUS_MANAGEMENT_PORT=$STACK_REGISTRY_MANAGEMENT_PORT"
    APICURIO_STORAGE_SQL_KIND=h2
    "APICURIO_DATASOURCE_URL=jdbc:h2:file:$STATE_DIR/registry/schemas;WRITE_DELAY=0;DB_CLOSE_ON_EXIT=FALSE"
    APICURIO_DATASOURCE_USERNAME=sa APICURIO_DATASOURCE_PASSWORD=sa
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE=1 APICURIO_DATASOURCE_JDBC_MIN_SIZE=1
    "$(java_home)/bin/java" -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1
    -jar "$(cached apicurio "$APICURIO_VERSION")/quarkus-run.jar")
}

registry_ready() {
  curl -fsS -m 5 "http://$HOST:$STACK_REGISTRY_PORT/apis/ccompat/v7/subjects"
}
