#!/bin/bash
# Promise: what is wrong with a key file, a certificate, or the order of a chain is found under its
# code; a repair that is a command mends it.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

make root /CN=Root '' "${ca[@]}"
make issuing /CN=Issuing root "${ca[@]}"
make lower /CN=Lower issuing "${ca[@]}"
make web /CN=www.example.org lower "${leaf[@]}"
cat lower.pem issuing.pem > chain.pem
trust=(--trust root.pem)

# web NAME WITHOUT EXTENSION…: as web, without the extension that begins so, with others.
web() {
  local name=$1 without=$2 each kept=()
  shift 2
  for each in "${leaf[@]}"; do case $each in "$without"*) ;; *) kept+=("$each") ;; esac; done
  make "$name" /CN=www.example.org lower "${kept[@]}" "$@"
}
identity() { echo "$1.pem $1.key chain.pem ${trust[*]}"; }

# Who can read the key.
cp web.key 'the open.key'
chmod 644 'the open.key'
found 1 'error key.readable-by-others' web.pem 'the open.key' chain.pem "${trust[@]}"
mend key.readable-by-others web.pem 'the open.key' chain.pem "${trust[@]}"
[ "$(stat -c %a 'the open.key')" = 600 ] || fail 'the key is not for its owner alone'
chmod 640 'the open.key'
found 0 'warning key.readable-by-others' web.pem 'the open.key' chain.pem "${trust[@]}"
mend key.readable-by-others web.pem 'the open.key' chain.pem "${trust[@]}"

# Weak keys and signatures.
openssl genrsa -out weak.key 1024 2> /dev/null
openssl req -new -key weak.key -subj /CN=www.example.org -out weak.csr
openssl x509 -req -in weak.csr -CA lower.pem -CAkey lower.key -extfile web.ext -days 60 -out weak.pem 2> /dev/null
found 1 'error key.weak' $(identity weak)
found 1 'error key.weak' weak.key
cp web.key sha1.key
openssl x509 -req -in web.csr -CA lower.pem -CAkey lower.key -extfile web.ext -days 60 -sha1 -out sha1.pem 2> /dev/null
found 1 'error cert.weak-signature' $(identity sha1)

# Names.
found 1 'error cert.host-mismatch' $(identity web) --host www.example.com
found 1 'error cert.host-mismatch' $(identity web) --ip 192.0.2.2
found 0 '' $(identity web) --ip 192.0.2.1
web nameless subjectAltName
found 1 'error cert.no-san' $(identity nameless)
found 1 'error cert.host-mismatch, error cert.no-san' $(identity nameless) --host www.example.org

# Uses.
web client extendedKeyUsage 'extendedKeyUsage=clientAuth'
found 0 '' $(identity client)
found 0 '' $(identity client) --purpose client
found 1 'error cert.purpose' $(identity client) --purpose server
found 1 'error cert.purpose' $(identity client) --host www.example.org
found 1 'error cert.purpose' $(identity web) --purpose client
web mail extendedKeyUsage 'extendedKeyUsage=emailProtection'
found 1 'error cert.purpose' $(identity mail)
web useless keyUsage 'keyUsage=keyCertSign'
found 1 'error cert.key-usage' $(identity useless)
make restricted /CN=Restricted issuing "${ca[@]}" 'extendedKeyUsage=emailProtection'
make below /CN=below restricted "${leaf[@]}"
found 1 'error cert.purpose' below.pem below.key restricted.pem issuing.pem "${trust[@]}"

# Too long for public servers: a note, unless a public authority issued it.
days=500 web long nothing
check $(identity long)
[ "$status" = 0 ] || fail "a long period under a private root: exit $status"
noted cert.too-long
days=500 web public nothing 'certificatePolicies=2.23.140.1.2.1'
found 1 'error cert.too-long' $(identity public)
days=40 web short nothing 'certificatePolicies=2.23.140.1.2.1'
check $(identity short)
[ "$(ask "'cert.too-long' in str(codes)")" = False ] || fail 'a short period is too long'

# The order of a chain.
cat issuing.pem lower.pem > upside-down.pem
found 0 'warning chain.order' web.pem web.key upside-down.pem "${trust[@]}"
mend chain.order web.pem web.key upside-down.pem "${trust[@]}"
cmp upside-down.pem chain.pem > /dev/null || found 0 '' web.pem web.key upside-down.pem "${trust[@]}"
cat chain.pem web.pem web.key > 'leaf last.pem'
found 1 'error chain.order' 'leaf last.pem' "${trust[@]}"
mend chain.order 'leaf last.pem' "${trust[@]}"
found 0 '' 'leaf last.pem' "${trust[@]}"
make stray /CN=Stray root "${ca[@]}"
cat web.pem stray.pem chain.pem > stray-inside.pem
found 0 'warning chain.order' stray-inside.pem web.key "${trust[@]}"

# Two keys of one identifier.
make twin /CN=Twin root "${ca[@]/subjectKeyIdentifier=hash/subjectKeyIdentifier=$(
  openssl x509 -in issuing.pem -noout -ext subjectKeyIdentifier | tail -1 | tr -d ' ')}"
found 0 'warning chain.duplicate-key-ids' $(identity web) twin.pem
