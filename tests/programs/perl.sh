#!/bin/bash
# Perl's IO::Socket::SSL serves with a key on the token and shows, as a client, a certificate whose
# key is on it; every provider order.
set -eu
. "$KEYSTORE_SOURCE/tests/programs/web_server.sh"
need perl
perl -MIO::Socket::SSL -e 1 2> /dev/null || skip "libio-socket-ssl-perl is not installed (tools/test --all installs it)"
make_server_keys

cat > "$work/echo.pl" << 'END'
use strict; use warnings; use IO::Socket::SSL;
my ($role, $port, $name, $work, $version) = @ARGV;
my %own = (SSL_cert_file => "$work/$name.crt", SSL_key_file => "$work/$name.ref",
           SSL_ca_file => "$work/ca.crt", SSL_version => $version, Timeout => 20);
if ($role eq 'server') {
  my $listening = IO::Socket::SSL->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 5,
    %own, SSL_verify_mode => SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) or die $SSL_ERROR;
  $| = 1;
  print $listening->sockport, "\n";
  my $peer = $listening->accept or die $SSL_ERROR;
  print $peer scalar <$peer>;
  close $peer;
} else {
  my $peer = IO::Socket::SSL->new(PeerAddr => "127.0.0.1:$port", SSL_hostname => 'localhost',
    SSL_verifycn_name => 'localhost', %own) or die $SSL_ERROR;
  print $peer "hello\n";
  print scalar <$peer>;
}
END

listens() { [ -s "$work/server.log" ] || ! running server; }
asks() { with_provider "$1" perl "$work/echo.pl" client "$port" "$2" "$work" "TLSv1_${3#1.}"; }

for order in "${orders[@]}"; do
  for type in "${server_types[@]}"; do
    for version in "${versions[@]}"; do
      start server env OPENSSL_CONF="$(provider_conf "$order")" perl "$work/echo.pl" server 0 "$type" "$work" "TLSv1_${version#1.}"
      wait_until 10 listens && port=$(head -1 "$work/server.log") || fail "no server: $type, $order"
      expect 0 asks "$order" "$type" "$version"
      [ "$(cat "$work/out")" = hello ] || fail "wrong answer: $type, $version, $order"
      finish server || fail "perl ends with status $?: $type, $version, $order"
    done
  done
done
