/*
 * Decoder tests as text: running a script with cuts, writing the log, comparing it.
 */
#include "decode_text.h"

#include "decode_script.h"
#include "decoders/websocket/version.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BODY_MAX_BYTES 65536

/* ---- The log ---- */

struct recorder {
    struct event_sink sink; /* first */
    FILE *log;
};

static void write_quoted(FILE *f, struct bytes b)
{
    fputc('"', f);
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        if (c == '\r' || c == '\n' || c == '\t') {
            fprintf(f, "\\%c", c == '\r' ? 'r' : c == '\n' ? 'n' : 't');
        } else if (c == '"' || c == '\\') {
            fprintf(f, "\\%c", c);
        } else if (c < 0x20 || c >= 0x7f) {
            fprintf(f, "\\x%02x", c);
        } else {
            fputc(c, f);
        }
    }
    fputc('"', f);
}

static char arrow(enum dir d)
{
    return d == DIR_CLIENT_TO_SERVER ? '>' : '<';
}

static void write_session(FILE *f, const struct event *e)
{
    static const char *const kinds[] = {"upgrade", "midstream", "tls"};
    fprintf(f, "session %s", kinds[e->begin.kind]);
    if (e->begin.kind == SESSION_MIDSTREAM) {
        fprintf(f, " %d", e->begin.confidence);
    }
    fputc('\n', f);
}

