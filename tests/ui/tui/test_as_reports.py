#!/usr/bin/env python3
"""What the screen shows is what reports tell: sessions have the same numbers, a capture that is cut off is a
finding, and a session that was refused says how."""
import json
import os
import re
import subprocess

from checks import TMP, WSIGHT, check, finish, run, same

PROGRAM = os.path.abspath(WSIGHT)


def screen(capture, keys):
    """What is shown after these keys, at 200 columns and 60 rows."""
    with open(os.path.join(TMP, "keys"), "w") as f:
        f.write(f"size 200 60\n{keys}save shown\n")
    subprocess.run([PROGRAM, "ui", "--script", "keys", os.path.abspath(capture)], check=True, cwd=TMP,
                   stderr=subprocess.DEVNULL, env=dict(os.environ, LC_ALL="C.UTF-8"))
    with open(os.path.join(TMP, "shown.txt")) as f:
        return f.read()


def numbers():
    report = json.loads(run("report", "--format=json", "captures/tour.pcapng"))
    told = {(s["client"]["port"], s["id"]) for s in report["sessions"] if ":" not in s["client"]["ip"]}
    rows = re.findall(r"^ \S +(\d+) .*? [\d.]+:(\d+) ", screen("captures/tour.pcapng", ""), re.M)
    check("there are sessions to compare", len(rows) > 30)
    same("sessions have the numbers that reports give them", told, {(int(port), int(n)) for n, port in rows})


def cut_capture():
    cut = os.path.join(TMP, "cut.pcap")
    with open("captures/ipv6.pcap", "rb") as whole, open(cut, "wb") as f:
        f.write(whole.read()[:-5])
    check("a capture that is cut off is a finding", "capture.truncated" in screen(cut, "keys !\n"))


def refused():
    shown = screen("captures/refused.pcapng", "key Enter G Enter\n")
    how = re.search(r"No WebSocket was opened\s+The server's answer: \d+ ", shown)
    check("a session that was refused says how", how)
    check("it has no Close that could be told of", "Close:" not in shown)


numbers()
cut_capture()
refused()
finish()
