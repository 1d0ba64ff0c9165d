/* The time of divisions: three of them a point, of numbers that are at hand.

   NumPy's formula for coordinates whose steps differ divides three times a point, and
   rounds each quotient. In one dimension no two points share them, so whoever divides
   as NumPy does takes at least as long. */

#include <stddef.h>

enum { BLOCK = 512 };             /* points: four arrays of them lie in the first-level cache */

static double x[BLOCK], y[BLOCK], z[BLOCK], quotients[BLOCK];

static void divide(ptrdiff_t n)
{
    for (ptrdiff_t i = 0; i < n; i++)
        quotients[i] = x[i] / y[i] + y[i] / z[i] + z[i] / x[i];
}

/* As steps between coordinates may be: quotients of simple numbers can take less time. */
void fill(void)
{
    for (ptrdiff_t i = 0; i < BLOCK; i++) {
        x[i] = 1 + (double) (i * 37 % 101) / 203;
        y[i] = 1 + (double) (i * 41 % 103) / 207;
        z[i] = 1 + (double) (i * 43 % 107) / 215;
    }
}

void divide_three_times(ptrdiff_t points)
{
    for (ptrdiff_t done = 0; done < points; done += BLOCK) {
        divide(points - done < BLOCK ? points - done : BLOCK);
        /* For all that the compiler knows, this reads the quotients and changes the numbers. */
        __asm__ volatile("" : : "r"(x), "r"(quotients) : "memory");
    }
}
