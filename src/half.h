/* Half precision (float16): values are computed with as floats, rounded to what a
   half can hold. Python and C have no such type everywhere.

   Rounding is written without branches, so that compilers make vector code of it.
   It raises the floating-point event of overflow where a half would; the one of
   underflow it does not raise: the door takes it to have happened. */

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__) || defined(__F16C__)
#include <immintrin.h>
#endif

static CYTHON_INLINE float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static CYTHON_INLINE uint32_t bits_of_float(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static CYTHON_INLINE double double_of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static CYTHON_INLINE uint64_t bits_of_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* a where the condition holds, else b. A conditional would be made a branch, around
   arithmetic that may raise events, and so could not become vector code. */
static CYTHON_INLINE uint32_t choose_32(int condition, uint32_t a, uint32_t b)
{
    const uint32_t mask = -(uint32_t)condition;
    return (a & mask) | (b & ~mask);
}

static CYTHON_INLINE uint64_t choose_64(int condition, uint64_t a, uint64_t b)
{
    const uint64_t mask = -(uint64_t)condition;
    return (a & mask) | (b & ~mask);
}

/* The nearest value of half precision, ties to even. */
static CYTHON_INLINE float float_to_half(float x)
{
    const uint32_t bits = bits_of_float(x), sign = bits & 0x80000000u, size = bits ^ sign;
    /* Normal halves: 10 bits after the leading one. A carry goes into the exponent. */
    const uint32_t nearest = (size + 0xfffu + (size >> 13 & 1)) & ~0x1fffu;
    const uint32_t finite = choose_32((int32_t)size > 0x7f800000, size, nearest);
    /* From 65536 on the first product overflows to infinity, which stays. */
    const float normal = float_of_bits(finite) * 0x1p112f * 0x1p-112f;
    /* Subnormal ones are multiples of 2**-24, as floats next to 1/2 are. */
    const float subnormal = (float_of_bits(size) + 0.5f) - 0.5f;
    const uint32_t rounded = choose_32((int32_t)size < 0x38800000, bits_of_float(subnormal),
                                       bits_of_float(normal));
    return float_of_bits(rounded | sign);
}

/* The same for a difference of halves, which is a multiple of 2**-24 already. */
static CYTHON_INLINE float difference_to_half(float x)
{
    const uint32_t bits = bits_of_float(x);
    const uint32_t nearest = (bits + 0xfffu + (bits >> 13 & 1)) & ~0x1fffu;
    return float_of_bits(nearest) * 0x1p112f * 0x1p-112f;
}

static CYTHON_INLINE double double_to_half(double x)
{
    const uint64_t bits = bits_of_double(x), sign = bits & 0x8000000000000000u;
    const uint64_t size = bits ^ sign;
    const uint64_t nearest =
        (size + 0x1ffffffffffu + (size >> 42 & 1)) & ~(uint64_t)0x3ffffffffffu;
    const uint64_t finite = choose_64((int64_t)size > 0x7ff0000000000000, size, nearest);
    const double normal = double_of_bits(finite) * 0x1p1008 * 0x1p-1008;
    const double subnormal = (double_of_bits(size) + 0x1p28) - 0x1p28;
    const uint64_t rounded = choose_64((int64_t)size < 0x3f10000000000000,
                                       bits_of_double(subnormal), bits_of_double(normal));
    return double_of_bits(rounded | sign);
}

/* As NumPy's casts do from x87's format: by way of float. On arm64 they round 113 bits at once. */
enum { ROUNDS_AS_NUMPY = LDBL_MANT_DIG == 64 };
static CYTHON_INLINE long double long_double_to_half(long double x) { return float_to_half((float)x); }

static CYTHON_INLINE float float_of_half(uint16_t half)
{
    const uint32_t size = half & 0x7fffu, sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t bits = bits_of_float(float_of_bits(size << 13) * 0x1p112f);
    return float_of_bits(choose_32((int32_t)size < 0x7c00, bits, bits | 0x7f800000u) | sign);
}

static CYTHON_INLINE uint16_t half_of_float(float x)
{
    const uint32_t bits = bits_of_float(float_to_half(x)), sign = bits & 0x80000000u, size = bits ^ sign;
    const uint32_t finite = bits_of_float(float_of_bits(size) * 0x1p-112f) >> 13;
    const uint32_t quiet = choose_32((int32_t)size > 0x7f800000, 0x200u, 0);
    const uint32_t special = 0x7c00u | quiet | (size >> 13 & 0x3ffu);
    return (uint16_t)(choose_32((int32_t)size < 0x7f800000, finite, special) | sign >> 16);
}

/* What is left of a row, number by number: by an instruction, if there is one. */
#if defined(__F16C__)
static CYTHON_INLINE float float_of_one(uint16_t half)
{
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

static CYTHON_INLINE uint16_t half_of_one(float x)
{
    return (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x), 0));
}
#else
#define float_of_one float_of_half
#define half_of_one half_of_float
#endif

