/*
 * generate WORKLOAD [--scale F] [--seed N] -o FILE
 *
 * Writes the capture FILE and FILE.truth, a JSON object with the counts that a right reading of the
 * capture must come to; for `deflate` also FILE.messages, each compressed message in wire order as
 * two native 32-bit numbers (direction, length) and its bytes, for bare.c --inflate; with TLS
 * around sessions FILE.keys, their key log. The same seed and scale give the same bytes.
 *
 * Scale works on sessions and on their length by its square root each, so that a small file still
 * has many sessions open at once; `churn` has fewer sessions instead, each as short as ever.
 */
#include "generate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct workload {
    const char *name;
    const char *about;
    enum talk talk;
    uint32_t sessions, open, steps; /* at scale 1: in all, at once, steps of talk in each */
    uint32_t gap_ns, refused_per_mille, abrupt_per_mille;
    uint32_t web_open, web_mb; /* connections at once and megabytes without WebSocket */
    bool impaired, short_sessions, tls;
};

static const struct workload workloads[] = {
    {.name = "chat",
     .about = "many interleaved sessions of small text messages",
     .talk = TALK_CHAT,
     .sessions = 10000,
     .open = 10000,
     .steps = 92,
     .gap_ns = 20000},
    {.name = "deflate",
     .about = "permessage-deflate with context takeover both ways, JSON",
     .talk = TALK_FEED,
     .sessions = 2000,
     .open = 2000,
     .steps = 550,
     .gap_ns = 10000},
    {.name = "bulk",
     .about = "binary messages of 64 KiB to 4 MiB both ways",
     .talk = TALK_BULK,
     .sessions = 50,
     .open = 50,
     .steps = 20,
     .gap_ns = 2000},
    {.name = "mixed",
     .about = "HTTP downloads and TLS, and 5 % of the bytes WebSocket",
     .talk = TALK_CHAT,
     .sessions = 600,
     .open = 600,
     .steps = 140,
     .gap_ns = 4000,
     .web_open = 300,
     .web_mb = 665},
    {.name = "churn",
     .about = "very many short sessions",
     .talk = TALK_CHAT,
     .sessions = 500000,
     .open = 2000,
     .steps = 2,
     .gap_ns = 20000,
     .refused_per_mille = 10,
     .abrupt_per_mille = 10,
     .short_sessions = true},
    {.name = "lossy",
     .about = "chat over a wire that loses, reorders, repeats and overlaps",
     .talk = TALK_CHAT,
     .sessions = 10000,
     .open = 10000,
     .steps = 41,
     .gap_ns = 20000,
     .impaired = true},
    {.name = "wss-chat",
     .about = "chat over TLS 1.3",
     .talk = TALK_CHAT,
     .sessions = 10000,
     .open = 10000,
     .steps = 92,
     .gap_ns = 20000,
     .tls = true},
    {.name = "wss-bulk",
     .about = "bulk over TLS 1.3",
     .talk = TALK_BULK,
     .sessions = 50,
     .open = 50,
     .steps = 20,
     .gap_ns = 2000,
     .tls = true},
};

struct actor {
    struct session *session;
    struct web *web;
};

struct cast {
    struct actor *actor;
    uint32_t acting;
    uint32_t sessions_started, sessions_total;
    uint32_t web_started;
    uint64_t web_left;
    double web_scale;
};

struct options {
    const struct workload *workload;
    const char *path;
    double scale;
    uint64_t seed;
};

enum { WEB_FIRST_ID = 10000000, WEB_LEAST_BYTES = 100000, WEB_MOST_BYTES = 1000000 };

static void usage(FILE *to)
{
    fputs("usage: generate WORKLOAD [--scale F] [--seed N] -o FILE\n\n", to);
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++)
        fprintf(to, "  %-8s  %s\n", workloads[i].name, workloads[i].about);
}

static void fail(const char *what)
{
    fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){.scale = 1, .seed = 1};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--scale") == 0 && more)
            o->scale = strtod(argv[++i], NULL);
        else if (strcmp(argv[i], "--seed") == 0 && more)
            o->seed = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "-o") == 0 && more)
            o->path = argv[++i];
        for (size_t k = 0; k < sizeof workloads / sizeof workloads[0]; k++) {
            if (strcmp(argv[i], workloads[k].name) == 0 && o->workload == NULL)
                o->workload = &workloads[k];
        }
    }
    return o->workload != NULL && o->path != NULL && o->scale > 0 && o->scale <= 10;
}

