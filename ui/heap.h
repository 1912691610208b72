/*
 * How much of the heap is in use, for --memory and the metrics.
 */
#ifndef WSIGHT_HEAP_H
#define WSIGHT_HEAP_H

#include <stdint.h>

/* Bytes allocated and not given back: no allocator's overhead, no stacks, nothing libraries map. */
uint64_t heap_bytes(void);

#endif
