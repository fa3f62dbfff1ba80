# Sourced: the examples in each language, with the same options and behaviour.
export PYTHONPATH=$KEYSTORE_SOURCE/bindings/python KEYSTORE_LIBRARY_FOLDER=$KEYSTORE_BUILD/lib
export PYTHONDONTWRITEBYTECODE=1

# example NAME cc|c|py|botan: sets `example` to its command.
example() {
  case $2 in
    cc) example=("$KEYSTORE_BUILD/examples/$1") ;;
    c) example=("$KEYSTORE_BUILD/examples/$1_c") ;;
    botan)
      example=("$KEYSTORE_BUILD/examples/$1_botan")
      versions=(1.2)
      ;;
    py) example=("$python" "$KEYSTORE_SOURCE/examples/$1.py") ;;
  esac
}
