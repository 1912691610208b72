"""A program for websocketd: answers every line in capitals; `quit` ends it. With --binary it sends bytes
back as they come. What it read is logged."""
import os
import signal
import sys

from pylog import Tally, endpoint, write


def talk(tally):
    if "--binary" in sys.argv:
        while data := os.read(0, 65536):
            tally.message(data)
            os.write(1, data)
        return
    for line in sys.stdin:
        line = line.rstrip("\n")
        tally.message(line)
        print("goodbye" if line == "quit" else line.upper(), flush=True)
        if line == "quit":
            return


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tally = Tally()
    try:
        talk(tally)
    except OSError:
        pass
    received = tally.result(None)
    del received["close"]  # websocketd keeps it to itself
    write({
        "role": "server",
        "path": os.environ["REQUEST_URI"],
        "client": endpoint((os.environ["REMOTE_ADDR"], int(os.environ["REMOTE_PORT"]))),
        "server": endpoint((os.environ["SERVER_NAME"], int(os.environ["SERVER_PORT"]))),
        "received": received,
    })


main()
