/* Differences and combinations of rows whose numbers lie side by side, differences also of rows of
   f backward, four vectors at a time, with the arithmetic of `quotient`, `product` and
   `combination`.

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

/* Vector k of a group: from p + i on, or, backward, from p - i on down. */
#define FORWARD(p, k) ((const vector *)(p + i))[k]
#define BACKWARD(p, k) ((const vector *)(p - i + 1))[-1 - k]
#define AS_IT_IS(v, type) v

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

/* out[i] = (r[i] - p[i]) OPERATOR a, or, backward, (r[-i] - p[-i]) OPERATOR a, for whole groups of
   `count` numbers; return how many. */
#define DIFFERENCES(name, type, operator, at, turned)                                         \
    static Py_ssize_t name(type *out, const type *p, const type *r, type a, Py_ssize_t count) \
    {                                                                                         \
        typedef type vector __attribute__((                                                   \
            vector_size(VECTOR), aligned(sizeof(type)), may_alias));                          \
        const Py_ssize_t group = 4 * sizeof(vector) / sizeof(type);                           \
        Py_ssize_t i;                                                                         \
        for (i = 0; i + group <= count; i += group) {                                         \
            vector *result = (vector *)(out + i);                                             \
            const vector first = (at(r, 0) - at(p, 0)) operator a;                            \
            const vector second = (at(r, 1) - at(p, 1)) operator a;                           \
            const vector third = (at(r, 2) - at(p, 2)) operator a;                            \
            const vector fourth = (at(r, 3) - at(p, 3)) operator a;                           \
            result[0] = turned(first, type);                                                  \
            result[1] = turned(second, type);                                                 \
            result[2] = turned(third, type);                                                  \
            result[3] = turned(fourth, type);                                                 \
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
#define DIFFERENCES(name, type, operator, at, turned) NO_GROUPS(name, type)

static Py_ssize_t combine_doubles(double *out, const double *p, const double *q, const double *r,
                                  double a, double b, double c, Py_ssize_t count)
{
    (void)out, (void)p, (void)q, (void)r, (void)a, (void)b, (void)c, (void)count;
    return 0;
}
#endif

#define NO_GROUPS(name, type)                                                                 \
    static Py_ssize_t name(type *out, const type *p, const type *r, type a, Py_ssize_t count) \
    {                                                                                         \
        (void)out, (void)p, (void)r, (void)a, (void)count;                                    \
        return 0;                                                                             \
    }

DIFFERENCES(divide_floats, float, /, FORWARD, AS_IT_IS)
DIFFERENCES(divide_doubles, double, /, FORWARD, AS_IT_IS)
DIFFERENCES(scale_floats, float, *, FORWARD, AS_IT_IS)
DIFFERENCES(scale_doubles, double, *, FORWARD, AS_IT_IS)

#if defined(TURNED)
DIFFERENCES(divide_floats_backward, float, /, BACKWARD, TURNED)
DIFFERENCES(divide_doubles_backward, double, /, BACKWARD, TURNED)
DIFFERENCES(scale_floats_backward, float, *, BACKWARD, TURNED)
DIFFERENCES(scale_doubles_backward, double, *, BACKWARD, TURNED)
#else
NO_GROUPS(divide_floats_backward, float)
NO_GROUPS(divide_doubles_backward, double)
NO_GROUPS(scale_floats_backward, float)
NO_GROUPS(scale_doubles_backward, double)
#endif

#undef DIFFERENCES
#undef NO_GROUPS
#undef FORWARD
#undef BACKWARD
#undef AS_IT_IS
#undef TURNED
#undef VECTOR
