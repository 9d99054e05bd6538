# SPDX-License-Identifier: ISC
# Copyright smtpost contributors
#
# For script tests, sourced by POSIX sh:
#
#   . "${srcdir:-.}/tests/lib/testlib.sh"
#   need openssl
#   start_smarthost
#   write_smtprc
#   check "a message goes out" smtpost -i bob@example.net < mail
#   check_equal "it arrives" "$(received 1 to)" '["bob@example.net"]'
#   finish
#
# Prints TAP-like lines; exit status 0 passed, 1 failed, 77 skipped.
# $T is a scratch directory, removed at the end. No function sleeps but to poll
# before a deadline, and only processes started here are ever ended.

TESTLIB=${TESTLIB:-$(cd "${srcdir:-.}/tests/lib" && pwd)}
PYTHON=${PYTHON3:-python3}
SMTPOST=${SMTPOST:-$PWD/src/smtpost}
tests_run=0
tests_failed=0
started_pids=

T=$(mktemp -d "${TMPDIR:-/tmp}/smtpost-test.XXXXXX") || exit 99
mkdir -m 700 "$T/home" && HOME=$T/home && export HOME
SMTPSPOOL=$T/no-spool && export SMTPSPOOL     # not that of a service of this machine
unset SMTPRC XDG_CONFIG_HOME XDG_STATE_HOME

testlib_cleanup() {
    for pid in $started_pids; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    [ -n "${TESTLIB_KEEP:-}" ] || rm -rf "$T"
}
trap testlib_cleanup EXIT
trap 'exit 99' HUP INT TERM

# skip REASON: this test cannot run here; a failure where everything must run.
skip() {
    echo "1..0 # SKIP $*"
    [ "${SMTPOST_CI_STRICT:-0}" = 1 ] && exit 1
    exit 77
}

# need PROGRAM...: skips unless each is there.
need() {
    for program; do
        command -v "$program" >/dev/null 2>&1 || skip "no $program"
    done
}

pass() {
    tests_run=$((tests_run + 1))
    echo "ok $tests_run - $*"
}

fail() {
    tests_run=$((tests_run + 1))
    tests_failed=$((tests_failed + 1))
    echo "not ok $tests_run - $*"
}

# check WHAT COMMAND...: the command succeeds.
check() {
    what=$1
    shift
    if "$@"; then pass "$what"; else fail "$what (exit $?: $*)"; fi
}

# check_status WHAT NUMBER COMMAND...: the command ends with this exit status.
check_status() {
    what=$1 wanted=$2
    shift 2
    "$@"
    got=$?
    if [ "$got" = "$wanted" ]; then pass "$what"; else fail "$what (exit $got, not $wanted: $*)"; fi
}

# check_equal WHAT GOT WANTED
check_equal() {
    if [ "$2" = "$3" ]; then
        pass "$1"
    else
        fail "$1"
        printf '%s\n' "$3" | sed 's/^/#   wanted: /'
        printf '%s\n' "$2" | sed 's/^/#   got:    /'
    fi
}

# check_same WHAT FILE FILE: byte for byte.
check_same() {
    if cmp -s "$2" "$3"; then pass "$1"; else fail "$1: $(cmp "$2" "$3" 2>&1)"; fi
}

# check_match WHAT FILE PATTERN: a line of the file matches the basic regular expression.
check_match() {
    if grep -q -e "$3" "$2"; then
        pass "$1"
    else
        fail "$1: no line matches $3"
        sed 's/^/#   /' "$2" | head -n 20
    fi
}

# check_no_match WHAT FILE PATTERN
check_no_match() {
    if grep -q -e "$3" "$2"; then
        fail "$1: there is a match for $3"
        grep -e "$3" "$2" | sed 's/^/#   /' | head -n 5
    else
        pass "$1"
    fi
}

finish() {
    echo "1..$tests_run"
    [ "$tests_failed" = 0 ]
    exit
}

# wait_for SECONDS COMMAND...: polls until the command succeeds; false after the deadline.
wait_for() {
    until_then=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -le "$until_then" ] || return 1
        sleep 0.05
    done
}

# start COMMAND...: in the background; $started is its process id, ended by stop or at exit.
start() {
    "$@" &
    started=$!
    started_pids="$started_pids $started"
}

# stop PID: TERM, then waits.
stop() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
    remaining=
    for pid in $started_pids; do
        [ "$pid" = "$1" ] || remaining="$remaining $pid"
    done
    started_pids=$remaining
}

# start_smarthost [OPTION...]: sets $smarthost_pid, $smarthost_port, $smarthost_out, $smarthost_ca.
start_smarthost() {
    smarthost_out=$T/received
    smarthost_certs=${SMTPOST_TEST_CERTS:-$T/certs}
    smarthost_ca=$smarthost_certs/ca.pem
    rm -f "$T/port"
    start "$PYTHON" "$TESTLIB/smarthost.py" --port-file "$T/port" --out "$smarthost_out" \
        --cert-dir "$smarthost_certs" "$@"
    smarthost_pid=$started
    if ! wait_for 15 test -s "$T/port"; then
        echo "the smarthost did not start"
        exit 99
    fi
    smarthost_port=$(cat "$T/port")
}

# write_smtprc [LINE...]: ~/.smtprc for the smarthost, with further account options.
write_smtprc() {
    {
        printf 'account "test" {\n  host = "127.0.0.1"\n  port = %s\n' "$smarthost_port"
        printf '  tls-ca = "%s"\n  user = "ada"\n' "$smarthost_ca"
        printf '  password = "s3cret-pass"\n  from = "ada@example.org"\n  syslog = no\n'
        for line; do
            printf '  %s\n' "$line"
        done
        printf '}\n'
    } >"$HOME/.smtprc"
    chmod 600 "$HOME/.smtprc"
}

# smtpost ARGUMENT...: the program under test.
smtpost() {
    "$SMTPOST" "$@"
}

# received N KEY: a fact about the Nth message (from, to, tls, auth, size ...), as JSON.
received() {
    "$PYTHON" -c 'import json, sys
print(json.dumps(json.load(open(sys.argv[1]))[sys.argv[2]]))' "$smarthost_out/$1.json" "$2"
}
