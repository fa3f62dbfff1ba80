# What stands after `$ ` runs, one snippet after another, each with a new token, and prints the lines that
# stand below it. Left out is what would change the machine; other tests try it.
left_out='^(tools/install-deps|cmake |keystore trust (add|rm|undo))'
whole=$work
mkdir "$work/bin"
ln -s "$keystore" "$work/bin/keystore"
# A server that reads its keys as nginx does is tried by tests/programs.
printf '%s\n' '#!/bin/sh' '[ -z "$OPENSSL_CONF" ] || openssl list -providers | grep -q Keystore' > "$work/bin/nginx"
chmod +x "$work/bin/nginx"
PATH=$work/bin:$PATH

# certify NAME ISSUER EXTENSION…: $work/NAME.pem and NAME.key, by ISSUER; by itself where that is empty.
certify() {
  local name=$1 issuer=$2 subject=$3
  shift 3
  printf '%s\n' "$@" > extensions
  make_key p256 "$name.key"
  expect 0 openssl req -new -key "$name.key" -subj "/CN=$subject" -out csr
  local signer=(-CA "$issuer.pem" -CAkey "$issuer.key" -CAcreateserial)
  [ -n "$issuer" ] || signer=(-signkey "$name.key")
  expect 0 openssl x509 -req -in csr -days 90 -extfile extensions "${signer[@]}" -out "$name.pem"
}

# A certificate whose chain lacks an issuer.
make_incomplete_chain() {
  local authority=('basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign,cRLSign')
  certify root '' 'Root CA 2' "${authority[@]}"
  certify chain root Issuing "${authority[@]}"
  certify web chain www.example.org 'subjectAltName=DNS:www.example.org' 'keyUsage=critical,digitalSignature' \
    'extendedKeyUsage=serverAuth'
}

in_surroundings() {
  local line command='' name
  name=$(basename "$snippet")
  work=$whole/$name
  mkdir "$work"
  surroundings rsa3072
  cd "$work"
  [ "$1" != check ] || make_incomplete_chain
  expect 0 keystore openssl-conf
  cp out provider.cnf
  sed -i "s#$whole/etc/#$etc/#g" "$snippet"
  while IFS= read -r line; do
    case $line in
      '$ '*) command=${line#'$ '} ;;
      '    -'*) command+=${line#    } ;;
      …) ;;
      *) [ ! -e out ] || grep -qF -- "$line" out err || fail "$name: not printed: $line" ;;
    esac
    case $command in
      '') ;;
      *\\) command=${command%\\} ;;
      *) try "$command"; command='' ;;
    esac
  done < "$snippet"
  work=$whole
}

# try COMMAND: as a person would type it, who has set up OpenSSL and knows the PIN.
try() {
  local command=$1
  rm -f out err
  if grep -qE "$left_out" <<< "$command"; then echo "left out: $command"; return; fi
  case $command in
    keystore\ *--pin*) ;;
    keystore\ *) command=$(sed "s#'pkcs11:token=prod\([^'?]*\)'#'pkcs11:token=prod\1?pin-source=file:$etc/keystore/pin'#g" <<< "$command") ;;
    openssl\ *) command="OPENSSL_CONF=provider.cnf $command" ;;
  esac
  local status=0
  case $command in keystore\ check*) status=1 ;; esac  # it finds what is said to be wrong
  expect "$status" bash -c "$command"
}
each_snippet in_surroundings
