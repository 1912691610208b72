/*
 * Streams: each promise of decoder.h, with decoders made for it. They stand in for the real ones of
 * decoders.def and speak a protocol of records:
 *
 *     T3abc   three bytes of text, taken whole; asks for exactly what it needs
 *     Labc;   text up to a semicolon; asks for more without saying how much
 *     P5      five bytes follow that are taken as they come
 *     B2      waits until the other direction has taken two records
 *     E       waits until the other direction has ended
 *     S       makes way for the second decoder, which speaks the same; s: without taking the byte
 *     W9      wants nine bytes, then takes these two
 *     G, X    gives up this direction, both
 *
 * A connection is theirs when a direction begins with '!', after '?' once there are four bytes, and
 * turned round when the server begins with '~'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/decoder.h"

#include <stdio.h>
#include <stdlib.h>

#define C2S DIR_CLIENT_TO_SERVER
#define S2C DIR_SERVER_TO_CLIENT
#define LOG_BYTES 4096
#define TOY_KEEP_BYTES 12

/* What happened, as text, in all and by direction. */
struct log {
    struct event_sink sink;
    bool packets; /* with packet numbers */
    bool big;     /* count only */
    size_t lines;
    size_t n[3];
    char text[3][LOG_BYTES];
};

struct toy {
    int level; /* 1: the first decoder */
    unsigned records[2];
    unsigned skip[2];
    unsigned passed[2]; /* bytes of the P record under way */
    bool begun[2];
    bool ended[2];
    bool hold_gap; /* the next gap waits for the other direction */
    unsigned hold_until;
};

extern const struct decoder http1_decoder, tls_decoder, websocket_pickup_decoder;
static const struct decoder second_decoder;

static struct log *log_of(const struct stream *s)
{
    return (struct log *)(void *)stream_shared(s)->sink;
}

static void put(struct log *l, int which, const char *text)
{
    size_t n = strlen(text);
    assert_true(n < LOG_BYTES - l->n[which]);
    memcpy(l->text[which] + l->n[which], text, n + 1);
    l->n[which] += n;
}

