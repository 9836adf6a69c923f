# shellcheck shell=bash
# Programs that are downloaded or built once: CACHE_DIR/bin/NAME/VERSION, complete or not there.

# cached NAME VERSION: the folder of one program.
cached() {
  echo "$CACHE_DIR/bin/$1/$2"
}

# build_once NAME VERSION ABOUT BUILDER: runs `BUILDER DIRECTORY` in a new directory, which becomes
# the cached one only when the builder succeeds. Two stacks that want the same build wait for it.
build_once() {
  local name=$1 version=$2 about=$3 builder=$4 target work log started code
  target=$(cached "$name" "$version")
  [ ! -d "$target" ] || return 0
  mkdir -p "$CACHE_DIR/bin/$name" "$CACHE_DIR/log" "$CACHE_DIR/building"
  log=$CACHE_DIR/log/$name-$version.log
  exec 8>"$CACHE_DIR/building/$name-$version.lock"
  if ! flock -n 8; then
    say "another stack builds $name $version: waiting for it"
    flock 8
  fi
  if [ ! -d "$target" ]; then
    say "getting $name $version ($about, once; log in $log)"
    started=$SECONDS
    # What a build that was killed left behind.
    find "$CACHE_DIR/building" -maxdepth 1 -name "$name-$version.??????" | while read -r work; do remove_build "$work"; done
    work=$(mktemp -d "$CACHE_DIR/building/$name-$version.XXXXXX")
    # Not in a condition, where bash forgets `set -e` and a step that failed would go unseen.
    set +e
    (set -e; mkdir "$work/out"; cd "$work"; "$builder" "$work/out") </dev/null >"$log" 2>&1 8>&-
    code=$?
    set -e
    if [ "$code" != 0 ]; then
      say "$name $version could not be built; the end of $log:"
      tail -n 15 "$log" >&2
      remove_build "$work"
      exit 1
    fi
    mv -T "$work/out" "$target"
    remove_build "$work"
    say "got $name $version in $((SECONDS - started)) s"
  fi
  exec 8>&-
}

# Go's and npm's files are read-only.
remove_build() {
  chmod -R u+w "$1" && rm -rf "$1"
}

# --- Go -----------------------------------------------------------------------------------------

# go_build MODULE@VERSION PACKAGE OUTPUT TAGS [COMMAND...]: builds inside a copy of the module, which
# is the only way for a module with `replace` directives; COMMAND runs there first.
go_build() {
  local module=$1 package=$2 output=$3 tags=$4 source
  shift 4
  export GOWORK=off GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0
  source=$(go mod download -json "$module" | jq -r .Dir)
  cp -r "$source/." source
  chmod -R u+w source
  cd source
  rm -rf vendor
  [ $# = 0 ] || "$@"
  go build -p 2 -trimpath -tags "$tags" -ldflags "-s -w" -o "$output" "$package"
}

# --- Maven --------------------------------------------------------------------------------------

# maven_artifact COORDINATES FILE: group:artifact:version:packaging[:classifier].
maven_artifact() {
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="$1" -DoutputDirectory="$PWD/artifact" -Dmdep.useBaseVersion=true
  mv artifact/* "$2"
}

# maven_libraries DIRECTORY COORDINATES...: jars with all that they need at run time.
maven_libraries() {
  local directory=$1 coordinates group artifact version
  shift
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>invoiceapp</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>'
    echo '<dependencies>'
    for coordinates in "$@"; do
      IFS=: read -r group artifact version <<<"$coordinates"
      echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
    done
    echo '</dependencies></project>'
  } >pom.xml
  mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
    -DincludeScope=runtime -DoutputDirectory="$directory"
}
