/* What is told of a TLS connection: its session when it stays closed, or that of what is inside. */
#include "connection.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define CERTIFICATE_MAX_BYTES 1024 /* of text about one */
#define NAMES_MAX 16

static struct bytes text_of(const struct buffer *b, bool has)
{
    return has ? (struct bytes){b->p, b->n} : (struct bytes){NULL, 0};
}

void tls_tell(struct stream *s, struct stream *inner, enum dir d)
{
    const struct tls *t = stream_state(s);
    const struct tls_hellos *h = &t->hellos;
    struct event e = {.type = EVENT_TLS, .dir = d};
    e.tls.version = h->version;
    e.tls.cipher = h->cipher;
    e.tls.sni = text_of(&h->sni, h->has_sni);
    e.tls.alpn = text_of(&h->alpn, h->has_alpn);
    e.tls.certificate = text_of(&t->certificate, t->certificate.n > 0);
    if (h->ja4[0] != '\0') {
        e.tls.ja4 = bytes_of(h->ja4);
    }
    if (h->has_random[DIR_CLIENT_TO_SERVER]) {
        e.tls.client_random = (struct bytes){h->random[DIR_CLIENT_TO_SERVER], TLS_RANDOM_BYTES};
    }
    e.tls.why_not = inner != NULL ? TLS_WHY_DECRYPTED : t->why;
    stream_emit(inner != NULL ? inner : s, &e);
}

static void find_fault(struct stream *s, enum tls_why why)
{
    const struct tls *t = stream_state(s);
    switch (why) {
    case TLS_WHY_NO_KEYS:
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_TLS_NO_KEYS, NULL);
        break;
    case TLS_WHY_WRONG_KEYS:
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_TLS_WRONG_KEYS, NULL);
        break;
    case TLS_WHY_UNSUPPORTED:
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_TLS_UNSUPPORTED,
                       "version %04x, cipher suite %04x", t->hellos.version, t->hellos.cipher);
        break;
    case TLS_WHY_HANDSHAKE:
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_TLS_HANDSHAKE_MISSING, NULL);
        break;
    case TLS_WHY_LOST:
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_TLS_LOST, NULL);
        break;
    default:
        break;
    }
}

void tls_tell_shut(struct stream *s, struct stream *inner, enum dir d)
{
    const struct tls *t = stream_state(s);
    enum tls_why why = t->side[d].shut;
    if (why == TLS_WHY_LOST) {
        stream_finding(inner, d, FINDING_TLS_LOST, NULL);
    } else if (why != TLS_WHY_DECRYPTED) {
        stream_finding(inner, d, FINDING_TLS_ONE_DIRECTION,
                       why == TLS_WHY_NO_KEYS ? "its secret is missing"
                                              : "its secret does not fit");
    }
}

void tls_close_for(struct stream *s, enum tls_why why)
{
    struct tls *t = stream_state(s);
    if (t->state != TLS_CLOSED) {
        t->state = TLS_CLOSED;
        t->why = why;
        if (!stream_has_sessions(s)) {
            stream_begin_session(s, SESSION_TLS, 100);
            tls_tell(s, NULL, t->hellos.server_spoke ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER);
        }
        find_fault(s, why);
    }
    stream_give_up_both(s);
}

/* ---- Certificates ---- */

static void add_text(struct buffer *b, const char *before, const void *p, size_t n)
{
    struct bytes lead = bytes_of(before);
    if (n <= b->max && lead.n + n <= b->max - b->n) {
        buffer_append(b, lead);
        buffer_append(b, (struct bytes){p, n});
    }
}

static void add_names(struct buffer *b, X509 *x)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    int n = sk_GENERAL_NAME_num(names);
    for (int i = 0; i < n && i < NAMES_MAX; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DNS) {
            add_text(b, i == 0 ? "; " : ", ", ASN1_STRING_get0_data(name->d.dNSName),
                     (size_t)ASN1_STRING_length(name->d.dNSName));
        }
    }
    GENERAL_NAMES_free(names);
}

/* The first certificate of the list is the server's own (RFC 5246 section 7.4.2). */
void tls_read_certificate(struct tls *t, struct bytes message)
{
    struct reader r = reader_of(bytes_from(message, TLS_HANDSHAKE_HEADER_BYTES));
    char subject[256];
    read_skip(&r, 3);
    size_t high = read_u8(&r);
    struct bytes der = read_bytes(&r, high << 16 | read_be16(&r));
    const unsigned char *p = der.p;
    X509 *x = r.bad || der.n == 0 ? NULL : d2i_X509(NULL, &p, (long)der.n);
    if (x == NULL) {
        return;
    }
    buffer_done(&t->certificate);
    buffer_init(&t->certificate, CERTIFICATE_MAX_BYTES);
    if (X509_NAME_oneline(X509_get_subject_name(x), subject, sizeof subject) != NULL) {
        add_text(&t->certificate, "", subject, strlen(subject));
    }
    add_names(&t->certificate, x);
    X509_free(x);
}
