"""What the tests in Python share: running wsight, counting what was checked, and the closing line that
tests/run.sh reads."""
import os
import subprocess
import sys

WSIGHT = os.environ.get("WSIGHT", "./wsight")
TMP = os.environ["TEST_TMP"]  # the test's own folder; tests/run.sh makes and removes it

counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(sentence, good):
    counts["passed" if good else "failed"] += 1
    if not good:
        print("not so:", sentence)


def same(sentence, expected, found):
    check(sentence, expected == found)
    if expected != found:
        print(f"  expected: {str(expected)[:600]}\n  found:    {str(found)[:600]}")


def skip(number, reason):
    counts["skipped"] += number
    print("skipped:", reason)


def wsight(*arguments, status=(0,), **options):
    """The process that has ended; its exit status must be one of `status`."""
    done = subprocess.run([WSIGHT, *arguments], capture_output=True, check=False, **options)
    assert done.returncode in status, (arguments, done.returncode, done.stderr)
    return done


def run(*arguments, status=(0,)):
    """What wsight writes to its standard output."""
    return wsight(*arguments, status=status).stdout


def run_all(tests, *arguments):
    """Runs functions that assert, and finishes."""
    for test in tests:
        try:
            test(*arguments)
            counts["passed"] += 1
        except AssertionError as error:
            counts["failed"] += 1
            print(f"{test.__name__}: {error}")
    finish()


def finish():
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)
