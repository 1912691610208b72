/*
 * TLS opened with the session's own secrets: real peers of every version and cipher, cut at will,
 * with bytes missing, and with keys that are late, wrong or another session's.
 */
#include "decoders/tls/hello.h"
#include "decoders/tls/protection.h"
#include "lib/tls_peers.h"

#define TEXTS 3

/* A conversation of a few messages each way. */
static struct peers *talk(const struct peers_options *o)
{
    struct peers *p = peers_new(o);
    peers_upgrade(p);
    for (int i = 0; i < TEXTS; i++) {
        peers_message(p, DIR_CLIENT_TO_SERVER, 10);
        peers_message(p, DIR_SERVER_TO_CLIENT, i == 1 ? 20000 : 300);
    }
    peers_shutdown(p);
    return p;
}

static const char *expected_messages(void)
{
    return "> 1 12 c1\n< 1 302 s1\n> 1 12 c2\n< 1 20002 s2\n> 1 12 c3\n< 1 302 s3\n";
}

static void expect(const char *log, const char *expected, const char *what)
{
    if (strcmp(log, expected) != 0) {
        fail_msg("%s: expected:\n%s\nbut got:\n%s", what, expected, log);
    }
}

static void expect_in(const char *log, const char *part, const char *what)
{
    if (strstr(log, part) == NULL) {
        fail_msg("%s: no '%s' in:\n%s", what, part, log);
    }
}

/* Heard with every cut, the conversation is whole, and nothing is complained of but what the end
 * without a Close gives. */
static void check_whole(const struct peers *p, const char *what)
{
    static const size_t cuts[] = {0, 1, 700};
    static struct heard h;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct hearing how = {.cut = cuts[i], .drop = SIZE_MAX};
        peers_hear(p, &how, &h);
        char *messages = strstr(h.log, "status 101\n");
        if (messages == NULL ||
            strncmp(messages + 11, expected_messages(), strlen(expected_messages())) != 0) {
            fail_msg("%s, cut at %zu:\n%s", what, cuts[i], h.log);
        }
        expect_in(h.log, "session upgrade\ntls ", what);
        expect_in(h.log, " open sni=chat.example", what);
        assert_null(strstr(h.log, "session tls"));
        assert_null(strstr(h.log, "security.plain"));
        assert_null(strstr(h.log, "tls."));
        assert_non_null(strstr(h.log, "end\n"));
    }
}

static void every_suite_of_tls13_is_opened(void **state)
{
    static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                         "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
                                         "TLS_AES_128_CCM_8_SHA256"};
    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        struct peers *p =
            talk(&(struct peers_options){.version = TLS1_3_VERSION, .suite = suites[i]});
        assert_string_equal(SSL_get_cipher(p->ssl[0]), suites[i]);
        check_whole(p, suites[i]);
        peers_free(p);
    }
}

static void every_family_of_suites_of_tls12_is_opened(void **state)
{
    static const char *const suites[] = {
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-CCM",
        "ECDHE-ECDSA-AES256-CCM8",       "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA384",     "ECDHE-ECDSA-AES128-SHA256"};
    static const char *const rsa_suites[] = {"ECDHE-RSA-AES128-GCM-SHA256",
                                             "DHE-RSA-AES256-GCM-SHA384",
                                             "DHE-RSA-CHACHA20-POLY1305",
                                             "AES128-GCM-SHA256",
                                             "AES256-CCM",
                                             "AES128-CCM8",
                                             "AES256-SHA256",
                                             "DHE-RSA-AES128-SHA",
                                             "ECDHE-RSA-AES256-SHA384"};
    (void)state;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        struct peers *p =
            talk(&(struct peers_options){.version = TLS1_2_VERSION, .suite = suites[i]});
        assert_string_equal(SSL_get_cipher(p->ssl[0]), suites[i]);
        check_whole(p, suites[i]);
        peers_free(p);
    }
    for (size_t i = 0; i < sizeof rsa_suites / sizeof rsa_suites[0]; i++) {
        struct peers *p = talk(&(struct peers_options){
            .version = TLS1_2_VERSION, .suite = rsa_suites[i], .rsa = true});
        assert_string_equal(SSL_get_cipher(p->ssl[0]), rsa_suites[i]);
        check_whole(p, rsa_suites[i]);
        peers_free(p);
    }
}

