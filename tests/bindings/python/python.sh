# Sourced by the scripts here: the Python package of this build, and keys with certificates on a token.
. "$KEYSTORE_SOURCE/tests/programs/keys.sh"
export PYTHONPATH=$KEYSTORE_SOURCE/bindings/python:$KEYSTORE_SOURCE/tests/bindings/python
export KEYSTORE_LIBRARY_FOLDER=$KEYSTORE_BUILD/lib PYTHONDONTWRITEBYTECODE=1

# make_identities: p256, rsa2048 and ed25519 on the token `test`, with their certificates.
make_identities() {
  make_token
  local type
  for type in p256 rsa2048 ed25519; do
    put_on_token "$type"
    expect 0 "$keystore" import "$work/$type.crt" pkcs11:token=test --label "$type" --pin "file:$pin_file"
  done
}

# run_tests MODULE: its tests, which find in the environment what they need.
run_tests() {
  TEST_FOLDER=$work TEST_PIN=$pin "$python" -X dev -W error -m unittest --failfast "$@" > "$work/tests.log" 2>&1 ||
    fail "$* failed with status $?"
  cat "$work/tests.log" >&2
  grep -q '^Ran [1-9]' "$work/tests.log" || fail "no test ran"
  if grep -q '^OK (skipped' "$work/tests.log"; then skip "$(grep -m1 skipped "$work/tests.log")"; fi
}
