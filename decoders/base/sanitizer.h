/*
 * Whether a sanitizer watches what is allocated.
 */
#ifndef WSIGHT_SANITIZER_H
#define WSIGHT_SANITIZER_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZER_ALLOCATES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZER_ALLOCATES 1
#endif
#endif
#ifndef SANITIZER_ALLOCATES
#define SANITIZER_ALLOCATES 0
#endif

#endif
