/*
 * Capture files in time order: a merge by the time stamp of each file's next packet, the file named
 * first going first where they are equal. Live capture is live.h's.
 */
#include "source.h"

#include "bpf.h"
#include "file.h"
#include "live.h"

#include <stdlib.h>
#include <sys/resource.h>

/* Packets that one batch may filter out: then the caller has its turn, for signals and progress. */
#define SOURCE_LOOKED_AT_MAX 4096

/* Descriptors that the rest of the program may need while all files are open. */
#define SOURCE_OTHER_DESCRIPTORS 64

enum member_state {
    MEMBER_NEW,     /* nothing read yet */
    MEMBER_PARKED,  /* its first time stamp is known, nothing else is kept */
    MEMBER_STARVED, /* its next packet is not in its buffer */
    MEMBER_READY,   /* head is its next packet */
    MEMBER_ENDING,  /* no more packets, but the last ones may still be looked at */
    MEMBER_CLOSED
};

struct member {
    enum member_state state;
    size_t number;
    struct input *input; /* its owner until the file is opened */
    struct capture_file file;
    struct packet head;   /* only its time stamp when parked */
    uint64_t done, total; /* progress when it was closed */
    bool told;            /* source_next has told of its error */
};

struct source {
    struct source_options options;
    struct live *live; /* NULL: files are read */
    struct bpf bpf;
    struct interface_table interfaces;
    struct source_file *files;
    struct member *members;
    size_t n;
    struct member **heap; /* by time, then by number */
    size_t heap_n;
    size_t primed; /* members whose first packet was looked for */
    size_t ending; /* members to be closed by the next call */
    uint64_t packets, filtered_out;
    enum source_state state;
};

/*--- The heap -----------------------------------------------------------------------------------*/

static bool is_before(const struct member *a, const struct member *b)
{
    return a->head.ts != b->head.ts ? a->head.ts < b->head.ts : a->number < b->number;
}

static void sift_down(struct source *s, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < s->heap_n; child++) {
            least = is_before(s->heap[child], s->heap[least]) ? child : least;
        }
        if (least == i) {
            return;
        }
        struct member *m = s->heap[i];
        s->heap[i] = s->heap[least];
        s->heap[least] = m;
        i = least;
    }
}

