#!/bin/sh
# Makes the seeds of the fuzz targets in seeds/, with other people's tools. The result is kept in
# the tree; run it again only to add to it. The keys are for tests and protect nothing.
set -eu
cd "$(dirname "$0")"
mkdir -p seeds/uri seeds/config seeds/certificate seeds/pem seeds/pkcs8 seeds/reference seeds/wrapped_key seeds/pfx

seed() { printf '%s' "$2" >"seeds/$1"; }

seed uri/empty 'pkcs11:'
seed uri/full 'pkcs11:token=t%20;manufacturer=M;serial=1;model=m;library-manufacturer=L;library-version=2.40;library-description=D;object=o;type=private;id=%01%ff;slot-description=S;slot-manufacturer=SM;slot-id=7?pin-source=file:/p&pin-value=1234&module-name=n&module-path=/m.so'
seed uri/vendor 'pkcs11:x-a=1;token=t?x-b=2&x-b=3'
seed uri/twice 'pkcs11:token=a;token=b'
seed uri/file 'file:///etc/ssl/a%20b.pem?index=2&pin-source=cred:k'
seed uri/pfx 'pfx:key.p12?pin-value=x'
seed uri/system 'system:?purpose=server'
seed uri/identity 'keystore:web'
seed uri/path './some dir/key.pem'

cat >seeds/config/full <<'END'
[modules.m]
path = "/usr/lib/m.so"
env = { A = "b" }
args = "x"
[identities.web]
key = ["pkcs11:token=a;object=k", "file:/k.pem"]
chain = "file:/c.pem"
pin = "cred:p"
[policy]
require_token = true
min_rsa_bits = 2048
module_allow = ["/usr/lib/m.so"]
[openssl]
eager = false
pin = "at-use"
[log]
to = "syslog"
level = "debug"
END
seed config/unknown '[policy]
min_rsa = 1
'
seed config/broken '[log
to = "x'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/p256.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$work/p521.pem"
openssl genpkey -algorithm ED25519 -out "$work/ed25519.pem"
openssl genpkey -algorithm X25519 -out "$work/x25519.pem"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$work/rsa.pem" 2>/dev/null
for name in p256 p521 ed25519 x25519 rsa; do
  openssl pkcs8 -topk8 -nocrypt -in "$work/$name.pem" -outform DER -out "seeds/pkcs8/$name"
done
# Of a version that RFC 5915 does not have; OpenSSL reads it.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-224 -pkeyopt ec_param_enc:explicit -outform DER |
  LC_ALL=C sed 's/\x02\x01\x01\x04\x1c/\x02\x01\x05\x04\x1c/' > seeds/pkcs8/p224-explicit-version-5

for name in p256 ed25519 rsa; do
  openssl req -new -x509 -key "$work/$name.pem" -days 36500 -subj "/CN=$name/O=Test" \
    -addext "subjectAltName=DNS:example.org,IP:192.0.2.1,IP:2001:db8::1,email:a@example.org,URI:https://example.org" \
    -out "$work/$name.crt"
  openssl x509 -in "$work/$name.crt" -outform DER -out "seeds/certificate/$name"
done

cat "$work/p256.pem" "$work/p256.crt" >seeds/pem/combined
openssl ec -in "$work/p256.pem" -out seeds/pem/traditional-ec 2>/dev/null
openssl rsa -in "$work/rsa.pem" -traditional -aes128 -passout pass:passphrase -out seeds/pem/traditional-encrypted 2>/dev/null
openssl pkcs8 -topk8 -in "$work/ed25519.pem" -v2 aes-256-cbc -iter 1000 -passout pass:passphrase -out seeds/pem/pkcs8-encrypted
openssl pkcs8 -topk8 -in "$work/ed25519.pem" -scrypt -scrypt_N 1024 -passout pass:other -out seeds/pem/pkcs8-scrypt
openssl pkey -in "$work/ed25519.pem" -pubout -out seeds/pem/public

pfx() { openssl pkcs12 -export -inkey "$work/p256.pem" -in "$work/p256.crt" -iter 500 -out "seeds/pfx/$@"; }
pfx modern -passout pass:passphrase -name web
pfx legacy -passout pass:passphrase -legacy
pfx other -passout pass:other
pfx plain -passout pass:passphrase -keypbe NONE -certpbe NONE
pfx no-mac -passout pass:passphrase -nomac
pfx bare -passout pass: -keypbe NONE -certpbe NONE -nomac

# SEQUENCE { version, keyType, uri, publicKey, [0] schemes }: see keystore/reference.h.
reference() {
  openssl pkey -in "$work/$2.pem" -pubout -outform DER -out "$work/spki"
  cat >"$work/asn1" <<END
asn1 = SEQUENCE:reference
[reference]
version = INTEGER:$3
type = OID:$4
uri = UTF8:$5
key = SEQWRAP,FORMAT:HEX,OCTETSTRING:00
END
  openssl asn1parse -genconf "$work/asn1" -out "$work/head" -noout
  /usr/bin/python3 - "$work/head" "$work/spki" "seeds/reference/$1" <<'END'
import sys
head, spki = (open(path, "rb").read() for path in sys.argv[1:3])
# The placeholder (30 03 04 01 00) at the end makes room for the key itself.
start = 2 if head[1] < 0x80 else 2 + (head[1] & 0x7f)
body = head[start:-5] + spki
size = len(body)
length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else bytes([0x82, size >> 8, size & 255])
open(sys.argv[3], "wb").write(b"\x30" + length + body)
END
}
reference ec p256 1 id-ecPublicKey 'pkcs11:token=t;object=web?pin-source=file:/etc/pin'
reference ed25519 ed25519 1 ED25519 'pkcs11:token=t;id=%01'
reference rsa rsa 1 rsaEncryption 'pkcs11:token=t;object=rsa'
reference version ed25519 2 ED25519 'pkcs11:token=t'
reference pin ed25519 1 ED25519 'pkcs11:token=t?pin-value=1234'
reference command ed25519 1 ED25519 'pkcs11:token=t?pin-source=cmd:/bin/true'
{ echo '-----BEGIN KEYSTORE KEY REFERENCE-----'; base64 -w 64 seeds/reference/ed25519; echo '-----END KEYSTORE KEY REFERENCE-----'; } >seeds/pem/reference

