/* Save: which sessions, as what, and where to; the writing goes on in pieces and can be stopped. */
#include "save_job.h"
#include "ui/output.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NAMES_MAX 4

enum save_field { FIELD_SCOPE, FIELD_FORMAT, FIELD_KEYS, FIELD_PATH, SAVE_FIELDS };

struct save {
    enum save_scope scope;
    enum save_format format;
    enum save_field field;
    bool has_keys, with_keys; /* there are secrets of TLS; they are wanted */
    struct line_edit path;
    bool path_is_own; /* the user has typed in it */
    bool asked;       /* whether the file may be replaced */
    struct subject subject;
    bool has_subject;
    struct save_job *job;
    struct err err;
    char names[NAMES_MAX][64]; /* completions */
    int n_names;
};

static const char *const extensions[SAVE_FORMATS] = {"pcapng", "jsonl", "txt", "payloads"};

static void propose_path(struct save *s)
{
    char path[64];
    bool file = s->format == SAVE_PAYLOADS && s->scope == SAVE_THIS && s->has_subject &&
                s->subject.kind == SUBJECT_MESSAGE;
    snprintf(path, sizeof path, "saved.%s", file ? "bin" : extensions[s->format]);
    if (!s->path_is_own) {
        line_set(&s->path, path);
    }
}

static void save_open(struct tui *t, void *state, const void *arg)
{
    struct save *s = state;
    const struct view *below = &t->views[t->depth - 2];
    (void)arg;
    s->has_subject =
        below->screen->subject != NULL && below->screen->subject(t, below->state, &s->subject);
    if (s->has_subject && below->screen == &flow_screen) {
        s->subject.kind = SUBJECT_REQUEST; /* from the ladder, the session */
    }
    s->scope = t->marked_n > 0                                       ? SAVE_MARKED
               : below->screen != &sessions_screen && s->has_subject ? SAVE_THIS
               : t->filter_text[0] != '\0'                           ? SAVE_FILTERED
                                                                     : SAVE_ALL;
    s->format = s->has_subject && s->subject.kind == SUBJECT_MESSAGE ? SAVE_PAYLOADS : SAVE_PCAPNG;
    s->field = FIELD_PATH;
    s->has_keys = t->feed->secrets != NULL && tls_secrets_counts(t->feed->secrets).secrets > 0;
    propose_path(s);
}

/* Secrets are asked for where there are any, and they can be written. */
static bool asks_for_keys(const struct save *s)
{
    return s->has_keys && s->format == SAVE_PCAPNG;
}

static void save_close(struct tui *t, void *state)
{
    struct save *s = state;
    (void)t;
    save_end(s->job);
}

/*--- Drawing ------------------------------------------------------------------------------------*/

static void draw_choice(struct tui *t, const struct save *s, enum save_field field,
                        const char *name, const char *value, int y, struct area box)
{
    int end = box.x + box.columns - 2;
    canvas_text(&t->canvas, y, box.x + 3, end, ROLE_DIALOG_DIM, name);
    int x = canvas_format(&t->canvas, y, box.x + 12, end, ROLE_DIALOG_STRONG, "◄ %s ►", value);
    if (s->field == field) {
        canvas_flag(&t->canvas, y, box.x + 12, x, CELL_CURSOR);
    }
}

static void draw_progress(struct tui *t, const struct save *s, int y, struct area box)
{
    uint64_t written;
    unsigned percent = save_progress(s->job, &written);
    int width = box.columns - 30, x = box.x + 3;
    int full = width * (int)percent / 100;
    canvas_fill(&t->canvas, y, x, full, ROLE_DIALOG_GOOD, 0x2588);
    canvas_fill(&t->canvas, y, x + full, width - full, ROLE_DIALOG_DIM, 0x2591);
    canvas_format(&t->canvas, y, x + width + 1, box.x + box.columns - 2, ROLE_DIALOG,
                  "%3u%%  %llu written", percent, (unsigned long long)written);
}

