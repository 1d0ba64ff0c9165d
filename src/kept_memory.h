/* Memory for results, kept for the next call when a result is freed.

   Fresh memory costs a page fault for every page, which is most of the time of a
   gradient of more than some hundred KiB. NumPy lets an extension bring its own
   allocator for the arrays that it makes (NEP 49); this one maps memory, in huge
   pages where it can, and keeps what is freed, up to a bound. Blocks from 4 MiB up
   are marked as free (MADV_FREE), but for the 32 MiB that were freed last, so that
   the system takes them back when it is short of memory. Those that a loop is about
   to use again are not, if they are not larger, for marking empties the TLB; nor are
   smaller ones, for which it costs more than using them, and which come to 256 MiB at
   the most. Such a block is one mapping.

   For less than 256 KiB they come from malloc (small_blocks.h).

   In a block there are a shift, a header, then the data. */

#if defined(__linux__)
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "small_blocks.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

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
    int number;                 /* of a small block's size; else -1 */
    char padding[64 - sizeof(memory_block) - sizeof(int)];
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

/* Small ones are kept if that leaves most to the others. */
static int keeps_small(size_t bound) { return bound / 8 >= SMALL_IN_ALL; }

static size_t bound_of_large(size_t bound)
{
    return keeps_small(bound) ? bound - SMALL_IN_ALL : bound;
}

static size_t set_bound_of_kept(size_t bytes)
{
    __atomic_store_n(&kept_bound, bytes, __ATOMIC_RELAXED);
    return free_kept_small() + keep_at_most(bound_of_large(bytes), MOST_KEPT);
}

/* What is kept counts as address space: who limits that wants none of it. */
static int address_space_is_limited(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

static memory_block small_block(size_t size, int *number)
{
    memory_block block = {NULL, 0, 0};
    *number = number_of_small(size);
    block.size = size_of_small(*number);
    block.start = take_small(*number);
    return block;
}

static memory_block large_block(size_t size)
{
    memory_block block = reuse_block(size + SHIFTED);
    if (!block.start)
        block = map_block(size + SHIFTED);
    if (!block.start && keep_at_most(0, 0))
        block = map_block(size + SHIFTED);
    return block;
}

/* How far to shift data that begin in their page soon after others do, of which they are
   the gradient: a load waits for a store that has just begun at the same place of another page. */
static size_t apart(const char *data, const char *others)
{
    const size_t after = ((uintptr_t)data - (uintptr_t)others) & 4095;
    return others && after && after < SOON ? SOON : 0;
}

/* Let the sanitizer find accesses behind this much of a block's data. */
static void fence(char *data, size_t size)
{
    const memory_block block = ((memory_header *)data)[-1].block;
    ASAN_UNPOISON_MEMORY_REGION(block.start, block.size);
    ASAN_POISON_MEMORY_REGION(data + size, (size_t)(block.start + block.size - data) - size);
}

/* Memory for the gradient of data that lie there, if they do. It begins where a cache line does, or, if
   it is to be `alike`, as far into one as they do, unless that would be less aligned than malloc's. */
static void *memory_for(const char *others, int alike, size_t size)
{
    memory_header header = {{NULL, 0, 0}, -1, {0}};
    const uintptr_t place = alike && (uintptr_t)others % ALIGNED == 0 ? (uintptr_t)others : 0;
    char *data;
    if (size > SIZE_MAX / 2)
        return NULL;
    header.block = size < LARGE ? small_block(size, &header.number) : large_block(size);
    if (!header.block.start)
        return NULL;
    ASAN_UNPOISON_MEMORY_REGION(header.block.start, header.block.size);
    data = header.block.start + sizeof header;
    data += (place - (uintptr_t)data) & (sizeof header - 1);
    if (size >= LARGE)
        /* Arrays whose starts agree modulo 4096 get into each other's way in L1, most of all within
           one line; a large array of NumPy's begins near the beginning of a page, so none of ours
           does. With the header, that is still less than SHIFTED. */
        data += (__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED) % 6 + 1) * 448;
    if (size >= WORTH_SHIFTING)
        data += apart(data, others);
    ((memory_header *)data)[-1] = header;
    fence(data, size);
    return data;
}

