/* Differences and combinations of rows whose numbers lie side by side, differences also of rows of
   f backward, four vectors at a time, with the arithmetic of `quotient`, `product` and
   `combination`.

   Of four vectors or more, all is loaded before the first is stored. A load waits for a store that has
   just begun at the same place of another page, as if it were of the same memory, and in turns of one
   vector, as compilers write them, it is most often the store of the turn before.

   With AVX2 and AVX-512 floats that are combined by coefficients of double are converted as they are
   loaded, and so are differences of floats that are divided by a double; gcc loads more of them than
   a vector of doubles has room for, and splits it. With AVX-512, where any vector but those that begin
   a line lies in two, which takes longer to load, f is loaded once along its rows, and neighbours are
   shifted out of what was loaded (SHIFTED).

   Not on 32-bit arm, whose vectors take the smallest numbers for zero. */

/* LINE and LONG of rows.pxi, which in C may be names of the system's. */
enum {
    CACHE_LINE = 64, /* bytes */
    FIRST_CACHE = 1 << 15, /* bytes; on some processors 48 KiB */
    BOTH_LEAST = 32, /* numbers: of no type is a group of BOTH_DIFFERENCES more, or two vectors */
    BOTH_ROWS = 2, /* that BOTH_COMBINATIONS runs over at a time */
    LONG_ROW = 1000, /* bytes from which it matters where stores begin; a line and a vector are less */
};

#if defined(__GNUC__) && !defined(__arm__)

#if defined(__AVX512F__)
#include <immintrin.h>
#define VECTOR 64
#elif defined(__AVX__)
#include <immintrin.h>
#define VECTOR 32
#else
#define VECTOR 16
#endif

/* Vector k of a group: from p + i on, or, backward, from p - i on down. */
#define FORWARD(p, k) ((const vector *)(p + i))[k]
#define BACKWARD(p, k) ((const vector *)(p - i + 1))[-1 - k]