static void heap_add(struct source *s, struct member *m)
{
    size_t i = s->heap_n++;
    for (; i > 0 && is_before(m, s->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        s->heap[i] = s->heap[(i - 1) / 2];
    }
    s->heap[i] = m;
}

static void heap_drop_first(struct source *s)
{
    s->heap[0] = s->heap[--s->heap_n];
    sift_down(s, 0);
}

/*--- Members ------------------------------------------------------------------------------------*/

static void close_member(struct member *m)
{
    if (m->input != NULL) {
        input_progress(m->input, &m->done, &m->total);
        if (m->state == MEMBER_NEW || m->state == MEMBER_PARKED) {
            input_free(m->input);
        } else {
            capture_file_close(&m->file);
        }
        m->input = NULL;
    }
    m->state = MEMBER_CLOSED;
}

/* Looks for the next packet without reading. */
static void advance(struct source *s, struct member *m)
{
    size_t n;
    switch (capture_file_batch(&m->file, &m->head, 1, &n)) {
    case MEND_PACKET:
        m->state = MEMBER_READY;
        return;
    case MEND_MORE:
        m->state = MEMBER_STARVED;
        return;
    default:
        m->state = MEMBER_ENDING;
        s->ending++;
    }
}

/* Reads until there is a packet or the end; false when a signal came. No packet of this member may
 * be in use. */
static bool read_on(struct source *s, struct member *m)
{
    while (m->state == MEMBER_STARVED) {
        enum mend_result result = capture_file_fill(&m->file);
        if (result == MEND_INTERRUPTED) {
            return false;
        }
        if (result == MEND_FAILED) {
            m->state = MEMBER_ENDING;
            s->ending++;
            return true;
        }
        advance(s, m);
    }
    return true;
}

static void open_member(struct source *s, struct member *m)
{
    if (capture_file_open(&m->file, m->input, &s->files[m->number], m->number, &s->interfaces,
                          &s->options) == 0) {
        m->state = MEMBER_STARVED;
        return;
    }
    m->state = MEMBER_ENDING;
    s->ending++;
}

/* Forgets all of a member but its first time stamp. */
static void park(struct source *s, struct member *m, size_t interfaces)
{
    struct source_file *info = &s->files[m->number];
    struct input *input = m->file.input;
    m->file.input = NULL;
    capture_file_close(&m->file);
    s->interfaces.n = interfaces;
    *info = (struct source_file){.path = info->path, .digits = info->digits};
    m->state = MEMBER_PARKED;
    if (input_rewind(input, &info->error) != 0) {
        close_member(m);
    }
}

/* Reads the first packet of every file; false when a signal came. */
static bool prime(struct source *s)
{
    for (; s->primed < s->n; s->primed++) {
        struct member *m = &s->members[s->primed];
        size_t interfaces = s->interfaces.n;
        if (m->state == MEMBER_NEW) {
            open_member(s, m);
        }
        if (!read_on(s, m)) {
            return false;
        }
        if (m->state == MEMBER_READY && s->n > CAPTURE_READY_MAX && !input_waits(m->input)) {
            park(s, m, interfaces);
        }
        if (m->state == MEMBER_READY || m->state == MEMBER_PARKED) {
            heap_add(s, m);
        }
    }
    return true;
}

static void close_ended(struct source *s)
{
    for (size_t i = 0; i < s->n && s->ending > 0; i++) {
        if (s->members[i].state == MEMBER_ENDING) {
            close_member(&s->members[i]);
            s->ending--;
        }
    }
}

/*--- Opening ------------------------------------------------------------------------------------*/

static void allow_descriptors(size_t n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    rlim_t wanted = (rlim_t)n + SOURCE_OTHER_DESCRIPTORS;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static struct source *source_new(size_t n, const struct source_options *options, struct err *err)
{
    struct source *s = calloc(1, sizeof *s);
    if (s == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    s->options = options != NULL ? *options : (struct source_options){0};
    s->files = calloc(n + 1, sizeof *s->files);
    s->members = calloc(n + 1, sizeof *s->members);
    s->heap = calloc(n + 1, sizeof(struct member *));
    if (s->files == NULL || s->members == NULL || s->heap == NULL) {
        err_set(err, "out of memory");
        source_free(s);
        return NULL;
    }
    if (bpf_init(&s->bpf, s->options.filter, err) != 0) {
        source_free(s);
        return NULL;
    }
    return s;
}

static void add_member(struct source *s, const char *path, struct input *input)
{
    struct member *m = &s->members[s->n];
    *m = (struct member){.number = s->n, .input = input};
    m->state = input != NULL ? MEMBER_NEW : MEMBER_CLOSED;
    s->files[s->n].path = path;
    s->files[s->n].digits = 6;
    s->n++;
}

struct source *source_open(const char *const *paths, size_t n, const struct source_options *options,
                           struct err *err)
{
    struct source *s = source_new(n, options, err);
    if (s == NULL) {
        return NULL;
    }
    allow_descriptors(n);
    for (size_t i = 0; i < n; i++) {
        add_member(s, paths[i], input_open(paths[i], &s->files[i].error));
    }
    return s;
}

struct source *source_open_kept(const int *fds, size_t n, const struct source_options *options,
                                struct err *err)
{
    struct source *s = source_new(n, options, err);
    for (size_t i = 0; i < n && s != NULL; i++) {
        add_member(s, "what was kept", input_open_kept(fds[i], &s->files[i].error));
    }
    return s;
}

struct source *source_open_memory(struct bytes bytes, const struct source_options *options,
                                  struct err *err)
{
    struct source *s = source_new(1, options, err);
    if (s != NULL) {
        add_member(s, "memory", input_open_memory(bytes, &s->files[0].error));
    }
    return s;
}

struct source *source_open_live(const char *const *interfaces, size_t n,
                                const struct source_options *options, struct err *err)
{
    struct source *s = source_new(n, options, err);
    if (s == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        add_member(s, interfaces[i], NULL);
        s->files[i].format = SOURCE_LIVE;
    }
    s->live = live_open(interfaces, n, &s->options, s->files, &s->interfaces, err);
    if (s->live == NULL) {
        source_free(s);
        return NULL;
    }
    return s;
}

bool source_is_live(const struct source *s)
{
    return s->live != NULL;
}

int source_fd(const struct source *s)
{
    return s->live != NULL ? live_fd(s->live) : -1;
}

const int *source_sockets(const struct source *s, size_t *n)
{
    *n = 0;
    return s->live != NULL ? live_fds(s->live, n) : NULL;
}

void source_refresh(struct source *s)
{
    if (s->live != NULL) {
        live_refresh(s->live);
    }
}

void source_watch(struct source *s, const struct pollfd *fds, size_t n)
{
    if (s->live != NULL) {
        live_watch(s->live, fds, n);
    }
}

void source_free(struct source *s)
{
    if (s == NULL) {
        return;
    }
    live_free(s->live);
    for (size_t i = 0; i < s->n; i++) {
        close_member(&s->members[i]);
    }
    bpf_done(&s->bpf);
    free(s->interfaces.p);
    free(s->files);
    free(s->members);
    free(s->heap);
    free(s);
}

/*--- Packets ------------------------------------------------------------------------------------*/

/* Makes the first of the heap ready, or takes it away at its end. `empty`: no packets are in use.
 */
static bool settle(struct source *s, bool empty)
{
    struct member *m = s->heap[0];
    if (m->state == MEMBER_PARKED) {
        open_member(s, m);
        empty = true; /* none of its own */
    }
    if (m->state == MEMBER_STARVED && (!empty || !read_on(s, m))) {
        return false;
    }
    if (m->state == MEMBER_READY) {
        sift_down(s, 0);
    } else {
        heap_drop_first(s);
    }
    return true;
}

static size_t batch_live(struct source *s, struct packet *packets, size_t max)
{
    size_t n = live_batch(s->live, packets, max);
    for (size_t i = 0; i < n; i++) {
        packets[i].no = ++s->packets;
    }
    s->state = SOURCE_READING;
    return n;
}

/* Numbers the packets; how many of them pass the filter, which are then the first. */
static size_t pass(struct source *s, struct packet *packets, size_t n)
{
    size_t passed = 0;
    for (size_t i = 0; i < n; i++) {
        packets[i].no = ++s->packets;
    }
    if (s->options.filter == NULL) {
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        if (bpf_passes(&s->bpf, &packets[i])) {
            packets[passed++] = packets[i];
        }
    }
    s->filtered_out += n - passed;
    return passed;
}

/* Packets of the first of the heap; when nothing else is open, as many as there are. */
static size_t take(struct source *s, struct packet *packets, size_t max)
{
    struct member *m = s->heap[0];
    size_t more = 0;
    packets[0] = m->head;
    if (s->heap_n == 1 && max > 1) {
        (void)capture_file_batch(&m->file, packets + 1, max - 1, &more);
    }
    advance(s, m);
    if (m->state == MEMBER_READY && s->heap_n > 1) {
        sift_down(s, 0);
    }
    return pass(s, packets, 1 + more);
}

size_t source_batch(struct source *s, struct packet *packets, size_t max)
{
    size_t n = 0;
    uint64_t last = s->packets + SOURCE_LOOKED_AT_MAX;
    if (s->live != NULL) {
        return batch_live(s, packets, max);
    }
    close_ended(s);
    s->state = SOURCE_READING;
    if (!prime(s)) {
        return 0;
    }
    while (n < max && s->heap_n > 0 && s->packets < last) {
        struct member *m = s->heap[0];
        if (m->state != MEMBER_READY) {
            if (!settle(s, n == 0)) {
                return n;
            }
            continue;
        }
        n += take(s, packets + n, max - n);
    }
    if (s->heap_n == 0) {
        s->state = SOURCE_ENDED;
    }
    return n;
}

enum source_state source_state(const struct source *s)
{
    return s->state;
}

/* The error of a file that was not told of yet. */
static bool tell_error(struct source *s, struct err *err)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->files[i].error.text[0] != '\0' && !s->members[i].told) {
            s->members[i].told = true;
            *err = s->files[i].error;
            return true;
        }
    }
    return false;
}

