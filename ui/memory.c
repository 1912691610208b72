/* malloc and its kin, remembering a refusal. */
#include "memory.h"

#include "config.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Of the program as a whole, as memory is. */
static atomic_bool ran_out;

static void *checked(void *p, size_t n)
{
    if (p == NULL && n > 0) {
        atomic_store_explicit(&ran_out, true, memory_order_relaxed);
    }
    return p;
}

#ifdef HAVE_LINKER_WRAP
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

void *__wrap_malloc(size_t n)
{
    return checked(__real_malloc(n), n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return checked(__real_calloc(count, n), count > 0 ? n : 0);
}

void *__wrap_realloc(void *p, size_t n)
{
    return checked(__real_realloc(p, n), n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return checked(__real_aligned_alloc(alignment, n), n);
}
#endif

static void *json_malloc(size_t n)
{
    return checked(malloc(n), n);
}

static void *crypto_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return checked(malloc(n), n);
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    return checked(realloc(p, n), n);
}

static void crypto_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

void memory_watch(void)
{
    CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
    json_set_alloc_funcs(json_malloc, free);
}

bool memory_ran_out(void)
{
    return atomic_load_explicit(&ran_out, memory_order_relaxed);
}

bool memory_available(size_t n)
{
    void *volatile p = malloc(n); /* volatile: else the compiler need not ask */
    free(p);
    return p != NULL;
}
