#!/usr/bin/env python3
"""The lines of follow in ClickHouse, PostgreSQL and through kcat, by the schemas and commands that come with
wsight: each line arrives once, and says there what it says here. What is not installed is skipped."""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from checks import TMP, WSIGHT, check, finish, run, skip

CAPTURES = ["captures/tour.pcapng", "captures/violations.pcapng"]
LINES = run("follow", "--format=jsonl", *CAPTURES)
TOLD = [json.loads(line) for line in LINES.decode().splitlines()]
MESSAGES = [line for line in TOLD if line["type"] == "message"]


def count(kind):
    return sum(line["type"] == kind for line in TOLD)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def command_of(path, begins):
    """The command that the schema's comment shows, without where the lines come from."""
    with open(path, encoding="utf-8") as file:
        comment = re.sub(r"^--(   )?", "", "".join(line for line in file if line.startswith("--")), flags=re.M)
    found = re.search(r"\| (" + begins + r".*?)\n\n", comment, re.S).group(1)
    return re.sub(r"\s*\\\n\s*", " ", found)


def shell(command, text=None, **options):
    return subprocess.run(["sh", "-c", command], input=text, capture_output=True, check=False, **options)


def wait_for(ready, process):
    deadline = time.monotonic() + 60
    while not ready() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)


# --- ClickHouse -----------------------------------------------------------------------------------

CLICKHOUSE = """<yandex><logger><level>error</level><log>{0}/log</log><errorlog>{0}/errors</errorlog></logger>
<listen_host>127.0.0.1</listen_host><tcp_port>{1}</tcp_port><path>{0}/data/</path><tmp_path>{0}/tmp/</tmp_path>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile>
<quota>default</quota></default></users><profiles><default/></profiles><quotas><default/></quotas>
<mark_cache_size>5000000</mark_cache_size><users_config>{0}/config.xml</users_config></yandex>"""


def test_clickhouse():
    server = shutil.which("clickhouse-server")
    if not server or not shutil.which("clickhouse-client"):
        skip(1, "ClickHouse is not installed")
        return
    folder, port = TMP + "/clickhouse", free_port()
    os.makedirs(folder)
    with open(folder + "/config.xml", "w", encoding="utf-8") as file:
        file.write(CLICKHOUSE.format(os.path.abspath(folder), port))

    def client(command, text=None):
        return shell(command.replace("clickhouse-client", f"clickhouse-client --host=127.0.0.1 --port={port}"),
                     text, env={**os.environ, "HOME": folder})

    def ask(query):
        return client(f'clickhouse-client --query="{query}"').stdout.decode().strip()

    with subprocess.Popen([server, f"--config-file={folder}/config.xml"], cwd=folder,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: ask("SELECT 1") == "1", process)
            made = client("clickhouse-client --multiquery <ui/stores/clickhouse.sql")
            check(f"ClickHouse takes the schema: {made.stderr[-300:]}", made.returncode == 0)
            sent = client(command_of("ui/stores/clickhouse.sql", "clickhouse-client"), LINES)
            check(f"ClickHouse takes the lines: {sent.stderr[-300:]}", sent.returncode == 0)
            for table, kind in (("messages", "message"), ("findings", "finding"), ("sessions", "end")):
                check(f"ClickHouse has the {table}",
                      ask(f"SELECT count() FROM wsight.{table}") == str(count(kind)))
            check("ClickHouse has their values", ask("SELECT sum(length), countIf(compressed = 1) "
                                                     "FROM wsight.messages WHERE opcode = 'text'").split()
                  == [str(sum(m["length"] for m in MESSAGES if m["opcode"] == "text")),
                      str(sum(m["compressed"] for m in MESSAGES if m["opcode"] == "text"))])
            texts = ask("SELECT text FROM wsight.messages WHERE text IS NOT NULL FORMAT JSONEachRow")
            check("ClickHouse has their texts", sorted(json.loads(line)["text"] for line in texts.split("\n"))
                  == sorted(m["text"] for m in MESSAGES if "text" in m))
        finally:
            process.kill()


# --- PostgreSQL -----------------------------------------------------------------------------------

def test_postgresql():
    """In a folder of its own: sockets have short names, and the user that it runs as must get there."""
    folder = tempfile.mkdtemp(prefix="wsight-")
    try:
        postgresql_in(folder)
    finally:
        shutil.rmtree(folder)


