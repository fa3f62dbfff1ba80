#!/bin/bash
# snippets.sh cpp|c|python|toml|json|console: every snippet of that language in README and docs/ compiles and
# runs as it stands there. Paths under /etc are under the folder of the test, where the token `prod` and
# the identity `web` are.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
language=$1

# Languages that this script knows, so that no snippet goes untried; blocks without one are output.
unknown=$(grep -hoP '^```\K\w+' "$KEYSTORE_SOURCE"/README.md "$KEYSTORE_SOURCE"/docs/*.md |
  grep -vxE 'cpp|c|python|toml|json|console' || true)
[ -z "$unknown" ] || fail "no test for snippets of: $unknown"

# put_on_prod: the key web with its certificate, on the token.
put_on_prod() {
  expect 0 "$keystore" import "$etc/ssl/web.key" pkcs11:token=prod --label web --pin "file:$etc/keystore/pin"
  expect 0 "$keystore" import "$etc/ssl/web.pem" pkcs11:token=prod --label web --pin "file:$etc/keystore/pin"
  printf '%s\n' '[identities.web]' 'key = "pkcs11:token=prod;object=web"' "pin = \"file:$etc/keystore/pin\"" \
    >> "$KEYSTORE_CONFIG"
}

# surroundings KEY-TYPE: what the docs take for granted.
surroundings() {
  make_ca
  etc=$work/etc
  mkdir -p "$etc/ssl" "$etc/keystore"
  cp "$work/ca.crt" "$etc/ssl/ca.pem"
  make_key "$1" "$etc/ssl/web.key"
  make_certificate "$etc/ssl/web.key" web "$etc/ssl/web.pem"
  softhsm_token prod
  cp "$pin_file" "$etc/keystore/pin"
}

# each_snippet COMMAND: with the document and the file of the snippet, paths under /etc moved.
each_snippet() {
  local file count=0 document
  mkdir "$work/snippets"
  for document in "$KEYSTORE_SOURCE"/README.md "$KEYSTORE_SOURCE"/docs/*.md; do
    awk -v start="\`\`\`$language" -v to="$work/snippets/$(basename "$document" .md)" \
      '$0 == start {n++; on = 1; next} /^```/ {on = 0} on {print > (to "-" sprintf("%02d", n))}' "$document"
  done
  for file in "$work"/snippets/*; do
    [ -e "$file" ] || fail "there is no snippet"
    sed -i "s#/etc/#$work/etc/#g" "$file"
    snippet=$file
    "$1" "$(basename "${file%-*}")"
    count=$((count + 1))
  done
  echo "$count snippets"
}

. "$KEYSTORE_SOURCE/tests/docs/$language.sh"