static uint32_t scaled(uint32_t n, double factor)
{
    double v = round(n * factor);

    return v < 1 ? 1 : (uint32_t)v;
}

static FILE *open_beside(const char *path, const char *suffix)
{
    char name[4096];
    FILE *f;

    snprintf(name, sizeof name, "%s%s", path, suffix);
    f = fopen(name, "w");
    if (f == NULL)
        fail(name);
    return f;
}

static void close_whole(FILE *f)
{
    bool bad = ferror(f) != 0;

    if (fclose(f) != 0 || bad)
        fail("cannot write");
}

static void run_open(struct run *run, const struct options *o)
{
    const struct workload *w = o->workload;
    double root = w->short_sessions ? 1 : sqrt(o->scale);
    uint32_t steps = scaled(w->steps, root);

    run->random.state = o->seed;
    run->talk = w->talk;
    run->refused_per_mille = w->refused_per_mille;
    run->abrupt_per_mille = w->abrupt_per_mille;
    run->messages_low = steps / 2 == 0 ? 1 : steps / 2;
    run->messages_high = steps + steps / 2;
    run->out = malloc(OUT_BYTES);
    run->pool = malloc(POOL_BYTES);
    run->tap.impair = w->impaired ? calloc(1, sizeof *run->tap.impair) : NULL;
    if (run->out == NULL || run->pool == NULL || (w->impaired && run->tap.impair == NULL))
        fail("no memory");
    for (size_t i = 0; i < POOL_BYTES; i += sizeof(uint64_t)) {
        uint64_t v = random_next(&run->random);
        memcpy(run->pool + i, &v, sizeof v);
    }
    if (w->talk == TALK_FEED) {
        run->messages = open_beside(o->path, ".messages");
        if (deflateInit2(&run->packer, 5, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            fail("no memory");
    }
    run->tls_random.state = ~o->seed;
    run->keylog = w->tls ? open_beside(o->path, ".keys") : NULL;
    tap_open(&run->tap, o->path, &run->random, w->gap_ns);
}

static void run_close(struct run *run)
{
    tap_close(&run->tap);
    if (run->messages != NULL) {
        close_whole(run->messages);
        deflateEnd(&run->packer);
    }
    if (run->keylog != NULL)
        close_whole(run->keylog);
    free(run->out);
    free(run->pool);
    free(run->tap.impair);
}

static bool enter_session(struct run *run, struct cast *cast, struct actor *a)
{
    if (cast->sessions_started == cast->sessions_total)
        return false;
    *a = (struct actor){.session = session_new(run, cast->sessions_started++)};
    return true;
}

static bool enter_web(struct run *run, struct cast *cast, struct actor *a)
{
    double size = random_between(&run->random, WEB_LEAST_BYTES, WEB_MOST_BYTES);
    uint64_t budget = (uint64_t)(size * cast->web_scale);

    if (cast->web_left == 0)
        return false;
    if (budget > cast->web_left)
        budget = cast->web_left;
    cast->web_left -= budget;
    *a = (struct actor){.web = web_new(run, WEB_FIRST_ID + cast->web_started++, budget)};
    return true;
}

static void cast_open(struct run *run, const struct options *o, struct cast *cast)
{
    const struct workload *w = o->workload;
    double root = sqrt(o->scale);
    uint32_t open = scaled(w->open, root), web = w->web_open == 0 ? 0 : scaled(w->web_open, root);

    cast->sessions_total = scaled(w->sessions, w->short_sessions ? o->scale : root);
    cast->web_left = (uint64_t)(w->web_mb * 1e6 * o->scale);
    cast->web_scale = root;
    cast->actor = calloc((size_t)open + web, sizeof *cast->actor);
    if (cast->actor == NULL)
        fail("no memory");
    while (cast->acting < open && enter_session(run, cast, &cast->actor[cast->acting]))
        cast->acting++;
    for (uint32_t i = 0; i < web && enter_web(run, cast, &cast->actor[cast->acting]); i++)
        cast->acting++;
    run->truth.most_open = cast->acting;
}

static void cast_act(struct run *run, struct cast *cast)
{
    struct actor *a = &cast->actor[random_below(&run->random, cast->acting)];
    bool stays;

    if (a->session != NULL) {
        if (session_step(run, a->session))
            return;
        session_free(a->session);
        stays = enter_session(run, cast, a);
    } else {
        if (web_step(run, a->web))
            return;
        web_free(a->web);
        stays = enter_web(run, cast, a);
    }
    if (!stays)
        *a = cast->actor[--cast->acting];
}

static void tell_flow(FILE *f, const char *name, const struct flow_truth *t, bool last)
{
    const char *comma = "";

    fprintf(f,
            "  \"%s\": {\n    \"frames\": %llu,\n    \"opcodes\": {\"text\": %llu, \"binary\": "
            "%llu, \"continuation\": %llu, \"ping\": %llu, \"pong\": %llu, \"close\": %llu},\n",
            name, (unsigned long long)t->frames, (unsigned long long)t->opcode[OP_TEXT],
            (unsigned long long)t->opcode[OP_BINARY],
            (unsigned long long)t->opcode[OP_CONTINUATION], (unsigned long long)t->opcode[OP_PING],
            (unsigned long long)t->opcode[OP_PONG], (unsigned long long)t->opcode[OP_CLOSE]);
    fprintf(f,
            "    \"masked\": %llu,\n    \"unmasked\": %llu,\n    \"messages\": {\"text\": %llu, "
            "\"binary\": %llu},\n    \"fragmented\": %llu,\n    \"compressed\": %llu,\n",
            (unsigned long long)t->masked, (unsigned long long)(t->frames - t->masked),
            (unsigned long long)t->text, (unsigned long long)t->binary,
            (unsigned long long)t->fragmented, (unsigned long long)t->compressed);
    fprintf(f, "    \"payload_bytes\": %llu,\n    \"message_bytes\": %llu,\n    \"close_codes\": {",
            (unsigned long long)t->payload_bytes, (unsigned long long)t->message_bytes);
    for (size_t code = 0; code < CLOSE_CODES; code++) {
        if (t->close[code] == 0)
            continue;
        if (code == 0)
            fprintf(f, "\"none\": %llu", (unsigned long long)t->close[0]);
        else
            fprintf(f, "%s\"%zu\": %llu", comma, code, (unsigned long long)t->close[code]);
        comma = ", ";
    }
    fprintf(f, "}\n  }%s\n", last ? "" : ",");
}

static void tell_truth(const struct run *run, const struct options *o)
{
    const struct truth *t = &run->truth;
    FILE *f = open_beside(o->path, ".truth");

    fprintf(f,
            "{\n  \"workload\": \"%s\",\n  \"scale\": %g,\n  \"seed\": %llu,\n"
            "  \"packets\": %llu,\n  \"bytes\": %llu,\n  \"sessions\": %llu,\n"
            "  \"refused\": %llu,\n  \"most_open\": %llu,\n  \"http_connections\": %llu,\n"
            "  \"tls_connections\": %llu,\n  \"records\": %llu,\n  \"record_bytes\": %llu,\n"
            "  \"inflated\": %llu,\n",
            o->workload->name, o->scale, (unsigned long long)o->seed,
            (unsigned long long)run->tap.packets, (unsigned long long)run->tap.bytes,
            (unsigned long long)t->sessions, (unsigned long long)t->refused,
            (unsigned long long)t->most_open, (unsigned long long)t->http_connections,
            (unsigned long long)t->tls_connections, (unsigned long long)t->records,
            (unsigned long long)t->record_bytes, (unsigned long long)t->inflated_bytes);
    if (run->tap.impair != NULL)
        fprintf(f,
                "  \"wire\": {\"lost\": %llu, \"reordered\": %llu, \"repeated\": %llu, "
                "\"overlapped\": %llu},\n",
                (unsigned long long)run->tap.impair->losses,
                (unsigned long long)run->tap.impair->reorderings,
                (unsigned long long)run->tap.impair->duplicates,
                (unsigned long long)run->tap.impair->overlaps);
    tell_flow(f, "client_to_server", &t->flow[SIDE_CLIENT], false);
    tell_flow(f, "server_to_client", &t->flow[SIDE_SERVER], true);
    fputs("}\n", f);
    close_whole(f);
}

int main(int argc, char **argv)
{
    struct options options;
    struct cast cast = {0};
    struct run *run;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (!read_options(argc, argv, &options)) {
        usage(stderr);
        return 2;
    }
    run = calloc(1, sizeof *run);
    if (run == NULL)
        fail("no memory");
    run_open(run, &options);
    cast_open(run, &options, &cast);
    while (cast.acting != 0) {
        cast_act(run, &cast);
        if (run->tap.impair != NULL)
            impair_tick(&run->tap);
    }
    tell_truth(run, &options);
    run_close(run);
    free(cast.actor);
    free(run);
    return 0;
}
