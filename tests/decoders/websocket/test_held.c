/* The queue of held-back messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/websocket/held.h"

#include <stdio.h>

static const uint8_t hello[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
static const uint8_t again[] = {0xf2, 0x00, 0x11, 0x00, 0x00};

struct head {
    uint64_t number;
    char letter;
};

/* What the visitor saw, as text: "1a[Hello]0 " is head 1a, its plain text, its result. */
struct log {
    char text[8192];
    size_t n;
};

static void begin(void *ctx, const void *head)
{
    struct log *l = ctx;
    const struct head *h = head;
    assert_int_equal((uintptr_t)head % 8, 0);
    l->n +=
        (size_t)snprintf(l->text + l->n, sizeof l->text - l->n, "%d%c[", (int)h->number, h->letter);
}

static void plain(void *ctx, struct bytes piece)
{
    struct log *l = ctx;
    l->n += (size_t)snprintf(l->text + l->n, sizeof l->text - l->n, "%.*s", (int)piece.n,
                             (const char *)piece.p);
}

static void end(void *ctx, const void *head, enum inflate_result result)
{
    (void)head;
    struct log *l = ctx;
    l->n += (size_t)snprintf(l->text + l->n, sizeof l->text - l->n, "]%d ", (int)result);
}

static bool add(struct held *h, const uint8_t *p, size_t n)
{
    uint8_t *room = held_room(h, n);
    if (room == NULL) {
        return false;
    }
    memcpy(room, p, n);
    held_add(h, n);
    return true;
}

struct fixture {
    struct held held;
    struct inflater *inf;
    struct log log;
    struct held_visitor visitor;
    uint8_t scratch[3];
};

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    held_init(&f->held, sizeof(struct head));
    f->inf = inflater_new(false, true);
    assert_non_null(f->inf);
    f->visitor = (struct held_visitor){begin, plain, end, &f->log};
}

static void fixture_done(struct fixture *f)
{
    held_done(&f->held);
    inflater_free(f->inf);
}

static void run(struct fixture *f, const char *expected)
{
    f->log.n = 0;
    f->log.text[0] = 0;
    held_run(&f->held, f->inf, f->scratch, sizeof f->scratch, &f->visitor);
    assert_string_equal(f->log.text, expected);
    assert_int_equal(held_count(&f->held), 0);
}

static void messages_come_back_in_order_with_their_heads(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    run(&f, "");
    assert_true(add(&f.held, hello, 3));
    assert_true(add(&f.held, hello + 3, 4));
    assert_true(held_end(&f.held, &(struct head){1, 'a'}));
    assert_true(add(&f.held, again, 5));
    assert_true(held_end(&f.held, &(struct head){2, 'b'}));
    assert_int_equal(held_count(&f.held), 2);
    run(&f, "1a[Hello]0 2b[Hello]0 ");
    run(&f, "");
    fixture_done(&f);
}

static void a_message_without_bytes_is_a_message_too(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(add(&f.held, hello, 0));
    assert_true(held_end(&f.held, &(struct head){1, 'a'}));
    assert_true(held_end(&f.held, &(struct head){2, 'b'}));
    assert_true(add(&f.held, hello, 7));
    assert_true(held_end(&f.held, &(struct head){3, 'c'}));
    run(&f, "1a[]1 2b[]1 3c[Hello]0 ");
    fixture_done(&f);
}

static void the_message_under_way_stays_when_the_others_are_run(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(add(&f.held, hello, 7));
    assert_true(held_end(&f.held, &(struct head){1, 'a'}));
    assert_true(add(&f.held, again, 2));
    run(&f, "1a[Hello]0 ");
    assert_true(bytes_equal(held_open_part(&f.held), (struct bytes){again, 2}));
    assert_true(add(&f.held, again + 2, 3));
    assert_true(held_end(&f.held, &(struct head){2, 'b'}));
    run(&f, "2b[Hello]0 ");
    fixture_done(&f);
}

static void a_full_queue_says_so_and_loses_nothing(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    unsigned count = 0;
    while (add(&f.held, hello, 7) && held_end(&f.held, &(struct head){1, 'a'})) {
        count++;
        assert_true(count < HELD_DIRECTION_MAX_BYTES / 8);
    }
    assert_int_equal(held_count(&f.held), count);
    assert_true(held_memory(&f.held) <= HELD_DIRECTION_MAX_BYTES);
    struct bytes open = held_open_part(&f.held);
    assert_true(open.n == 0 || open.n == 7);
    held_drop_open(&f.held);
    held_run(&f.held, f.inf, f.scratch, sizeof f.scratch, &f.visitor);
    assert_int_equal(f.log.n, count * strlen("1a[Hello]0 "));
    assert_true(add(&f.held, again, 5));
    assert_true(held_end(&f.held, &(struct head){2, 'b'}));
    run(&f, "2b[Hello]0 ");
    fixture_done(&f);
}

static void a_message_that_is_too_large_can_be_taken_out_again(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(add(&f.held, hello, 7));
    assert_null(held_room(&f.held, HELD_DIRECTION_MAX_BYTES));
    assert_null(held_room(&f.held, SIZE_MAX));
    assert_true(bytes_equal(held_open_part(&f.held), (struct bytes){hello, 7}));
    held_drop_open(&f.held);
    assert_int_equal(held_open_part(&f.held).n, 0);
    assert_true(add(&f.held, hello, 7));
    assert_true(held_end(&f.held, &(struct head){1, 'a'}));
    run(&f, "1a[Hello]0 ");
    fixture_done(&f);
}

static void what_cannot_be_inflated_is_told_message_by_message(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    assert_true(add(&f.held, hello, 7));
    assert_true(held_end(&f.held, &(struct head){1, 'a'}));
    assert_true(add(&f.held, again, 5));
    assert_true(held_end(&f.held, &(struct head){2, 'b'}));
    held_give_up(&f.held, &f.visitor);
    assert_string_equal(f.log.text, "1a[]4 2b[]4 ");
    run(&f, "");
    fixture_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_back_in_order_with_their_heads),
        cmocka_unit_test(a_message_without_bytes_is_a_message_too),
        cmocka_unit_test(the_message_under_way_stays_when_the_others_are_run),
        cmocka_unit_test(a_full_queue_says_so_and_loses_nothing),
        cmocka_unit_test(a_message_that_is_too_large_can_be_taken_out_again),
        cmocka_unit_test(what_cannot_be_inflated_is_told_message_by_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
