/* Extensions of an answer against the offer (RFC 6455 9.1, RFC 7692 5 and 7.1). */
#include "negotiate.h"

#include "../websocket/mux.h"

#define ANSWER_MAX_EXTENSIONS 32 /* each is looked for in the whole offer */

/* The parameters of one permessage-deflate element. */
struct deflate_parameters {
    bool no_context_takeover[2]; /* by sender: [DIR_CLIENT_TO_SERVER] client_... */
    bool max_window_bits[2];     /* the parameter is there */
    unsigned window_bits[2];     /* its value; 0: none */
    const char *wrong;           /* what is not legal in itself; NULL: nothing */
    struct bytes wrong_name;     /* the parameter */
};

/* 8 to 15 without a leading zero (RFC 7692 section 7.1.2); 0 for anything else. */
static unsigned window_bits(struct bytes value)
{
    uint64_t n = 0;
    if (value.n == 0 || value.p[0] == '0' || !bytes_to_u64(value, &n) || n < 8 || n > 15) {
        return 0;
    }
    return (unsigned)n;
}

/* Reads one parameter; what is wrong with it, or NULL. */
static const char *read_parameter(struct deflate_parameters *d, const struct extension_parameter *p)
{
    static const char *const takeover[] = {"client_no_context_takeover",
                                           "server_no_context_takeover"};
    static const char *const bits[] = {"client_max_window_bits", "server_max_window_bits"};
    for (int dir = 0; dir < 2; dir++) {
        if (bytes_equal(p->name, bytes_of(takeover[dir]))) {
            const char *wrong = d->no_context_takeover[dir] ? "appears twice"
                                : p->value.p != NULL        ? "has a value"
                                                            : NULL;
            d->no_context_takeover[dir] = true;
            return wrong;
        }
        if (bytes_equal(p->name, bytes_of(bits[dir]))) {
            const char *wrong = d->max_window_bits[dir] ? "appears twice" : NULL;
            d->max_window_bits[dir] = true;
            d->window_bits[dir] = window_bits(p->value);
            return p->value.p != NULL && d->window_bits[dir] == 0 ? "is not 8 to 15" : wrong;
        }
    }
    return "is unknown";
}

static void read_deflate(struct deflate_parameters *d, struct bytes parameters)
{
    struct extension_parameter p;
    *d = (struct deflate_parameters){0};
    while (extension_parameter_next(&parameters, &p)) {
        const char *wrong = read_parameter(d, &p);
        if (wrong != NULL && d->wrong == NULL) {
            d->wrong = wrong;
            d->wrong_name = p.name;
        }
    }
    if (d->wrong == NULL && d->max_window_bits[DIR_SERVER_TO_CLIENT] &&
        d->window_bits[DIR_SERVER_TO_CLIENT] == 0) {
        d->wrong = "has no value";
        d->wrong_name = bytes_of("server_max_window_bits");
    }
}

/* Why the answer does not fit that offer, or NULL when it does (RFC 7692 section 7.1). */
static const char *misfit(const struct deflate_parameters *offer,
                          const struct deflate_parameters *answer)
{
    const int client = DIR_CLIENT_TO_SERVER;
    const int server = DIR_SERVER_TO_CLIENT;
    if (offer->wrong != NULL) {
        return "the offer it answers is not legal";
    }
    if (offer->no_context_takeover[server] && !answer->no_context_takeover[server]) {
        return "server_no_context_takeover was asked for and not granted";
    }
    if (offer->max_window_bits[server] && !answer->max_window_bits[server]) {
        return "server_max_window_bits was asked for and not granted";
    }
    if (offer->max_window_bits[server] &&
        answer->window_bits[server] > offer->window_bits[server]) {
        return "server_max_window_bits is larger than was asked for";
    }
    if (answer->max_window_bits[client] && !offer->max_window_bits[client]) {
        return "client_max_window_bits was not offered";
    }
    return NULL;
}

static void finding(struct stream *s, enum finding_id id, struct bytes name, const char *what)
{
    stream_finding(s, DIR_SERVER_TO_CLIENT, id, "%.*s%s%s", (int)(name.n < 80 ? name.n : 80),
                   (const char *)name.p, what[0] != '\0' ? " " : "", what);
}

/* The answer's permessage-deflate against the offers of it: one of them must fit. */
static void check_deflate(struct stream *s, struct bytes offered, bool offer_seen,
                          const struct deflate_parameters *answer)
{
    const enum finding_id id = FINDING_RESPONSE_EXTENSION_PARAMETER;
    if (answer->wrong != NULL) {
        finding(s, id, answer->wrong_name, answer->wrong);
        return;
    }
    if (answer->max_window_bits[DIR_CLIENT_TO_SERVER] &&
        answer->window_bits[DIR_CLIENT_TO_SERVER] == 0) {
        finding(s, id, bytes_of("client_max_window_bits"), "has no value");
        return;
    }
    struct extension e;
    const char *why = NULL;
    while (offer_seen && extension_list_next(&offered, &e)) {
        struct deflate_parameters offer;
        if (!bytes_equal(e.name, bytes_of("permessage-deflate"))) {
            continue;
        }
        read_deflate(&offer, e.parameters);
        const char *misfits = e.bad ? "the offer it answers is not legal" : misfit(&offer, answer);
        if (misfits == NULL) {
            return;
        }
        why = why == NULL ? misfits : why;
    }
    if (why != NULL) {
        stream_finding(s, DIR_SERVER_TO_CLIENT, id, "%s", why);
    }
}

