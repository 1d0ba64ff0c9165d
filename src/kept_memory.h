/* Memory for results, kept for the next call when a result is freed.

   Fresh memory costs a page fault for every page, which is most of the time of a
   gradient of more than some hundred KiB. NumPy lets an extension bring its own
   allocator for the arrays that it makes (NEP 49); this one maps memory, in huge
   pages where it can, and keeps what is freed, up to a bound. Blocks from 4 MiB up
   are marked as free (MADV_FREE), but for the 32 MiB that were freed last, so that
   the system takes them back when it is short of memory. Those that a loop is about
   to use again are not, if they are not larger, for marking empties the TLB; nor are
   smaller ones, for which it costs more than using them, and which come to 256 MiB at
   the most.

   A block is one mapping: a shift, a header, then the data. */

#if defined(__linux__)
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifndef MADV_FREE
#define MADV_FREE 8             /* headers older than Linux 4.5 */
#endif

/* A multiple of any system's page, a huge page, and how many blocks are kept. */
enum { PAGE = 1 << 16, HUGE_PAGE = 2 << 20, MOST_KEPT = 64, SHIFTED = 4096,
       WORTH_MARKING = 4 << 20, WARM = 32 << 20 };

typedef struct {
    char *start;
    size_t size;
    int marked;                 /* as free */
} memory_block;

typedef struct {
    memory_block block;
    char padding[64 - sizeof(memory_block)];
} memory_header;

static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;
static memory_block kept[MOST_KEPT];        /* oldest first */
static int nkept;
static size_t kept_bytes;
static size_t kept_bound;                   /* read without the lock as well */
static unsigned turn;