static void say(const struct stream *s, enum dir d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(const struct stream *s, enum dir d, const char *format, ...)
{
    struct log *l = log_of(s);
    const struct toy *toy = stream_state(s);
    char text[300];
    l->lines++;
    if (l->big) {
        return;
    }
    int n = snprintf(text, sizeof text, "%c%s:", "cs"[d], toy -> level == 2 ? "2" : "");
    va_list args;
    va_start(args, format);
    n += vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    if (l->packets) {
        n +=
            snprintf(text + n, sizeof text - (size_t)n, "@%llu", (unsigned long long)stream_pkt(s));
        assert_int_equal(stream_ts(s), 1000 * (int64_t)stream_pkt(s));
    }
    snprintf(text + n, sizeof text - (size_t)n, " ");
    put(l, 2, text);
    put(l, (int)d, text);
}

static void on_event(struct event_sink *sink, const struct event *e)
{
    struct log *l = (struct log *)(void *)sink;
    if (e->type == EVENT_FINDING) {
        assert_int_equal(e->finding.id, FINDING_STREAM_LIMIT_KEPT);
        put(l, (int)e->dir, e->dir == C2S ? "c:LIMIT " : "s:LIMIT ");
        put(l, 2, e->dir == C2S ? "c:LIMIT " : "s:LIMIT ");
    }
}

/* ---- The decoders ---- */

static enum verdict toy_match(const struct hint *h)
{
    for (int d = 0; d < 2; d++) {
        struct bytes b = h->first[d];
        if (b.n > 0 && b.p[0] == '!') {
            return VERDICT_YES;
        }
        if (b.n > 0 && b.p[0] == '~') {
            return d == S2C ? VERDICT_YES : VERDICT_YES_SWAPPED;
        }
        if (b.n > 0 && b.p[0] == '?') {
            return b.n >= 4 || h->last ? VERDICT_YES : VERDICT_MORE;
        }
    }
    return VERDICT_NO;
}

static void toy_open(struct stream *s, const struct hint *h)
{
    struct toy *t = stream_state(s);
    t->level = 1;
    assert_null(h->arg);
}

static void second_open(struct stream *s, const struct hint *h)
{
    struct toy *t = stream_state(s);
    const struct toy *first = h->arg; /* lies in the state that is still there */
    assert_int_equal(first->level, 1);
    t->level = 2;
    t->begun[0] = t->begun[1] = true;
}

static unsigned digit(const struct chunk *c, size_t at)
{
    return (unsigned)(c->b.p[at] - '0');
}

static size_t take(struct stream *s, enum dir d, size_t n)
{
    struct toy *t = stream_state(s);
    t->records[d]++;
    (void)s;
    return n;
}

static size_t text_record(struct stream *s, const struct chunk *c)
{
    size_t n = 2 + (size_t)digit(c, 1);
    if (c->b.n < n) {
        stream_want(s, n);
        return 0;
    }
    say(s, c->dir, "%.*s", (int)n - 2, (const char *)c->b.p + 2);
    return take(s, c->dir, n);
}

static size_t line_record(struct stream *s, const struct chunk *c)
{
    size_t end = bytes_find(c->b, ';');
    if (end == c->b.n) {
        return 0;
    }
    say(s, c->dir, "%.*s;", (int)end - 1, (const char *)c->b.p + 1);
    return take(s, c->dir, end + 1);
}

static size_t block_record(struct stream *s, const struct chunk *c)
{
    const struct toy *t = stream_state(s);
    if (t->records[dir_other(c->dir)] < digit(c, 1)) {
        stream_block(s);
        return 0;
    }
    say(s, c->dir, "B%u", digit(c, 1));
    return take(s, c->dir, 2);
}

static size_t want_record(struct stream *s, const struct chunk *c)
{
    if (c->b.n < digit(c, 1)) {
        stream_want(s, digit(c, 1));
        return 0;
    }
    say(s, c->dir, "W%u", digit(c, 1));
    return take(s, c->dir, 2);
}

static size_t pass(struct stream *s, struct toy *t, const struct chunk *c)
{
    unsigned n = c->b.n < t->skip[c->dir] ? (unsigned)c->b.n : t->skip[c->dir];
    t->skip[c->dir] -= n;
    t->passed[c->dir] += n;
    if (t->skip[c->dir] == 0) {
        say(s, c->dir, "P%u", t->passed[c->dir]);
        t->passed[c->dir] = 0;
        t->records[c->dir]++;
    }
    return n;
}

/* Records of one byte. */
static size_t short_record(struct stream *s, struct toy *t, const struct chunk *c)
{
    switch (c->b.p[0]) {
    case 'S':
    case 's':
        stream_switch(s, &second_decoder, t);
        say(s, c->dir, "switch");
        return c->b.p[0] == 'S' ? 1 : 0;
    case 'E':
        if (!t->ended[dir_other(c->dir)]) {
            stream_block(s);
            return 0;
        }
        say(s, c->dir, "E");
        return take(s, c->dir, 1);
    case 'G':
    case 'X':
        say(s, c->dir, "gives up");
        stream_give_up(s, c->dir);
        if (c->b.p[0] == 'X') {
            stream_give_up(s, dir_other(c->dir));
        }
        return 1;
    default:
        fail_msg("no record: %.*s", (int)c->b.n, (const char *)c->b.p);
        return 0;
    }
}

static size_t toy_data(struct stream *s, const struct chunk *c)
{
    struct toy *t = stream_state(s);
    assert_true(c->b.n > 0);
    assert_false(t->ended[c->dir]);
    if (!t->begun[c->dir]) {
        t->begun[c->dir] = true;
        if (c->b.p[0] == '!' || c->b.p[0] == '?' || c->b.p[0] == '~') {
            return 1;
        }
    }
    if (t->skip[c->dir] > 0) {
        return pass(s, t, c);
    }
    uint8_t type = c->b.p[0];
    if (t->level == 2 && type == 's') {
        say(s, c->dir, "s");
        return 1;
    }
    if (c->b.n < 2 && strchr("TPBW", type) != NULL) {
        stream_want(s, 2);
        return 0;
    }
    switch (type) {
    case 'T':
        return text_record(s, c);
    case 'L':
        return line_record(s, c);
    case 'B':
        return block_record(s, c);
    case 'W':
        return want_record(s, c);
    case 'P':
        t->skip[c->dir] = digit(c, 1);
        return 2;
    default:
        return short_record(s, t, c);
    }
}

static bool toy_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct toy *t = stream_state(s);
    if (t->hold_gap && t->records[dir_other(d)] < t->hold_until) {
        stream_block(s);
        return true;
    }
    say(s, d, "[%llu]", (unsigned long long)n);
    return n != 666;
}

static void toy_end(struct stream *s, enum dir d)
{
    struct toy *t = stream_state(s);
    assert_false(t->ended[d]);
    t->ended[d] = true;
    say(s, d, ".");
}

static void toy_close(struct stream *s)
{
    const struct toy *t = stream_state(s);
    if (t->level == 2 || stream_ending(s) != NULL) {
        assert_true(t->ended[0] && t->ended[1]);
    }
}

