# Those of one document are one program.
"$python" -c 'import cryptography' 2> /dev/null ||
  skip "python3-cryptography is not installed (tools/test --all installs it)"
surroundings p256
put_on_prod
export PYTHONPATH=$KEYSTORE_SOURCE/bindings/python KEYSTORE_LIBRARY_FOLDER=$KEYSTORE_BUILD/lib
export PYTHONDONTWRITEBYTECODE=1
collect() { cat "$snippet" >> "$work/$1.py"; }
each_snippet collect
for program in "$work"/*.py; do expect 0 "$python" -W error "$program" < "$etc/keystore/pin"; done
