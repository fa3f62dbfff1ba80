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

in_surroundings() {
  local line command='' name
  name=$(basename "$snippet")
  work=$whole/$name
  mkdir "$work"
  surroundings rsa3072
  cd "$work"
  expect 0 keystore openssl-conf
  cp out provider.cnf
  sed -i "s#$whole/etc/#$etc/#g" "$snippet"
  while IFS= read -r line; do
    case $line in
      '$ '*) command=${line#'$ '} ;;
      '    '*) command+=${line#    } ;;
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
  expect 0 bash -c "$command"
}
each_snippet in_surroundings
