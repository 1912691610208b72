/* The filters of the command line, and what is said when they are wrong. */
#include "filters.h"

#include "analyzer/capture/bpf.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SHOWN_BYTES 64  /* of an expression, around the place */
#define SHOWN_BEFORE 48 /* of those, before it */
#define INDENT "    "

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The expression, or what of it is near the place, and below it a caret. */
static void complain_of_place(const char *expression, size_t at, void (*complain)(const char *))
{
    char line[sizeof INDENT + SHOWN_BYTES + 16];
    size_t n = strlen(expression), from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
    while (from > 0 && is_continuation(expression[from])) {
        from--;
    }
    size_t shown = n - from < SHOWN_BYTES ? n - from : SHOWN_BYTES;
    while (shown > 0 && is_continuation(expression[from + shown])) {
        shown--;
    }
    snprintf(line, sizeof line, INDENT "%s%.*s%s", from > 0 ? "..." : "", (int)shown,
             expression + from, from + shown < n ? "..." : "");
    complain(line);
    size_t caret = from > 0 ? 3 : 0;
    for (size_t i = from; i < at; i++) {
        caret += !is_continuation(expression[i]);
    }
    snprintf(line, sizeof line, INDENT "%*s^", (int)caret, "");
    complain(line);
}

static bool is_among(const char *word, size_t n, const char *const *words, size_t words_n)
{
    for (size_t i = 0; i < words_n; i++) {
        if (strlen(words[i]) == n && strncasecmp(word, words[i], n) == 0) {
            return true;
        }
    }
    return false;
}

/* 'tcp port 80', 'host 10.0.0.1': one of pcap-filter's words, and another word behind it or none.
 */
static bool looks_like_bpf(const char *text)
{
    static const char *const first[] = {
        "tcp",       "udp",   "ip",      "ip6",       "host",     "net",    "port",
        "portrange", "src",   "dst",     "vlan",      "ether",    "arp",    "icmp",
        "mpls",      "less",  "greater", "proto",     "gateway",  "pppoes", "inbound",
        "outbound",  "icmp6", "sctp",    "broadcast", "multicast"};
    static const char *const display[] = {"and", "or", "in", "contains", "matches", "eq",
                                          "ne",  "lt", "gt", "le",       "ge"};
    text += strspn(text, " \t(");
    if (strncasecmp(text, "not ", 4) == 0) {
        text += 4;
    }
    size_t n = 0;
    while (isalnum((unsigned char)text[n])) {
        n++;
    }
    const char *next = text + n + strspn(text + n, " \t");
    size_t next_n = strcspn(next, " \t)");
    if (!is_among(text, n, first, sizeof first / sizeof *first)) {
        return false;
    }
    return *next == '\0' || *next == '[' || strncmp(next, "and ", 4) == 0 ||
           (isalnum((unsigned char)*next) &&
            !is_among(next, next_n, display, sizeof display / sizeof *display));
}

static struct filter *open_display(const char *expression, void (*complain)(const char *))
{
    struct filter_error error;
    char line[sizeof error.text + 32];
    struct filter *filter = filter_compile(expression, &error);
    if (filter == NULL) {
        snprintf(line, sizeof line, "display filter: %s", error.text);
        complain(line);
        complain_of_place(expression, error.at, complain);
        if (looks_like_bpf(expression)) {
            complain("this looks like a capture filter: -f takes those");
        }
    }
    return filter;
}

static int check_capture(const char *expression, void (*complain)(const char *))
{
    struct bpf bpf;
    struct err err;
    int result = bpf_init(&bpf, expression, &err);
    bpf_done(&bpf);
    if (result != 0) {
        struct filter_error ignored;
        struct filter *display = filter_compile(expression, &ignored);
        complain(err.text);
        if (display != NULL) {
            complain("as a display filter it makes sense: -Y takes those");
        }
        filter_free(display);
    }
    return result;
}

int filters_open(const struct options *o, struct filter **filter, void (*complain)(const char *))
{
    *filter = NULL;
    if (check_capture(o->bpf, complain) != 0) {
        return -1;
    }
    if (o->filter != NULL) {
        *filter = open_display(o->filter, complain);
    }
    return o->filter != NULL && *filter == NULL ? -1 : 0;
}
