# shellcheck shell=bash
# MongoDB's protocol by FerretDB on PostgreSQL: there is no mongod in a package registry. What it
# cannot do is what we do not use: no transactions over several documents, no change streams.

readonly FERRETDB_VERSION=1.24.2

mongodb_provision() {
  require_go
  build_once ferretdb "$FERRETDB_VERSION" "about 65 s" mongodb_build
}

# It refuses to start without a version file.
mongodb_build() {
  go_build "github.com/FerretDB/FerretDB@v$FERRETDB_VERSION" ./cmd/ferretdb "$1/ferretdb" "" \
    tee build/version/version.txt <<<"v$FERRETDB_VERSION"
}

mongodb_command() {
  COMMAND=("$(cached ferretdb "$FERRETDB_VERSION")/ferretdb" --handler=postgresql
    "--postgresql-url=postgres://ferretdb:$STACK_POSTGRES_PASSWORD@$HOST:$STACK_POSTGRES_PORT/ferretdb"
    "--state-dir=$STATE_DIR/mongodb" "--listen-addr=$HOST:$STACK_MONGODB_PORT" --debug-addr=-
    --telemetry=disable --log-level=error)
}

# OP_MSG {ping: 1, $db: "admin"}; the answer must hold {ok: 1.0}.
# shellcheck disable=SC2016 # "$db" is that key's name
mongodb_ready() {
  local answer
  exec 3<>"/dev/tcp/$HOST/$STACK_MONGODB_PORT" || return 1
  printf '%b' '\x33\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0' \
    '\x1e\0\0\0\x10ping\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0' >&3
  answer=$(timeout 2 head -c 38 <&3 | od -An -tx1 | tr -d ' \n')
  exec 3>&-
  [[ $answer == *016f6b00000000000000f03f* ]]
}
