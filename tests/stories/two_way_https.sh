#!/bin/bash
# Two servers of one company call each other over HTTPS, each with its own root: each shows its
# certificate, each believes the other's root alone. One has its key on a token. Whoever is not of
# them gets nothing, and the doctor says of both ends that they are well.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
softhsm_token test
server=$KEYSTORE_BUILD/examples/tls_server
cd "$work"

# side NAME KEY: its root, and a certificate for server and client, NAME.pem, by it.
side() {
  expect 0 "$keystore" new "$1-root.key" --type ec:p256
  expect 0 "$keystore" cert "$1-root.key" --self-signed --purpose ca --subject "CN=Root of $1" --out "$1-root.pem"
  for purpose in server client; do
    expect 0 "$keystore" csr "$2" --pin "file:$pin_file" --subject "CN=$1.example" --san "dns:$1.example,dns:localhost" --out "$1-$purpose.csr"
    expect 0 "$keystore" cert --ca "$1-root.key" --ca-cert "$1-root.pem" --csr "$1-$purpose.csr" \
      --purpose "$purpose" --out "$1-$purpose.pem"
  done
}
expect 0 "$keystore" new north.key --type rsa:2048
expect 0 "$keystore" new pkcs11:token=test --type ec:p256 --label south --pin "file:$pin_file"
side north north.key
side south 'pkcs11:token=test;object=south'
expect 0 "$keystore" ref 'pkcs11:token=test;object=south;type=private' --pin "file:$pin_file" --out south.key

declare -A ports
for pair in north:south south:north; do
  one=${pair%:*} other=${pair#*:}
  ports[$one]=$(free_port)
  start "$one" "$server" "${ports[$one]}" "$one.key" "$one-server.pem" "$other-root.pem"
  wait_for_port "${ports[$one]}" "$one"
done

# call FROM TO: as one server calls the other.
call() {
  with_provider default-first curl -sS --max-time 20 --noproxy '*' --cacert "$2-root.pem" \
    --resolve "$2.example:${ports[$2]}:127.0.0.1" --cert "$1-client.pem" --key "$1.key" "https://$2.example:${ports[$2]}/"
}
for pair in north:south south:north; do
  one=${pair%:*} other=${pair#*:}
  expect 0 call "$one" "$other"
  grep -q "CN=$one.example" out || fail "$other does not know $one: $(cat out)"
  expect 0 "$keystore" check "$one-client.pem" "$one.key" --purpose client --trust "$one-root.pem" --pin "file:$pin_file" --json
  cat "$one-client.pem" "$one.key" > "$one-both.pem"
  expect 0 "$keystore" check "tls://localhost:${ports[$other]}" --trust "$other-root.pem" \
    --identity "$one-both.pem" --pin "file:$pin_file" --json
done

# A stranger: a certificate by neither root, and none.
refused() {
  local status=0
  "$@" > out 2>&1 || status=$?
  [ "$status" -ne 0 ] && ! grep -q Hello out || fail "served: $*"
}
side stranger north.key
cp north.key stranger.key
refused call stranger south
refused curl -sS --max-time 20 --noproxy '*' --cacert south-root.pem --tlsv1.3 \
  --resolve "south.example:${ports[south]}:127.0.0.1" "https://south.example:${ports[south]}/"
# And a server by another root is believed by nobody.
expect 60 curl -sS --max-time 20 --noproxy '*' --cacert north-root.pem "https://localhost:${ports[south]}/"
