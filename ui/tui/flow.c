/*
 * Flow: a session as a ladder. Client and server are two lines, each message an arrow between them,
 * the handshake on top and the ending at the bottom.
 */
#include "page.h"

#include "decoders/registry/registry.h"

#include <stdio.h>
#include <stdlib.h>

#define PREVIEW_BESIDE_COLUMNS 110 /* at such a width there is room for it beside the ladder */
#define HIDE_PIECE 4096
#define GUTTER_COLUMNS 9 /* for the round trips */

enum row_kind { ROW_REQUEST, ROW_RESPONSE, ROW_PICKED_UP, ROW_MESSAGE, ROW_FRAME, ROW_END };

struct row {
    enum row_kind kind;
    uint32_t message, frame;
};

struct flow {
    uint32_t session;
    struct scroll scroll;
    struct row at; /* what is under the cursor: it stays there */
    bool hide_control;
    struct filter *filter; /* of messages, as it was when the list was begun */
    char filter_text[TUI_FILTER_BYTES];
    uint32_t *shown; /* messages that are shown; NULL: all */
    size_t n_shown, size, seen;
    bool partial;      /* shown is used */
    uint32_t expanded; /* the message whose frames are shown + 1 */
    uint32_t marked[2];
    int n_marked;
    enum preview_mode preview;
    int preview_percent;
    struct page page;
    struct subject page_of;
    int page_width;
    uint32_t page_n;
    int rows;
};

static const struct store_session *session_of(const struct tui *t, const struct flow *f)
{
    return store_session(t->feed->store, f->session);
}

/*--- Rows ---------------------------------------------------------------------------------------*/

static bool shows_message(struct tui *t, struct flow *f, uint32_t i)
{
    const struct store_session *s = session_of(t, f);
    if (f->hide_control && store_opcode(&s->messages[i]) & 8) {
        return false;
    }
    return f->filter == NULL || filter_message(f->filter, t->feed->store, s, &s->messages[i]);
}

static void begin_list(struct tui *t, struct flow *f)
{
    struct filter_error error;
    filter_free(f->filter);
    f->filter = t->filter_text[0] != '\0' ? filter_compile(t->filter_text, &error) : NULL;
    if (f->filter != NULL && !filter_asks_messages(f->filter)) {
        filter_free(f->filter);
        f->filter = NULL;
    }
    snprintf(f->filter_text, sizeof f->filter_text, "%s", t->filter_text);
    f->partial = f->hide_control || f->filter != NULL;
    f->n_shown = f->seen = 0;
}

static bool push_shown(struct flow *f, uint32_t i)
{
    if (f->n_shown == f->size) {
        size_t size = f->size == 0 ? 256 : f->size * 2;
        uint32_t *more = realloc(f->shown, size * sizeof *more);
        if (more == NULL) {
            return false;
        }
        f->shown = more;
        f->size = size;
    }
    f->shown[f->n_shown++] = i;
    return true;
}

static bool flow_busy(struct tui *t, void *state)
{
    struct flow *f = state;
    return (f->partial && f->seen < tui_messages(t, session_of(t, f))) ||
           strcmp(f->filter_text, t->filter_text) != 0;
}

static bool flow_step(struct tui *t, void *state, int64_t until)
{
    struct flow *f = state;
    bool changed = false;
    if (strcmp(f->filter_text, t->filter_text) != 0) {
        begin_list(t, f);
        changed = true;
    }
    uint32_t n = tui_messages(t, session_of(t, f));
    while (f->partial && f->seen < n) {
        for (unsigned i = 0; i < 64 && f->seen < n; i++, f->seen++) {
            changed |= shows_message(t, f, (uint32_t)f->seen) && push_shown(f, (uint32_t)f->seen);
        }
        if (t->now() >= until) {
            break;
        }
    }
    return changed;
}

static size_t head_rows(const struct session *s)
{
    return s->has_handshake ? 1U + (s->handshake.response_pkt != 0) : 1U;
}

static size_t message_rows(const struct tui *t, const struct flow *f)
{
    return f->partial ? f->n_shown : tui_messages(t, session_of(t, f));
}

static uint32_t shown_message(const struct flow *f, size_t i)
{
    return f->partial ? f->shown[i] : (uint32_t)i;
}

