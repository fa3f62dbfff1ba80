# Sourced behind lib.sh: runs the test again in a mount namespace, where it may change Debian's store of
# trust, /etc, /usr/local/share and /var/lib as they are, and the machine's store stays what it is.
# shellcheck shell=bash
need update-ca-certificates unshare

if [ -z "${KEYSTORE_TEST_NAMESPACE-}" ]; then
  unshare -m true 2> /dev/null || skip "no mount namespace can be made here"
  export KEYSTORE_TEST_NAMESPACE=yes
  unshare -m "$0" || exit $?
  exit 0
fi
for folder in /etc /usr/local/share /var/lib/keystore; do
  copy=$work/root$folder
  mkdir -p "$copy" "$folder"
  [ "$folder" = /var/lib/keystore ] || cp -a "$folder/." "$copy/"
  mount --bind "$copy" "$folder"
done
