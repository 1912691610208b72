/* RSA key exchange: opened with the server's private key and nothing else. */
#include "decoders/tls/rsa.h"
#include "lib/tls_peers.h"

#include <openssl/pem.h>

static void say_the_usual(struct peers *p)
{
    peers_upgrade(p);
    peers_message(p, DIR_CLIENT_TO_SERVER, 10);
    peers_message(p, DIR_SERVER_TO_CLIENT, 300);
    peers_shutdown(p);
}

static struct peers *talk(int version, const char *suite, uint64_t options)
{
    struct peers *p = peers_new(&(struct peers_options){
        .version = version, .suite = suite, .rsa = true, .options = options});
    say_the_usual(p);
    return p;
}

static const char *hear(const struct peers *p, const char *key, size_t cut)
{
    static struct heard h;
    struct hearing how = {
        .cut = cut, .drop = SIZE_MAX, .rsa_key = key, .earlier = p->earlier.n > 0};
    peers_hear(p, &how, &h);
    return h.log;
}

static void expect_messages(const char *log, const char *what)
{
    if (strstr(log, "status 101\n> 1 12 c1\n< 1 302 s1\n") == NULL) {
        fail_msg("%s:\n%s", what, log);
    }
}

static void expect_closed(const char *log)
{
    assert_non_null(strstr(log, "session tls\n"));
    assert_non_null(strstr(log, "tls.no_keys"));
    assert_null(strstr(log, "c1"));
}

static void every_version_is_opened_with_the_servers_key(void **state)
{
    static const struct {
        int version;
        const char *suite;
    } cases[] = {{TLS1_2_VERSION, "AES128-GCM-SHA256"}, {TLS1_2_VERSION, "AES256-GCM-SHA384"},
                 {TLS1_2_VERSION, "AES256-CCM"},        {TLS1_2_VERSION, "AES128-SHA256"},
                 {TLS1_2_VERSION, "AES128-SHA"},        {TLS1_1_VERSION, "AES256-SHA"},
                 {TLS1_VERSION, "AES128-SHA"}};
    char *pem = peers_rsa_pem(false);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int extended = 0; extended < 2; extended++) {
            struct peers *p = talk(cases[i].version, cases[i].suite,
                                   extended ? 0 : (uint64_t)SSL_OP_NO_EXTENDED_MASTER_SECRET);
            assert_int_equal(SSL_get_extms_support(p->ssl[0]), extended);
            expect_messages(hear(p, pem, 0), cases[i].suite);
            expect_messages(hear(p, pem, 1), cases[i].suite);
            peers_free(p);
        }
    }
    free(pem);
}

/* By ticket and by session id, again and again, and not by a ticket that was never seen. */
static void resumed_sessions_are_opened(void **state)
{
    static const uint64_t options[] = {0, SSL_OP_NO_TICKET, SSL_OP_NO_EXTENDED_MASTER_SECRET};
    char *pem = peers_rsa_pem(false);
    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct peers *p = talk(TLS1_2_VERSION, "AES128-GCM-SHA256", options[i]);
        SSL_SESSION *session = SSL_get1_session(p->ssl[0]);
        peers_reconnect(p, session);
        peers_handshake(p);
        assert_true(SSL_session_reused(p->ssl[0]));
        say_the_usual(p);
        expect_messages(hear(p, pem, 0), "resumed");
        expect_messages(hear(p, pem, 1), "resumed, in pieces");
        size_t pieces = p->earlier.n;
        p->earlier.n = 0; /* its key exchange was not captured */
        expect_closed(hear(p, pem, 0));
        p->earlier.n = pieces;
        SSL_SESSION_free(session);
        peers_free(p);
    }
    free(pem);
}

static void renegotiations_are_followed(void **state)
{
    static const uint64_t options[] = {0, SSL_OP_NO_TICKET, SSL_OP_NO_EXTENDED_MASTER_SECRET};
    char *pem = peers_rsa_pem(false);
    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        struct peers *p = peers_new(
            &(struct peers_options){.version = TLS1_2_VERSION,
                                    .suite = "AES128-SHA",
                                    .rsa = true,
                                    .options = SSL_OP_ALLOW_CLIENT_RENEGOTIATION | options[i]});
        peers_renegotiate(p);
        peers_renegotiate(p);
        say_the_usual(p);
        expect_messages(hear(p, pem, 0), "renegotiated");
        expect_messages(hear(p, pem, 1), "renegotiated, in pieces");
        peers_free(p);
    }
    free(pem);
}

static void another_key_opens_nothing(void **state)
{
    EVP_PKEY *other = EVP_RSA_gen(2048);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    (void)state;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, other, NULL, NULL, 0, NULL, NULL), 1);
    char *pem = strndup(text, (size_t)BIO_get_mem_data(bio, &text));
    struct peers *p = talk(TLS1_2_VERSION, "AES128-GCM-SHA256", 0);
    expect_closed(hear(p, pem, 0));
    peers_free(p);
    free(pem);
    BIO_free(bio);
    EVP_PKEY_free(other);
}

static void a_key_exchange_with_forward_secrecy_stays_closed(void **state)
{
    char *pem = peers_rsa_pem(false);
    (void)state;
    struct peers *p = talk(TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", 0);
    expect_closed(hear(p, pem, 0));
    peers_free(p);
    p = talk(TLS1_3_VERSION, NULL, 0);
    expect_closed(hear(p, pem, 0));
    peers_free(p);
    free(pem);
}

static void every_lost_piece_of_the_handshake_is_survived(void **state)
{
    char *pem = peers_rsa_pem(false);
    struct peers *p = talk(TLS1_2_VERSION, "AES128-GCM-SHA256", 0);
    (void)state;
    for (size_t piece = 1; piece <= p->wire.n; piece++) {
        static struct heard h;
        struct hearing how = {.drop = piece, .rsa_key = pem};
        peers_hear(p, &how, &h);
        assert_non_null(strstr(h.log, "end\n"));
    }
    peers_free(p);
    free(pem);
}

static void what_is_no_key_is_said_why(void **state)
{
    struct tls_rsa_keys *k = tls_rsa_keys_new();
    char *sealed = peers_rsa_pem(true), *pem = peers_rsa_pem(false);
    static char large[TLS_PEM_MAX_BYTES + 1];
    (void)state;
    assert_string_equal(tls_rsa_keys_add(k, bytes_of("CLIENT_RANDOM 00 00")),
                        "no private key in PEM");
    assert_string_equal(tls_rsa_keys_add(k, bytes_of("")), "no private key in PEM");
    assert_string_equal(tls_rsa_keys_add(k, bytes_of(sealed)),
                        "the key is encrypted; 'openssl pkey' decrypts it");
    assert_string_equal(tls_rsa_keys_add(k, (struct bytes){(uint8_t *)large, sizeof large}),
                        "no private key in PEM: it is too long");
    for (int i = 0; i < TLS_RSA_KEYS_MAX; i++) {
        assert_null(tls_rsa_keys_add(k, bytes_of(pem)));
    }
    assert_string_equal(tls_rsa_keys_add(k, bytes_of(pem)), "too many keys");
    free(sealed);
    free(pem);
    tls_rsa_keys_free(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_version_is_opened_with_the_servers_key),
        cmocka_unit_test(resumed_sessions_are_opened),
        cmocka_unit_test(renegotiations_are_followed),
        cmocka_unit_test(another_key_opens_nothing),
        cmocka_unit_test(a_key_exchange_with_forward_secrecy_stays_closed),
        cmocka_unit_test(every_lost_piece_of_the_handshake_is_survived),
        cmocka_unit_test(what_is_no_key_is_said_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
