#!/usr/bin/env python3
"""A pipe that is fed slowly, and a capture file that grows: follow tells of each message as soon as its
packet is there, and not before."""

import json
import os
import queue
import struct
import subprocess
import threading

from checks import TMP, WSIGHT, check, finish, run, same

CAPTURE = "captures/ipv6.pcap"
PATIENCE = 60  # seconds, for what never comes


def pieces(path):
    """The file's header, then each packet's record."""
    data = open(path, "rb").read()
    parts, at = [data[:24]], 24
    while at < len(data):
        n = struct.unpack("<I", data[at + 8:at + 12])[0]
        parts.append(data[at:at + 16 + n])
        at += 16 + n
    return parts


def messages_of(lines):
    records = [json.loads(line) for line in lines]
    return [(r["last_packet"], r["direction"], r["length"]) for r in records if r["type"] == "message"]


def read_lines(stream):
    """A queue of messages as they are printed, and None at the end."""
    told = queue.Queue()

    def run():
        for line in stream:
            for message in messages_of([line]):
                told.put(message)
        told.put(None)
    threading.Thread(target=run, daemon=True).start()
    return told


def feed(write, told, expected, parts):
    """Writes packet by packet; what each has to bring must come before the next is written."""
    wanted = list(expected)
    write(parts[0])
    for number, record in enumerate(parts[1:], 1):
        half = len(record) // 2
        write(record[:half])
        write(record[half:])
        while wanted and wanted[0][0] == number:
            try:
                if told.get(timeout=PATIENCE) != wanted.pop(0):
                    return f"another message with packet {number}"
            except queue.Empty:
                return f"nothing with packet {number}"
    return "each in time"


def follow(path, **arguments):
    return subprocess.Popen([WSIGHT, "follow", "--format=jsonl", path], stdout=subprocess.PIPE, **arguments)


def a_pipe(expected, parts):
    program = follow("-", stdin=subprocess.PIPE)
    told = read_lines(program.stdout)

    def write(data):
        program.stdin.write(data)
        program.stdin.flush()
    same("a pipe that is fed slowly", "each in time", feed(write, told, expected, parts))
    program.stdin.close()
    same("it ends with the pipe", (None, 0), (told.get(timeout=PATIENCE), program.wait()))


def a_growing_file(expected, parts):
    path = os.path.join(TMP, "growing.pcap")
    # tail passes on all that was written before this one ends, and ends itself.
    writer = subprocess.Popen(["sleep", str(10 * PATIENCE)])
    with open(path, "wb") as growing:
        tail = subprocess.Popen(["tail", "-c", "+1", "-s", "0.1", "--pid", str(writer.pid), "-f", path],
                                stdout=subprocess.PIPE)
        program = follow("-", stdin=tail.stdout)
        tail.stdout.close()
        told = read_lines(program.stdout)

        def write(data):
            growing.write(data)
            growing.flush()
        same("a file that grows, by tail", "each in time", feed(write, told, expected, parts))
    writer.terminate()
    writer.wait()
    tail.wait()
    same("it ends with tail", (None, 0), (told.get(timeout=PATIENCE), program.wait()))


def main():
    expected = messages_of(run("follow", "--format=jsonl", CAPTURE).splitlines())
    parts = pieces(CAPTURE)[:expected[-1][0] + 1]  # nothing that tail might be ended in the middle of
    check("there are messages to wait for", len(expected) > 10)
    a_pipe(expected, parts)
    a_growing_file(expected, parts)
    finish()


main()
