"""A WebSocket client that leaves the connection to `openssl s_client`: python3-websockets makes and reads the
frames, s_client's commands do what no WebSocket program does by itself.

pipe-client.py HOST PORT LOCAL-PORT NAME [S_CLIENT-OPTION...]. By the beginning of NAME:
  key-update     'K' between messages: new keys for both directions (RFC 8446 section 4.6.3), twice
  renegotiate    'R' between messages (TLS 1.2)
  early          the opening handshake as 0-RTT data; -sess_in must name a session
  early-refused  the same to a server that takes none: it is sent again
  other names    only what the options do"""
import os
import subprocess
import sys

from websockets.client import ClientConnection
from websockets.frames import Opcode
from websockets.uri import parse_uri

from pylog import Tally, tls_record, write

HOST, PORT, LOCAL, NAME = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
OPTIONS, WORK = sys.argv[5:], os.path.dirname(os.environ["WSIGHT_LOG"])


class Client:
    def __init__(self):
        self.path, self.tally, self.close = f"/{NAME}?echo=1", Tally(), None
        self.ws = ClientConnection(parse_uri(f"wss://{HOST}:{PORT}{self.path}"))
        self.ws.send_request(self.ws.connect())
        command = ["openssl", "s_client", "-connect", f"{HOST}:{PORT}", "-bind", f"{HOST.rsplit('.', 1)[0]}.1:{LOCAL}"]
        command += ["-brief", "-servername", "every.example", "-keylogfile", f"{WORK}/keys", *OPTIONS]
        early = NAME.startswith("early")
        if early:
            request = b"".join(self.ws.data_to_send())
            with open(f"{WORK}/early", "wb") as file:
                file.write(request)
            command += ["-early_data", f"{WORK}/early"]
        self.errors = open(f"{WORK}/s_client.{NAME}", "wb")
        self.pipe = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0)
        if NAME.startswith("early-refused"):
            self.put(request)

    def put(self, data):
        self.pipe.stdin.write(data)

    def flush(self):
        for data in self.ws.data_to_send():
            if data:
                self.put(data)

    def events(self):
        """Flushes, waits for something, and returns what came."""
        self.flush()
        while True:
            data = os.read(self.pipe.stdout.fileno(), 65536)
            if not data:
                raise EOFError(f"{NAME}: s_client ended")
            self.ws.receive_data(data)
            found = self.ws.events_received()
            if found:
                return found

    def wait(self, opcode):
        while True:
            for event in self.events():
                if getattr(event, "opcode", None) in (Opcode.TEXT, Opcode.BINARY):
                    self.tally.message(event.data.decode() if event.opcode is Opcode.TEXT else event.data)
                if getattr(event, "opcode", None) is opcode:
                    return

    def echo(self, *texts):
        for text in texts:
            self.ws.send_text(text.encode())
            self.wait(Opcode.TEXT)

    def command(self, letter):
        """s_client takes what it reads for a command when it begins with the letter: it must come alone, as
        the echo that was waited for makes sure."""
        self.put(letter + b"\n")
        self.wait_for(b"KEYUPDATE" if letter == b"K" else b"RENEGOTIATING")

    def wait_for(self, word):
        before = getattr(self, "seen", 0)
        while True:
            with open(self.errors.name, "rb") as file:
                at = file.read().find(word, before)
            if at >= 0:
                self.seen = at + 1
                return

    def said(self, name):
        """What s_client said of the connection in one line of its own."""
        with open(self.errors.name, encoding="utf-8") as file:
            return next(line.split(": ")[1].strip() for line in file if line.startswith(name))

    def talk(self):
        if not NAME.startswith("early"):
            self.wait_for(b"CONNECTION ESTABLISHED")
        self.events()  # the answer to the opening handshake
        self.echo("Hello", '{"n": 1}')
        for _ in range(2):
            if NAME.startswith("key-update"):
                self.command(b"K")
            if NAME.startswith("renegotiate"):
                self.command(b"R")
            self.echo("after", "x" * 900)
        self.ws.send_ping(b"under cover")
        self.wait(Opcode.PONG)
        self.ws.send_close(1000, "bye")
        self.wait(Opcode.CLOSE)

    def end(self):
        self.pipe.stdin.close()
        self.pipe.wait(10)
        close = {"code": self.ws.close_rcvd.code, "reason": self.ws.close_rcvd.reason}
        tls = tls_record(self.said("Protocol version"), self.said("Ciphersuite"))
        write({"role": "client", "path": self.path, "client": {"ip": f"{HOST.rsplit('.', 1)[0]}.1", "port": LOCAL},
               "server": {"ip": HOST, "port": PORT}, **tls, "received": self.tally.result(close)})


client = Client()
try:
    client.talk()
finally:
    client.end()
