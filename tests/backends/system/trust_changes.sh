#!/bin/bash
# `keystore trust` on Debian's own store: /etc, /usr/local/share and /var/lib as they are, in a
# mount namespace, so that the machine's store stays what it is.
set -eu
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
need openssl
. "$KEYSTORE_SOURCE/tests/support/own_trust_store.sh"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
  -subj "/O=Example/CN=Our Root" -days 30 2> "$work/req.log"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/web.key" -out "$work/web.pem" \
  -CA "$work/ca.pem" -CAkey "$work/ca.key" -subj /CN=web.test -days 30 -addext basicConstraints=CA:FALSE 2>> "$work/req.log"
trusted_by_openssl() { openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt "$work/ca.pem" > "$work/verify.log" 2>&1; }
# Without what other packages make of it, with the time in it (Java's).
snapshot() {
  (cd /etc && find ssl ca-certificates.conf -path ssl/certs/java -prune -o -type f -exec sha256sum {} +
   cd /etc && find ssl -type l -printf '%p %l\n'
   ls /usr/local/share/ca-certificates) | sort
}
# unchanged FILE WHY: the snapshot in FILE is what there is.
unchanged() { snapshot | diff "$1" - > "$work/difference.log" || fail "$2"; }
# expect STATUS COMMAND…: its output is left in $work/out.log.
expect() {
  local wanted=$1 status=0
  shift
  "$@" > "$work/out.log" 2>&1 < /dev/null || status=$?
  [ "$status" -eq "$wanted" ] || fail "exit $status instead of $wanted: $*"
}
says() { grep -qF -- "$1" "$work/out.log" || fail "not said: $1"; }

update-ca-certificates > "$work/update.log" 2>&1
snapshot > "$work/before"

# Shown, and not made without an answer.
expect 0 "$keystore" trust add "$work/ca.pem" --dry-run
says "write /usr/local/share/ca-certificates/Our_Root-"
expect 6 "$keystore" trust add "$work/ca.pem"
unchanged "$work/before" "a change was made that nobody agreed to"

# Made: every OpenSSL program trusts it.
trusted_by_openssl && fail "trusted before it is added"
expect 0 "$keystore" trust add "$work/ca.pem" --yes --json
says '"made":true'
trusted_by_openssl || fail "not trusted after it was added"
fingerprint=$(openssl x509 -in "$work/ca.pem" -outform DER | sha256sum | cut -d ' ' -f 1)
expect 0 "$keystore" trust ls --purpose server
says "system:?sha256=$fingerprint"
expect 6 "$keystore" trust add "$work/ca.pem" --yes
says "trusted already"
expect 2 "$keystore" trust add "$work/web.pem" --yes
says "no CA certificate"

# Taken away, and back again, one change after the other.
expect 0 "$keystore" trust rm "system:?sha256=$fingerprint" --yes
trusted_by_openssl && fail "trusted after it was removed"
expect 3 "$keystore" trust rm "$work/ca.pem" --yes
expect 0 "$keystore" trust undo --yes
trusted_by_openssl || fail "not trusted after its removal was undone"
expect 0 "$keystore" trust undo --yes
unchanged "$work/before" "undone, but the store is not as before"
expect 3 "$keystore" trust undo --yes
says "no change of the trust store is left to undo"

# A package's certificate is deselected, and selected again.
packaged=/usr/share/ca-certificates/$(grep -m 1 '^mozilla/' /etc/ca-certificates.conf)
expect 0 "$keystore" trust rm "$packaged" --yes
says "deselect mozilla/"
grep -q '^!mozilla/' /etc/ca-certificates.conf || fail "not deselected"
expect 0 "$keystore" trust add "$packaged" --yes
says "select mozilla/"
expect 0 "$keystore" trust undo --yes
expect 0 "$keystore" trust undo --yes
unchanged "$work/before" "undone, but the store is not as before"

# What somebody else changed meanwhile is not overwritten.
expect 0 "$keystore" trust add "$work/ca.pem" --yes
echo >> /usr/local/share/ca-certificates/Our_Root-*.crt
expect 6 "$keystore" trust undo --yes
says "was changed by someone else"

# update-ca-certificates fails: nothing half made stays.
rm /usr/local/share/ca-certificates/Our_Root-*.crt
update-ca-certificates --fresh > "$work/update.log" 2>&1
snapshot > "$work/now"
printf '#!/bin/sh\nexit 3\n' > "$work/failing"
chmod 755 "$work/failing"
mount --bind "$work/failing" /usr/sbin/update-ca-certificates
expect 5 "$keystore" trust add "$work/ca.pem" --yes
unchanged "$work/now" "a change stays that update-ca-certificates failed on"
umount /usr/sbin/update-ca-certificates

# p11-kit's own settings, where the site has some: its distrust wins.
need trust
update-ca-certificates --fresh > "$work/update.log" 2>&1
expect 0 "$keystore" trust add "$work/ca.pem" --yes
mkdir -p /etc/pkcs11/modules "$work/p11-kit/blocklist"
cp "$work/ca.pem" "$work/p11-kit/blocklist/"
sed "s#^x-init-reserved:.*#x-init-reserved: paths='$work/p11-kit'#" /usr/share/p11-kit/modules/p11-kit-trust.module \
  > /etc/pkcs11/modules/p11-kit-trust.module
expect 0 "$keystore" ls "system:?sha256=$fingerprint"
says "  certificate  "
expect 0 "$keystore" trust ls
grep -q "$fingerprint" "$work/out.log" && fail "listed as an anchor though p11-kit distrusts it"

# So do its times after which nothing new is trusted.
rm "$work/p11-kit/blocklist/ca.pem"
for year in 20 49; do
  { printf '[p11-kit-object-v1]\ntrusted: true\nnss-server-distrust-after: "%s0401000000Z"\n' "$year"
    cat "$work/ca.pem"; } > "$work/p11-kit/our.p11-kit"
  expect "$([ $year = 20 ] && echo 1 || echo 0)" "$keystore" verify "$work/web.pem" --purpose server
  [ $year = 49 ] || says "stopped being trusted"
done

# One that hangs is named, and stops nothing.
mkdir "$work/hanging"
printf '#!/bin/sh\nexec sleep 600\n' > "$work/hanging/trust"
chmod 755 "$work/hanging/trust"
PATH=$work/hanging:$PATH expect 0 "$keystore" trust ls
says "'trust extract"
says "did not end in 10000 ms"
says "$fingerprint"

# What could not be read is no secret of those who ask for a path.
printf '#!/bin/sh\nexit 3\n' > "$work/hanging/trust"
PATH=$work/hanging:$PATH expect 0 "$keystore" verify "$work/web.pem" --purpose server
says "not all of the system's trust is known: the trust settings of p11-kit are not read"
exit 0
