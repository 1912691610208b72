/* What the database of export sqlite has beside its tables. */
#ifndef WSIGHT_SQLITE_SCHEMA_H
#define WSIGHT_SQLITE_SCHEMA_H

/* Indexes, made when all rows are there: one by one they would cost more than the rows. */
#define SQLITE_INDEXES                                                                             \
    "CREATE INDEX sessions_community_id ON sessions(community_id);"                                \
    "CREATE INDEX sessions_started ON sessions(started);"                                          \
    "CREATE INDEX sessions_host ON sessions(host);"                                                \
    "CREATE INDEX messages_session ON messages(session);"                                          \
    "CREATE INDEX messages_time ON messages(time);"                                                \
    "CREATE INDEX findings_session ON findings(session);"                                          \
    "CREATE INDEX findings_id ON findings(id);"
#define SQLITE_FRAME_INDEXES "CREATE INDEX frames_session ON frames(session);"

/* Views, made with the tables. */
#define SQLITE_VIEWS                                                                               \
    "CREATE VIEW overview AS SELECT session, started, round(duration, 3) AS seconds,"              \
    " client_ip || ':' || client_port AS client, server_ip || ':' || server_port AS server,"       \
    " iif(tls, 'wss://', 'ws://') || host || target AS url, outcome, subprotocol,"                 \
    " client_messages, server_messages, close_how, client_close_code, server_close_code,"          \
    " findings FROM sessions;"                                                                     \
    "CREATE VIEW conversation AS SELECT m.session, m.time, m.direction, m.opcode, m.length,"       \
    " m.text, m.bytes, s.host, s.target FROM messages m LEFT JOIN sessions s USING (session);"     \
    "CREATE VIEW finding_counts AS SELECT id, severity, count(DISTINCT session) AS sessions,"      \
    " sum(count) AS count, text FROM findings GROUP BY id, severity, text;"                        \
    "CREATE VIEW close_codes AS SELECT direction, close_code, count(*) AS count FROM messages"     \
    " WHERE opcode = 'close' GROUP BY direction, close_code;"                                      \
    "CREATE VIEW messages_per_minute AS SELECT substr(time, 1, 16) AS minute, direction,"          \
    " count(*) AS messages, sum(length) AS bytes FROM messages"                                    \
    " WHERE opcode IN ('text', 'binary') GROUP BY minute, direction;"

#endif
