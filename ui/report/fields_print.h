/* Prints the fields of display filters: `wsight fields`. */
#ifndef WSIGHT_FIELDS_PRINT_H
#define WSIGHT_FIELDS_PRINT_H

#include "analyzer/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* All of them, or those in whose name, group, type or meaning the word is; as text of so many
 * columns, or as JSON. -1 with err filled: there is none, or the output takes no more. */
int fields_print(FILE *out, const char *word, bool as_json, size_t width, struct err *err);

#endif
