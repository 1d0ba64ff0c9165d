/* Numbers that C cannot read or write where they lie: unaligned or of the other byte order. And
   integers of 64 bits, which compilers convert slowly. */

#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER)
#include <stdlib.h>
#define ALWAYS_INLINE static __forceinline
#define swapped_16 _byteswap_ushort
#define swapped_32 _byteswap_ulong
#define swapped_64 _byteswap_uint64
#else
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define swapped_16 __builtin_bswap16
#define swapped_32 __builtin_bswap32
#define swapped_64 __builtin_bswap64
#endif

static inline void swap_16(char *to, const char *from)
{
    uint16_t number;
    memcpy(&number, from, sizeof number);
    number = swapped_16(number);
    memcpy(to, &number, sizeof number);
}

static inline void swap_32(char *to, const char *from)
{
    uint32_t number;
    memcpy(&number, from, sizeof number);
    number = swapped_32(number);
    memcpy(to, &number, sizeof number);
}

static inline void swap_64(char *to, const char *from)
{
    uint64_t number;
    memcpy(&number, from, sizeof number);
    number = swapped_64(number);
    memcpy(to, &number, sizeof number);
}

ALWAYS_INLINE void copy_number(char *CYTHON_RESTRICT to, const char *CYTHON_RESTRICT from,
                               Py_ssize_t size, int swap)
{
    Py_ssize_t i;
    if (!swap)
        memcpy(to, from, (size_t)size);
    else if (size == 2)
        swap_16(to, from);
    else if (size == 4)
        swap_32(to, from);
    else if (size == 8)
        swap_64(to, from);
    else if (size == 16) {
        swap_64(to, from + 8);
        swap_64(to + 8, from);
    }
    else
        for (i = 0; i < size; i++)
            to[i] = from[size - 1 - i];
}

#if defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#endif

/* Before SSSE3 no instruction moves any byte anywhere, and compilers swap number by number. So the
   bytes of each 16 bits change places, and then those. */
#if defined(__SSE2__) && !defined(__SSSE3__) || defined(_M_X64) && !defined(__AVX__)
#define SWAPS_BY_SHIFTS 1

ALWAYS_INLINE __m128i swapped_vector(__m128i x, Py_ssize_t size)
{
    x = _mm_or_si128(_mm_slli_epi16(x, 8), _mm_srli_epi16(x, 8));
    if (size == 4)
        x = _mm_shufflehi_epi16(_mm_shufflelo_epi16(x, 0xb1), 0xb1);
    else if (size == 8)
        x = _mm_shufflehi_epi16(_mm_shufflelo_epi16(x, 0x1b), 0x1b);
    return x;
}
#else
#define SWAPS_BY_SHIFTS 0
#endif

ALWAYS_INLINE void copy_row(char *CYTHON_RESTRICT to, Py_ssize_t to_step,
                            const char *CYTHON_RESTRICT from, Py_ssize_t from_step,
                            Py_ssize_t count, Py_ssize_t size, int parts, int swap)
{
    Py_ssize_t i;
    int part;
    for (i = 0; i < count; i++)
        for (part = 0; part < parts; part++)
            copy_number(to + i * to_step + part * size, from + i * from_step + part * size,
                        size, swap);
}

/* The same with the size, `parts` and `swap` literals, and the steps too where numbers lie side by
   side. */
ALWAYS_INLINE void copy_sized(char *to, Py_ssize_t to_step, const char *from,
                              Py_ssize_t from_step, Py_ssize_t count, Py_ssize_t size, int parts,
                              int swap)
{
    const int dense = parts == 1 && to_step == size && from_step == size;
    if (dense && swap) {
        Py_ssize_t i = 0;
#if SWAPS_BY_SHIFTS
        if (size <= 8)
            for (; i + 16 <= count * size; i += 16)
                _mm_storeu_si128(
                    (__m128i *)(to + i),
                    swapped_vector(_mm_loadu_si128((const __m128i *)(from + i)), size));
#endif
        copy_row(to + i, size, from + i, size, count - i / size, size, 1, 1);
    }
    else if (dense)
        memcpy(to, from, (size_t)(count * size));
    else if (parts == 1 && swap)
        copy_row(to, to_step, from, from_step, count, size, 1, 1);
    else if (parts == 1)
        copy_row(to, to_step, from, from_step, count, size, 1, 0);
    else if (swap)
        copy_row(to, to_step, from, from_step, count, size, 2, 1);
    else
        copy_row(to, to_step, from, from_step, count, size, 2, 0);
}

/* Past the caches: whole cache lines, which then need not be read first. Worth it where
   results and the data they come from do not fit in a cache together. */
#if defined(__SSE2__) || defined(_M_X64)
#define CAN_STREAM 1
#define fetch_line(address) _mm_prefetch((address), _MM_HINT_T0)