static void save_draw(struct tui *t, void *state, struct area a)
{
    static const char *const scopes[] = {"all sessions", "those the filter shows", "marked ones",
                                         "this one"};
    static const char *const formats[] = {"packets (pcapng)", "messages (JSON lines)",
                                          "messages (text)", "payloads (a file each)"};
    struct save *s = state;
    char scope[80], count[SHORT_TEXT_BYTES];
    int columns = a.columns > 76 ? 72 : a.columns - 2, rows = 9 + asks_for_keys(s);
    rows = a.rows < rows ? a.rows : rows;
    struct area box = {a.y + (a.rows - rows) / 2, (a.columns - columns) / 2, rows, columns};
    int y = box.y + 1, end = box.x + columns - 2;
    canvas_box(&t->canvas, box, "Save");
    short_count(count, save_count(t, s->scope, s->has_subject ? &s->subject : NULL));
    bool message = s->has_subject && s->subject.kind == SUBJECT_MESSAGE && s->scope == SAVE_THIS;
    snprintf(scope, sizeof scope, "%s (%s)", message ? "this message" : scopes[s->scope], count);
    draw_choice(t, s, FIELD_SCOPE, "What", scope, y, box);
    draw_choice(t, s, FIELD_FORMAT, "As", formats[s->format], y + 1, box);
    if (asks_for_keys(s)) {
        draw_choice(t, s, FIELD_KEYS, "Keys",
                    s->with_keys ? "the TLS secrets of these sessions" : "none", y + 2, box);
        y++;
    }
    canvas_text(&t->canvas, y + 2, box.x + 3, end, ROLE_DIALOG_DIM, "Path");
    line_draw(&t->canvas, &s->path, y + 2, box.x + 12, end, ROLE_DIALOG_INPUT);
    if (s->field != FIELD_PATH || s->job != NULL) {
        t->canvas.cursor_y = -1;
    }
    if (s->job != NULL) {
        draw_progress(t, s, y + 4, box);
    } else if (s->err.text[0] != '\0') {
        text_put_string(&t->canvas, y + 4, box.x + 3, end, ROLE_DIALOG_ERROR, s->err.text);
    }
    for (int i = 0, x = box.x + 12; i < s->n_names && s->job == NULL; i++) {
        x = text_put_string(&t->canvas, y + 3, x, end, ROLE_DIALOG_DIM, s->names[i]) + 2;
    }
    canvas_text(&t->canvas, box.y + rows - 1, box.x + 2, end, ROLE_DIALOG_DIM,
                s->job != NULL ? " Esc stops it "
                               : " ↑↓ field  ←→ choose  Tab completes  Enter saves ");
}

/*--- Completing a path --------------------------------------------------------------------------*/

/* How many characters a and b begin with in common. */
static size_t common(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n]) {
        n++;
    }
    return n;
}

