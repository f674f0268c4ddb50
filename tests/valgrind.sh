#!/bin/sh
# The suite under valgrind's memcheck: reading what was never written, use after free, and memory nobody points to any
# more fail the test. Arguments go to ctest (`sh tests/valgrind.sh -R pool`). WEIR_BUILD_DIR names a build to use.
#
# Programs are run under it, and weir-relay in the scripts named below. Left out, and said so in each run: scripts that
# start the same two binaries again, hundreds of times or against a clock; and what tries every cut or every failing call,
# some million times, which takes minutes as it is and the better part of an hour here: the sanitizers look at those.
set -eu
cd "$(dirname "$0")/.."

build=${WEIR_BUILD_DIR:-build}
scripts=workers

WEIR_BUILD_DIR=$build sh tests/run.sh -N >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
rm -f "$build.log"
build=$(cd "$build" && pwd)

# "Still reachable" is what libc and libuv keep for good.
memcheck="valgrind --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect,possible \
--errors-for-leak-kinds=definite,indirect,possible --num-callers=30"

# The programs as the scripts find them, weir-relay under memcheck.
mkdir -p "$build/valgrind/bin"
for program in "$build"/bin/*; do
  under=
  [ "$(basename "$program")" != weir-relay ] || under=$memcheck
  printf '#!/bin/sh\nexec %s %s "$@"\n' "$under" "$program" >"$build/valgrind/bin/$(basename "$program")"
  chmod 755 "$build/valgrind/bin/$(basename "$program")"
done

# CTest's own list of tests, each of them behind memcheck.
ctest --test-dir "$build" --show-only=json-v1 | python3 -c '
import json, sys

memcheck, binaries, root, scripts = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split()
left_out = {"check": "no program of ours", "hostile": "every cut", "faults": "every failing call"}
slow = "abandon", "budget", "commit", "ending", "failmalloc", "filter", "heartbeat", "tap"
skipped = {}
for test in json.load(sys.stdin)["tests"]:
    properties = {p["name"]: p["value"] for p in test.get("properties", [])}
    name, command = test["name"], test["command"]
    label = properties.get("LABELS", ["none"])[0]
    why = left_out.get(label)
    if label == "real" and name[len("real_"):] not in scripts:
        why = "a script"
    if name.endswith(("_tls_client", "_tls_origin")):
        why = "ways of which _tls_both has each"
    if name.endswith("_tls_both") and name[:-len("_test_tls_both")] in slow:
        why = "slow, and with what TLS has no part in; runs without"
    if why:
        skipped.setdefault("%s (%s)" % (label, why), []).append(name)
        continue
    prefix = "" if command[0].endswith("/sh") or command[0] == "sh" else memcheck + " "
    arguments = " ".join("[==[%s]==]" % a for a in command)
    print("add_test([==[%s]==] %s%s)" % (name, prefix, arguments))
    print("set_tests_properties([==[%s]==] PROPERTIES LABELS %s TIMEOUT 900 WORKING_DIRECTORY [==[%s]==]" %
          (name, label, properties["WORKING_DIRECTORY"]))
    for fixture in "FIXTURES_SETUP", "FIXTURES_REQUIRED":
        if fixture in properties:
            print("  %s [==[%s]==]" % (fixture, ";".join(properties[fixture])))
    own = [e for e in properties.get("ENVIRONMENT", []) if not e.startswith(("WEIR_SOURCE_DIR=", "WEIR_BIN_DIR="))]
    print("  ENVIRONMENT [==[%s]==])" % ";".join(["WEIR_SOURCE_DIR=" + root, "WEIR_BIN_DIR=" + binaries] + own))
for group, names in sorted(skipped.items()):
    print("memcheck: not under it: %d of %s" % (len(names), group), file=sys.stderr)
' "$memcheck" "$build/valgrind/bin" "$PWD" "$scripts" >"$build/valgrind/CTestTestfile.cmake"

. tests/ctest.inc
run_ctest "$build/valgrind" "$@"
