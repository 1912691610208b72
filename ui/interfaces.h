/* `wsight interfaces`: what can be captured on. */
#ifndef WSIGHT_INTERFACES_H
#define WSIGHT_INTERFACES_H

#include "analyzer/err.h"

#include <stdio.h>

/* Lists the network interfaces with their state and addresses. -1 with err filled. */
int interfaces_print(FILE *out, struct err *err);

#endif
