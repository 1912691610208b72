#!/usr/bin/env python3
"""Holds wsight's reports against captures/NAME.truth.json, what the recorded programs logged themselves.

Every session with a truth must be in the report, with the same counts, lengths, SHA-256 of all messages,
Closes, subprotocol, extensions and refusals. What a capture cannot show is listed below, with the reason.
test_truth.py [NAME...] checks some captures only."""
import collections
import json
import os
import subprocess
import sys

WSIGHT = os.environ.get("WSIGHT", "./wsight")
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
DIRECTIONS = ("client_to_server", "server_to_client")

# What is there only in parts, or not to be read: (capture, port of the server).
PARTIAL = {
    ("gap", 8080): "segments were taken out",
    ("midstream", 8080): "the beginnings were taken out",
    ("snaplen-128", 8080): "packets were cut after 128 bytes",
    ("snaplen-400", 8080): "packets were cut after 400 bytes",
    ("tour", 8090): "the beginnings were taken out",
    ("tour", 8091): "segments were taken out",
}
# TLS that stays closed: (capture, path), with the reason that the report gives.
CLOSED = {
    ("tour", "/tls13?echo=1&pmd=all"): "no keys",  # recorded without its keys
    ("tour", "/tls12?echo=1&pmd=all"): "no keys",
    ("tls-ciphers", "/unsupported-camellia?echo=1&pmd=all"): "unsupported",
}
FRONT_ONLY = {"tls-handshakes"}  # what is behind the proxy was not captured

# Whole but for their handshakes: sessions are known by their ports alone.
PICKED_UP = {"versions-midstream"}
# Of those, what the client of hybi-04 sent cannot be unmasked.
SERVER_ALONE = {("versions-midstream", "/ok-hybi-04"), ("versions-midstream", "/ok-hybi-04-faulty")}

CLAIMED = {"client_to_server payload": "the truth has the length that the frame claims"}
# (capture, path): {what differs: why}
EXCEPTIONS = {
    ("handshakes", "/S9-extensions-split"): {
        "extensions": "the answer has them in two header fields, and the truth only the first"},
    ("security", "/compression-bomb"): dict.fromkeys(
        ("server_to_client bytes", "server_to_client sha256"), "a bomb is not inflated to its end"),
    ("violations", "/C1-one-byte"): {
        "client_to_server close": "a Close without a whole code is none for the truth"},
    ("violations", "/C9-reason-of-124"): {
        "client_to_server close": "longer than a control frame may be: its code is not read"},
    ("violations", "/F18-end-inside-frame"): CLAIMED,
    ("violations", "/F18-reset-inside-frame"): CLAIMED,
    ("violations", "/F8-length-top-bit"): CLAIMED,
    ("violations", "/ok-F8-length-2-to-62"): CLAIMED,
}


