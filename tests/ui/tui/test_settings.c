/* Looks of one's own, and settings that are written back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tui/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void ignore(void *ctx, const char *text)
{
    (void)ctx;
    fail_msg("complained: %s", text);
}

/*--- Looks --------------------------------------------------------------------------------------*/

static void a_look_is_read_and_told_again(void **state)
{
    static const char *const both[][2] = {
        {"red", "1 on default"},
        {"bright-red on 235 bold", "9 on 235 bold"},
        {"on blue", "default on 4"},
        {"underline 203", "203 on default underline"},
        {"default dim reverse", "default on default dim reverse"}};
    (void)state;
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        struct look l, again;
        struct err err;
        char text[80];
        assert_int_equal(look_parse(&l, both[i][0], &err), 0);
        look_text(&l, text, sizeof text);
        assert_string_equal(text, both[i][1]);
        assert_int_equal(look_parse(&again, text, &err), 0);
        assert_memory_equal(&l, &again, sizeof l);
    }
}

static void what_is_no_look_is_told(void **state)
{
    struct settings s;
    struct err err;
    (void)state;
    settings_init(&s);
    assert_int_equal(settings_line(&s, "color error = crimson", &err), -1);
    assert_non_null(strstr(err.text, "'crimson'"));
    assert_int_equal(settings_line(&s, "color error = 256", &err), -1);
    assert_int_equal(settings_line(&s, "color nonsense = red", &err), -1);
    assert_false(s.looks.set[ROLE_ERROR]);
}

static void ones_own_look_is_shown_as_far_as_the_terminal_can(void **state)
{
    struct settings s;
    struct err err;
    (void)state;
    unsetenv("NO_COLOR");
    settings_init(&s);
    assert_int_equal(settings_line(&s, "color error = 203 on 17 underline", &err), 0);
    struct theme t = theme_choose(256, BACKGROUND_DARK, false, &s.looks);
    struct look l = theme_look(&t, ROLE_ERROR, 0);
    assert_int_equal(l.fg, 203);
    assert_int_equal(l.bg, 17);
    assert_true(l.underline && !l.bold);
    t = theme_choose(8, BACKGROUND_DARK, false, &s.looks);
    l = theme_look(&t, ROLE_ERROR, 0);
    assert_int_equal(l.fg, -1);
    assert_true(l.underline);
    t = theme_choose(256, BACKGROUND_LIGHT, true, &s.looks);
    assert_int_equal(theme_look(&t, ROLE_ERROR, 0).fg, -1);
}

static void every_number_of_colors_and_background_has_its_looks(void **state)
{
    static const struct theme_looks none;
    (void)state;
    unsetenv("NO_COLOR");
    unsetenv("COLORFGBG");
    struct theme dark = theme_choose(256, BACKGROUND_AUTO, false, &none);
    struct theme light = theme_choose(256, BACKGROUND_LIGHT, false, &none);
    struct theme sixteen = theme_choose(16, BACKGROUND_DARK, false, &none);
    struct theme eight = theme_choose(8, BACKGROUND_DARK, false, &none);
    struct theme mono = theme_choose(2, BACKGROUND_DARK, false, &none);
    assert_int_not_equal(theme_look(&dark, ROLE_WARNING, 0).fg,
                         theme_look(&light, ROLE_WARNING, 0).fg);
    assert_int_equal(theme_look(&sixteen, ROLE_ERROR, 0).fg, 9);
    assert_int_equal(theme_look(&eight, ROLE_ERROR, 0).fg, 1);
    for (int role = 0; role < ROLE_COUNT; role++) {
        assert_int_equal(theme_look(&mono, (enum role)role, 0).fg, -1);
        assert_true(theme_look(&eight, (enum role)role, 0).fg < 8);
        assert_true(theme_look(&sixteen, (enum role)role, 0).fg < 16);
        /* the cursor and what is found are seen on any terminal */
        assert_true(theme_look(&mono, (enum role)role, CELL_CURSOR).reverse !=
                    theme_look(&mono, (enum role)role, 0).reverse);
        assert_true(theme_look(&mono, (enum role)role, CELL_MATCH).underline);
    }
    setenv("NO_COLOR", "1", 1);
    assert_int_equal(theme_choose(256, BACKGROUND_DARK, false, &none).colors, 0);
    unsetenv("NO_COLOR");
    setenv("COLORFGBG", "0;15", 1);
    assert_true(theme_choose(256, BACKGROUND_AUTO, false, &none).light);
    unsetenv("COLORFGBG");
}

/*--- Writing back -------------------------------------------------------------------------------*/

static void in_folder(char *path, size_t n, const char *name)
{
    const char *tmp = getenv("TEST_TMP");
    snprintf(path, n, "%s/%s", tmp != NULL ? tmp : "/tmp", name);
}

static void holds(const char *path, const char *expected)
{
    char text[4096] = "";
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, expected);
}

static void what_was_changed_replaces_its_lines_and_the_rest_stays(void **state)
{
    char path[512];
    struct settings s;
    struct err err;
    (void)state;
    in_folder(path, sizeof path, "kept");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("# mine\n  time= delta\nkey save = s\ncolumns = state\ntime = start\nnonsense", f);
    fclose(f);
    settings_init(&s);
    assert_int_equal(settings_line(&s, "columns = number url:30", &err), 0);
    s.time = TIME_START;
    assert_int_equal(settings_keep(&s, path, &err), 0);
    holds(path, "# mine\ntime = start\nkey save = s\ncolumns = number url:30\nnonsense\n"
                "color = yes\npreview = auto\nautoscroll = no\n");
    assert_int_equal(settings_keep(&s, path, &err), 0); /* once more changes nothing */
    holds(path, "# mine\ntime = start\nkey save = s\ncolumns = number url:30\nnonsense\n"
                "color = yes\npreview = auto\nautoscroll = no\n");
    unlink(path);
}

static void folders_are_made_and_what_is_kept_is_read_again(void **state)
{
    char path[512];
    struct settings s, again;
    struct err err;
    (void)state;
    in_folder(path, sizeof path, "a/b/config");
    settings_init(&s);
    s.autoscroll = true;
    s.preview = PREVIEW_BELOW;
    s.color = false;
    assert_int_equal(settings_keep(&s, path, &err), 0);
    settings_init(&again);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    settings_read(&again, f, path, ignore, NULL);
    fclose(f);
    assert_true(again.autoscroll && !again.color && again.preview == PREVIEW_BELOW);
    assert_memory_equal(again.columns, s.columns, sizeof s.columns);
    unlink(path);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    struct settings s;
    struct err err;
    (void)state;
    settings_init(&s);
    assert_int_equal(settings_keep(&s, "/dev/null/config", &err), -1);
    assert_non_null(strstr(err.text, "/dev/null/config"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_is_read_and_told_again),
        cmocka_unit_test(what_is_no_look_is_told),
        cmocka_unit_test(ones_own_look_is_shown_as_far_as_the_terminal_can),
        cmocka_unit_test(every_number_of_colors_and_background_has_its_looks),
        cmocka_unit_test(what_was_changed_replaces_its_lines_and_the_rest_stays),
        cmocka_unit_test(folders_are_made_and_what_is_kept_is_read_again),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
