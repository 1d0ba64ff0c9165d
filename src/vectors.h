/* Differences and combinations of rows whose numbers lie side by side, four vectors at a time, with
   the arithmetic of `quotient`, `product` and `combination`.

   All is loaded before the first is stored. A load waits for a store that has just begun at the
   same place of another page, as if it were of the same memory, and in turns of one vector, as
   compilers write them, it is most often the store of the turn before.

   Not on 32-bit arm, whose vectors take the smallest numbers for zero. */

#if defined(__GNUC__) && !defined(__arm__)

#if defined(__AVX512F__)
#define VECTOR 64
#elif defined(__AVX__)
#define VECTOR 32
#else
#define VECTOR 16
#endif

/* out[i] = (r[i] - p[i]) OPERATOR a, for whole groups of `count` numbers; return how many. */
#define DIFFERENCES(name, type, operator)                                                     \
    static Py_ssize_t name(type *out, const type *p, const type *r, type a, Py_ssize_t count) \
    {                                                                                         \
        typedef type vector __attribute__((                                                   \
            vector_size(VECTOR), aligned(sizeof(type)), may_alias));                          \
        const Py_ssize_t group = 4 * sizeof(vector) / sizeof(type);                           \
        Py_ssize_t i;                                                                         \
        for (i = 0; i + group <= count; i += group) {                                         \
            const vector *from = (const vector *)(p + i), *to = (const vector *)(r + i);      \
            vector *result = (vector *)(out + i);                                             \
            const vector first = (to[0] - from[0]) operator a;                                \
            const vector second = (to[1] - from[1]) operator a;                               \
            const vector third = (to[2] - from[2]) operator a;                                \
            const vector fourth = (to[3] - from[3]) operator a;                               \
            result[0] = first;                                                                \
            result[1] = second;                                                               \
            result[2] = third;                                                                \
            result[3] = fourth;                                                               \
        }                                                                                     \
        return i;                                                                             \
    }

/* out[i] = a p[i] + b q[i] + c r[i], in the same way: for whole groups; return how many. */
static Py_ssize_t combine_doubles(double *out, const double *p, const double *q, const double *r,
                                  double a, double b, double c, Py_ssize_t count)
{
    typedef double vector __attribute__((vector_size(VECTOR), aligned(sizeof(double)), may_alias));
    const Py_ssize_t group = 4 * sizeof(vector) / sizeof(double);
    Py_ssize_t i;
    for (i = 0; i + group <= count; i += group) {
        const vector *before = (const vector *)(p + i), *at = (const vector *)(q + i);
        const vector *after = (const vector *)(r + i);
        vector *result = (vector *)(out + i);
        const vector first = a * before[0] + b * at[0] + c * after[0];
        const vector second = a * before[1] + b * at[1] + c * after[1];
        const vector third = a * before[2] + b * at[2] + c * after[2];
        const vector fourth = a * before[3] + b * at[3] + c * after[3];
        result[0] = first;
        result[1] = second;
        result[2] = third;
        result[3] = fourth;
    }
    return i;
}

#else
#define DIFFERENCES(name, type, operator)                                                     \
    static Py_ssize_t name(type *out, const type *p, const type *r, type a, Py_ssize_t count) \
    {                                                                                         \
        (void)out, (void)p, (void)r, (void)a, (void)count;                                    \
        return 0;                                                                             \
    }

static Py_ssize_t combine_doubles(double *out, const double *p, const double *q, const double *r,
                                  double a, double b, double c, Py_ssize_t count)
{
    (void)out, (void)p, (void)q, (void)r, (void)a, (void)b, (void)c, (void)count;
    return 0;
}
#endif

DIFFERENCES(divide_floats, float, /)
DIFFERENCES(divide_doubles, double, /)
DIFFERENCES(scale_floats, float, *)
DIFFERENCES(scale_doubles, double, *)

#undef DIFFERENCES
#undef VECTOR
