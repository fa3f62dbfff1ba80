#!/bin/bash
# Promise: a root that the system does not trust is found, and the command that is named mends it.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"
. "$KEYSTORE_SOURCE/tests/support/own_trust_store.sh"

make root /CN=Root '' "${ca[@]}"
make issuing /CN=Issuing root "${ca[@]}"
make web /CN=www.example.org issuing "${leaf[@]}"
found 1 'error chain.untrusted' web.pem web.key issuing.pem root.pem
mend chain.untrusted web.pem web.key issuing.pem root.pem
found 0 '' web.pem web.key issuing.pem root.pem
found 0 '' web.pem web.key issuing.pem
