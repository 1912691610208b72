#!/usr/bin/env python3
"""The screen on a pseudo terminal: a hostile capture, resizing, a lost terminal, an unknown one. What was captured must never reach the terminal as a control sequence."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import termios
import time

from checks import TMP, WSIGHT, check, finish, wsight

PROGRAM = os.path.abspath(WSIGHT)


def shows(sentence, good, seen):
    """What the terminal was sent, where it was something else."""
    check(sentence, good)
    if not good:
        print(f"  seen: {seen[-600:]!r}")


# --- A capture full of what terminals obey ---------------------------------------------------------

EVIL = (b"\x1b]0;PWNED\x07\x1b[31mRED\x1b[2J\x9b5n\xc2\x9b6n\xc2\x90q\r\n\x08\x0e\x7f"
        b"\xe2\x80\xaeesrever\xe2\x80\xac\x1b[6n\x05\x1bcZ")


def packet(src, dst, sport, dport, seq, ack, flags, payload):
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 65535, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, src, dst)
    return b"\0" * 12 + b"\x08\0" + ip + tcp


def hostile(path):
    a, b = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    seq = {a: 1000, b: 5000}
    out = [struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)]
    clock = [1700000000]

    def send(src, dst, flags, payload=b""):
        sport, dport = (4000, 80) if src == a else (80, 4000)
        data = packet(src, dst, sport, dport, seq[src], seq[dst], flags, payload)
        clock[0] += 1
        out.append(struct.pack("<IIII", clock[0], 0, len(data), len(data)) + data)
        seq[src] += len(payload) + (flags & 3 != 0)

    send(a, b, 2)
    send(b, a, 0x12)
    send(a, b, 0x10)
    send(a, b, 0x18, b"GET /" + EVIL.replace(b"\r\n", b"") + b" HTTP/1.1\r\nHost: h" +
         EVIL.replace(b"\r\n", b"") + b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
    send(b, a, 0x18, b"HTTP/1.1 101 " + EVIL.replace(b"\r\n", b"") +
         b"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
    for opcode in (1, 2, 9, 10):
        body = EVIL[:120]
        send(b, a, 0x18, bytes([0x80 | opcode, len(body)]) + body)
    reason = b"\x03\xe8" + EVIL[:100]
    send(b, a, 0x18, bytes([0x88, len(reason)]) + reason)
    send(b, a, 0x11)
    with open(path, "wb") as f:
        f.write(b"".join(out))


# --- A pseudo terminal -----------------------------------------------------------------------------

class Screen:
    def __init__(self, *arguments, term="xterm-256color", rows=24, columns=80, lc="C.UTF-8"):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM=term, LC_ALL=lc, TZ="UTC0", XDG_CONFIG_HOME="/nonexistent")
            os.environ.pop("NO_COLOR", None)
            self.start()
            os.execv(PROGRAM, [PROGRAM, *arguments])
        self.resize(rows, columns)

    def start(self):
        """In the child, before the program."""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, until=None, seconds=10.0):
        """Reads until the text is seen, or nothing comes for a moment."""
        end, new = time.monotonic() + seconds, b""
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], 0.05)
            if not ready:
                if until is None or until in new:
                    break
                continue
            try:
                piece = os.read(self.fd, 65536)
            except OSError:
                break
            if not piece:
                break
            new += piece
            if until is not None and until in new:
                break
        self.seen += new
        return new

    def type(self, keys, until=None):
        os.write(self.fd, keys)
        return self.read(until)

    def wait(self, seconds=10.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
            time.sleep(0.02)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


path = os.path.join(TMP, "hostile.pcap")
hostile(path)
BAD = (b"PWNED\x07", b"]0;PWNED", b"[31mRED", b"\x9b5n", b"\xc2\x9b", b"\xc2\x90", b"\xe2\x80\xae",
       b"\x05", b"\x0e", b"\x1bcZ", b"\x1b[6n", b"\x7f")
for locale in ("C.UTF-8", "C"):
    s = Screen(path, lc=locale)
    s.read(b"Sessions")
    s.type(b"\r")
    time.sleep(0.3)
    for key in (b"j", b"j", b"j", b"j", b"x", b"\r", b"1", b"2", b"3", b"4", b"5", b"]", b"]", b"\x1b",
                b"\x1b", b"!", b"q", b"i", b"q", b"f", b"host contains h\r", b"s"):
        s.type(key)
    for bad in BAD:
        shows(f"{bad!r} does not reach the terminal ({locale})", bad not in s.seen, s.seen)
    s.type(b"\x1bq")
    s.type(b"\x18")
    check(f"it ends well ({locale})", s.wait() == 0)

tour = os.path.abspath("captures/tour.pcapng")
s = Screen(tour)
s.read(b"tour.pcapng")
s.resize(30, 132)
os.kill(s.pid, signal.SIGWINCH)
shows("another size draws it anew", b"Subprotocol" in s.read(b"Subprotocol"), s.seen)
shows("and still answers", b"Flow" in s.type(b"\r", b"Flow"), s.seen)
os.kill(s.pid, signal.SIGHUP)
check("SIGHUP ends it", s.wait() is not None)

s = Screen(tour)
s.read(b"tour.pcapng")
os.close(s.fd)
check("a lost terminal ends it", s.wait() is not None)

s = Screen("ui", tour, term="no-such-terminal")
said = s.read(b"not known")
shows("an unknown terminal is told", b"'no-such-terminal' is not known here" in said, said)
check("and fails", s.wait() not in (0, None))

said = wsight("ui", tour, status=(1, 2))
shows("without a terminal it says so", b"needs a terminal" in said.stderr, said.stderr)
said = wsight(tour)
shows("and wsight FILE is a report", b"Sessions" in said.stdout, said.stdout)

# --- A terminal that takes nothing (Ctrl-S) --------------------------------------------------------

class Fed(Screen):
    """The capture comes through a pipe, keys from the terminal."""

    def __init__(self):
        self.pipe, self.feed = os.pipe()
        os.set_inheritable(self.pipe, True)
        super().__init__("ui", "-")
        os.close(self.pipe)
        os.set_blocking(self.feed, False)

    def start(self):
        os.dup2(self.pipe, 0)

    def write(self, data, seconds=20.0):
        """How much of it was taken in that time."""
        end, done = time.monotonic() + seconds, 0
        while done < len(data) and time.monotonic() < end:
            if select.select([], [self.feed], [], 0.1)[1]:
                done += os.write(self.feed, data[done:done + 65536])
        return done


with open(tour, "rb") as f:
    much = f.read() * 8
said = wsight("report", "--format", "json", "-", input=much).stdout
sessions = b"%d sessions" % len(json.loads(said)["sessions"])
s = Fed()
first = s.write(much[:20000])  # it opens the terminal once it knows what comes
s.read(b"sessions")
os.write(s.fd, b"\x13")  # Ctrl-S
time.sleep(0.2)
check("what is read and decoded does not wait for a stopped terminal", s.write(much[first:]) == len(much) - first)
os.close(s.feed)
s.type(b"\x11")  # Ctrl-Q
drawn = (s.type(b"\x0c") for _ in range(200))  # ^L, until everything is decoded
shows("and all of it is shown once it goes on", any(sessions in picture for picture in drawn), s.seen)
s.type(b"q")
check("then it ends as always", s.wait() == 0)

# --- A large file ----------------------------------------------------------------------------------

large = os.path.join(TMP, "large.pcapng")
with open(large, "wb") as f:
    for _ in range(8):
        f.write(much)
s = Screen(large)
said = s.read(b"% ") + s.read(b"10.77.0.1")
shows("the first rows of a large file are there while it is read",
      b"reading" in said and b"10.77.0.1" in said, said)
shows("and keys are answered", b"101 " in s.type(b"\r", b"101 "), s.seen)
s.type(b"q")
s.type(b"q")
check("before its end", s.wait() == 0)

s = Screen(tour)
s.read(b"40 sessions")
os.write(s.fd, b"\x13")
time.sleep(0.2)
os.write(s.fd, b"\r")
time.sleep(0.2)
os.kill(s.pid, signal.SIGTERM)
check("SIGTERM ends it while the terminal is stopped", s.wait() is not None)

finish()
