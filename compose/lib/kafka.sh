# shellcheck shell=bash
# Apache Kafka, one node that is broker and controller (KRaft). The third listener is for fault tests:
# it tells its clients to come back through the port on which Toxiproxy listens.

readonly KAFKA_VERSION=4.3.1
readonly KAFKA_LOG4J_VERSION=2.25.1

kafka_provision() {
  require_java
  require_command mvn maven
  build_once kafka "$KAFKA_VERSION" "10 s" kafka_build
}

kafka_build() {
  maven_libraries "$1" "org.apache.kafka:kafka_2.13:$KAFKA_VERSION" "org.apache.kafka:kafka-tools:$KAFKA_VERSION" \
    "org.apache.logging.log4j:log4j-slf4j-impl:$KAFKA_LOG4J_VERSION" \
    "org.apache.logging.log4j:log4j-core:$KAFKA_LOG4J_VERSION"
}

# kafka_java CLASS: sets COMMAND. One JVM flag set for the server and for its tools.
kafka_java() {
  COMMAND=("$(java_home)/bin/java" -Xms256m -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
    "-Dlog4j2.configurationFile=$COMPOSE_DIR/kafka/log4j2.properties"
    -cp "$(cached kafka "$KAFKA_VERSION")/*" "$1")
}

kafka_prepare() {
  local directory=$STATE_DIR/kafka
  sed -e "s|@HOST@|$HOST|g" -e "s|@DATA@|$directory/data|" -e "s|@PORT@|$STACK_KAFKA_PORT|g" \
    -e "s|@CONTROLLER_PORT@|$STACK_KAFKA_CONTROLLER_PORT|g" -e "s|@FAULTS_PORT@|$STACK_KAFKA_FAULTS_PORT|g" \
    -e "s|@FAULTS_PROXY_PORT@|$STACK_KAFKA_FAULTS_PROXY_PORT|g" \
    "$COMPOSE_DIR/kafka/server.properties" >"$directory/server.properties"
  [ ! -f "$directory/data/meta.properties" ] || return 0
  rm -rf "$directory/data"
  kafka_java kafka.tools.StorageTool
  "${COMMAND[@]}" format --standalone -t "$(kafka_cluster_id)" -c "$directory/server.properties" \
    >>"$(log_file kafka)" 2>&1 || fail "Kafka's data could not be formatted: $(tail -n 1 "$(log_file kafka)")"
}

# 16 random bytes in base64url, which is what StorageTool's random-uuid prints.
kafka_cluster_id() {
  head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '='
}

kafka_command() {
  kafka_java kafka.Kafka
  COMMAND+=("$STATE_DIR/kafka/server.properties")
}

# An ApiVersions request (key 18, version 0, correlation 1, client "stack"): a broker that answers
# it with error code 0 takes requests.
kafka_ready() {
  local answer
  exec 3<>"/dev/tcp/$HOST/$STACK_KAFKA_PORT" || return 1
  printf '\x00\x00\x00\x0f\x00\x12\x00\x00\x00\x00\x00\x01\x00\x05stack' >&3
  answer=$(timeout 2 head -c 10 <&3 | od -An -tx1 | tr -d ' \n')
  exec 3>&-
  [[ $answer == ????????000000010000 ]]
}

native_topics() {
  kafka_java org.apache.kafka.tools.TopicCommand
  "${COMMAND[@]}" --bootstrap-server "$HOST:$STACK_KAFKA_PORT" "$@"
}

# Topics that are there stay as they are.
kafka_setup() {
  local topics topic partitions settings setting arguments said
  topics=$("${ENGINE}_topics" --list </dev/null) || fail "Kafka does not list its topics"
  while read -r topic partitions settings; do
    [[ -n $topic && $topic != \#* ]] || continue
    ! grep -qx "$topic" <<<"$topics" || continue
    arguments=()
    for setting in $settings; do
      arguments+=(--config "$setting")
    done
    said=$("${ENGINE}_topics" --create --if-not-exists --topic "$topic" --partitions "$partitions" \
      --replication-factor 1 "${arguments[@]}" 2>&1 </dev/null) || fail "topic $topic could not be made: $said"
  done <"$COMPOSE_DIR/kafka/topics"
}