static void write_handshake(FILE *f, const struct handshake *h)
{
    static const char *const accepts[] = {"not_seen", "ok", "wrong"};
    fprintf(f, "handshake status=%d version=%d accept=%s%s%s%s\n", h->status, h->version,
            accepts[h->accept_state], h->has_cookie ? " cookie" : "",
            h->has_authorization ? " authorization" : "", h->through_proxy ? " proxy" : "");
#define WRITE_TEXT(name)                                                                           \
    if (h->name.p != NULL) {                                                                       \
        fprintf(f, #name " ");                                                                     \
        write_quoted(f, h->name);                                                                  \
        fputc('\n', f);                                                                            \
    }
    HANDSHAKE_TEXTS(WRITE_TEXT)
#undef WRITE_TEXT
}

static void write_frame(FILE *f, const struct event *e)
{
    fprintf(f, "frame %c%s", arrow(e->dir), e->frame.fin ? " fin" : "");
    if (e->frame.rsv != 0) {
        fprintf(f, " rsv=%d", e->frame.rsv);
    }
    fprintf(f, " opcode=%d%s len=%llu\n", e->frame.opcode, e->frame.masked ? " masked" : "",
            (unsigned long long)e->frame.len);
}

static void write_message(FILE *f, const struct event *e)
{
    static const char *const opcodes[] = {[0] = "continuation", [1] = "text", [2] = "binary",
                                          [8] = "close",        [9] = "ping", [10] = "pong"};
    static const char *const flags[] = {
        "", "", "compressed", "damaged", "not_inflated", "bad_utf8", "body_cut", "raw"};
    const struct message *m = &e->message;
    fprintf(f, "message %c ", arrow(e->dir));
    if (m->opcode <= 10 && opcodes[m->opcode] != NULL) {
        fprintf(f, "%s", opcodes[m->opcode]);
    } else {
        fprintf(f, "%d", m->opcode);
    }
    fprintf(f, " len=%llu", (unsigned long long)m->len);
    if (m->frames != 1) {
        fprintf(f, " frames=%u", m->frames);
    }
    if (m->wire_len != m->len) {
        fprintf(f, " wire=%llu", (unsigned long long)m->wire_len);
    }
    if (m->masked != (e->dir == DIR_CLIENT_TO_SERVER ? m->frames : 0)) {
        fprintf(f, " masked=%u", m->masked);
    }
    if (m->opcode == 8) {
        fprintf(f, m->close_code == CLOSE_CODE_NONE ? " code=none" : " code=%d", m->close_code);
    }
    if (m->opcode == 10 && m->rtt >= 0) {
        fprintf(f, " rtt=%lldms", (long long)(m->rtt / MS_NS));
    }
    fprintf(f, "%s", m->flags & MESSAGE_FINISHED ? "" : " unfinished");
    for (int i = 2; i < 8; i++) {
        fprintf(f, "%s%s", m->flags & 1 << i ? " " : "", m->flags & 1 << i ? flags[i] : "");
    }
    fputc(' ', f);
    write_quoted(f, m->body);
    fputc('\n', f);
}

static void write_finding(FILE *f, const struct event *e)
{
    fprintf(f, "finding %c %s", arrow(e->dir), finding_kind(e->finding.id)->id);
    if (e->finding.detail.n > 0) {
        fputc(' ', f);
        write_quoted(f, e->finding.detail);
    }
    fputc('\n', f);
}

static void write_tls(FILE *f, const struct event *e)
{
    fprintf(f, "tls %c version=%04x", arrow(e->dir), e->tls.version);
    if (e->tls.cipher != 0) {
        fprintf(f, " cipher=%04x", e->tls.cipher);
    }
    if (e->tls.why_not == TLS_WHY_DECRYPTED) {
        fprintf(f, " decrypted");
    }
    if (e->tls.sni.p != NULL) {
        fprintf(f, " sni=");
        write_quoted(f, e->tls.sni);
    }
    if (e->tls.alpn.p != NULL) {
        fprintf(f, " alpn=");
        write_quoted(f, e->tls.alpn);
    }
    fputc('\n', f);
}

static void write_channel(FILE *f, const struct mux_channel *c)
{
    static const char *const dropped[] = {"", " dropped=client", " dropped=server"};
    fprintf(f, "channel %u frames=%llu,%llu bytes=%llu,%llu%s", c->id,
            (unsigned long long)c->frames[0], (unsigned long long)c->frames[1],
            (unsigned long long)c->bytes[0], (unsigned long long)c->bytes[1], dropped[c->dropped]);
    if (c->drop_code != CLOSE_CODE_NONE) {
        fprintf(f, " code=%d", c->drop_code);
    }
    fputc(' ', f);
    write_quoted(f, c->target);
    fputc('\n', f);
}

static void write_event(struct event_sink *sink, const struct event *e)
{
    FILE *f = ((struct recorder *)sink)->log;
    switch (e->type) {
    case EVENT_SESSION:
        write_session(f, e);
        break;
    case EVENT_HANDSHAKE:
        write_handshake(f, e->handshake);
        break;
    case EVENT_VERSION:
        fprintf(f, "version %s\n", e->version->draft);
        break;
    case EVENT_FRAME:
        write_frame(f, e);
        break;
    case EVENT_MESSAGE:
        write_message(f, e);
        break;
    case EVENT_RUN:
        fprintf(f, "run %c opcode=%d n=%d\n", arrow(e->dir), e->run.opcode, e->run.n);
        break;
    case EVENT_DEFLATED:
        fprintf(f, "deflated %c %zu\n", arrow(e->dir), e->deflated.n);
        break;
    case EVENT_FINDING:
        write_finding(f, e);
        break;
    case EVENT_DIGEST:
        fprintf(f, "digest %c ", arrow(e->dir));
        for (size_t i = 0; i < sizeof e->digest; i++) {
            fprintf(f, "%02x", e->digest[i]);
        }
        fputc('\n', f);
        break;
    case EVENT_CHANNEL:
        write_channel(f, &e->channel);
        break;
    case EVENT_TLS:
        write_tls(f, e);
        break;
    case EVENT_END:
        fprintf(f, "end %s", script_end_names[e->end->how]);
        if (e->end->first_fin >= 0) {
            fprintf(f, " first=%c", arrow((enum dir)e->end->first_fin));
        }
        fputc('\n', f);
        break;
    }
}

/* ---- Running ---- */

/* Where the pieces are cut: every step at most `most` bytes (0: whole), or one step once. */
struct cut {
    size_t most;
    size_t step, at; /* at 0: nowhere */
};

static void feed(struct stream *s, const struct step *step, struct bytes b)
{
    uint8_t *copy = malloc(b.n);
    assert_non_null(copy);
    memcpy(copy, b.p, b.n);
    struct chunk c = {step->ts, step->line, {copy, b.n}, step->dir};
    stream_data(s, &c);
    free(copy);
}

static void run_data(struct stream *s, const struct step *step, size_t most, size_t at)
{
    struct bytes rest = {step->bytes, step->n};
    if (at > 0) {
        feed(s, step, bytes_part(rest, 0, at));
        rest = bytes_from(rest, at);
    }
    while (rest.n > 0) {
        struct bytes piece = bytes_part(rest, 0, most > 0 ? most : rest.n);
        feed(s, step, piece);
        rest = bytes_from(rest, piece.n);
    }
}

static struct endpoint endpoint_of(const char *text, uint16_t port)
{
    struct endpoint e = {.port = port};
    char ip[64];
    snprintf(ip, sizeof ip, "%s", text);
    char *colon = strchr(ip, ':');
    if (colon != NULL) {
        *colon = '\0';
        e.port = (uint16_t)strtoul(colon + 1, NULL, 10);
    }
    assert_int_equal(inet_pton(AF_INET, ip, e.ip), 1);
    return e;
}

static void run_steps(struct stream *s, const struct script *script, const struct cut *cut)
{
    struct session_end end = {.first_fin = -1};
    bool ended[2] = {false, false};
    for (size_t i = 0; i < script->count; i++) {
        const struct step *step = &script->steps[i];
        end.last_ts = step->ts;
        if (step->kind == STEP_DATA) {
            run_data(s, step, cut->most, i == cut->step ? cut->at : 0);
        } else if (step->kind == STEP_GAP) {
            stream_gap(s, step->dir, step->gap, step->ts, step->line);
        } else {
            if (end.first_fin < 0) {
                end.first_fin = (int)step->dir;
                end.fin_ts = step->ts;
            }
            ended[step->dir] = true;
            stream_end(s, step->dir, step->ts, step->line);
        }
    }
    end.how = script->how >= 0       ? (enum end_how)script->how
              : ended[0] && ended[1] ? END_FIN
                                     : END_OPEN;
    stream_close(s, &end);
}

static char *run(const struct decode_text *how, const struct script *script, const struct cut *cut)
{
    char *text = NULL;
    size_t n = 0;
    struct recorder recorder = {.sink = {write_event}, .log = open_memstream(&text, &n)};
    struct decode_options options = how->options;
    options.body_max = options.body_max != 0 ? options.body_max : BODY_MAX_BYTES;
    struct stream_shared shared = {.options = &options,
                                   .sink = &recorder.sink,
                                   .next_session = 1,
                                   .scratch = malloc(STREAM_SCRATCH_BYTES)};
    struct connection connection = {.family = 4, .vlan = {0xffff, 0xffff}, .syn_rtt = -1};
    connection.client = endpoint_of("10.0.0.1", 40000);
    connection.server = endpoint_of(how->server != NULL ? how->server : "10.0.0.2", 80);
    connection.started = SCRIPT_START_NS;
    connection.first_pkt = 1;
    if (how->upgrades_new != NULL) {
        shared.upgrades = how->upgrades_new();
    }
    struct stream *s = stream_new(&shared, &connection, !how->midstream);
    assert_true(s != NULL && recorder.log != NULL && shared.scratch != NULL);
    if (how->decoder != NULL) {
        stream_start(s, how->decoder, how->arg);
    }
    run_steps(s, script, cut);
    fclose(recorder.log);
    if (how->upgrades_free != NULL) {
        how->upgrades_free(shared.upgrades);
    }
    assert_int_equal(shared.held_bytes, 0);
    stream_shared_done(&shared);
    free(shared.scratch);
    return text;
}

char *decode_text_log(const struct decode_text *how, const char *input, size_t most)
{
    struct script script = script_read(input);
    char *log = run(how, &script, &(struct cut){.most = most});
    script_free(&script);
    return log;
}

/* ---- Comparing ---- */

/* The text without the indentation of its lines and without empty ones. */
static char *without_indentation(const char *text)
{
    char *out = malloc(strlen(text) + 2);
    assert_non_null(out);
    char *to = out;
    while (*text != '\0') {
        text += strspn(text, " \t\n");
        size_t n = strcspn(text, "\n");
        memcpy(to, text, n);
        to += n;
        text += n;
        if (n > 0) {
            *to++ = '\n';
        }
    }
    *to = '\0';
    return out;
}

/* 0 for a line of neither direction, else its arrow: the second word. */
static char direction_of(const char *line)
{
    const char *second = line + strcspn(line, " \n");
    bool arrow_there = second[0] == ' ' && (second[1] == '<' || second[1] == '>');
    return arrow_there && (second[2] == ' ' || second[2] == '\n') ? second[1] : 0;
}

/* The same lines: those of neither direction first, then each direction's. How the directions
 * interleave may depend on the cuts. */
static char *by_direction(const char *text)
{
    static const char order[] = {0, '>', '<'};
    char *out = malloc(strlen(text) + 1);
    assert_non_null(out);
    char *to = out;
    for (size_t i = 0; i < sizeof order; i++) {
        for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
            if (direction_of(line) == order[i]) {
                size_t n = strcspn(line, "\n") + 1;
                memcpy(to, line, n);
                to += n;
            }
        }
    }
    *to = '\0';
    return out;
}

