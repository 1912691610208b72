/* The display filter, asked about what the screen keeps. */
#ifndef WSIGHT_STORE_FILTER_H
#define WSIGHT_STORE_FILTER_H

#include "../store.h"
#include "filter.h"

/* A message of a session. The body is read from the store when it is asked for. */
bool store_filter_message(struct filter *, const struct store *, const struct store_session *,
                          const struct store_message *);

/* A session, or one that has such a message. */
bool store_filter_session(struct filter *, const struct store *, const struct store_session *);

#endif
