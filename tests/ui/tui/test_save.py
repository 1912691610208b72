#!/usr/bin/env python3
"""What the Save dialog writes: packets that give the same report again, messages as wsight follow has
them, payloads as files; existing files are asked about first."""

import json
import os
import subprocess
import sys

tmp = os.environ["TEST_TMP"]
wsight = os.path.abspath(os.environ["WSIGHT"])
capture = os.path.abspath("captures/tour.pcapng")
environment = dict(os.environ, TZ="UTC0", LC_ALL="C.UTF-8")
passed = failed = 0


def check(sentence, expected, found):
    global passed, failed
    if expected == found:
        passed += 1
    else:
        failed += 1
        print(f"not so: {sentence}\n  expected: {str(expected)[:600]}\n  found:    {str(found)[:600]}")


def screen(keys):
    """Runs a script; returns the screens it saved, by name."""
    script = os.path.join(tmp, "script.keys")
    with open(script, "w") as f:
        f.write(keys)
    subprocess.run([wsight, "ui", "--script", script, capture], check=True, cwd=tmp, env=environment)


def last_line(name):
    with open(os.path.join(tmp, name + ".txt")) as f:
        return f.read().rstrip("\n").split("\n")[-1].strip()


def report(path):
    out = subprocess.run([wsight, "report", "--format", "json", path], capture_output=True, check=True)
    return json.loads(out.stdout)


def gist(session):
    sides = ("client_to_server", "server_to_client")
    return (session["client"], session["server"], session["outcome"], session["close"],
            session["handshake"]["target"] if session["handshake"] else None,
            [(session[s]["opcodes"], session[s]["messages"], session[s]["message_bytes"]) for s in sides])


def save(what, form, path, before=""):
    """Keys that save: `what` and `form` are how often Right is pressed."""
    keys = before + "keys s\nkey Down\n"
    # The dialog begins in the path; down goes to the first field.
    keys += "".join("key Right\n" for _ in range(what)) + "key Down\n"
    keys += "".join("key Right\n" for _ in range(form)) + "key Down ^U\n"
    return keys + f"type {path}\nkey Enter\n"


screen(save(0, 0, "all.pcapng") + "save said\n")
whole, again = report(capture), report(os.path.join(tmp, "all.pcapng"))
check("the packets of all sessions give the same sessions",
      [gist(s) for s in whole["sessions"]], [gist(s) for s in again["sessions"]])
check("times keep their nanoseconds", [s["started"] for s in whole["sessions"]],
      [s["started"] for s in again["sessions"]])
check("and it says how many", True, last_line("said").endswith("packets saved to all.pcapng"))

some = "keys f\ntype severity == error\nkey Enter\n"
screen(some + save(0, 0, "errors.pcapng"))
check("of a filtered list only what the filter shows",
      [gist(s) for s in whole["sessions"] if any(f["severity"] == "error" for f in s["findings"])],
      [gist(s) for s in report(os.path.join(tmp, "errors.pcapng"))["sessions"]])

screen(save(0, 0, "two.pcapng", "key Space\nkeys j\nkey Space\n"))
check("marked sessions", [gist(whole["sessions"][i]) for i in (0, 2)],
      [gist(s) for s in report(os.path.join(tmp, "two.pcapng"))["sessions"]])


def lines(text, kind):
    rows = [json.loads(line) for line in text.splitlines()]
    return sorted((r for r in rows if r["type"] == kind), key=lambda r: (r["session"], r["packet"], str(r)))


follow = subprocess.run([wsight, "follow", "--format", "jsonl", "--bodies", "all", capture],
                        capture_output=True, check=True).stdout.decode()
screen(save(0, 1, "all.jsonl"))
with open(os.path.join(tmp, "all.jsonl")) as f:
    saved = f.read()
names = ("session", "direction", "opcode", "length", "wire_length", "text", "base64", "packet", "time")


def message_gist(text):
    rows = [json.loads(line) for line in text.splitlines()]
    rows = [[r.get(n) for n in names] for r in rows if r["type"] == "message"]
    return sorted(map(str, rows))


check("messages as JSON lines are those of wsight follow", message_gist(follow), message_gist(saved))

screen("key Enter\nkeys jjj\nkey Enter\n" + "keys s\nkey ^U\ntype one.bin\nkey Enter\n")
with open(os.path.join(tmp, "one.bin"), "rb") as f:
    check("the payload of one message", b"\x03\xea", f.read()[:2])

screen(save(0, 3, "payloads"))
files = sorted(os.listdir(os.path.join(tmp, "payloads")))
data = sum(s[d]["messages"]["text"] + s[d]["messages"]["binary"] for s in whole["sessions"]
           for d in ("client_to_server", "server_to_client"))
check("a payload file for each data message", True, len(files) >= data > 500)
with open(os.path.join(tmp, "payloads", files[0]), "rb") as f:
    check("with its bytes", b"Hello", f.read())

screen("keys s\nkey ^U\ntype one.bin\nkey Enter\nsave asked\n")
with open(os.path.join(tmp, "asked.txt")) as f:
    check("an existing file is asked about", True, "it is there already" in f.read())
with open(os.path.join(tmp, "one.bin"), "rb") as f:
    check("and still as it was", b"\x03\xea", f.read()[:2])

screen("keys s\nkey ^U\ntype /nonexistent/x\nkey Enter\nsave refused\n")
with open(os.path.join(tmp, "refused.txt")) as f:
    check("a folder that is not there is told", True, "No such file" in f.read())

os.mkdir(os.path.join(tmp, "folder-of-mine"))
screen("keys s\nkey ^U\ntype folder-o\nkey Tab\nsave completed\n")
with open(os.path.join(tmp, "completed.txt")) as f:
    check("a path is completed", True, "folder-of-mine/" in f.read())

# What comes through a pipe cannot be read again: its packets are kept in files without names.
spool = os.path.join(tmp, "spool")
os.mkdir(spool)
script = os.path.join(tmp, "script.keys")
with open(script, "w") as f:
    f.write(save(0, 0, "piped.pcapng") + "save piped\n")
with open(capture, "rb") as f:
    subprocess.run([wsight, "ui", "--script", script, "-"], check=True, cwd=tmp, stdin=f,
                   env=dict(environment, TMPDIR=spool))
check("packets of a pipe give the same sessions", [gist(s) for s in whole["sessions"]],
      [gist(s) for s in report(os.path.join(tmp, "piped.pcapng"))["sessions"]])
check("and leave nothing behind", [], os.listdir(spool))
os.remove(os.path.join(tmp, "piped.pcapng"))
with open(capture, "rb") as f:
    subprocess.run([wsight, "ui", "--script", script, "-"], check=True, cwd=tmp, stdin=f,
                   env=dict(environment, TMPDIR="/nonexistent/folder"))
with open(os.path.join(tmp, "piped.txt")) as f:
    check("when there is no place for them it is told", True, "packets were not kept" in f.read())

environment["XDG_CONFIG_HOME"] = os.path.join(tmp, "settings")
screen("keys t\nkeys j\nkey Space\nkey W\nsave kept\nkey Enter\nkeys w\nkeys W\nsave again\n")
with open(os.path.join(tmp, "settings", "wsight", "config")) as f:
    kept = f.read()
check("columns and times are kept in the settings file", True,
      "columns = state finding client url" in kept and "time = start" in kept)
check("and it says where", True, "kept in" in last_line("again"))

print(f"{passed} passed, {failed} failed")
sys.exit(failed != 0)
