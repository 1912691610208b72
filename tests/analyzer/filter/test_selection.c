/* What a display filter lets through: to the totals, and to a report that listens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/filter/selection.h"
#include "analyzer/frame_queue.h"
#include "lib/capture_world.h"

#include <stdlib.h>
#include <string.h>

#define TOUR "captures/tour.pcapng"

/* What a report was told. */
struct told {
    uint64_t opened, messages, findings, ended, opcodes[16];
    uint64_t before_opening; /* messages of sessions of which no opening was told */
    bool open[256];
};

static void on_opened(void *self, struct session *s)
{
    struct told *t = self;
    t->opened++;
    t->open[s->id] = true;
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct told *t = self;
    t->messages++;
    t->opcodes[e->message.opcode]++;
    t->before_opening += !t->open[s->id];
}

static void on_finding(void *self, const struct session *s, const struct finding_record *r)
{
    (void)r;
    ((struct told *)self)->findings += s != NULL;
}

static void on_ended(void *self, struct session *s)
{
    (void)s;
    ((struct told *)self)->ended++;
}

/* What the ends of sessions tell. */
static void read_late(struct late_values *late, struct filter *filter)
{
    struct world w;
    late_init(late, filter);
    struct model_listener listener = late_listener(late);
    world_begin(&w, &(struct model_options){0}, &(struct decode_options){.late = true});
    model_listen(w.model, &listener);
    world_read(&w, TOUR);
    world_done(&w);
}

static void read_selected(struct world *w, const char *text, bool twice,
                          const struct model_listener *to)
{
    struct filter_error error;
    struct filter *filter = filter_compile(text, &error);
    struct selection selection;
    struct late_values late = {0};
    struct decode_options decode = {.body_max = UINT64_MAX};
    assert_non_null(filter);
    if (twice) {
        read_late(&late, filter);
    }
    world_begin(w, &(struct model_options){.selective = true}, &decode);
    struct model_listener listener = selection_begin(&selection, filter, twice ? &late : NULL, to);
    model_listen(w->model, &listener);
    world_read(w, TOUR);
    late_done(&late);
    filter_free(filter);
}

/* A report that listens to everything. */
static struct told follow_passes(const char *text, bool twice)
{
    struct told told = {0};
    struct model_listener to = {.session_opened = on_opened,
                                .message = on_message,
                                .finding = on_finding,
                                .session_ended = on_ended,
                                .self = &told};
    struct world w;
    read_selected(&w, text, twice, &to);
    assert_int_equal(told.before_opening, 0);
    world_done(&w);
    return told;
}

static struct told follow(const char *text)
{
    return follow_passes(text, false);
}

/* One that listens to ends alone. */
static struct totals *report(const char *text)
{
    struct told told = {0};
    struct model_listener to = {.session_ended = on_ended, .self = &told};
    struct totals *totals = malloc(sizeof *totals);
    struct world w;
    read_selected(&w, text, false, &to);
    *totals = *model_totals(w.model);
    totals->subprotocols = totals->extensions = (struct name_counts){0};
    totals->texts = NULL;
    assert_int_equal(told.ended, totals->sessions + totals->tls_connections);
    world_done(&w);
    return totals;
}

static void assert_same_histogram(const struct histogram *a, const struct histogram *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

static void totals_of_what_is_selected_and_of_the_rest_add_up(void **state)
{
    static const char *const halves[][2] = {{"server.port == 8082", "server.port != 8082"},
                                            {"severity == error", "not severity == error"},
                                            {"closed == clean", "closed != clean"},
                                            {"duration > 100ms", "duration <= 100ms"}};
    struct totals *all = report("");
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct totals *a = report(halves[i][0]), *b = report(halves[i][1]);
        assert_true(a->sessions > 0 && b->sessions > 0);
        assert_int_equal(a->sessions + b->sessions, all->sessions);
        assert_int_equal(a->left_out, b->sessions);
        assert_int_equal(b->left_out, a->sessions);
        for (int d = 0; d < 2; d++) {
            assert_int_equal(a->dir[d].frames + b->dir[d].frames, all->dir[d].frames);
            assert_int_equal(a->close_none[d] + b->close_none[d], all->close_none[d]);
            for (int code = 0; code < TOTALS_CLOSE_CODES; code++) {
                assert_int_equal(a->close_codes[d][code] + b->close_codes[d][code],
                                 all->close_codes[d][code]);
            }
            histogram_merge(&a->message_sizes[d], &b->message_sizes[d]);
            assert_same_histogram(&a->message_sizes[d], &all->message_sizes[d]);
        }
        histogram_merge(&a->rtt_ns, &b->rtt_ns);
        assert_same_histogram(&a->rtt_ns, &all->rtt_ns);
        for (int id = 0; id < FINDING_COUNT; id++) {
            assert_int_equal(a->findings[id] + b->findings[id], all->findings[id]);
        }
        free(a);
        free(b);
    }
    free(all);
}