/* The place of a message among those shown, or of the one after it. */
static size_t place_of(const struct flow *f, size_t n, uint32_t message)
{
    if (!f->partial) {
        return message < n ? message : n;
    }
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (f->shown[middle] < message) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t frame_rows(const struct tui *t, const struct flow *f)
{
    if (f->expanded == 0) {
        return 0;
    }
    uint32_t frames = session_of(t, f)->messages[f->expanded - 1].frames;
    return frames < 1000 ? frames : 1000;
}

static size_t count_rows(const struct tui *t, const struct flow *f)
{
    const struct session *s = session_of(t, f)->session;
    return head_rows(s) + message_rows(t, f) + frame_rows(t, f) + (s->ended && !t->paused);
}

static struct row row_at(const struct tui *t, const struct flow *f, size_t i)
{
    const struct session *s = session_of(t, f)->session;
    size_t head = head_rows(s), n = message_rows(t, f), frames = frame_rows(t, f);
    if (i < head) {
        return (struct row){.kind = !s->has_handshake ? ROW_PICKED_UP
                                    : i == 0          ? ROW_REQUEST
                                                      : ROW_RESPONSE};
    }
    i -= head;
    size_t open = f->expanded > 0 ? place_of(f, n, f->expanded - 1) : n;
    if (frames > 0 && i > open) {
        if (i <= open + frames) {
            return (struct row){ROW_FRAME, f->expanded - 1, (uint32_t)(i - open - 1)};
        }
        i -= frames;
    }
    return i < n ? (struct row){ROW_MESSAGE, shown_message(f, i), 0} : (struct row){ROW_END, 0, 0};
}

static size_t find_row(const struct tui *t, const struct flow *f, struct row row)
{
    size_t head = head_rows(session_of(t, f)->session), n = message_rows(t, f);
    size_t open = f->expanded > 0 ? place_of(f, n, f->expanded - 1) : n;
    if (row.kind == ROW_MESSAGE || row.kind == ROW_FRAME) {
        size_t place = place_of(f, n, row.message);
        if (row.kind == ROW_FRAME && f->expanded == row.message + 1) {
            return head + place + 1 + row.frame;
        }
        return head + place + (f->expanded > 0 && place > open ? frame_rows(t, f) : 0);
    }
    return row.kind == ROW_END ? head + n + frame_rows(t, f) : row.kind == ROW_RESPONSE;
}

/*--- Opening ------------------------------------------------------------------------------------*/

static void flow_open(struct tui *t, void *state, const void *arg)
{
    struct flow *f = state;
    f->session = *(const uint32_t *)arg;
    f->preview = t->settings.preview;
    f->preview_percent = 40;
    f->page_width = -1;
    page_init(&f->page);
    begin_list(t, f);
    f->at = row_at(t, f, 0);
}

static void flow_close(struct tui *t, void *state)
{
    struct flow *f = state;
    (void)t;
    page_done(&f->page);
    filter_free(f->filter);
    free(f->shown);
}

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

/* Half of what it begins with is no text. */
static bool looks_binary(struct bytes b)
{
    size_t odd = 0, n = 0;
    for (size_t i = 0; i < b.n && n < 64; n++) {
        struct glyph g = text_glyph(bytes_from(b, i), true);
        odd += g.c == 0xfffd || (g.control && strchr("\n\r\t", b.p[i]) == NULL) || b.p[i] == 0;
        i += g.bytes;
    }
    return odd * 8 > n;
}

static int put_payload(struct canvas *c, struct bytes b, unsigned opcode, int y, int x, int end)
{
    if (opcode != 1 && looks_binary(b)) {
        for (size_t i = 0; i < b.n && x + 3 <= end; i++) {
            x = canvas_format(c, y, x, end, ROLE_DIM, i + 1 < b.n ? "%02x " : "%02x", b.p[i]);
        }
        return x;
    }
    return text_put(c, y, x, end, ROLE_TEXT, b);
}

/* What stands on a message's arrow. */
static int put_label(struct tui *t, struct flow *f, const struct store_message *m, int y, int x,
                     int end)
{
    struct canvas *c = &t->canvas;
    struct buffer room;
    char size[SHORT_TEXT_BYTES];
    unsigned opcode = store_opcode(m);
    (void)f;
    x = canvas_format(c, y, x, end, opcode_role(opcode), " %s", opcode_word(opcode));
    short_bytes(size, m->len);
    x = canvas_format(c, y, x, end, ROLE_STRONG, " %s", size);
    if (m->flags & MESSAGE_COMPRESSED) {
        x = canvas_text(c, y, x, end, ROLE_NOTE, "z");
    }
    if (m->flags & MESSAGE_FRAGMENTED) {
        x = canvas_format(c, y, x, end, ROLE_NOTE, " %ufr", m->frames);
    }
    if (m->flags & (MESSAGE_DAMAGED | MESSAGE_NOT_INFLATED | MESSAGE_BAD_UTF8) ||
        !(m->flags & MESSAGE_FINISHED)) {
        x = canvas_text(c, y, x, end, ROLE_ERROR,
                        m->flags & MESSAGE_DAMAGED        ? " damaged"
                        : m->flags & MESSAGE_NOT_INFLATED ? " not inflated"
                        : m->flags & MESSAGE_BAD_UTF8     ? " bad utf-8"
                                                          : " unfinished");
    }
    buffer_init(&room, 4096);
    struct bytes b = first_words(t, m, &room);
    if (opcode == 8 && m->body_n >= 2) {
        unsigned code = be16_at(buffer_bytes(&room), 0);
        x = canvas_format(c, y, x, end, ROLE_OPCODE_CLOSE, " %u %s", code,
                          registry_close_code_name(t->registry, code));
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
        struct row r = row_at(t, f, i);
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
    put_label(t, f, m, y, l->left + 3, l->right - 2);
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
    struct canvas *c = &t->canvas;
    int end = l->right - 2, x = l->left + 3;
    if (kind == ROW_REQUEST) {
        put_time(t, f, l, y, h->request_ts, 0);
        put_arrow(c, l, y, DIR_CLIENT_TO_SERVER, true);
        x = canvas_text(c, y, x, end, ROLE_STRONG, " ");
        x = text_put(c, y, x, end, ROLE_STRONG, h->method);
        x = canvas_text(c, y, x, end, ROLE_STRONG, " ");
        x = text_put(c, y, x, end, ROLE_STRONG, tui_shown_text(t, h->target));
        canvas_text(c, y, x, end, ROLE_TEXT, " ");
        return;
    }
    put_time(t, f, l, y, h->response_ts, h->request_ts);
    put_arrow(c, l, y, DIR_SERVER_TO_CLIENT, true);
    x = canvas_format(c, y, x, end, h->status == 101 ? ROLE_STRONG : ROLE_ERROR, " %d ", h->status);
    x = text_put(c, y, x, end, h->status == 101 ? ROLE_TEXT : ROLE_ERROR, h->reason);
    if (h->subprotocol.n > 0) {
        x = canvas_text(c, y, x, end, ROLE_DIM, "  ");
        x = text_put(c, y, x, end, ROLE_NOTE, tui_shown_text(t, h->subprotocol));
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
    struct store_frame frame;
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
        code = code == CLOSE_CODE_NONE ? 1005 : code;
        snprintf(text, sizeof text, " %s: %d %s, by the %s ", close_how_name(how), code,
                 registry_close_code_name(t->registry, (uint32_t)code),
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
    struct row r = row_at(t, f, i);
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
        struct row r = row_at(t, f, f->scroll.top + (size_t)i);
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
    char client[SHORT_TEXT_BYTES], server[SHORT_TEXT_BYTES];
    endpoint_text(client, &s->connection.client, s->connection.family);
    endpoint_text(server, &s->connection.server, s->connection.family);
    canvas_fill(&t->canvas, a.y, a.x, a.columns, ROLE_HEADER, ' ');
    canvas_format(&t->canvas, a.y, 1, l->left - 2, ROLE_HEADER, "#%u", f->session + 1);
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

/*--- The preview --------------------------------------------------------------------------------*/

static struct subject subject_of(const struct flow *f, struct row r)
{
    struct subject s = {.session = f->session, .message = r.message};
    s.kind = r.kind == ROW_MESSAGE || r.kind == ROW_FRAME ? SUBJECT_MESSAGE
             : r.kind == ROW_END                          ? SUBJECT_END
             : r.kind == ROW_RESPONSE                     ? SUBJECT_RESPONSE
                                                          : SUBJECT_REQUEST;
    return s;
}

static void make_preview(struct tui *t, struct flow *f, int width)
{
    struct subject now = subject_of(f, f->at);
    uint32_t n = session_of(t, f)->session->finding_count;
    if (f->page_width != width || f->page_of.kind != now.kind || f->page_n != n ||
        f->page_of.message != now.message) {
        page_make(&f->page, t, &now, page_best(t, &now), width);
        f->page_of = now;
        f->page_width = width;
        f->page_n = n;
    }
}

static void draw_preview(struct tui *t, struct flow *f, struct area a)
{
    make_preview(t, f, a.columns - 1);
    size_t n = page_lines(&f->page);
    for (int i = 0; i < a.rows && (size_t)i < n; i++) {
        page_draw(&f->page, &t->canvas, (size_t)i, a.y + i, a.x, a.x + a.columns, t->search);
    }
    if (n > (size_t)a.rows && a.rows > 0) {
        canvas_format(&t->canvas, a.y + a.rows - 1, a.x + a.columns - 12, a.x + a.columns, ROLE_DIM,
                      " %zu more ", n - (size_t)a.rows + 1);
    }
    if (n == 0) {
        canvas_text(&t->canvas, a.y, a.x, a.x + a.columns, ROLE_DIM, "(no payload)");
    }
}

/* Parts the area: the ladder, the preview. */
static enum preview_mode part(const struct flow *f, struct area a, struct area *ladder,
                              struct area *preview)
{
    enum preview_mode mode = f->preview;
    if (mode == PREVIEW_AUTO) {
        mode = a.columns >= PREVIEW_BESIDE_COLUMNS ? PREVIEW_BESIDE
               : a.rows >= 16                      ? PREVIEW_BELOW
                                                   : PREVIEW_NONE;
    }
    *ladder = *preview = a;
    if (mode == PREVIEW_BESIDE && a.columns >= 60) {
        preview->columns = a.columns * f->preview_percent / 100;
        ladder->columns = a.columns - preview->columns - 1;
        preview->x = ladder->columns + 1;
    } else if (mode != PREVIEW_NONE && a.rows >= 8) {
        mode = PREVIEW_BELOW;
        preview->rows = a.rows * f->preview_percent / 100 - 1;
        ladder->rows = a.rows - preview->rows - 1;
        preview->y = a.y + ladder->rows + 1;
    } else {
        mode = PREVIEW_NONE;
    }
    return mode;
}

static void draw_parting(struct tui *t, enum preview_mode mode, struct area ladder, struct area a)
{
    if (mode == PREVIEW_BELOW) {
        canvas_fill(&t->canvas, ladder.y + ladder.rows, 0, a.columns, ROLE_LINE, 0x2500);
    }
    for (int i = 0; mode == PREVIEW_BESIDE && i < a.rows; i++) {
        canvas_fill(&t->canvas, a.y + i, ladder.columns, 1, ROLE_LINE, 0x2502);
    }
}

static void flow_draw(struct tui *t, void *state, struct area a)
{
    struct flow *f = state;
    struct area ladder, preview;
    enum preview_mode mode = part(f, a, &ladder, &preview);
    struct lanes l = lanes_of(t, ladder.columns);
    size_t n = count_rows(t, f);
    f->rows = ladder.rows - 1;
    f->scroll.cursor = find_row(t, f, f->at);
    if (t->settings.autoscroll && !t->paused) {
        f->scroll.cursor = n - 1;
    }
    scroll_fit(&f->scroll, n, f->rows);
    f->at = row_at(t, f, f->scroll.cursor);
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
    if (mode != PREVIEW_NONE) {
        draw_parting(t, mode, ladder, a);
        draw_preview(t, f, preview);
    }
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static void toggle_mark(struct tui *t, struct flow *f)
{
    if (f->at.kind != ROW_MESSAGE) {
        return;
    }
    for (int i = 0; i < f->n_marked; i++) {
        if (f->marked[i] == f->at.message) {
            f->marked[0] = f->marked[1 - i];
            f->n_marked--;
            return;
        }
    }
    if (f->n_marked == 2) {
        f->marked[0] = f->marked[1];
        f->n_marked = 1;
    }
    f->marked[f->n_marked++] = f->at.message;
    if (f->n_marked == 2) {
        char key[KEY_LABEL_BYTES];
        keys_first(&t->keys, ACTION_COMPARE, key);
        tui_say(t, false, "two are marked: %s compares them", key);
    }
}

static void compare(struct tui *t, struct flow *f)
{
    if (f->n_marked < 2) {
        tui_say(t, true, "mark two messages with Space first");
        return;
    }
    struct subject two[2];
    bool turned = f->marked[0] > f->marked[1];
    for (int i = 0; i < 2; i++) {
        two[i] = (struct subject){f->session, SUBJECT_MESSAGE, f->marked[turned ? 1 - i : i]};
    }
    tui_open(t, &compare_screen, two);
}

static void resize_preview(struct flow *f, int by)
{
    int percent = f->preview_percent + by;
    f->preview_percent = percent < 15 ? 15 : percent > 80 ? 80 : percent;
}

static void open_message(struct tui *t, const struct flow *f)
{
    struct subject subject = subject_of(f, f->at);
    tui_open(t, &message_screen, &subject);
}

static void toggle_frames(struct tui *t, struct flow *f)
{
    if (f->at.kind == ROW_FRAME) {
        f->at.kind = ROW_MESSAGE;
        f->expanded = 0;
    } else if (f->at.kind == ROW_MESSAGE) {
        f->expanded = f->expanded == f->at.message + 1 ? 0 : f->at.message + 1;
    }
    (void)t;
}

static void hide_control(struct tui *t, struct flow *f)
{
    f->hide_control = !f->hide_control;
    f->expanded = 0;
    begin_list(t, f);
    flow_step(t, f, t->now() + 20000000);
    tui_say(t, false, f->hide_control ? "control frames are hidden" : "all messages are shown");
}

static bool flow_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct flow *f = state;
    size_t n = count_rows(t, f);
    static const enum preview_mode next[] = {PREVIEW_BESIDE, PREVIEW_BELOW, PREVIEW_NONE,
                                             PREVIEW_AUTO};
    if (scroll_act(&f->scroll, action, count, n, f->rows)) {
        f->at = row_at(t, f, f->scroll.cursor);
        if (f->scroll.cursor + 1 < n) {
            t->settings.autoscroll = false;
        }
        return true;
    }
    switch (action) {
    case ACTION_OPEN:
    case ACTION_RAW:
        open_message(t, f);
        if (action == ACTION_RAW) {
            message_screen.act(t, t->views[t->depth - 1].state, ACTION_VIEW_HEX, 0);
        }
        return true;
    case ACTION_SELECT:
        toggle_mark(t, f);
        return true;
    case ACTION_COMPARE:
        compare(t, f);
        return true;
    case ACTION_FRAMES:
        toggle_frames(t, f);
        return true;
    case ACTION_HIDE_CONTROL:
        hide_control(t, f);
        return true;
    case ACTION_PREVIEW:
        f->preview = next[f->preview];
        return true;
    case ACTION_PREVIEW_GROW:
    case ACTION_PREVIEW_SHRINK:
        resize_preview(f, action == ACTION_PREVIEW_GROW ? 5 : -5);
        return true;
    case ACTION_PREVIEW_RESET:
        f->preview_percent = 40;
        f->preview = PREVIEW_AUTO;
        return true;
    default:
        return false;
    }
}

static void flow_mouse(struct tui *t, void *state, const struct terminal_mouse *m, struct area a)
{
    struct flow *f = state;
    if (m->wheel_up || m->wheel_down) {
        flow_act(t, f, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    } else if (m->press && m->y > a.y && m->y <= a.y + f->rows) {
        size_t row = f->scroll.top + (size_t)(m->y - a.y - 1);
        bool again = row == f->scroll.cursor;
        if (row < count_rows(t, f)) {
            f->scroll.cursor = row;
            f->at = row_at(t, f, row);
            if (m->twice || again) {
                open_message(t, f);
            }
        }
    }
}

static bool flow_find(struct tui *t, void *state, int way)
{
    struct flow *f = state;
    const struct store_session *s = session_of(t, f);
    size_t n = count_rows(t, f);
    struct buffer body;
    int64_t until = t->now() + 3000000000;
    bool found = false;
    buffer_init(&body, UINT32_MAX);
    for (size_t i = 1; i <= n && !found && t->now() < until; i++) {
        size_t at = way > 0 ? (f->scroll.cursor + i) % n : (f->scroll.cursor + n - i) % n;
        struct row r = row_at(t, f, at);
        struct bytes hay = {NULL, 0};
        if (r.kind == ROW_MESSAGE &&
            store_body(t->feed->store, &s->messages[r.message], SIZE_MAX, &body)) {
            hay = buffer_bytes(&body);
        } else if (r.kind == ROW_REQUEST || r.kind == ROW_RESPONSE) {
            hay = r.kind == ROW_REQUEST ? s->session->handshake.request_head
                                        : s->session->handshake.response_head;
        }
        found = text_find(hay, 0, bytes_of(t->search)) < hay.n;
        if (found) {
            f->scroll.cursor = at;
            f->at = r;
            t->settings.autoscroll = false;
        }
    }
    buffer_done(&body);
    return found;
}

const struct screen flow_screen = {
    .name = "Flow",
    .place = PLACE_FLOW,
    .state_size = sizeof(struct flow),
    .open = flow_open,
    .close = flow_close,
    .draw = flow_draw,
    .act = flow_act,
    .mouse = flow_mouse,
    .step = flow_step,
    .busy = flow_busy,
    .find = flow_find,
    .hints = {ACTION_OPEN, ACTION_HIDE_CONTROL, ACTION_FRAMES, ACTION_PREVIEW, ACTION_SEARCH,
              ACTION_BACK, ACTION_HELP},
};
