/* The display filter, asked about what the screen keeps. */
#ifndef WSIGHT_STORE_FILTER_H
#define WSIGHT_STORE_FILTER_H

#include "../store.h"
#include "filter.h"

/* A message of a session. The body is read from the store when it is asked for. */
bool store_filter_message(struct filter *, const struct store *, const struct store_session *,
                          const struct store_message *);

enum filter_answer { FILTER_NO, FILTER_YES, FILTER_MORE };

/* A session, or one that has such a message. In pieces: asks at most `most` messages from *at on (0
 * to begin with) and moves *at; FILTER_MORE: there are others to be asked. */
enum filter_answer store_filter_piece(struct filter *, const struct store *,
                                      const struct store_session *, uint32_t *at, uint32_t most);
/* The same at once. */
bool store_filter_session(struct filter *, const struct store *, const struct store_session *);

#endif
