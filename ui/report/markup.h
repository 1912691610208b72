/*
 * Text from the wire inside HTML and Markdown: whatever either of them could take for markup is a
 * numeric character reference, what could deceive a reader is shown as \u{202e}, and what is not
 * UTF-8 as U+FFFD. So captured bytes are text, in an element, in a quoted attribute, in a table of
 * Markdown.
 */
#ifndef WSIGHT_MARKUP_H
#define WSIGHT_MARKUP_H

#include "ui/report/out.h"

/* At most `most` bytes of b, then an ellipsis. */
void markup_put(struct out *o, struct bytes b, size_t most);
void markup_text(struct out *o, const char *s);

#endif