const struct decoder http1_decoder = {.name = "toy",
                                      .state_size = sizeof(struct toy),
                                      .max_keep = TOY_KEEP_BYTES,
                                      .match = toy_match,
                                      .open = toy_open,
                                      .data = toy_data,
                                      .gap = toy_gap,
                                      .end = toy_end,
                                      .close = toy_close};

static const struct decoder second_decoder = {.name = "second",
                                              .state_size = sizeof(struct toy),
                                              .max_keep = TOY_KEEP_BYTES,
                                              .open = second_open,
                                              .data = toy_data,
                                              .gap = toy_gap,
                                              .end = toy_end,
                                              .close = toy_close};

static enum verdict never(const struct hint *h)
{
    (void)h;
    return VERDICT_NO;
}

const struct decoder tls_decoder = {.name = "none", .match = never};
const struct decoder websocket_pickup_decoder = {.name = "none", .match = never};

/* ---- Running a script ---- */

enum what { DATA, GAP, END, HOLD };

struct step {
    enum what what;
    enum dir dir;
    const char *text;
    uint64_t n;
};

#define C(t)                                                                                       \
    {                                                                                              \
        DATA, C2S, t, 0                                                                            \
    }
#define S(t)                                                                                       \
    {                                                                                              \
        DATA, S2C, t, 0                                                                            \
    }
#define C_GAP(k)                                                                                   \
    {                                                                                              \
        GAP, C2S, NULL, k                                                                          \
    }
#define S_GAP(k)                                                                                   \
    {                                                                                              \
        GAP, S2C, NULL, k                                                                          \
    }
#define C_END                                                                                      \
    {                                                                                              \
        END, C2S, NULL, 0                                                                          \
    }
#define S_END                                                                                      \
    {                                                                                              \
        END, S2C, NULL, 0                                                                          \
    }
#define HOLD_GAP_UNTIL(k)                                                                          \
    {                                                                                              \
        HOLD, C2S, NULL, k                                                                         \
    }

struct world {
    struct log log;
    struct stream_shared shared;
    struct stream *stream;
    uint64_t pkt;
    bool alive;
};

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->log.sink.emit = on_event;
    w->shared = (struct stream_shared){.sink = &w->log.sink, .next_session = 1};
    struct connection connection = {.client.port = 1, .server.port = 2};
    w->stream = stream_new(&w->shared, &connection, true);
    assert_non_null(w->stream);
    w->alive = true;
    return w;
}

static void world_close(struct world *w)
{
    struct session_end end = {.how = END_OPEN, .first_fin = -1};
    stream_close(w->stream, &end);
    w->stream = NULL;
    assert_int_equal(w->shared.kept_bytes, 0);
}

/* Bytes in a buffer of their own, so that a sanitizer sees what reaches too far or is kept. */
static void feed_as(struct world *w, enum dir d, const char *p, size_t n, uint64_t pkt)
{
    uint8_t *own = malloc(n + (n == 0));
    assert_non_null(own);
    memcpy(own, p, n);
    w->pkt = pkt;
    struct chunk c = {1000 * (int64_t)w->pkt, w->pkt, {own, n}, d};
    w->alive = stream_data(w->stream, &c);
    free(own);
}

static void feed(struct world *w, enum dir d, const char *p, size_t n)
{
    feed_as(w, d, p, n, w->pkt + 1);
}

static void run_step(struct world *w, const struct step *step, size_t cut)
{
    int64_t ts = 1000 * (int64_t)(w->pkt + 1);
    size_t n = step->text != NULL ? strlen(step->text) : 0;
    switch (step->what) {
    case DATA:
        if (cut > 0 && cut < n) {
            feed(w, step->dir, step->text, cut);
            feed(w, step->dir, step->text + cut, n - cut);
        } else {
            for (size_t i = 0; cut == 0 && i < n; i++) {
                feed(w, step->dir, step->text + i, 1);
            }
            if (cut > 0) {
                feed(w, step->dir, step->text, n);
            }
        }
        break;
    case GAP:
        w->pkt++;
        w->alive = stream_gap(w->stream, step->dir, step->n, ts, w->pkt);
        break;
    case END:
        w->pkt++;
        stream_end(w->stream, step->dir, ts, w->pkt);
        break;
    case HOLD: {
        struct toy *t = stream_state(w->stream);
        t->hold_gap = true;
        t->hold_until = (unsigned)step->n;
        break;
    }
    }
}

