-- Tables for the lines of 'wsight follow --format=jsonl' in PostgreSQL (from 12 on):
--
--   psql -f postgresql.sql
--   wsight follow --format=jsonl -i eth0 | psql -c "COPY wsight.lines FROM STDIN
--       WITH (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
--
-- Nothing is kept in wsight.lines: a trigger puts each line into the table of its type. A jsonb takes
-- no U+0000, which becomes U+FFFD.
CREATE SCHEMA IF NOT EXISTS wsight;

CREATE TABLE IF NOT EXISTS wsight.messages (
    time timestamptz NOT NULL, session bigint NOT NULL, community_id text NOT NULL, subprotocol text,
    direction text NOT NULL, opcode text NOT NULL, length numeric(20), wire_length numeric(20),
    frames bigint, compressed boolean, first_packet bigint, last_packet bigint, text text, base64 text,
    code integer, reason text, rtt_ms double precision, line jsonb NOT NULL);
CREATE INDEX IF NOT EXISTS messages_community_id ON wsight.messages (community_id, time);
CREATE INDEX IF NOT EXISTS messages_time ON wsight.messages (time);

CREATE TABLE IF NOT EXISTS wsight.findings (
    time timestamptz NOT NULL, session bigint, community_id text, direction text, id text NOT NULL,
    severity text NOT NULL, class text NOT NULL, section text, text text, detail text, packet bigint);
CREATE INDEX IF NOT EXISTS findings_id ON wsight.findings (id, time);

CREATE TABLE IF NOT EXISTS wsight.sessions (
    started timestamptz NOT NULL, ended timestamptz NOT NULL, session bigint NOT NULL,
    community_id text NOT NULL, client_ip inet NOT NULL, client_port integer NOT NULL,
    server_ip inet NOT NULL, server_port integer NOT NULL, outcome text NOT NULL,
    duration double precision, close_how text, line jsonb NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_community_id ON wsight.sessions (community_id, started);

CREATE TABLE IF NOT EXISTS wsight.lines (line json NOT NULL);

CREATE OR REPLACE FUNCTION wsight.take() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    j jsonb := replace(NEW.line::text, '\u0000', '\ufffd')::jsonb;
BEGIN
    IF j->>'type' = 'message' THEN
        INSERT INTO wsight.messages
        SELECT m.*, j FROM jsonb_to_record(j) AS m(
            time timestamptz, session bigint, community_id text, subprotocol text, direction text,
            opcode text, length numeric, wire_length numeric, frames bigint, compressed boolean,
            first_packet bigint, last_packet bigint, text text, base64 text, code integer, reason text,
            rtt_ms double precision);
    ELSIF j->>'type' = 'finding' THEN
        INSERT INTO wsight.findings
        SELECT f.* FROM jsonb_to_record(j) AS f(
            time timestamptz, session bigint, community_id text, direction text, id text, severity text,
            class text, section text, text text, detail text, packet bigint);
    ELSIF j->>'type' = 'end' THEN
        INSERT INTO wsight.sessions VALUES (
            (j->>'started')::timestamptz, (j->>'time')::timestamptz, (j->>'session')::bigint,
            j->>'community_id', (j->'client'->>'ip')::inet, (j->'client'->>'port')::integer,
            (j->'server'->>'ip')::inet, (j->'server'->>'port')::integer, j->>'outcome',
            (j->>'duration')::double precision, j->'close'->>'how', j);
    END IF;
    RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS take ON wsight.lines;
CREATE TRIGGER take BEFORE INSERT ON wsight.lines FOR EACH ROW EXECUTE FUNCTION wsight.take();
