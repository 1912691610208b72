/*
 * export payloads: the messages themselves, each in a file (--per=message) or those of a direction
 * one after another (--per=direction), and index.tsv that tells which is which.
 *
 * A name is made of the session's id, the sender and the message's number, and the extension tells
 * what the content looks like; nothing in a name comes from the wire. A file that is there already
 * is never written to: the folder is this run's own. What comes for a direction's file waits for
 * more of it, within bounds, so that the file is not opened anew for each message.
 */
#include "analyzer/community_id.h"
#include "ui/report/export_rows.h"
#include "ui/report/line_report.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_BYTES 64
/* What waits to be appended to the file of a direction, and of all directions together. */
#define WAITING_BYTES 16384
#define WAITING_ALL_BYTES (16U << 20)

/* How many messages of a session there were, and bytes of its directions' files. */
struct payloads_session {
    uint64_t messages;
    uint64_t offset[2];
    bool named[2], made[2]; /* in the index; the file is there */
    struct buffer waiting[2];
};

struct payloads {
    struct line_report lines;
    struct table index;
    int error; /* errno of the first file that could not be written */
    bool begun;
    size_t waiting; /* bytes, of all directions */
};

static const struct table_column columns[] = {
    {"file", "string"},
    {"offset", "count"},
    {"time", "time"},
    {"session", "count"},
    {"community_id", "string"},
    {"direction", "string"},
    {"opcode", "string"},
    {"length", "count"},
    {"bytes", "count"},
    {"faults", "vector[string]"},
    {NULL, NULL},
};

static void *payloads_start(const struct report_context *context)
{
    struct payloads *x = line_report_new(sizeof *x, context);
    if (x != NULL) {
        table_init(&x->index, &x->lines.out, TABLE_TSV, columns);
    }
    return x;
}

/*--- What a payload looks like ------------------------------------------------------------------*/

static bool begins(struct bytes b, const char *magic, size_t n)
{
    return bytes_start_with(b, (struct bytes){(const uint8_t *)magic, n});
}

static const char *extension_of(unsigned opcode, struct bytes b)
{
#define MAGIC(text, extension)                                                                     \
    {                                                                                              \
        text, sizeof(text) - 1, extension                                                          \
    }
    static const struct {
        const char *magic;
        size_t n;
        const char *extension;
    } kinds[] = {
        MAGIC("\x89PNG\r\n\x1a\n", "png"),
        MAGIC("\xff\xd8\xff", "jpg"),
        MAGIC("GIF8", "gif"),
        MAGIC("%PDF-", "pdf"),
        MAGIC("PK\x03\x04", "zip"),
        MAGIC("\x1f\x8b", "gz"),
        MAGIC("\x28\xb5\x2f\xfd", "zst"),
        MAGIC("OggS", "ogg"),
        MAGIC("RIFF", "riff"),
        MAGIC("\x1a\x45\xdf\xa3", "webm"),
        MAGIC("\x7f"
              "ELF",
              "elf"),
        MAGIC("<?xml", "xml"),
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (begins(b, kinds[i].magic, kinds[i].n)) {
            return kinds[i].extension;
        }
    }
    struct bytes t = bytes_trim(b);
    bool json = t.n > 1 &&
                ((t.p[0] == '{' && t.p[t.n - 1] == '}') || (t.p[0] == '[' && t.p[t.n - 1] == ']'));
    return json ? "json" : t.n > 0 && t.p[0] == '<' ? "xml" : opcode == 1 ? "txt" : "bin";
}

/*--- Files --------------------------------------------------------------------------------------*/