/* With each line ask for one of what is read next, `pace` bytes after the one before: once stores
   wait for the memory, so does all that is read after them. */
static void stream_bytes(char *to, const char *from, Py_ssize_t size, const char *next,
                         Py_ssize_t pace)
{
    Py_ssize_t i = -(intptr_t)to & 63;
    if (i > size)
        i = size;
    memcpy(to, from, (size_t)i);
    for (; i + 64 <= size; i += 64, next += pace) {
        const __m128i a = _mm_loadu_si128((const __m128i *)(from + i));
        const __m128i b = _mm_loadu_si128((const __m128i *)(from + i + 16));
        const __m128i c = _mm_loadu_si128((const __m128i *)(from + i + 32));
        const __m128i d = _mm_loadu_si128((const __m128i *)(from + i + 48));
        fetch_line(next);
        _mm_stream_si128((__m128i *)(to + i), a);
        _mm_stream_si128((__m128i *)(to + i + 16), b);
        _mm_stream_si128((__m128i *)(to + i + 32), c);
        _mm_stream_si128((__m128i *)(to + i + 48), d);
    }
    memcpy(to + i, from + i, (size_t)(size - i));
}

/* All others see what was streamed. */
static void end_streaming(void) { _mm_sfence(); }
#else
#define CAN_STREAM 0
#if defined(__GNUC__)
#define fetch_line(address) __builtin_prefetch(address)
#else
#define fetch_line(address) ((void)(address))
#endif

static void stream_bytes(char *to, const char *from, Py_ssize_t size, const char *next,
                         Py_ssize_t pace)
{
    (void)next, (void)pace;
    memcpy(to, from, (size_t)size);
}

static void end_streaming(void) {}
#endif

/* Ask for the cache lines of a row before they are needed; the step is in bytes. */
static void fetch_row(const char *row, Py_ssize_t step, Py_ssize_t count)
{
    const Py_ssize_t distance = step < 0 ? -step : step;
    const Py_ssize_t numbers = distance == 0 ? count : distance < 64 ? 64 / distance : 1;
    Py_ssize_t i;
    for (i = 0; i < count; i += numbers)
        fetch_line(row + i * step);
}

/* Copy numbers of `parts` parts of `size` bytes each; steps are in bytes. */
static void copy_numbers(char *to, Py_ssize_t to_step, const char *from, Py_ssize_t from_step,
                         Py_ssize_t count, Py_ssize_t size, int parts, int swap)
{
    if (to_step == parts * size && from_step == parts * size) {
        count *= parts;
        to_step = from_step = size;
        parts = 1;
    }
    if (size == 2)
        copy_sized(to, to_step, from, from_step, count, 2, parts, swap);
    else if (size == 4)
        copy_sized(to, to_step, from, from_step, count, 4, parts, swap);
    else if (size == 8)
        copy_sized(to, to_step, from, from_step, count, 8, parts, swap);
    else if (size == 16)
        copy_sized(to, to_step, from, from_step, count, 16, parts, swap);
    else
        copy_sized(to, to_step, from, from_step, count, size, parts, swap);
}

/* The double nearest to an integer of 64 bits. Before AVX-512, x86 has no vectors of these
   conversions, and none at all for unsigned ones: compilers branch, on every other number of
   random ones in vain. So the two halves of an integer go into the fractions of doubles of
   fixed exponents, whose sum, rounded once, is the same. */
#if defined(__SSE2_MATH__) && !defined(__AVX512DQ__)
static inline double double_of_halves(uint64_t high, uint64_t low, double offset)
{
    const uint64_t low_bits = low | 0x4330000000000000;          /* 2^52 + low */
    const uint64_t high_bits = high | 0x4530000000000000;        /* 2^84 + 2^32 high */
    double low_part, high_part;
    memcpy(&low_part, &low_bits, sizeof low_part);
    memcpy(&high_part, &high_bits, sizeof high_part);
    return (high_part - offset) + low_part;
}

static inline double double_of_unsigned(uint64_t x)
{
    return double_of_halves(x >> 32, x & 0xffffffff, 0x1.00000001p84);      /* 2^84 + 2^52 */
}
#else
#define double_of_unsigned(x) ((double)(uint64_t)(x))
#endif

#if defined(__AVX2__) && !defined(__AVX512DQ__)
static inline double double_of_signed(int64_t x)
{
    /* 2^63 more, and as much less. In narrower vectors it does not pay. */
    const uint64_t shifted = (uint64_t)x ^ 0x8000000000000000;
    return double_of_halves(shifted >> 32, shifted & 0xffffffff, 0x1.000008010p84);
}
#else
#define double_of_signed(x) ((double)(int64_t)(x))
#endif
