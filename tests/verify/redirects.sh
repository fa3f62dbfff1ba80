#!/bin/bash
# Promise: nobody is led from a public address into a private network, neither for certificates nor for
# OCSP; tried in a network of its own, in which one address is a public one.
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
need openssl ip unshare
if [ -z "${KEYSTORE_TEST_NAMESPACE-}" ]; then
  unshare -n true 2> /dev/null || skip "no network namespace can be made here"
  export KEYSTORE_TEST_NAMESPACE=yes
  unshare -n "$0" || exit $?
  exit 0
fi
public=198.41.0.4
ip link set lo up
ip address add "$public/32" dev lo
cd "$work"
. "$KEYSTORE_SOURCE/tests/verify/certificates.sh"

# serve NAME ADDRESS: the URL of its server in $url.
serve() {
  mkdir "$1"
  start "$1" "$KEYSTORE_SOURCE/tests/verify/http_server.py" "$1" "$2"
  wait_until 10 test -s "$1.log" || fail "the server $1 does not start"
  url=http://$2:$(head -1 "$1.log")
}
serve inside 127.0.0.1
inside=$url
serve outside "$public"
outside=$url

make root /CN=Root '' "${ca[@]}"
make issuing /CN=Issuing root "${ca[@]}"
openssl x509 -in issuing.pem -outform DER -out outside/issuing.der
cp outside/issuing.der inside/
verify() { local code=$1; shift; expect "$code" "$keystore" verify "$@" --trust root.pem; }
refused() { grep -qF 'it leads to an address that is not public' out err || fail "$(cat out err)"; }

for place in issuing.der moved-issuing.der led-outside; do
  make "$place" /CN=web issuing "${leaf[@]}" "authorityInfoAccess=caIssuers;URI:$outside/$place"
  echo "$outside/issuing.der" > outside/led-outside.redirect
  verify 0 "$place.pem" --aia
done
echo "$inside/issuing.der" > outside/led-inside.redirect
make led-inside /CN=web issuing "${leaf[@]}" "authorityInfoAccess=caIssuers;URI:$outside/led-inside"
verify 1 led-inside.pem --aia
refused

echo "$inside/ocsp/any" > outside/any.redirect
make asked /CN=web root "${leaf[@]}" "authorityInfoAccess=OCSP;URI:$outside/ocsp/any"
verify 1 asked.pem --ocsp
refused
[ ! -e inside/requests ] || fail "it was led to $(cat inside/requests)"
# Where that is allowed it goes there.
verify 0 led-inside.pem --aia --allow-private-addresses
verify 1 asked.pem --ocsp --allow-private-addresses
[ "$(sort inside/requests | tr '\n' ' ')" = '/issuing.der /ocsp/any ' ] || fail "asked inside: $(cat inside/requests)"
