# For tests of `keystore check`: what is found, under which code, and that its repair mends it.
# shellcheck shell=bash
. "$KEYSTORE_SOURCE/tests/support/lib.sh"
. "$KEYSTORE_SOURCE/tests/verify/certificates.sh"
need openssl "$python"
umask 077
cd "$work"

# check ARGUMENTS…: runs it; the exit status in $status, the report in $work/report.
check() {
  status=0
  "$keystore" check --json "$@" > "$work/report" 2> "$work/err" < /dev/null || status=$?
}

# ask EXPRESSION: the value of a Python expression about the report; `findings` are those of all targets.
ask() {
  "$python" - "$1" "$work/report" <<'PY'
import json, sys
report = json.load(open(sys.argv[2]))
assert report["schema"] == "keystore/1"
targets = report["targets"]
findings = [finding for target in targets for finding in target["findings"]]
codes = sorted({f"{finding['severity']} {finding['code']}" for finding in findings})
print(eval(sys.argv[1]))
PY
}

show_report() { cat "$work/report" "$work/err" >&2; }

# found STATUS "SEVERITY CODE…" ARGUMENTS…: exactly these are found, notes left out.
found() {
  local wanted=$1 codes=$2 got
  shift 2
  check "$@"
  got=$(ask '", ".join(code for code in codes if not code.startswith("note "))')
  [ "$status $got" = "$wanted $codes" ] && return
  show_report
  fail "check $*: exit $status and '$got', not $wanted and '$codes'"
}

# noted CODE: the last report has this note.
noted() { [ "$(ask "'note $1' in codes")" = True ] || { show_report; fail "there is no note $1"; }; }

# verdicts "ok fail …": those of the targets, in their order.
verdicts() {
  local got
  got=$(ask '" ".join(target["verdict"] for target in targets)')
  [ "$got" = "$1" ] || { show_report; fail "verdicts '$got', not '$1'"; }
}

# mend CODE ARGUMENTS…: runs the command that the finding names; then it is found no more.
mend() {
  local code=$1 command
  shift
  check "$@"
  command=$(ask "[f['fix'].get('command', '') for f in findings if f['code'] == '$code'][0]")
  [ -n "$command" ] || { show_report; fail "$code has no command"; }
  PATH=$(dirname "$keystore"):$PATH expect 0 bash -c "$command"
  check "$@"
  [ "$(ask "'$code' in [f['code'] for f in findings]")" = False ] ||
    { show_report; fail "'$command' does not mend $code"; }
}
