/* The ladder: arrows between two lines, times at the left, round trips at the right. */
#include "flow_screen.h"

#include "analyzer/units.h"
#include "decoders/http/fields.h"
#include "decoders/registry/registry.h"
#include "decoders/websocket/mux.h"
#include "ui/report/address.h"
#include "ui/report/session_json.h" /* session_close_name */
#include "ui/report/tls_text.h"

#include <stdio.h>

#define SUMMARY_LOOK_BYTES 1024
#define CHANNEL_NUMBER_BYTES 4 /* at most */
#define GUTTER_COLUMNS 9       /* for the round trips */

/*--- Labels -------------------------------------------------------------------------------------*/

static enum role opcode_role(unsigned opcode)
{
    return opcode == 1                   ? ROLE_OPCODE_TEXT
           : opcode == 2                 ? ROLE_OPCODE_BINARY
           : opcode == 8                 ? ROLE_OPCODE_CLOSE
           : opcode == 9 || opcode == 10 ? ROLE_OPCODE_PING
                                         : ROLE_OPCODE_OTHER;
}

static const char *opcode_word(unsigned opcode)
{
    static const char *const words[16] = {
        [0] = "cont", [1] = "text", [2] = "bin", [8] = "close", [9] = "ping", [10] = "pong"};
    return words[opcode] != NULL ? words[opcode] : "op?";
}

static struct bytes first_words(struct tui *t, const struct store_message *m, struct buffer *room)
{
    struct bytes b = {NULL, 0};
    if (store_body(t->feed->store, m, 400, room)) {
        b = buffer_bytes(room);
    }
    return store_opcode(m) == 8 ? bytes_from(b, 2) : b;
}

static int put_payload(struct canvas *c, struct bytes b, unsigned opcode, int y, int x, int end)
{
    if (opcode != 1 && !page_looks_like_text(b)) {
        for (size_t i = 0; i < b.n && x + 3 <= end; i++) {
            x = canvas_format(c, y, x, end, ROLE_DIM, i + 1 < b.n ? "%02x " : "%02x", b.p[i]);
        }
        return x;
    }
    return text_put(c, y, x, end, ROLE_TEXT, b);
}

/* What the subprotocol says of it; of a piece in the middle of a unit only that it is one. */
static bool put_summary(struct tui *t, struct flow *f, uint32_t n, struct buffer *room, int y,
                        int *x, int end)
{
    const struct store_session *s = session_of(t, f);
    struct dissection d;
    if (!units_dissect(t->feed->store, s, n, SUMMARY_LOOK_BYTES, room, &d) || d.wrong != NULL ||
        d.summary_n == 0) {
        return false;
    }
    *x = canvas_text(&t->canvas, y, *x, end, ROLE_TEXT, " ");
    if (s->track != NULL && s->messages[n].unit_before > 0 &&
        s->messages[n].unit_before != SUBPROTOCOL_NOT_ALIGNED) {
        *x = canvas_text(&t->canvas, y, *x, end, ROLE_DIM, "… ");
        *x = text_put(&t->canvas, y, *x, end, ROLE_DIM, (struct bytes){d.summary, d.summary_n});
    } else {
        *x = text_put(&t->canvas, y, *x, end, ROLE_NOTE, (struct bytes){d.summary, d.summary_n});
    }
    return true;
}

static bool multiplexes(const struct session *s)
{
    struct bytes rest = s->handshake.extensions;
    struct extension e;
    while (extension_list_next(&rest, &e)) {
        if (mux_is_name(e.name)) {
            return true;
        }
    }
    return false;
}

/* Whose frame a message of a multiplexed connection carries. */
static int put_channel(struct tui *t, struct flow *f, const struct store_message *m, int y, int x,
                       int end)
{
    struct buffer head;
    uint32_t channel;
    if (store_opcode(m) != 2 || !multiplexes(session_of(t, f)->session)) {
        return x;
    }
    buffer_init(&head, CHANNEL_NUMBER_BYTES);
    if (store_body(t->feed->store, m, CHANNEL_NUMBER_BYTES, &head) &&
        mux_channel_of(buffer_bytes(&head), &channel)) {
        x = canvas_format(&t->canvas, y, x, end, ROLE_NOTE, " ch%u", channel);
    }
    buffer_done(&head);
    return x;
}

