/* Real TLS peers joined by memory. */
#include "tls_peers.h"

#include "decoders/tls/rsa.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* ---- Ends ---- */

void peers_wire(struct peers *p, enum dir d, struct bytes b)
{
    struct wire *w = &p->wire;
    assert_true(w->n < WIRE_MAX);
    uint8_t *copy = malloc(b.n);
    assert_non_null(copy);
    memcpy(copy, b.p, b.n);
    w->pieces[w->n++] = (struct wire_piece){d, copy, b.n};
}

static bool move(struct peers *p, enum dir d)
{
    uint8_t bytes[16384];
    int n = BIO_read(SSL_get_wbio(p->ssl[d]), bytes, sizeof bytes);
    if (n <= 0) {
        return false;
    }
    peers_wire(p, d, (struct bytes){bytes, (size_t)n});
    assert_int_equal(BIO_write(SSL_get_rbio(p->ssl[1 - d]), bytes, n), n);
    return true;
}

static void read_all(SSL *ssl)
{
    uint8_t bytes[16384];
    while (SSL_read(ssl, bytes, sizeof bytes) > 0) {
    }
}

void peers_pump(struct peers *p)
{
    bool moved = true;
    while (moved) {
        moved = false;
        for (int d = 0; d < 2; d++) {
            while (move(p, (enum dir)d)) {
                moved = true;
            }
            if (SSL_is_init_finished(p->ssl[1 - d])) {
                read_all(p->ssl[1 - d]);
            }
        }
    }
}

static void keylog(const SSL *ssl, const char *line)
{
    struct peers *p = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    buffer_append(&p->keylog, bytes_of(line));
    buffer_append(&p->keylog, bytes_of("\n"));
}

/* Made once: an RSA key takes a while. */
static EVP_PKEY *key_of_kind(bool rsa)
{
    static EVP_PKEY *keys[2];
    if (keys[rsa] == NULL) {
        keys[rsa] = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    }
    return keys[rsa];
}

char *peers_rsa_pem(bool sealed)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char passphrase[] = "secret", *text;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key_of_kind(true),
                                              sealed ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
                                              sealed ? passphrase : NULL),
                     1);
    long n = BIO_get_mem_data(bio, &text);
    char *copy = strndup(text, (size_t)n);
    assert_non_null(copy);
    BIO_free(bio);
    return copy;
}

static void make_certificate(SSL_CTX *ctx, bool rsa)
{
    EVP_PKEY *key = key_of_kind(rsa);
    X509 *x = X509_new();
    assert_non_null(key);
    assert_non_null(x);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"chat.example", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION *names =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:chat.example,DNS:b.example");
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(x);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned in_n, void *arg)
{
    (void)ssl;
    (void)arg;
    (void)in_n;
    *out = in + 1;
    *out_n = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static int refuse_early(SSL *ssl, void *arg)
{
    (void)ssl;
    (void)arg;
    return 0;
}

static void set_up(struct peers *p, const struct peers_options *o, int end)
{
    SSL_CTX *ctx = p->ctx[end] = SSL_CTX_new(end == 0 ? TLS_client_method() : TLS_server_method());
    const char *groups = end == 0 ? o->client_groups : o->server_groups;
    assert_non_null(ctx);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, o->version);
    SSL_CTX_set_max_proto_version(ctx, o->version);
    SSL_CTX_set_options(ctx, o->options);
    SSL_CTX_set_dh_auto(ctx, 1);
    SSL_CTX_set_max_early_data(ctx, 16384);
    if (o->suite != NULL && o->version == TLS1_3_VERSION) {
        assert_int_equal(SSL_CTX_set_ciphersuites(ctx, o->suite), 1);
    } else if (o->suite != NULL) {
        assert_int_equal(SSL_CTX_set_cipher_list(ctx, o->suite), 1);
    }
    if (groups != NULL) {
        assert_int_equal(SSL_CTX_set1_groups_list(ctx, groups), 1);
    }
    SSL_CTX_set_app_data(ctx, p);
    if (end == 0) {
        SSL_CTX_set_keylog_callback(ctx, keylog);
    } else {
        make_certificate(ctx, o->rsa);
        SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
        SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"wsight", 6);
        if (o->early_refused) {
            SSL_CTX_set_allow_early_data_cb(ctx, refuse_early, NULL);
        }
    }
}

