/*
 * Reading on after loss: the search for frames (sync.h) inside the WebSocket decoder, after a gap
 * that took a header with it, and in each direction of a connection picked up mid-stream.
 *
 * The first frames after a search are on trial: one that is not legal shows that the place was
 * wrong, and the search goes on instead of telling of violations that nobody committed. For the
 * same reason a continuation frame is no error there, nor a Pong whose Ping may have been lost.
 */
#include "session.h"

#include <stdlib.h>

#define FRAMES_ON_TRIAL 4

struct ws_search {
    struct sync *sync;
    uint64_t passed; /* bytes passed over */
    bool lost;       /* after a loss, which is told when it is over */
};

static void begin(struct stream *s, enum dir dir, bool lost)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    const struct sync_setup setup = {.dir = dir, .deflate = ws->setup.deflate, .certain = true};
    d->searching = true;
    d->search = calloc(1, sizeof *d->search);
    if (d->search != NULL) {
        d->search->lost = lost;
        d->search->sync = sync_new(&setup);
    }
    if (d->search == NULL || d->search->sync == NULL) {
        stream_give_up(s, dir);
    }
}

static void joined(struct ws_direction *d)
{
    d->searching = false;
    d->joined = true;
    d->on_trial = FRAMES_ON_TRIAL;
}

void search_open(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    if (ws->setup.midstream) {
        control_missed(s, dir);
        if (ws->setup.synced[dir]) {
            joined(&ws->dir[dir]);
        } else {
            begin(s, dir, false);
        }
    } else if (ws->setup.lost[dir]) {
        search_after_gap(s, dir, 0);
    } else if (ws->setup.search[dir]) {
        begin(s, dir, false);
    }
}

void search_after_gap(struct stream *s, enum dir dir, uint64_t n)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    control_missed(s, dir);
    if (ws->setup.deflate != DEFLATE_NONE) {
        compressed_lost(s, dir);
    }
    if (!d->searching) {
        begin(s, dir, true);
    } else if (d->search != NULL && d->search->sync != NULL) {
        d->search->lost = true;
        sync_gap(d->search->sync, n);
    }
}

void search_again(struct stream *s, enum dir dir)
{
    begin(s, dir, false);
}

size_t search_data(struct stream *s, enum dir dir, struct bytes b)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    size_t take;
    if (d->search == NULL || d->search->sync == NULL) {
        return b.n;
    }
    bool found = sync_data(d->search->sync, b, &take);
    d->search->passed += take;
    if (found) {
        if (d->search->lost) {
            stream_finding(s, dir, FINDING_RESYNCED, "%llu bytes passed over",
                           (unsigned long long)d->search->passed);
        }
        search_close(d);
        joined(d);
    }
    return take;
}

void search_end(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    const struct ws_search *search = ws->dir[dir].search;
    uint64_t searched = search != NULL && search->sync != NULL ? sync_searched(search->sync) : 0;
    if (searched > 0) {
        stream_finding(s, dir, FINDING_SYNC_LOST, "%llu bytes searched",
                       (unsigned long long)searched);
    }
}

void search_close(struct ws_direction *d)
{
    if (d->search != NULL) {
        sync_free(d->search->sync);
        free(d->search);
        d->search = NULL;
    }
}
