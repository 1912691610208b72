/* The pages that are written out: a handshake, and what is known of a message. For page.c. */
#ifndef WSIGHT_PAGE_WRITE_H
#define WSIGHT_PAGE_WRITE_H

#include "page.h"

#define PAYLOAD_IS_GONE "The payload is gone: it was too old, or could not be written to TMPDIR."

/* A line at the end of the page; NULL: there is no more room. */
struct page_line *page_add(struct page *, enum page_kind, size_t at, size_t n);
void page_write(struct page *, enum page_kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A name of ours and bytes of the wire. */
void page_write_bytes(struct page *, enum page_kind, const char *name, struct bytes);

/* The page's text from `from` on as JSON. false: it is none, or too much, and nothing was added. */
bool page_json(struct page *, size_t from, unsigned indent);
void page_json_draw(const struct page *, struct canvas *, const struct page_line *, int y, int x,
                    int end);

/* A message dissected by its subprotocol. false: it has none that is known. */
bool write_decoded(struct page *, const struct tui *, const struct subject *, int width);

void write_handshake(struct page *, const struct tui *, const struct subject *);
/* Of a message: its frames, bit by bit; of an end: how it came. */
void write_details(struct page *, const struct tui *, const struct subject *);

#endif
