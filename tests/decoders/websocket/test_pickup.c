/* The mid-stream pickup: finds WebSocket connections without their handshake, and nothing else. The
 * other decoders are stand-ins here: two that are never the ones, and one that notes what it gets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/base/buffer.h"
#include "decoders/websocket/websocket.h"
#include "lib/frame_stream.h"

#include <stdio.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

extern const struct decoder websocket_pickup_decoder;

static enum verdict not_mine(const struct hint *hint)
{
    (void)hint;
    return VERDICT_NO;
}

const struct decoder http1_decoder = {.name = "none", .match = not_mine};
const struct decoder tls_decoder = {.name = "none", .match = not_mine};

/* ---- Stand-in for the WebSocket decoder ---- */

struct notes {
    struct event_sink sink;
    struct websocket_setup setup;
    int sessions, confidence, findings;
    enum session_kind kind;
    uint16_t server_port;
    struct buffer got[2];
};

static struct notes *notes_of(struct stream *s)
{
    return (struct notes *)(void *)stream_shared(s)->sink;
}

static void fake_open(struct stream *s, const struct hint *hint)
{
    notes_of(s)->setup = *(const struct websocket_setup *)hint->arg;
}

static size_t fake_data(struct stream *s, const struct chunk *c)
{
    assert_true(buffer_append(&notes_of(s)->got[c->dir], c->b));
    return c->b.n;
}

static bool fake_gap(struct stream *s, enum dir dir, uint64_t n)
{
    (void)s;
    (void)dir;
    (void)n;
    return true;
}

static void fake_end(struct stream *s, enum dir dir)
{
    (void)s;
    (void)dir;
}

static void fake_close(struct stream *s)
{
    (void)s;
}

const struct decoder websocket_decoder = {.name = "fake",
                                          .state_size = 1,
                                          .max_keep = 1,
                                          .open = fake_open,
                                          .data = fake_data,
                                          .gap = fake_gap,
                                          .end = fake_end,
                                          .close = fake_close};

static void emit(struct event_sink *sink, const struct event *e)
{
    struct notes *n = (struct notes *)(void *)sink;
    if (e->type == EVENT_SESSION) {
        n->sessions++;
        n->confidence = e->begin.confidence;
        n->kind = e->begin.kind;
        n->server_port = e->begin.connection->server.port;
    }
    if (e->type == EVENT_FINDING) {
        assert_int_equal(e->finding.id, FINDING_PICKED_UP);
        assert_true(e->finding.detail.n > 0);
        n->findings++;
    }
}

/* ---- Running a connection ---- */

struct run {
    struct bytes b[2]; /* what each side sends */
    size_t piece;      /* segments of at most so many bytes, in turn; 0: of random sizes */
    bool from_start;
    size_t gap_at, gap; /* in the client's direction */
};

static size_t piece_size(const struct run *r, uint32_t *seed, size_t left)
{
    size_t n = r->piece != 0 ? r->piece : 1 + frame_stream_random(seed) % 1448;
    return n < left ? n : left;
}

/* The caller frees notes->got. */
static void run(struct notes *notes, const struct run *r)
{
    static uint8_t scratch[STREAM_SCRATCH_BYTES];
    struct decode_options options = {0};
    *notes = (struct notes){.sink = {.emit = emit}};
    buffer_init(&notes->got[0], 64U << 20);
    buffer_init(&notes->got[1], 64U << 20);
    struct stream_shared shared = {
        .options = &options, .sink = &notes->sink, .next_session = 1, .scratch = scratch};
    struct connection connection = {.client.port = 40000, .server.port = 80};
    struct stream *s = stream_new(&shared, &connection, r->from_start);
    assert_non_null(s);
    size_t at[2] = {0, 0};
    uint32_t seed = 77;
    for (uint64_t pkt = 1; at[0] < r->b[0].n || at[1] < r->b[1].n; pkt++) {
        enum dir d = pkt & 1 ? DIR_CLIENT_TO_SERVER : DIR_SERVER_TO_CLIENT;
        size_t n = piece_size(r, &seed, r->b[d].n - at[d]);
        if (n > 0) {
            struct chunk c = {(int64_t)pkt, pkt, bytes_part(r->b[d], at[d], n), d};
            stream_data(s, &c);
            at[d] += n;
        }
        if (d == DIR_CLIENT_TO_SERVER && r->gap > 0 && at[0] >= r->gap_at &&
            at[0] - n < r->gap_at) {
            stream_gap(s, d, r->gap, (int64_t)pkt, pkt);
            at[0] += r->gap;
        }
    }
    stream_close(s, &(struct session_end){.how = END_OPEN, .first_fin = -1});
}

