/* The stack of screens, the common actions, and the frame around every screen. */
#include "tui.h"

#include "ui/report/address.h"
#include "ui/report/redact.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM_TEXTS 8
#define ROOM_BYTES 1024

struct tui_room {
    uint8_t texts[ROOM_TEXTS][ROOM_BYTES];
    unsigned next;
    struct redactor redactor;
};

static void learn_secrets(void *redactor, struct session *s)
{
    redact_learn(redactor, &s->handshake);
}

/*--- Opening and closing ------------------------------------------------------------------------*/

int tui_init(struct tui *t, const struct feed *feed, struct terminal *terminal,
             const struct settings *settings, struct err *err)
{
    *t = (struct tui){.feed = feed, .terminal = terminal, .settings = *settings};
    t->keys = settings->keys;
    t->registry = registry_builtin();
    t->folder = -1;
    t->room = calloc(1, sizeof *t->room);
    order_init(&t->order);
    t->colors = terminal_colors(terminal);
    tui_restyle(t);
    t->canvas.utf8 = terminal_utf8(terminal);
    tui_resized(t);
    if (t->room != NULL) {
        redact_init(&t->room->redactor, false);
        model_listen(feed->model, &(struct model_listener){.session_opened = learn_secrets,
                                                           .self = &t->room->redactor});
    }
    if (t->room == NULL || t->canvas.cells == NULL) {
        tui_done(t);
        return err_set(err, "out of memory");
    }
    tui_open(t, &sessions_screen, NULL);
    return 0;
}

void tui_restyle(struct tui *t)
{
    const struct settings *s = &t->settings;
    t->theme = theme_choose(t->colors, s->background, !s->color, &s->looks);
    t->changed = true;
}

static void close_top(struct tui *t)
{
    struct view *v = &t->views[--t->depth];
    if (v->screen->close != NULL) {
        v->screen->close(t, v->state);
    }
    free(v->state);
}

void tui_done(struct tui *t)
{
    while (t->depth > 0) {
        close_top(t);
    }
    if (t->display != NULL && !display_stop(t->display)) {
        terminal_leave(t->terminal);
    } else {
        terminal_close(t->terminal);
    }
    order_done(&t->order);
    filter_free(t->filter);
    canvas_done(&t->canvas);
    free(t->marked);
    if (t->room != NULL) {
        model_forget(t->feed->model, &t->room->redactor);
        redact_done(&t->room->redactor);
    }
    free(t->room);
    t->terminal = NULL;
    t->display = NULL;
}

int tui_display(struct tui *t, struct err *err)
{
    t->display = display_start(t->terminal);
    return t->display != NULL ? 0 : err_set(err, "there is no thread for the terminal");
}

void tui_open(struct tui *t, const struct screen *screen, const void *arg)
{
    void *state = t->depth < TUI_DEPTH_MAX ? calloc(1, screen->state_size + 1) : NULL;
    if (state == NULL) {
        tui_say(t, true, "too many screens are open");
        return;
    }
    t->views[t->depth++] = (struct view){screen, state};
    t->changed = true;
    if (screen->open != NULL) {
        screen->open(t, state, arg);
    }
}

void tui_back(struct tui *t)
{
    if (t->depth > 1) {
        close_top(t);
    }
    t->changed = true;
}

void tui_home(struct tui *t)
{
    while (t->depth > 1) {
        close_top(t);
    }
    t->changed = true;
}

void tui_say(struct tui *t, bool is_error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->status, sizeof t->status, format, arguments);
    va_end(arguments);
    t->status_is_error = is_error;
    t->changed = true;
}

/*--- What is shown ------------------------------------------------------------------------------*/

size_t tui_sessions(const struct tui *t)
{
    return t->paused ? t->paused_count : store_count(t->feed->store);
}

