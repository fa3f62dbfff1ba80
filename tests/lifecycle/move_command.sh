#!/bin/bash
# Promise: `keystore move` prints results on stdout and its story on stderr, in text and JSON, ends
# with the exit codes of DESIGN.md, section 5, and makes, lists, undoes and retires moves.
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
need openssl
softhsm_token prod

key=$work/web.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key"
cp -p "$key" "$work/original"
dst='pkcs11:token=prod'

move() { expect "$1" "$keystore" move "${@:2}"; }
# json EXPRESSION [WANTED]: of the object d on stdout, in Python; compared with WANTED.
json() {
  local value
  value=$("$python" -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' \
    "$work/out" "$1") || fail "no $1 in $(cat "$work/out")"
  if [ $# -eq 1 ]; then echo "$value"; return; fi
  [ "$value" = "$2" ] || fail "$1 is '$value', not '$2'"
}
said() { grep -q -- "$1" "$work/err" || fail "stderr does not say '$1': $(cat "$work/err")"; }
original() { cmp "$key" "$work/original" || fail "the file is not the old one"; }

# A plan alone changes nothing.
move 0 "$key" "$dst" --pin "file:$pin_file" --dry-run --json
json 'd["schema"]' keystore/1
json 'd["state"]' planned
json 'd["id"]' None
original
[ ! -e "$XDG_STATE_HOME/keystore/moves" ] || [ -z "$(ls -A "$XDG_STATE_HOME/keystore/moves")" ] ||
  fail "a dry run left a journal"

# Refusals, with their exit codes.
move 2 "$key"
move 2
move 2 "$key" "$dst" --list
move 3 "$work/nowhere.key" "$dst" --pin "file:$pin_file"
move 3 "$key" 'pkcs11:token=nowhere' --pin "file:$pin_file"
move 3 --rollback 00000000
move 4 "$key" "$dst" --pin pass:0000 --json
json 'd["error"]["code"]' pin_incorrect
move 6 "$key" "$work/elsewhere.key"
echo garbage > "$work/garbage.key"
move 7 "$work/garbage.key" "$dst" --pin "file:$pin_file"
original

# The move itself.
move 0 "$key" "$dst" --pin "file:$pin_file"
id=$(sed -n 's/^id: //p' "$work/out")
backup=$(sed -n 's/^backup: //p' "$work/out")
[ -n "$id" ] && cmp "$backup" "$work/original"
[ "$(sed -n 's/^state: //p' "$work/out")" = replaced ]
[ "$(sed -n 's/^reference: //p' "$work/out")" = "$key" ]
for step in import-key prove-key write-reference prove-reference back-up replace; do said "$step: "; done
[ "$(head -1 "$key")" = '-----BEGIN KEYSTORE KEY REFERENCE-----' ]
[ "$(stat -c %a "$backup")" = 600 ]

move 6 "$key" "$dst" --pin "file:$pin_file"
said 'reference already'
cp "$work/original" "$work/web.pem"
move 6 "$work/web.pem" "$dst" --pin "file:$pin_file" --json
json 'd["error"]["code"]' already_exists

move 0 --list --json
json 'len(d["moves"])' 1
json 'd["moves"][0]["id"]' "$id"
json 'd["moves"][0]["backup"]' "$backup"
move 0 --list
grep -q "^$id  replaced  file:$key  pkcs11:" "$work/out" || fail "list: $(cat "$work/out")"

# Undone, and the token is empty.
move 0 --rollback "$id" --json
json 'd["state"]' rolled-back
original
[ "$(stat -c '%a %Y' "$key")" = "$(stat -c '%a %Y' "$work/original")" ]
expect 0 "$keystore" ls "$dst" --pin "file:$pin_file" --json
json 'd["entries"]' '[]'

# Several moves of a file; the label in one, the file's name in the other.
openssl genpkey -algorithm ED25519 -out "$work/second.key"
printf '{"moves":[{"source":"%s","destination":"%s;object=first"},{"source":"%s","destination":"%s"}]}' \
  "$key" "$dst" "$work/second.key" "$dst" > "$work/plan.json"
move 0 --plan "$work/plan.json" --pin "file:$pin_file" --json
json 'len(d["moves"])' 2
json 'd["moves"][1]["state"]' replaced
expect 0 "$keystore" sign "$work/second.key" --scheme ed25519 --in "$work/plan.json" --out "$work/signature"
# A plan is data: it runs nothing.
printf '{"moves":[{"source":"%s","destination":"%s?pin-source=cmd:touch%%20%s"}]}' \
  "$key" "$dst" "$work/ran" > "$work/plan.json"
move 6 --plan "$work/plan.json" --dry-run
[ ! -e "$work/ran" ] || fail "a plan ran a program"
printf '{"moves":[{"source":"%s","destination":"%s?module-path=/usr/lib/none.so"}]}' "$key" "$dst" \
  > "$work/plan.json"
move 6 --plan "$work/plan.json" --dry-run
echo '{"moves":[{"source":7}]}' > "$work/plan.json"
move 7 --plan "$work/plan.json"

# Retired only when someone agrees.
move 0 --list --json
id=$(json '[m["id"] for m in d["moves"] if m["state"] == "replaced"][0]')
backup=$(json '[m["backup"] for m in d["moves"] if m["state"] == "replaced"][0]')
move 6 --retire "$id" < /dev/null
[ -e "$backup" ] || fail "the backup went without an answer"
move 0 --retire "$id" --yes --json
json 'd["state"]' retired
json 'd["backup"]' None
said 'only place'
[ ! -e "$backup" ] || fail "the backup is still there"
move 6 --rollback "$id"
