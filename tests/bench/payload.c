/*
 * Payloads: JSON text as chat programs and market feeds send it. Seven chat messages in a hundred
 * hold something outside ASCII.
 */
#include "generate.h"

#include <string.h>

struct text {
    uint8_t *p;
    size_t n;
};

static const char *const people[] = {"alice",  "bob",   "carol",  "dave", "erin",    "frank",
                                     "grace",  "heidi", "ivan",   "judy", "mallory", "niaj",
                                     "olivia", "peggy", "rupert", "sybil"};
static const char *const rooms[] = {"general", "random", "build", "support", "lunch", "ops"};
static const char *const words[] = {
    "the",    "deploy", "is",       "green",   "again",   "after",    "we",     "moved",
    "to",     "new",    "hosts",    "and",     "nobody",  "noticed",  "that",   "cache",
    "was",    "cold",   "for",      "about",   "ten",     "minutes",  "please", "check",
    "your",   "logs",   "before",   "lunch",   "thanks",  "everyone", "I",      "think",
    "it",     "should", "work",     "now",     "but",     "let",      "me",     "know",
    "if",     "you",    "see",      "any",     "errors",  "in",       "test",   "report",
    "today",  "or",     "tomorrow", "morning", "at",      "nine",     "when",   "meeting",
    "starts", "with",   "demo",     "of",      "feature", "branch",   "review", "ready"};
static const char *const foreign[] = {"caf\xc3\xa9",
                                      "gr\xc3\xbc\xc3\x9f"
                                      "e",
                                      "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82",
                                      "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                      "\xf0\x9f\x98\x80",
                                      "\xf0\x9f\x8e\x89",
                                      "na\xc3\xafve",
                                      "\xe2\x82\xac"
                                      "20"};
static const char *const symbols[] = {"ACME",  "GLOBX", "INITE", "UMBR",  "HOOLI", "WAYNE",
                                      "STARK", "WONKA", "CYBER", "TYRLL", "SOYL",  "OSCOR"};

#define PICK(random, table)                                                                        \
    ((table)[random_below((random), (uint32_t)(sizeof(table) / sizeof(table)[0]))])

static void say(struct text *t, const char *s)
{
    size_t n = strlen(s);

    memcpy(t->p + t->n, s, n);
    t->n += n;
}

static void say_number(struct text *t, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    memcpy(t->p + t->n, digits + at, sizeof digits - at);
    t->n += sizeof digits - at;
}

size_t payload_chat(struct random *random, uint64_t now_ms, uint8_t *out)
{
    struct text t = {out, 0};
    uint32_t count = random_between(random, 2, 22);
    uint32_t special = random_chance(random, 70) ? random_below(random, count) : count;

    say(&t, "{\"type\":\"message\",\"room\":\"");
    say(&t, PICK(random, rooms));
    say(&t, "\",\"from\":\"");
    say(&t, PICK(random, people));
    say(&t, "\",\"ts\":");
    say_number(&t, now_ms);
    say(&t, ",\"text\":\"");
    for (uint32_t i = 0; i < count; i++) {
        if (i != 0)
            say(&t, " ");
        say(&t, i == special ? PICK(random, foreign) : PICK(random, words));
    }
    say(&t, "\"}");
    return t.n;
}

static void say_price(struct text *t, const char *name, uint32_t cents)
{
    say(t, name);
    say_number(t, cents / 100);
    say(t, ".");
    say_number(t, cents / 10 % 10);
    say_number(t, cents % 10);
}

size_t payload_feed(struct random *random, uint64_t now_ms, uint32_t topic, uint8_t *out)
{
    struct text t = {out, 0};
    uint32_t count = random_between(random, 1, 22);

    say(&t, "{\"event\":\"quotes\",\"topic\":\"market/");
    say_number(&t, topic);
    say(&t, "\",\"time\":");
    say_number(&t, now_ms);
    say(&t, ",\"desk\":\"");
    say(&t, PICK(random, people));
    say(&t, "\",\"items\":[");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bid = 10000 + topic % 97 * 100 + random_below(random, 1000);
        say(&t, i == 0 ? "{\"symbol\":\"" : ",{\"symbol\":\"");
        say(&t, PICK(random, symbols));
        say_price(&t, "\",\"bid\":", bid);
        say_price(&t, ",\"ask\":", bid + random_below(random, 16));
        say(&t, ",\"volume\":");
        say_number(&t, random_below(random, 20000));
        say(&t, ",\"trade\":");
        say_number(&t, random_below(random, 1U << 30));
        say(&t, ",\"state\":\"");
        say(&t, random_chance(random, 900) ? "trading" : "halted");
        say(&t, "\",\"venue\":\"");
        say(&t, PICK(random, rooms));
        say(&t, "\"}");
    }
    say(&t, "]}");
    return t.n;
}