/* Runs all steps; step `at` is cut at `cut` (0: into single bytes), or all of them. */
static struct world *run(const struct step *steps, size_t n, size_t at, size_t cut)
{
    struct world *w = world_new();
    for (size_t i = 0; i < n; i++) {
        run_step(w, &steps[i], at == SIZE_MAX || at == i ? cut : SIZE_MAX);
    }
    return w;
}

/* The whole script gives `expected`; every cut of it the same by direction. */
static void expect(const struct step *steps, size_t n, const char *expected)
{
    struct world *whole = run(steps, n, n, SIZE_MAX);
    world_close(whole);
    assert_string_equal(whole->log.text[2], expected);
    for (size_t at = 0; at <= n; at++) {
        size_t len = at < n && steps[at].text != NULL ? strlen(steps[at].text) : 1;
        for (size_t cut = 0; cut < len; cut++) {
            struct world *w = run(steps, n, at == n ? SIZE_MAX : at, cut);
            world_close(w);
            assert_string_equal(w->log.text[0], whole->log.text[0]);
            assert_string_equal(w->log.text[1], whole->log.text[1]);
            free(w);
        }
    }
    free(whole);
}

#define EXPECT(steps, text) expect(steps, sizeof steps / sizeof *(steps), text)

/* ---- One direction ---- */

static void records_are_offered_until_all_is_taken(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T3abcT0T1x"), C("Lhello;P5.....Lx;"), S("T2hi")};
    EXPECT(steps, "c:abc c: c:x c:hello; c:P5 c:x; s:hi c:. s:. ");
}

static void what_is_left_waits_for_more(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T9abc"), S("T1q"), C("defg"), C("hiT5"), C("12345T1x")};
    EXPECT(steps, "s:q c:abcdefghi c:12345 c:x c:. s:. ");
}

static void no_more_is_kept_than_was_asked_for(void **state)
{
    (void)state;
    struct world *w = world_new();
    feed(w, C2S, "!T5", 3);
    assert_int_equal(w->shared.kept_bytes, 2);
    feed(w, C2S, "abc", 3);
    assert_int_equal(w->shared.kept_bytes, 5);
    char big[1000] = "deT1xT1yT1z";
    memset(big + 11, 'T', sizeof big - 11);
    for (size_t i = 11; i + 1 < sizeof big; i += 2) {
        big[i + 1] = '0';
    }
    feed(w, C2S, big, sizeof big); /* all of it fits no buffer */
    assert_int_equal(w->shared.kept_bytes, 1);
    assert_memory_equal(w->log.text[0], "c:abcde c:x c:y c:z ", 20);
    world_close(w);
    free(w);
}

static void a_decoder_that_cannot_say_how_much_gets_what_may_be_kept(void **state)
{
    (void)state;
    struct world *w = world_new();
    char big[500] = "cd;";
    memset(big + 3, 'T', sizeof big - 3);
    for (size_t i = 3; i + 1 < sizeof big; i += 2) {
        big[i + 1] = '0';
    }
    feed(w, C2S, "!Lab", 4);
    feed(w, C2S, big, sizeof big);
    assert_memory_equal(w->log.text[0], "c:abcd; c: c: ", 14);
    assert_null(strstr(w->log.text[0], "LIMIT"));
    world_close(w);
    free(w);
}

static void more_than_may_be_kept_gives_the_direction_up(void **state)
{
    (void)state;
    const struct step fits[] = {C("!L0123456789"), C(";T1x")}; /* 12 with the L and the end */
    EXPECT(fits, "c:0123456789; c:x c:. s:. ");
    const struct step line[] = {C("!L0123456789ab"), C(";T1x"), S("T1y")};
    EXPECT(line, "c:LIMIT s:y c:. s:. ");
    const struct step both[] = {C("!L0123456789ab"), S("L0123456789ab"), C("T1x")};
    EXPECT(both, "s:LIMIT c:LIMIT c:. s:. ");
}

static void kept_bytes_keep_their_packet(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->log.packets = true;
    feed(w, C2S, "!T3a", 4);
    feed(w, S2C, "B2", 2); /* waits, and keeps its number */
    feed(w, C2S, "b", 1);
    feed(w, C2S, "cT1", 3);
    feed(w, C2S, "dT1eB9", 6);
    feed(w, C2S, "T1fT1g", 6);
    feed(w, C2S, "T1h", 3);
    for (int i = 0; i < 8; i++) {
        feed(w, S2C, "T0", 2);
    }
    assert_string_equal(w->log.text[2], "c:abc@4 c:d@5 s:B2@2 c:e@5 s:@8 s:@9 s:@10 s:@11 s:@12 "
                                        "s:@13 s:@14 s:@15 c:B9@5 c:f@6 c:g@6 c:h@7 ");
    world_close(w);
    free(w);
}

