/* Files without names: the last two are kept, and can be read through their descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/capture/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROTATE_BYTES 60000

/* The source, to be freed after the recorder. */
static struct source *copy(struct recorder *r, uint64_t *packets)
{
    const char *path = "captures/tour.pcapng";
    struct source_options options = {0};
    struct packet packet;
    struct err err;
    struct source *s = source_open(&path, 1, &options, &err);
    assert_non_null(s);
    while (source_next(s, &packet, &err) == 1) {
        recorder_expect(r, s, &packet, 1);
        recorder_packets(r);
        ++*packets;
    }
    recorder_flush(r);
    return s;
}

/* The numbers of packets, and the time of the first. */
static uint64_t read_back(int fd, int64_t *first)
{
    struct source_options options = {0};
    struct packet packet;
    struct err err = {""};
    uint64_t n = 0;
    struct source *s = source_open_kept(&fd, 1, &options, &err);
    assert_non_null(s);
    while (source_next(s, &packet, &err) == 1) {
        *first = n++ == 0 ? packet.ts : *first;
    }
    assert_string_equal(err.text, "");
    source_free(s);
    return n;
}

/* One of files without names in the test's folder; none is open yet. */
static struct recorder *unnamed_recorder(void)
{
    const char *folder = getenv("TEST_TMP");
    char path[512];
    struct err err;
    snprintf(path, sizeof path, "%s/packets", folder != NULL ? folder : "/tmp");
    struct recorder_options options = {
        .path = path, .rotate_bytes = ROTATE_BYTES, .unnamed = true, .application = "test"};
    struct recorder *r = recorder_new(&options, &err);
    assert_non_null(r);
    return r;
}

static void the_last_two_files_without_names_can_be_read(void **state)
{
    int fds[2];
    int64_t first[2];
    uint64_t packets = 0;
    struct err err;
    (void)state;
    struct recorder *r = unnamed_recorder();
    assert_int_equal(recorder_kept(r, fds), 0);
    assert_int_equal(recorder_open(r, 0, &err), 0);
    assert_int_equal(recorder_kept(r, fds), 1);
    struct source *source = copy(r, &packets);
    struct recorder_counts counts = recorder_counts(r);
    assert_int_equal(counts.packets, packets);
    assert_true(counts.files > 2); /* so the oldest are gone */
    assert_int_equal(recorder_kept(r, fds), 2);
    uint64_t kept = read_back(fds[0], &first[0]) + read_back(fds[1], &first[1]);
    assert_true(kept > 0 && kept < packets);
    assert_true(first[0] < first[1]);
    recorder_free(r);
    source_free(source);
}

/* Behind the seal no file can be opened: there are two from the beginning. */
static void unnamed_files_are_written_in_turn_and_held_while_they_are_read(void **state)
{
    int fds[RECORDER_KEPT_FILES], later[RECORDER_KEPT_FILES];
    uint64_t packets = 0;
    struct err err;
    (void)state;
    struct recorder *r = unnamed_recorder();
    assert_int_equal(recorder_open(r, 0, &err), 0);
    struct source *source = copy(r, &packets);
    recorder_flush(r);
    assert_int_equal(recorder_kept(r, fds), 2);
    uint64_t files = recorder_counts(r).files;
    recorder_hold(r, true);
    source_free(source);
    source = copy(r, &packets);
    assert_int_equal(recorder_counts(r).files, files);
    recorder_hold(r, false);
    source_free(source);
    source = copy(r, &packets);
    assert_true(recorder_counts(r).files > files);
    assert_int_equal(recorder_kept(r, later), 2);
    bool turned = recorder_counts(r).files % 2 != files % 2;
    assert_int_equal(later[0], fds[turned]);
    assert_int_equal(later[1], fds[!turned]);
    recorder_free(r);
    source_free(source);
}

static void a_later_file_has_its_name_by_the_path_as_it_was_at_first(void **state)
{
    const char *folder = getenv("TEST_TMP");
    char path[512], file[520];
    struct err err;
    (void)state;
    int n = snprintf(path, sizeof path, "%s/", folder != NULL ? folder : "/tmp");
    snprintf(path + n, sizeof path - (size_t)n, "first");
    snprintf(file, sizeof file, "%s", path);
    struct recorder_options options = {.path = path, .application = "test"};
    struct recorder *r = recorder_new(&options, &err);
    assert_non_null(r);
    memset(path + n, 'x', 5);
    assert_int_equal(recorder_open(r, 0, &err), 0);
    recorder_free(r);
    assert_int_equal(unlink(file), 0);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct recorder_options options = {.path = "/nonexistent/folder/x", .unnamed = true};
    struct err err;
    (void)state;
    assert_null(recorder_new(&options, &err));
    assert_non_null(strstr(err.text, "/nonexistent/folder"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_two_files_without_names_can_be_read),
        cmocka_unit_test(unnamed_files_are_written_in_turn_and_held_while_they_are_read),
        cmocka_unit_test(a_later_file_has_its_name_by_the_path_as_it_was_at_first),
        cmocka_unit_test(a_folder_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