static bool write_all(int fd, struct bytes b)
{
    while (b.n > 0) {
        ssize_t n = write(fd, b.p, b.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        b = bytes_from(b, (size_t)n);
    }
    return true;
}

static void fail(struct payloads *x)
{
    if (x->error == 0) {
        x->error = errno != 0 ? errno : EIO;
    }
}

static int open_to_write(struct payloads *x, const char *name, int flags)
{
    return openat(x->lines.context.folder, name, flags | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0666);
}

static char side_of(enum dir dir)
{
    return dir == DIR_CLIENT_TO_SERVER ? 'c' : 's';
}

static void direction_file(char name[NAME_BYTES], const struct session *s, enum dir dir)
{
    snprintf(name, NAME_BYTES, "%06llu-%c.bin", (unsigned long long)s->id, side_of(dir));
}

static void save(struct payloads *x, const char *name, struct bytes body)
{
    int fd = open_to_write(x, name, O_CREAT | O_EXCL);
    if (fd < 0 || !write_all(fd, body)) {
        fail(x);
    }
    if (fd >= 0 && close(fd) != 0) {
        fail(x);
    }
}

/* Appends what waits of a direction to its file, and then `body`. */
static void write_out(struct payloads *x, const struct session *s, enum dir dir, struct bytes body)
{
    struct payloads_session *mine = s->user;
    struct buffer *waiting = &mine->waiting[dir];
    char name[NAME_BYTES];
    direction_file(name, s, dir);
    int fd = open_to_write(x, name, mine->made[dir] ? O_APPEND : O_CREAT | O_EXCL);
    mine->made[dir] = true;
    if (fd < 0 || !write_all(fd, buffer_bytes(waiting)) || !write_all(fd, body)) {
        fail(x);
    }
    if (fd >= 0 && close(fd) != 0) {
        fail(x);
    }
    x->waiting -= waiting->n;
    buffer_done(waiting);
    buffer_init(waiting, WAITING_BYTES);
}

/* The body waits for others of its direction, as long as there is room for it. */
static void append(struct payloads *x, const struct session *s, enum dir dir, struct bytes body)
{
    struct payloads_session *mine = s->user;
    mine->named[dir] = true;
    if (x->waiting + body.n <= WAITING_ALL_BYTES && buffer_append(&mine->waiting[dir], body)) {
        x->waiting += body.n;
    } else {
        write_out(x, s, dir, body);
    }
}

/* Chooses the message's file and writes it there; `name` becomes the file's. */
static void save_message(struct payloads *x, const struct session *s, const struct event *e,
                         struct bytes body, char name[NAME_BYTES])
{
    struct payloads_session *mine = s->user;
    if (x->lines.context.options.directions) {
        direction_file(name, s, e->dir);
        append(x, s, e->dir, body);
        return;
    }
    snprintf(name, NAME_BYTES, "%06llu-%06llu-%c.%s", (unsigned long long)s->id,
             (unsigned long long)mine->messages, side_of(e->dir),
             extension_of(e->message.opcode, body));
    save(x, name, body);
}

/*--- Messages -----------------------------------------------------------------------------------*/

static void begin(struct payloads *x)
{
    if (!x->begun) {
        x->index.digits = x->lines.context.capture->digits;
        table_head(&x->index, 0);
        x->begun = true;
    }
}

static void write_row(struct payloads *x, const struct session *s, const struct event *e,
                      const char *name, uint64_t offset, size_t bytes)
{
    struct table *t = &x->index;
    char id[COMMUNITY_ID_BYTES];
    const char *fault;
    community_id(&s->connection, id);
    begin(x);
    table_begin(t);
    table_name(t, name);
    table_u64(t, offset);
    table_time(t, e->ts);
    table_u64(t, s->id);
    table_name(t, id);
    table_name(t, direction_name(e->dir));
    table_name(t, opcode_word(e->message.opcode));
    table_u64(t, e->message.len);
    table_u64(t, bytes);
    table_list(t);
    for (unsigned i = 0;
         (fault = message_fault(&e->message, x->lines.context.options.bodies, i)) != NULL; i++) {
        table_item(t, bytes_of(fault));
    }
    table_list_end(t);
    table_end(t);
}

/* Data messages; a control frame is no payload of the application. */
static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct payloads *x = self;
    struct payloads_session *mine = s->user;
    uint64_t most = x->lines.context.options.bodies;
    char name[NAME_BYTES];
    if (e->message.opcode >= 8 || x->error != 0 || mine == NULL) {
        return;
    }
    struct bytes body = bytes_part(e->message.body, 0, most < SIZE_MAX ? (size_t)most : SIZE_MAX);
    mine->messages++;
    save_message(x, s, e, body, name);
    bool joined = x->lines.context.options.directions;
    write_row(x, s, e, name, joined ? mine->offset[e->dir] : 0, body.n);
    mine->offset[e->dir] += body.n;
}

static void on_opened(void *self, struct session *s)
{
    struct payloads *x = self;
    struct payloads_session *mine = s->user == NULL ? calloc(1, sizeof *mine) : NULL;
    if (mine != NULL) {
        buffer_init(&mine->waiting[0], WAITING_BYTES);
        buffer_init(&mine->waiting[1], WAITING_BYTES);
        s->user = mine;
    } else if (s->user == NULL) {
        errno = ENOMEM;
        fail(x);
    }
}

static void on_end(void *self, struct session *s)
{
    struct payloads_session *mine = s->user;
    for (int dir = 0; mine != NULL && dir < 2; dir++) {
        if (mine->waiting[dir].n > 0 || (mine->named[dir] && !mine->made[dir])) {
            write_out(self, s, (enum dir)dir, (struct bytes){0});
        }
        buffer_done(&mine->waiting[dir]);
    }
    free(mine);
    s->user = NULL;
}

/*--- The format ---------------------------------------------------------------------------------*/

static struct model_listener payloads_listener(void *self)
{
    return (struct model_listener){
        .session_opened = on_opened, .message = on_message, .session_ended = on_end, .self = self};
}

static int payloads_finish(void *self, struct err *err)
{
    struct payloads *x = self;
    begin(x);
    if (x->error != 0) {
        return err_set(err, "cannot write a payload: %s", strerror(x->error));
    }
    return line_report_finish(x, err);
}

const struct report_format export_payloads = {.command = "export",
                                              .name = "payloads",
                                              .needs = REPORT_NEEDS_MESSAGES | REPORT_NEEDS_BODIES |
                                                       REPORT_NEEDS_FOLDER,
                                              .start = payloads_start,
                                              .listener = payloads_listener,
                                              .flush = line_report_flush,
                                              .finish = payloads_finish,
                                              .free = line_report_free};