/* ---- Two directions ---- */

static void a_blocked_direction_is_offered_again_when_the_other_moved(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1aB2T1b"), S("T1x"), S("T1y"), C("T1c")};
    EXPECT(steps, "c:a s:x s:y c:B2 c:b c:c c:. s:. ");
}

static void bytes_behind_a_block_wait_with_it(void **state)
{
    (void)state;
    const struct step steps[] = {C("!B1"), C("T1aT"), C("1"), C("bB2T1c"), S("T0"), S("T0")};
    EXPECT(steps, "s: c:B1 c:a c:b s: c:B2 c:c c:. s:. ");
}

static void blocks_of_both_directions_are_solved_in_turn(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T0B1T1aB2T1b"), S("B1T1xB3T1y")};
    EXPECT(steps, "c: s:B1 s:x c:B1 c:a c:B2 c:b s:B3 s:y c:. s:. ");
}

static void a_blocked_direction_may_keep_much_but_not_all(void **state)
{
    (void)state;
    struct world *w = world_new();
    static char zeros[STREAM_BLOCKED_MAX_BYTES];
    for (size_t i = 0; i < sizeof zeros; i += 2) {
        zeros[i] = 'T';
        zeros[i + 1] = '0';
    }
    w->log.big = true;
    feed(w, C2S, "!B1", 3);
    feed(w, C2S, zeros, sizeof zeros - 2);
    assert_int_equal(w->shared.kept_bytes, STREAM_BLOCKED_MAX_BYTES);
    feed(w, S2C, "T0", 2);
    assert_int_equal(w->shared.kept_bytes, 0);
    assert_int_equal(w->log.lines, 2 + (sizeof zeros - 2) / 2);
    feed(w, C2S, "B9", 2);
    feed(w, C2S, zeros, sizeof zeros - 2);
    assert_string_equal(w->log.text[0], "");
    feed(w, C2S, "T", 1);
    assert_string_equal(w->log.text[0], "c:LIMIT ");
    assert_int_equal(w->shared.kept_bytes, 0);
    assert_true(w->alive);
    world_close(w);
    free(w);
}

static void many_tiny_pieces_are_survived(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->log.big = true;
    feed(w, C2S, "!B1", 3);
    for (int i = 0; i < 20000; i++) {
        feed(w, C2S, i % 2 == 0 ? "T" : "0", 1);
    }
    feed(w, S2C, "T0", 2);
    assert_int_equal(w->log.lines, 2 + 10000);
    assert_string_equal(w->log.text[0], "");
    world_close(w);
    free(w);
}

static void when_all_streams_keep_much_each_may_keep_little(void **state)
{
    (void)state;
    struct world *w = world_new();
    static char zeros[STREAM_KEPT_CROWDED_BYTES + 2];
    for (size_t i = 0; i < sizeof zeros; i++) {
        zeros[i] = "T0"[i % 2];
    }
    w->shared.kept_bytes = STREAM_KEPT_ALL_MAX_BYTES + 1;
    w->log.big = true;
    feed(w, C2S, "!B1", 3);
    feed(w, C2S, zeros, STREAM_KEPT_CROWDED_BYTES - 2);
    feed(w, S2C, "T0", 2);
    assert_int_equal(w->log.lines, 2 + STREAM_KEPT_CROWDED_BYTES / 2 - 1);
    feed(w, S2C, "B999", 2);
    feed(w, C2S, "B9", 2);
    feed(w, C2S, zeros, STREAM_KEPT_CROWDED_BYTES);
    assert_string_equal(w->log.text[0], "c:LIMIT ");
    w->shared.kept_bytes -= STREAM_KEPT_ALL_MAX_BYTES + 1;
    world_close(w);
    free(w);
}

/* ---- Switches ---- */

static void the_next_decoder_gets_what_is_left_of_both_directions(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1a"), C("E"), S("T1xST1y"), C("T1c"), S("T1z")};
    EXPECT(steps, "c:a s:x s:switch s2:y s2:z s2:. c2:E c2:c c2:. ");
}

static void frames_before_the_answer_are_read_by_the_next_decoder(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1aB9T1b"), S("T1xS"), S("T1y")};
    struct world *w = run(steps, 2, 2, SIZE_MAX);
    assert_string_equal(w->log.text[2], "c:a s:x s:switch ");
    for (int i = 0; i < 9; i++) { /* the second decoder counts anew */
        feed(w, S2C, "T0", 2);
    }
    assert_non_null(strstr(w->log.text[2], "c2:B9 c2:b "));
    world_close(w);
    free(w);
    EXPECT(steps, "c:a s:x s:switch s2:y s2:. c2:. ");
}

