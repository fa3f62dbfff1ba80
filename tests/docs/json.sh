# Each is JSON.
mkdir -p "$work/etc"
parse() { expect 0 "$python" -m json.tool "$snippet"; }
each_snippet parse