# SEQUENCE { version, mechanism, wrappingKey, publicKey, label, id, wrapped }: keystore/wrapped_key.h.
wrapped() {
  openssl pkey -in "$work/$2.pem" -pubout -outform DER -out "$work/spki"
  openssl pkcs8 -topk8 -nocrypt -in "$work/$2.pem" -outform DER -out "$work/pkcs8"
  openssl enc -id-aes256-wrap-pad -K "$(printf '07%.0s' $(seq 32))" -iv a65959a6 -in "$work/pkcs8" -out "$work/wrapped"
  /usr/bin/python3 - "$work" "seeds/wrapped_key/$1" "$3" "$4" "$5" <<'END'
import sys
work, out, version, mechanism, uri = sys.argv[1:]
def element(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + content
def integer(text):
    return element(2, int(text, 0).to_bytes(2, "big").lstrip(b"\0"))
read = lambda name: open(f"{work}/{name}", "rb").read()
body = integer(version) + integer(mechanism) + element(12, uri.encode()) + read("spki")
body += element(12, b"web") + element(4, bytes([1, 2, 3])) + element(4, read("wrapped"))
open(out, "wb").write(element(0x30, body))
END
}
wrapped ec p256 1 0x210b 'pkcs11:token=t;object=backup;type=secret-key'
wrapped rsa rsa 1 0x210c 'pkcs11:token=t;id=%01'
wrapped version ed25519 2 0x210b 'pkcs11:token=t'
wrapped mechanism ed25519 1 0x1085 'pkcs11:token=t'
wrapped pin ed25519 1 0x210b 'pkcs11:token=t?pin-value=1234'
wrapped file ed25519 1 0x210b 'file:/etc/key'
{ echo '-----BEGIN KEYSTORE WRAPPED KEY-----'; base64 -w 64 seeds/wrapped_key/ec; echo '-----END KEYSTORE WRAPPED KEY-----'; } >seeds/wrapped_key/pem

# A root, a server's certificate, and what the root says of it: a CRL and an OCSP response.
mkdir -p seeds/path seeds/crl seeds/ocsp
openssl req -new -x509 -key "$work/p256.pem" -days 36500 -subj /CN=Root -out "$work/root.pem" \
  -addext keyUsage=critical,keyCertSign,cRLSign
printf '%s\n' 'subjectAltName=DNS:www.example.org' 'keyUsage=digitalSignature' 'extendedKeyUsage=serverAuth' \
  'authorityKeyIdentifier=keyid' 'subjectKeyIdentifier=hash' >"$work/leaf.ext"
openssl req -new -key "$work/rsa.pem" -subj /CN=web -out "$work/leaf.csr"
openssl x509 -req -in "$work/leaf.csr" -CA "$work/root.pem" -CAkey "$work/p256.pem" -set_serial 4711 -days 36500 \
  -extfile "$work/leaf.ext" -out "$work/leaf.pem"
{
  echo '#pragma once'
  echo
  echo '// Made by make_seeds.sh: a root and a certificate of it.'
  for name in root leaf; do
    printf '\nconstexpr char %s_pem[] = R"(' "$name"
    openssl x509 -in "$work/$name.pem"
    echo ')";'
  done
} >chain.h
openssl x509 -in "$work/leaf.pem" -outform DER -out seeds/path/leaf
openssl x509 -in "$work/root.pem" -outform DER -out seeds/path/root
printf 'V\t400101000000Z\t\t1267\tunknown\t/CN=web\n' >"$work/good"
printf 'R\t400101000000Z\t250101000000Z,superseded\t1267\tunknown\t/CN=web\n' >"$work/revoked"
printf '%s\n' '[ca]' 'default_ca = root' '[root]' 'default_md = sha256' "crlnumber = $work/number" >"$work/ca.conf"
for said in good revoked; do
  echo 01 >"$work/number"
  echo "database = $work/$said" >>"$work/ca.conf"
  : >"$work/$said.attr"
  openssl ca -config "$work/ca.conf" -gencrl -crldays 36500 -cert "$work/root.pem" -keyfile "$work/p256.pem" -out "$work/crl.pem"
  openssl crl -in "$work/crl.pem" -outform DER -out "seeds/crl/$said"
  openssl ocsp -index "$work/$said" -CA "$work/root.pem" -rsigner "$work/root.pem" -rkey "$work/p256.pem" -ndays 36500 \
    -issuer "$work/root.pem" -cert "$work/leaf.pem" -no_nonce -respout "seeds/ocsp/$said"
done
