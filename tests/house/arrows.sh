#!/bin/bash
# Promise: includes run one way only: tools, bindings -> keystore <- backends; no backend includes
# another (identity and group reach others through the registry).
set -u
cd "$KEYSTORE_SOURCE" || exit 1
status=0

# forbid WHAT WHERE PATTERN: no include matching PATTERN under WHERE.
forbid() {
  local found
  found=$(grep -rnE "#include \"$3" --include='*.h' --include='*.cc' $2)
  if [ -n "$found" ]; then
    printf 'FAIL %s\n%s\n' "$1" "$found"
    status=1
  fi
}

forbid 'the core includes upward' keystore '(backends|bindings|tools|tests)/'
forbid 'a backend includes a binding or the command' backends '(bindings|tools|tests)/'
forbid 'a binding includes a backend' bindings '(backends|tools|tests)/'
forbid 'the command includes tests' tools 'tests/'
for backend in backends/*/; do
  name=$(basename "$backend")
  others=$(ls backends | grep -vE "^($name|builtin.cc|CMakeLists.txt)$" | paste -sd'|')
  forbid "backend $name includes another backend" "$backend" "backends/($others)/"
done
[ -n "$(grep -rln '#include "keystore/' backends)" ] || { echo 'FAIL found no include at all'; status=1; }
exit $status
