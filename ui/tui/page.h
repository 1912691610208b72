/*
 * What a message, handshake or ending looks like, as lines: as text, JSON, hex dump, its frames bit
 * by bit, the handshake's headers, or decoded by its subprotocol. The message screen, the preview
 * and the comparison draw them.
 */
#ifndef WSIGHT_PAGE_H
#define WSIGHT_PAGE_H

#include "tui.h"

/* Text and JSON are made into lines up to here; the hex dump shows all. */
#define PAGE_TEXT_MAX_BYTES (16U << 20)
#define PAGE_JSON_MAX_BYTES (8U << 20)
#define PAGE_LINES_MAX 2000000U
#define PAGE_JSON_DEPTH_MAX 128

enum page_mode {
    PAGE_TEXT,
    PAGE_JSON,
    PAGE_HEX,
    PAGE_FRAMES,
    PAGE_HANDSHAKE,
    PAGE_DECODED, /* by the subprotocol */
    PAGE_MODES
};

enum page_kind { LINE_PLAIN, LINE_JSON, LINE_FIELD, LINE_HEADING, LINE_NOTE, LINE_BITS };

struct page_line {
    uint32_t at, n; /* of page.text */
    uint32_t close; /* JSON: the line that closes what this one opens; 0: none */
    uint16_t indent;
    uint8_t kind; /* enum page_kind */
    bool folded;
};

struct page {
    enum page_mode mode;
    struct buffer text; /* the body, or what was written to be shown */
    struct page_line *lines;
    uint32_t *visible; /* lines that are not folded away; NULL: all */
    size_t n, size, n_visible;
    bool lost; /* the body could not be read back */
    bool utf8; /* what can be shown */
    int width; /* columns that lines are wrapped to */
};

/* Most of what it begins with is. */
bool page_looks_like_text(struct bytes);

void page_init(struct page *);
void page_done(struct page *);

/* The mode that shows most of it. */
enum page_mode page_best(const struct tui *, const struct subject *);
/* Makes the lines for a width. The modes that make no sense for the subject become the best one. */
void page_make(struct page *, const struct tui *, const struct subject *, enum page_mode,
               int width);

size_t page_lines(const struct page *);
void page_draw(const struct page *, struct canvas *, size_t line, int y, int x, int end,
               const char *search);
/* Folds or unfolds what begins at this visible line, or around it. Returns the line to stand on. */
size_t page_fold(struct page *, size_t line);
void page_fold_all(struct page *);
/* The next line that holds the text, from `from` on in the given way; -1: none. */
int64_t page_find(const struct page *, const char *search, size_t from, int way);

#endif