static void notes_done(struct notes *n)
{
    buffer_done(&n->got[0]);
    buffer_done(&n->got[1]);
}

/* ---- What is WebSocket ---- */

/* What was handed over is the end of what was sent and, where it says so, begins with a frame. */
static void check_handed_over(const struct notes *n, enum dir d, const struct frame_stream *f,
                              struct bytes sent)
{
    struct bytes got = buffer_bytes(&n->got[d]);
    assert_true(got.n <= sent.n);
    assert_true(bytes_equal(got, bytes_from(sent, sent.n - got.n)));
    if (n->setup.synced[d]) {
        assert_true(frame_stream_begins(f, f->b.n - got.n));
    }
}

static void check_pickup(enum frames_kind kind, size_t piece, size_t from[2], bool swapped)
{
    struct frame_stream f[2];
    struct notes n;
    struct run r = {.piece = piece};
    size_t frames = kind == FRAMES_LARGE ? 12 : 40;
    for (int d = 0; d < 2; d++) {
        frame_stream_make(&f[d], kind, (enum dir)d, frames, 21U + (uint32_t)d);
        r.b[swapped ? 1 - d : d] = bytes_from(f[d].b, from[d]);
    }
    run(&n, &r);
    assert_int_equal(n.sessions, 1);
    assert_int_equal(n.findings, 1);
    assert_int_equal(n.kind, SESSION_MIDSTREAM);
    assert_true(n.confidence >= 80 && n.confidence <= 99);
    assert_int_equal(n.server_port, swapped ? 40000 : 80);
    assert_true(n.setup.midstream);
    assert_int_equal(n.setup.version, 13);
    assert_int_equal(n.setup.deflate, kind == FRAMES_COMPRESSED ? DEFLATE_IN_USE : DEFLATE_UNKNOWN);
    for (int d = 0; d < 2; d++) {
        check_handed_over(&n, (enum dir)d, &f[d], bytes_from(f[d].b, from[d]));
        frame_stream_free(&f[d]);
    }
    notes_done(&n);
}

static void connections_of_every_kind_are_picked_up_at_their_frames(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1448, 100};
    for (int kind = 0; kind < FRAMES_MIXED; kind++) {
        for (size_t i = 0; i < 3; i++) {
            check_pickup((enum frames_kind)kind, pieces[i], (size_t[2]){0, 0}, false);
        }
    }
}

static void connections_are_picked_up_in_the_middle_of_a_frame(void **state)
{
    (void)state;
    for (size_t from = 1; from < 800; from += 61) {
        check_pickup(FRAMES_TEXT, 1448, (size_t[2]){from, from / 2}, false);
        check_pickup(FRAMES_COMPRESSED, 0, (size_t[2]){from, from / 2}, false);
        check_pickup(FRAMES_BINARY, 0, (size_t[2]){from, from / 2}, false);
    }
}

static void connections_are_picked_up_in_the_middle_of_a_large_frame(void **state)
{
    (void)state;
    check_pickup(FRAMES_LARGE, 1448, (size_t[2]){5000, 30000}, false);
}

static void client_and_server_are_told_apart_by_their_masks(void **state)
{
    (void)state;
    check_pickup(FRAMES_TEXT, 1448, (size_t[2]){0, 0}, true);
    check_pickup(FRAMES_COMPRESSED, 400, (size_t[2]){30, 99}, true);
    check_pickup(FRAMES_BINARY, 0, (size_t[2]){0, 500}, true);
}

