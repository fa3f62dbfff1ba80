#!/bin/bash
# PHP serves a stream with a key on the token, shows a client certificate whose key is on it, and
# signs with openssl_sign; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need php
php -r 'exit(extension_loaded("openssl") ? 0 : 1);' || skip "PHP has no openssl extension"
make_server_keys

cat > "$work/echo.php" << 'END'
<?php
[, $role, $port, $name, $work, $version] = $argv;
$method = ['1.2' => ['server' => STREAM_CRYPTO_METHOD_TLSv1_2_SERVER, 'client' => STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT],
           '1.3' => ['server' => STREAM_CRYPTO_METHOD_TLSv1_3_SERVER, 'client' => STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT]][$version][$role];
$context = stream_context_create(['ssl' => ['local_cert' => "$work/$name.crt", 'local_pk' => "$work/$name.ref",
    'cafile' => "$work/ca.crt", 'verify_peer' => true, 'verify_peer_name' => $role == 'client',
    'peer_name' => 'localhost', 'crypto_method' => $method]]);
if ($role == 'server') {
    $listening = stream_socket_server('ssl://127.0.0.1:0', $code, $text, STREAM_SERVER_BIND | STREAM_SERVER_LISTEN, $context) or exit(2);
    echo substr(strrchr(stream_socket_get_name($listening, false), ':'), 1), "\n";
    $peer = stream_socket_accept($listening, 20) or exit(3);
    fwrite($peer, fgets($peer));
} else {
    $peer = stream_socket_client("ssl://127.0.0.1:$port", $code, $text, 20, STREAM_CLIENT_CONNECT, $context) or exit(4);
    fwrite($peer, "hello\n");
    echo fgets($peer);
    openssl_sign('hello', $signature, "file://$work/$name.ref", OPENSSL_ALGO_SHA256) or exit(5);
    file_put_contents("$work/sig", $signature);
}
END

listens() { [ -s "$work/server.log" ] || ! running server; }
asks() { with_provider "$1" php "$work/echo.php" client "$port" "$2" "$work" "$3"; }
printf hello > "$work/message"

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    for version in "${versions[@]}"; do
      start server env OPENSSL_CONF="$(provider_conf "$order")" php "$work/echo.php" server 0 "$type" "$work" "$version"
      wait_until 10 listens && port=$(head -1 "$work/server.log") || fail "no server: $type, $order"
      expect 0 asks "$order" "$type" "$version"
      [ "$(cat "$work/out")" = hello ] || fail "wrong answer: $type, $version, $order"
      expect 0 openssl dgst -sha256 -verify "$work/$type.pub" -signature "$work/sig" "$work/message"
      finish server || fail "php ends with status $?: $type, $version, $order"
    done
  done
done
