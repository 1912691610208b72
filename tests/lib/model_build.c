/* Reports of hand-made sessions. */
#include "lib/model_build.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_NS INT64_C(1795362913000000000)
#define STEP_NS 1000000

static void to_model(void *model, const struct batch *batch)
{
    model_take(model, batch);
}

static void start(struct model_build *b, const char *command, const char *format,
                  const struct report_options *options)
{
    static const struct report_options usual = {.width = 80, .bodies = REPORT_BODIES_ALL};
    b->file = (struct capture_file){.name = "made.pcap", .format = "pcap"};
    b->capture = (struct capture_summary){.files = &b->file, .files_n = 1, .digits = 6};
    b->context = (struct report_context){.out = b->out,
                                         .options = options != NULL ? *options : usual,
                                         .tool_name = "wsight",
                                         .tool_version = "1.2.3",
                                         .registry = registry_builtin(),
                                         .capture = &b->capture,
                                         .stats = &b->stats,
                                         .model = b->model};
    b->format = report_find(command, format);
    assert(b->format != NULL);
    b->report = b->format->start(&b->context);
    assert(b->report != NULL);
    struct model_listener listener = b->format->listener(b->report);
    model_listen(b->model, &listener);
}

static struct model_build *build_new(const char *command, const char *format,
                                     const struct report_options *options, FILE *out, bool retain)
{
    struct model_options model = {.retain = retain};
    struct model_build *b = calloc(1, sizeof *b);
    assert(b != NULL);
    b->model = model_new(&model);
    b->batch = batch_new(to_model, b->model);
    b->out = out != NULL ? out : open_memstream(&b->text, &b->text_n);
    assert(b->model != NULL && b->batch != NULL && b->out != NULL);
    b->ts = FIRST_NS;
    b->pkt = 1;
    start(b, command, format, options);
    return b;
}

struct model_build *model_build_new(const char *command, const char *format,
                                    const struct report_options *options, FILE *out)
{
    return build_new(command, format, options, out, false);
}

struct model_build *model_build_retaining(void)
{
    return build_new("report", "json", NULL, NULL, true);
}

void model_build_free(struct model_build *b)
{
    b->format->free(b->report);
    batch_free(b->batch);
    model_free(b->model);
    fclose(b->out);
    free(b->text);
    free(b);
}

int model_build_finish(struct model_build *b, struct err *err)
{
    batch_flush(b->batch);
    b->capture.packets = b->file.packets = b->stats.packets = b->pkt - 1;
    b->capture.bytes = b->file.bytes = 100 * b->capture.packets;
    b->capture.first = b->file.first = FIRST_NS;
    b->capture.last = b->file.last = b->ts - STEP_NS;
    return b->format->finish(b->report, err);
}

char *model_build_report(struct model_build *b)
{
    struct err err;
    int result = model_build_finish(b, &err);
    assert(result == 0);
    fflush(b->out);
    return strdup(b->text);
}

void build_event(struct model_build *b, struct event *e)
{
    e->ts = b->ts;
    e->pkt = b->pkt++;
    b->ts += STEP_NS;
    b->batch->sink.emit(&b->batch->sink, e);
}

struct connection build_default_connection(void)
{
    return (struct connection){.client = {.ip = {10, 0, 0, 1}, .port = 50000},
                               .server = {.ip = {10, 0, 0, 2}, .port = 80},
                               .family = 4,
                               .vlan = {0xffff, 0xffff},
                               .layers = LAYER_ETHERNET | LAYER_IPV4,
                               .syn_rtt = 250000};
}

void build_connection(struct model_build *b, uint64_t id, enum session_kind kind,
                      const struct connection *connection)
{
    struct event e = {.type = EVENT_SESSION, .session = id};
    e.begin.kind = kind;
    e.begin.confidence = kind == SESSION_MIDSTREAM ? 93 : 0;
    e.begin.connection = connection;
    build_event(b, &e);
}