static void cbc_is_opened_without_encrypt_then_mac_and_in_old_versions(void **state)
{
    static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct peers *p =
            talk(&(struct peers_options){.version = versions[i / 2],
                                         .suite = "ECDHE-ECDSA-AES128-SHA",
                                         .options = (i & 1 ? SSL_OP_NO_ENCRYPT_THEN_MAC : 0) |
                                                    SSL_OP_NO_EXTENDED_MASTER_SECRET});
        check_whole(p, i & 1 ? "without encrypt-then-MAC" : "with encrypt-then-MAC");
        peers_free(p);
    }
}

static void key_updates_of_both_sides_are_followed(void **state)
{
    (void)state;
    struct peers *p = peers_new(&(struct peers_options){.version = TLS1_3_VERSION});
    peers_upgrade(p);
    for (int i = 0; i < TEXTS; i++) {
        SSL_key_update(p->ssl[0], SSL_KEY_UPDATE_REQUESTED);
        peers_message(p, DIR_CLIENT_TO_SERVER, 10);
        peers_message(p, DIR_SERVER_TO_CLIENT, i == 1 ? 20000 : 300);
    }
    peers_shutdown(p);
    check_whole(p, "key update");
    peers_free(p);
}

static void a_hello_retry_request_is_followed(void **state)
{
    (void)state;
    struct peers *p = talk(&(struct peers_options){
        .version = TLS1_3_VERSION, .client_groups = "X25519:P-384", .server_groups = "P-384"});
    check_whole(p, "hello retry request");
    peers_free(p);
}

static void padded_records_are_unpadded(void **state)
{
    (void)state;
    struct peers *p = talk(&(struct peers_options){.version = TLS1_3_VERSION, .padding = 512});
    check_whole(p, "padding");
    peers_free(p);
}

static void renegotiation_inside_tls12_changes_keys(void **state)
{
    (void)state;
    struct peers *p = peers_new(&(struct peers_options){
        .version = TLS1_2_VERSION, .options = SSL_OP_ALLOW_CLIENT_RENEGOTIATION});
    peers_upgrade(p);
    for (int i = 0; i < TEXTS; i++) {
        peers_message(p, DIR_CLIENT_TO_SERVER, 10);
        if (i == 1) {
            peers_renegotiate(p);
        }
        peers_message(p, DIR_SERVER_TO_CLIENT, i == 1 ? 20000 : 300);
    }
    check_whole(p, "renegotiation");
    peers_free(p);
}

/* A session of an earlier connection; its peers are kept for their contexts. */
static SSL_SESSION *earlier_session(struct peers *p)
{
    peers_message(p, DIR_SERVER_TO_CLIENT, 1); /* with it come the tickets of TLS 1.3 */
    return SSL_get1_session(p->ssl[0]);
}

static void say_the_usual(struct peers *p)
{
    for (int i = 0; i < TEXTS; i++) {
        peers_message(p, DIR_CLIENT_TO_SERVER, 10);
        peers_message(p, DIR_SERVER_TO_CLIENT, i == 1 ? 20000 : 300);
    }
    peers_shutdown(p);
}

static void resumed_sessions_are_opened(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct peers *p = peers_new(&(struct peers_options){.version = versions[i]});
        SSL_SESSION *session = earlier_session(p);
        peers_shutdown(p);
        peers_reconnect(p, session);
        peers_handshake(p);
        assert_true(SSL_session_reused(p->ssl[0]));
        peers_upgrade(p);
        say_the_usual(p);
        check_whole(p, "resumption");
        SSL_SESSION_free(session);
        peers_free(p);
    }
}