static void a_filter_that_takes_everything_changes_no_total(void **state)
{
    struct totals *selected = report("");
    struct world w;
    (void)state;
    world_begin(&w, &(struct model_options){0}, &(struct decode_options){0});
    world_read(&w, TOUR);
    struct totals plain = *model_totals(w.model);
    assert_true(plain.subprotocols.n > 0 && plain.rtt_ns.count > 0);
    plain.subprotocols = plain.extensions = (struct name_counts){0};
    plain.texts = NULL;
    assert_memory_equal(&plain, selected, sizeof plain);
    world_done(&w);
    free(selected);
}

static void messages_are_told_of_with_their_sessions(void **state)
{
    (void)state;
    struct told all = follow(""), pings = follow("opcode == ping");
    assert_int_equal(pings.messages, 15);
    assert_int_equal(pings.opcodes[9], 15);
    assert_int_equal(pings.opened, 8);
    assert_int_equal(pings.ended, 8);
    assert_int_equal(pings.findings, 0);
    assert_int_equal(all.opcodes[9], 15);
    assert_true(all.findings > 0 && all.opened == 40);
}

static void sessions_are_told_of_whole(void **state)
{
    (void)state;
    struct told one = follow("server.port == 8082"), rest = follow("server.port != 8082");
    struct told all = follow("");
    assert_int_equal(one.opened, 8);
    assert_int_equal(one.opened + rest.opened, all.opened);
    assert_int_equal(one.messages + rest.messages, all.messages);
    assert_int_equal(one.findings + rest.findings, all.findings);
    assert_int_equal(one.ended + rest.ended, all.ended);
}

static void a_session_without_messages_is_asked_by_itself(void **state)
{
    (void)state;
    struct told told = follow("opcode == ping or status == 403");
    assert_int_equal(told.messages, 15);
    assert_int_equal(told.ended, 9);
}

static void count_findings(struct event_sink *sink, const struct event *e)
{
    (void)sink;
    assert_int_equal(e->finding.id, FINDING_FILTER_FRAMES);
    assert_true(bytes_equal(e->finding.detail, bytes_of("2 frames")));
    assert_int_equal(e->session, 0);
}

static void frames_that_there_is_no_room_for_are_told_of(void **state)
{
    struct filter_error error;
    struct filter *filter = filter_compile("frame.size > 0", &error);
    struct selection selection;
    struct session_choice choice = {.state = 0};
    struct session session = {.id = 1, .choice = &choice};
    struct event frame = {.type = EVENT_FRAME, .session = 1, .frame = {.opcode = 1}};
    struct event_sink sink = {.emit = count_findings};
    (void)state;
    struct model_listener l =
        selection_begin(&selection, filter, NULL, &(struct model_listener){.message = on_message});
    for (uint32_t i = 0; i < 2 * FRAME_QUEUE_MAX; i++) {
        l.frame(l.self, &session, &frame);
    }
    selection_findings(&selection, &(struct event_sink){.emit = NULL}); /* nothing to tell */
    l.frame(l.self, &session, &frame);
    l.frame(l.self, &session, &frame);
    selection_findings(&selection, &sink);
    choice.free_own(choice.own);
    filter_free(filter);
}

static void a_first_pass_knows_how_sessions_will_end(void **state)
{
    static const char *const texts[][2] = {
        {"close == 1002", "not close == 1002"},
        {"duration > 100ms", "duration <= 100ms"},
        {"finding", "not finding"},
        {"opcode == text and messages > 20", "not (opcode == text and messages > 20)"}};
    struct told all = follow("");
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct told one = follow_passes(texts[i][0], true);
        struct told rest = follow_passes(texts[i][1], true);
        assert_true(one.messages > 0);
        assert_int_equal(one.messages + rest.messages, all.messages);
    }
    assert_true(follow_passes("close == 1002", true).messages > follow("close == 1002").messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_of_what_is_selected_and_of_the_rest_add_up),
        cmocka_unit_test(a_filter_that_takes_everything_changes_no_total),
        cmocka_unit_test(messages_are_told_of_with_their_sessions),
        cmocka_unit_test(sessions_are_told_of_whole),
        cmocka_unit_test(a_session_without_messages_is_asked_by_itself),
        cmocka_unit_test(frames_that_there_is_no_room_for_are_told_of),
        cmocka_unit_test(a_first_pass_knows_how_sessions_will_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
