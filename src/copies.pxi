# Boxes of f that are copied first, to numbers that kernels can read: where rows are too short to be
# converted one by one, or would be converted several times. Results of the other byte order are
# then written as kernels can, and swapped.

cdef enum:
    CACHED = 1 << 23              # bytes of a copy that stays in a cache, with part of the results,
    NEAR = 1 << 21                # and in a nearer one
    MOST_HALVES = 4               # of a box, that may be copied besides: `copies_little_more`
    BOX_RUN = 1024                # points of a run that boxes keep,
    BOX_RUN_CUT = 32              # or, where that is too many, keep in the end,
    BOX_LEAST = 8                 # and of an axis along which somebody differentiates

cdef Py_ssize_t ROWS_FROM = 256   # points of a row, from which on it is converted by itself


cdef Py_ssize_t points_in_a_row(const Plan *plan, const Job *job) noexcept nogil:
    """About how many points of f are converted at a time for this axis."""
    cdef Py_ssize_t points = 1
    cdef int d
    for d in range(plan.ndim - 1, job.dim - 1, -1):
        if d < plan.ndim - 1 and plan.stride[d] != plan.shape[d + 1] * plan.stride[d + 1]:
            break
        if d == job.dim and not job.uniform and points > 1:
            break                     # each of its points has coefficients of its own
        points *= plan.shape[d] if d > job.dim else max(job.n - EDGES, <Py_ssize_t> 1)
    return points


cdef inline Py_ssize_t size_of_copy(const Plan *plan) noexcept nogil:
    """Bytes of all of f, as kernels read it."""
    return plan.size * plan.parts * size_of(plan.value)


cdef bint has_brief_rows(const Plan *plan) noexcept nogil:
    """Whether some rows take longer to convert one by one than a copy does.

    Of much data a copy takes longer, and so it does if results have to be swapped. Rows that
    kernels read where they lie (see `scales_pixels`) take less. Across others each number is
    converted several times: for two axes that takes longer with rows of any length, while a copy is
    near.
    """
    cdef Py_ssize_t size = size_of_copy(plan)
    cdef Py_ssize_t brief = ROWS_FROM // 4, least
    cdef const Job *job
    cdef int j, converting = 0
    if size <= CACHED and not plan.swaps_back:
        brief = ROWS_FROM
    elif size <= CACHED // 2:
        brief = ROWS_FROM // 2
    for j in range(plan.njobs):
        job, least = &plan.jobs[j], brief
        if scales_pixels(plan, job, &job.interior):
            least = ROWS_FROM // 8
        else:
            converting += 1
        if points_in_a_row(plan, job) < least:
            return True
    return converting > 1 and plan.load != NULL and size <= NEAR


