# For script tests: `set -eu`, then `. "$KEYSTORE_SOURCE/tests/support/lib.sh"`. Everything a test
# makes is in $work and everything it starts with `start` is ended when it ends, however it ends.
set -euo pipefail

: "${KEYSTORE_BUILD:?the build folder}" "${KEYSTORE_SOURCE:?the source folder}"
keystore=$KEYSTORE_BUILD/bin/keystore
provider=$KEYSTORE_BUILD/lib/ossl-modules/keystore.so
python=/usr/bin/python3
corpus=${KEYSTORE_CORPUS:-$KEYSTORE_SOURCE/../shared/corpus}

work=$(mktemp -d "${TMPDIR:-/tmp}/keystore-test-XXXXXX")
declare -A started=()
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# No configuration of the user's reaches a test.
unset OPENSSL_CONF SOFTHSM2_CONF PKCS11_MODULE_PATH KEYSTORE_TRACE
export KEYSTORE_CONFIG=$work/keystore.toml
export HOME=$work XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config
: > "$KEYSTORE_CONFIG"

cleanup() {
  local status=$? name
  trap - EXIT
  # Servers get a moment to end their workers, too.
  for name in "${!started[@]}"; do kill -TERM "${started[$name]}" 2> /dev/null || true; done
  wait_until 2 all_ended || true
  for name in "${!started[@]}"; do
    kill -KILL "${started[$name]}" 2> /dev/null || true
    wait "${started[$name]}" 2> /dev/null || true
  done
  if [ -s "$work/crashes/seen" ]; then
    echo "FAILED: crashed: $(sort "$work/crashes/seen" | uniq -c)" >&2
    status=1
  fi
  if [ "$status" -ne 0 ] && [ "$status" -ne 77 ]; then show_logs; fi
  rm -rf "$work"
  exit "$status"
}

all_ended() {
  local name
  for name in "${!started[@]}"; do ! kill -0 "${started[$name]}" || return 1; done
}

show_logs() {
  local log
  for log in "$work"/*.log; do
    [ -s "$log" ] || continue
    echo "--- ${log##*/}" >&2
    tail -n 40 "$log" >&2
  done
}

# fail MESSAGE…: the promise does not hold.
fail() { echo "FAILED: $*" >&2; exit 1; }

# skip MESSAGE…: cannot be tested here; ctest shows it as skipped.
skip() { echo "SKIPPED: $*" >&2; exit 77; }

# need PROGRAM…: skips where one is not installed.
need() {
  local program
  for program in "$@"; do
    command -v "$program" > /dev/null || skip "$program is not installed (tools/test --all installs it)"
  done
}

# expect STATUS COMMAND…: runs it, stdout and stderr in $work/out and $work/err; any other exit
# status fails the test. 139 and 134 are crashes.
expect() {
  local wanted=$1 status=0
  shift
  "$@" > "$work/out" 2> "$work/err" || status=$?
  [ "$status" -eq "$wanted" ] && return
  echo "stdout: $(head -c 2000 "$work/out" | tr -d '\0')" >&2
  echo "stderr: $(head -c 4000 "$work/err" | tr -d '\0')" >&2
  fail "exit status $status, not $wanted: $*"
}

# witness_crashes: from now on the test fails when any process crashes that it or its programs start,
# whoever sees their exit status.
witness_crashes() {
  mkdir -m 1777 "$work/crashes"
  chmod 1777 "$work/crashes"
  export KEYSTORE_CRASHES=$work/crashes LD_PRELOAD=$KEYSTORE_BUILD/tests/support/libkeystore_crash_witness.so
  [ -f "$LD_PRELOAD" ] || fail "$LD_PRELOAD is not built"
}