/* What the extensions were called that compress as permessage-deflate does, or frame by frame. */
static bool set_older_deflate(struct bytes name, struct websocket_setup *setup)
{
    static const struct {
        const char *name;
        enum deflate_frames frames;
    } older[] = {
        {"deflate-frame", DEFLATE_FRAMES_RSV1},
        {"x-webkit-deflate-frame", DEFLATE_FRAMES_RSV1},
        {"perframe-compress", DEFLATE_FRAMES_RSV1},
        {"deflate-application-data", DEFLATE_FRAMES_ALL},
        {"x-deflate-application-data", DEFLATE_FRAMES_ALL},
        {"permessage-compress", DEFLATE_FRAMES_NONE},
        {"x-webkit-permessage-compress", DEFLATE_FRAMES_NONE},
    };
    for (size_t i = 0; i < sizeof older / sizeof older[0]; i++) {
        if (bytes_equal(name, bytes_of(older[i].name)) && setup->deflate == DEFLATE_NONE) {
            setup->deflate = DEFLATE_IN_USE;
            setup->frames = older[i].frames;
            return true;
        }
    }
    return false;
}

/* Those that compress messages by other means than DEFLATE. false: it is none, or this program was
 * built without what unpacks it. */
static bool set_coding(struct bytes name, struct websocket_setup *setup)
{
    static const struct {
        const char *name;
        enum message_coding coding;
    } others[] = {{"permessage-bzip2", CODING_BZIP2}, {"permessage-snappy", CODING_SNAPPY}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (bytes_equal(name, bytes_of(others[i].name)) && setup->deflate == DEFLATE_NONE &&
            websocket_unpacks(others[i].coding)) {
            setup->deflate = DEFLATE_IN_USE;
            setup->coding = others[i].coding;
            return true;
        }
    }
    return false;
}

/* The two "compress" extensions name their method; only deflate was ever defined. */
static bool is_of_deflate(struct extension e)
{
    struct extension_parameter p;
    while (extension_parameter_next(&e.parameters, &p)) {
        if (bytes_equal(p.name, bytes_of("method"))) {
            return bytes_start_with(p.value, bytes_of("deflate"));
        }
    }
    return true;
}

static bool was_offered(struct bytes offered, struct bytes name)
{
    struct extension e;
    while (extension_list_next(&offered, &e)) {
        if (bytes_equal(e.name, name)) {
            return true;
        }
    }
    return false;
}

void negotiate_extensions(struct stream *s, struct bytes offered, bool offer_seen,
                          struct bytes answer, struct websocket_setup *setup)
{
    struct extension e;
    for (unsigned n = 0; extension_list_next(&answer, &e); n++) {
        if (n == ANSWER_MAX_EXTENSIONS) {
            setup->other_extensions = true;
            return;
        }
        if (e.bad) {
            finding(s, FINDING_RESPONSE_EXTENSION_PARAMETER, e.name, "does not fit the grammar");
        }
        if (offer_seen && !was_offered(offered, e.name)) {
            finding(s, FINDING_RESPONSE_EXTENSION, e.name, "");
        }
        if (bytes_equal(e.name, bytes_of("deflate-stream"))) {
            setup->deflate_stream = true;
            continue;
        }
        if (mux_is_name(e.name)) {
            setup->mux = true;
            continue;
        }
        if ((is_of_deflate(e) && set_older_deflate(e.name, setup)) || set_coding(e.name, setup)) {
            continue;
        }
        if (!bytes_equal(e.name, bytes_of("permessage-deflate"))) {
            setup->other_extensions = true;
            finding(s, FINDING_EXTENSION_UNKNOWN, e.name, "");
            continue;
        }
        if (setup->deflate == DEFLATE_IN_USE) {
            finding(s, FINDING_RESPONSE_EXTENSION_PARAMETER, e.name, "was chosen twice");
            continue;
        }
        struct deflate_parameters chosen;
        read_deflate(&chosen, e.parameters);
        check_deflate(s, offered, offer_seen, &chosen);
        setup->deflate = DEFLATE_IN_USE;
        for (int dir = 0; dir < 2; dir++) {
            setup->window_bits[dir] = (uint8_t)chosen.window_bits[dir];
        }
        memcpy(setup->no_context_takeover, chosen.no_context_takeover,
               sizeof chosen.no_context_takeover);
    }
}
