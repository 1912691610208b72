/*
 * Reports of hand-made sessions: events go through a batch into a model that a format listens to.
 *
 *     struct model_build *b = model_build_new("report", "json", NULL);
 *     build_session(b, 1, SESSION_UPGRADE);
 *     build_handshake(b, 1, &handshake);
 *     build_message(b, 1, DIR_CLIENT_TO_SERVER, 1, "hello", MESSAGE_FINISHED);
 *     build_end(b, 1, END_FIN);
 *     char *text = model_build_report(b); ... free(text);
 *     model_build_free(b);
 *
 * Each event is a millisecond and a packet after the one before; the first is at 2026-11-22
 * 15:55:13 UTC.
 */
#ifndef WSIGHT_TEST_MODEL_BUILD_H
#define WSIGHT_TEST_MODEL_BUILD_H

#include "analyzer/batch.h"
#include "ui/report/report.h"

struct model_build {
    struct model *model;
    struct batch *batch;
    struct capture_file file;
    struct capture_summary capture;
    struct engine_stats stats;
    struct report_context context;
    const struct report_format *format;
    void *report;
    FILE *out;
    char *text; /* what out holds */
    size_t text_n;
    int64_t ts; /* of the next event */
    uint64_t pkt;
};

/* options NULL: 80 columns, no limit, all of each body. out NULL: into memory. */
struct model_build *model_build_new(const char *command, const char *format,
                                    const struct report_options *options, FILE *out);
/* Its model keeps ended sessions, as a store wants; a JSON report is made besides. */
struct model_build *model_build_retaining(void);
void model_build_free(struct model_build *b);

/* Finishes the report; -1 with err filled when it could not be written. */
int model_build_finish(struct model_build *b, struct err *err);
/* The same for one in memory that must succeed: its text, to be freed. */
char *model_build_report(struct model_build *b);

void build_session(struct model_build *b, uint64_t id, enum session_kind kind);
void build_connection(struct model_build *b, uint64_t id, enum session_kind kind,
                      const struct connection *connection);
void build_handshake(struct model_build *b, uint64_t id, const struct handshake *h);
/* GET / on example.com, answered with 101. */
void build_open(struct model_build *b, uint64_t id);
void build_message(struct model_build *b, uint64_t id, enum dir dir, unsigned opcode,
                   struct bytes body, unsigned flags);
void build_close(struct model_build *b, uint64_t id, enum dir dir, int code, const char *reason);
void build_finding(struct model_build *b, uint64_t id, enum dir dir, enum finding_id finding,
                   const char *detail);
void build_tls(struct model_build *b, uint64_t id, const char *sni);
void build_end(struct model_build *b, uint64_t id, enum end_how how);
void build_event(struct model_build *b, struct event *e);

/* The connection that build_session uses. */
struct connection build_default_connection(void);

#endif
