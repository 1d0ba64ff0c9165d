/* Blocks of malloc's for less than 256 KiB, kept when they are freed.

   malloc and free of a result of some KiB take a tenth of a call. So blocks of each of
   some sizes, eight to a power of two, are kept in a few places, and taken and put by
   an exchange: a lock takes as long as malloc does. */

#include <stdint.h>
#include <stdlib.h>

/* From a room of so much to less than that; how many sizes that are, how many blocks of each are
   kept, and a bound of what all come to. */
enum { SMALLEST = 1 << 10, LARGE = 1 << 18, SIZES = 8 * 8 + 1, OF_EACH = 4,
       SMALL_IN_ALL = 16 << 20 };

/* How malloc's memory is aligned. What a block has beside its room: a header, and less than a cache
   line, so that data begin at any place of one; and how far the data of all but short ones may be
   shifted. */
enum { ALIGNED = 16, BEFORE_DATA = 2 * 64, WORTH_SHIFTING = 4096, SOON = 640 };

static char *kept_small[SIZES][OF_EACH];

/* The smallest of the sizes whose room is enough. */
static int number_of_small(size_t size)
{
    const uint64_t last = (size > SMALLEST ? size : SMALLEST) - 1;
    const int power = 63 - __builtin_clzll(last);
    return 8 * (power - 10) + (int)(last >> (power - 3) & 7) + 1;
}

static size_t room_of_small(int number)
{
    return (size_t)(9 + (number + 7) % 8) << ((number + 7) / 8 + 6);
}

static size_t size_of_small(int number)
{
    const size_t room = room_of_small(number);
    return BEFORE_DATA + room + (room < WORTH_SHIFTING ? 0 : SOON);
}

static char *exchange(char **place, char *block)
{
    return __atomic_exchange_n(place, block, __ATOMIC_ACQ_REL);
}

static int is_empty(char **place) { return !__atomic_load_n(place, __ATOMIC_RELAXED); }

static char *take_small(int number)
{
    char *block = NULL;
    for (int i = 0; i < OF_EACH && !block; i++)
        if (!is_empty(&kept_small[number][i]))
            block = exchange(&kept_small[number][i], NULL);
    return block ? block : malloc(size_of_small(number));
}

static void free_small(char *block, int number, int keep)
{
    for (int i = 0; i < OF_EACH && block && keep; i++)
        if (is_empty(&kept_small[number][i]))
            /* Another thread may have filled it meanwhile. */
            block = exchange(&kept_small[number][i], block);
    free(block);
}

/* Give back all that are kept; return how many bytes that were. */
static size_t free_kept_small(void)
{
    size_t freed = 0;
    for (int number = 0; number < SIZES; number++)
        for (int i = 0; i < OF_EACH; i++) {
            char *block = exchange(&kept_small[number][i], NULL);
            freed += block ? size_of_small(number) : 0;
            free(block);
        }
    return freed;
}