void build_session(struct model_build *b, uint64_t id, enum session_kind kind)
{
    struct connection c = build_default_connection();
    c.client.port = (uint16_t)(c.client.port + id);
    build_connection(b, id, kind, &c);
}

void build_handshake(struct model_build *b, uint64_t id, const struct handshake *h)
{
    struct event e = {.type = EVENT_HANDSHAKE, .session = id, .handshake = h};
    build_event(b, &e);
}

void build_open(struct model_build *b, uint64_t id)
{
    struct handshake h = {.method = bytes_of("GET"),
                          .target = bytes_of("/"),
                          .host = bytes_of("example.com"),
                          .status = 101,
                          .version = 13,
                          .accept_state = ACCEPT_OK,
                          .request_ts = b->ts,
                          .response_ts = b->ts,
                          .request_pkt = b->pkt,
                          .response_pkt = b->pkt};
    build_session(b, id, SESSION_UPGRADE);
    build_handshake(b, id, &h);
}

void build_message(struct model_build *b, uint64_t id, enum dir dir, unsigned opcode,
                   struct bytes body, unsigned flags)
{
    struct event e = {.type = EVENT_MESSAGE, .dir = dir, .session = id};
    e.message = (struct message){.opcode = (uint8_t)opcode,
                                 .flags = (uint8_t)flags,
                                 .frames = flags & MESSAGE_FRAGMENTED ? 2 : 1,
                                 .wire_len = body.n,
                                 .overhead = 2,
                                 .len = body.n,
                                 .first_ts = b->ts,
                                 .first_pkt = b->pkt,
                                 .rtt = -1,
                                 .close_code = CLOSE_CODE_NONE,
                                 .body = body};
    e.message.masked = dir == DIR_CLIENT_TO_SERVER ? e.message.frames : 0;
    build_event(b, &e);
}

void build_close(struct model_build *b, uint64_t id, enum dir dir, int code, const char *reason)
{
    uint8_t body[127] = {(uint8_t)(code >> 8), (uint8_t)code};
    size_t n = strlen(reason);
    struct event e = {.type = EVENT_MESSAGE, .dir = dir, .session = id};
    assert(n <= 123);
    memcpy(body + 2, reason, n);
    n = code == CLOSE_CODE_NONE ? 0 : n + 2;
    e.message = (struct message){.opcode = 8,
                                 .flags = MESSAGE_FINISHED,
                                 .frames = 1,
                                 .masked = dir == DIR_CLIENT_TO_SERVER,
                                 .wire_len = n,
                                 .overhead = 2,
                                 .len = n,
                                 .first_ts = b->ts,
                                 .first_pkt = b->pkt,
                                 .rtt = -1,
                                 .close_code = code,
                                 .body = {body, n}};
    build_event(b, &e);
}

void build_finding(struct model_build *b, uint64_t id, enum dir dir, enum finding_id finding,
                   const char *detail)
{
    struct event e = {.type = EVENT_FINDING, .dir = dir, .session = id};
    e.finding.id = finding;
    e.finding.detail = bytes_of(detail);
    build_event(b, &e);
}

void build_tls(struct model_build *b, uint64_t id, const char *sni)
{
    struct event e = {.type = EVENT_TLS, .session = id};
    build_session(b, id, SESSION_TLS);
    e.tls = (struct tls_hello){.sni = bytes_of(sni),
                               .alpn = bytes_of("h2,http/1.1"),
                               .ja4 = bytes_of("t13d1516h2_8daaf6152771_e5627efa2ab1"),
                               .certificate = bytes_of("/CN=example.org; *.example.org"),
                               .version = 0x304,
                               .cipher = 0x1301,
                               .why_not = TLS_WHY_NO_KEYS};
    build_event(b, &e);
    build_end(b, id, END_FIN);
}

void build_end(struct model_build *b, uint64_t id, enum end_how how)
{
    struct session_end end = {.how = how, .first_fin = -1, .last_ts = b->ts};
    struct event e = {.type = EVENT_END, .session = id, .end = &end};
    build_event(b, &e);
}