static void a_switch_may_leave_its_byte_to_the_next_decoder(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1asT1b"), S("sT1x")};
    EXPECT(steps, "c:a c:switch c2:s c2:b s2:s s2:x c2:. s2:. ");
}

static void an_end_before_the_switch_is_told_to_the_next_decoder(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1a"), C_END, S("T1xST1y"), S_END};
    EXPECT(steps, "c:a c:. s:x s:switch s2:y c2:. s2:. ");
}

/* ---- Gaps ---- */

static void a_gap_comes_in_its_place(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1a"), C_GAP(5), C("T1b"), S_GAP(UINT64_MAX), S("T1x")};
    struct world *w = run(steps, 5, 5, SIZE_MAX);
    assert_string_equal(w->log.text[2], "c:a c:[5] c:b s:[18446744073709551615] s:x ");
    world_close(w);
    free(w);
    EXPECT(steps, "c:a c:[5] c:b s:[18446744073709551615] s:x c:. s:. ");
}

static void what_a_gap_breaks_is_lost_with_it(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T5ab"), C_GAP(6), C("T1b"), C("L"), C_GAP(1), C("T1c")};
    EXPECT(steps, "c:[10] c:b c:[2] c:c c:. s:. ");
}

static void a_gap_behind_blocked_bytes_waits_with_them(void **state)
{
    (void)state;
    const struct step steps[] = {C("!B1T1a"), C_GAP(7), C("T1bT5xy"), C_GAP(3),
                                 C_GAP(4),    C("T1c"), S("T0"),      C("T1d")};
    EXPECT(steps, "s: c:B1 c:a c:[7] c:b c:[11] c:c c:d c:. s:. ");
}

static void a_decoder_may_hold_a_gap_back(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1a"), HOLD_GAP_UNTIL(2), C_GAP(7), C("T1b"), C_GAP(2),
                                 C("T1c"),  S("T0"),           S("T0"),  C("T1d")};
    EXPECT(steps, "c:a s: s: c:[7] c:b c:[2] c:c c:d c:. s:. ");
    const struct step broken[] = {C("!T1aT5xy"), HOLD_GAP_UNTIL(1), C_GAP(7),
                                  C_GAP(1),      C("T1b"),          S("T0")};
    EXPECT(broken, "c:a s: c:[12] c:b c:. s:. ");
}

static void gaps_that_wait_are_told_with_their_packet(void **state)
{
    (void)state;
    const struct step steps[] = {C("!B1"), C_GAP(7), C("T1a"), S("T0")};
    struct world *w = world_new();
    w->log.packets = true;
    for (size_t i = 0; i < 4; i++) {
        run_step(w, &steps[i], SIZE_MAX);
    }
    assert_string_equal(w->log.text[2], "s:@4 c:B1@1 c:[7]@2 c:a@3 ");
    w->log.packets = false;
    world_close(w);
    free(w);
}

static void gaps_wait_across_a_switch(void **state)
{
    (void)state;
    const struct step steps[] = {C("!ET1a"), C_GAP(7), C("T1b"), S("SP0"), S_END};
    EXPECT(steps, "s:switch s2:. c2:E c2:a c2:[7] c2:b c2:. ");
}

static void a_gap_is_a_step_for_the_other_direction(void **state)
{
    (void)state;
    const struct step steps[] = {C("!B1T1a"), HOLD_GAP_UNTIL(0), S("T0"), S_GAP(3), S("T1x")};
    EXPECT(steps, "s: c:B1 c:a s:[3] s:x c:. s:. ");
}

static void what_waited_behind_a_gap_and_the_other_direction_go_by_packets(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->log.packets = true;
    feed_as(w, C2S, "!T1a", 4, 1);
    feed_as(w, S2C, "B2", 2, 3);
    feed_as(w, S2C, "T1x", 3, 5);
    feed_as(w, S2C, "T1y", 3, 8);
    stream_gap(w->stream, C2S, 7, 4000, 4);
    feed_as(w, C2S, "T1b", 3, 4);
    feed_as(w, C2S, "T1c", 3, 6);
    feed_as(w, C2S, "T1d", 3, 7);
    assert_true(stream_settle(w->stream));
    feed_as(w, C2S, "T1e", 3, 9);
    assert_true(stream_settle(w->stream));
    assert_string_equal(w->log.text[2],
                        "c:a@1 c:[7]@4 c:b@4 s:B2@3 s:x@5 c:c@6 c:d@7 s:y@8 c:e@9 ");
    w->log.packets = false;
    world_close(w);
    free(w);
}

