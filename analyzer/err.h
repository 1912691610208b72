/*
 * What went wrong, in words for the user: a missing file, no permission, no memory. What the
 * network sends is never an error; that is a finding. Whoever calls main's functions gets the text
 * back and only main prints it.
 */
#ifndef WSIGHT_ERR_H
#define WSIGHT_ERR_H

struct err {
    char text[256];
};

/* Writes the text, cut to fit, and returns -1 so that a caller can say `return err_set(...)`. The
 * text may hold bytes of a file name as they are: whoever prints it escapes them. err may be NULL.
 */
__attribute__((format(printf, 2, 3))) int err_set(struct err *err, const char *format, ...);

#endif
