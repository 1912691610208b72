/* Streams: gaps and ends, which come in their place. */
#include "toy_streams.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
