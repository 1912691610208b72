/* Packets written anew: those of the sessions that are taken, with comments. */
#include "analyzer/capture/rewrite.h"
#include "analyzer/capture/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define CAPTURE "captures/ws-plain.pcapng"

/* What is in the file now, in the writer's blocks. */
static char *contents(FILE *file, size_t *n)
{
    fflush(file);
    *n = (size_t)ftell(file);
    char *p = malloc(*n + 1);
    rewind(file);
    assert_int_equal(fread(p, 1, *n, file), *n);
    p[*n] = '\0';
    return p;
}

/* The session of the capture's first packet. */
static struct session first_session(void)
{
    struct session s = {.connection = {.family = 4}};
    const char *path = CAPTURE;
    struct err err;
    struct packet packet;
    struct source *source = source_open(&path, 1, NULL, &err);
    assert_non_null(source);
    assert_int_equal(source_next(source, &packet, &err), 1);
    /* Ethernet, IPv4 without options, TCP */
    memcpy(s.connection.client.ip, packet.b.p + 26, 4);
    memcpy(s.connection.server.ip, packet.b.p + 30, 4);
    s.connection.client.port = (uint16_t)(packet.b.p[34] << 8 | packet.b.p[35]);
    s.connection.server.port = (uint16_t)(packet.b.p[36] << 8 | packet.b.p[37]);
    s.connection.started = s.started = packet.ts;
    s.last_ts = packet.ts + 1000000;
    source_free(source);
    return s;
}

static uint64_t written_of(struct rewrite *r)
{
    const char *path = CAPTURE;
    uint64_t read, total, written;
    struct err err;
    assert_int_equal(rewrite_open(r, &path, 1, NULL, &err), 0);
    while (rewrite_step(r)) {
    }
    rewrite_progress(r, &read, &total, &written);
    assert_int_equal(read, total);
    rewrite_free(r);
    return written;
}

static uint64_t rewrite_all(FILE *out, const struct session *s, const char *comment)
{
    struct rewrite *r = rewrite_new(out);
    assert_true(s == NULL || rewrite_take(r, s));
    assert_true(comment == NULL || rewrite_comment(r, 1, bytes_of(comment)));
    return written_of(r);
}

static void only_what_is_taken_is_written(void **state)
{
    FILE *out = tmpfile();
    struct session s = first_session();
    size_t n;
    (void)state;
    assert_int_equal(rewrite_all(out, NULL, NULL), 0);
    free(contents(out, &n));
    assert_true(n < 100); /* a section that is empty */
    rewind(out);
    assert_int_not_equal(rewrite_all(out, &s, NULL), 0);
    s.connection.client.port++;
    assert_int_equal(rewrite_all(out, &s, NULL), 0);
    fclose(out);
}

/* Very many, in no order: of the same ends at other times, and of other ends at the same time. */
static void sessions_on_the_same_ports_are_told_apart_by_their_times(void **state)
{
    FILE *out = tmpfile();
    struct session s = first_session();
    struct rewrite *alone = rewrite_new(out), *among = rewrite_new(out);
    (void)state;
    assert_true(rewrite_take(alone, &s));
    for (int i = 0; i < 3000; i++) {
        struct session other = s;
        int away = (i * 7919) % 3001 - 1500; /* in the middle it is the session itself */
        int64_t by = away * (int64_t)2000000000;
        other.started = other.connection.started = s.started + by;
        other.last_ts = s.last_ts + by;
        assert_true(rewrite_take(among, &other));
        other = s;
        other.connection.client.port = (uint16_t)(i + 1);
        assert_true(other.connection.client.port == s.connection.client.port ||
                    rewrite_take(among, &other));
    }
    uint64_t written = written_of(alone);
    assert_true(written > 0);
    assert_int_equal(written_of(among), written);
    fclose(out);
}

static void a_comment_goes_with_its_packet(void **state)
{
    FILE *out = tmpfile();
    struct session s = first_session();
    size_t n;
    (void)state;
    uint64_t written = rewrite_all(out, &s, "said of the first");
    char *bytes = contents(out, &n);
    char *found = memmem(bytes, n, "said of the first", 17);
    assert_non_null(found);
    assert_null(memmem(found + 1, n - (size_t)(found + 1 - bytes), "said of the first", 17));
    free(bytes);
    fclose(out);
    out = tmpfile();
    assert_int_equal(rewrite_all(out, &s, NULL), written);
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_taken_is_written),
        cmocka_unit_test(sessions_on_the_same_ports_are_told_apart_by_their_times),
        cmocka_unit_test(a_comment_goes_with_its_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