def report(capture):
    stem = capture.rsplit(".", 1)[0]
    command = [WSIGHT, "report", "--format=json", "--digest", "--show-secrets", capture]
    for option, keys in ("-k", stem + ".keys"), ("--rsa-key", stem + ".pem"):
        command += [option, keys] if os.path.exists(keys) else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    expected = 1 if "truncated" in capture else 0
    if done.returncode != expected:
        sys.exit(f"{capture}: exit status {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def path_of(target):
    """The path of an absolute-form target too, without the fragment that has no business there."""
    path = "/" + target.split("/", 3)[3] if target.startswith("http") else target
    return path.split("#")[0]


def key(session, path):
    """The server may be None: whoever it is."""
    client, server = session["client"], session["server"] or {"ip": None, "port": None}
    return (client["ip"], client["port"], server["ip"], server["port"], path)


class Comparison:
    def __init__(self, name, ignored):
        self.name, self.ignored = name, dict(ignored)
        self.compared, self.differences = 0, []

    def same(self, what, truth, found):
        self.compared += 1
        if what in self.ignored and truth != found:
            del self.ignored[what]
            return
        if truth != found:
            self.differences.append(f"{self.name}: {what}: truth {truth!r}, found {found!r}")


def compare_close(c, way, truth, found):
    code_and_reason = found and {"code": found["code"], "reason": found["reason"] or ""}
    c.same(f"{way} close", truth, code_and_reason)


def compare_counts(c, way, truth, found):
    names = {"text": found["messages"]["text"], "binary": found["messages"]["binary"],
             "pings": found["opcodes"]["ping"], "pongs": found["opcodes"]["pong"],
             "bytes": found["message_bytes"], "sha256": found["messages_sha256"] or NOTHING}
    for what, value in names.items():
        if what in truth:
            c.same(f"{way} {what}", truth[what], value)
    if "close" in truth:
        compare_close(c, way, truth["close"], found["close"])


def opcode_name(opcode):
    known = ("continuation", "text", "binary", "close", "ping", "pong")
    return opcode if opcode in known else "reserved"


def compare_frames(c, way, frames, found):
    opcodes = collections.Counter(opcode_name(f["opcode"]) for f in frames)
    c.same(f"{way} opcodes", {k: opcodes[k] for k in found["opcodes"]}, found["opcodes"])
    c.same(f"{way} frames", len(frames), found["frames"])
    c.same(f"{way} masked", sum(f["masked"] for f in frames), found["masked"])
    c.same(f"{way} payload", sum(f["bytes"] for f in frames), found["payload_bytes"])


def extensions(text):
    """As a list of (name, parameters), whichever way it is written."""
    if not text:
        return []
    if isinstance(text, list):
        text = ", ".join(text)
    return [[part.strip() for part in one.split(";")] for one in text.split(",")]


def compare_tls(c, truth, found):
    """What the program was told by its TLS library."""
    c.same("decrypted", True, found["tls"] and found["tls"]["decrypted"])
    for what, value in truth.items():  # version, cipher, perhaps alpn
        value = [value] if what == "alpn" and value else value
        c.same(f"TLS {what}", value, found["tls"] and found["tls"][what])


def compare_session(c, truth, found):
    handshake = found["handshake"] or {}
    if "tls" in truth:
        compare_tls(c, truth["tls"], found)
    if truth.get("refused") is not None:
        c.same("refused", truth["refused"], handshake.get("status"))
        if truth.get("versions"):
            c.same("versions", truth["versions"].split(", "), handshake.get("supported_versions"))
        return
    if truth["subprotocol"] or "closes" not in truth:  # raw sockets do not tell it
        c.same("subprotocol", truth["subprotocol"], handshake.get("subprotocol"))
    c.same("extensions", extensions(truth["extensions"]), extensions(handshake.get("extensions")))
    for way in DIRECTIONS:
        if truth[way]:
            compare_counts(c, way, truth[way], found[way])
        if f"frames_{way}" in truth:
            compare_frames(c, way, truth[f"frames_{way}"], found[way])
    for way, close in truth.get("closes", {}).items():
        compare_close(c, way, close, found[way]["close"])


def stem_of(name):
    """What several captures with the same truth have in common."""
    return "format" if name.startswith("format-") else name.replace("-secrets", "")


def truth_of(name):
    with open(f"captures/{stem_of(name)}.truth.json", encoding="utf-8") as file:
        return json.load(file)["sessions"]


def legs(name, truth):
    """The session as its client saw it, and behind a proxy as its server did."""
    yield truth
    if "at_server" in truth and stem_of(name) not in FRONT_ONLY:
        behind = {name: value for name, value in truth.items() if name != "tls"}
        yield {**behind, "client": truth["at_server"], "server": None}


def server_alone(truth):
    """What is left of a truth when only the server can be read."""
    closes = {"server_to_client": truth["closes"]["server_to_client"]}
    left = {key: value for key, value in truth.items() if key != "frames_client_to_server"}
    return {**left, "client_to_server": None, "closes": closes}


def check_session(name, truth, found, tls):
    """Differences of one session, and how many values were compared."""
    path = truth["path"]
    where = truth["server"] and (name, truth["server"]["port"])
    if where in PARTIAL:
        return [], 0
    wanted = CLOSED.get((stem_of(name), path))
    if wanted:
        why = tls.get(key(truth, ""))
        return [] if why == wanted else [f"{name} {path}: closed for {why}, not {wanted}"], 1
    truth = server_alone(truth) if (name, path) in SERVER_ALONE else truth
    c = Comparison(f"{name} {path}", EXCEPTIONS.get((name, path), {}))
    candidates = found[key(truth, "" if name in PICKED_UP else path)]
    if not candidates:
        return [f"{name} {path}: not found"], 1
    compare_session(c, truth, candidates.pop(0))
    unneeded = [f"{c.name}: {what} agrees; the exception is not needed" for what in c.ignored]
    return c.differences + unneeded, c.compared


def check(capture, name):
    told = report(capture)
    tls = {key(session, ""): session["why_not"] for session in told["undecrypted_tls"]}
    found = collections.defaultdict(list)
    for session in told["sessions"]:
        target = session["handshake"] and session["handshake"]["target"]
        path = path_of(target or "")
        found[key(session, path)].append(session)
        found[key({**session, "server": None}, path)].append(session)
    compared, differences = 0, []
    for truth in truth_of(name):
        if truth["client"]:  # without one it never came to a connection
            for leg in legs(name, truth):
                more, n = check_session(name, leg, found, tls)
                differences += more
                compared += n
    if compared == 0 and name not in {capture for capture, _ in PARTIAL}:
        differences.append(f"{name}: nothing to compare")
    return compared, differences


def unpacks_all():
    """Was wsight built with the libraries that configure can do without?"""
    with open("config.h", encoding="utf-8") as file:
        found = file.read()
    return "HAVE_BZIP2" in found and "HAVE_SNAPPY" in found


def captures():
    for file in sorted(os.listdir("captures")):
        name, dot, suffix = file.partition(".")
        if name == "extensions" and not unpacks_all():
            continue
        if dot and suffix in ("pcap", "pcapng", "pcap.gz"):
            yield f"captures/{file}", name


def main():
    compared, failed = 0, 0
    for capture, name in captures():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        n, differences = check(capture, name)
        compared += n
        failed += len(differences)
        for difference in differences:
            print(difference)
    print(f"{compared} values compared")
    print(f"{1 if failed == 0 else 0} passed, {1 if failed else 0} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