static void make_ends(struct peers *p)
{
    for (int end = 0; end < 2; end++) {
        p->ssl[end] = SSL_new(p->ctx[end]);
        assert_non_null(p->ssl[end]);
        SSL_set_bio(p->ssl[end], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    }
    SSL_set_connect_state(p->ssl[0]);
    SSL_set_accept_state(p->ssl[1]);
    SSL_set_tlsext_host_name(p->ssl[0], "chat.example");
}

static void free_wire(struct wire *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->pieces[i].p);
    }
    w->n = 0;
}

void peers_reconnect(struct peers *p, SSL_SESSION *session)
{
    free_wire(&p->earlier);
    p->earlier = p->wire;
    p->wire.n = 0;
    p->sent[0] = p->sent[1] = 0;
    SSL_free(p->ssl[0]);
    SSL_free(p->ssl[1]);
    make_ends(p);
    assert_int_equal(SSL_set_session(p->ssl[0], session), 1);
}

void peers_renegotiate(struct peers *p)
{
    assert_int_equal(SSL_renegotiate(p->ssl[0]), 1);
    for (int turn = 0; turn < 4; turn++) {
        SSL_do_handshake(p->ssl[0]);
        peers_pump(p);
        SSL_do_handshake(p->ssl[1]);
        peers_pump(p);
    }
    assert_true(SSL_is_init_finished(p->ssl[0]) && SSL_is_init_finished(p->ssl[1]));
}

struct peers *peers_begin(const struct peers_options *o)
{
    struct peers *p = calloc(1, sizeof *p);
    assert_non_null(p);
    buffer_init(&p->keylog, 65536);
    for (int end = 0; end < 2; end++) {
        set_up(p, o, end);
    }
    make_ends(p);
    for (int end = 0; end < 2 && o->padding > 0; end++) {
        SSL_set_block_padding(p->ssl[end], o->padding);
    }
    if (o->alpn != NULL) {
        SSL_set_alpn_protos(p->ssl[0], (const unsigned char *)o->alpn, (unsigned)strlen(o->alpn));
    }
    return p;
}

void peers_handshake(struct peers *p)
{
    for (int turn = 0; turn < 20; turn++) {
        SSL_do_handshake(p->ssl[0]);
        while (move(p, DIR_CLIENT_TO_SERVER)) {
        }
        SSL_do_handshake(p->ssl[1]);
        while (move(p, DIR_SERVER_TO_CLIENT)) {
        }
    }
    assert_true(SSL_is_init_finished(p->ssl[0]) && SSL_is_init_finished(p->ssl[1]));
    peers_pump(p);
}

struct peers *peers_new(const struct peers_options *o)
{
    struct peers *p = peers_begin(o);
    peers_handshake(p);
    return p;
}

void peers_free(struct peers *p)
{
    for (int end = 0; end < 2; end++) {
        SSL_free(p->ssl[end]);
        SSL_CTX_free(p->ctx[end]);
    }
    free_wire(&p->wire);
    free_wire(&p->earlier);
    buffer_done(&p->keylog);
    free(p);
}

void peers_write(struct peers *p, enum dir d, struct bytes b)
{
    assert_int_equal(SSL_write(p->ssl[d], b.p, (int)b.n), (int)b.n);
    peers_pump(p);
}

void peers_say_before(struct peers *p, enum dir d, const char *text)
{
    peers_wire(p, d, bytes_of(text));
    struct wire_piece piece = p->wire.pieces[p->wire.n - 1];
    memmove(p->wire.pieces + 1, p->wire.pieces, (p->wire.n - 1) * sizeof piece);
    p->wire.pieces[0] = piece;
}

