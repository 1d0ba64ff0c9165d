/* The traffic limit: read the data once, write the results once, compute nothing.

   What no gradient can beat: it has the same bytes to read and to write. The
   sweep goes block by block; a block of the data is read from memory once, stays
   in the first-level cache, and is copied to its place in each result. Data with
   gaps is read where it lies, run by run: memory gives it more slowly.

   A result's block may be larger than the data's (int8 data, float64 results): then
   the data's block is copied several times over. Where it is smaller (strided data,
   half of each cache line unused), the rest of the data's block is only read. */

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Called by its address, a copy would be no vector code, and the limit none: in caches it would take
   1.9 times as long. */
#if defined(__GNUC__)
#define INLINED static inline __attribute__((always_inline))
#else
#define INLINED static inline
#endif

typedef uint64_t word;

enum { BLOCK = 2048 };            /* words of a block: half of a small first-level cache */

/* So that the compiler cannot leave out reads of which nothing comes. */
volatile word checksum;

static word read_words(const word *in, ptrdiff_t n)
{
    word sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        sum ^= in[i];
    return sum;
}

/* Copies are to be the compiler's plain stores, in a loop that it vectorises, not the C library's
   memcpy, which picks its instructions at run time. clang is told by -fno-builtin (library.py). */
#if defined(__GNUC__) && !defined(__clang__)
  #pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

INLINED void copy_plain(word *restrict out, const word *restrict in, ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        out[i] = in[i];
}

/* Non-temporal stores: past the caches, and without reading the line first. */
INLINED void copy_streaming(word *restrict out, const word *restrict in, ptrdiff_t n)
{
    ptrdiff_t i = 0;
#if defined(__SSE2__)
    for (; i < n && (uintptr_t)(out + i) % 16 != 0; i++)
        out[i] = in[i];
    for (; i + 2 <= n; i += 2)
        _mm_stream_si128((__m128i *)(out + i), _mm_loadu_si128((const __m128i *)(in + i)));
#endif
    for (; i < n; i++)
        out[i] = in[i];
}

typedef void copy_function(word *restrict, const word *restrict, ptrdiff_t);

INLINED ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/* With a literal copy function, so that each has a loop of its own. */
INLINED void sweep_run(const word *in, ptrdiff_t in_words, word *const *results,
                       ptrdiff_t nresults, ptrdiff_t begin, ptrdiff_t out_words,
                       copy_function *copy)
{
    const ptrdiff_t blocks = (smaller(in_words, out_words) + BLOCK - 1) / BLOCK;
    for (ptrdiff_t block = 0; block < blocks; block++) {
        const ptrdiff_t in_start = in_words * block / blocks;
        const ptrdiff_t in_size = in_words * (block + 1) / blocks - in_start;
        const ptrdiff_t out_start = out_words * block / blocks;
        const ptrdiff_t out_size = out_words * (block + 1) / blocks - out_start;
        const word *from = in + in_start;
        for (ptrdiff_t j = 0; j < nresults; j++)
            for (ptrdiff_t done = 0; done < out_size; done += in_size)
                copy(results[j] + begin + out_start + done, from,
                     smaller(in_size, out_size - done));
        if (in_size > out_size)
            checksum = read_words(from + out_size, in_size - out_size);
    }
}

/* The data: runs of `run_words`, which begin at these words of `in`. */
INLINED void sweep(const word *in, const ptrdiff_t *starts, ptrdiff_t runs,
                   ptrdiff_t run_words, word *const *results, ptrdiff_t nresults,
                   ptrdiff_t out_words, copy_function *copy)
{
    for (ptrdiff_t run = 0; run < runs; run++) {
        const ptrdiff_t begin = out_words * run / runs;
        sweep_run(in + starts[run], run_words, results, nresults, begin,
                  out_words * (run + 1) / runs - begin, copy);
    }
}

void sweep_plain(const word *in, const ptrdiff_t *starts, ptrdiff_t runs, ptrdiff_t run_words,
                 word *const *results, ptrdiff_t nresults, ptrdiff_t out_words)
{
    sweep(in, starts, runs, run_words, results, nresults, out_words, copy_plain);
}

void sweep_streaming(const word *in, const ptrdiff_t *starts, ptrdiff_t runs, ptrdiff_t run_words,
                     word *const *results, ptrdiff_t nresults, ptrdiff_t out_words)
{
    sweep(in, starts, runs, run_words, results, nresults, out_words, copy_streaming);
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

int has_streaming(void)
{
#if defined(__SSE2__)
    return 1;
#else
    return 0;
#endif
}
