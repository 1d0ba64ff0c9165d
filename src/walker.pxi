# The walker: what moves over all the axes but the one that a row runs along.
#
# `walk` visits f block by block, and each block once for every axis while it is
# in cache. `visit` cuts a block along an axis into first edge, interior and last
# edge; they differ only in their `Stencil`. `prepare_sweep` finds out which loops go
# over such a box and which of them is the row; `apply` runs one stencil over it, row
# by row. Two axes may be taken at once: `visit_two`. Data that is one row, or can be run over
# as if it were, needs none of this: `visit_row` and `visit_flat`.
#
# None of this can fail: no allocation, no Python, no status.

cdef extern from *:
    """
    /* Bytes that hold a row of 4 KiB and the largest number after it on either side, from a cache
       line on, wherever the memory begins, and a line before it. */
    enum { ROW_ROOM = 4096 + 2 * 32 + 2 * 64 };
    """
    enum:
        ROW_ROOM

cdef enum:
    MAX_DIMS = 64                 # NumPy's own limit
    WHOLE = 2048                  # points: fewer are one block, and all their coefficients are kept
    BLOCK = 1 << 18               # bytes of f in a block: with results of its size, about an L2
    ROW = 512                     # doubles that are loaded at a time: three rows fit in L1
    SHARES = 4                    # blocks for each worker, at least, so that none waits long
    FETCH_FROM = 1 << 22          # bytes of f, from which on its rows come from memory
    AHEAD = 3                     # rows: so soon is one of these asked for
    EDGES = 2                     # points of an axis that are no interior ones
    BRIEF = 1536                  # bytes of a row that is short: see `brief_bytes`
    TOGETHER = 1 << 14            # bytes of such rows: with as much of a result, about an L1
    TWO_FROM = 1 << 15            # bytes of f, from which on two axes at once pay; less may be flat
    TWO_TOGETHER = 1 << 15        # bytes of rows that are then run over at once,
    TWO_ROWS = 100                # and how many: their edges lie in as many lines
    TWO_AHEAD = 1 << 12           # bytes: so far ahead are large data and results asked for
    APART_TO = 1 << 24            # bytes of f and results, up to which long rows are not made one
    SHORT = 8                     # below this a row costs more to start than to run
    ENOUGH = 32                   # and from so many points on no longer one is looked for

cdef struct Stencil:
    row_kernel kernel             # for coefficients that are the same for a whole row
    row_kernel varying            # for those that change along it, if they do
    Kind kind
    Precision type                # of the coefficients, as the kernel reads them
    Coefficients abc              # the coefficients, if they do not
    Py_ssize_t size               # of a coefficient, in bytes
    int points                    # 2 or 3: whether q is read
    Py_ssize_t reach[3]           # where p, q, r are, in points along the axis

cdef struct Coordinates:
    const char *x                 # the coordinate of the first point
    Py_ssize_t stride
    Py_ssize_t itemsize
    Precision precision           # in which steps and coefficients are worked out
    Precision stored              # of the numbers as they lie there; WEAK for integers
    row_loader load

cdef struct Job:
    # One axis to differentiate, and where its result goes.
    int dim                       # which of the plan's dimensions
    Py_ssize_t n                  # its length
    char *out
    Py_ssize_t out_stride[MAX_DIMS]    # in elements, like all strides here
    Stencil first
    Stencil interior
    Stencil last
    bint uniform
    bint mixed                    # whether the edges are computed in another type
    bint direct                   # whether coefficients are worked out as they are used
    bint in_place                 # and from coordinates where they lie
    # Nonuniform alone: the coefficients of the interior points start to stop, at
    # most `capacity` of them, in three runs of memory, `run` bytes apart. Or, direct, the
    # coordinates from the point before them to the point after.
    Coordinates coordinates
    filler fill
    void *memory
    char *coefficients
    Py_ssize_t run
    Py_ssize_t capacity
    Py_ssize_t start
    Py_ssize_t stop

cdef struct Plan:
    const char *f
    int ndim                      # dimensions longer than one, slowest first
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t stride[MAX_DIMS]   # of f
    Py_ssize_t size               # points in all
    Py_ssize_t bytes              # of f and all results
    Py_ssize_t unit               # bytes in which its strides are given: a number, or 1
    Py_ssize_t itemsize           # of f
    Py_ssize_t out_itemsize
    Precision value               # of the kernels' rows
    int parts                     # of a number: 2 where it is complex
    bint halves                   # whether anything is rounded to half precision
    bint extended                 # whether anything is computed in extended precision
    # Where kernels cannot read f itself: copied to dense rows, then loaded.
    bint reads_rows
    bint copies                   # f is not aligned, or of the other byte order
    bint swaps                    # f is of the other byte order
    bint swaps_back               # and so are the results
    # Or where boxes of f are copied first (copies.pxi):
    const Plan *source            # how f lies; else NULL
    char *box                     # where the copies go
    bint swaps_results            # whose bytes are swapped after each box
    row_loader load
    row_kernel scale_pixels       # the one kernel that can, if there is one; it writes results, too
    # Where they cannot write results themselves, either.
    bint writes_rows
    row_storer store
    bint streams                  # results of numbers side by side go past the caches
    bint fetches                  # rows of f are asked for before they are needed
    bint crosses_edges            # kernels may run from one row into the next
    bint flat                     # and over all of f as if it were one
    bint takes_two                # and along the two fastest axes at once
    Py_ssize_t ahead              # then, if not 0: see Rows
    bint in_order                 # blocks are visited in the order of memory
    int njobs
    Job *jobs
    int events                    # that a helper thread met


cdef const position_t *coordinates_from(const Coordinates *coordinates, Py_ssize_t start,
                                        Py_ssize_t count, position_t *row) noexcept nogil:
    """Return `count` coordinates: where they lie, if they can be read there, or loaded into row."""
    cdef const char *x = coordinates.x + start * coordinates.stride * coordinates.itemsize
    cdef Precision own = DOUBLE
    if position_t is longdouble:
        own = EXTENDED
    if coordinates.stride == 1 and coordinates.stored == own:
        return <const position_t *> x
    coordinates.load(row, x, coordinates.stride, count)
    return row