static void a_gap_that_cannot_be_survived_gives_up(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1a"), C_GAP(666), C("T1b"), S("T1x")};
    EXPECT(steps, "c:a c:[666] s:x c:. s:. ");
    const struct step both[] = {C("!T1a"), C_GAP(666), S_GAP(666), C("T1b"), S("T1x")};
    struct world *w = run(both, 3, 3, SIZE_MAX);
    assert_false(w->alive);
    world_close(w);
    free(w);
}

static void a_gap_forces_the_decision(void **state)
{
    (void)state;
    const struct step steps[] = {C("?T0"), C_GAP(2), C("T1b")};
    EXPECT(steps, "c: c:[2] c:b c:. s:. ");
    struct world *w = world_new();
    feed(w, C2S, "?", 1);
    assert_true(w->alive);
    w->alive = stream_gap(w->stream, S2C, 5, 0, 1);
    assert_true(w->alive);
    assert_string_equal(w->log.text[2], "s:[5] ");
    world_close(w);
    free(w);
}

/* ---- Ends ---- */

static void an_end_is_told_when_no_bytes_wait(void **state)
{
    (void)state;
    const struct step steps[] = {C("!B2T1a"), C_END, S("T0"), S("T0"), S_END};
    EXPECT(steps, "s: s: c:B2 c:a c:. s:. ");
}

static void an_end_is_told_although_something_is_unfinished(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T5ab"), C_END, S("T0")};
    EXPECT(steps, "c:. s: s:. ");
}

static void an_end_is_a_step_for_the_other_direction(void **state)
{
    (void)state;
    const struct step steps[] = {C("!ET1a"), S("T1x"), S_END, C("T1b")};
    EXPECT(steps, "s:x s:. c:E c:a c:b c:. ");
    const struct step both[] = {C("!ET1a"), C_END, S("T1x"), S_END};
    EXPECT(both, "s:x s:. c:E c:a c:. ");
}

static void bytes_that_wait_when_all_is_over_get_their_last_chance(void **state)
{
    (void)state;
    const struct step steps[] = {C("!ET1a"), S("T1x")};
    EXPECT(steps, "s:x s:. c:E c:a c:. ");
    const struct step both[] = {C("!ET1a"), S("ET1b")}; /* nobody can begin */
    EXPECT(both, "c:. s:E s:b s:. ");
}

/* ---- Whose stream? ---- */

static void a_decoder_may_take_its_time_to_say_yes(void **state)
{
    (void)state;
    const struct step steps[] = {C("?"), C("T"), C("1a"), C("T1b"), S("T1x")};
    EXPECT(steps, "c:a c:b s:x c:. s:. ");
    const struct step late[] = {C("?T0")};
    EXPECT(late, "c: c:. s:. ");
}

static void the_direction_that_came_first_is_replayed_first(void **state)
{
    (void)state;
    struct world *w = world_new();
    feed(w, S2C, "?T", 2);
    feed(w, C2S, "?0", 1);
    feed(w, S2C, "1xT1y", 5);
    feed(w, C2S, "T1a", 3);
    assert_string_equal(w->log.text[2], "s:x s:y c:a ");
    world_close(w);
    free(w);
}

static void nobodys_stream_is_given_up_at_once(void **state)
{
    (void)state;
    struct world *w = world_new();
    feed(w, C2S, "\1HELO", 5);
    assert_false(w->alive);
    feed(w, C2S, "!T1a", 4);
    assert_false(w->alive);
    assert_false(stream_gap(w->stream, S2C, 5, 0, 1));
    stream_end(w->stream, C2S, 0, 2);
    assert_string_equal(w->log.text[2], "");
    world_close(w);
    free(w);
}

static void sides_may_be_turned(void **state)
{
    (void)state;
    struct world *w = world_new();
    feed(w, C2S, "~T1aB1T1bT3", 11);
    assert_true(stream_swapped(w->stream));
    assert_int_equal(stream_connection(w->stream)->client.port, 2);
    feed(w, S2C, "T1x", 3);
    feed(w, C2S, "abc", 3);
    stream_gap(w->stream, C2S, 9, 0, 9);
    stream_end(w->stream, C2S, 0, 10);
    assert_string_equal(w->log.text[2], "s:a c:x s:B1 s:b s:abc s:[9] s:. ");
    world_close(w);
    free(w);
    struct world *z = world_new(); /* turned in the middle of a chunk, with the other side ended */
    stream_end(z->stream, S2C, 0, 1);
    feed(z, C2S, "~T1a", 4);
    assert_string_equal(z->log.text[2], "s:a c:. ");
    world_close(z);
    free(z);
}