int source_next(struct source *s, struct packet *packet, struct err *err)
{
    for (;;) {
        if (source_batch(s, packet, 1) == 1) {
            return 1;
        }
        if (s->state == SOURCE_ENDED) {
            return tell_error(s, err) ? -1 : 0;
        }
    }
}

/*--- What was read ------------------------------------------------------------------------------*/

static void add_file(struct source_info *info, const struct source_file *file)
{
    info->errors += file->error.text[0] != '\0';
    info->digits = file->digits > info->digits ? file->digits : info->digits;
    if (file->packets > 0) {
        info->first = info->packets == 0 || file->first < info->first ? file->first : info->first;
        info->last = info->packets == 0 || file->last > info->last ? file->last : info->last;
    }
    info->packets += file->packets;
    info->bytes += file->bytes;
    info->dropped += file->dropped;
}

void source_info(const struct source *s, struct source_info *info)
{
    *info = (struct source_info){.files = s->files,
                                 .files_n = s->n,
                                 .interfaces = s->interfaces.p,
                                 .interfaces_n = s->interfaces.n,
                                 .digits = 6,
                                 .filtered_out = s->filtered_out};
    info->filter_problem = s->bpf.problem.text[0] != '\0' ? s->bpf.problem.text : NULL;
    bool known = true;
    for (size_t i = 0; i < s->n; i++) {
        const struct member *m = &s->members[i];
        uint64_t done = m->done, total = m->total;
        if (m->input != NULL) {
            input_progress(m->input, &done, &total);
            known = known && total > 0;
        }
        add_file(info, &s->files[i]);
        info->read_bytes += done;
        info->total_bytes += total;
    }
    info->total_bytes = known ? info->total_bytes : 0;
}
