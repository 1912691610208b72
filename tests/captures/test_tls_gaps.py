#!/usr/bin/env python3
"""TLS with packets missing: a segment that was not captured costs the messages in it, and what follows is
opened again. Segments are taken out of captures/tls-long.pcap behind the handshakes, one at a time and
several at random; its truth lists every message."""
import collections
import random
import sys

sys.dont_write_bytecode = True
sys.path[:0] = ["captures/peers", "tests/captures"]
import pcap  # noqa: E402  pylint: disable=wrong-import-position
from checks import TMP, run_all  # noqa: E402  pylint: disable=wrong-import-position
from test_partial import DIRECTIONS, followed, in_order, sessions_with_messages  # noqa: E402  pylint: disable=wrong-import-position

NAME = "tls-long"
HANDSHAKE = 8  # data segments of a connection, at most, with the upgrade and its answer
EVERY = 7  # of the segments one by one
HOLES = [(2, 1), (5, 2), (5, 3), (15, 4)]  # segments in a hundred that are missing, and seed


def numbered_segments(packets):
    """Packet number, segment and its number in its connection, of the data behind the handshakes."""
    seen = collections.Counter()
    for number, packet in enumerate(packets):
        segment = pcap.segment(packet)
        if segment.payload:
            connection = pcap.connection(segment)
            seen[connection] += 1
            if seen[connection] > HANDSHAKE:
                yield number, segment


def compare(capture):
    """Messages that were sent and not found, and the first that was found and never sent."""
    found = followed(capture, "-k", f"captures/{NAME}.keys")
    missing, wrong = collections.Counter(), None
    for session in sessions_with_messages(NAME):
        for way in DIRECTIONS:
            sent = [(m["opcode"], m["sha256"]) for m in session[way]["messages"]]
            got = found.get((session["client"]["port"], way), [])
            missing[session["path"], way] += len(sent) - len(got)
            wrong = wrong or in_order(got, sent)
    return missing, wrong


def leave_out(packets, link, snap, numbers):
    name = f"{TMP}/gap.pcap"
    pcap.write(name, [p for number, p in enumerate(packets) if number not in numbers], link, snap)
    return compare(name)


def way_of(segment):
    """Path of the session, and direction."""
    for session in sessions_with_messages(NAME):
        ports = session["client"]["port"], session["server"]["port"]
        if (segment.sport, segment.dport) == ports:
            return session["path"], "client_to_server"
        if (segment.dport, segment.sport) == ports:
            return session["path"], "server_to_client"
    raise AssertionError("a segment of no session")


def one_missing_segment_costs_its_messages_alone(packets, link, snap):
    for number, segment in list(numbered_segments(packets))[::EVERY]:
        missing, wrong = leave_out(packets, link, snap, {number})
        here = way_of(segment)
        where = f"without packet {number + 1}, {here}"
        assert wrong is None, f"{where}: a message that was never sent: {wrong}"
        # Compressed with context takeover, later messages may refer to what is missing.
        assert missing[here] <= 2 or "deflate" in here[0], f"{where}: {missing[here]} messages"
        assert sum(missing.values()) == missing[here], f"{where}: {missing}"


def behind_many_holes_messages_are_found_again(packets, link, snap):
    segments = [number for number, _ in numbered_segments(packets)]
    for percent, seed in HOLES:
        rng = random.Random(seed)
        numbers = {number for number in segments if rng.random() * 100 < percent}
        missing, wrong = leave_out(packets, link, snap, numbers)
        assert wrong is None, f"seed {seed}: a message that was never sent: {wrong}"
        assert sum(missing.values()) <= 3 * len(numbers), f"seed {seed}: {missing} for {len(numbers)} segments"


TESTS = [one_missing_segment_costs_its_messages_alone, behind_many_holes_messages_are_found_again]


if __name__ == "__main__":
    run_all(TESTS, *pcap.read(f"captures/{NAME}.pcap"))