def postgresql_in(folder):
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb")) + [shutil.which("initdb")]
    bin_folder = os.path.dirname(found[0] or "")
    if not bin_folder or not shutil.which("psql"):
        skip(1, "PostgreSQL is not installed")
        return
    as_user = []
    if os.geteuid() == 0:  # which PostgreSQL refuses to be
        if not shutil.which("setpriv") or shell("id nobody && chown nobody " + folder).returncode != 0:
            skip(1, "PostgreSQL does not run as root")
            return
        as_user = ["setpriv", "--reuid=nobody", "--clear-groups"]
    if subprocess.run([*as_user, f"{bin_folder}/initdb", "-D", "data", "-U", "wsight", "-A", "trust", "-N",
                       "--locale=C.UTF-8"], cwd=folder, capture_output=True, check=False).returncode != 0:
        skip(1, "PostgreSQL cannot make a cluster in this folder")
        return
    environment = {**os.environ, "PGHOST": os.path.abspath(folder), "PGUSER": "wsight",
                   "PGDATABASE": "postgres"}

    def ask(query):
        return subprocess.run(["psql", "-XAtc", query], env=environment, capture_output=True,
                              check=False).stdout.decode().strip()

    with subprocess.Popen([*as_user, f"{bin_folder}/postgres", "-D", "data", "-h", "", "-k",
                           os.path.abspath(folder), "-F"], cwd=folder, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(lambda: ask("SELECT 1") == "1", process)
            made = shell("psql -X -v ON_ERROR_STOP=1 -f ui/stores/postgresql.sql", env=environment)
            check(f"PostgreSQL takes the schema: {made.stderr[-300:]}", made.returncode == 0)
            sent = shell(command_of("ui/stores/postgresql.sql", "psql"), LINES, env=environment)
            check(f"PostgreSQL takes the lines: {sent.stderr[-300:]}", sent.returncode == 0)
            for table, kind in (("messages", "message"), ("findings", "finding"), ("sessions", "end")):
                check(f"PostgreSQL has the {table}",
                      ask(f"SELECT count(*) FROM wsight.{table}") == str(count(kind)))
            check("PostgreSQL has their values", ask(
                "SELECT sum(length), count(*) FILTER (WHERE compressed) FROM wsight.messages "
                "WHERE opcode = 'text'") == "{}|{}".format(
                    sum(m["length"] for m in MESSAGES if m["opcode"] == "text"),
                    sum(m["compressed"] for m in MESSAGES if m["opcode"] == "text")))
            texts = ask("SELECT encode(convert_to(text, 'UTF8'), 'hex') FROM wsight.messages "
                        "WHERE text IS NOT NULL")
            expected = sorted(m["text"].replace("\0", "\ufffd") for m in MESSAGES if "text" in m)
            found = sorted(bytes.fromhex(text).decode() for text in texts.split("\n"))
            wrong = [pair for pair in zip(found, expected) if pair[0] != pair[1]]
            check(f"PostgreSQL has their texts, but for U+0000: {ascii(wrong[:1])}", found == expected)
            rows = run("export", "tsv", "--bodies=none", *CAPTURES)
            columns = ", ".join(f'"{c}" text' for c in rows.decode().splitlines()[0].split("\t"))
            ask(f"CREATE TABLE rows ({columns})")
            copied = shell('tail -n +2 | psql -Xc "COPY rows FROM STDIN"', rows, env=environment)
            check(f"COPY takes the rows of export tsv: {copied.stderr[-300:]} {copied.stdout}",
                  copied.stdout.decode().strip() == f"COPY {len(rows.splitlines()) - 1}")
        finally:
            process.terminate()
            process.wait()


# --- kcat -----------------------------------------------------------------------------------------

def test_kcat():
    if not shutil.which("kcat"):
        skip(1, "kcat is not installed")
        return
    # librdkafka's own broker, in the same process; -T shows the messages, one after another.
    for _ in range(5):  # that broker crashes now and then as it ends, which says nothing about the lines
        done = shell(f"{WSIGHT} follow --format=jsonl {' '.join(CAPTURES)} | "
                     "kcat -P -T -q -X test.mock.num.brokers=1 -b 127.0.0.1:1 -t websocket", timeout=60)
        if b"Segmentation fault" not in done.stderr:
            break
    check(f"kcat sends every line as a message: {done.stderr[-300:]}",
          done.returncode == 0 and done.stdout == LINES.replace(b"\n", b""))


def main():
    test_clickhouse()
    test_postgresql()
    test_kcat()
    finish()


if __name__ == "__main__":
    main()
