#!/bin/bash
# The package passes mypy --strict, and so does a program that uses its public names.
set -eu
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
# Python 3.9 is the oldest that the package is for.
expect 0 "$python" - "$KEYSTORE_SOURCE"/bindings/python/keystore/*.py "$KEYSTORE_SOURCE"/examples/*.py << 'END'
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path).read(), path, feature_version=(3, 9))
END
"$python" -c 'import mypy' 2> /dev/null || skip "mypy is not installed (tools/test --all installs it)"
"$python" -c 'import cryptography' 2> /dev/null || skip "python3-cryptography is not installed"
cat > "$work/user.py" << 'END'
import ssl
from typing import List

import keystore


def main() -> bytes:
    with keystore.open("pkcs11:token=prod", pin=lambda request: request.object) as store:
        labels: List[str] = [entry.label for entry in store.entries(kind="private-key")]
    try:
        key = keystore.key("keystore:web", pin=labels[0])
    except keystore.NotFoundError as error:
        raise SystemExit(error.message + error.code.value)
    context: ssl.SSLContext = keystore.ssl_context(keystore.identity("keystore:web"), purpose="client")
    context.check_hostname = True
    return key.sign("ed25519", b"message")
END
export MYPYPATH=$KEYSTORE_SOURCE/bindings/python
expect 0 "$python" -m mypy --strict --cache-dir "$work/cache" -p keystore
expect 0 "$python" -m mypy --strict --python-version 3.9 --cache-dir "$work/cache" -p keystore
expect 0 "$python" -m mypy --strict --cache-dir "$work/cache" "$work/user.py"
