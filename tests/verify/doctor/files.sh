#!/bin/bash
# Promise: `keystore check` judges the files that are named together as one identity, finds each fault
# under its code, and nothing else.
. "$KEYSTORE_SOURCE/tests/verify/doctor/lib.sh"

make root /CN=Root '' "${ca[@]}"
make upper /CN=Upper root "${ca[@]}"
make issuing /CN=Issuing upper "${ca[@]}"
make web /CN=www.example.org issuing "${leaf[@]}"
make other /CN=other.example.org issuing "${leaf[@]}"
cat issuing.pem upper.pem > chain.pem
cat web.key web.pem chain.pem > combined.pem
trust=(--trust root.pem)

# Sound, however the parts are divided among files.
found 0 '' web.pem web.key chain.pem "${trust[@]}" --host www.example.org
verdicts 'ok ok ok'
noted key.not-encrypted
found 0 '' chain.pem web.key web.pem "${trust[@]}"
found 0 '' combined.pem "${trust[@]}"
found 0 '' "file:$work/combined.pem" "${trust[@]}"
found 0 '' web.pem web.key other.pem other.key chain.pem "${trust[@]}"
found 0 '' web.pem web.key "${trust[@]}" --chain chain.pem
openssl pkcs12 -export -in combined.pem -out web.p12 -passout pass:secret
found 0 '' web.p12 "${trust[@]}" --passphrase pass:secret
openssl pkey -in web.key -aes256 -passout pass:secret -out secret.key
found 0 '' web.pem secret.key chain.pem "${trust[@]}" --passphrase pass:secret

# Self-signed, as servers for tests often are: CA:TRUE.
openssl req -x509 -newkey rsa:2048 -nodes -keyout self.key -out self.pem -subj /CN=self -days 60 \
  -addext subjectAltName=DNS:self 2> /dev/null
found 0 '' self.pem self.key --trust self.pem
found 1 'error key.missing' self.pem --trust self.pem
found 1 'error chain.untrusted' self.pem self.key "${trust[@]}"

# Keys.
found 1 'error key.missing' web.pem chain.pem "${trust[@]}"
found 1 'error key.mismatch' web.pem other.key chain.pem "${trust[@]}"
verdicts 'fail ok ok'
found 0 '' root.pem "${trust[@]}"  # an authority's certificate, whose key is its own affair
cat root.pem upper.pem > bundle.pem
found 0 '' bundle.pem "${trust[@]}"

# Periods.
cp web.pem young.pem
days=3 make short /CN=short issuing "${leaf[@]}"
found 0 'warning cert.expires-soon' short.pem short.key chain.pem "${trust[@]}"
verdicts 'warn ok ok'
found 0 '' short.pem short.key chain.pem "${trust[@]}" --soon 2
found 1 'error cert.expired' web.pem web.key chain.pem "${trust[@]}" --at "$(date -u -d '+61 days' +%FT%TZ)"
found 1 'error cert.not-yet-valid' web.pem web.key chain.pem "${trust[@]}" --at "$(date -u -d '-2 days' +%FT%TZ)"

# Paths.
found 1 'error chain.incomplete, error chain.untrusted' web.pem web.key issuing.pem "${trust[@]}"
found 1 'error chain.incomplete, error chain.untrusted' web.pem web.key "${trust[@]}"
found 1 'error chain.untrusted' web.pem web.key chain.pem root.pem --trust other.pem
SSL_CERT_FILE=$work/other.pem SSL_CERT_DIR=$work/nowhere \
  found 1 'error chain.untrusted' web.pem web.key chain.pem root.pem

# What cannot be read is said, with the exit status of its kind; the rest is judged all the same.
found 3 'error key.missing' web.pem nowhere.key chain.pem "${trust[@]}"
verdicts 'fail fail ok'
[ "$(ask 'report["error"]["code"], targets[1]["error"]["code"]')" = "('not_found', 'not_found')" ] || fail 'no error'
head -c 200 web.pem > broken.pem
found 7 '' broken.pem
echo 'no certificate' > text.pem
found 7 '' text.pem
found 4 'error pin.source' web.pem secret.key chain.pem "${trust[@]}"
found 4 'error pin.source' web.pem secret.key chain.pem "${trust[@]}" --passphrase pass:wrong
found 4 'error pin.source' web.p12 "${trust[@]}" --passphrase pass:wrong
check web.pem --purpose door
[ "$status" = 2 ] || fail "an unknown purpose: exit $status"

# For people.
expect 1 "$keystore" check web.pem other.key chain.pem "${trust[@]}"
grep -q '^web.pem: fail$' "$work/out" || fail "no verdict: $(cat "$work/out")"
grep -q '^  error key.mismatch: the certificate of' "$work/out" || fail "no finding: $(cat "$work/out")"
