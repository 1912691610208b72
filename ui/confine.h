/*
 * What has to be read from files before a live run gives its privileges away, because nothing can
 * be opened any more behind the seal (analyzer/capture/privileges.h).
 */
#ifndef WSIGHT_CONFINE_H
#define WSIGHT_CONFINE_H

#include "analyzer/err.h"

/* libcrypto's configuration and the time zone. -1 with err filled. */
int confine_prepare(struct err *err);

#endif
