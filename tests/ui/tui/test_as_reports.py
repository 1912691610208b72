#!/usr/bin/env python3
"""What the screen shows is what reports tell: sessions have the same numbers, a capture that is cut off is a
finding, and a session that was refused says how."""
import fcntl
import json
import os
import re
import struct
import subprocess
import termios
import time

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


def key_log_that_grows():
    """The first packets come through a pipe before the key log is written to."""
    log = os.path.join(TMP, "growing.keys")
    with open("captures/wss.pcap", "rb") as f:
        capture = f.read()
    with open("captures/wss.keys", "rb") as f:
        keys = f.read()
    for file, text in (("growing.keys", ""), ("keys", "size 200 60\nsave shown\n")):
        with open(os.path.join(TMP, file), "w") as f:
            f.write(text)
    command = [PROGRAM, "ui", "--script", "keys", "-k", log, "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=TMP) as child:
        child.stdin.write(capture[:3000])
        child.stdin.flush()
        while child.poll() is None and struct.unpack("i", fcntl.ioctl(child.stdin, termios.FIONREAD, b"\0" * 4))[0]:
            time.sleep(0.01)
        with open(log, "wb") as f:
            f.write(keys)
        child.communicate(capture[3000:])
    with open(os.path.join(TMP, "shown.txt")) as f:
        shown = f.read()
    told = len(json.loads(run("report", "--format=json", "-k", log, "captures/wss.pcap"))["sessions"])
    check("there is something to open", told > 0)
    check("a key log that grows while packets come through a pipe is read", f" {told} sessions" in shown)


numbers()
key_log_that_grows()
cut_capture()
refused()
finish()
