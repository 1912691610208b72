#!/usr/bin/env python3
"""The HTML and Markdown reports of a capture full of markup: all of it is text. In headless Chromium the
page loads without a word on the console, nothing in it runs, and its table sorts."""
import base64
import html.parser
import os
import struct

from browser import Browser, can_browse
from checks import TMP, check, finish, run, skip

EVIL = ("<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
        "'\"><svg onload=alert(1)>|**b**`c`[l](javascript:x)@someone \x1b[2J")
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class Capture:
    """A pcap file of raw IPv4, made by hand."""

    def __init__(self, path):
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        self.time = 1795362913000000

    def packet(self, ports, sequence, answer, flags, data=b""):
        ends = (b"\x0a\0\0\1", b"\x0a\0\0\2") if ports[0] != 80 else (b"\x0a\0\0\2", b"\x0a\0\0\1")
        tcp = struct.pack(">HHIIBBHHH", ports[0], ports[1], sequence, answer, 0x50, flags, 65535, 0, 0) + data
        packet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + ends[0] + ends[1] + tcp
        self.time += 1000
        self.file.write(struct.pack("<IIII", self.time // 1000000, self.time % 1000000, len(packet), len(packet)))
        self.file.write(packet)

    def session(self, port, texts):
        sequence = [1000, 5000]
        self.packet((port, 80), 999, 0, 2)
        self.packet((80, port), 4999, 1000, 0x12)
        self.packet((port, 80), 1000, 5000, 0x10)

        def send(side, data):
            ports = (port, 80) if side == 0 else (80, port)
            self.packet(ports, sequence[side], sequence[1 - side], 0x18, data)
            sequence[side] += len(data)

        field = EVIL.replace("\x1b", "")
        send(0, (f"GET /{field.replace(' ', '%20')} HTTP/1.1\r\nHost: {field}\r\nUpgrade: websocket\r\n"
                 f"Connection: Upgrade\r\nOrigin: {field}\r\nUser-Agent: {field}\r\n"
                 f"Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        send(1, ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 f"Sec-WebSocket-Accept: {ACCEPT}\r\n\r\n").encode())
        for text in texts:
            data = text.encode()
            head = b"\x81" + (bytes([0x80 | len(data)]) if len(data) < 126
                              else b"\xfe" + struct.pack(">H", len(data)))
            send(0, head + b"\0\0\0\0" + data)
            send(1, head[:1] + bytes([head[1] & 0x7f]) + head[2:] + data)
        for side in (0, 1):
            close = struct.pack(">H", 1000) + EVIL[:80].encode()
            send(side, bytes([0x88, (0x80 if side == 0 else 0) | len(close)])
                 + (b"\0\0\0\0" if side == 0 else b"") + close)


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes = {}, set()

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}


def test_page(page):
    tags = Tags()
    tags.feed(page)
    check("the only script is the page's own", tags.tags.get("script") == 1)
    check("there are no images, frames or links", not {"img", "iframe", "object", "a", "link", "base"}
          & set(tags.tags))
    check("there are no event handlers, styles or addresses in attributes",
          not [a for a in tags.attributes if a.startswith("on") or a in ("style", "src", "href")])
    check("the policy lets nothing in", "default-src 'none'" in page and "unsafe" not in page)
    check("no control character is left", "\x1b" not in page)
    check("the payloads are there as text", "&#60;script&#62;" in page)


def test_in_browser(path):
    browser = Browser()
    try:
        browser.call("POST", "/url", {"url": "file://" + path})
        column = "[...document.querySelectorAll('#sessions>tbody')].map(b=>b.rows[0].cells[0].textContent).join()"
        check("nothing of the capture has run", browser.run("return document.title") == "WebSocket traffic")
        check("sessions are in order", browser.run(f"return {column}") == "1,2,3")
        browser.run("const h=document.querySelector('#sessions th');h.click();h.click()")
        check("a click on a heading sorts", browser.run(f"return {column}") == "3,2,1")
        browser.run("const i=document.querySelector('input');i.value='no such thing';"
                    "i.dispatchEvent(new Event('input'))")
        check("sessions are filtered", browser.run(
            "return document.querySelectorAll('#sessions>tbody:not([hidden])').length") == 0)
        check("markup shows as text", browser.run("return document.body.textContent").count("<script>") > 3)
        check("nothing is on the console", browser.call("POST", "/se/log", {"type": "browser"}) == [])
        picture = base64.b64decode(browser.call("GET", "/screenshot"))
        check("a picture can be made of it", picture[:4] == b"\x89PNG" and len(picture) > 5000)
    finally:
        browser.close()


def main():
    capture = Capture(TMP + "/evil.pcap")
    for i in range(3):
        capture.session(40000 + i, [EVIL, "plain"] * (i + 1))
    capture.file.close()
    page = run("report", "--format=html", TMP + "/evil.pcap").decode()
    with open(TMP + "/evil.html", "w", encoding="utf-8") as file:
        file.write(page)
    test_page(page)
    text = run("report", "--format=markdown", TMP + "/evil.pcap").decode()
    check("in Markdown nothing is markup", "<script" not in text and "](" not in text
          and "@someone" not in text and "\x1b" not in text)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    check("tables keep their columns", all(line.count("|") in (3, 4, 7, 11) for line in rows))
    if can_browse():
        test_in_browser(os.path.realpath(TMP + "/evil.html"))
    else:
        skip(7, "Chromium and its driver are not installed")
    finish()


if __name__ == "__main__":
    main()