static void early_data(bool refused)
{
    static const char request[] =
        "GET /chat HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n";
    uint8_t bytes[1024];
    size_t n = 0;
    struct peers *p =
        peers_new(&(struct peers_options){.version = TLS1_3_VERSION, .early_refused = refused});
    SSL_SESSION *session = earlier_session(p);
    peers_shutdown(p);
    peers_reconnect(p, session);
    assert_int_equal(SSL_write_early_data(p->ssl[0], request, sizeof request - 1, &n), 1);
    while (BIO_ctrl_pending(SSL_get_wbio(p->ssl[0])) > 0) {
        int got = BIO_read(SSL_get_wbio(p->ssl[0]), bytes, sizeof bytes);
        assert_true(got > 0);
        BIO_write(SSL_get_rbio(p->ssl[1]), bytes, got);
        peers_wire(p, DIR_CLIENT_TO_SERVER, (struct bytes){bytes, (size_t)got});
    }
    (void)SSL_read_early_data(p->ssl[1], bytes, sizeof bytes, &n);
    (void)SSL_read_early_data(p->ssl[1], bytes, sizeof bytes, &n);
    peers_handshake(p);
    assert_int_equal(SSL_get_early_data_status(p->ssl[0]),
                     refused ? SSL_EARLY_DATA_REJECTED : SSL_EARLY_DATA_ACCEPTED);
    if (refused) {
        peers_write(p, DIR_CLIENT_TO_SERVER, bytes_of(request));
    }
    peers_write(p, DIR_SERVER_TO_CLIENT,
                bytes_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
    say_the_usual(p);
    check_whole(p, refused ? "early data refused" : "early data");
    SSL_SESSION_free(session);
    peers_free(p);
}

static void early_data_is_read_with_the_early_secret(void **state)
{
    (void)state;
    early_data(false);
}

static void early_data_that_was_refused_is_not_read_twice(void **state)
{
    (void)state;
    early_data(true);
}

static void keys_that_come_later_open_what_waited(void **state)
{
    static struct heard h;
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct peers *p = talk(&(struct peers_options){.version = version});
        for (size_t after = 1; after < p->wire.n; after++) {
            struct hearing how = {.keys_after = after, .drop = SIZE_MAX};
            peers_hear(p, &how, &h);
            expect_in(h.log, "session upgrade\ntls ", "late keys");
            expect_in(h.log, "> 1 12 c1\n", "late keys");
            expect_in(h.log, "< 1 302 s3\n", "late keys");
        }
        peers_free(p);
    }
}

static void secrets_of_the_traffic_may_come_later_than_those_of_the_handshake(void **state)
{
    static const char *const labels[] = {"CLIENT_TRAFFIC", "SERVER_TRAFFIC", "SERVER_"};
    static struct heard h;
    (void)state;
    struct peers *p = talk(&(struct peers_options){.version = TLS1_3_VERSION});
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        for (size_t after = 1; after < p->wire.n; after++) {
            struct hearing how = {.keys_after = after, .label = labels[i], .drop = SIZE_MAX};
            peers_hear(p, &how, &h);
            expect_in(h.log, "status 101\n", labels[i]);
            expect_in(h.log, "> 1 12 c3\n", labels[i]);
            expect_in(h.log, "< 1 302 s3\n", labels[i]);
            assert_null(strstr(h.log, "tls.record"));
            assert_null(strstr(h.log, "tls.one_direction"));
        }
    }
    peers_free(p);
}

static void a_missing_or_wrong_secret_costs_its_direction_alone(void **state)
{
    static struct heard h;
    (void)state;
    struct peers *p = talk(&(struct peers_options){.version = TLS1_3_VERSION});
    for (int wrong = 0; wrong < 2; wrong++) {
        struct hearing how = {.no_keys = !wrong, .wrong_keys = wrong, .drop = SIZE_MAX};
        how.label = "CLIENT_TRAFFIC";
        peers_hear(p, &how, &h);
        expect_in(h.log, "> tls.one_direction", how.label);
        expect_in(h.log, "< 1 302 s3\n", how.label);
        assert_null(strstr(h.log, "tls.record"));
        assert_null(strstr(h.log, "tls.lost"));
        how.label = "SERVER_TRAFFIC";
        peers_hear(p, &how, &h);
        expect_in(h.log, "session upgrade\n", how.label);
        expect_in(h.log, "< tls.one_direction", how.label);
        assert_null(strstr(h.log, "tls.record"));
        how.label = "CLIENT_";
        peers_hear(p, &how, &h);
        expect_in(h.log, "< 1 302 s3\n", how.label);
    }
    peers_free(p);
}

static void why_a_connection_stays_closed_is_said(void **state)
{
    static struct heard h;
    (void)state;
    struct peers *p = talk(&(struct peers_options){
        .version = TLS1_3_VERSION, .suite = "TLS_AES_128_GCM_SHA256", .alpn = "\x08http/1.1"});
    peers_hear(p, &(struct hearing){.no_keys = true, .drop = SIZE_MAX}, &h);
    expect(
        h.log,
        "session tls\ntls 0304 1301 no keys sni=chat.example alpn=http/1.1\n> tls.no_keys\nend\n",
        "keys of another session");
    peers_hear(p, &(struct hearing){.wrong_keys = true, .drop = SIZE_MAX}, &h);
    expect(h.log,
           "session tls\n"
           "tls 0304 1301 wrong keys sni=chat.example alpn=http/1.1\n> tls.wrong_keys\nend\n",
           "wrong keys");
    peers_hear(p, &(struct hearing){.drop = 1}, &h);
    expect(h.log, "session tls\ntls 0304 1301 handshake\n> tls.handshake_missing\nend\n",
           "no ClientHello");
    peers_free(p);
    p = talk(&(struct peers_options){
        .version = TLS1_2_VERSION, .suite = "ECDHE-RSA-CAMELLIA128-SHA256", .rsa = true});
    peers_hear(p, &(struct hearing){.drop = SIZE_MAX}, &h);
    expect_in(h.log, "session tls\ntls 0303 c076 unsupported sni=chat.example", "Camellia");
    expect_in(h.log, "< tls.unsupported\n", "Camellia");
    peers_free(p);
}

