-- Tables for the lines of 'wsight follow --format=jsonl' in ClickHouse (from 18.16 on):
--
--   clickhouse-client --multiquery <clickhouse.sql
--   wsight follow --format=jsonl -i eth0 | clickhouse-client --input_format_skip_unknown_fields=1 \
--       --query='INSERT INTO wsight.lines FORMAT JSONEachRow'
--
-- Nothing is kept in wsight.lines: it hands each line to the table of its type.
CREATE DATABASE IF NOT EXISTS wsight;

CREATE TABLE IF NOT EXISTS wsight.lines (
    type String, time String, session Nullable(UInt64), community_id Nullable(String),
    subprotocol Nullable(String), direction Nullable(String), opcode Nullable(String),
    length Nullable(UInt64), wire_length Nullable(UInt64), frames Nullable(UInt64),
    compressed Nullable(UInt8), first_packet Nullable(UInt64), last_packet Nullable(UInt64),
    damaged Nullable(UInt8), unfinished Nullable(UInt8), not_inflated Nullable(UInt8),
    bad_utf8 Nullable(UInt8), cut Nullable(UInt8), text Nullable(String), base64 Nullable(String),
    code Nullable(UInt16), reason Nullable(String), rtt_ms Nullable(Float64),
    id Nullable(String), severity Nullable(String), class Nullable(String), section Nullable(String),
    detail Nullable(String), packet Nullable(UInt64),
    outcome Nullable(String), started Nullable(String), duration Nullable(Float64)
) ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS wsight.messages
ENGINE = MergeTree PARTITION BY toYYYYMM(second) ORDER BY (community_id, second)
AS SELECT
    parseDateTimeBestEffort(substring(time, 1, 19)) AS second, time, assumeNotNull(session) AS session,
    assumeNotNull(community_id) AS community_id, ifNull(subprotocol, '') AS subprotocol,
    assumeNotNull(direction) AS direction, assumeNotNull(opcode) AS opcode,
    ifNull(length, 0) AS length, ifNull(wire_length, 0) AS wire_length, ifNull(frames, 0) AS frames,
    ifNull(compressed, 0) AS compressed, first_packet, last_packet, ifNull(damaged, 0) AS damaged,
    ifNull(unfinished, 0) AS unfinished, ifNull(not_inflated, 0) AS not_inflated,
    ifNull(bad_utf8, 0) AS bad_utf8, ifNull(cut, 0) AS cut, text, base64, code, reason, rtt_ms
FROM wsight.lines WHERE type = 'message';

CREATE MATERIALIZED VIEW IF NOT EXISTS wsight.findings
ENGINE = MergeTree PARTITION BY toYYYYMM(second) ORDER BY (id, second)
AS SELECT
    parseDateTimeBestEffort(substring(time, 1, 19)) AS second, time, session, community_id, direction,
    assumeNotNull(id) AS id, assumeNotNull(severity) AS severity, assumeNotNull(class) AS class,
    ifNull(section, '') AS section, ifNull(text, '') AS text, detail, packet
FROM wsight.lines WHERE type = 'finding';

CREATE MATERIALIZED VIEW IF NOT EXISTS wsight.sessions
ENGINE = MergeTree PARTITION BY toYYYYMM(second) ORDER BY (community_id, second)
AS SELECT
    parseDateTimeBestEffort(substring(time, 1, 19)) AS second, time AS ended, ifNull(started, '') AS started,
    assumeNotNull(session) AS session, assumeNotNull(community_id) AS community_id,
    assumeNotNull(outcome) AS outcome, ifNull(duration, 0) AS duration
FROM wsight.lines WHERE type = 'end';
