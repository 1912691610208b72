/*
 * The screen: a stack of screens over a model and a store, in one loop on one thread.
 *
 * Each turn takes packets for a few milliseconds, does a piece of whatever work is open (filtering,
 * sorting, saving), answers the keys that came, and draws at most 20 times a second, for the
 * display to show (display.h): so neither capture nor decoding waits for the terminal, and a key is
 * answered at once.
 */
#ifndef WSIGHT_TUI_H
#define WSIGHT_TUI_H

#include "analyzer/filter/store_filter.h"
#include "decoders/registry/registry.h"
#include "display.h"
#include "feed.h"
#include "keys.h"
#include "order.h"
#include "screen.h"
#include "settings.h"
#include "text.h"

#define TUI_DEPTH_MAX 16
#define TUI_STATUS_BYTES 256
#define TUI_FILTER_BYTES 1024
#define TUI_SEARCH_BYTES 256

struct view {
    const struct screen *screen;
    void *state;
};

struct tui {
    const struct feed *feed; /* model, store, where packets come from */
    const struct registry *registry;
    struct terminal *terminal;
    struct display *display; /* shows what is drawn, while the loop runs; NULL: the terminal */
    struct canvas canvas;
    struct theme theme;
    int colors; /* of the terminal */
    struct keys keys;
    struct settings settings;
    struct view views[TUI_DEPTH_MAX];
    int depth;
    int64_t (*now)(void); /* ns of a clock that only goes on */
    bool show_secrets;
    /* Saved files are made in this directory and nowhere else, for nothing else can be opened any
     * more; -1: wherever the user says. */
    int folder;

    struct order order; /* of the sessions list */
    size_t first_shown; /* sessions before it were cleared away */
    uint8_t *marked;    /* bit by session index */
    size_t marked_size, marked_n;

    char filter_text[TUI_FILTER_BYTES];
    struct filter *filter; /* NULL: none */
    char search[TUI_SEARCH_BYTES];

    char status[TUI_STATUS_BYTES]; /* for the last line, until the next key */
    bool status_is_error;
    bool quit;
    bool paused;
    size_t paused_count;   /* sessions there were then */
    int64_t paused_ts;     /* ... and the newest time */
    struct tui_room *room; /* for texts that are made to be shown */
    bool changed;          /* something new is to be shown */
    bool redraw;           /* all of it */
};

/* 0, or -1 with err filled. The terminal is taken over and closed by tui_done. */
int tui_init(struct tui *, const struct feed *, struct terminal *, const struct settings *,
             struct err *);
void tui_done(struct tui *);

/* Opens a screen over the present one; arg is for its open(). */
void tui_open(struct tui *, const struct screen *, const void *arg);
void tui_back(struct tui *);
/* Back to the first one. */
void tui_home(struct tui *);

/* The settings or the number of colours are others than before. */
void tui_restyle(struct tui *);

/* What a key does. */
void tui_key(struct tui *, uint32_t key, const struct terminal_mouse *);
/* Work in pieces until `until`; true while there is more. */
bool tui_step(struct tui *, int64_t until);
void tui_draw(struct tui *);
/* The terminal has this size now. */
void tui_resized(struct tui *);

/* Gives the terminal a thread of its own, for tui_loop. -1 with err filled. */
int tui_display(struct tui *, struct err *);

/* Packets, keys and drawing until the user has enough. */
void tui_loop(struct tui *, struct feed *);

/* Memory is short: the oldest sessions give way but those that are looked at or marked; unless
 * these are all there are. For struct feed. */
bool tui_give_way(void *tui);

/* Writes what was changed on the screen to the settings file, and says so. */
void tui_keep_settings(struct tui *);

/* A line for the user. */
void tui_say(struct tui *, bool is_error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The filter: NULL or "" for none. -1: it is wrong, and the one before stays. */
int tui_filter(struct tui *, const char *text, struct filter_error *);

bool tui_is_marked(const struct tui *, uint32_t session);
void tui_mark(struct tui *, uint32_t session, bool on);

/* How many sessions, and messages of one, are shown: fewer than there are while paused. */
size_t tui_sessions(const struct tui *);
uint32_t tui_messages(const struct tui *, const struct store_session *);

/* A list's cursor and what of it is on the screen. */
struct scroll {
    size_t cursor, top;
};
/* Keeps the cursor within n rows and the top so that it is on the screen. */
void scroll_fit(struct scroll *, size_t n, int rows);
/* Moves it as the action says; false: the action is none of moving. */
bool scroll_act(struct scroll *, enum action, uint64_t count, size_t n, int rows);
/* A bar at the right edge that shows which part is seen. */
void scroll_bar(struct canvas *, struct area, size_t top, size_t n);

/* For dialogs: a line of text that is being typed. */
struct line_edit {
    char text[TUI_FILTER_BYTES];
    size_t n, at; /* bytes; where the cursor is */
};
void line_set(struct line_edit *, const char *text);
/* false: the key means nothing to it. */
bool line_key(struct line_edit *, uint32_t key);
void line_draw(struct canvas *, const struct line_edit *, int y, int x, int end, enum role);

/* A search through a long list, in pieces. */
struct long_find {
    size_t at, left; /* the row asked last; rows still to be asked, 0: nothing is searched for */
    int way;
};
#define FIND_AT_ONCE_NS 5000000
/* Asks rows of n from the one after `from` on (or before it) for at most FIND_AT_ONCE_NS; true:
 * found
 * (*found is the row), or it will go on. */
bool find_begin(struct tui *, struct long_find *, size_t from, size_t n, int way,
                bool (*holds)(struct tui *, void *ctx, size_t row), void *ctx, size_t *found);
/* Goes on until `until`; true: found. Says so when there is nothing. */
bool find_more(struct tui *, struct long_find *, size_t n,
               bool (*holds)(struct tui *, void *ctx, size_t row), void *ctx, int64_t until,
               size_t *found);

/* The index of needle in hay, from `from` on; hay.n when there is none. Capital letters in the
 * needle make it mind them. */
size_t text_find(struct bytes hay, size_t from, struct bytes needle);

/* Shared by screens: time as the settings say; a session's name for titles. */
void tui_time(const struct tui *, char out[SHORT_TEXT_BYTES], int64_t ts, int64_t start,
              int64_t before, int digits);
int tui_digits(const struct tui *);    /* of a second that the source has */
int64_t tui_start(const struct tui *); /* when the first session began */
/* Text of a handshake with its secrets masked, unless they are to be shown; and two texts joined.
 * Valid until a few more were asked for. */
struct bytes tui_shown_text(const struct tui *, struct bytes);
struct bytes tui_join(const struct tui *, struct bytes, struct bytes);
/* The same of subprotocols, among which clients hide tokens: the one that the server chose, a whole
 * header field of them, and one that was counted. */
struct bytes tui_shown_subprotocol(const struct tui *, const struct handshake *);
struct bytes tui_shown_subprotocols(const struct tui *, const struct handshake *, struct bytes);
struct bytes tui_shown_counted(const struct tui *, struct bytes);
void tui_session_name(const struct session *, char *out, size_t n);

#endif