static void tls_in_a_connect_tunnel_is_opened(void **state)
{
    struct peers *p = talk(&(struct peers_options){.version = TLS1_3_VERSION});
    (void)state;
    peers_say_before(p, DIR_SERVER_TO_CLIENT, "HTTP/1.1 200 OK\r\n\r\n");
    peers_say_before(p, DIR_CLIENT_TO_SERVER,
                     "CONNECT chat.example:443 HTTP/1.1\r\nHost: chat.example:443\r\n\r\n");
    check_whole(p, "tunnel");
    peers_free(p);
}

static void tls_that_begins_later_is_found_by_its_hello(void **state)
{
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    (void)state;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        struct peers *p = talk(&(struct peers_options){.version = versions[i]});
        peers_say_before(p, DIR_SERVER_TO_CLIENT, "220 \x16\x03 go ahead\r\n");
        peers_say_before(p, DIR_CLIENT_TO_SERVER, "STARTTLS\r\n");
        peers_say_before(p, DIR_SERVER_TO_CLIENT, "250-mail.example\r\n250 STARTTLS\r\n");
        peers_say_before(p, DIR_CLIENT_TO_SERVER, "EHLO client.example\r\n");
        peers_say_before(p, DIR_SERVER_TO_CLIENT, "220 mail.example ESMTP\r\n");
        check_whole(p, "STARTTLS");
        peers_free(p);
    }
}

static void much_talk_is_not_looked_through_for_tls(void **state)
{
    static char line[5001];
    static struct heard h;
    struct peers *p = talk(&(struct peers_options){.version = TLS1_3_VERSION});
    struct hearing how = {.drop = SIZE_MAX};
    (void)state;
    memset(line, 'x', sizeof line - 1);
    peers_say_before(p, DIR_CLIENT_TO_SERVER, line);
    peers_hear(p, &how, &h);
    assert_string_equal(h.log, "");
    peers_free(p);
}

static void certificates_of_tls12_are_named(void **state)
{
    static struct heard h;
    (void)state;
    struct peers *p = talk(&(struct peers_options){.version = TLS1_2_VERSION});
    peers_hear(p, &(struct hearing){.drop = SIZE_MAX}, &h);
    expect_in(h.log, "certificate=/CN=chat.example; chat.example, b.example\n", "certificate");
    peers_free(p);
}

/* ---- Losses ---- */

/* The wire piece that carries the nth message of a direction, from 1. */
static size_t piece_of(const struct peers *p, enum dir d, size_t from_end)
{
    size_t i = p->wire.n;
    for (size_t found = 0; i > 0 && found < from_end; i--) {
        found += p->wire.pieces[i - 1].dir == d;
    }
    return i + 1;
}

static void check_loss(const struct peers *p, const struct hearing *how, const char *what)
{
    static struct heard h;
    peers_hear(p, how, &h);
    expect_in(h.log, "status 101\n> 1 12 c1\n", what);
    expect_in(h.log, "> 1 12 c3\n< 1 302 s3\n", what);
    assert_null(strstr(h.log, "> 1 12 c2\n"));
    assert_null(strstr(h.log, "tls.lost"));
    assert_null(strstr(h.log, "session tls"));
}