/* The numbers of a vector in the opposite order. gcc has a word for it since 12. */
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define TURNED(v, type) __builtin_shufflevector(v, v, ORDER_OF_##type)
#endif
#endif
#if VECTOR == 64
#define ORDER_OF_float 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
#define ORDER_OF_double 7, 6, 5, 4, 3, 2, 1, 0
#elif VECTOR == 32
#define ORDER_OF_float 7, 6, 5, 4, 3, 2, 1, 0
#define ORDER_OF_double 3, 2, 1, 0
#else
#define ORDER_OF_float 3, 2, 1, 0
#define ORDER_OF_double 1, 0
#endif

/* Vector k of a group of differences. */
#define AHEAD(k) (FORWARD(r, k) - FORWARD(p, k))
#define BACK(k) (BACKWARD(r, k) - BACKWARD(p, k))

/* Vector k of a group of results. */
#define STORE(out, k, v) (((vector *)(out + i))[k] = (v))
#define STORE_FLOATS_TURNED(out, k, v) STORE(out, k, TURNED(v, float))
#define STORE_DOUBLES_TURNED(out, k, v) STORE(out, k, TURNED(v, double))

/* The same of floats that are doubles here. */
#if VECTOR == 64
#define WIDENED(p, k) (vector)_mm512_cvtps_pd(_mm256_loadu_ps(p + i + 8 * k))
#define WIDENED_AHEAD(k) \
    (vector)_mm512_cvtps_pd(_mm256_loadu_ps(r + i + 8 * k) - _mm256_loadu_ps(p + i + 8 * k))
#define STORE_NARROWED(out, k, v) \
    _mm256_storeu_ps(out + i + 8 * k, _mm512_cvtpd_ps((__m512d)(v)))
#elif VECTOR == 32
#define WIDENED(p, k) (vector)_mm256_cvtps_pd(_mm_loadu_ps(p + i + 4 * k))
#define WIDENED_AHEAD(k) \
    (vector)_mm256_cvtps_pd(_mm_loadu_ps(r + i + 4 * k) - _mm_loadu_ps(p + i + 4 * k))
#define STORE_NARROWED(out, k, v) _mm_storeu_ps(out + i + 4 * k, _mm256_cvtpd_ps((__m256d)(v)))
#endif

/* What is `k` numbers on from where vector `here` begins, if vector `next` follows it. */
#if VECTOR == 64
#define SHIFTED(here, next, k) \
    (vector)_mm512_alignr_epi32((__m512i)(next), (__m512i)(here), (k) * sizeof((here)[0]) / 4)
#endif

/* Of differences along the axis, where r is p from its third number on: groups, as long as f has a
   vector after them, then one vector at a time. For DIFFERENCES that STAY. */
#if defined(SHIFTED)
#define ALONG_AHEAD(of, store)                                                                \
    if (r - p == 2 && count >= one) {                                                         \
        vector here = FORWARD(p, 0);                                                          \
        for (; i + group + one <= count + 2; i += group) {                                    \
            const vector v1 = FORWARD(p, 1), v2 = FORWARD(p, 2);                              \
            const vector v3 = FORWARD(p, 3), v4 = FORWARD(p, 4);                              \
            store(out, 0, of(SHIFTED(here, v1, 2) - here, a, by));                            \
            store(out, 1, of(SHIFTED(v1, v2, 2) - v1, a, by));                                \
            store(out, 2, of(SHIFTED(v2, v3, 2) - v2, a, by));                                \
            store(out, 3, of(SHIFTED(v3, v4, 2) - v3, a, by));                                \
            here = v4;                                                                        \
        }                                                                                     \
        for (; i + one <= count; i += one)                                                    \
            store(out, 0, of(AHEAD(0), a, by));                                               \
    }
#else
#define ALONG_AHEAD(of, store)
#endif
#define ALONG_BACK(of, store)
/* Beside conversions shifts were slower than loads, and here they spare none: what is converted is
   the difference. Beside bounds (see quotients.h) they are level. */
#define ALONG_WIDENED_AHEAD(of, store)
#define PLAIN_AHEAD(k) AHEAD(k)
#define ALONG_PLAIN_AHEAD(of, store)

/* What is done to a difference, where `by` is OPERAND(a). */
#define DIVIDED(x, a, by) ((x) / (by))
#define MULTIPLIED(x, a, by) ((x) * (by))
#define ITSELF(a) (a)
/* And after a group: go on, or return `result` (see LEAVE in quotients.h). */
#define STAY(by, across_by, result)

/* out[i] = OF(r[i] - p[i], a), or, backward, OF(r[-i] - p[-i], a), for whole groups of `count` numbers,
   or, with SHIFTED along the axis, whole vectors; return how many. `held` is what vectors are of. */
#define DIFFERENCES(name, type, wider, held, operand, of, leave, difference, store)           \
    static Py_ssize_t name(                                                                   \
        type *out, const type *p, const type *r, wider a, Py_ssize_t count)                   \
    {                                                                                         \
        typedef held vector __attribute__((                                                   \
            vector_size(VECTOR), aligned(sizeof(type)), may_alias));                          \
        const Py_ssize_t one = sizeof(vector) / sizeof(held), group = 4 * one;                \
        __typeof__(operand(a)) by = operand(a);                                               \
        Py_ssize_t i = 0;                                                                     \
        ALONG_##difference(of, store)                                                         \
        for (; i + group <= count; i += group) {                                              \
            const vector first = of(difference(0), a, by);                                    \
            const vector second = of(difference(1), a, by);                                   \
            const vector third = of(difference(2), a, by);                                    \
            const vector fourth = of(difference(3), a, by);                                   \
            store(out, 0, first);                                                             \
            store(out, 1, second);                                                            \
            store(out, 2, third);                                                             \
            store(out, 3, fourth);                                                            \
            leave(by, by, i)                                                                  \
        }                                                                                     \
        return i;                                                                             \
    }

/* Differences along the axis and, at the same points, along another, whose neighbours are `jump`
   numbers away: out[i] = OF(p[i + 2] - p[i], a) and across[i] = OF(p[i + 1 + jump] - p[i + 1 - jump], b),
   for `count` numbers, BOTH_LEAST or more. The second group begins where a line does in the row
   before, and so often in the row after: of three that are loaded one or two are aligned, which stores
   need not be. It overlaps the first group, and the last overlaps the one before it. Return whether
   all is done. */
#define BOTH_DIFFERENCES(name, type, wider, operand, of, leave)                               \
    static int name(BOTH_OF(type, wider))                                                     \
    {                                                                                         \
        typedef type vector __attribute__((                                                   \
            vector_size(VECTOR), aligned(sizeof(type)), may_alias));                          \
        const Py_ssize_t one = sizeof(vector) / sizeof(type), group = BOTH_VECTORS * one;     \
        const type *const r = p + 2, *const before = p + 1 - jump, *const after = p + 1 + jump; \
        __typeof__(operand(a)) by = operand(a), across_by = operand(b);                       \
        Py_ssize_t i = 0;                                                                     \
        Py_ssize_t next = group - ((size_t)before & (CACHE_LINE - 1)) / sizeof(type);         \
        for (;;) {                                                                            \
            BOTH_GROUP(of)                                                                    \
            leave(by, across_by, 0)                                                           \
            if (i == count - group)                                                           \
                return 1;                                                                     \
            i = next;                                                                         \
            if (ahead) {                                                                      \
                BOTH_GROUPS(of, leave, FETCH_BOTH)                                            \
            }                                                                                 \
            BOTH_GROUPS(of, leave, )                                                          \
            i = i < count - group ? i : count - group;                                        \
            next = i + group;                                                                 \
        }                                                                                     \
    }
/* Ask for what comes `ahead` bytes after a group, of f and of both results. */
#define FETCH_BOTH                                                                            \
    FETCH_GROUP(after)                                                                        \
    FETCH_GROUP(out)                                                                          \
    FETCH_GROUP(across)
#define FETCH_GROUP(row)                                                                      \
    FETCH_LINE(row)                                                                           \
    if (BOTH_VECTORS * VECTOR > CACHE_LINE)                                                   \
        __builtin_prefetch((const char *)(row + i) + ahead + CACHE_LINE);
#define FETCH_LINE(row) __builtin_prefetch((const char *)(row + i) + ahead);
#define ALONG(of, k) of(AHEAD(k), a, by)
#define ACROSS(of, k) of(FORWARD(after, k) - FORWARD(before, k), b, across_by)
#if defined(SHIFTED)
#define BOTH_VECTORS 2
#define BOTH_GROUP(of)                                                                        \
    const vector first = ALONG(of, 0), second = ALONG(of, 1);                                 \
    const vector third = ACROSS(of, 0), fourth = ACROSS(of, 1);                               \
    STORE_BOTH
#define BOTH_GROUPS(of, leave, fetch)                                                         \
    if (i + 3 * one <= count + 2) {                                                           \
        vector here = FORWARD(p, 0);                                                          \
        do {                                                                                  \
            const vector v1 = FORWARD(p, 1), v2 = FORWARD(p, 2);                              \
            fetch                                                                             \
            const vector first = of(SHIFTED(here, v1, 2) - here, a, by);                      \
            const vector second = of(SHIFTED(v1, v2, 2) - v1, a, by);                         \
            const vector third = ACROSS(of, 0), fourth = ACROSS(of, 1);                       \
            STORE_BOTH                                                                        \
            leave(by, across_by, 0)                                                           \
            here = v2;                                                                        \
            i += group;                                                                       \
        } while (i + 3 * one <= count + 2);                                                   \
    }
#define STORE_BOTH                                                                            \
    STORE(out, 0, first);                                                                     \
    STORE(out, 1, second);                                                                    \
    STORE(across, 0, third);                                                                  \
    STORE(across, 1, fourth);
#else
#define BOTH_VECTORS 4
#define BOTH_GROUP(of)                                                                        \
    if (ahead) {                                                                              \
        FETCH_BOTH                                                                            \
    }                                                                                         \
    const vector first = ALONG(of, 0), second = ALONG(of, 1);                                 \
    const vector third = ALONG(of, 2), fourth = ALONG(of, 3);                                 \
    const vector fifth = ACROSS(of, 0), sixth = ACROSS(of, 1);                                \
    const vector seventh = ACROSS(of, 2), eighth = ACROSS(of, 3);                             \
    STORE(out, 0, first);                                                                     \
    STORE(out, 1, second);                                                                    \
    STORE(out, 2, third);                                                                     \
    STORE(out, 3, fourth);                                                                    \
    STORE(across, 0, fifth);                                                                  \
    STORE(across, 1, sixth);                                                                  \
    STORE(across, 2, seventh);                                                                \
    STORE(across, 3, eighth);
#define BOTH_GROUPS(of, leave, fetch)
#endif

/* Those divided by a double. */
#if VECTOR > 16 && defined(CORRECTS_QUOTIENTS)
#include "quotients.h"
#else
#define QUOTIENTS(name, type, difference, store) \
    DIFFERENCES(name, type, double, double, ITSELF, DIVIDED, STAY, difference, store)
#endif

/* Vector k of a group of coefficients: that of all points, or each point's own. */
#define THE_SAME(a, k) *(a)
#define ITS_OWN(a, k) ((const vector *)(a + i))[k]

/* out[i] = a p[i] + b q[i] + c r[i] in rows of `count` numbers, if they are a vector at least; return
   whether. `own` is 1 if coefficients are the points' own, else 0. What is no whole vector at the end
   of a row, or before `head`, is not done one by one but by a vector that overlaps its neighbour.

   All rows at once: to call a function for each takes as long as 20 to 30 of its points. */
#define COMBINATIONS(name, type, wider, load, of, own, store)                                 \
    static int name(ROWS_OF(type, wider))                                                     \
    {                                                                                         \
        typedef wider vector __attribute__((                                                  \
            vector_size(VECTOR), aligned(sizeof(wider)), may_alias));                         \
        const Py_ssize_t one = sizeof(vector) / sizeof(wider);                                \
        Py_ssize_t i;                                                                         \
        if (count < one)                                                                      \
            return 0;                                                                         \
        if (PAIRS_PAY(type, wider, own))                                                      \
            PAIRS(type, load, store)                                                          \
        EACH_ROWS(1) {                                                                        \
            const Py_ssize_t head = HEAD(type, wider, own);                                   \
            for (i = 0; i < head; i += one)                                                   \
                store(out, 0, COMBINED(0, load, of));                                         \
            for (i = head; i + 4 * one <= count; i += 4 * one) {                              \
                const vector first = COMBINED(0, load, of);                                   \
                const vector second = COMBINED(1, load, of);                                  \
                const vector third = COMBINED(2, load, of);                                   \
                const vector fourth = COMBINED(3, load, of);                                  \
                store(out, 0, first);                                                         \
                store(out, 1, second);                                                        \
                store(out, 2, third);                                                         \
                store(out, 3, fourth);                                                        \
            }                                                                                 \
            for (; i + one <= count; i += one)                                                \
                store(out, 0, COMBINED(0, load, of));                                         \
            if (i < count) {                                                                  \
                i = count - one;                                                              \
                store(out, 0, COMBINED(0, load, of));                                         \
            }                                                                                 \
        }                                                                                     \
        return 1;                                                                             \
    }
#define COMBINED(k, load, of) (of(a, k) * load(p, k) + of(b, k) * load(q, k) + of(c, k) * load(r, k))

/* Two rows that follow one another along the axis at once, where three do not fit in the first cache:
   of the six that two results read, two are the same then, and still there. From p to q is as far as
   from q to r. Not rows that are converted, which is what takes long. */
#define PAIRS_PAY(type, wider, own)                                                           \
    (!own && sizeof(type) == sizeof(wider)                                                    \
     && count > FIRST_CACHE / 3 / (Py_ssize_t)sizeof(type) && q - p == jump)
#define PAIRS(type, load, store)                                                              \
    EACH_ROWS(2) {                                                                            \
        type *const below = out + out_jump;                                                   \
        const type *const s = r + jump;                                                       \
        for (i = 0; i < count; i += 2 * one) {                                                \
            if (i > count - 2 * one)                                                          \
                i = count - 2 * one;                                                          \
            const vector first = COMBINED(0, load, THE_SAME);                                 \
            const vector second = COMBINED(1, load, THE_SAME);                                \
            const vector third = COMBINED_BELOW(0, load);                                     \
            const vector fourth = COMBINED_BELOW(1, load);                                    \
            store(out, 0, first);                                                             \
            store(out, 1, second);                                                            \
            store(below, 0, third);                                                           \
            store(below, 1, fourth);                                                          \
        }                                                                                     \
    }
#define COMBINED_BELOW(k, load)                                                               \
    (a[coefficient_jump] * load(q, k) + b[coefficient_jump] * load(r, k)                      \
     + c[coefficient_jump] * load(s, k))

/* Numbers before the first whose store begins a cache line, in long rows that are not converted, which
   takes longer than stores, wherever these begin. None, either, where each point has its own
   coefficients, or where rows go in pairs. */
#define HEAD(type, wider, own)                                                                \
    (own || sizeof(type) != sizeof(wider) || count < LONG_ROW / (Py_ssize_t)sizeof(type)      \
         ? 0                                                                                  \
         : (Py_ssize_t)((-(size_t)out & (CACHE_LINE - 1)) / sizeof(type)))

/* What COMBINATIONS does with ITS_OWN: there rows run along the axis, so q and r are p from its second
   and third number on. Of the last vectors, one or two, neighbours are loaded, for there is no next
   one; the very last overlaps the one before it. */
#if defined(SHIFTED)
#define ALONG_ROWS(name, type, wider, load, store)                                            \
    static int name(ROWS_OF(type, wider))                                                     \
    {                                                                                         \
        typedef wider vector __attribute__((                                                  \
            vector_size(VECTOR), aligned(sizeof(wider)), may_alias));                         \
        const Py_ssize_t one = sizeof(vector) / sizeof(wider);                                \
        if (count < one)                                                                      \
            return 0;                                                                         \
        EACH_ROWS(1) {                                                                        \
            Py_ssize_t i = 0;                                                                 \
            vector here = load(p, 0);                                                         \
            for (; i + 2 * one <= count + 2; i += one) {                                      \
                const vector next = load(p, 1);                                               \
                store(out, 0, ITS_OWN(a, 0) * here + ITS_OWN(b, 0) * SHIFTED(here, next, 1)   \
                                  + ITS_OWN(c, 0) * SHIFTED(here, next, 2));                  \
                here = next;                                                                  \
            }                                                                                 \
            if (i + one < count)                                                              \
                store(out, 0, COMBINED(0, load, ITS_OWN));                                    \
            i = count - one;                                                                  \
            store(out, 0, COMBINED(0, load, ITS_OWN));                                        \
        }                                                                                     \
        return 1;                                                                             \
    }

/* Combinations along rows and, of the same points, across them, whose neighbours are `jump` numbers
   away: each row has its own coefficients for that, `by`, in three runs. Two rows at a time: so what
   they have in common is loaded and converted once. Across them the numbers before and after the
   `count` are done as well. The last two rows overlap those before them if rows are odd, and the
   last vectors those before them: there must be two of each. */
#define BOTH_COMBINATIONS(name, type, wider, load, store)                                     \
    static void name(BOTH_ROWS_OF(type, wider))                                               \
    {                                                                                         \
        typedef wider vector __attribute__((                                                  \
            vector_size(VECTOR), aligned(sizeof(wider)), may_alias));                         \
        const Py_ssize_t one = sizeof(vector) / sizeof(wider), end = count + 2 - 2 * one;     \
        for (;;) {                                                                            \
            const wider a0 = by[0], b0 = by[run], c0 = by[2 * run];                           \
            const wider a1 = by[1], b1 = by[run + 1], c1 = by[2 * run + 1];                   \
            Py_ssize_t i = 0, some;                                                           \
            vector here0 = load(p, 0), here1 = load(p + jump, 0), next0, next1;               \
            for (;; i += one) {                                                               \
                if (i > end) {                                                                \
                    i = end;                                                                  \
                    here0 = load(p, 0), here1 = load(p + jump, 0);                            \
                }                                                                             \
                next0 = load(p, 1), next1 = load(p + jump, 1);                                \
                FETCH_ROWS                                                                    \
                STORE_ALONG(store, SHIFTED_TWICE)                                             \
                STORE_ACROSS(load, store, here0, here1)                                       \
                if (i == end)                                                                 \
                    break;                                                                    \
                here0 = next0, here1 = next1;                                                 \
            }                                                                                 \
            i = count - one;                                                                  \
            STORE_ALONG(store, SHIFTED_BACK)                                                  \
            i = count + 2 - one;                                                              \
            STORE_ACROSS(load, store, next0, next1)                                           \
            if (rows == BOTH_ROWS)                                                            \
                return;                                                                       \
            some = rows < 2 * BOTH_ROWS ? rows - BOTH_ROWS : BOTH_ROWS;                       \
            rows -= some, by += some;                                                         \
            p += some * jump, out += some * jump, across += some * jump;                      \
        }                                                                                     \
    }
#define FETCH_ROWS                                                                            \
    if (__builtin_expect(ahead != 0, 0)) {                                                    \
        FETCH_LINE(p + jump)                                                                  \
        FETCH_LINE(p + 2 * jump)                                                              \
        FETCH_LINE(out)                                                                       \
        FETCH_LINE(out + jump)                                                                \
        FETCH_LINE(across)                                                                    \
        FETCH_LINE(across + jump)                                                             \
    }
#define STORE_ALONG(store, combined)                                                          \
    {                                                                                         \
        const vector ai = ITS_OWN(a, 0), bi = ITS_OWN(b, 0), ci = ITS_OWN(c, 0);              \
        store(out, 0, combined(here0, next0));                                                \
        store(out + jump, 0, combined(here1, next1));                                         \
    }
#define STORE_ACROSS(load, store, row0, row1)                                                 \
    {                                                                                         \
        const vector above = load(p - jump, 0), below = load(p + 2 * jump, 0);                \
        store(across, 0, a0 * above + b0 * row0 + c0 * row1);                                 \
        store(across + jump, 0, a1 * row0 + b1 * row1 + c1 * below);                          \
    }
/* Of the points from where a vector begins on, and of the last that have neighbours in the next. */
#define SHIFTED_TWICE(here, next)                                                             \
    (ai * here + bi * SHIFTED(here, next, 1) + ci * SHIFTED(here, next, 2))
#define SHIFTED_BACK(here, next)                                                              \
    (ai * SHIFTED(here, next, NUMBERS_OF(here) - 2)                                           \
     + bi * SHIFTED(here, next, NUMBERS_OF(here) - 1) + ci * next)
#define NUMBERS_OF(here) (VECTOR / sizeof((here)[0]))
#endif

#else
#define DIFFERENCES(name, type, wider, held, operand, of, leave, difference, store) \
    NO_GROUPS(name, type, wider)
#define QUOTIENTS(name, type, difference, store) NO_GROUPS(name, type, double)
/* Of MULTIPLIED, for which alone it is used. */
#define BOTH_DIFFERENCES(name, type, wider, operand, of, leave)                               \
    static int name(BOTH_OF(type, wider))                                                     \
    {                                                                                         \
        Py_ssize_t i;                                                                         \
        (void)ahead;                                                                          \
        for (i = 0; i < count; i++) {                                                         \
            out[i] = (p[i + 2] - p[i]) * a;                                                   \
            across[i] = (p[i + 1 + jump] - p[i + 1 - jump]) * b;                              \
        }                                                                                     \
        return 1;                                                                             \
    }
#define COMBINATIONS(name, type, wider, load, of, own, store) \
    NO_COMBINATIONS(name, type, wider, own)
#endif

#define NO_GROUPS(name, type, wider)                                                          \
    static Py_ssize_t name(                                                                   \
        type *out, const type *p, const type *r, wider a, Py_ssize_t count)                   \
    {                                                                                         \
        (void)out, (void)p, (void)r, (void)a, (void)count;                                    \
        return 0;                                                                             \
    }

/* What differences of both axes are given. */
#define BOTH_OF(type, wider)                                                                  \
    type *out, type *across, const type *p, wider a, wider b, Py_ssize_t jump,                \
    Py_ssize_t ahead, Py_ssize_t count

/* What combinations of both axes are given. */
#define BOTH_ROWS_OF(type, wider)                                                             \
    type *out, type *across, const type *p, const wider *a, const wider *b, const wider *c,   \
    const wider *by, Py_ssize_t run, Py_ssize_t jump, Py_ssize_t ahead, Py_ssize_t count,     \
    Py_ssize_t rows

/* What combinations are given, and the way from row to row. */
#define ROWS_OF(type, wider)                                                                  \
    type *CYTHON_RESTRICT out, const type *p, const type *q, const type *r, const wider *a,   \
    const wider *b, const wider *c, Py_ssize_t count, Py_ssize_t rows, Py_ssize_t jump,       \
    Py_ssize_t out_jump, Py_ssize_t coefficient_jump
#define EACH_ROWS(some)                                                                       \
    for (; rows >= some; rows -= some, out += some * out_jump, p += some * jump,              \
                         q += some * jump, r += some * jump, a += some * coefficient_jump,    \
                         b += some * coefficient_jump, c += some * coefficient_jump)
#define NO_COMBINATIONS(name, type, wider, own)                                               \
    static int name(ROWS_OF(type, wider))                                                     \
    {                                                                                         \
        Py_ssize_t i;                                                                         \
        EACH_ROWS(1)                                                                          \
            for (i = 0; i < count; i++)                                                       \
                out[i] = (type)(a[own * i] * p[i] + b[own * i] * q[i] + c[own * i] * r[i]);   \
        return 1;                                                                             \
    }

DIFFERENCES(divide_floats, float, float, float, ITSELF, DIVIDED, STAY, AHEAD, STORE)
DIFFERENCES(scale_floats, float, float, float, ITSELF, MULTIPLIED, STAY, AHEAD, STORE)
QUOTIENTS(divide_doubles, double, AHEAD, STORE)
DIFFERENCES(scale_doubles, double, double, double, ITSELF, MULTIPLIED, STAY, AHEAD, STORE)

#if defined(QUOTIENTS_OF_FLOATS)
QUOTIENTS_OF_FLOATS(divide_widened, divide_in_double)
#elif defined(WIDENED_AHEAD)
QUOTIENTS(divide_widened, float, WIDENED_AHEAD, STORE_NARROWED)
#else
NO_GROUPS(divide_widened, float, double)
#endif

#if defined(TURNED)
DIFFERENCES(
    divide_floats_backward, float, float, float, ITSELF, DIVIDED, STAY, BACK, STORE_FLOATS_TURNED)
DIFFERENCES(
    scale_floats_backward, float, float, float, ITSELF, MULTIPLIED, STAY, BACK, STORE_FLOATS_TURNED)
QUOTIENTS(divide_doubles_backward, double, BACK, STORE_DOUBLES_TURNED)
DIFFERENCES(
    scale_doubles_backward, double, double, double, ITSELF, MULTIPLIED, STAY, BACK, STORE_DOUBLES_TURNED)
#else
NO_GROUPS(divide_floats_backward, float, float)
NO_GROUPS(scale_floats_backward, float, float)
NO_GROUPS(divide_doubles_backward, double, double)
NO_GROUPS(scale_doubles_backward, double, double)
#endif

BOTH_DIFFERENCES(scale_floats_both, float, float, ITSELF, MULTIPLIED, STAY)
BOTH_DIFFERENCES(scale_doubles_both, double, double, ITSELF, MULTIPLIED, STAY)

/* Quotients of both axes where that is faster: elsewhere it is the divisions that take long. Bounds
   with AVX-512 alone: others would make a wheel larger than 300 kB. */
#if defined(SHIFTED)
BOTH_DIFFERENCES(divide_floats_both, float, float, ITSELF, DIVIDED, STAY)
#define DIVIDES_FLOATS_BOTH 1
#else
#define divide_floats_both(...) 0
#define DIVIDES_FLOATS_BOTH 0
#endif
#if defined(BOTH_QUOTIENTS)
BOTH_QUOTIENTS(divide_doubles_both)
#define DIVIDES_DOUBLES_BOTH 1
#else
#define divide_doubles_both(...) 0
#define DIVIDES_DOUBLES_BOTH 0
#endif
#if defined(BOTH_QUOTIENTS_OF_FLOATS) && defined(SHIFTED)
BOTH_QUOTIENTS_OF_FLOATS(divide_widened_both)
#define DIVIDES_WIDENED_BOTH 1
#else
/* Called where two axes did not come to an end. */
#define divide_in_double(...) 0
#define divide_widened_both(...) 0
#define DIVIDES_WIDENED_BOTH 0
#endif

COMBINATIONS(combine_floats, float, float, FORWARD, THE_SAME, 0, STORE)
COMBINATIONS(combine_doubles, double, double, FORWARD, THE_SAME, 0, STORE)
#if defined(WIDENED)
COMBINATIONS(combine_widened, float, double, WIDENED, THE_SAME, 0, STORE_NARROWED)
#else
NO_COMBINATIONS(combine_widened, float, double, 0)
#endif

#if defined(ALONG_ROWS)
ALONG_ROWS(combine_varying_floats, float, float, FORWARD, STORE)
ALONG_ROWS(combine_varying_doubles, double, double, FORWARD, STORE)
ALONG_ROWS(combine_varying_widened, float, double, WIDENED, STORE_NARROWED)
#define SHIFTS_NEIGHBOURS 1
BOTH_COMBINATIONS(combine_floats_both, float, float, FORWARD, STORE)
BOTH_COMBINATIONS(combine_doubles_both, double, double, FORWARD, STORE)
BOTH_COMBINATIONS(combine_widened_both, float, double, WIDENED, STORE_NARROWED)
#else
#define combine_floats_both(...) (void)0
#define combine_doubles_both(...) (void)0
#define combine_widened_both(...) (void)0
COMBINATIONS(combine_varying_floats, float, float, FORWARD, ITS_OWN, 1, STORE)
#if defined(WIDENED)
COMBINATIONS(combine_varying_widened, float, double, WIDENED, ITS_OWN, 1, STORE_NARROWED)
#else
NO_COMBINATIONS(combine_varying_widened, float, double, 1)
#endif
#define combine_varying_doubles(...) 0
#define SHIFTS_NEIGHBOURS 0
#endif

#undef VECTOR
#undef FORWARD
#undef BACKWARD
#undef TURNED
#undef ORDER_OF_float
#undef ORDER_OF_double
#undef AHEAD
#undef BACK
#undef STORE
#undef STORE_FLOATS_TURNED
#undef STORE_DOUBLES_TURNED
#undef WIDENED
#undef STORE_NARROWED
#undef WIDENED_AHEAD
#undef DIVIDED
#undef MULTIPLIED
#undef ITSELF
#undef DIFFERENCES
#undef QUOTIENTS
#undef BOTH_DIFFERENCES
#undef BOTH_VECTORS
#undef BOTH_GROUP
#undef BOTH_GROUPS
#undef STORE_BOTH
#undef BOTH_QUOTIENTS
#undef BOTH_OF
#undef FETCH_BOTH
#undef FETCH_GROUP
#undef FETCH_LINE
#undef ALONG
#undef ACROSS
#undef THE_SAME
#undef ITS_OWN
#undef COMBINATIONS
#undef ALONG_ROWS
#undef SHIFTED
#undef ALONG_AHEAD
#undef ALONG_BACK
#undef ALONG_WIDENED_AHEAD
#undef PLAIN_AHEAD
#undef ALONG_PLAIN_AHEAD
#undef COMBINED
#undef COMBINED_BELOW
#undef BOTH_COMBINATIONS
#undef BOTH_ROWS_OF
#undef FETCH_ROWS
#undef STORE_ALONG
#undef STORE_ACROSS
#undef SHIFTED_TWICE
#undef SHIFTED_BACK
#undef NUMBERS_OF
#undef PAIRS_PAY
#undef PAIRS
#undef HEAD
#undef ROWS_OF
#undef EACH_ROWS
#undef NO_GROUPS
#undef NO_COMBINATIONS
#undef CORRECTS
#undef CORRECTED
#undef RECIPROCAL
#undef STAY
#undef LEAVE
#undef BOUNDED
#undef CHUNK
#undef BOUNDED_FROM
#undef QUOTIENTS_OF_FLOATS
#undef BOTH_QUOTIENTS_OF_FLOATS