#if defined(__AVX512F__)
/* Of 16 numbers the first `count`: no other is read or written. */
static CYTHON_INLINE __mmask16 first_numbers(Py_ssize_t count)
{
    return (__mmask16)((1u << count) - 1);
}
#endif

/* Whether this thread takes subnormal floats for zero, as some libraries ask of the processor. By
   way of them halves are converted here; NumPy converts their bits, and loses none. */
static int flushes_subnormal(void)
{
    volatile float smallest_normal = FLT_MIN;
    return smallest_normal * 0.5f == 0;
}

static void load_halves(void *row, const void *source, Py_ssize_t step, Py_ssize_t count)
{
    float *to = row;
    const uint16_t *from = source;
    Py_ssize_t i = 0;
    if (step == 1) {
#if defined(__AVX512F__)
        for (; i + 16 <= count; i += 16)
            _mm512_storeu_ps(
                to + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(from + i))));
        if (i < count) {
            const __mmask16 rest = first_numbers(count - i);
            _mm512_mask_storeu_ps(
                to + i, rest, _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(rest, from + i)));
        }
#else
#if defined(__F16C__)
        for (; i + 8 <= count; i += 8)
            _mm256_storeu_ps(
                to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + i))));
#endif
        for (; i < count; i++)
            to[i] = float_of_one(from[i]);
#endif
    }
    else {
        for (; i < count; i++)
            to[i] = float_of_half(from[i * step]);
    }
}

static void load_halves_as_doubles(void *row, const void *source, Py_ssize_t step,
                                   Py_ssize_t count)
{
    double *to = row;
    const uint16_t *from = source;
    Py_ssize_t i;
    for (i = 0; i < count; i++)
        to[i] = float_of_half(from[i * step]);
}

static void store_halves(void *target, Py_ssize_t step, const void *row, Py_ssize_t count)
{
    uint16_t *to = target;
    const float *from = row;
    Py_ssize_t i = 0;
    if (step == 1) {
#if defined(__AVX512F__)
        for (; i + 16 <= count; i += 16)
            _mm256_storeu_si256((__m256i *)(to + i),
                                _mm512_cvtps_ph(_mm512_loadu_ps(from + i), 0));
        if (i < count) {
            const __mmask16 rest = first_numbers(count - i);
            _mm256_mask_storeu_epi16(
                to + i, rest, _mm512_cvtps_ph(_mm512_maskz_loadu_ps(rest, from + i), 0));
        }
#else
#if defined(__F16C__)
        for (; i + 8 <= count; i += 8)
            _mm_storeu_si128((__m128i *)(to + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), 0));
#endif
        for (; i < count; i++)
            to[i] = half_of_one(from[i]);
#endif
    }
    else {
        for (; i < count; i++)
            to[i * step] = half_of_float(from[i]);
    }
}