static void a_lost_record_costs_its_message_alone(void **state)
{
    static const struct {
        int version;
        const char *suite;
    } kinds[] = {{TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384"},
                 {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256"},
                 {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                 {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"},
                 {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA"},
                 {TLS1_VERSION, "ECDHE-ECDSA-AES128-SHA"}};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct peers *p =
            talk(&(struct peers_options){.version = kinds[i].version, .suite = kinds[i].suite});
        size_t piece = piece_of(p, DIR_CLIENT_TO_SERVER, 3); /* c2, c3, close_notify */
        size_t n = p->wire.pieces[piece - 1].n;
        check_loss(p, &(struct hearing){.drop = piece}, kinds[i].suite);
        check_loss(p, &(struct hearing){.drop = piece, .drop_from = 0, .drop_n = n - 1},
                   kinds[i].suite);
        check_loss(p, &(struct hearing){.drop = piece, .drop_from = 3, .drop_n = n - 3},
                   kinds[i].suite);
        check_loss(p, &(struct hearing){.drop = piece, .drop_from = 9, .drop_n = 4},
                   kinds[i].suite);
        check_loss(p, &(struct hearing){.drop = piece, .drop_from = 9, .drop_n = 4, .cut = 1},
                   kinds[i].suite);
        peers_free(p);
    }
}

static void a_hole_within_a_long_message_leaves_the_next_whole(void **state)
{
    static struct heard h;
    (void)state;
    struct peers *p = peers_new(&(struct peers_options){.version = TLS1_3_VERSION});
    peers_upgrade(p);
    size_t piece = p->wire.n + 2; /* the first begins with the frame's header */
    peers_message(p, DIR_SERVER_TO_CLIENT, 60000);
    peers_message(p, DIR_SERVER_TO_CLIENT, 10);
    for (size_t n = 1; n < 16000; n = n * 4 + 1) {
        peers_hear(p, &(struct hearing){.drop = piece, .drop_from = 100, .drop_n = n, .cut = 1448},
                   &h);
        expect_in(h.log, " damaged\n< 1 12 s2\n", "hole");
        assert_null(strstr(h.log, "ws.resynced"));
    }
    peers_hear(p, &(struct hearing){.drop = piece + 1}, &h);
    expect_in(h.log, " damaged\n< 1 12 s2\n", "lost piece");
    assert_null(strstr(h.log, "ws.resynced"));
    peers_free(p);
}

static void every_lost_piece_of_the_handshake_is_survived(void **state)
{
    static struct heard h;
    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct peers *p = talk(&(struct peers_options){.version = version});
        for (size_t drop = 1; drop <= p->wire.n; drop++) {
            for (size_t cut = 0; cut < 2; cut++) {
                peers_hear(p, &(struct hearing){.drop = drop, .cut = cut * 300}, &h);
                assert_non_null(strstr(h.log, "end\n"));
            }
        }
        peers_free(p);
    }
}

/* Behind a hole where the client changed its keys come headers of records that are none. */
static void the_search_for_records_ends(void **state)
{
    static uint8_t record[TLS_RECORD_HEADER_BYTES + 16384] = {TLS_APPLICATION_DATA, 3, 3, 0x40, 0};
    static struct heard h;
    (void)state;
    struct peers *p = peers_new(&(struct peers_options){.version = TLS1_2_VERSION});
    for (int i = 0; i < 10; i++) {
        peers_wire(p, DIR_CLIENT_TO_SERVER, (struct bytes){record, sizeof record});
    }
    peers_hear(p, &(struct hearing){.drop = 3}, &h);
    expect_in(h.log, "tls.lost", "search");
    peers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_suite_of_tls13_is_opened),
        cmocka_unit_test(every_family_of_suites_of_tls12_is_opened),
        cmocka_unit_test(cbc_is_opened_without_encrypt_then_mac_and_in_old_versions),
        cmocka_unit_test(key_updates_of_both_sides_are_followed),
        cmocka_unit_test(a_hello_retry_request_is_followed),
        cmocka_unit_test(padded_records_are_unpadded),
        cmocka_unit_test(renegotiation_inside_tls12_changes_keys),
        cmocka_unit_test(resumed_sessions_are_opened),
        cmocka_unit_test(early_data_is_read_with_the_early_secret),
        cmocka_unit_test(early_data_that_was_refused_is_not_read_twice),
        cmocka_unit_test(keys_that_come_later_open_what_waited),
        cmocka_unit_test(secrets_of_the_traffic_may_come_later_than_those_of_the_handshake),
        cmocka_unit_test(a_missing_or_wrong_secret_costs_its_direction_alone),
        cmocka_unit_test(why_a_connection_stays_closed_is_said),
        cmocka_unit_test(tls_in_a_connect_tunnel_is_opened),
        cmocka_unit_test(tls_that_begins_later_is_found_by_its_hello),
        cmocka_unit_test(much_talk_is_not_looked_through_for_tls),
        cmocka_unit_test(certificates_of_tls12_are_named),
        cmocka_unit_test(a_lost_record_costs_its_message_alone),
        cmocka_unit_test(a_hole_within_a_long_message_leaves_the_next_whole),
        cmocka_unit_test(every_lost_piece_of_the_handshake_is_survived),
        cmocka_unit_test(the_search_for_records_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
