#!/usr/bin/env python3
"""follow --format=ecs says what jsonl says, in fields that the Elastic Common Schema has; the rest is below
wsight."""
import json

from checks import check, finish, run

CAPTURES = ["tour.pcapng", "violations.pcapng", "security.pcapng", "refused.pcapng", "ipv6.pcap",
            "wss-secrets.pcapng", "wss.pcap"]
ACTIONS = {"session": "websocket-open", "message": "websocket-message", "frame": "websocket-frame",
           "finding": "websocket-finding", "end": "websocket-end", "tls": "tls-connection",
           "loss": "capture-loss"}
END = {"ip": str, "port": int, "bytes": int, "packets": int}
# Of https://www.elastic.co/guide/en/ecs/8.11/, with their types.
FIELDS = {
    "@timestamp": str, "message": str, "ecs": {"version": str},
    "event": {"kind": str, "module": str, "action": str, "category": list, "type": list, "severity": int,
              "outcome": str, "start": str, "end": str, "duration": int},
    "network": {"transport": str, "type": str, "protocol": str, "community_id": str, "bytes": int,
                "packets": int},
    "source": END, "destination": END, "client": END, "server": END,
    "url": {"scheme": str, "full": str, "domain": str, "path": str, "query": str},
    "http": {"request": {"method": str}, "response": {"status_code": int}},
    "user_agent": {"original": str}, "tls": {"established": bool, "client": {"server_name": str}},
    "rule": {"id": str, "category": str, "reference": str}, "wsight": None}


def unknown(value, fields, path=""):
    """What is not as ECS has it."""
    for name, inner in value.items():
        kind = fields.get(name, False)
        if isinstance(kind, dict) and isinstance(inner, dict):
            yield from unknown(inner, kind, f"{path}{name}.")
        elif kind is not None and (kind is False or isinstance(kind, dict) or not isinstance(inner, kind)):
            yield path + name


def lines(path, style):
    return [json.loads(line) for line in
            run("follow", f"--format={style}", "--frames", path).decode().splitlines()]


def test_capture(name):
    told, plain = lines("captures/" + name, "ecs"), lines("captures/" + name, "jsonl")
    check(f"{name}: a line for each of jsonl's",
          [line["event"]["action"] for line in told] == [ACTIONS[line["type"]] for line in plain])
    strange = [field for line in told for field in unknown(line, FIELDS)]
    check(f"{name}: all fields are those of ECS, or below wsight: {strange[:3]}", not strange)
    for kind in ACTIONS:
        pairs = [(line, other) for line, other in zip(told, plain) if other["type"] == kind]
        wrong = [pair for pair in pairs if not same(*pair)]
        check(f"{name}: lines of the type {kind} say the same: {wrong[:1]}", not wrong)


def same(line, other):
    kind = other["type"]
    good = line["@timestamp"] == other["time"]
    if kind != "tls" and other["session"] is not None:
        good &= line["wsight"]["session"] == other["session"]
        good &= line["network"]["community_id"] == other["community_id"]
    if kind == "message":
        sender = "client" if other["direction"] == "client_to_server" else "server"
        good &= [line["wsight"].get("text", ""), line["wsight"].get("base64")] == \
            [other.get("text", other.get("reason", "")), other.get("base64")]
        good &= line["wsight"]["length"] == other["length"] and line["source"] == line[sender]
    if kind == "finding":
        good &= line["rule"]["id"] == other["id"] and line["message"] == other["text"]
    if kind == "loss":
        good &= line["wsight"]["loss"] == other["loss"]
    if kind == "end":
        good &= line["client"]["port"] == other["client"]["port"]
        good &= line["event"]["duration"] == round(other["duration"] * 1e9)
        good &= (line["event"]["outcome"] == "success") == (other["close"]["how"] == "clean")
        good &= line["network"]["bytes"] == line["client"]["bytes"] + line["server"]["bytes"]
    return good


def main():
    for name in CAPTURES:
        test_capture(name)
    first = [line for line in lines("captures/security.pcapng", "ecs") if "query" in line.get("url", {})]
    check("secrets of the URL are masked", first and any("***" in line["url"]["full"] for line in first)
          and all("***" in line["url"]["query"] for line in first if "***" in line["url"]["full"]))
    finish()


if __name__ == "__main__":
    main()
