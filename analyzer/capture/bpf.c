/* Capture filters, compiled per link type by libpcap. */
#include "bpf.h"

#include "mend.h"

#include <ctype.h>
#include <strings.h>

/* Words that only a display filter begins a condition with. */
static const char *const display_words[] = {"ws", "wss", "websocket", "websockets"};

static bool is_word(const char *word, size_t n, const char *name)
{
    size_t length = strlen(name);
    return n >= length && strncasecmp(word, name, length) == 0 &&
           (n == length || word[length] == '.');
}

static bool is_display_word(const char *word, size_t n)
{
    for (size_t i = 0; i < sizeof display_words / sizeof display_words[0]; i++) {
        if (is_word(word, n, display_words[i])) {
            return true;
        }
    }
    return false;
}

static bool joins(const char *word, size_t n)
{
    static const char *const joining[] = {"and", "or", "not"};
    for (size_t i = 0; i < sizeof joining / sizeof joining[0]; i++) {
        if (n == strlen(joining[i]) && strncasecmp(word, joining[i], n) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

/* Whether a condition of the expression begins with such a word; `host ws` does not. libpcap is not
 * asked first, because it would look the word up as a host's name. */
static bool looks_like_display_filter(const char *expression)
{
    bool begins = true;
    for (const char *p = expression; *p != '\0';) {
        size_t n = 0;
        while (is_word_byte(p[n])) {
            n++;
        }
        if (n == 0) {
            begins = begins || strchr("(!&|", *p) != NULL;
            p++;
            continue;
        }
        if (begins && is_display_word(p, n)) {
            return true;
        }
        begins = joins(p, n);
        p += n;
    }
    return false;
}

static bool compile(struct bpf *bpf, int link, char *reason, size_t n)
{
    size_t i = bpf->n++;
    bpf->links[i].link = link;
    pcap_t *pcap = pcap_open_dead(link, CAPTURE_PACKET_MAX_BYTES);
    if (pcap == NULL) {
        (void)snprintf(reason, n, "out of memory");
        return false;
    }
    bpf->links[i].compiled =
        pcap_compile(pcap, &bpf->links[i].program, bpf->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!bpf->links[i].compiled) {
        (void)snprintf(reason, n, "%s", pcap_geterr(pcap));
    }
    pcap_close(pcap);
    return bpf->links[i].compiled;
}

int bpf_init(struct bpf *bpf, const char *expression, struct err *err)
{
    *bpf = (struct bpf){.expression = expression};
    if (expression == NULL) {
        return 0;
    }
    if (looks_like_display_filter(expression)) {
        return err_set(
            err,
            "'%.60s' looks like a display filter: use -Y for it. -f takes a capture filter "
            "such as 'tcp port 80' (pcap-filter(7))",
            expression);
    }
    /* Some expressions are for one kind of link alone (`type mgt`, `ifindex`). */
    static const int links[] = {DLT_EN10MB, DLT_IEEE802_11_RADIO, DLT_LINUX_SLL2, DLT_PFLOG};
    char first[160] = "", reason[160] = "";
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        if (compile(bpf, links[i], i == 0 ? first : reason, sizeof reason)) {
            return 0;
        }
    }
    bpf_done(bpf);
    return err_set(err, "capture filter '%.60s': %s. -f takes an expression such as 'tcp port 80'",
                   expression, first);
}

void bpf_done(struct bpf *bpf)
{
    for (size_t i = 0; i < bpf->n; i++) {
        if (bpf->links[i].compiled) {
            pcap_freecode(&bpf->links[i].program);
        }
    }
    bpf->n = 0;
}

/* Index of the program for the link type; bpf->n when there are too many. */
static size_t find_link(struct bpf *bpf, int link)
{
    size_t i = 0;
    while (i < bpf->n && bpf->links[i].link != link) {
        i++;
    }
    char reason[160] = "too many link types";
    if (i == bpf->n && i < CAPTURE_FILTER_LINKS_MAX) {
        (void)compile(bpf, link, reason, sizeof reason);
    }
    if (bpf->problem.text[0] == '\0' && (i >= bpf->n || !bpf->links[i].compiled)) {
        const char *name = pcap_datalink_val_to_name(link);
        err_set(&bpf->problem, "capture filter '%.60s' cannot be used for link type %d (%s): %s",
                bpf->expression, link, name != NULL ? name : "unknown", reason);
    }
    return i;
}

bool bpf_passes(struct bpf *bpf, const struct packet *packet)
{
    if (bpf->expression == NULL) {
        return true;
    }
    if (bpf->last >= bpf->n || bpf->links[bpf->last].link != packet->link) {
        bpf->last = find_link(bpf, packet->link);
    }
    if (bpf->last >= bpf->n || !bpf->links[bpf->last].compiled) {
        return false;
    }
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)packet->b.n, .len = packet->wire_len};
    return pcap_offline_filter(&bpf->links[bpf->last].program, &header, packet->b.p) != 0;
}