softhsm_module() {
  local path
  for path in "${KEYSTORE_SOFTHSM_MODULE:-}" /usr/lib/softhsm/libsofthsm2.so \
    /usr/lib/*/softhsm/libsofthsm2.so /usr/local/lib/softhsm/libsofthsm2.so; do
    if [ -f "$path" ]; then echo "$path"; return; fi
  done
  return 1
}

# softhsm_token LABEL [PIN]: a token in $work/tokens, SOFTHSM2_CONF and KEYSTORE_CONFIG set so that
# the command and the provider find it. Sets module, pin and pin_file (of the newest token).
softhsm_token() {
  need softhsm2-util
  module=$(softhsm_module) || skip "libsofthsm2.so is not installed"
  pin=${2:-4711-user-pin}
  so_pin=4711-officer-pin
  pin_file=$work/$1.pin
  export SOFTHSM2_CONF=$work/softhsm2.conf
  mkdir -p "$work/tokens"
  printf '%s\n' "directories.tokendir = $work/tokens" 'objectstore.backend = file' \
    'log.level = ERROR' 'slots.removable = false' > "$SOFTHSM2_CONF"
  (umask 077; printf '%s' "$pin" > "$pin_file")
  expect 0 softhsm2-util --init-token --free --label "$1" --pin "$pin" --so-pin "$so_pin"
  keystore_toml "$module"
}

# give_tokens_to_worker: where the test is root, a worker of another user gets the tokens. Sets
# worker_user.
give_tokens_to_worker() {
  worker_user=$(id -un)
  [ "$(id -u)" -eq 0 ] || return 0
  worker_user=www-data
  id -u "$worker_user" > /dev/null 2>&1 || worker_user=nobody
  chown -R "$worker_user:" "$work/tokens"
}

# keystore_toml MODULE: the configuration of the command and the provider.
keystore_toml() {
  printf '%s\n' '[modules.token]' "path = \"$1\"" "env = { SOFTHSM2_CONF = \"$SOFTHSM2_CONF\" }" \
    > "$KEYSTORE_CONFIG"
}

# openssl_conf ORDER FILE: a configuration with our provider. ORDER: default-first, ours-first, or
# preferred (default first, but `?provider=keystore` asks for ours).
openssl_conf() {
  local first=default second=keystore
  [ "$1" != ours-first ] || { first=keystore; second=default; }
  {
    printf '%s\n' 'config_diagnostics = 1' 'openssl_conf = main' '[main]' 'providers = providers'
    [ "$1" != preferred ] || echo 'alg_section = algorithms'
    printf '%s\n' '[providers]' "$first = ${first}_provider" "$second = ${second}_provider" \
      '[default_provider]' 'activate = 1' '[keystore_provider]' "module = $provider" 'activate = 1'
    [ "$1" != preferred ] || printf '%s\n' '[algorithms]' 'default_properties = ?provider=keystore'
    printf '%s\n' '[req]' 'distinguished_name = dn' '[dn]'
  } > "$2"
}

# free_port: a port of the loopback address that nobody uses now.
free_port() {
  "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_until SECONDS COMMAND…: until it succeeds; fails at the deadline.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" 2> /dev/null; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.02
  done
}

port_open() { (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# wait_for_port PORT NAME: until the program started as NAME listens there.
wait_for_port() { wait_until 10 listening_or_gone "$1" "$2" && running "$2" || fail "$2 does not listen on port $1"; }
listening_or_gone() { port_open "$1" || ! running "$2"; }
running() { kill -0 "${started[$1]}" 2> /dev/null; }

# start NAME COMMAND…: in the background, output in $work/NAME.log, no input.
start() {
  local name=$1
  shift
  : > "$work/$name.log"  # here, so that nobody sees that of an earlier start
  "$@" >> "$work/$name.log" 2>&1 < /dev/null &
  started[$name]=$!
}

# stop NAME [SIGNAL]: ends it and gives its exit status (143 when the signal ended it).
stop() {
  kill "-${2:-TERM}" "${started[$1]}" 2> /dev/null || true
  finish "$1"
}

# finish NAME: waits for its end and gives its exit status; kills it after 20 seconds.
finish() {
  local pid=${started[$1]} status=0
  wait_until 20 ended "$pid" || kill -KILL "$pid" 2> /dev/null || true
  wait "$pid" || status=$?
  unset "started[$1]"
  return "$status"
}
ended() { ! kill -0 "$1"; }