static bool is_folder(const char *folder, const char *name)
{
    char path[4096];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What all names in the folder that begin so have in common; their number. */
static size_t match_names(struct save *s, const char *folder, const char *begin, char *shared,
                          size_t size)
{
    DIR *dir = opendir(folder);
    size_t matches = 0, n = strlen(begin);
    struct dirent *e;
    s->n_names = 0;
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        if (strncmp(e->d_name, begin, n) != 0 || (e->d_name[0] == '.' && n == 0)) {
            continue;
        }
        if (matches++ == 0) {
            snprintf(shared, size, "%s", e->d_name);
        } else {
            shared[common(shared, e->d_name)] = '\0';
        }
        if (s->n_names < NAMES_MAX) {
            snprintf(s->names[s->n_names++], sizeof s->names[0], "%.60s", e->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return matches;
}

static void complete(struct tui *t, struct save *s)
{
    if (t->folder >= 0) {
        return; /* no folder can be listed any more */
    }
    char folder[TUI_FILTER_BYTES + 8], shared[300] = "", next[TUI_FILTER_BYTES + 400];
    char *slash = strrchr(s->path.text, '/');
    size_t head = slash != NULL ? (size_t)(slash - s->path.text) + 1 : 0;
    snprintf(folder, sizeof folder, "%.*s", (int)head, s->path.text);
    const char *where = head == 0 ? "." : folder;
    size_t matches = match_names(s, where, s->path.text + head, shared, sizeof shared);
    if (matches == 0) {
        return;
    }
    bool whole = matches == 1 && is_folder(where, shared);
    snprintf(next, sizeof next, "%.*s%s%s", (int)head, s->path.text, shared, whole ? "/" : "");
    line_set(&s->path, next);
    s->path_is_own = true;
    s->n_names = matches == 1 ? 0 : s->n_names;
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static bool is_there(const struct tui *t, const char *path)
{
    struct stat st;
    return t->folder >= 0 ? output_is_in(t->folder, path)
                          : stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static void start(struct tui *t, struct save *s)
{
    s->err.text[0] = '\0';
    if (s->path.n == 0) {
        err_set(&s->err, "a path is missing");
        return;
    }
    if (t->folder >= 0 && strchr(s->path.text, '/') != NULL) {
        err_set(&s->err, "it saves where it was started: give a name without '/'");
        return;
    }
    if (!s->asked && is_there(t, s->path.text)) {
        s->asked = true;
        err_set(&s->err, "it is there already: Enter once more replaces it");
        return;
    }
    struct save_request request = {.scope = s->scope,
                                   .format = s->format,
                                   .path = s->path.text,
                                   .subject = s->has_subject ? &s->subject : NULL,
                                   .with_keys = asks_for_keys(s) && s->with_keys};
    s->job = save_begin(t, &request, &s->err);
}

static void choose(struct save *s, int way)
{
    if (s->field == FIELD_SCOPE) {
        s->scope = (enum save_scope)(((int)s->scope + way + SAVE_SCOPES) % SAVE_SCOPES);
    } else if (s->field == FIELD_KEYS) {
        s->with_keys = !s->with_keys;
    } else {
        s->format = (enum save_format)(((int)s->format + way + SAVE_FORMATS) % SAVE_FORMATS);
    }
    propose_path(s);
}

static void next_field(struct save *s, int way)
{
    do {
        s->field = (enum save_field)(((int)s->field + way + SAVE_FIELDS) % SAVE_FIELDS);
    } while (s->field == FIELD_KEYS && !asks_for_keys(s));
}

static void type(struct tui *t, struct save *s, uint32_t key)
{
    if (key == KEYS_TAB) {
        complete(t, s);
    } else if (line_key(&s->path, key)) {
        s->path_is_own = true;
        s->asked = false;
        s->n_names = 0;
        s->err.text[0] = '\0';
    }
}

static void save_key(struct tui *t, void *state, uint32_t key)
{
    struct save *s = state;
    if (key == KEYS_ESCAPE || key == 'C' - '@' || key == 'G' - '@') {
        bool stopped = s->job != NULL;
        tui_back(t);
        if (stopped) {
            tui_say(t, false, "stopped: nothing was saved");
        }
    } else if (s->job != NULL) {
        return;
    } else if (key == KEYS_ENTER) {
        start(t, s);
    } else if (key == KEYS_UP || key == KEYS_DOWN || key == KEYS_BACK_TAB) {
        next_field(s, key == KEYS_DOWN ? 1 : -1);
    } else if (s->field == FIELD_PATH) {
        type(t, s, key);
    } else if (key == KEYS_LEFT || key == KEYS_RIGHT || key == 'h' || key == 'l' || key == ' ') {
        choose(s, key == KEYS_LEFT || key == 'h' ? -1 : 1);
    } else if (key == KEYS_TAB) {
        next_field(s, 1);
    }
}

/* Of what came through a pipe only the newest packets are kept. */
static const char *what_is_gone(const struct tui *t, const struct save *s)
{
    const struct recorder *r = t->feed->saving.recorder;
    return s->format == SAVE_PCAPNG && r != NULL && recorder_counts(r).files > RECORDER_KEPT_FILES
               ? "; the oldest were not kept"
               : "";
}

static bool save_step_dialog(struct tui *t, void *state, int64_t until)
{
    struct save *s = state;
    uint64_t written;
    if (s->job == NULL) {
        return false;
    }
    int result = save_step(s->job, t, until, &s->err);
    if (result > 0) {
        return true;
    }
    save_progress(s->job, &written);
    save_end(s->job);
    s->job = NULL;
    s->asked = false;
    if (result == 0) {
        char path[160], count[SHORT_TEXT_BYTES];
        snprintf(path, sizeof path, "%.150s", s->path.text);
        const char *what = s->format == SAVE_PCAPNG ? "packets" : "messages";
        const char *gone = what_is_gone(t, s);
        long_count(count, written);
        tui_back(t); /* with it, s is gone */
        tui_say(t, false, "%s %s saved to %s%s", count, what, path, gone);
    }
    return true;
}

static bool save_busy(struct tui *t, void *state)
{
    const struct save *s = state;
    (void)t;
    return s->job != NULL;
}

const struct screen save_screen = {
    .name = "Save",
    .dialog = true,
    .state_size = sizeof(struct save),
    .open = save_open,
    .close = save_close,
    .draw = save_draw,
    .key = save_key,
    .step = save_step_dialog,
    .busy = save_busy,
};
