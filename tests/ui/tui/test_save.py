#!/usr/bin/env python3
"""What the Save dialog writes: packets that give the same report again, messages as wsight follow has
them, payloads as files; existing files are asked about first."""

import json
import os
import re
import subprocess

from checks import TMP, WSIGHT, check, finish, run, same

PROGRAM = os.path.abspath(WSIGHT)
CAPTURE = os.path.abspath("captures/tour.pcapng")
environment = dict(os.environ, TZ="UTC0", LC_ALL="C.UTF-8")


def path_of(name):
    return os.path.join(TMP, name)


def read(name, mode="r"):
    with open(path_of(name), mode) as f:
        return f.read()


def screen(keys, *options, capture=CAPTURE, **process):
    """Runs a script, which saves the screens that are looked at."""
    with open(path_of("script.keys"), "w") as f:
        f.write(keys)
    subprocess.run([PROGRAM, "ui", "--script", path_of("script.keys"), *options, capture], check=True, cwd=TMP,
                   **{"env": environment, **process})


def last_line(name):
    return read(name + ".txt").rstrip("\n").split("\n")[-1].strip()


def report(path):
    return json.loads(run("report", "--format", "json", path))


def gist(session):
    sides = ("client_to_server", "server_to_client")
    return (session["client"], session["server"], session["outcome"], session["close"],
            session["handshake"]["target"] if session["handshake"] else None,
            [(session[s]["opcodes"], session[s]["messages"], session[s]["message_bytes"]) for s in sides])


def save(what, form, path, before="", keys=None):
    """Keys that save: `what`, `form` and `keys` (where they are asked for) are how often Right is pressed."""
    # The dialog begins in the path; down goes to the first field.
    fields = [n for n in (what, form, keys) if n is not None]
    chosen = "key Down\n".join("key Right\n" * n for n in fields)
    return f"{before}keys s\nkey Down\n{chosen}key Down ^U\ntype {path}\nkey Enter\n"


def gists(path):
    return [gist(s) for s in report(path)["sessions"]]


def message_gists(text):
    names = ("session", "direction", "opcode", "length", "wire_length", "text", "base64", "packet", "time")
    rows = [json.loads(line) for line in text.splitlines()]
    return sorted(str([r.get(n) for n in names]) for r in rows if r["type"] == "message")


screen(save(0, 0, "all.pcapng") + "save said\n")
whole, again = report(CAPTURE), report(path_of("all.pcapng"))
same("the packets of all sessions give the same sessions",
     [gist(s) for s in whole["sessions"]], [gist(s) for s in again["sessions"]])
same("times keep their nanoseconds", [s["started"] for s in whole["sessions"]],
     [s["started"] for s in again["sessions"]])
check("and it says how many", last_line("said").endswith("packets saved to all.pcapng"))

some = "keys f\ntype severity == error\nkey Enter\n"
screen(some + save(0, 0, "errors.pcapng"))
same("of a filtered list only what the filter shows",
     [gist(s) for s in whole["sessions"] if any(f["severity"] == "error" for f in s["findings"])],
     gists(path_of("errors.pcapng")))

screen(save(0, 0, "two.pcapng", "key Space\nkeys j\nkey Space\n"))
same("marked sessions", [gist(whole["sessions"][i]) for i in (0, 2)], gists(path_of("two.pcapng")))

screen(save(0, 1, "all.jsonl"))
same("messages as JSON lines are those of wsight follow",
     message_gists(run("follow", "--format", "jsonl", "--bodies", "all", CAPTURE).decode()),
     message_gists(read("all.jsonl")))

screen("key Enter\nkeys jjj\nkey Enter\n" + "keys s\nkey ^U\ntype one.bin\nkey Enter\n")
same("the payload of one message", b"\x03\xea", read("one.bin", "rb")[:2])

screen(save(0, 3, "payloads"))
files = sorted(os.listdir(path_of("payloads")))
data = sum(s[d]["messages"]["text"] + s[d]["messages"]["binary"] for s in whole["sessions"]
           for d in ("client_to_server", "server_to_client"))
check("a payload file for each data message", len(files) >= data > 500)
same("with its bytes", b"Hello", read(os.path.join("payloads", files[0]), "rb"))

screen("keys s\nkey ^U\ntype one.bin\nkey Enter\nsave asked\n")
check("an existing file is asked about", "it is there already" in read("asked.txt"))
same("and still as it was", b"\x03\xea", read("one.bin", "rb")[:2])

screen("keys s\nkey ^U\ntype /nonexistent/x\nkey Enter\nsave refused\n")
check("a folder that is not there is told", "No such file" in read("refused.txt"))

os.mkdir(path_of("folder-of-mine"))
screen("keys s\nkey ^U\ntype folder-o\nkey Tab\nsave completed\n")
check("a path is completed", "folder-of-mine/" in read("completed.txt"))

# Secrets of TLS are written when they are asked for, and those of what is saved alone.
tls = os.path.abspath("captures/tls-handshakes-secrets.pcapng")


def randoms(name):
    """Client randoms of the key logs in a file."""
    return set(re.findall(rb"\n?[A-Z0-9_]{10,} ([0-9a-f]{64}) [0-9a-f]{64,}", read(name, "rb")))


screen(save(0, 0, "closed.pcapng", keys=0), capture=tls)
same("packets of TLS are saved without secrets", ([], set()),
     (gists(path_of("closed.pcapng")), randoms("closed.pcapng")))
screen(save(0, 0, "opened.pcapng", keys=1) + "save dialog\n", capture=tls)
run("report", "-q", "-w", path_of("live.pcapng"), "--only-sessions", "--with-keys", tls)
same("or with them, as -w --with-keys does", gists(path_of("live.pcapng")), gists(path_of("opened.pcapng")))
screen(save(0, 0, "one.pcapng", "key Space\n", keys=1), capture=tls)
same("of one session it is one secret", (1, 1), (len(gists(path_of("one.pcapng"))), len(randoms("one.pcapng"))))
check("which others have not", len(randoms("opened.pcapng")) > 1)

# What comes through a pipe cannot be read again: its packets are kept in files without names.
os.mkdir(path_of("spool"))
for folder in (path_of("spool"), "/nonexistent/folder"):
    with open(CAPTURE, "rb") as f:
        screen(save(0, 0, "piped.pcapng") + "save piped\n", capture="-", stdin=f,
               env=dict(environment, TMPDIR=folder))
    if folder == path_of("spool"):
        same("packets of a pipe give the same sessions", [gist(s) for s in whole["sessions"]],
             gists(path_of("piped.pcapng")))
        same("and leave nothing behind", [], os.listdir(folder))
        os.remove(path_of("piped.pcapng"))
check("when there is no place for them it is told", "packets were not kept" in read("piped.txt"))

environment["XDG_CONFIG_HOME"] = path_of("settings")
screen("keys t\nkeys j\nkey Space\nkey W\nsave kept\nkey Enter\nkeys w\nkeys W\nsave again\n")
kept = read(os.path.join("settings", "wsight", "config"))
check("columns and times are kept in the settings file",
      "columns = state finding client url" in kept and "time = start" in kept)
check("and it says where", "kept in" in last_line("again"))

finish()
