/* The limit of divisions: three of them a point, of numbers that are at hand.

   NumPy's formula for coordinates whose steps differ divides three times a point, and
   rounds each quotient: whoever gives its bits has to. In one dimension, nothing but
   the data is shared by many points. */

#include <stddef.h>

enum { BLOCK = 512 };             /* points: four arrays of them lie in the first-level cache */

/* So that the compiler cannot leave out divisions of which nothing comes, or of the same numbers. */
volatile double checksum, one = 1;

static double x[BLOCK], y[BLOCK], z[BLOCK], quotients[BLOCK];

static void divide(ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        quotients[i] = x[i] / y[i] + y[i] / z[i] + z[i] / x[i];
}

void fill(const double *numbers)
{
    for (ptrdiff_t i = 0; i < BLOCK; i++) {
        x[i] = numbers[3 * i];
        y[i] = numbers[3 * i + 1];
        z[i] = numbers[3 * i + 2];
    }
}

void divide_three_times(ptrdiff_t points)
{
    for (ptrdiff_t done = 0; done < points; done += BLOCK) {
        divide(points - done < BLOCK ? points - done : BLOCK);
        checksum = quotients[0];
        x[0] = one;
    }
}
