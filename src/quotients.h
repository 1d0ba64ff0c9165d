/* Quotients of differences by a positive double, with AVX2 and AVX-512: a row waits for divisions
   there, with AVX2 up to half as long again as for its numbers from and to a second-level cache.

   Instead a difference x is multiplied by the reciprocal, z = 1 / a, and the error corrected:

       q = x z,   d = q a - x,   x / a = q - d z,

   each rounded once, the last two by instructions that fuse a product and a sum. If nothing on the
   way is too large or too small for a normal number, this is what a division rounds to:
   P. W. Markstein, Computation of elementary functions on the IBM RISC System/6000 processor, IBM
   Journal of Research and Development 34 (1990) 111-119, for q within u, a unit in the last place of
   x / a. For a divisor that is used often see also N. Brisebarre, J.-M. Muller, S. K. Raina,
   Accelerating correctly rounded floating-point division when the divisor is known in advance, IEEE
   Transactions on Computers 53 (2004).

   Here q may be further away. Let a and x / a be from 1 to 2, so x from 1 to 4 and u = 2^-52. Of z,
   less than u / 4 was rounded away, which is x u / 4 of q, and of q itself u / 2: less than 1.5 u.
   From u on, d is rounded, too, and q - d z is up to 3 (2^-53) u off before it is rounded. To be
   rounded otherwise than x / a, there would have to be the middle between two numbers so near to
   x / a. It would be 1.5 u from q, as q is a number and more than u away. Of these 1.5 u, the rounding
   of q is u / 2 at most; x u / 4 has to be the rest but for 3 (2^-53) u, so x >= 4 - 3 (2^-51), and
   a > x / 2. Now x is 4 - 2 j u and a is 2 - k u, j and k at most 3, which makes x / a no further
   than 2^-49 u from 2 - (j - k) u: from a number, not from a middle.

   What is too large or too small, z and data among it, the processor notes by itself: infinities and
   what becomes one as invalid or an overflow, the others as an underflow; that subnormal numbers were
   read counts as well, to be sure. A row where it has noted any of these is divided, as if nothing
   had been done. NaN comes through all three operations as through a division, and so do zeros of both
   signs, if a is positive. */

#include <float.h>

/* Whether quotients by `a` may be corrected: by a processor that rounds to nearest, knows subnormal
   numbers, and stops at no event. From then on none has been noted; `before` is what had been. */
static inline __attribute__((always_inline)) int begin_corrections(double a, unsigned *before)
{
    *before = _mm_getcsr();
    if (!__builtin_isgreater(a, 0) || (*before & ~_MM_EXCEPT_MASK) != _MM_MASK_MASK)
        return 0;
    _mm_setcsr(_MM_MASK_MASK);
    return 1;
}

/* Whether they are those of a division; else nothing has been noted. */
static inline __attribute__((always_inline)) int end_corrections(unsigned before)
{
    const unsigned noted = _mm_getcsr() & _MM_EXCEPT_MASK;
    const int right = !(noted & ~_MM_EXCEPT_INEXACT);
    _mm_setcsr(right ? before | noted : before);
    return right;
}

/* Whole groups of `count` numbers, or vectors (see DIFFERENCES), or none, which leaves all of them to
   be divided. What computes is not inline, and writes memory: it must not leave the place between two
   `_mm_setcsr`. And it is in a section of its own: so tests see that nothing else fuses. */
#define QUOTIENTS(name, type, difference, store)                                              \
    DIFFERENCES(                                                                              \
        CORRECTS name##_corrected, type, double, double, RECIPROCAL, CORRECTED, STAY,         \
        difference, store)                                                                    \
    static Py_ssize_t name(                                                                   \
        type *out, const type *p, const type *r, double a, Py_ssize_t count)                  \
    {                                                                                         \
        unsigned before;                                                                      \
        Py_ssize_t done;                                                                      \
        if (!begin_corrections(a, &before))                                                   \
            return 0;                                                                         \
        done = name##_corrected(out, p, r, a, count);                                         \
        return end_corrections(before) ? done : 0;                                            \
    }