static void *memory_malloc(void *context, size_t size)
{
    (void)context;
    return memory_for(NULL, 0, size);
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
    const size_t bound = bound_of_large(bound_of_kept());
    memory_header header;
    memory_block block;
    (void)context;
    (void)size;
    if (!data)
        return;
    header = ((memory_header *)data)[-1];
    block = header.block;
    ASAN_UNPOISON_MEMORY_REGION(block.start, block.size);
    if (header.number >= 0) {
        free_small(block.start, header.number, keeps_small(bound_of_kept()));
        return;
    }
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
    fence(data, room);
    if (size <= room && size >= room / 2) {
        fence(data, size);
        return data;
    }
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

enum { TRACED = 389047 };       /* numpy.lib.tracemalloc_domain */

/* Room that a call needs for itself; counted by tracemalloc, as its results are. */
static char *allocate_room(size_t size)
{
    char *room = memory_malloc(NULL, size);
    if (room)
        PyTraceMalloc_Track(TRACED, (uintptr_t)room, size);
    return room;
}

static void free_room(char *room)
{
    PyTraceMalloc_Untrack(TRACED, (uintptr_t)room);
    memory_free(NULL, room, 0);
}

static PyDataMem_Handler memory_handler = {
    "cgrad_kept", 1, {NULL, memory_malloc, memory_calloc, memory_realloc, memory_free}};

/* A new array like one whose numbers lie side by side, as NumPy makes it while the handler is set;
   None where it has no memory of ours. To set the handler takes longer than malloc does. */
static PyObject *array_of_kept(PyArrayObject *like, PyArray_Descr *dtype, PyObject *handler, int alike)
{
    const int flags = PyArray_IS_C_CONTIGUOUS(like) ? NPY_ARRAY_CARRAY : NPY_ARRAY_FARRAY;
    const int ndim = PyArray_NDIM(like);
    npy_intp shape[NPY_MAXDIMS];
    size_t size = (size_t)PyDataType_ELSIZE(dtype);
    void *data = NULL;
    PyObject *array;
    for (int d = 0; d < ndim; d++)
        size *= (size_t)(shape[d] = PyArray_DIM(like, d));
    if (size >= LARGE || keeps_small(bound_of_kept()))
        data = memory_for(PyArray_BYTES(like), alike, size);
    if (!data)
        Py_RETURN_NONE;
    Py_INCREF(dtype);
    array = PyArray_NewFromDescr(&PyArray_Type, dtype, ndim, shape, NULL, data, flags, NULL);
    if (!array) {
        memory_free(NULL, data, size);
        return NULL;
    }
    Py_INCREF(handler);
    ((PyArrayObject_fields *)array)->mem_handler = handler;
    PyArray_ENABLEFLAGS((PyArrayObject *)array, NPY_ARRAY_OWNDATA);
    PyTraceMalloc_Track(TRACED, (uintptr_t)data, size);
    return array;
}

#else
static size_t bound_of_kept(void) { return 0; }
static size_t set_bound_of_kept(size_t bytes) { (void)bytes; return 0; }
static int address_space_is_limited(void) { return 0; }
static void prepare_memory(void) {}
static char *allocate_room(size_t size) { return PyMem_RawMalloc(size); }
static void free_room(char *room) { PyMem_RawFree(room); }
static PyDataMem_Handler memory_handler;

static PyObject *array_of_kept(PyArrayObject *like, PyArray_Descr *dtype, PyObject *handler, int alike)
{
    (void)like, (void)dtype, (void)handler, (void)alike;
    Py_RETURN_NONE;
}
#endif