cdef void _fill_coefficients(Job *job, Py_ssize_t start, Py_ssize_t stop,
                             position_t type_tag) noexcept nogil:
    cdef position_t row[ROW + 2]
    cdef const position_t *x
    cdef Py_ssize_t i = start, count, offset
    while i < stop:
        count = min(<Py_ssize_t> ROW, stop - i)
        offset = (i - start) * job.interior.size
        x = coordinates_from(&job.coordinates, i - 1, count + 2, row)
        job.fill(x, count, job.coordinates.precision, job.coefficients + offset,
                 job.coefficients + job.run + offset, job.coefficients + 2 * job.run + offset)
        i += count


cdef void fill_coefficients(Job *job, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Have the coefficients of the interior points start to stop, and maybe more.

    Or bring together the coordinates that they are worked out from as they are used.
    """
    cdef const Coordinates *coordinates = &job.coordinates
    if job.start <= start and stop <= job.stop:
        return
    job.start = start
    job.stop = min(start + job.capacity, job.n - 1)
    if job.direct:
        coordinates.load(
            job.coefficients,
            coordinates.x + (start - 1) * coordinates.stride * coordinates.itemsize,
            coordinates.stride, job.stop - start + 2)
    elif coordinates.precision == EXTENDED:
        _fill_coefficients(job, start, job.stop, <longdouble> 0)
    else:
        _fill_coefficients(job, start, job.stop, <double> 0)


cdef inline char *aligned(char *row) noexcept nogil:
    """Where a cache line begins in a row: vectors that lie in two are slower."""
    return row + (-<size_t> row & (LINE - 1))


cdef void read_row(const Plan *plan, char *row, const char *f, Py_ssize_t step,
                   Py_ssize_t count) noexcept nogil:
    """Bring numbers of f, `step` units apart, into a row that kernels can read."""
    cdef char dense_room[ROW_ROOM]
    cdef char *dense = aligned(dense_room)
    cdef char *copy = row if plan.load == NULL else dense
    if plan.copies:
        LOOPS.copy_numbers(copy, plan.itemsize, f, step * plan.unit, count,
                           plan.itemsize // plan.parts, plan.parts, plan.swaps)
        f, step = copy, 1
    if plan.load != NULL:
        plan.load(row, f, step, count)


cdef void write_row(const Plan *plan, char *out, Py_ssize_t step, char *row, Py_ssize_t count,
                    bint stream, const char *ahead, Py_ssize_t ahead_step) noexcept nogil:
    """Bring a row that a kernel wrote to a result; streaming it, ask for numbers of f ahead."""
    cdef char dense_room[ROW_ROOM]
    cdef char *dense = aligned(dense_room)
    cdef Py_ssize_t size = plan.out_itemsize // plan.parts
    if plan.store != NULL and not stream and not plan.swaps_back:
        plan.store(out, step, row, count)
        return
    if plan.store != NULL:
        plan.store(dense, 1, row, count)
        row = dense
    elif stream and plan.swaps_back:
        LOOPS.copy_numbers(dense, plan.out_itemsize, row, plan.out_itemsize, count, size,
                           plan.parts, True)
        row = dense
    if stream:
        stream_bytes(out, row, count * plan.out_itemsize, ahead,
                     LINE // plan.out_itemsize * ahead_step)
    else:
        LOOPS.copy_numbers(out, step * plan.out_itemsize, row, plan.out_itemsize, count, size,
                           plan.parts, plan.swaps_back)


cdef inline Py_ssize_t row_points(const Plan *plan) noexcept nogil:
    """How many points there is room for in a row, its edges not counted."""
    return <Py_ssize_t> (ROW * sizeof(double)) // (plan.parts * size_of(plan.value))


cdef bint has_gaps(const Plan *plan) noexcept nogil:
    """Whether f is no run of memory in the order of the results.

    The processor asks for what comes next in memory by itself; for rows that begin elsewhere, too
    late.
    """
    cdef Py_ssize_t size = plan.itemsize, stride
    cdef int d
    for d in range(plan.ndim - 1, -1, -1):
        stride = plan.stride[d] * plan.unit
        if stride != size and stride != -size:
            return True
        size *= plan.shape[d]
    return False


cdef struct Ring:
    # The rows of f around the points at hand, where kernels can read them.
    char memory[3][ROW_ROOM]
    const char *row[3]


cdef void read_rows(const Plan *plan, Ring *ring, const char *const *f, bint reads, bint along,
                    bint rolling, int points, const Rows *rows, Py_ssize_t k, Py_ssize_t done,
                    Py_ssize_t count) noexcept nogil:
    """Bring up to date what a kernel reads for `count` points of row k from `done` on."""
    cdef Py_ssize_t itemsize = plan.parts * size_of(plan.value)
    cdef Py_ssize_t jump = rows.jump * plan.unit, skip = done * rows.step * plan.unit
    cdef Py_ssize_t i, slot
    if not reads:
        for i in range(3):
            ring.row[i] = f[i] + k * jump + skip
    elif along:
        # The neighbours are in the same row.
        read_row(plan, aligned(ring.memory[0]), f[0] + k * jump + skip, rows.step, count + 2)
        for i in range(3):
            ring.row[i] = aligned(ring.memory[0]) + i * itemsize
    elif rolling:
        # Two of the three were read for the last row.
        for i in range(3):
            slot = (k + i) % 3
            if k == 0 or i == 2:
                read_row(plan, aligned(ring.memory[slot]), f[0] + (k + i) * jump + skip,
                         rows.step, count)
            ring.row[i] = aligned(ring.memory[slot])
    else:
        for i in range(3):
            if i != 1 or points == 3:
                read_row(plan, aligned(ring.memory[i]), f[i] + k * jump + skip, rows.step, count)
            ring.row[i] = aligned(ring.memory[i])


cdef void run_by_rows(const Plan *plan, const Stencil *stencil, row_kernel kernel, char *out,
                      const char *const *f, const char *const *coefficients, bint along,
                      bint reads, bint writes, bint stream, const Rows *rows) noexcept nogil:
    """Run a kernel over rows of f that first have to be read or fetched, or into rows of its own.

    `writes` is whether results are brought from such a row to where they go.
    """
    cdef Ring ring
    cdef char result_room[ROW_ROOM]
    cdef char *result = aligned(result_room) + LINE
    cdef Py_ssize_t room = row_points(plan), itemsize = plan.parts * size_of(plan.value)
    cdef Py_ssize_t k = 0, together = 1, skip, done
    cdef Rows part = rows[0]
    cdef Py_ssize_t step = rows.step * plan.unit
    cdef const char *ahead
    cdef char *target
    cdef int edge = rows.edge_points != 0
    cdef bint fetches_ahead = plan.fetches and rows.count <= room
    # Whether the rows before and after one are its neighbours, and each is read at once.
    cdef bint rolling = (rows.rows > 1 and not stream and rows.count <= room
                         and f[2] - f[0] == 2 * rows.jump * plan.unit)
    part.step = plan.parts if reads else rows.step * plan.parts
    part.out_step = plan.parts if writes else rows.out_step * plan.parts
    part.jump, part.out_jump = rows.jump * plan.parts, rows.out_jump * plan.parts
    if stream and edge and not reads and not fetches_ahead and (
            rows.out_jump == rows.count + EDGES <= room):
        # Whole rows that follow one another: a line for two of them is written once.
        together = room // rows.out_jump
    while k < rows.rows:
        done = 0
        part.rows = min(together, rows.rows - k)
        target = out + k * rows.out_jump * plan.out_itemsize
        part.count = min(room, rows.count)
        if stream and not edge:
            # To the end of a line first, so that all others are whole.
            part.count = min(part.count, room - <Py_ssize_t> (
                <size_t> target & (LINE - 1)) // plan.out_itemsize)
        # Asked for is a row that comes soon, or else (below) the stretch after the next: for the
        # next it is too late.
        ahead = f[0 if along else 2] + min(k + AHEAD, rows.rows - 1) * rows.jump * plan.unit
        if fetches_ahead and not stream and k + AHEAD < rows.rows:
            fetch_row(ahead, step, rows.count)
        while done < rows.count:
            read_rows(plan, &ring, f, reads, along, rolling, stencil.points, rows, k, done,
                      part.count)
            skip = k * rows.coefficient_jump * stencil.size
            if stencil.varying == kernel:
                skip += done * stencil.size
            kernel(result if writes else target,
                   ring.row[0], ring.row[1], ring.row[2], coefficients[0] + skip,
                   coefficients[1] + skip, coefficients[2] + skip, &part)
            done += part.count
            if not fetches_ahead:
                ahead = f[2] + (k + together - 1) * rows.jump * plan.unit + (done + room) * step
            if writes:
                write_row(plan, target - edge * rows.out_step * plan.out_itemsize, rows.out_step,
                          result - edge * itemsize, part.rows * (part.count + 2 * edge), stream,
                          ahead, step)
            target += part.count * rows.out_step * plan.out_itemsize
            part.count = min(room, rows.count - done)
        k += together


cdef inline Py_ssize_t brief_bytes(const Plan *plan, const Stencil *stencil) noexcept nogil:
    """Bytes of a row, up to which several are run over at once.

    To start on one costs more where quotients are corrected (quotients.h); others that are divided
    lose nothing.
    """
    cdef const Kernels *kernels = &LOOPS.kernels[<int> plan.value][<int> stencil.type]
    return 2 * BRIEF if stencil.kernel == kernels.divide else BRIEF


cdef bint may_cross_edges(const Plan *plan) noexcept nogil:
    """Whether there are short rows along a uniform axis, in which kernels can read and write.

    Or longer ones, if two axes are taken at once.
    """
    cdef int j
    if plan.takes_two and job_along(plan, plan.ndim - 1).uniform:
        return True
    if plan.ndim == 1 or plan.parts == 2 or plan.reads_rows or plan.halves:
        return False
    for j in range(plan.njobs):
        if plan.jobs[j].uniform and (
                plan.jobs[j].n * plan.itemsize <= brief_bytes(plan, &plan.jobs[j].interior)):
            return True
    return False


cdef void run_edge(const Plan *plan, const Stencil *stencil, char *out, const char *f,
                   Py_ssize_t step, const Rows *points) noexcept nogil:
    """Run the stencil of an edge over these points of as many rows."""
    cdef const char *abc = <const char *> &stencil.abc
    step *= plan.itemsize
    stencil.kernel(out, f + stencil.reach[0] * step, f + stencil.reach[1] * step,
                   f + stencil.reach[2] * step, abc, abc + stencil.size, abc + 2 * stencil.size,
                   points)


cdef void run_together(const Plan *plan, const Job *job, row_kernel kernel, char *out,
                       const char *const *f, const char *const *coefficients,
                       Py_ssize_t together, const Rows *rows) noexcept nogil:
    """Run over several short rows at once, and over what comes out across edges by their stencils.

    Starting a row costs as much as a dozen points of it.
    """
    cdef Rows run = rows[0], points = rows[0]
    cdef Py_ssize_t k = 0, skip, out_skip, n = rows.count + EDGES
    cdef Py_ssize_t last = (n - 1) * rows.step * plan.itemsize
    cdef Py_ssize_t out_last = (n - 1) * plan.out_itemsize
    run.edge_points = points.edge_points = 0
    run.rows = points.rows = 1
    points.step, points.out_step = rows.jump, rows.out_jump
    while k < rows.rows:
        points.count = min(together, rows.rows - k)
        run.count = points.count * n - EDGES
        skip = k * rows.jump * plan.itemsize
        out_skip = k * rows.out_jump * plan.out_itemsize
        kernel(out + out_skip, f[0] + skip, f[1] + skip, f[2] + skip,
               coefficients[0], coefficients[1], coefficients[2], &run)
        out_skip -= plan.out_itemsize
        run_edge(plan, &job.first, out + out_skip, f[0] + skip, rows.step, &points)
        run_edge(plan, &job.last, out + out_skip + out_last, f[0] + skip + last, rows.step,
                 &points)
        k += together


cdef struct Loop:
    bint along                    # the axis that is differentiated, and no other
    Py_ssize_t count
    Py_ssize_t stride             # of f
    Py_ssize_t out_stride
    Py_ssize_t coefficient_stride


cdef int make_loops(const Plan *plan, const Job *job, const Py_ssize_t *lo,
                    const Py_ssize_t *hi, Py_ssize_t extent, bint varying, bint crosses,
                    Py_ssize_t apart, Loop *loops) noexcept nogil:
    """The loops over a box, slowest first; neighbours that are one run of memory become one.

    `crosses` is whether rows may be run over together with the edges between them. Then the last
    dimension has a loop even if the interior is one point. If the next dimension has `apart` points
    or more, rows that are next to each other along the axis stay so.

    There is one at least, and before them always one that ends at once: for there are points in any
    row, and rows.
    """
    cdef Loop loop
    cdef Loop *slower = NULL
    cdef int d, n = 0
    loops[-1] = loops[0] = Loop(False, 1, 0, 0, 0)
    for d in range(plan.ndim):
        loop.count = extent if d == job.dim else hi[d] - lo[d]
        loop.along = d == job.dim
        if loop.count == 1 and not (crosses and loop.along and d == plan.ndim - 1):
            continue
        loop.stride = plan.stride[d]
        loop.out_stride = job.out_stride[d]
        loop.coefficient_stride = varying and loop.along
        if (slower != NULL and not (slower.along and loop.count >= apart)
                and slower.stride == loop.count * loop.stride
                and slower.out_stride == loop.count * loop.out_stride
                and not slower.coefficient_stride and not loop.coefficient_stride):
            slower.along = False
            slower.count *= loop.count
            slower.stride = loop.stride
            slower.out_stride = loop.out_stride
        else:
            loops[n] = loop
            slower = &loops[n]
            n += 1
    return max(n, 1)


cdef inline bint is_dense(const Loop *loop) noexcept nogil:
    """Whether its numbers lie side by side, in any order."""
    return loop.stride == 1 or loop.stride == -1


cdef Py_ssize_t rows_together(const Plan *plan, const Job *job, const Loop *fastest) noexcept nogil:
    """How many rows, whole but for their edges, a kernel may run over at once, edges and all."""
    cdef const Loop *slower = fastest - 1
    cdef Py_ssize_t n = fastest.count + EDGES, size = n * plan.itemsize
    if (not fastest.along or max(fastest.count, slower.count) < SHORT
            or size > brief_bytes(plan, &job.interior) or fastest.out_stride != 1
            or slower.stride != n * fastest.stride or slower.out_stride != n
            or plan.fetches and not is_dense(fastest)):
        return 1
    return TOGETHER // size


cdef int choose_row(Loop *loops, int n, Py_ssize_t least) noexcept nogil:
    """Make the fastest loop the last, unless it has so few points that it is not worth starting.

    Then the next one that is long enough: rows of a slower one lie further apart. Return how many
    loops there are, without one of a single step.
    """
    cdef int d, row
    if n > 1 and loops[n - 1].count == 1:
        n -= 1
    row = n - 1
    if loops[n - 1].count < least:
        for d in range(n - 2, -1, -1):
            if loops[row].count < ENOUGH and loops[d].count > loops[row].count:
                row = d
        loops[n - 1], loops[row] = loops[row], loops[n - 1]
    return n


cdef bint scales_pixels(const Plan *plan, const Job *job,
                        const Stencil *stencil) noexcept nogil:
    """Whether there is a kernel that reads and writes numbers where they lie, though others cannot.

    They have to lie side by side. Not halves that are to be streamed: they are stored from a row of
    floats then.
    """
    cdef int last = plan.ndim - 1
    return (plan.scale_pixels != NULL and not plan.copies
            and plan.stride[last] == 1 and job.out_stride[last] == 1
            and stencil.kernel == LOOPS.kernels[<int> plan.value][<int> plan.value].scale
            and not (plan.writes_rows and plan.streams))


cdef struct Sweep:
    # How a stencil goes over a box.
    Loop room[MAX_DIMS + 1]
    Loop *loops                   # the last two are those of `rows`
    int n
    Rows rows
    row_kernel kernel
    Py_ssize_t together           # rows that are run over at once, unless it goes by rows
    bint along                    # whether rows run along the axis
    bint by_rows                  # whether rows are read, written, or asked for one by one
    bint reads                    # brought from f to where kernels can read them
    bint writes                   # and results from where kernels wrote them
    bint stream                   # past the caches
    Py_ssize_t column             # points of all rows that are run over before others of any


cdef void prepare_sweep(const Plan *plan, const Job *job, const Stencil *stencil,
                        const Py_ssize_t *lo, const Py_ssize_t *hi, Py_ssize_t extent,
                        Sweep *sweep) noexcept nogil:
    """Find out how to go over the box lo to hi, of which only `extent` points along the axis.

    An interior's sweep may take both edges with it, whose coefficients are then in its rows.
    """
    cdef Rows *rows = &sweep.rows
    cdef Loop *fastest
    cdef bint varying = stencil.varying != NULL
    cdef bint whole = (stencil == &job.interior and not job.mixed
                       and lo[job.dim] == 0 and hi[job.dim] == job.n)
    cdef bint crosses = whole and job.uniform and plan.crosses_edges
    cdef Py_ssize_t apart = PY_SSIZE_T_MAX
    if plan.reads_rows and not plan.streams and not scales_pixels(plan, job, stencil):
        # To be read once, see `read_rows`. Side by side, numbers are sooner read than rows begun,
        # or results written here and there.
        if plan.stride[plan.ndim - 1] * plan.unit != plan.itemsize:
            apart = SHORT * SHORT
        elif plan.bytes <= APART_TO:
            apart = ROW
    sweep.loops = sweep.room + 1
    sweep.n = make_loops(plan, job, lo, hi, extent, varying, crosses, apart, sweep.loops)
    sweep.together = 1
    if crosses:
        sweep.together = rows_together(plan, job, &sweep.loops[sweep.n - 1])
    if sweep.together == 1:
        # Rows that are asked for are done one by one.
        fastest = &sweep.loops[sweep.n - 1]
        sweep.n = choose_row(sweep.loops, sweep.n,
                             2 * SHORT if plan.fetches and not is_dense(fastest) else SHORT)
    fastest = &sweep.loops[sweep.n - 1]
    rows[0] = Rows(stencil.kind, fastest.count, fastest.stride, fastest.out_stride,
                   fastest[-1].count, fastest[-1].stride, fastest[-1].out_stride,
                   fastest[-1].coefficient_stride, 0, &job.first.abc, &job.last.abc, NULL, NULL, 0,
                   0)
    sweep.along = fastest.along
    sweep.reads, sweep.writes = plan.reads_rows, plan.writes_rows
    # One point of a longer axis is no loop, but coordinates are still no coefficients.
    sweep.kernel = stencil.kernel
    if fastest.coefficient_stride or varying and job.direct:
        sweep.kernel = stencil.varying
    elif rows.step == 1 and rows.out_step == 1 and scales_pixels(plan, job, stencil):
        sweep.reads, sweep.writes, sweep.kernel = False, False, plan.scale_pixels
    sweep.stream = (plan.streams and rows.out_step == 1
                    and abs(<long long> rows.step) * plan.unit <= plan.itemsize
                    and rows.count >= LINE)
    sweep.writes |= sweep.stream
    # Numbers side by side need not be asked for; for pixels it was found to pay.
    sweep.by_rows = (
        sweep.reads or sweep.stream or plan.fetches and rows.count <= row_points(plan)
        and (plan.reads_rows or rows.step != 1 and rows.step != -1))
    # Rows that are neighbours are read once (see `read_rows`) if all of one is read at a time.
    sweep.column = rows.count
    if sweep.reads and fastest[-1].along and not sweep.stream:
        sweep.column = min(rows.count, row_points(plan))
    if sweep.along and whole and (not sweep.by_rows or rows.count <= row_points(plan)):
        rows.edge_points = job.first.points
    if not sweep.by_rows and plan.parts == 2:
        rows.step, rows.out_step = 2 * rows.step, 2 * rows.out_step
        rows.jump, rows.out_jump = 2 * rows.jump, 2 * rows.out_jump


cdef void run_by_columns(const Plan *plan, const Stencil *stencil, char *out,
                         const char *const *f, const char *const *coefficients,
                         const Sweep *sweep) noexcept nogil:
    """Run by rows, over one column of them after the other, if they are more than one."""
    cdef Rows part = sweep.rows
    cdef const char *column[3]
    cdef Py_ssize_t done = 0
    cdef int i
    while done < sweep.rows.count:
        part.count = min(sweep.column, sweep.rows.count - done)
        for i in range(3):
            column[i] = f[i] + done * part.step * plan.unit
        run_by_rows(plan, stencil, sweep.kernel, out + done * part.out_step * plan.out_itemsize,
                    column, coefficients, sweep.along, sweep.reads, sweep.writes, sweep.stream,
                    &part)
        done += part.count


cdef void apply(const Plan *plan, const Job *job, const Stencil *stencil, const Py_ssize_t *lo,
                Py_ssize_t start, const Sweep *sweep) noexcept nogil:
    """Run a stencil over a box that begins at lo, along its axis at start, by a sweep of it."""
    cdef Py_ssize_t index[MAX_DIMS]
    cdef const Loop *loops = sweep.loops
    cdef const char *f[3]
    cdef const char *coefficients[3]
    cdef char *out
    cdef Py_ssize_t begin, move, offset = 0, out_offset = 0
    cdef int d, i
    cdef bint turn, varying = stencil.varying != NULL

    for d in range(plan.ndim):
        begin = start if d == job.dim else lo[d]
        offset += begin * plan.stride[d]
        out_offset += begin * job.out_stride[d]
    out = job.out + out_offset * plan.out_itemsize
    for i in range(3):
        f[i] = plan.f + plan.unit * (offset + stencil.reach[i] * plan.stride[job.dim])
        if varying:
            coefficients[i] = (
                job.coefficients + i * job.run + (start - job.start) * stencil.size)
        else:
            coefficients[i] = <const char *> &stencil.abc + i * stencil.size

    for d in range(sweep.n - 2):
        index[d] = 0
    while True:
        if sweep.by_rows:
            run_by_columns(plan, stencil, out, f, coefficients, sweep)
        elif sweep.together > 1:
            run_together(plan, job, sweep.kernel, out, f, coefficients, sweep.together,
                         &sweep.rows)
        else:
            sweep.kernel(out, f[0], f[1], f[2], coefficients[0], coefficients[1],
                         coefficients[2], &sweep.rows)
        # On to the next rows: the odometer of the other loops.
        d = sweep.n - 3
        while d >= 0:
            index[d] += 1
            turn = index[d] == loops[d].count
            move = 1 - loops[d].count if turn else 1
            out += move * loops[d].out_stride * plan.out_itemsize
            for i in range(3):
                f[i] += move * loops[d].stride * plan.unit
                coefficients[i] += move * loops[d].coefficient_stride * stencil.size
            if not turn:
                break
            index[d] = 0
            d -= 1
        if d < 0:
            return


cdef Job *job_along(const Plan *plan, int dim) noexcept nogil:
    """The job of a dimension, or NULL."""
    cdef int j
    for j in range(plan.njobs):
        if plan.jobs[j].dim == dim:
            return &plan.jobs[j]
    return NULL


cdef bint differences_go_together(const Plan *plan, const Job *along,
                                  const Job *across) noexcept nogil:
    """Whether a kernel can run along two uniform axes at once. Not where either has no interior."""
    cdef const Kernels *kernels = &LOOPS.kernels[<int> plan.value][<int> along.interior.type]
    cdef row_kernel kernel = along.interior.kernel
    return (plan.size * plan.itemsize >= TWO_FROM and min(along.n, across.n) > EDGES
            and kernel == across.interior.kernel and (
                kernel == kernels.scale or kernels.divides_both and kernel == kernels.divide))


cdef bint combinations_go_together(const Plan *plan, const Job *along,
                                   const Job *across) noexcept nogil:
    """Whether a kernel can run along two nonuniform axes at once."""
    cdef Precision type = along.interior.type
    return (not (along.uniform or across.uniform) and type == across.interior.type
            and LOOPS.kernels[<int> plan.value][<int> type].combines_both
            and along.n >= BOTH_LEAST)


cdef bint may_take_two(const Plan *plan) noexcept nogil:
    """Whether kernels can run along the two fastest axes at once, in f that is one run of memory.

    It then comes from a larger cache once, not twice.
    """
    cdef const Job *along
    cdef const Job *across
    cdef Py_ssize_t run = 1
    cdef int d
    if plan.ndim < 2 or plan.parts == 2 or plan.reads_rows or plan.streams:
        return False
    along, across = job_along(plan, plan.ndim - 1), job_along(plan, plan.ndim - 2)
    if along == NULL or across == NULL or not (
            differences_go_together(plan, along, across)
            or combinations_go_together(plan, along, across)):
        return False
    for d in range(plan.ndim - 1, -1, -1):
        if plan.stride[d] != run or along.out_stride[d] != run or across.out_stride[d] != run:
            return False
        run *= plan.shape[d]
    return True


cdef void run_two(const Plan *plan, const Job *along, const Job *across, Py_ssize_t begin,
                  Py_ssize_t count, bint both) noexcept nogil:
    """Differentiate so many rows, from the number `begin` on, along them and maybe across."""
    cdef Py_ssize_t n = along.n, size = plan.itemsize, last = (n - 1) * size
    cdef const char *abc = <const char *> &along.interior.abc
    cdef const char *f = plan.f + begin * size
    cdef char *out = along.out + begin * size
    cdef Rows rows = Rows(REAL, count * n - EDGES, 1, 1, 1, n, n, 0, 0, NULL, NULL, NULL,
                          &across.interior.abc, 0, plan.ahead)
    if both:
        rows.across = across.out + (begin + 1) * size
    along.interior.kernel(out + size, f, f + size, f + 2 * size, abc, abc, abc, &rows)
    rows.count, rows.step, rows.out_step, rows.across = count, n, n, NULL
    run_edge(plan, &along.first, out, f, 1, &rows)
    run_edge(plan, &along.last, out + last, f + last, 1, &rows)


cdef bint visit_differences(const Plan *plan, const Job *along, const Job *across,
                            Py_ssize_t begin, Py_ssize_t rows, bint first,
                            bint last) noexcept nogil:
    """Run along two uniform axes, over whole rows from the number `begin` on; return whether.

    `first` and `last` are whether the first and the last row are edges. These have no neighbours;
    other edges, between planes, are run over. What is then at edges is not their gradient.
    """
    cdef Py_ssize_t n = along.n, some, runs, k
    if (rows - first - last) * n < BOTH_LEAST + EDGES:
        return False
    if first:
        run_two(plan, along, across, begin, 1, False)
    if last:
        run_two(plan, along, across, begin + (rows - 1) * n, 1, False)
    begin += first * n
    rows -= first + last
    # The others evenly, so that the last of them are not too few either.
    some = max(min(TWO_TOGETHER // (n * plan.itemsize), <Py_ssize_t> TWO_ROWS), <Py_ssize_t> 1)
    runs = (rows - 1) // some + 1
    for k in range(runs, 0, -1):
        some = rows // k
        run_two(plan, along, across, begin, some, True)
        begin += some * n
        rows -= some
    return True


cdef void combine_rows(const Plan *plan, const Job *along, const Job *across, Py_ssize_t begin,
                       Py_ssize_t point, Py_ssize_t count, bint both) noexcept nogil:
    """Combine so many rows, from the number `begin` on, along them and maybe across.

    `point` is where the first of them is on the axis across.
    """
    cdef Py_ssize_t n = along.n, size = plan.itemsize
    cdef const char *f = plan.f + begin * size
    cdef const char *a = along.coefficients + (1 - along.start) * along.interior.size
    cdef Rows rows = Rows(REAL, n - EDGES, 1, 1, count, n, n, 0, along.first.points,
                          &along.first.abc, &along.last.abc, NULL, NULL, 0, 0)
    if both:
        rows.across = across.out + begin * size
        rows.across_by = across.coefficients + (point - across.start) * across.interior.size
        rows.across_run = across.run // across.interior.size
        if plan.ahead:
            # What comes next of a long row is not what follows in memory.
            rows.ahead = max(plan.ahead, BOTH_ROWS * n * size)
    along.interior.varying(along.out + (begin + 1) * size, f, f + size, f + 2 * size, a,
                           a + along.run, a + 2 * along.run, &rows)


cdef bint visit_combinations(const Plan *plan, Job *along, Job *across, Py_ssize_t begin,
                             Py_ssize_t start, Py_ssize_t stop, Py_ssize_t planes) noexcept nogil:
    """Run along two axes with coordinates, over rows start to stop of planes; return whether.

    Each plane has its own edges.
    """
    cdef Py_ssize_t n = along.n, k
    cdef bint first = start == 0, last = stop == across.n
    cdef Py_ssize_t rows = stop - start - first - last
    if rows < BOTH_ROWS:
        return False
    fill_coefficients(along, 1, n - 1)
    fill_coefficients(across, start + first, stop - last)
    for k in range(planes):
        if first:
            combine_rows(plan, along, across, begin, start, 1, False)
        combine_rows(plan, along, across, begin + first * n, start + first, rows, True)
        begin += (stop - start) * n
        if last:
            combine_rows(plan, along, across, begin - n, stop - 1, 1, False)
    return True


cdef bint visit_two(const Plan *plan, const Py_ssize_t *lo, const Py_ssize_t *hi) noexcept nogil:
    """Differentiate a box along its fastest axis and, but for its edges, the second at once.

    Return whether: not if the box is more than one run of whole rows, or has too few. Its edges
    along the second axis are to be done afterwards.
    """
    cdef Job *along = job_along(plan, plan.ndim - 1)
    cdef Job *across = job_along(plan, plan.ndim - 2)
    cdef Py_ssize_t start = lo[across.dim], stop = hi[across.dim], begin = 0, rows = 1
    cdef int d
    cdef bint whole = True
    for d in range(plan.ndim - 1, -1, -1):
        if not whole and hi[d] - lo[d] > 1:
            return False
        whole &= hi[d] - lo[d] == plan.shape[d]
        begin += lo[d] * plan.stride[d]
        rows *= hi[d] - lo[d]
    rows //= along.n                  # none, of a part of one
    if along.uniform:
        return visit_differences(plan, along, across, begin, rows, start == 0, stop == across.n)
    return visit_combinations(plan, along, across, begin, start, stop, rows // (stop - start))


cdef void visit(Plan *plan, const Py_ssize_t *lo, const Py_ssize_t *hi) noexcept nogil:
    """Differentiate the box lo to hi along every axis that is asked for."""
    cdef Job *job
    cdef Sweep sweep
    cdef Py_ssize_t start, stop
    cdef bint first, last, two
    cdef int j
    if plan.source != NULL:
        copy_box(plan, lo, hi)
    two = plan.takes_two and is_like_results(plan) and visit_two(plan, lo, hi)
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        if two and job.dim == plan.ndim - 1:
            continue
        start = max(lo[job.dim], 1)
        stop = min(hi[job.dim], job.n - 1)
        first, last = lo[job.dim] == 0, hi[job.dim] == job.n
        if start < stop and not (two and job.dim == plan.ndim - 2):
            if not job.uniform:
                fill_coefficients(job, start, stop)
            prepare_sweep(plan, job, &job.interior, lo, hi, stop - start, &sweep)
            apply(plan, job, &job.interior, lo, start, &sweep)
            if sweep.rows.edge_points:
                continue
        if first or last:
            prepare_sweep(plan, job, &job.first, lo, hi, 1, &sweep)
        if first:
            apply(plan, job, &job.first, lo, 0, &sweep)
        if last:
            apply(plan, job, &job.last, lo, job.n - 1, &sweep)
    if plan.swaps_results:
        swap_box(plan, lo, hi)


cdef inline bint is_one_row(const Plan *plan) noexcept nogil:
    """Whether all there is to do is one row, which a kernel can read and write as it lies.

    What it cannot write it cannot read either. There must be coefficients of all of it.
    """
    cdef const Job *job = plan.jobs
    return (plan.ndim == 1 and job.n > EDGES
            and (job.uniform or job.capacity == job.n)
            and not (plan.reads_rows or plan.streams or plan.source != NULL))


cdef void visit_row(const Plan *plan) noexcept nogil:
    """Differentiate one row by one call of a kernel.

    Loops over a box, as for all else, would take as long as several hundred numbers of it.
    """
    cdef Job *job = plan.jobs
    cdef const Stencil *interior = &job.interior
    cdef row_kernel kernel = interior.kernel
    cdef const char *coefficients = <const char *> &interior.abc
    cdef Py_ssize_t apart = interior.size
    cdef Py_ssize_t step = plan.stride[0], out_step = job.out_stride[0]
    cdef Py_ssize_t move = step * plan.itemsize, last = job.n - 1
    cdef Rows row = Rows(interior.kind, job.n - EDGES, plan.parts * step, plan.parts * out_step,
                         1, 0, 0, 0, 0 if job.mixed else job.first.points, &job.first.abc,
                         &job.last.abc, NULL, NULL, 0, 0)
    if not job.uniform:
        fill_coefficients(job, 1, job.n - 1)
        kernel, coefficients, apart = interior.varying, job.coefficients, job.run
    kernel(job.out + out_step * plan.out_itemsize, plan.f, plan.f + move, plan.f + 2 * move,
           coefficients, coefficients + apart, coefficients + 2 * apart, &row)
    if job.mixed:
        row.count = 1
        run_edge(plan, &job.first, job.out, plan.f, step, &row)
        run_edge(plan, &job.last, job.out + last * out_step * plan.out_itemsize,
                 plan.f + last * move, step, &row)


cdef bint is_flat(const Plan *plan) noexcept nogil:
    """Whether a kernel can run along each axis over all of f at once, and finds it in a cache."""
    cdef Py_ssize_t run = 1
    cdef int d, j
    if (plan.ndim < 2 or plan.parts == 2 or plan.reads_rows or plan.halves or plan.streams
            or plan.size * plan.itemsize >= TWO_FROM):
        return False
    for d in range(plan.ndim - 1, -1, -1):
        if plan.stride[d] != run:
            return False
        for j in range(plan.njobs):
            if plan.jobs[j].out_stride[d] != run or not plan.jobs[j].uniform:
                return False
        run *= plan.shape[d]
    return True


cdef void visit_flat(const Plan *plan) noexcept nogil:
    """Differentiate along each axis by one run over all of f, and write over what is at edges.

    Loops over boxes would take longer than what is computed for nothing.
    """
    cdef const Job *job
    cdef const char *abc
    cdef Py_ssize_t step, plane, planes, count, move, last
    cdef Rows rows
    cdef int j
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        step = plan.stride[job.dim]
        plane = job.n * step          # points of a row along the axis and of those beside it
        planes = plan.size // plane
        move, last = step * plan.itemsize, (plane - step) * plan.itemsize
        abc = <const char *> &job.interior.abc
        count = plan.size - EDGES * step
        rows = Rows(REAL, count, 1, 1, 1, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, 0)
        if count:
            job.interior.kernel(job.out + move, plan.f, plan.f + move, plan.f + 2 * move,
                                abc, abc, abc, &rows)
        # An edge: rows of the points beside one another, or, along the last axis, one row of all.
        if step > 1:
            rows.count, rows.rows, rows.jump, rows.out_jump = step, planes, plane, plane
        else:
            rows.count, rows.step, rows.out_step = planes, plane, plane
        run_edge(plan, &job.first, job.out, plan.f, step, &rows)
        run_edge(plan, &job.last, job.out + last, plan.f + last, step, &rows)


cdef struct Blocks:
    # How f is cut into blocks, and in which order they are visited.
    Py_ssize_t shape[MAX_DIMS]    # of a block
    int order[MAX_DIMS]           # the dimensions, the first to advance first
    Py_ssize_t counts[MAX_DIMS]
    Py_ssize_t total


cdef void shape_blocks(const Plan *plan, int workers, Blocks *blocks) noexcept nogil:
    """Whole dimensions from the fastest on, while they fit; or else as `shape_boxes` cuts them.

    One axis alone, along which neighbours are near in memory, is one block if all its coefficients
    are kept, and if it need not be copied. For several workers there are at least some blocks for
    each.
    """
    cdef Py_ssize_t room = plan.size
    cdef const Job *job = &plan.jobs[0]
    cdef int d, j
    if plan.njobs > 1 or plan.source != NULL or (
            not plan.in_order
            and abs(<long long> plan.stride[job.dim]) * plan.unit > BLOCK):
        room = BLOCK // plan.itemsize
    if workers > 1:
        room = min(room, plan.size // (SHARES * workers))
    for d in range(plan.ndim):
        blocks.shape[d] = plan.shape[d]
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        if not job.uniform:
            blocks.shape[job.dim] = job.capacity
    if plan.source != NULL and not plan.in_order:
        shape_boxes(plan, room, blocks)
        return
    for d in range(plan.ndim - 1, -1, -1):
        blocks.shape[d] = max(min(blocks.shape[d], room), 1)
        room //= blocks.shape[d]


cdef void order_blocks(const Plan *plan, Blocks *blocks) noexcept nogil:
    """Blocks advance in the order of memory.

    Except that, unless memory may be a file, the fastest dimension that is cut comes last: the
    neighbours of a block along slower ones are visited right before and after it, and read from a
    cache. And after it one along which not all coefficients are kept, so that each is worked out
    once.
    """
    cdef int turn[MAX_DIMS]
    cdef int d, j, t, cut = 0, k = 0
    for d in range(plan.ndim):
        turn[d] = 0
        if blocks.shape[d] < plan.shape[d]:
            cut = d
    if not plan.in_order:
        turn[cut] = 1
    for j in range(plan.njobs):
        if not plan.jobs[j].uniform and plan.jobs[j].capacity < plan.jobs[j].n:
            turn[plan.jobs[j].dim] = 2
    for t in range(3):
        for d in range(plan.ndim - 1, -1, -1):
            if turn[d] == t:
                blocks.order[k] = d
                k += 1


cdef void count_blocks(const Plan *plan, Blocks *blocks) noexcept nogil:
    cdef int d
    blocks.total = 1
    for d in range(plan.ndim):
        blocks.counts[d] = 1 if blocks.shape[d] == plan.shape[d] else (
            (plan.shape[d] - 1) // blocks.shape[d] + 1)
        blocks.total *= blocks.counts[d]


cdef void cut_into_blocks(const Plan *plan, int workers, Blocks *blocks) noexcept nogil:
    shape_blocks(plan, workers, blocks)
    order_blocks(plan, blocks)
    count_blocks(plan, blocks)


cdef void walk(Plan *plan, const Blocks *blocks, Py_ssize_t first, Py_ssize_t last) noexcept nogil:
    """Visit the blocks number first to last."""
    cdef Py_ssize_t lo[MAX_DIMS]
    cdef Py_ssize_t hi[MAX_DIMS]
    cdef Py_ssize_t number, rest = first
    cdef int d, k
    for k in range(plan.ndim):
        d = blocks.order[k]
        lo[d] = 0
        if rest:
            lo[d] = rest % blocks.counts[d] * blocks.shape[d]
            rest //= blocks.counts[d]
        hi[d] = min(lo[d] + blocks.shape[d], plan.shape[d])
    for number in range(first, last):
        visit(plan, lo, hi)
        # On to the next block.
        for k in range(plan.ndim):
            d = blocks.order[k]
            lo[d] = hi[d]
            if lo[d] == plan.shape[d]:
                lo[d] = 0
            hi[d] = min(lo[d] + blocks.shape[d], plan.shape[d])
            if lo[d]:
                break
    if plan.streams:
        end_streaming()


cdef void visit_all(Plan *plan) noexcept nogil:
    """Differentiate all of f, by this thread alone."""
    cdef Py_ssize_t lo[MAX_DIMS]
    cdef Blocks blocks
    cdef int d
    if is_one_row(plan):
        visit_row(plan)
        return
    for d in range(plan.ndim):
        lo[d] = 0
    if plan.flat:
        if plan.source != NULL:
            copy_box(plan, lo, plan.shape)
        visit_flat(plan)
        if plan.swaps_results:
            swap_box(plan, lo, plan.shape)
    elif plan.size < WHOLE:
        visit(plan, lo, plan.shape)
    else:
        cut_into_blocks(plan, 1, &blocks)
        walk(plan, &blocks, 0, blocks.total)
