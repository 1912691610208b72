// Fuzz target: a key log, in pieces: the first byte of each is its length.
#include "decoders/tls/secrets.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    struct tls_secrets *t = tls_secrets_new(1);
    struct tls_secret secret;
    static volatile unsigned sum; // reads what was found
    (void)sum;
    if (t == NULL)
        return 0;
    while (r.b.n > 0) {
        size_t n = read_u8(&r);
        struct bytes piece = bytes_part(r.b, 0, n);
        tls_secrets_add(t, piece);
        r.b = bytes_from(r.b, piece.n);
        if (n == 0)
            tls_secrets_end(t);
    }
    tls_secrets_end(t);
    for (size_t at = 0; at + TLS_RANDOM_BYTES <= size; at += TLS_RANDOM_BYTES)
        if (tls_secrets_find(t, data + at, TLS_MASTER_SECRET, &secret))
            sum += secret.bytes[0];
    struct tls_secrets_counts c = tls_secrets_counts(t);
    if (c.malformed > 0 && c.first_malformed == 0)
        abort();
    tls_secrets_free(t);
    return 0;
}