static void the_end_of_a_turned_stream_is_turned(void **state)
{
    (void)state;
    const int firsts[] = {-1, 0, 1};
    for (int i = 0; i < 3; i++) {
        struct world *w = world_new();
        feed(w, C2S, "~T1a", 4);
        stream_begin_session(w->stream, SESSION_UPGRADE, 100);
        struct session_end end = {.first_fin = firsts[i]};
        stream_close(w->stream, &end);
        assert_string_equal(w->log.text[2], "s:a c:. s:. ");
        free(w);
    }
}

/* ---- Giving up ---- */

static void a_direction_that_was_given_up_is_not_offered(void **state)
{
    (void)state;
    const struct step steps[] = {C("!T1aGT1b"), C("T1c"), C_GAP(3), S("T1x"), C_END};
    EXPECT(steps, "c:a c:gives up s:x c:. s:. ");
    struct world *w = run(steps, 4, 4, SIZE_MAX);
    assert_true(w->alive);
    world_close(w);
    free(w);
}

static void a_stream_that_was_given_up_says_so_and_keeps_nothing(void **state)
{
    (void)state;
    struct world *w = world_new();
    feed(w, C2S, "!T1aB9", 6);
    feed(w, S2C, "T5ab", 4);
    assert_true(w->alive);
    feed(w, S2C, "cdeXT1y", 7);
    assert_false(w->alive);
    assert_int_equal(w->shared.kept_bytes, 0);
    assert_string_equal(w->log.text[2], "c:a s:abcde s:gives up ");
    world_close(w);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_offered_until_all_is_taken),
        cmocka_unit_test(what_is_left_waits_for_more),
        cmocka_unit_test(no_more_is_kept_than_was_asked_for),
        cmocka_unit_test(a_decoder_that_cannot_say_how_much_gets_what_may_be_kept),
        cmocka_unit_test(more_than_may_be_kept_gives_the_direction_up),
        cmocka_unit_test(kept_bytes_keep_their_packet),
        cmocka_unit_test(a_blocked_direction_is_offered_again_when_the_other_moved),
        cmocka_unit_test(bytes_behind_a_block_wait_with_it),
        cmocka_unit_test(blocks_of_both_directions_are_solved_in_turn),
        cmocka_unit_test(a_blocked_direction_may_keep_much_but_not_all),
        cmocka_unit_test(many_tiny_pieces_are_survived),
        cmocka_unit_test(when_all_streams_keep_much_each_may_keep_little),
        cmocka_unit_test(the_next_decoder_gets_what_is_left_of_both_directions),
        cmocka_unit_test(frames_before_the_answer_are_read_by_the_next_decoder),
        cmocka_unit_test(a_switch_may_leave_its_byte_to_the_next_decoder),
        cmocka_unit_test(an_end_before_the_switch_is_told_to_the_next_decoder),
        cmocka_unit_test(a_gap_comes_in_its_place),
        cmocka_unit_test(what_a_gap_breaks_is_lost_with_it),
        cmocka_unit_test(a_gap_behind_blocked_bytes_waits_with_them),
        cmocka_unit_test(a_decoder_may_hold_a_gap_back),
        cmocka_unit_test(gaps_that_wait_are_told_with_their_packet),
        cmocka_unit_test(gaps_wait_across_a_switch),
        cmocka_unit_test(a_gap_is_a_step_for_the_other_direction),
        cmocka_unit_test(what_waited_behind_a_gap_and_the_other_direction_go_by_packets),
        cmocka_unit_test(a_gap_that_cannot_be_survived_gives_up),
        cmocka_unit_test(a_gap_forces_the_decision),
        cmocka_unit_test(an_end_is_told_when_no_bytes_wait),
        cmocka_unit_test(an_end_is_told_although_something_is_unfinished),
        cmocka_unit_test(an_end_is_a_step_for_the_other_direction),
        cmocka_unit_test(bytes_that_wait_when_all_is_over_get_their_last_chance),
        cmocka_unit_test(a_decoder_may_take_its_time_to_say_yes),
        cmocka_unit_test(the_direction_that_came_first_is_replayed_first),
        cmocka_unit_test(nobodys_stream_is_given_up_at_once),
        cmocka_unit_test(sides_may_be_turned),
        cmocka_unit_test(the_end_of_a_turned_stream_is_turned),
        cmocka_unit_test(a_direction_that_was_given_up_is_not_offered),
        cmocka_unit_test(a_stream_that_was_given_up_says_so_and_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
