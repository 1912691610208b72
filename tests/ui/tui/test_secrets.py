#!/usr/bin/env python3
"""What reports mask the screen masks, too: tokens among the subprotocols, cookies, passwords in URLs; unless
--show-secrets is given."""
import json
import os
import subprocess

from checks import TMP, WSIGHT, check, finish, run

PROGRAM = os.path.abspath(WSIGHT)
CAPTURE = os.path.abspath("captures/security.pcapng")


def words(value):
    """All strings of a report, in pieces without blanks and separators."""
    if isinstance(value, dict):
        return set().union(*map(words, value.values()), set())
    if isinstance(value, list):
        return set().union(*map(words, value), set())
    text = str(value)
    for separator in ",=&?;":
        text = text.replace(separator, " ")
    return set(text.split())


def report(*options):
    return json.loads(run("report", "--format=json", *options, CAPTURE))


def screens(sessions, *options):
    """Every session's ladder and handshakes, the list of sessions, and statistics."""
    keys = "size 300 60\nsave list\n"
    for i in range(sessions):
        keys += f"keys gg{'j' * i}\nkey Enter\nsave flow-{i}\nkey Enter\nsave request-{i}\n"
        keys += f"key q\nkeys j\nkey Enter\nsave answer-{i}\nkey q q\n"
    keys += "keys i\nsave statistics\nkey PgDn\nsave statistics-2\n"
    with open(os.path.join(TMP, "keys"), "w") as f:
        f.write(keys)
    subprocess.run([PROGRAM, "ui", "--script", "keys", *options, CAPTURE], check=True, cwd=TMP,
                   env=dict(os.environ, LC_ALL="C.UTF-8", XDG_CONFIG_HOME="/nonexistent"))
    texts = []
    for name in os.listdir(TMP):
        if name.endswith(".txt"):
            with open(os.path.join(TMP, name)) as f:
                texts.append(f.read())
    return "\n".join(texts)


masked, whole = report(), report("--show-secrets")
secrets = {word for word in words(whole) - words(masked) if len(word) >= 8 and "..." not in word}
check("there are secrets", len(secrets) >= 4)
seen = screens(len(masked["sessions"]))
for secret in sorted(secrets):
    check(f"{secret} is masked", secret not in seen)
seen = screens(len(masked["sessions"]), "--show-secrets")
check("and shown when they are to be", any(secret in seen for secret in secrets))
finish()
