# Sourced by the scripts that try a server of HTTPS: keys p256 and rsa2048 on the token, workers of
# another user where the script runs as root, and what every server must show.
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
PATH=$PATH:/usr/sbin:/sbin

server_types=(p256 rsa2048)

# make_server_keys: token, references, certificates, and the user that workers run as.
make_server_keys() {
  local type
  make_token
  for type in "${server_types[@]}"; do put_on_token "$type"; done
  give_tokens_to_worker
  worker_group=$(id -gn "$worker_user")
  mkdir -p "$work/www"
  echo "a page of $work" > "$work/www/index.html"
}

# serves PORT ORDER TYPE: the page comes over TLS 1.2 and 1.3 with that certificate.
serves() {
  local version
  for version in "${versions[@]}"; do
    expect 0 fetch "$3.test" "$1" "$version"
    cmp -s "$work/out" "$work/www/index.html" || fail "wrong answer: $3, TLS $version, $2"
  done
}

# no_crash FILE…: nothing in a server's log tells of the end of a process by a signal.
no_crash() {
  if grep -iE 'segfault|core dumped|exited on signal|exit signal|signal 11|signal 6' "$@"; then
    fail "a process crashed"
  fi
}
