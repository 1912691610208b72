#ifndef WSIGHT_REGISTRY_PRINT_H
#define WSIGHT_REGISTRY_PRINT_H

/* 'wsight registry [TABLE|NAME|CODE]': the WebSocket registry as aligned plain text. */

#include "decoders/registry/registry.h"

#include <stdio.h>

/* Prints what was asked for:
 *   NULL       every table
 *   a table    opcodes, close-codes, subprotocols, extensions, versions, header-bits, or the
 *              beginning of such a name
 *   a number   what it is as an opcode, a close code and a version
 *   a name     of a subprotocol, extension or header bit (exactly), or of an opcode or close code
 *              (in any case)
 * Returns 0, or 1 when there is no such thing: `why` then says so in one line without a line end,
 * with the nearest names if some are near. Text of the registry and `what` are escaped, here and in
 * `why`: no control character gets out. Errors of `out` are left for the caller to find. */
int registry_print(FILE *out, const struct registry *r, const char *what, char *why,
                   size_t why_size);

#endif
