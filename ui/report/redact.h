/*
 * Masking secrets in what reports show of a handshake and of findings: tokens, keys and passwords
 * in a URL (`token=***`), user information before an '@', what follows Bearer or Basic, JSON Web
 * Tokens wherever they stand, and tokens that clients hide among the subprotocols. It errs on the
 * side of masking; --show-secrets turns it off. Sec-WebSocket-Key is no secret.
 *
 * What a function returns is either its argument or lies in the redactor, until the next call.
 */
#ifndef WSIGHT_REDACT_H
#define WSIGHT_REDACT_H

#include "decoders/base/buffer.h"
#include "decoders/event.h"

#define REDACTED_TEXT_MAX_BYTES (1U << 20) /* what is longer is shown as *** alone */
#define REDACT_NAMES_MAX 1024              /* subprotocols remembered to be secrets */

struct redactor {
    bool show; /* mask nothing */
    struct buffer room;
    uint64_t names[REDACT_NAMES_MAX]; /* hashes of subprotocols that followed an announcer */
    size_t names_n;
    bool names_full; /* there were more */
};

void redact_init(struct redactor *r, bool show_secrets);
void redact_done(struct redactor *r);

/* A header field whose whole value is a secret, by its name. */
bool redact_is_credential(struct bytes name);

/* A target, URL, header field or any other text. */
struct bytes redact_text(struct redactor *r, struct bytes text);

/* One subprotocol; `before` is the one before it in the list, or empty: in "access_token, VALUE"
 * the first announces the second. */
struct bytes redact_subprotocol(struct redactor *r, struct bytes name, struct bytes before);

/* The one that the server chose; redacted as it was in the offer. */
struct bytes redact_chosen(struct redactor *r, const struct handshake *h);

/* The value of a Sec-WebSocket-Protocol field: the server's choice, or a list, each as it must be.
 * What is returned may lie in `joined`, which is empty before. */
struct bytes redact_subprotocol_field(struct redactor *r, const struct handshake *h,
                                      struct bytes value, struct buffer *joined);
/* Remembers which offered subprotocols are secrets because of where they stand, */
void redact_learn(struct redactor *r, const struct handshake *h);
/* so that a name can be redacted that is counted without its list. */
struct bytes redact_counted_name(struct redactor *r, struct bytes name, bool chosen);

#endif
