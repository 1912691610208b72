#!/usr/bin/env python3
"""A HAR validator from npm (har-validator) accepts what export har writes of every capture. It is looked for
where node finds it, and below captures/, where 'npm install' puts it."""
import glob
import json
import os
import shutil
import subprocess

from checks import TMP, check, finish, run, skip

VALIDATE = """
const har = require('har-validator'), fs = require('fs');
(async () => { for (const path of process.argv.slice(1)) {
    try { await har.har(JSON.parse(fs.readFileSync(path))); console.log(JSON.stringify([path, null])); }
    catch (e) { console.log(JSON.stringify([path, e.errors || String(e)])); }
} })();
"""


def node(script, *arguments):
    paths = [os.environ.get("NODE_PATH", ""), os.path.abspath("captures/node_modules")]
    return subprocess.run(["node", "-e", script, *arguments], capture_output=True, check=False,
                          env={**os.environ, "NODE_PATH": ":".join(paths)})


def main():
    if not shutil.which("node") or node("require('har-validator')").returncode != 0:
        skip(1, "node has no har-validator")
        finish()
    paths = []
    for capture in sorted(glob.glob("captures/*.pcap*")):
        paths.append(f"{TMP}/{os.path.basename(capture)}.har")
        run("export", "har", "-o", paths[-1], capture, status=(0, 1))
    broken = TMP + "/broken.har"
    with open(broken, "w", encoding="utf-8") as file:
        file.write('{"log": {"version": "1.2", "entries": [{}]}}')
    told = [json.loads(line) for line in node(VALIDATE, *paths, broken).stdout.decode().splitlines()]
    verdicts = dict(told)
    check("the validator looked at all of them", sorted(verdicts) == sorted([*paths, broken]))
    check("it refuses what is none", verdicts.pop(broken))
    for path, errors in verdicts.items():
        check(f"{os.path.basename(path)} is accepted: {str(errors)[:300]}", errors is None)
    finish()


if __name__ == "__main__":
    main()