/* What stands on a message's arrow. */
static int put_label(struct tui *t, struct flow *f, uint32_t n, int y, int x, int end)
{
    const struct store_message *m = &session_of(t, f)->messages[n];
    struct canvas *c = &t->canvas;
    struct buffer room;
    char size[SHORT_TEXT_BYTES];
    unsigned opcode = store_opcode(m);
    x = canvas_format(c, y, x, end, opcode_role(opcode), " %s", opcode_word(opcode));
    short_bytes(size, m->len);
    x = canvas_format(c, y, x, end, ROLE_STRONG, " %s", size);
    if (m->flags & MESSAGE_COMPRESSED) {
        x = canvas_text(c, y, x, end, ROLE_NOTE, "z");
    }
    if (m->flags & MESSAGE_RAW) {
        x = canvas_text(c, y, x, end, ROLE_NOTE, " raw");
    }
    if (m->flags & MESSAGE_FRAGMENTED) {
        x = canvas_format(c, y, x, end, ROLE_NOTE, " %ufr", m->frames);
    }
    x = put_channel(t, f, m, y, x, end);
    if (m->flags & (MESSAGE_DAMAGED | MESSAGE_NOT_INFLATED | MESSAGE_BAD_UTF8) ||
        !(m->flags & MESSAGE_FINISHED)) {
        x = canvas_text(c, y, x, end, ROLE_ERROR,
                        m->flags & MESSAGE_DAMAGED        ? " damaged"
                        : m->flags & MESSAGE_NOT_INFLATED ? " not inflated"
                        : m->flags & MESSAGE_BAD_UTF8     ? " bad utf-8"
                                                          : " unfinished");
    }
    buffer_init(&room, SUMMARY_LOOK_BYTES);
    if (put_summary(t, f, n, &room, y, &x, end)) {
        buffer_done(&room);
        return canvas_text(c, y, x, end, ROLE_TEXT, " ");
    }
    struct bytes b = first_words(t, m, &room);
    const struct handshake *h = &session_of(t, f)->session->handshake;
    int code = opcode == 8 ? session_close_code(h, buffer_bytes(&room)) : CLOSE_CODE_NONE;
    if (code != CLOSE_CODE_NONE) {
        x = canvas_format(c, y, x, end, ROLE_OPCODE_CLOSE, " %d %s", code,
                          session_close_name(t->registry, h, code));
    }
    if (b.n > 0) {
        x = canvas_text(c, y, x, end, ROLE_TEXT, " ");
        x = put_payload(c, b, opcode, y, x, end);
    }
    buffer_done(&room);
    return canvas_text(c, y, x, end, ROLE_TEXT, " ");
}

/*--- The ladder ---------------------------------------------------------------------------------*/

struct lanes {
    int time, time_width, delta, left, right, gutter;
};

static struct lanes lanes_of(const struct tui *t, int width)
{
    struct lanes l = {.time = 2};
    int digits = width < 70 ? 3 : tui_digits(t) > 6 && width > 140 ? 9 : width < 90 ? 3 : 6;
    l.time_width = width < 50 ? 8 : 9 + digits;
    l.delta = width >= 96 ? l.time + l.time_width + 1 : -1;
    l.left = l.time + l.time_width + 1 + (l.delta > 0 ? 10 : 0);
    l.gutter = width >= 56 ? GUTTER_COLUMNS : 1;
    l.right = width - l.gutter - 1;
    return l;
}

static void put_lane_lines(struct canvas *c, const struct lanes *l, int y)
{
    canvas_fill(c, y, l->left, 1, ROLE_CLIENT, 0x2502);
    canvas_fill(c, y, l->right, 1, ROLE_SERVER, 0x2502);
}

/* An arrow over the whole width; the label is written on it afterwards. */
static void put_arrow(struct canvas *c, const struct lanes *l, int y, enum dir dir, bool heavy)
{
    enum role role = dir == DIR_CLIENT_TO_SERVER ? ROLE_CLIENT : ROLE_SERVER;
    canvas_fill(c, y, l->left + 1, l->right - l->left - 1, role, heavy ? 0x2501 : 0x2500);
    if (dir == DIR_CLIENT_TO_SERVER) {
        canvas_fill(c, y, l->right - 1, 1, role, 0x25ba);
    } else {
        canvas_fill(c, y, l->left + 1, 1, role, 0x25c4);
    }
}