cdef bint is_better_copied(const Plan *plan) noexcept nogil:
    """Whether to copy boxes of f. Not of halves, which are written by rows as well."""
    cdef Py_ssize_t size = size_of_copy(plan), step = plan.stride[plan.ndim - 1] * plan.unit
    if ROWS_FROM == 0 or plan.store != NULL:
        return False
    # Loops over numbers that lie apart, or are one again and again, are no vector code. But much
    # that is only copied or swapped takes no less from boxes; sooner, if there is memory between.
    if step == 0:
        return True
    if step != plan.itemsize and plan.njobs > 1:
        if plan.load != NULL or size <= (4 * CACHED if step == -plan.itemsize else CACHED // 2):
            return True
    return has_brief_rows(plan)


cdef inline bint is_hard_to_read(const Plan *plan) noexcept nogil:
    """Whether a copy may be easier to read, and f is not next to nothing."""
    return plan.size > SHORT and (
        plan.stride[plan.ndim - 1] == 0 or plan.reads_rows and plan.ndim > 1)


cdef void copy_by_boxes(const Plan *source, Plan *plan) noexcept nogil:
    """Make a plan that does what another does, from copies of boxes of its f."""
    cdef int d
    cdef Py_ssize_t run = 1
    plan[0] = source[0]
    plan.source = source
    plan.itemsize = plan.unit = plan.parts * size_of(plan.value)
    plan.load, plan.scale_pixels = NULL, NULL
    plan.reads_rows = plan.copies = plan.swaps = False
    plan.swaps_results = plan.swaps_back
    plan.writes_rows = plan.swaps_back = False
    for d in range(plan.ndim - 1, -1, -1):
        plan.stride[d] = run
        run *= plan.shape[d]


cdef Py_ssize_t least_of(const Plan *plan, const Blocks *blocks, int d, int turn) noexcept nogil:
    """Points that the first or second turn of `shape_boxes` leaves of a dimension, at least."""
    cdef Py_ssize_t run = 1
    cdef int k
    if job_along(plan, d) != NULL:
        return blocks.shape[d] if turn == 0 else BOX_LEAST
    for k in range(d + 1, plan.ndim):
        run *= blocks.shape[k]
    return (BOX_RUN if turn == 0 else BOX_RUN_CUT) // run


cdef void shape_boxes(const Plan *plan, Py_ssize_t room, Blocks *blocks) noexcept nogil:
    """Cut blocks until they have so few points.

    First where nobody differentiates, for nothing is copied besides, for neighbours, but not into
    short runs. Then any, the slowest first, for runs are long then: not so far that neighbours are
    many, or runs next to nothing. Last the longest, and rows only if they are by far the longest.
    """
    cdef Py_ssize_t *shape = blocks.shape
    cdef Py_ssize_t points = 1, least, length
    cdef int d, turn, last = plan.ndim - 1, longest
    for d in range(plan.ndim):
        points *= shape[d]
    for turn in range(2):
        for d in range(last):
            least = max(least_of(plan, blocks, d, turn), <Py_ssize_t> 1)
            while points > room and shape[d] >= 2 * least:
                points //= shape[d]
                shape[d] = (shape[d] + 1) // 2
                points *= shape[d]
    while points > room:
        longest, length = last, max(shape[last] // 16, <Py_ssize_t> 1)
        for d in range(last):
            if shape[d] > length:
                longest, length = d, shape[d]
        points //= shape[longest]
        shape[longest] = (shape[longest] + 1) // 2
        points *= shape[longest]


cdef Py_ssize_t size_of_box(const Plan *plan, const Blocks *blocks) noexcept nogil:
    """Bytes for the copy of a block, with what is copied besides, for neighbours."""
    cdef Py_ssize_t size = plan.itemsize
    cdef int d
    for d in range(plan.ndim):
        size *= blocks.shape[d] if job_along(plan, d) == NULL else (
            min(blocks.shape[d] + 2, plan.shape[d]))
    return size


cdef bint copies_little_more(Plan *plan, int workers) noexcept nogil:
    """Whether boxes are few bytes more than what is in them: of many short axes they are not.

    At most half as many more; or, where rows take longest, half as many for each axis along which
    they are very short.
    """
    cdef Blocks blocks
    cdef Py_ssize_t size = plan.itemsize
    cdef int d, j, halves = 0
    for j in range(plan.njobs):
        halves += points_in_a_row(plan.source, &plan.source.jobs[j]) < ROWS_FROM // 4
        if not plan.jobs[j].uniform:
            plan.jobs[j].capacity = plan.jobs[j].n      # or nearly, see `allocate_room_for`
    shape_blocks(plan, workers, &blocks)
    for d in range(plan.ndim):
        size *= blocks.shape[d]
    return size_of_box(plan, &blocks) <= size + size // 2 * min(max(halves, 1), MOST_HALVES)


cdef int loops_over(const Plan *plan, const Py_ssize_t *stride, Py_ssize_t dense,
                    const Py_ssize_t *lo, const Py_ssize_t *hi, Loop *loops) noexcept nogil:
    """The loops over a box of f, or of a result, and over a copy that is one run of memory.

    `dense` is the stride of numbers that lie side by side.
    """
    cdef Py_ssize_t count, run = 1
    cdef int d, n = 0
    cdef bint spread
    for d in range(plan.ndim):
        run *= hi[d] - lo[d]
    for d in range(plan.ndim):
        count = hi[d] - lo[d]
        run //= count
        if count == 1:
            continue
        if n and loops[n - 1].stride == count * stride[d]:
            loops[n - 1] = Loop(False, loops[n - 1].count * count, stride[d], run, 0)
        else:
            loops[n] = Loop(False, count, stride[d], run, 0)
            n += 1
    if n == 0:
        loops[0] = Loop(False, 1, 1, 1, 0)
        n = 1
    spread = loops[n - 1].stride != dense and loops[n - 1].stride != -dense
    return choose_row(loops, n, 2 * SHORT if spread else SHORT)


cdef void repeat_number(char *copy, Py_ssize_t itemsize, Py_ssize_t count) noexcept nogil:
    """Copy the first number of a row to all the others."""
    cdef Py_ssize_t done = 1, some
    while done < count:
        some = min(done, count - done)
        memcpy(copy + done * itemsize, copy, some * itemsize)
        done += some


cdef void copy_numbers_of(const Plan *plan, const Loop *row, const char *f,
                          char *copy) noexcept nogil:
    """Copy a row of any length."""
    cdef char room[ROW_ROOM]
    cdef Py_ssize_t itemsize = plan.parts * size_of(plan.value), left = row.count, some
    cdef Loop first
    if row.stride == 0 and row.out_stride == 1 and row.count >= SHORT * SHORT:
        first = Loop(False, 1, 0, 1, 0)
        copy_numbers_of(plan, &first, f, copy)
        repeat_number(copy, itemsize, row.count)
        return
    if plan.load == NULL:
        LOOPS.copy_numbers(copy, row.out_stride * itemsize, f, row.stride * plan.unit, left,
                           size_of(plan.value), plan.parts, plan.swaps)
        return
    while left:
        some = min(left, row_points(plan))
        read_row(plan, copy if row.out_stride == 1 else aligned(room), f, row.stride, some)
        if row.out_stride != 1:
            LOOPS.copy_numbers(copy, row.out_stride * itemsize, aligned(room), itemsize, some,
                               size_of(plan.value), plan.parts, False)
        f += some * row.stride * plan.unit
        copy += some * row.out_stride * itemsize
        left -= some


cdef void swap_numbers_of(const Plan *plan, const Loop *row, char *out) noexcept nogil:
    """Swap the bytes of each number in a row of a result."""
    cdef char room[ROW_ROOM]
    cdef Py_ssize_t size = plan.out_itemsize // plan.parts, left = row.count, some
    cdef Py_ssize_t step = row.stride * plan.out_itemsize
    while left:
        some = min(left, ROW_ROOM // plan.out_itemsize)
        LOOPS.copy_numbers(room, plan.out_itemsize, out, step, some, size, plan.parts, True)
        LOOPS.copy_numbers(out, step, room, plan.out_itemsize, some, size, plan.parts, False)
        out += some * step
        left -= some


cdef void go_over_box(const Plan *plan, const Py_ssize_t *stride, Py_ssize_t unit, char *begin,
                      const Py_ssize_t *lo, const Py_ssize_t *hi, char *copy) noexcept nogil:
    """Copy a box of f, or, where there is no copy, swap one of a result."""
    cdef Loop loops[MAX_DIMS]
    cdef Py_ssize_t index[MAX_DIMS]
    cdef Py_ssize_t move, itemsize = plan.parts * size_of(plan.value)
    cdef Py_ssize_t dense = 1 if copy == NULL else plan.itemsize // unit
    cdef int d, n = loops_over(plan, stride, dense, lo, hi, loops)
    for d in range(plan.ndim):
        begin += lo[d] * stride[d] * unit
        index[d] = 0
    while True:
        if copy == NULL:
            swap_numbers_of(plan, &loops[n - 1], begin)
        else:
            copy_numbers_of(plan, &loops[n - 1], begin, copy)
        # On to the next row.
        d = n - 2
        while d >= 0:
            index[d] += 1
            move = 1 - loops[d].count if index[d] == loops[d].count else 1
            begin += move * loops[d].stride * unit
            if copy != NULL:
                copy += move * loops[d].out_stride * itemsize
            if move == 1:
                break
            index[d] = 0
            d -= 1
        if d < 0:
            return


cdef void copy_box(Plan *plan, const Py_ssize_t *lo, const Py_ssize_t *hi) noexcept nogil:
    """Copy a box, and neighbours of its points in other boxes, and have it be read there."""
    cdef const Plan *source = plan.source
    cdef Py_ssize_t begin[MAX_DIMS]
    cdef Py_ssize_t end[MAX_DIMS]
    cdef Py_ssize_t n, run = 1, offset = 0
    cdef int d, j
    memcpy(begin, lo, plan.ndim * sizeof(begin[0]))
    memcpy(end, hi, plan.ndim * sizeof(end[0]))
    for j in range(plan.njobs):
        d, n = plan.jobs[j].dim, plan.jobs[j].n
        # An edge may need three points.
        begin[d] = max(min(lo[d] - 1, n - 3 if hi[d] == n else n), <Py_ssize_t> 0)
        end[d] = min(max(hi[d] + 1, <Py_ssize_t> 3 if lo[d] == 0 else 0), n)
    go_over_box(source, source.stride, source.unit, <char *> source.f, begin, end, plan.box)
    for d in range(plan.ndim - 1, -1, -1):
        plan.stride[d] = run
        offset += begin[d] * run
        run *= end[d] - begin[d]
    plan.f = plan.box - offset * plan.itemsize


cdef inline bint is_like_results(const Plan *plan) noexcept nogil:
    """Whether places in f are those in dense results: not in a copy of a part of it."""
    cdef Py_ssize_t run = 1
    cdef int d
    if plan.source != NULL:
        for d in range(plan.ndim - 1, -1, -1):
            if plan.stride[d] != run:
                return False
            run *= plan.shape[d]
    return True


cdef void swap_box(const Plan *plan, const Py_ssize_t *lo, const Py_ssize_t *hi) noexcept nogil:
    """Swap the bytes of each number of the results in a box."""
    cdef int j
    for j in range(plan.njobs):
        go_over_box(plan, plan.jobs[j].out_stride, plan.out_itemsize, plan.jobs[j].out, lo, hi,
                    NULL)
