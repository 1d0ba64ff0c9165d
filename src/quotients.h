/* `divide_doubles` and `divide_widened` of vectors.h where vectors are AVX2's: a row waits for
   divisions there, up to half as long again as for its numbers from and to a second-level cache.

   Instead a difference x is multiplied by the reciprocal, z = 1 / a, and the error corrected:

       q = x z,   d = q a - x,   x / a = q - d z,

   each rounded once, the last two by instructions that fuse a product and a sum. If nothing on the
   way is too large or too small for a normal number, this is what a division rounds to:
   P. W. Markstein, Computation of elementary functions on the IBM RISC System/6000 processor, IBM
   Journal of Research and Development 34 (1990) 111-119, for q within u, a unit in the last place of
   x / a.

   Here q may be further away. Let a and x / a be from 1 to 2, so x from 1 to 4 and u = 2^-52. Of z,
   less than u / 4 was rounded away, which is x u / 4 of q, and of q itself u / 2: less than 1.5 u.
   From u on, d is rounded, too, and q - d z is up to 3 (2^-53) u off before it is rounded. To be
   rounded otherwise than x / a, there would have to be the middle between two numbers so near to
   x / a, and 1.5 u from q; then x is 4 - 3 (2^-51) at least, since x u / 4 makes up what u / 2 leaves
   of it, and a > x / 2. But x and a are 4 - 2 j u and 2 - k u then, j and k at most 3, and x / a is
   within 2^-49 u of 2 - (j - k) u, which is no middle.

   What is too large or too small, z and data among it, the processor notes by itself: infinities and
   what becomes one as invalid or an overflow, the others as an underflow or as a subnormal number that
   was read. A row where it has noted any of these is divided, as if nothing had been done. NaN comes
   through all three operations as through a division, and so do zeros of both signs, if a is positive;
   and all of this is for rounding to nearest. */

/* Divide a row, or correct it, by functions that are given, and return what they return. */
#define DIVIDE_OR_CORRECT(divide, correct)                                                    \
    const unsigned noted_before = _mm_getcsr();                                               \
    unsigned noted;                                                                           \
    Py_ssize_t done;                                                                          \
    if (!__builtin_isgreater(a, 0) || (noted_before & _MM_ROUND_MASK) != _MM_ROUND_NEAREST)   \
        return divide(out, p, r, a, count);                                                   \
    _mm_setcsr((noted_before & ~_MM_EXCEPT_MASK) | _MM_MASK_MASK);                            \
    done = correct(out, p, r, a, count);                                                      \
    noted = _mm_getcsr() & _MM_EXCEPT_MASK;                                                   \
    if (noted & ~_MM_EXCEPT_INEXACT) {                                                        \
        _mm_setcsr(noted_before);                                                             \
        return divide(out, p, r, a, count);                                                   \
    }                                                                                         \
    _mm_setcsr(noted_before | noted);                                                         \
    return done

/* Of a function that corrects. Not inline: what it computes must not leave the place between two
   `_mm_setcsr`. And in a section of its own: so tests see that nothing else fuses. */
#define CORRECTS __attribute__((noinline, section("quotients")))
#define CORRECTED(x) (vector)corrected((__m256d)(x), _mm256_set1_pd(a), _mm256_set1_pd(by))

static inline __attribute__((always_inline)) __m256d corrected(__m256d x, __m256d a, __m256d z)
{
    __m256d q = _mm256_mul_pd(x, z);
    /* Not by functions of the compiler: clang may negate an operand for the difference, and with it
       the sign of NaN. */
    __asm__("vfmsub231pd %2, %1, %0" : "+x"(x) : "x"(q), "x"(a));     /* x = q a - x */
    __asm__("vfnmadd231pd %2, %1, %0" : "+x"(q) : "x"(x), "x"(z));    /* q = q - x z */
    return q;
}