/* Along both axes (see BOTH_DIFFERENCES), or not; return whether. */
#define BOTH_QUOTIENTS(name)                                                                  \
    BOTH_DIFFERENCES(CORRECTS name##_corrected, double, double, RECIPROCAL, CORRECTED, STAY)  \
    static int name(BOTH_OF(double, double))                                                  \
    {                                                                                         \
        unsigned before;                                                                      \
        if (!__builtin_isgreater(b, 0) || !begin_corrections(a, &before))                     \
            return 0;                                                                         \
        name##_corrected(out, across, p, a, b, jump, ahead, count);                           \
        return end_corrections(before);                                                       \
    }
#define CORRECTS __attribute__((noinline, section("quotients")))
#define CORRECTED(x, a, by) \
    (vector)corrected((doubles)(x), (a) - (doubles){0}, (by) - (doubles){0})
#define RECIPROCAL(a) (1 / (a))

typedef double doubles __attribute__((vector_size(VECTOR)));

static inline __attribute__((always_inline)) doubles corrected(doubles x, doubles a, doubles z)
{
    doubles q = x * z;
    /* Not by functions of the compiler: clang may negate an operand for the difference, and with it
       the sign of NaN. */
    __asm__("vfmsub231pd %2, %1, %0" : "+v"(x) : "v"(q), "v"(a));     /* x = q a - x */
    __asm__("vfnmadd231pd %2, %1, %0" : "+v"(q) : "v"(x), "v"(z));    /* q = q - x z */
    return q;
}

/* Quotients of floats by a double. They are computed in double and rounded to float, and could be as
   above, but conversions take as long as all else. Instead, with high + low = 1 / a in double, the
   float next to x / a is mostly

       x high + x low,

   the second product rounded, the first fused with the sum. This is worked out for a low that is too
   small and for one that is too large, by more than all roundings. If both come out the same, so does
   x / a, whether or not it is rounded to double first: rounding does not change an order. Else x / a
   is near to where rounding turns. That is frequent if a is a simple fraction, such as 0.6, so all that
   is left of CHUNK numbers is then corrected in double.

   In full, for x > 0; for others, signs change. Let z be 1 / a in double, and e 2^-24. high is
   z (1 - 2 e) rounded, so low = z - high is from e z to 3 e z. Too small is low (1 - 4 e). When that is
   rounded to float, and when its product with x is, about e of it is added each time, at most. So that
   product and x high are less than x z by x low e at least, 2^-48 of x z; x / a in double is within 2^-52
   of it. Too large is low (1 + 4 e).

   All this must be normal numbers. What is not is noted: as an overflow or as invalid, as an
   underflow if it was rounded, and, if it was not, as a subnormal number that is read next. */
typedef float floats __attribute__((vector_size(VECTOR)));
typedef int bits __attribute__((vector_size(VECTOR)));

struct bounds {
    float high, low, more;
    bits differ; /* 0, if both have come out the same so far */
};

static inline __attribute__((always_inline)) struct bounds bounds_of(double a)
{
    const double z = 1 / a;
    struct bounds by = {(float)(z * (1 - FLT_EPSILON)), 0, 0, {0}};
    const double low = z - by.high;
    by.low = (float)(low * (1 - 2 * FLT_EPSILON));
    by.more = (float)(low * (1 + 2 * FLT_EPSILON));
    return by;
}

static inline __attribute__((always_inline)) floats bounded(floats x, struct bounds *by)
{
    const floats high = by->high - (floats){0};
    floats q = x * by->low, more = x * by->more;
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(q) : "v"(x), "v"(high));
    __asm__("vfmadd231ps %2, %1, %0" : "+v"(more) : "v"(x), "v"(high));
    by->differ |= (bits)q ^ (bits)more;
    return q;
}

static inline __attribute__((always_inline)) int is_any(bits set)
{
#if VECTOR == 64
    return _mm512_test_epi32_mask((__m512i)set, (__m512i)set) != 0;
#else
    return !_mm256_testz_si256((__m256i)set, (__m256i)set);
#endif
}

#define BOUNDED(x, a, by) (vector)bounded((floats)(x), &(by))
#define LEAVE(by, across_by, result)                                                          \
    if (__builtin_expect(is_any((by).differ | (across_by).differ), 0))                        \
        return result;

/* In numbers. Of fewer it takes less to correct all. */
#define BOUNDED_FROM 2048
/* And as many may be bounded in vain. */
#define CHUNK (1 << 14)

/* As QUOTIENTS. A group in doubt has been stored; what is done in double instead is written over it. Each
   turn gets on, or is the last. */
#define QUOTIENTS_OF_FLOATS(name, in_double)                                                  \
    QUOTIENTS(in_double, float, WIDENED_AHEAD, STORE_NARROWED)                                \
    DIFFERENCES(                                                                              \
        CORRECTS name##_bounded, float, double, float, bounds_of, BOUNDED, LEAVE, PLAIN_AHEAD, \
        STORE)                                                                                \
    static Py_ssize_t name(                                                                   \
        float *out, const float *p, const float *r, double a, Py_ssize_t count)               \
    {                                                                                         \
        unsigned before;                                                                      \
        Py_ssize_t done = 0;                                                                  \
        while (count - done >= BOUNDED_FROM) {                                                \
            const Py_ssize_t left = count - done < CHUNK ? count - done : CHUNK;              \
            Py_ssize_t some;                                                                  \
            if (!begin_corrections(a, &before))                                               \
                return done;                                                                  \
            some = name##_bounded(out + done, p + done, r + done, a, left);                   \
            if (!end_corrections(before))                                                     \
                some = 0;                                                                     \
            some += in_double(                                                                \
                out + done + some, p + done + some, r + done + some, a, left - some);         \
            if (!some)                                                                        \
                return done;                                                                  \
            done += some;                                                                     \
        }                                                                                     \
        return done + in_double(out + done, p + done, r + done, a, count - done);             \
    }

/* As BOTH_QUOTIENTS, but none are corrected. */
#define BOTH_QUOTIENTS_OF_FLOATS(name)                                                        \
    BOTH_DIFFERENCES(CORRECTS name##_bounded, float, double, bounds_of, BOUNDED, LEAVE)       \
    static int name(BOTH_OF(float, double))                                                   \
    {                                                                                         \
        unsigned before;                                                                      \
        int same;                                                                             \
        if (!__builtin_isgreater(b, 0) || !begin_corrections(a, &before))                     \
            return 0;                                                                         \
        same = name##_bounded(out, across, p, a, b, jump, ahead, count);                      \
        return end_corrections(before) && same;                                               \
    }
