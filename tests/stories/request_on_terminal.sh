#!/bin/bash
# Somebody makes a key on a token and asks for a certificate on a terminal, field by field; a small CA
# (root and intermediate) signs; its answer, in each form that CAs send, is imported with the whole
# chain; nginx serves with the key on the token, and curl believes it by the root alone.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
need nginx openssl curl "$python"
softhsm_token prod
token=pkcs11:token=prod
cd "$work"

# The CA: a root and an intermediate, keys in files.
expect 0 "$keystore" new root.key --type ec:p384
expect 0 "$keystore" cert root.key --self-signed --purpose ca --subject '/O=Example/CN=Root' --out root.pem
expect 0 "$keystore" new issuing.key --type ec:p256
expect 0 "$keystore" cert issuing.key --ca root.key --ca-cert root.pem --purpose ca --days 1000 \
  --subject '/O=Example/CN=Issuing' --out issuing.pem

ask() { "$python" "$KEYSTORE_SOURCE/tests/cli/on_terminal.py" "$@"; }

for type in rsa:2048 ec:p256; do
  name=${type%%:*}
  key="$token;object=$name"
  expect 0 ask "$type" XX de Bayern München 'Bücher & Co' IT www.bücher.example \
    'www.bücher.example *.bücher.example 127.0.0.1 localhost' \
    -- "$keystore" csr "$key" --pin "file:$pin_file" --out "$name.csr"
  expect 0 openssl req -in "$name.csr" -noout -verify -subject -nameopt utf8,sep_comma_plus_space
  grep -q 'C=DE, ST=Bayern, L=München, O=Bücher & Co, OU=IT, CN=www.bücher.example' out || fail "$(cat out)"
  expect 0 openssl req -in "$name.csr" -noout -text
  grep -q 'DNS:www.xn--bcher-kva.example, DNS:\*.xn--bcher-kva.example, IP Address:127.0.0.1, DNS:localhost' out ||
    fail "the names: $(grep -A1 Alternative out)"
  expect 6 "$keystore" csr "$key" --pin "file:$pin_file" --out "$name.csr" --subject CN=other
  expect 0 "$keystore" cert --ca issuing.key --ca-cert issuing.pem --csr "$name.csr" --out "$name.pem"
done

# Answers of CAs: the leaf alone, DER, PKCS#7, PEM in any order.
expect 0 openssl x509 -in ec.pem -outform DER -out ec.der
expect 0 openssl crl2pkcs7 -nocrl -certfile root.pem -certfile ec.pem -certfile issuing.pem -outform DER -out ec.p7b
expect 0 openssl crl2pkcs7 -nocrl -certfile issuing.pem -certfile ec.pem -out ec.p7c
cat root.pem issuing.pem ec.pem > mixed.pem
cat root.pem issuing.pem > chain.pem
serve_from() {  # NAME: with what the token holds now
  expect 0 "$keystore" export "$token;type=cert" "$1.chain.pem" --pin "file:$pin_file" --force
  # The leaf is sent first, then what issued it.
  expect 0 openssl x509 -in "$1.chain.pem" -noout -subject
  grep -q 'CN = www' out || fail "the leaf is not first: $(cat out)"
  [ "$(grep -c 'BEGIN CERT' "$1.chain.pem")" -ge 2 ] || fail "the chain is not whole"
}
for answer in ec.pem ec.der ec.p7b ec.p7c mixed.pem; do
  expect 0 "$keystore" import "$answer" "$token" --chain chain.pem --pin "file:$pin_file"
  expect 0 "$keystore" show "$token;object=ec;type=cert" --pin "file:$pin_file"
  serve_from "$answer"
  for uri in $("$keystore" ls "$token;type=cert" --pin "file:$pin_file" --json |
    "$python" -c 'import json,sys; [print(e["uri"]) for e in json.load(sys.stdin)["entries"]]'); do
    expect 0 "$keystore" rm "$uri" --yes --pin "file:$pin_file"
  done
done

# The last answer is served.
expect 0 "$keystore" import rsa.pem "$token" --chain chain.pem --pin "file:$pin_file"
expect 0 "$keystore" export "$token;type=cert" web.pem --pin "file:$pin_file"
expect 0 "$keystore" ref "$token;object=rsa;type=private" --pin "file:$pin_file" --out web.ref
give_tokens_to_worker
user=
if [ "$(id -u)" -eq 0 ]; then
  user="user $worker_user;"
  chmod 711 "$work"
fi
port=$(free_port)
mkdir nginx
cat > nginx.conf <<EOF
$user daemon off; pid $work/nginx/pid; error_log $work/nginx.log;
events {}
http {
  access_log off; client_body_temp_path nginx; proxy_temp_path nginx; fastcgi_temp_path nginx;
  uwsgi_temp_path nginx; scgi_temp_path nginx;
  server { listen 127.0.0.1:$port ssl; ssl_certificate $work/web.pem; ssl_certificate_key $work/web.ref;
           location / { return 200 "served"; } }
}
EOF
start nginx env OPENSSL_CONF="$(provider_conf default-first)" nginx -p "$work" -c nginx.conf
wait_for_port "$port" nginx
expect 0 curl -sS --max-time 20 --noproxy '*' --cacert root.pem "https://localhost:$port/"
grep -q served out || fail "nothing was served"
expect 0 "$keystore" check "localhost:$port" --trust root.pem --json
stop nginx || [ $? -eq 143 ] || fail "nginx ended badly"