static void put_time(struct tui *t, struct flow *f, const struct lanes *l, int y, int64_t ts,
                     int64_t before)
{
    char text[SHORT_TEXT_BYTES];
    int64_t start = session_of(t, f)->session->started;
    int digits = l->time_width - 9;
    tui_time(t, text, ts, start, before, digits < 0 ? 0 : digits);
    int skip = l->time_width - (int)strlen(text);
    canvas_text(&t->canvas, y, l->time + (skip > 0 ? skip : 0), l->left, ROLE_DIM, text);
    if (l->delta > 0 && before != 0) {
        char took[SHORT_TEXT_BYTES];
        short_duration(took, ts - before);
        canvas_format(&t->canvas, y, l->delta, l->left, ROLE_DIM, "%8s", took);
    }
}

/* Time of what stands in the row before. */
static int64_t time_before(const struct tui *t, const struct flow *f, size_t i)
{
    const struct store_session *s = session_of(t, f);
    while (i-- > 0) {
        struct row r = ladder_row(t, f, i);
        if (r.kind == ROW_MESSAGE) {
            return s->messages[r.message].ts;
        }
        if (r.kind != ROW_FRAME) {
            return r.kind == ROW_RESPONSE  ? s->session->handshake.response_ts
                   : r.kind == ROW_REQUEST ? s->session->handshake.request_ts
                                           : s->session->started;
        }
    }
    return 0;
}

static bool has_finding(const struct session *s, const struct store_message *m)
{
    for (uint32_t i = 0; i < s->finding_count; i++) {
        const struct finding_record *f = &s->findings[i];
        if (f->pkt == m->pkt && f->dir == store_dir(m) &&
            finding_kind(f->id)->severity > SEVERITY_NOTE) {
            return true;
        }
    }
    return false;
}

static void draw_message(struct tui *t, struct flow *f, const struct lanes *l, size_t i, uint32_t n,
                         int y)
{
    const struct store_session *s = session_of(t, f);
    const struct store_message *m = &s->messages[n];
    struct canvas *c = &t->canvas;
    put_time(t, f, l, y, m->ts, time_before(t, f, i));
    put_arrow(c, l, y, store_dir(m), false);
    put_label(t, f, n, y, l->left + 3, l->right - 2);
    if (has_finding(s->session, m)) {
        canvas_text(c, y, 1, 2, ROLE_ERROR, "!");
    }
    for (int k = 0; k < f->n_marked; k++) {
        if (f->marked[k] == n) {
            canvas_text(c, y, 0, 1, ROLE_WARNING, "*");
        }
    }
}

static void draw_handshake(struct tui *t, struct flow *f, const struct lanes *l, enum row_kind kind,
                           int y)
{
    const struct handshake *h = &session_of(t, f)->session->handshake;
    bool refused = session_of(t, f)->session->outcome == OUTCOME_REFUSED;
    char transport[TRANSPORT_TEXT_BYTES];
    struct canvas *c = &t->canvas;
    int end = l->right - 2, x = l->left + 3;
    if (kind == ROW_REQUEST) {
        put_time(t, f, l, y, h->request_ts, 0);
        put_arrow(c, l, y, DIR_CLIENT_TO_SERVER, true);
        x = canvas_text(c, y, x, end, ROLE_STRONG, " ");
        x = text_put(c, y, x, end, ROLE_STRONG, h->method);
        x = canvas_text(c, y, x, end, ROLE_STRONG, " ");
        x = text_put(c, y, x, end, ROLE_STRONG, tui_shown_text(t, h->target));
        x = canvas_text(c, y, x, end, ROLE_TEXT, " ");
        if (transport_text(session_of(t, f)->session, false, transport)[0] != '\0') {
            canvas_format(c, y, x, end, ROLE_DIM, " %s ", transport);
        }
        return;
    }
    put_time(t, f, l, y, h->response_ts, h->request_ts);
    put_arrow(c, l, y, DIR_SERVER_TO_CLIENT, true);
    x = canvas_format(c, y, x, end, refused ? ROLE_ERROR : ROLE_STRONG, " %d ", h->status);
    x = text_put(c, y, x, end, refused ? ROLE_ERROR : ROLE_TEXT, h->reason);
    if (h->subprotocol.n > 0) {
        x = canvas_text(c, y, x, end, ROLE_DIM, "  ");
        x = text_put(c, y, x, end, ROLE_NOTE, tui_shown_subprotocol(t, h));
    }
    if (h->extensions.n > 0) {
        x = canvas_text(c, y, x, end, ROLE_DIM, "  ");
        x = text_put(c, y, x, end, ROLE_DIM, h->extensions);
    }
    canvas_text(c, y, x, end, ROLE_TEXT, " ");
}

