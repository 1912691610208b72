/* Streams: each promise of decoder.h, with decoders made for it. (Gaps and ends:
 * test_stream_gaps.c.)
 */
#include "toy_streams.h"

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