uint32_t tui_messages(const struct tui *t, const struct store_session *s)
{
    uint32_t low = 0, high = s->n;
    if (!t->paused) {
        return high;
    }
    while (low < high) { /* messages are in the order of time */
        uint32_t middle = low + (high - low) / 2;
        if (s->messages[middle].ts <= t->paused_ts) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int tui_filter(struct tui *t, const char *text, struct filter_error *error)
{
    struct filter *f = NULL;
    if (text != NULL && text[0] != '\0' && (f = filter_compile(text, error)) == NULL) {
        return -1;
    }
    filter_free(t->filter);
    t->filter = f;
    snprintf(t->filter_text, sizeof t->filter_text, "%s", f != NULL ? text : "");
    order_restart(&t->order, t->first_shown);
    t->changed = true;
    return 0;
}

bool tui_is_marked(const struct tui *t, uint32_t session)
{
    return session / 8 < t->marked_size && t->marked[session / 8] & 1U << session % 8;
}

void tui_mark(struct tui *t, uint32_t session, bool on)
{
    if (session / 8 >= t->marked_size) {
        size_t size = (session / 8 + 1024) * 2;
        uint8_t *more = on ? realloc(t->marked, size) : NULL;
        if (more == NULL) {
            return;
        }
        memset(more + t->marked_size, 0, size - t->marked_size);
        t->marked = more;
        t->marked_size = size;
    }
    if (tui_is_marked(t, session) != on) {
        t->marked[session / 8] ^= (uint8_t)(1U << session % 8);
        t->marked_n += on ? 1U : (size_t)-1;
    }
}

/*--- Texts --------------------------------------------------------------------------------------*/

/* What lies in the redactor, and no more in b, is gone with the next call. */
static struct bytes put_by(const struct tui *t, struct bytes b, struct bytes shown)
{
    static const struct bytes nothing = {NULL, 0};
    return shown.p == b.p ? b : tui_join(t, shown, nothing);
}

struct bytes tui_shown_text(const struct tui *t, struct bytes b)
{
    if (t->show_secrets || b.n == 0) {
        return b;
    }
    return put_by(t, b, redact_text(&t->room->redactor, bytes_part(b, 0, ROOM_BYTES * 8)));
}

struct bytes tui_shown_subprotocol(const struct tui *t, const struct handshake *h)
{
    struct bytes b = h->subprotocol;
    return t->show_secrets || b.n == 0 ? b : put_by(t, b, redact_chosen(&t->room->redactor, h));
}

struct bytes tui_shown_subprotocols(const struct tui *t, const struct handshake *h, struct bytes b)
{
    struct buffer joined;
    if (t->show_secrets) {
        return b;
    }
    buffer_init(&joined, REDACTED_TEXT_MAX_BYTES);
    struct bytes shown = redact_subprotocol_field(&t->room->redactor, h, b, &joined);
    bool masked = bytes_find_bytes(shown, bytes_of("***")) < shown.n;
    shown = masked ? put_by(t, b, shown) : b; /* as it was written, where nothing is hidden */
    buffer_done(&joined);
    return shown;
}

struct bytes tui_shown_counted(const struct tui *t, struct bytes b)
{
    return t->show_secrets ? b : put_by(t, b, redact_counted_name(&t->room->redactor, b, true));
}

struct bytes tui_join(const struct tui *t, struct bytes a, struct bytes b)
{
    uint8_t *room = t->room->texts[t->room->next++ % ROOM_TEXTS];
    a = bytes_part(a, 0, b.n > 0 ? ROOM_BYTES / 2 : ROOM_BYTES);
    b = bytes_part(b, 0, ROOM_BYTES - a.n);
    if (a.n > 0) {
        memcpy(room, a.p, a.n);
    }
    if (b.n > 0) {
        memcpy(room + a.n, b.p, b.n);
    }
    return (struct bytes){room, a.n + b.n};
}

int tui_digits(const struct tui *t)
{
    unsigned digits =
        t->feed->packets.digits != NULL ? t->feed->packets.digits(t->feed->packets.self) : 6;
    return digits == 9 ? 9 : 6;
}

int64_t tui_start(const struct tui *t)
{
    return store_started(t->feed->store);
}

void tui_time(const struct tui *t, char out[SHORT_TEXT_BYTES], int64_t ts, int64_t start,
              int64_t before, int digits)
{
    if (t->settings.time == TIME_CLOCK) {
        clock_text(out, ts, digits, t->settings.utc);
    } else {
        seconds_text(out, ts - (t->settings.time == TIME_START ? start : before),
                     digits > 0 ? digits : 3);
    }
}

void tui_session_name(const struct session *s, char *out, size_t n)
{
    char client[ADDRESS_BYTES], server[ADDRESS_BYTES];
    address_port_text(client, &s->connection.client, s->connection.family);
    address_port_text(server, &s->connection.server, s->connection.family);
    snprintf(out, n, "%s → %s", client, server);
}

/*--- The frame around a screen ------------------------------------------------------------------*/

/* The screen that is seen whole: beneath any dialogs. */
static int base_view(const struct tui *t)
{
    int i = t->depth - 1;
    while (i > 0 && t->views[i].screen->dialog) {
        i--;
    }
    return i;
}

static struct area body_of(const struct tui *t)
{
    return (struct area){1, 0, t->canvas.rows - 2, t->canvas.columns};
}

/* How far the reading has come, what was read. */
static void feed_text(const struct tui *t, char *out, size_t n)
{
    char sessions[SHORT_TEXT_BYTES], messages[SHORT_TEXT_BYTES];
    uint64_t read = 0, total = 0;
    const char *state = "";
    char progress[40] = "", lost[SHORT_TEXT_BYTES + 8] = "";
    long_count(sessions, store_count(t->feed->store));
    long_count(messages, store_messages(t->feed->store));
    if (!t->feed->finished && t->feed->packets.progress != NULL) {
        t->feed->packets.progress(t->feed->packets.self, &read, &total);
    }
    if (!t->feed->finished && total > 0) {
        snprintf(progress, sizeof progress, "reading %u%%  ", (unsigned)(read * 100 / total));
    } else if (!t->feed->finished) {
        state = t->feed->packets.live ? "live  " : "reading  ";
    }
    if (t->feed->packets.live && t->feed->packets.dropped(t->feed->packets.self) > 0) {
        char count[SHORT_TEXT_BYTES];
        long_count(count, t->feed->packets.dropped(t->feed->packets.self));
        snprintf(lost, sizeof lost, "%s LOST  ", count);
    }
    snprintf(out, n, "%s%s%s%s%s sessions  %s messages ", t->paused ? "PAUSED  " : "", progress,
             state, lost, sessions, messages);
}

static void draw_title(struct tui *t)
{
    struct canvas *c = &t->canvas;
    char right[320];
    canvas_fill(c, 0, 0, c->columns, ROLE_TITLE, ' ');
    feed_text(t, right, sizeof right);
    int width = (int)strlen(right);
    int start = c->columns - width;
    int x = canvas_text(c, 0, 1, c->columns, ROLE_TITLE_STRONG, "wsight");
    x = canvas_format(c, 0, x + 2, c->columns, ROLE_TITLE_STRONG, "%s",
                      t->views[base_view(t)].screen->name);
    if (start < x + 10) {
        start = c->columns; /* too narrow for both: the name of the file is dropped first */
    }
    x = text_put_string(c, 0, x + 2, start - 1, ROLE_TITLE, t->feed->name);
    canvas_text(c, 0, start, c->columns, ROLE_TITLE, right);
}

static void draw_hints(struct tui *t)
{
    struct canvas *c = &t->canvas;
    int y = c->rows - 1, x = 0;
    const struct screen *screen = t->views[t->depth - 1].screen;
    canvas_fill(c, y, 0, c->columns, ROLE_HINT, ' ');
    if (t->status[0] != '\0') {
        text_put_string(c, y, 1, c->columns, t->status_is_error ? ROLE_ERROR : ROLE_HINT_KEY,
                        t->status);
        return;
    }
    for (size_t i = 0; i < 8 && screen->hints[i] != ACTION_NONE; i++) {
        char key[KEY_LABEL_BYTES], help[24];
        keys_first(&t->keys, screen->hints[i], key);
        snprintf(help, sizeof help, "%s", action_kind(screen->hints[i])->name);
        for (char *dash = help; (dash = strchr(dash, '-')) != NULL;) {
            *dash = ' ';
        }
        int width = (int)strlen(key) + (int)strlen(help) + 4;
        if (key[0] == '\0' || x + width > c->columns) {
            continue;
        }
        x = canvas_format(c, y, x, c->columns, ROLE_HINT_KEY, " %s", key);
        x = canvas_format(c, y, x, c->columns, ROLE_HINT, " %s ", help);
    }
}

void tui_draw(struct tui *t)
{
    canvas_clear(&t->canvas);
    draw_title(t);
    draw_hints(t);
    for (int i = base_view(t); i < t->depth; i++) {
        t->views[i].screen->draw(t, t->views[i].state, body_of(t));
    }
    if (t->display != NULL) {
        display_show(t->display, &t->canvas, &t->theme, t->redraw);
    } else {
        terminal_show(t->terminal, &t->canvas, &t->theme, t->redraw);
    }
    t->changed = t->redraw = false;
}

void tui_resized(struct tui *t)
{
    int rows, columns;
    if (t->display != NULL) {
        display_size(t->display, &rows, &columns);
    } else {
        terminal_size(t->terminal, &rows, &columns);
    }
    canvas_resize(&t->canvas, rows, columns);
    t->changed = t->redraw = true;
}

/*--- Actions that mean the same everywhere ------------------------------------------------------*/

static void find_next(struct tui *t, int way)
{
    struct view *v = &t->views[t->depth - 1];
    if (t->search[0] == '\0') {
        tui_say(t, false, "nothing was searched for yet: /");
    } else if (v->screen->find != NULL && !v->screen->find(t, v->state, way)) {
        tui_say(t, true, "'%.100s' is not there", t->search);
    }
}

static void toggle_color(struct tui *t)
{
    t->settings.color = !t->settings.color;
    tui_restyle(t);
}

void tui_keep_settings(struct tui *t)
{
    char path[SETTINGS_PATH_BYTES];
    struct err err;
    if (t->folder >= 0) {
        tui_say(t, true, "settings cannot be written while it captures: no file can be opened");
    } else if (!settings_path(path)) {
        tui_say(t, true, "there is no folder for settings: HOME is not set");
    } else if (settings_keep(&t->settings, path, &err) != 0) {
        tui_say(t, true, "%s", err.text);
    } else {
        tui_say(t, false, "columns, times, preview, autoscroll and colour are kept in %.150s",
                path);
    }
}

static void toggle_pause(struct tui *t)
{
    t->paused_count = store_count(t->feed->store);
    t->paused_ts = store_clock(t->feed->store);
    t->paused = !t->paused;
}

static void go_back(struct tui *t, uint32_t key)
{
    if (t->depth > 1) {
        tui_back(t);
    } else if (key == KEYS_ESCAPE) {
        tui_say(t, false, "q quits");
    } else {
        t->quit = true;
    }
}

static void open_once(struct tui *t, const struct screen *screen)
{
    if (t->views[t->depth - 1].screen != screen) {
        tui_open(t, screen, NULL);
    }
}

static void common_action(struct tui *t, enum action action, uint32_t key)
{
    static const char *const times[] = {"time of day", "since the start", "since the one before"};
    switch (action) {
    case ACTION_BACK:
        go_back(t, key);
        break;
    case ACTION_HELP:
        open_once(t, &help_screen);
        break;
    case ACTION_SEARCH:
        tui_open(t, &search_screen, NULL);
        break;
    case ACTION_SEARCH_NEXT:
        find_next(t, 1);
        break;
    case ACTION_SEARCH_PREVIOUS:
        find_next(t, -1);
        break;
    case ACTION_FILTER:
        tui_open(t, &filter_screen, NULL);
        break;
    case ACTION_FILTER_CLEAR:
        t->first_shown = 0;
        tui_filter(t, NULL, NULL);
        break;
    case ACTION_STATISTICS:
        open_once(t, &statistics_screen);
        break;
    case ACTION_SAVE:
        tui_open(t, &save_screen, NULL);
        break;
    case ACTION_FINDINGS:
        open_once(t, &findings_screen);
        break;
    case ACTION_CLOSED_TLS:
        open_once(t, &closed_tls_screen);
        break;
    case ACTION_TIME:
        t->settings.time = (t->settings.time + 1) % TIME_MODES;
        tui_say(t, false, "times: %s", times[t->settings.time]);
        break;
    case ACTION_COLOR:
        toggle_color(t);
        break;
    case ACTION_KEEP:
        tui_keep_settings(t);
        break;
    case ACTION_PAUSE:
        toggle_pause(t);
        break;
    case ACTION_AUTOSCROLL:
        t->settings.autoscroll = !t->settings.autoscroll;
        tui_say(t, false, "autoscroll %s", t->settings.autoscroll ? "on" : "off");
        break;
    case ACTION_REDRAW:
        t->redraw = true;
        break;
    case ACTION_QUIT:
        t->quit = true;
        break;
    default:
        break;
    }
}

static void act(struct tui *t, uint32_t key)
{
    struct view *v = &t->views[t->depth - 1];
    uint64_t count;
    bool pending;
    enum action action = keys_action(&t->keys, v->screen->place, key, &count, &pending);
    if (pending) {
        return;
    }
    if (action == ACTION_NONE) {
        char label[KEY_LABEL_BYTES], help[KEY_LABEL_BYTES];
        key_label(label, key);
        keys_first(&t->keys, ACTION_HELP, help);
        tui_say(t, false, "%s does nothing here; %s shows the keys", label, help);
        return;
    }
    if (v->screen->act == NULL || !v->screen->act(t, v->state, action, count)) {
        common_action(t, action, key);
    }
}

void tui_key(struct tui *t, uint32_t key, const struct terminal_mouse *mouse)
{
    struct view *v = &t->views[t->depth - 1];
    if (key == KEYS_RESIZE) {
        tui_resized(t);
        return;
    }
    t->status[0] = '\0';
    t->changed = true;
    if (key == KEYS_MOUSE) {
        if (v->screen->mouse != NULL && t->settings.mouse && mouse != NULL) {
            v->screen->mouse(t, v->state, mouse, body_of(t));
        }
    } else if (v->screen->dialog) {
        v->screen->key(t, v->state, key);
    } else {
        act(t, key);
    }
}

/*--- Giving way ---------------------------------------------------------------------------------*/

static bool in_use(void *ctx, uint32_t session)
{
    struct tui *t = ctx;
    struct subject s;
    for (int i = 1; i < t->depth; i++) { /* the list itself is beneath */
        const struct view *v = &t->views[i];
        if ((v->screen->subject != NULL && v->screen->subject(t, v->state, &s) &&
             s.session == session) ||
            (v->screen->dialog && v->screen->busy != NULL && v->screen->busy(t, v->state))) {
            return true;
        }
    }
    return tui_is_marked(t, session);
}

bool tui_give_way(void *tui)
{
    struct tui *t = tui;
    struct store *store = t->feed->store;
    size_t n = store_give_way(store, t->feed->model, in_use, t);
    if (n == 0 && t->depth > 1) {
        tui_home(t);
        n = store_give_way(store, t->feed->model, in_use, t);
    }
    if (n > 0) {
        char count[SHORT_TEXT_BYTES];
        order_forget_gone(&t->order, store);
        long_count(count, store_gave_way(store));
        tui_say(t, true, "no more memory (--memory): %s sessions gave way so far", count);
    }
    return n > 0;
}

/*--- Work in pieces -----------------------------------------------------------------------------*/

#define MESSAGES_AT_ONCE 64

static enum filter_answer wants(void *ctx, const struct store_session *s, uint32_t *at)
{
    const struct tui *t = ctx;
    if (t->filter == NULL) {
        return FILTER_YES;
    }
    filter_set_origin(t->filter, t->feed->first_ts); /* the filter may be older than the packets */
    return store_filter_piece(t->filter, t->feed->store, s, at, MESSAGES_AT_ONCE);
}

bool tui_step(struct tui *t, int64_t until)
{
    const struct order_ask ask = {wants, t, t->now};
    size_t count = tui_sessions(t);
    bool busy;
    t->changed |= order_step(&t->order, t->feed->store, count, &ask, until);
    busy = order_busy(&t->order, count);
    for (int i = 0; i < t->depth; i++) {
        struct view *v = &t->views[i];
        if (v->screen->step != NULL) {
            t->changed |= v->screen->step(t, v->state, until);
            busy |= i < t->depth && v->screen->busy != NULL && v->screen->busy(t, v->state);
        }
    }
    return busy;
}
