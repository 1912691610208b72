/*
 * The flow screen's parts: which rows there are (flow_rows.c), how they look (flow_draw.c), the
 * preview and the keys (flow.c).
 */
#ifndef WSIGHT_FLOW_SCREEN_H
#define WSIGHT_FLOW_SCREEN_H

#include "page.h"

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
    struct index_list shown; /* messages that are shown, when it is not all of them */
    size_t seen;             /* messages asked so far whether they are to be shown */
    bool partial;            /* shown is used */
    uint32_t expanded;       /* the message whose frames are shown + 1 */
    uint32_t marked[2];
    int n_marked;
    enum preview_mode preview;
    int preview_percent;
    struct page page;
    struct subject page_of;
    int page_width;
    uint32_t page_n;
    int rows;
    struct long_find find;
};

static inline const struct store_session *session_of(const struct tui *t, const struct flow *f)
{
    return store_session(t->feed->store, f->session);
}

/*--- flow_rows.c --------------------------------------------------------------------------------*/

/* Begins the list of shown messages anew: another filter, or control frames hidden. */
void ladder_begin_list(struct tui *, struct flow *);
bool ladder_busy(struct tui *, void *flow);
bool ladder_step(struct tui *, void *flow, int64_t until);
size_t ladder_count(const struct tui *, const struct flow *);
struct row ladder_row(const struct tui *, const struct flow *, size_t i);
/* Where a row is, or the one that stands in its place. */
size_t ladder_find_row(const struct tui *, const struct flow *, struct row);

/*--- flow_draw.c --------------------------------------------------------------------------------*/

/* The ladder in its area; f->rows and f->scroll are set. */
void ladder_draw(struct tui *, struct flow *, struct area);

#endif
