/* A thread that shows pictures and reads keys. */
#include "display.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct key_press {
    uint32_t key;
    struct terminal_mouse mouse;
};

struct display {
    struct terminal *terminal;
    pthread_t thread;
    sigset_t signals;       /* the caller's mask before */
    int shown, typed;       /* eventfds: there is a picture; there is a key */
    pthread_mutex_t lock;   /* of what follows */
    pthread_cond_t changed; /* runs; or, for the beginning alone, has_next and stop */
    struct canvas next;
    struct theme theme;
    bool runs, has_next, all, stop, lost;
    int rows, columns;
    struct key_press keys[DISPLAY_KEYS_MAX];
    unsigned first, n;
};

static void wake(int event)
{
    uint64_t one = 1;
    ssize_t ignored = write(event, &one, sizeof one);
    (void)ignored; /* it fails when it would overflow: then it is awake */
}

static void awoken(int event)
{
    uint64_t count;
    ssize_t ignored = read(event, &count, sizeof count);
    (void)ignored;
}

/*--- The thread ---------------------------------------------------------------------------------*/

/* Takes the picture away, for it to be shown without the lock. false: it is time to stop. */
static bool take_picture(struct display *d, struct canvas *mine, struct theme *theme, bool *all,
                         bool *there)
{
    pthread_mutex_lock(&d->lock);
    bool go_on = !d->stop;
    *there = d->has_next;
    if (d->has_next) {
        struct canvas old = *mine;
        *mine = d->next;
        d->next = old;
        *theme = d->theme;
        *all = d->all;
        d->has_next = d->all = false;
    }
    pthread_mutex_unlock(&d->lock);
    return go_on;
}

static void push_key(struct display *d, const struct key_press *k)
{
    pthread_mutex_lock(&d->lock);
    if (k->key == KEYS_RESIZE) {
        terminal_size(d->terminal, &d->rows, &d->columns);
    }
    if (d->n < DISPLAY_KEYS_MAX) {
        d->keys[(d->first + d->n++) % DISPLAY_KEYS_MAX] = *k;
    }
    pthread_mutex_unlock(&d->lock);
}

static bool take_keys(struct display *d)
{
    struct key_press k = {0};
    bool some = false;
    k.key = terminal_key(d->terminal, -1, d->shown, &k.mouse);
    while (k.key != KEYS_NONE) {
        push_key(d, &k);
        some = true;
        k.key = terminal_key(d->terminal, 0, -1, &k.mouse);
    }
    return some;
}

/* Tells that it runs, and does nothing before the first picture. */
static void begin(struct display *d)
{
    pthread_mutex_lock(&d->lock);
    d->runs = true;
    pthread_cond_broadcast(&d->changed);
    while (!d->has_next && !d->stop) {
        pthread_cond_wait(&d->changed, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
}

static void *run(void *self)
{
    struct display *d = self;
    struct canvas mine = {0};
    struct theme theme;
    bool all = false, there;
    begin(d);
    while (take_picture(d, &mine, &theme, &all, &there)) {
        if (there) {
            terminal_show(d->terminal, &mine, &theme, all);
        }
        bool some = take_keys(d);
        awoken(d->shown);
        bool lost = terminal_lost(d->terminal);
        if (lost) {
            pthread_mutex_lock(&d->lock);
            d->lost = true;
            pthread_mutex_unlock(&d->lock);
        }
        if (some || lost) {
            wake(d->typed);
        }
        if (lost) {
            break;
        }
    }
    canvas_done(&mine);
    return NULL;
}

/*--- Starting and stopping ----------------------------------------------------------------------*/

static void free_display(struct display *d)
{
    canvas_done(&d->next);
    if (d->shown >= 0) {
        close(d->shown);
    }
    if (d->typed >= 0) {
        close(d->typed);
    }
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* The thread is to get the signals that ncurses handles, the caller all others. */
static bool start_thread(struct display *d)
{
    sigset_t ours, its;
    sigfillset(&its);
    sigemptyset(&ours);
    const int of_ncurses[] = {SIGWINCH, SIGTSTP};
    for (size_t i = 0; i < sizeof of_ncurses / sizeof *of_ncurses; i++) {
        sigdelset(&its, of_ncurses[i]);
        sigaddset(&ours, of_ncurses[i]);
    }
    pthread_sigmask(SIG_SETMASK, &its, &d->signals);
    bool started = pthread_create(&d->thread, NULL, run, d) == 0;
    pthread_sigmask(SIG_SETMASK, &d->signals, NULL);
    if (started) {
        pthread_sigmask(SIG_BLOCK, &ours, NULL);
        pthread_mutex_lock(&d->lock);
        while (!d->runs) {
            pthread_cond_wait(&d->changed, &d->lock);
        }
        pthread_mutex_unlock(&d->lock);
    }
    return started;
}

struct display *display_start(struct terminal *terminal)
{
    struct display *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->terminal = terminal;
    d->shown = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    d->typed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->changed, NULL);
    terminal_size(terminal, &d->rows, &d->columns);
    if (d->shown < 0 || d->typed < 0 || !start_thread(d)) {
        free_display(d);
        return NULL;
    }
    return d;
}

bool display_stop(struct display *d)
{
    struct timespec until;
    pthread_mutex_lock(&d->lock);
    d->stop = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    wake(d->shown);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DISPLAY_STOP_SECONDS;
    pthread_sigmask(SIG_SETMASK, &d->signals, NULL);
    if (pthread_timedjoin_np(d->thread, NULL, &until) != 0) {
        return false; /* the thread still stands on it: the end of the process frees it */
    }
    free_display(d);
    return true;
}

/*--- For the caller's thread --------------------------------------------------------------------*/

void display_show(struct display *d, const struct canvas *canvas, const struct theme *theme,
                  bool all)
{
    pthread_mutex_lock(&d->lock);
    if (canvas_copy(&d->next, canvas)) {
        d->theme = *theme;
        d->all |= all;
        d->has_next = true;
        pthread_cond_broadcast(&d->changed);
    }
    pthread_mutex_unlock(&d->lock);
    wake(d->shown);
}

static uint32_t pop_key(struct display *d, struct terminal_mouse *mouse)
{
    uint32_t key = KEYS_NONE;
    pthread_mutex_lock(&d->lock);
    if (d->n > 0) {
        key = d->keys[d->first].key;
        *mouse = d->keys[d->first].mouse;
        d->first = (d->first + 1) % DISPLAY_KEYS_MAX;
        d->n--;
    }
    pthread_mutex_unlock(&d->lock);
    return key;
}

uint32_t display_key(struct display *d, int wait_ms, int also, struct terminal_mouse *mouse)
{
    struct pollfd p[2] = {{.fd = d->typed, .events = POLLIN}, {.fd = also, .events = POLLIN}};
    uint32_t key = pop_key(d, mouse);
    if (key != KEYS_NONE) {
        return key;
    }
    if (poll(p, 2, wait_ms) > 0 && p[0].revents & POLLIN) {
        awoken(d->typed);
    }
    return pop_key(d, mouse);
}

void display_size(struct display *d, int *rows, int *columns)
{
    pthread_mutex_lock(&d->lock);
    *rows = d->rows;
    *columns = d->columns;
    pthread_mutex_unlock(&d->lock);
}

bool display_lost(struct display *d)
{
    pthread_mutex_lock(&d->lock);
    bool lost = d->lost;
    pthread_mutex_unlock(&d->lock);
    return lost;
}
