# Each is a configuration that is understood: a file that is not there is then what is missed.
mkdir -p "$work/etc"
understood() {
  KEYSTORE_CONFIG=$snippet expect 3 "$keystore" ls "$work/absent"
}
each_snippet understood
