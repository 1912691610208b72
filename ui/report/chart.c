/* Bars as inline SVG, and the rates over time that go into them. SVG 1.1. */
#include "ui/report/chart.h"

#include "ui/report/markup.h"
#include "ui/report/plain.h"
#include "ui/report/time_text.h"

#define WIDTH 640
#define HEIGHT 100

static void halve(uint64_t bins[TIMELINE_BINS])
{
    for (size_t i = 0; i < TIMELINE_BINS; i++) {
        size_t at = 2 * i;
        bins[i] = at < TIMELINE_BINS ? bins[at] + bins[at + 1] : 0;
    }
}

void timeline_add(struct timeline *t, int64_t ts, enum timeline_what what)
{
    if (!t->begun) {
        t->begun = true;
        t->start = ts;
        t->width = 1000000;
    }
    int64_t since = time_between(t->start, ts);
    since = since < 0 ? 0 : since; /* a late packet of the beginning */
    while (since / t->width >= TIMELINE_BINS) {
        halve(t->sessions);
        halve(t->messages[0]);
        halve(t->messages[1]);
        t->width *= 2;
    }
    uint64_t *bins[] = {t->sessions, t->messages[0], t->messages[1]};
    bins[what][since / t->width]++;
}

/* Of `height`, without overflow: counts may be as large as they like. */
static unsigned part_of(uint64_t v, uint64_t most)
{
    unsigned h = most == 0 ? 0 : (unsigned)((double)v / (double)most * HEIGHT + 0.5);
    return v > 0 && h == 0 ? 1 : h;
}

void chart_bars(struct out *o, const char *label, const uint64_t *first, const uint64_t *second,
                size_t n, const char *left, const char *right)
{
    uint64_t most = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t all = first[i] + (second != NULL ? second[i] : 0);
        most = all > most ? all : most;
    }
    out_printf(o, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT + 30);
    markup_text(o, label);
    out_text(o, "\">");
    for (size_t i = 0; i < n && most > 0; i++) {
        unsigned a = part_of(first[i], most);
        unsigned b = second != NULL ? part_of(second[i], most) : 0;
        unsigned x = (unsigned)(i * WIDTH / n);
        unsigned w = (unsigned)((i + 1) * WIDTH / n) - x;
        w = w > 1 ? w - 1 : 1;
        b = a + b > HEIGHT ? HEIGHT - a : b;
        if (a > 0) {
            out_printf(o, "<rect class=\"c\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", x,
                       HEIGHT + 12 - a, w, a);
        }
        if (b > 0) {
            out_printf(o, "<rect class=\"s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>", x,
                       HEIGHT + 12 - a - b, w, b);
        }
    }
    out_printf(o, "<text x=\"2\" y=\"10\">%s</text><text x=\"2\" y=\"%d\">", human_count(most).s,
               HEIGHT + 25);
    markup_text(o, left);
    out_printf(o, "</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">", WIDTH - 2, HEIGHT + 25);
    markup_text(o, right);
    out_text(o, "</text></svg>\n");
}
