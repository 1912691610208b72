/* Files appear whole or not at all. */
#include "ui/output.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/wsight-output.XXXXXX";
static struct output o;
static struct err err;

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const char *read_file(const char *name)
{
    static char text[64];
    FILE *f = fopen(name, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

/* Entries of the folder, without . and .. */
static int entries(void)
{
    int n = -2;
    DIR *d = opendir(".");
    while (readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n;
}

static void a_file_appears_when_it_is_closed(void **state)
{
    (void)state;
    assert_int_equal(output_open(&o, "a", &err), 0);
    fputs("new", o.stream);
    assert_int_equal(access("a", F_OK), -1);
    assert_int_equal(output_close(&o, &err), 0);
    assert_string_equal(read_file("a"), "new");
    assert_int_equal(entries(), 1);
}

static void a_file_that_was_there_is_replaced_and_keeps_its_mode(void **state)
{
    struct stat info;
    (void)state;
    write_file("a", "old");
    chmod("a", 0640);
    assert_int_equal(output_open(&o, "a", &err), 0);
    fputs("new", o.stream);
    assert_string_equal(read_file("a"), "old");
    assert_int_equal(output_close(&o, &err), 0);
    assert_string_equal(read_file("a"), "new");
    assert_int_equal(stat("a", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void a_new_file_has_the_usual_mode(void **state)
{
    struct stat info;
    (void)state;
    mode_t mask = umask(027);
    assert_int_equal(output_open(&o, "a", &err), 0);
    assert_int_equal(output_close(&o, &err), 0);
    umask(mask);
    assert_int_equal(stat("a", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void an_abandoned_file_leaves_nothing_behind(void **state)
{
    (void)state;
    write_file("a", "old");
    assert_int_equal(output_open(&o, "a", &err), 0);
    fputs("new", o.stream);
    output_abandon(&o);
    assert_string_equal(read_file("a"), "old");
    assert_int_equal(entries(), 1);
    output_abandon(&o); /* does no harm */
}

static void a_link_stays_and_its_file_is_replaced(void **state)
{
    struct stat info;
    (void)state;
    write_file("a", "old");
    assert_int_equal(symlink("a", "link"), 0);
    assert_int_equal(output_open(&o, "link", &err), 0);
    fputs("new", o.stream);
    assert_int_equal(output_close(&o, &err), 0);
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_string_equal(read_file("a"), "new");
}

static void a_device_is_written_to_and_not_replaced(void **state)
{
    struct stat info;
    (void)state;
    assert_int_equal(output_open(&o, "/dev/null", &err), 0);
    fputs("new", o.stream);
    assert_int_equal(output_close(&o, &err), 0);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    assert_int_equal(output_open(&o, "/dev/full", &err), 0);
    fputs("new", o.stream);
    assert_int_equal(output_close(&o, &err), -1);
    assert_string_equal(err.text, "cannot write to /dev/full: No space left on device");
}

static void what_cannot_be_opened_is_told(void **state)
{
    (void)state;
    assert_int_equal(output_open(&o, "no/such/folder", &err), -1);
    assert_string_equal(err.text, "cannot write to no/such/folder: No such file or directory");
    assert_int_equal(output_open(&o, ".", &err), -1);
    assert_string_equal(err.text, "cannot write to .: Is a directory");
    assert_int_equal(entries(), 0);
}

static int enter(void **state)
{
    (void)state;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int leave(void **state)
{
    (void)state;
    (void)unlink("a");
    (void)unlink("link");
    return chdir("/") != 0 || rmdir(dir) != 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_appears_when_it_is_closed),
        TEST(a_file_that_was_there_is_replaced_and_keeps_its_mode),
        TEST(a_new_file_has_the_usual_mode),
        TEST(an_abandoned_file_leaves_nothing_behind),
        TEST(a_link_stays_and_its_file_is_replaced),
        TEST(a_device_is_written_to_and_not_replaced),
        TEST(a_full_disk_is_told),
        TEST(what_cannot_be_opened_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