static void draw_frame(struct tui *t, struct flow *f, const struct lanes *l, struct row r, int y)
{
    const struct store_message *m = &session_of(t, f)->messages[r.message];
    struct queued_frame frame;
    int x = l->left + 3, end = l->right - 1;
    put_lane_lines(&t->canvas, l, y);
    if (!store_frame(t->feed->store, m, r.frame, &frame)) {
        canvas_text(&t->canvas, y, x, end, ROLE_DIM, "  (its frames were not kept)");
        return;
    }
    x = canvas_format(&t->canvas, y, x, end, ROLE_DIM,
                      "  %s frame %u: ", r.frame + 1 == m->frames ? "└" : "├", r.frame + 1);
    x = canvas_format(&t->canvas, y, x, end, ROLE_TEXT, "%s%s%s, %llu bytes, packet %llu",
                      opcode_word(frame.first & 15), frame.first & 0x80 ? " FIN" : "",
                      frame.first & 0x40 ? " RSV1" : "", (unsigned long long)frame.len,
                      (unsigned long long)frame.pkt);
    if (frame.masked) {
        canvas_format(&t->canvas, y, x, end, ROLE_DIM, ", key %02x%02x%02x%02x", frame.key[0],
                      frame.key[1], frame.key[2], frame.key[3]);
    }
}

static void draw_end(struct tui *t, struct flow *f, const struct lanes *l, int y)
{
    const struct session *s = session_of(t, f)->session;
    enum close_how how = session_close_how(s);
    int first = session_close_first(s);
    char text[160];
    put_lane_lines(&t->canvas, l, y);
    put_time(t, f, l, y, s->end.last_ts, 0);
    canvas_fill(&t->canvas, y, l->left + 1, l->right - l->left - 1, ROLE_LINE, 0x2504);
    if (first >= 0) {
        int code = s->close[first].code;
        snprintf(text, sizeof text, " %s: %d %s, by the %s ", close_how_name(how),
                 code == CLOSE_CODE_NONE ? 1005 : code,
                 session_close_name(t->registry, &s->handshake, code),
                 first == 0 ? "client" : "server");
    } else {
        static const char *const words[] = {
            [CLOSE_STILL_OPEN] = "still open when the capture ended",
            [CLOSE_FIN] = "closed by FIN, without a Close (1006)",
            [CLOSE_RESET] = "reset, without a Close (1006)",
            [CLOSE_IDLE] = "silence (1006)",
            [CLOSE_EVICTED] = "given up for want of room",
            [CLOSE_REPLACED] = "its ports were taken by another connection (1006)",
            [CLOSE_NEVER_OPENED] = "no WebSocket was opened"};
        snprintf(text, sizeof text, " %s ", words[how] != NULL ? words[how] : "");
    }
    canvas_text(&t->canvas, y, l->left + 3, l->right - 1,
                how == CLOSE_CLEAN || how == CLOSE_STILL_OPEN ? ROLE_STRONG : ROLE_WARNING, text);
}

