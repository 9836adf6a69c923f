# shellcheck shell=bash
# Tools and packages: installed where this user may, one clear line otherwise.

readonly GO_MINOR_MIN=25
readonly JAVA_MAJOR_MIN=21

# install_packages PACKAGE...: Debian's packages.
install_packages() {
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "missing: $*. Install with, for example: sudo apt-get install $*"
  fi
  say "installing $*"
  # No cluster and no server of the distribution's own beside ours.
  if [[ " $* " == *" postgresql"* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
  fi
  apt-get update -qq >/dev/null || say "apt-get update failed; trying with the lists that are there"
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null ||
    fail "apt-get could not install $*"
}

# require_command COMMAND PACKAGE
require_command() {
  command -v "$1" >/dev/null || install_packages "$2"
}

require_go() {
  local minor
  command -v go >/dev/null || fail "no go. Install Go 1.$GO_MINOR_MIN or newer from https://go.dev/dl"
  minor=$(cd / && GOTOOLCHAIN=local go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [ "${minor:-0}" -ge "$GO_MINOR_MIN" ] || fail "go 1.$minor is too old; Go 1.$GO_MINOR_MIN or newer is needed"
}

# java_home: a JDK of at least JAVA_MAJOR_MIN, or nothing. Kafka alone would do with 17.
java_home() {
  local home major
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    [[ -n $home && -x $home/bin/java && -f $home/release ]] || continue
    major=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release")
    if [ "${major:-0}" -ge "$JAVA_MAJOR_MIN" ]; then
      echo "$home"
      return 0
    fi
  done
}

require_java() {
  [ -z "$(java_home)" ] || return 0
  if [ "$(id -u)" = 0 ] && apt-cache policy openjdk-21-jre-headless 2>/dev/null | grep -q 'Candidate: [0-9]'; then
    install_packages openjdk-21-jre-headless
  fi
  [ -n "$(java_home)" ] ||
    fail "no Java $JAVA_MAJOR_MIN or newer under /usr/lib/jvm, for the schema registry and Keycloak; for example apt-get install openjdk-21-jre-headless"
}

# provision_stack PART...: everything that the parts need, before the first one is started.
provision_stack() {
  local part
  require_command ss iproute2
  require_command curl curl
  require_command jq jq
  require_command pgrep procps
  require_command setpriv util-linux
  for part in "$@"; do
    "${part}_provision"
  done
}