static void one_side_alone_is_enough_when_it_says_much(void **state)
{
    (void)state;
    for (int d = 0; d < 2; d++) {
        struct frame_stream f;
        struct notes n;
        struct run r = {.piece = 700};
        frame_stream_make(&f, FRAMES_TEXT, (enum dir)d, 20, 5);
        r.b[d] = bytes_from(f.b, 10);
        run(&n, &r);
        assert_int_equal(n.sessions, 1);
        check_handed_over(&n, (enum dir)d, &f, r.b[d]);
        frame_stream_free(&f);
        notes_done(&n);
    }
}

static void two_frames_from_each_side_are_enough(void **state)
{
    (void)state;
    struct frame_stream f[2];
    struct notes n;
    struct run r = {.piece = 5000};
    for (int d = 0; d < 2; d++) {
        frame_stream_make(&f[d], FRAMES_TEXT, (enum dir)d, 2, 5);
        r.b[d] = f[d].b;
    }
    run(&n, &r);
    assert_int_equal(n.sessions, 1);
    for (int d = 0; d < 2; d++) {
        frame_stream_free(&f[d]);
    }
    notes_done(&n);
}

static void a_gap_before_the_pickup_does_no_harm(void **state)
{
    (void)state;
    for (size_t gap = 1; gap < 1000; gap += 111) {
        struct frame_stream f[2];
        struct notes n;
        struct run r = {.piece = 60, .gap_at = 60, .gap = gap};
        for (int d = 0; d < 2; d++) {
            frame_stream_make(&f[d], FRAMES_BINARY, (enum dir)d, 60, 31);
            r.b[d] = f[d].b;
        }
        run(&n, &r);
        assert_int_equal(n.sessions, 1);
        for (int d = 0; d < 2; d++) {
            check_handed_over(&n, (enum dir)d, &f[d], r.b[d]);
            frame_stream_free(&f[d]);
        }
        notes_done(&n);
    }
}

static void a_connection_seen_from_its_start_is_not_mid_stream(void **state)
{
    (void)state;
    struct frame_stream f;
    struct notes n;
    struct run r = {.piece = 700, .from_start = true};
    frame_stream_make(&f, FRAMES_TEXT, DIR_CLIENT_TO_SERVER, 20, 5);
    r.b[0] = f.b;
    run(&n, &r);
    assert_int_equal(n.sessions, 0);
    frame_stream_free(&f);
    notes_done(&n);
}

/* ---- What is not ---- */

#define NOISE_BYTES 100000

typedef void noise_fn(struct buffer *, uint32_t *seed);

static uint8_t byte(uint32_t *seed)
{
    return (uint8_t)(frame_stream_random(seed) >> 13);
}

static void add(struct buffer *b, const void *p, size_t n)
{
    assert_true(buffer_append(b, (struct bytes){p, n}));
}

static void add_random(struct buffer *b, uint32_t *seed, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = byte(seed);
        add(b, &c, 1);
    }
}

static void add_be(struct buffer *b, uint64_t value, int bytes)
{
    while (bytes-- > 0) {
        uint8_t c = (uint8_t)(value >> 8 * bytes);
        add(b, &c, 1);
    }
}

static void random_bytes(struct buffer *b, uint32_t *seed)
{
    add_random(b, seed, 100);
}

static void add_words(struct buffer *b, uint32_t *seed, const char *const *words, unsigned count)
{
    const char *word = words[frame_stream_random(seed) % count];
    add(b, word, strlen(word));
}

static void english(struct buffer *b, uint32_t *seed)
{
    static const char *const words[] = {"the ", "AB", "C<p>", "BBB ", "of\n", "x=1;", "A", " B A "};
    add_words(b, seed, words, 8);
}

static void russian(struct buffer *b, uint32_t *seed)
{
    static const char *const words[] = {"\xd1\x81\xd1\x82", "\xd0\xbe ", "\xd1\x81 ",
                                        "\xd1\x82 \xd1\x81\xd0\xb0", "\xd1\x8a, "};
    add_words(b, seed, words, 5);
}

static void japanese(struct buffer *b, uint32_t *seed)
{
    const uint8_t c[3] = {0xe3, (uint8_t)(0x81 + (byte(seed) & 1)),
                          (uint8_t)(0x80 + (byte(seed) & 0x3f))};
    add(b, c, 3);
}