void peers_upgrade(struct peers *p)
{
    peers_write(p, DIR_CLIENT_TO_SERVER,
                bytes_of("GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nOrigin: https://chat.example\r\n"
                         "Cookie: a=b\r\nAuthorization: Basic eA==\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n\r\n"));
    peers_write(p, DIR_SERVER_TO_CLIENT,
                bytes_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
}

void peers_message(struct peers *p, enum dir d, size_t n)
{
    uint8_t frame[70000];
    uint8_t text[66000];
    size_t at = 0;
    int head = snprintf((char *)text, sizeof text, "%c%u", d == 0 ? 'c' : 's', ++p->sent[d]);
    memset(text + head, '.', n);
    n += (size_t)head;
    frame[at++] = 0x81;
    uint8_t mask = d == DIR_CLIENT_TO_SERVER ? 0x80 : 0;
    frame[at++] = (uint8_t)(mask | (n < 126 ? n : 126));
    if (n >= 126) {
        frame[at++] = (uint8_t)(n >> 8);
        frame[at++] = (uint8_t)n;
    }
    uint8_t key[4] = {0};
    if (mask != 0) {
        for (size_t i = 0; i < sizeof key; i++) { /* different, and the same in every run */
            key[i] = (uint8_t)(p->sent[d] * 37U + i * 91U + 5U);
        }
        memcpy(frame + at, key, sizeof key);
        at += sizeof key;
    }
    for (size_t i = 0; i < n; i++) {
        frame[at++] = text[i] ^ key[i % 4];
    }
    peers_write(p, d, (struct bytes){frame, at});
}

void peers_shutdown(struct peers *p)
{
    SSL_shutdown(p->ssl[0]);
    peers_pump(p);
    SSL_shutdown(p->ssl[1]);
    peers_pump(p);
}

/* ---- Listening ---- */

__attribute__((format(printf, 2, 3))) static void say(struct heard *h, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(h->log + h->n, sizeof h->log - h->n, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof h->log - h->n);
    h->n += (size_t)n;
}

static void hear_tls(struct heard *h, const struct tls_hello *tls)
{
    static const char *const why[] = {"open",        "no keys",   "wrong keys",
                                      "unsupported", "handshake", "lost"};
    say(h, "tls %04x %04x %s", tls->version, tls->cipher, why[tls->why_not]);
    if (tls->sni.n > 0) {
        say(h, " sni=%.*s", (int)tls->sni.n, (const char *)tls->sni.p);
    }
    if (tls->alpn.n > 0) {
        say(h, " alpn=%.*s", (int)tls->alpn.n, (const char *)tls->alpn.p);
    }
    if (tls->certificate.n > 0) {
        say(h, " certificate=%.*s", (int)tls->certificate.n, (const char *)tls->certificate.p);
    }
    say(h, "\n");
}

static void hear(struct event_sink *sink, const struct event *e)
{
    struct heard *h = (struct heard *)(void *)sink;
    switch (e->type) {
    case EVENT_SESSION:
        say(h, "session %s\n",
            e->begin.kind == SESSION_TLS         ? "tls"
            : e->begin.kind == SESSION_MIDSTREAM ? "midstream"
                                                 : "upgrade");
        break;
    case EVENT_HANDSHAKE:
        say(h, "status %d\n", e->handshake->status);
        break;
    case EVENT_MESSAGE: {
        size_t n = 0;
        while (n < e->message.body.n && e->message.body.p[n] != '.') {
            n++;
        }
        say(h, "%c %d %llu %.*s%s\n", e->dir == 0 ? '>' : '<', e->message.opcode,
            (unsigned long long)e->message.len, (int)n, (const char *)e->message.body.p,
            e->message.flags & MESSAGE_DAMAGED ? " damaged" : "");
        break;
    }
    case EVENT_FINDING:
        say(h, "%c %s\n", e->dir == 0 ? '>' : '<', finding_kind(e->finding.id)->id);
        break;
    case EVENT_TLS:
        hear_tls(h, &e->tls);
        break;
    case EVENT_END:
        say(h, "end\n");
        break;
    default:
        break;
    }
}

static void give(struct stream *s, const struct wire_piece *w, const struct hearing *how,
                 size_t number, size_t from, size_t to)
{
    size_t most = how->cut > 0 ? how->cut : SIZE_MAX;
    while (from < to) {
        size_t n = to - from < most ? to - from : most;
        uint8_t *copy = malloc(n); /* of its exact size, for the sanitizers */
        assert_non_null(copy);
        memcpy(copy, w->p + from, n);
        struct chunk c = {(int64_t)number * 1000, number, {copy, n}, w->dir};
        stream_data(s, &c);
        free(copy);
        from += n;
    }
}

static void give_piece(struct stream *s, const struct wire_piece *w, const struct hearing *how,
                       size_t number)
{
    size_t from = w->n, to = w->n;
    if (number == how->drop) {
        from = how->drop_n > 0 ? how->drop_from : 0;
        to = how->drop_n > 0 ? from + how->drop_n : w->n;
    }
    give(s, w, how, number, 0, from);
    if (to > from) {
        stream_gap(s, w->dir, to - from, (int64_t)number * 1000, number);
    }
    give(s, w, how, number, to, w->n);
}

/* The lines that are there from the beginning, or those that come later. */
static void add_keys(struct tls_secrets *secrets, const struct peers *p, const struct hearing *how,
                     bool later)
{
    struct bytes all = buffer_bytes(&p->keylog);
    char *text = malloc(all.n + 1);
    assert_non_null(text);
    memcpy(text, all.p, all.n);
    text[all.n] = '\0';
    for (char *line = text, *end; *line != '\0'; line = end) {
        char *random = strchr(line, ' ') + 1;
        char *secret = strchr(random, ' ') + 1;
        bool concerned = how->label == NULL || strncmp(line, how->label, strlen(how->label)) == 0;
        char *spoiled = how->no_keys ? random : how->wrong_keys ? secret : NULL;
        end = strchr(line, '\n') + 1;
        if (spoiled != NULL && concerned) {
            *spoiled = *spoiled == '0' ? '1' : '0';
        }
        if ((how->keys_after > 0 && concerned) == later) {
            tls_secrets_add(secrets, (struct bytes){(const uint8_t *)line, (size_t)(end - line)});
        }
    }
    tls_secrets_end(secrets);
    free(text);
}

/* One connection, from its first piece on. */
static void hear_wire(struct stream_shared *shared, const struct peers *p, const struct wire *w,
                      const struct hearing *how)
{
    struct connection connection = {.family = 4, .syn_rtt = -1};
    bool beginning_lost = how->drop == 1 && how->drop_n == 0; /* then nobody knows of a hole */
    struct stream *s = stream_new(shared, &connection, !beginning_lost);
    assert_non_null(s);
    for (size_t i = beginning_lost ? 1 : 0; i < w->n; i++) {
        if (how->keys_after > 0 && i == how->keys_after) {
            add_keys(shared->secrets, p, how, true);
        }
        give_piece(s, &w->pieces[i], how, i + 1);
    }
    struct session_end end = {.first_fin = -1, .how = END_FIN};
    stream_close(s, &end);
    assert_int_equal(shared->tls_waiting, 0);
}

void peers_hear(const struct peers *p, const struct hearing *how, struct heard *h)
{
    static uint8_t scratch[STREAM_SCRATCH_BYTES];
    struct decode_options options = {.body_max = 70000};
    *h = (struct heard){.sink = {hear}};
    struct stream_shared shared = {.options = &options,
                                   .sink = &h->sink,
                                   .next_session = 1,
                                   .scratch = scratch,
                                   .secrets = tls_secrets_new(1)};
    shared.upgrades = upgrade_memory_new();
    struct tls_rsa_keys *rsa = tls_rsa_keys_new();
    tls_secrets_expect(shared.secrets, how->keys_after > 0);
    if (how->rsa_key != NULL) {
        assert_null(tls_rsa_keys_add(rsa, bytes_of(how->rsa_key)));
        tls_secrets_use_rsa(shared.secrets, rsa);
    } else {
        add_keys(shared.secrets, p, how, false);
    }
    if (how->earlier) {
        hear_wire(&shared, p, &p->earlier, &(struct hearing){.drop = SIZE_MAX});
        h->n = 0;
    }
    hear_wire(&shared, p, &p->wire, how);
    stream_shared_done(&shared);
    upgrade_memory_free(shared.upgrades);
    tls_secrets_free(shared.secrets);
    tls_rsa_keys_free(rsa);
}
