/* Differences of rows of integers and of halves, converted in registers: integers four vectors at
   a time with AVX2, all loaded before the first is stored, as in vectors.h; halves, which have
   twice the numbers and half the bytes in a vector, one at a time, where instructions convert
   them. After half.h. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* With this bit the other way round, integers of 32 bits without a sign are such with one, less by
   2^31, which differ by as much, and for which all vectors have an instruction. */
#define TOP_BIT 0x80000000u

#if defined(__AVX2__) && !defined(__AVX512F__)
#include <immintrin.h>

/* Four integers, or what stands for them. `size`, in bytes, is a literal, and so is whether they are
   signed. */
static CYTHON_INLINE __m128i four_integers(const char *p, size_t size, int is_signed)
{
    int32_t bytes;
    if (size == 4 && is_signed)
        return _mm_loadu_si128((const __m128i *)p);
    if (size == 4)
        return _mm_xor_si128(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi32((int)TOP_BIT));
    if (size == 2 && is_signed)
        return _mm_cvtepi16_epi32(_mm_loadl_epi64((const __m128i *)p));
    if (size == 2)
        return _mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)p));
    memcpy(&bytes, p, sizeof bytes);
    if (is_signed)
        return _mm_cvtepi8_epi32(_mm_cvtsi32_si128(bytes));
    return _mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes));
}

/* (r - p) factor, as of doubles. */
static CYTHON_INLINE __m256d four_products(const char *p, const char *r, __m256d factor,
                                           size_t size, int is_signed)
{
    const __m128i before = four_integers(p, size, is_signed);
    const __m128i after = four_integers(r, size, is_signed);
    __m256d difference;
    if (size == 4)
        difference = _mm256_sub_pd(_mm256_cvtepi32_pd(after), _mm256_cvtepi32_pd(before));
    else
        /* Exact either way, and converted once. */
        difference = _mm256_cvtepi32_pd(_mm_sub_epi32(after, before));
    return _mm256_mul_pd(difference, factor);
}

/* out[i] = (r[i] - p[i]) a, for whole groups of `count` integers of up to 32 bits; return how many. */
static CYTHON_INLINE Py_ssize_t scale_integers(double *out, const void *p, const void *r, double a,
                                               Py_ssize_t count, size_t size, int is_signed)
{
    const __m256d factor = _mm256_set1_pd(a);
    const char *before = p, *after = r;
    Py_ssize_t i;
    for (i = 0; i + 16 <= count; i += 16, before += 16 * size, after += 16 * size) {
        const __m256d first = four_products(before, after, factor, size, is_signed);
        const __m256d second =
            four_products(before + 4 * size, after + 4 * size, factor, size, is_signed);
        const __m256d third =
            four_products(before + 8 * size, after + 8 * size, factor, size, is_signed);
        const __m256d fourth =
            four_products(before + 12 * size, after + 12 * size, factor, size, is_signed);
        _mm256_storeu_pd(out + i, first);
        _mm256_storeu_pd(out + i + 4, second);
        _mm256_storeu_pd(out + i + 8, third);
        _mm256_storeu_pd(out + i + 12, fourth);
    }
    return i;
}
#else
static CYTHON_INLINE Py_ssize_t scale_integers(double *out, const void *p, const void *r, double a,
                                               Py_ssize_t count, size_t size, int is_signed)
{
    (void)out, (void)p, (void)r, (void)a, (void)count, (void)size, (void)is_signed;
    return 0;
}
#endif

/* out[i] = (r[i] - p[i]) a, of one half. */
static CYTHON_INLINE void scale_half(uint16_t *out, const uint16_t *p, const uint16_t *r, float a)
{
    const float difference = float_of_one(half_of_one(float_of_one(*r) - float_of_one(*p)));
    *out = half_of_one(difference * a);
}

/* Whether it pays to convert halves in the kernel: not by arithmetic. (Asked for by the tools that
   need a build without vectors.) */
#if !defined(SCALES_HALVES)
#if defined(__AVX512F__) || defined(__F16C__)
#define SCALES_HALVES 1
#else
#define SCALES_HALVES 0
#endif
#endif

/* The same, of so many at once. */
#if defined(__AVX512F__)
enum { HALVES_AT_ONCE = 16 };

static CYTHON_INLINE __m256i scaled_halves(__m256i p, __m256i r, float a)
{
    const __m512 before = _mm512_cvtph_ps(p), after = _mm512_cvtph_ps(r);
    const __m512 difference = _mm512_cvtph_ps(_mm512_cvtps_ph(_mm512_sub_ps(after, before), 0));
    return _mm512_cvtps_ph(_mm512_mul_ps(difference, _mm512_set1_ps(a)), 0);
}

static CYTHON_INLINE void scale_some_halves(uint16_t *out, const uint16_t *p, const uint16_t *r,
                                            float a)
{
    const __m256i before = _mm256_loadu_si256((const __m256i *)p);
    const __m256i after = _mm256_loadu_si256((const __m256i *)r);
    _mm256_storeu_si256((__m256i *)out, scaled_halves(before, after, a));
}
#elif defined(__F16C__)
enum { HALVES_AT_ONCE = 8 };

static CYTHON_INLINE void scale_some_halves(uint16_t *out, const uint16_t *p, const uint16_t *r,
                                            float a)
{
    const __m256 before = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
    const __m256 after = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)r));
    const __m256 difference = _mm256_cvtph_ps(_mm256_cvtps_ph(_mm256_sub_ps(after, before), 0));
    const __m256 product = _mm256_mul_ps(difference, _mm256_set1_ps(a));
    _mm_storeu_si128((__m128i *)out, _mm256_cvtps_ph(product, 0));
}
#else
enum { HALVES_AT_ONCE = 8 };

static CYTHON_INLINE void scale_some_halves(uint16_t *out, const uint16_t *p, const uint16_t *r,
                                            float a)
{
    int k;
    for (k = 0; k < HALVES_AT_ONCE; k++)
        scale_half(out + k, p + k, r + k, a);
}
#endif

/* The same, of a row. */
static void scale_row_of_halves(uint16_t *out, const uint16_t *p, const uint16_t *r, float a,
                                Py_ssize_t count)
{
    Py_ssize_t i;
    for (i = 0; i + HALVES_AT_ONCE <= count; i += HALVES_AT_ONCE)
        scale_some_halves(out + i, p + i, r + i, a);
#if defined(__AVX512F__)
    if (i < count) {
        const __mmask16 rest = first_numbers(count - i);
        _mm256_mask_storeu_epi16(
            out + i, rest,
            scaled_halves(_mm256_maskz_loadu_epi16(rest, p + i),
                          _mm256_maskz_loadu_epi16(rest, r + i), a));
    }
#else
    if (i < count && count >= HALVES_AT_ONCE) {
        /* With some before them, again: a result never lies where data does. */
        i = count - HALVES_AT_ONCE;
        scale_some_halves(out + i, p + i, r + i, a);
        i = count;
    }
    for (; i < count; i++)
        scale_half(out + i, p + i, r + i, a);
#endif
}