static void tls_records(struct buffer *b, uint32_t *seed)
{
    size_t n = 40 + byte(seed) * 4U;
    add_be(b, 0x170303, 3);
    add_be(b, n, 2);
    add_random(b, seed, n);
}

static void mysql_rows(struct buffer *b, uint32_t *seed)
{
    uint8_t n = (uint8_t)(4 + byte(seed) % 100);
    uint8_t h[4] = {n, 0, 0, byte(seed)};
    add(b, h, 4);
    while (n > 0) {
        uint8_t len = (uint8_t)(n - 1 < 20 ? n - 1 : 20);
        add(b, &len, 1);
        for (uint8_t i = 0; i < len; i++) {
            uint8_t c = (uint8_t)('0' + byte(seed) % 75);
            add(b, &c, 1);
        }
        n = (uint8_t)(n - 1 - len);
    }
}

static void rtmp_chunks(struct buffer *b, uint32_t *seed)
{
    uint8_t first = (uint8_t)(byte(seed) & 0xc0 ? 0xc4 : 0x04);
    add(b, &first, 1);
    if (first == 0x04) {
        add_be(b, frame_stream_random(seed) & 0xffff, 3);
        add_be(b, 128, 3);
        add_be(b, 0x0901000000, 5);
    }
    add_random(b, seed, 128);
}

static void amqp_frames(struct buffer *b, uint32_t *seed)
{
    size_t n = byte(seed) % 80;
    add_be(b, 1 + byte(seed) % 3, 1);
    add_be(b, 1, 2);
    add_be(b, n, 4);
    for (size_t i = 0; i < n; i++) {
        add_be(b, i % 7 == 0 ? 0x3c : 'a' + byte(seed) % 26, 1);
    }
    add_be(b, 0xce, 1);
}

static void mqtt_packets(struct buffer *b, uint32_t *seed)
{
    static const uint8_t types[] = {0x30, 0x32, 0x40, 0x82, 0x90, 0xc0, 0xd0};
    uint8_t type = types[byte(seed) % 7];
    uint8_t n = type >= 0xc0 ? 0 : type == 0x40 ? 2 : (uint8_t)(5 + byte(seed) % 100);
    add_be(b, type, 1);
    add_be(b, n, 1);
    for (uint8_t i = 0; i < n; i++) {
        add_be(b, i < 2 ? 0 : 'a' + byte(seed) % 26, 1);
    }
}

static void dns_over_tcp(struct buffer *b, uint32_t *seed)
{
    add_be(b, 12 + 16 + 16, 2);
    add_be(b, frame_stream_random(seed) & 0xffff, 2);
    add_be(b, 0x8180000100010000, 8);
    add_be(b, 0, 2);
    add(b, "\7example\3com\0\0\1\0\1", 17);
    add(b, "\xc0\x0c\0\1\0\1\0\0\1\0\0\4", 12);
    add_random(b, seed, 4);
    add(b, "", 1);
}

static void ldap_answers(struct buffer *b, uint32_t *seed)
{
    uint8_t n = (uint8_t)(byte(seed) % 100);
    add_be(b, 0x3084000000, 5);
    add_be(b, n + 9U, 1);
    add_be(b, 0x0202, 2);
    add_be(b, frame_stream_random(seed) & 0xffff, 2);
    add_be(b, 0x6484, 2);
    add_be(b, n, 3);
    for (uint8_t i = 0; i < n; i++) {
        add_be(b, i % 20 == 0 ? 0x04 : 'a' + byte(seed) % 26, 1);
    }
}

/* Type, length, value, with the types that WebSocket has as well. */
static void type_length_value(struct buffer *b, uint32_t *seed)
{
    static const uint8_t types[] = {0x80, 0x81, 0x82, 0x83, 0xa0, 0xa1, 0x30, 0x02};
    uint8_t n = (uint8_t)(byte(seed) % 60);
    add_be(b, types[byte(seed) % 8], 1);
    add_be(b, n, 1);
    add_random(b, seed, n);
}

static void gzip_body(struct buffer *b, uint32_t *seed)
{
    uint8_t text[4000], packed[8000];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)("etaoin shrdlu\n<div>"[byte(seed) % 19]);
    }
    uLongf n = sizeof packed;
    assert_int_equal(compress(packed, &n, text, sizeof text), Z_OK);
    add(b, packed, n);
}