static void draw_row(struct tui *t, struct flow *f, const struct lanes *l, size_t i, int y)
{
    struct row r = ladder_row(t, f, i);
    put_lane_lines(&t->canvas, l, y);
    switch (r.kind) {
    case ROW_MESSAGE:
        draw_message(t, f, l, i, r.message, y);
        break;
    case ROW_FRAME:
        draw_frame(t, f, l, r, y);
        break;
    case ROW_END:
        draw_end(t, f, l, y);
        break;
    case ROW_PICKED_UP:
        put_time(t, f, l, y, session_of(t, f)->session->started, 0);
        canvas_format(&t->canvas, y, l->left + 3, l->right - 1, ROLE_WARNING,
                      " picked up mid-stream, %d %% sure ", session_of(t, f)->session->confidence);
        break;
    default:
        draw_handshake(t, f, l, r.kind, y);
    }
}

/* Ping and Pong of a pair are joined in the gutter, the round trip beside the Pong. */
static void draw_pairs(struct tui *t, struct flow *f, const struct lanes *l, int y0, size_t n)
{
    const struct store_session *s = session_of(t, f);
    int64_t waiting = -1; /* the Pong that closes the pair under way */
    for (int i = 0; i < f->rows && f->scroll.top + (size_t)i < n; i++) {
        struct row r = ladder_row(t, f, f->scroll.top + (size_t)i);
        unsigned opcode = r.kind == ROW_MESSAGE ? store_opcode(&s->messages[r.message]) : 0;
        if (opcode == 9 && waiting < 0) {
            waiting = store_partner(s, r.message);
            canvas_text(&t->canvas, y0 + i, l->right + 1, l->right + 2, ROLE_OPCODE_PING,
                        waiting >= 0 ? "╮" : "?");
        } else if (opcode == 10 && s->messages[r.message].rtt >= 0) {
            char rtt[SHORT_TEXT_BYTES];
            short_duration(rtt, s->messages[r.message].rtt);
            canvas_format(&t->canvas, y0 + i, l->right + 1, l->right + 1 + l->gutter,
                          ROLE_OPCODE_PING, "╯%s", rtt);
            waiting = (int64_t)r.message == waiting ? -1 : waiting;
        } else if (waiting >= 0) {
            canvas_fill(&t->canvas, y0 + i, l->right + 1, 1, ROLE_OPCODE_PING, 0x2502);
        }
    }
}

static void draw_header(struct tui *t, struct flow *f, const struct lanes *l, struct area a)
{
    const struct session *s = session_of(t, f)->session;
    char client[ADDRESS_BYTES], server[ADDRESS_BYTES];
    address_port_text(client, &s->connection.client, s->connection.family);
    address_port_text(server, &s->connection.server, s->connection.family);
    canvas_fill(&t->canvas, a.y, a.x, a.columns, ROLE_HEADER, ' ');
    canvas_format(&t->canvas, a.y, 1, l->left - 2, ROLE_HEADER, "#%llu", (unsigned long long)s->id);
    int x = canvas_text(&t->canvas, a.y, l->left - 2, a.columns, ROLE_HEADER, client);
    int start = l->right + 3 - (int)strlen(server);
    start = start + (int)strlen(server) > a.columns ? a.columns - (int)strlen(server) : start;
    if (start > x + 1) {
        canvas_text(&t->canvas, a.y, start, a.columns, ROLE_HEADER, server);
        if (s->handshake.host.n > 0 && !bytes_equal(s->handshake.host, bytes_of(server))) {
            int columns = text_columns(s->handshake.host, t->canvas.utf8, start - x - 4);
            text_put(&t->canvas, a.y, x + 2 + (start - x - 4 - columns) / 2, start - 2, ROLE_HEADER,
                     s->handshake.host);
        }
    }
}

void ladder_draw(struct tui *t, struct flow *f, struct area ladder)
{
    struct lanes l = lanes_of(t, ladder.columns);
    size_t n = ladder_count(t, f);
    for (int i = 0; i < f->rows && f->scroll.top + (size_t)i < n; i++) {
        int y = ladder.y + 1 + i;
        draw_row(t, f, &l, f->scroll.top + (size_t)i, y);
        if (f->scroll.top + (size_t)i == f->scroll.cursor) {
            canvas_flag(&t->canvas, y, 0, ladder.columns, CELL_CURSOR);
        }
    }
    draw_pairs(t, f, &l, ladder.y + 1, n);
    scroll_bar(&t->canvas, (struct area){ladder.y + 1, 0, f->rows, ladder.columns}, f->scroll.top,
               n);
    draw_header(t, f, &l, ladder);
}
