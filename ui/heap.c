/* How much of the heap is in use. */
#include "heap.h"

#include "decoders/base/sanitizer.h"

#if SANITIZER_ALLOCATES

#include <stddef.h>

/* The sanitizers allocate by themselves, of which malloc's own account knows nothing. Compilers do
 * not all bring the header that declares this. */
size_t __sanitizer_get_current_allocated_bytes(void);

uint64_t heap_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes();
}

#else

#include <malloc.h>

uint64_t heap_bytes(void)
{
    struct mallinfo2 memory = mallinfo2();
    return memory.uordblks + memory.hblkhd;
}

#endif