static void counters(struct buffer *b, uint32_t *seed)
{
    (void)seed;
    add_be(b, b->n / 4, 4);
}

static void zeros(struct buffer *b, uint32_t *seed)
{
    static const uint8_t none[1000];
    add(b, none, 1 + byte(seed));
    add_random(b, seed, 1 + byte(seed) % 16);
}

static void samples_16_bit(struct buffer *b, uint32_t *seed)
{
    add_be(b, (frame_stream_random(seed) % 600) - 300U, 2);
}

static void chunked_http(struct buffer *b, uint32_t *seed)
{
    char size[16];
    size_t n = 1 + byte(seed) * 3U;
    add(b, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", n));
    add_random(b, seed, n);
    add(b, "\r\n", 2);
}

static void one_byte_over_and_over(struct buffer *b, uint32_t *seed)
{
    static const uint8_t odd[] = {0x81, 0x82, 0xc1, 0x8a, 0x01, 0x88};
    uint8_t c = odd[*seed % 6];
    add(b, &c, 1);
}

static void pairs_over_and_over(struct buffer *b, uint32_t *seed)
{
    (void)seed;
    add(b, "\x82\x04", 2);
    add_be(b, b->n, 4);
}

static void check_noise(const char *name, noise_fn *noise, uint32_t seed)
{
    struct buffer b[2];
    struct notes n;
    struct run r = {.piece = seed % 3 == 0 ? 1448 : 0};
    for (int d = 0; d < 2; d++) {
        uint32_t s = seed * 2654435761U + (uint32_t)d + 1;
        size_t want = d == 0 && seed % 2 ? 2000 : NOISE_BYTES;
        buffer_init(&b[d], NOISE_BYTES * 2);
        while (b[d].n < want) {
            noise(&b[d], &s);
        }
        r.b[d] = bytes_from(buffer_bytes(&b[d]), seed % 57);
    }
    run(&n, &r);
    if (n.sessions != 0) {
        fail_msg("%s, seed %u: taken for WebSocket, confidence %d", name, seed, n.confidence);
    }
    for (int d = 0; d < 2; d++) {
        buffer_done(&b[d]);
    }
    notes_done(&n);
}

static void nothing_else_is_taken_for_websocket(void **state)
{
    (void)state;
#define NOISE(name)                                                                                \
    {                                                                                              \
#name, name                                                                                \
    }
    static const struct {
        const char *name;
        noise_fn *noise;
    } kinds[] = {NOISE(random_bytes),       NOISE(english),      NOISE(russian),
                 NOISE(japanese),           NOISE(tls_records),  NOISE(mysql_rows),
                 NOISE(rtmp_chunks),        NOISE(amqp_frames),  NOISE(mqtt_packets),
                 NOISE(dns_over_tcp),       NOISE(ldap_answers), NOISE(type_length_value),
                 NOISE(gzip_body),          NOISE(counters),     NOISE(zeros),
                 NOISE(samples_16_bit),     NOISE(chunked_http), NOISE(one_byte_over_and_over),
                 NOISE(pairs_over_and_over)};
    const char *more = getenv("PICKUP_SEEDS");
    uint32_t seeds = more != NULL ? (uint32_t)atoi(more) : 4;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (uint32_t seed = 1; seed <= seeds; seed++) {
            check_noise(kinds[i].name, kinds[i].noise, seed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_of_every_kind_are_picked_up_at_their_frames),
        cmocka_unit_test(connections_are_picked_up_in_the_middle_of_a_frame),
        cmocka_unit_test(connections_are_picked_up_in_the_middle_of_a_large_frame),
        cmocka_unit_test(client_and_server_are_told_apart_by_their_masks),
        cmocka_unit_test(one_side_alone_is_enough_when_it_says_much),
        cmocka_unit_test(two_frames_from_each_side_are_enough),
        cmocka_unit_test(a_gap_before_the_pickup_does_no_harm),
        cmocka_unit_test(a_connection_seen_from_its_start_is_not_mid_stream),
        cmocka_unit_test(nothing_else_is_taken_for_websocket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