static memory_block map_block(size_t size)
{
    size_t slack = size >= HUGE_PAGE ? HUGE_PAGE : 0;
    memory_block block = {NULL, (size + PAGE - 1) / PAGE * PAGE, 0};
    char *mapped = mmap(NULL, block.size + slack, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return block;
    block.start = mapped;
    if (slack) {
        /* Only what begins at a multiple of a huge page can be one. */
        size_t before = (size_t)(-(uintptr_t)mapped & (HUGE_PAGE - 1));
        block.start += before;
        if (before)
            munmap(mapped, before);
        if (slack - before)
            munmap(block.start + block.size, slack - before);
        madvise(block.start, block.size, MADV_HUGEPAGE);
    }
    return block;
}

/* Take out of the kept blocks number i. Call with the lock held. */
static memory_block take_out(int i)
{
    memory_block block = kept[i];
    memmove(kept + i, kept + i + 1, (size_t)(nkept - i - 1) * sizeof *kept);
    nkept--;
    kept_bytes -= block.size;
    return block;
}

/* A kept block that is large enough and not by more than a quarter too large. */
static memory_block reuse_block(size_t size)
{
    memory_block block = {NULL, 0, 0};
    int best = -1;
    pthread_mutex_lock(&memory_lock);
    for (int i = 0; i < nkept; i++)
        if (kept[i].size >= size && kept[i].size - size <= size / 4 &&
            (best < 0 || kept[i].size <= kept[best].size))
            best = i;
    if (best >= 0)
        block = take_out(best);
    pthread_mutex_unlock(&memory_lock);
    return block;
}

/* Give blocks back to the system, the oldest first, until no more than this is kept.
   Return how many bytes that were. */
static size_t keep_at_most(size_t bytes, int blocks)
{
    size_t freed = 0;
    for (;;) {
        memory_block block = {NULL, 0, 0};
        pthread_mutex_lock(&memory_lock);
        if (kept_bytes > bytes || nkept > blocks)
            block = take_out(0);
        pthread_mutex_unlock(&memory_lock);
        if (!block.start)
            return freed;
        munmap(block.start, block.size);
        freed += block.size;
    }
}

static size_t bound_of_kept(void) { return __atomic_load_n(&kept_bound, __ATOMIC_RELAXED); }

static size_t set_bound_of_kept(size_t bytes)
{
    __atomic_store_n(&kept_bound, bytes, __ATOMIC_RELAXED);
    return keep_at_most(bytes, MOST_KEPT);
}

/* What is kept counts as address space: who limits that wants none of it. */
static int address_space_is_limited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

static void *memory_malloc(void *context, size_t size)
{
    memory_header *header;
    memory_block block;
    size_t shift;
    (void)context;
    if (size > SIZE_MAX / 2)
        return NULL;
    block = reuse_block(size + SHIFTED);
    if (!block.start)
        block = map_block(size + SHIFTED);
    if (!block.start && keep_at_most(0, 0))
        block = map_block(size + SHIFTED);
    if (!block.start)
        return NULL;
    /* Arrays whose starts agree modulo 4096 get into each other's way in L1, most of all within one
       line; a large array of NumPy's begins near the beginning of a page, so none of ours does.
       With the header, that is still less than SHIFTED. */
    shift = (__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % 8 + 1) * 448;
    header = (memory_header *)(block.start + shift);
    header->block = block;
    return header + 1;
}

static void *memory_calloc(void *context, size_t count, size_t size)
{
    void *data;
    if (size && count > SIZE_MAX / 2 / size)
        return NULL;
    data = memory_malloc(context, count * size);
    return data ? memset(data, 0, count * size) : NULL;
}

/* Let the system take a block back at any time, but for what does not fill a huge page at its end,
   which would be marked page by page. */
static int mark_as_free(memory_block block)
{
    return madvise(block.start, block.size / HUGE_PAGE * HUGE_PAGE, MADV_FREE) == 0;
}

/* Mark all that is not warm any more; give back what cannot be marked. Call with the lock held. */
static void mark_older(void)
{
    size_t since = 0;
    for (int i = nkept - 1; i >= 0; i--) {
        since += kept[i].size;
        if (since <= WARM || kept[i].marked || kept[i].size < WORTH_MARKING)
            continue;
        kept[i].marked = mark_as_free(kept[i]);
        if (!kept[i].marked) {
            const memory_block block = take_out(i);
            munmap(block.start, block.size);
        }
    }
}

static void memory_free(void *context, void *data, size_t size)
{
    const size_t bound = bound_of_kept();
    memory_block block;
    (void)context;
    (void)size;
    if (!data)
        return;
    block = ((memory_header *)data)[-1].block;
    if (block.size <= bound) {
        keep_at_most(bound - block.size, MOST_KEPT - 1);
        pthread_mutex_lock(&memory_lock);
        if (nkept < MOST_KEPT && kept_bytes + block.size <= bound) {
            block.marked = 0;
            kept[nkept++] = block;
            kept_bytes += block.size;
            block.start = NULL;
            mark_older();
        }
        pthread_mutex_unlock(&memory_lock);
    }
    if (block.start)
        munmap(block.start, block.size);
}

static void *memory_realloc(void *context, void *data, size_t size)
{
    memory_block block;
    void *moved;
    size_t room;
    if (!data)
        return memory_malloc(context, size);
    block = ((memory_header *)data)[-1].block;
    room = (size_t)(block.start + block.size - (char *)data);
    if (size <= room && size >= room / 2)
        return data;
    moved = memory_malloc(context, size);
    if (moved) {
        memcpy(moved, data, size < room ? size : room);
        memory_free(context, data, room);
    }
    return moved;
}

static void lock_memory(void) { pthread_mutex_lock(&memory_lock); }
static void unlock_memory(void) { pthread_mutex_unlock(&memory_lock); }

/* A fork must not find the lock held by a thread that the child does not have. */
static void prepare_memory(void) { pthread_atfork(lock_memory, unlock_memory, unlock_memory); }

static PyDataMem_Handler memory_handler = {
    "cgrad_kept", 1, {NULL, memory_malloc, memory_calloc, memory_realloc, memory_free}};

#else
static size_t bound_of_kept(void) { return 0; }
static size_t set_bound_of_kept(size_t bytes) { (void)bytes; return 0; }
static int address_space_is_limited(void) { return 0; }
static void prepare_memory(void) {}
static PyDataMem_Handler memory_handler;
#endif
