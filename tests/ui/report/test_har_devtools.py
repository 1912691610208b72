#!/usr/bin/env python3
"""The developer tools of Chromium import what export har writes: the program text of their Network panel
reads it in headless Chromium, and finds every session with its messages."""
import json

from browser import Browser, can_browse
from checks import TMP, check, finish, run, skip

CAPTURES = ("tour.pcapng", "subprotocols.pcapng", "extensions.pcapng", "refused.pcapng")

# What the panel's "Import HAR file" does with the file.
IMPORT = """
const done = arguments[arguments.length - 1];
import('/devtools/models/har/har.js').then(HAR => {
    const root = new HAR.HARFormat.HARRoot(JSON.parse(%s));
    done(HAR.Importer.Importer.requestsFromHARLog(root.log).map(request => ({
        url: request.url(), method: request.requestMethod, status: request.statusCode,
        type: request.resourceType().name(),
        frames: request.frames().map(f => ({type: f.type, opcode: f.opCode, data: f.text, time: f.time}))})));
}).catch(e => done(String(e)));
"""


def expected(entry):
    return {"url": entry["request"]["url"], "method": entry["request"]["method"],
            "status": entry["response"]["status"], "type": "websocket",
            "frames": [{key: message[key] for key in ("type", "opcode", "data", "time")}
                       for message in entry["_webSocketMessages"]]}


def main():
    if not can_browse():
        skip(len(CAPTURES), "Chromium and its driver are not installed")
        finish()
    browser = Browser()
    try:
        browser.call("POST", "/url", {"url": browser.devtools + "devtools_app.html"})
        for name in CAPTURES:
            text = run("export", "har", "captures/" + name).decode()
            entries = [expected(entry) for entry in json.loads(text)["log"]["entries"]]
            found = browser.wait_for(IMPORT % json.dumps(text))
            check(f"{name}: there is something to import", len(entries) > 3)
            check(f"{name}: every session is imported with its messages: {str(found)[:200]}", found == entries)
    finally:
        browser.close()
    finish()


if __name__ == "__main__":
    main()