struct expectation {
    const struct decode_text *how;
    const struct script *script;
    const char *expected, *expected_by_direction, *file;
    int line;
};

static bool as_expected(const struct expectation *x, const struct cut *cut, const char *got)
{
    if (cut->at == 0 && cut->most == 0) {
        return strcmp(got, x->expected) == 0;
    }
    char *sorted = by_direction(got);
    bool same = strcmp(sorted, x->expected_by_direction) == 0;
    free(sorted);
    return same;
}

static void check_run(const struct expectation *x, const struct cut *cut)
{
    char *log = run(x->how, x->script, cut);
    char *got = without_indentation(log);
    if (!as_expected(x, cut, got)) {
        char where[80] = "whole";
        if (cut->at > 0) {
            snprintf(where, sizeof where, "with line %llu cut at byte %zu",
                     (unsigned long long)x->script->steps[cut->step].line, cut->at);
        } else if (cut->most > 0) {
            snprintf(where, sizeof where, "byte by byte");
        }
        print_error("run %s, expected:\n%sbut got:\n%s", where, x->expected, got);
        _fail(x->file, x->line);
    }
    free(got);
    free(log);
}

void decode_text_check_at(const struct decode_text *how, const char *input, const char *expected,
                          const char *file, int line)
{
    struct script script = script_read(input);
    char *plain = without_indentation(expected);
    char *sorted = by_direction(plain);
    struct expectation x = {how, &script, plain, sorted, file, line};
    check_run(&x, &(struct cut){0});
    if (!how->once) {
        for (size_t i = 0; i < script.count; i++) {
            for (size_t at = 1; at < script.steps[i].n; at++) {
                check_run(&x, &(struct cut){.step = i, .at = at});
            }
        }
        check_run(&x, &(struct cut){.most = 1});
    }
    free(sorted);
    free(plain);
    script_free(&script);
}
