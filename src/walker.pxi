# The walker: what moves over all the axes but the one that a row runs along.
#
# `walk` visits f block by block, in the order of memory, and each block once
# for every axis while it is in cache. `visit` cuts a block along an axis into
# first edge, interior and last edge; they differ only in their `Stencil`.
# `apply` runs one stencil over one box, row by row.
#
# None of this can fail: no allocation, no Python, no status.

cdef enum:
    MAX_DIMS = 64                 # NumPy's own limit
    BLOCK = 4096                  # points in a block: a block of every array fits in L2
    ROW = 512                     # points that are loaded at a time: three rows fit in L1
    SHORT = 8                     # below this a row costs more to start than to run

cdef struct Stencil:
    row_kernel kernel             # coefficients are the same for the whole row
    row_kernel varying            # or change from point to point of the row
    Number number[3]              # the coefficients a, b, c, where they do not vary
    Py_ssize_t reach[3]           # where p, q, r are, in points along the axis

cdef struct Coordinates:
    const char *x                 # the coordinate of the first point
    Py_ssize_t stride
    Py_ssize_t itemsize
    row_loader load

ctypedef void (*filler)(const double *x, Py_ssize_t count, void *a, void *b,
                        void *c) noexcept nogil

cdef struct Job:
    # One axis to differentiate, and where its result goes.
    int dim                       # which of the plan's dimensions
    Py_ssize_t n                  # its length
    char *out
    Py_ssize_t out_stride[MAX_DIMS]     # in elements, like all strides here
    Stencil first
    Stencil interior
    Stencil last
    # Nonuniform alone: coefficients of the interior points start to stop, kept
    # in three runs of `capacity` each.
    Coordinates coordinates
    filler fill
    char *coefficients
    Py_ssize_t coefficient_size   # in bytes; 0 where the spacing is uniform
    Py_ssize_t capacity
    Py_ssize_t start
    Py_ssize_t stop

cdef struct Plan:
    const char *f
    int ndim                      # dimensions longer than one, slowest first
    Py_ssize_t shape[MAX_DIMS]
    Py_ssize_t stride[MAX_DIMS]   # of f
    Py_ssize_t itemsize           # of f
    Py_ssize_t out_itemsize
    row_loader load               # NULL where f is of the kernels' own type
    int njobs
    Job jobs[MAX_DIMS]


cdef void load_coordinates(const Coordinates *coordinates, Py_ssize_t start,
                           Py_ssize_t count, double *row) noexcept nogil:
    coordinates.load(row, coordinates.x + start * coordinates.stride * coordinates.itemsize,
                     coordinates.stride, count)


cdef void fill_coefficients(Job *job, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Work out the coefficients of the interior points start to stop, and maybe more."""
    cdef double x[ROW + 2]
    cdef Py_ssize_t i, count, offset
    cdef Py_ssize_t run = job.capacity * job.coefficient_size
    if job.start <= start and stop <= job.stop:
        return
    job.start = start
    job.stop = min(start + job.capacity, job.n - 1)
    i = start
    while i < job.stop:
        count = min(<Py_ssize_t> ROW, job.stop - i)
        offset = (i - start) * job.coefficient_size
        load_coordinates(&job.coordinates, i - 1, count + 2, x)
        job.fill(x, count, job.coefficients + offset, job.coefficients + run + offset,
                 job.coefficients + 2 * run + offset)
        i += count


cdef void load_and_run(const Plan *plan, row_kernel kernel, char *out, const char *const *rows,
                       const char *const *coefficients, Py_ssize_t out_step, Py_ssize_t step,
                       Py_ssize_t coefficient_size, Py_ssize_t count) noexcept nogil:
    """Run a kernel over a row of f that first has to be loaded."""
    cdef double p[ROW]
    cdef double q[ROW]
    cdef double r[ROW]
    cdef Py_ssize_t part, shift, skip, done = 0
    while done < count:
        part = min(<Py_ssize_t> ROW, count - done)
        shift = done * step * plan.itemsize
        skip = done * coefficient_size
        plan.load(p, rows[0] + shift, step, part)
        plan.load(q, rows[1] + shift, step, part)
        plan.load(r, rows[2] + shift, step, part)
        kernel(out + done * out_step * plan.out_itemsize, p, q, r, coefficients[0] + skip,
               coefficients[1] + skip, coefficients[2] + skip, out_step, 1, part)
        done += part


cdef void apply(const Plan *plan, const Job *job, const Stencil *stencil,
                const Py_ssize_t *lo, const Py_ssize_t *hi,
                Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Run a stencil over the box lo to hi, of which only start to stop along its axis."""
    # The loops, slowest first; neighbours that are one run in memory become one.
    cdef Py_ssize_t count[MAX_DIMS]
    cdef Py_ssize_t stride[MAX_DIMS]
    cdef Py_ssize_t out_stride[MAX_DIMS]
    cdef Py_ssize_t coefficient_stride[MAX_DIMS]
    cdef Py_ssize_t index[MAX_DIMS]
    cdef const char *rows[3]
    cdef const char *coefficients[3]
    cdef const char *point = plan.f
    cdef char *out = job.out
    cdef row_kernel kernel
    cdef Py_ssize_t begin, extent, along, move
    cdef int d, i, loops = 0, row = 0
    cdef bint turn, varies = stencil.varying != NULL

    for d in range(plan.ndim):
        begin = start if d == job.dim else lo[d]
        extent = stop - start if d == job.dim else hi[d] - lo[d]
        along = job.coefficient_size if varies and d == job.dim else 0
        point += begin * plan.stride[d] * plan.itemsize
        out += begin * job.out_stride[d] * plan.out_itemsize
        if extent == 1:
            continue
        if (loops > 0 and stride[loops - 1] == extent * plan.stride[d]
                and out_stride[loops - 1] == extent * job.out_stride[d]
                and coefficient_stride[loops - 1] == 0 and along == 0):
            loops -= 1
            extent *= count[loops]
        count[loops] = extent
        stride[loops] = plan.stride[d]
        out_stride[loops] = job.out_stride[d]
        coefficient_stride[loops] = along
        loops += 1
    if loops == 0:
        count[0], stride[0], out_stride[0], coefficient_stride[0] = 1, 0, 0, 0
        loops = 1

    # The row is the fastest loop, unless that is too short to be worth starting.
    row = loops - 1
    if count[row] < SHORT:
        for d in range(loops - 1):
            if count[d] > count[row]:
                row = d
    kernel = stencil.varying if coefficient_stride[row] != 0 else stencil.kernel

    for i in range(3):
        rows[i] = point + stencil.reach[i] * plan.stride[job.dim] * plan.itemsize
        if varies:
            coefficients[i] = job.coefficients + job.coefficient_size * (
                i * job.capacity + start - job.start)
        else:
            coefficients[i] = <const char *> &stencil.number[i]
    for d in range(loops):
        index[d] = 0

    while True:
        if plan.load == NULL:
            kernel(out, rows[0], rows[1], rows[2], coefficients[0], coefficients[1],
                   coefficients[2], out_stride[row], stride[row], count[row])
        else:
            load_and_run(plan, kernel, out, rows, coefficients, out_stride[row], stride[row],
                         coefficient_stride[row], count[row])
        # On to the next row: the odometer of the other loops.
        d = loops - 1
        while d >= 0:
            if d != row:
                index[d] += 1
                turn = index[d] == count[d]
                move = 1 - count[d] if turn else 1
                out += move * out_stride[d] * plan.out_itemsize
                for i in range(3):
                    rows[i] += move * stride[d] * plan.itemsize
                    coefficients[i] += move * coefficient_stride[d]
                if not turn:
                    break
                index[d] = 0
            d -= 1
        if d < 0:
            return


cdef void visit(Plan *plan, const Py_ssize_t *lo, const Py_ssize_t *hi) noexcept nogil:
    """Differentiate the box lo to hi along every axis that is asked for."""
    cdef Job *job
    cdef Py_ssize_t start, stop
    cdef int j
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        start = max(lo[job.dim], 1)
        stop = min(hi[job.dim], job.n - 1)
        if lo[job.dim] == 0:
            apply(plan, job, &job.first, lo, hi, 0, 1)
        if start < stop:
            if job.coefficient_size != 0:
                fill_coefficients(job, start, stop)
            apply(plan, job, &job.interior, lo, hi, start, stop)
        if hi[job.dim] == job.n:
            apply(plan, job, &job.last, lo, hi, job.n - 1, job.n)


cdef void block_shape(const Plan *plan, Py_ssize_t *block) noexcept nogil:
    """Whole dimensions from the fastest on, while they fit; one axis alone is one block."""
    cdef Py_ssize_t room = BLOCK if plan.njobs > 1 else PY_SSIZE_T_MAX
    cdef const Job *job
    cdef int d, j
    for d in range(plan.ndim - 1, -1, -1):
        block[d] = max(min(plan.shape[d], room), 1)
        room //= block[d]
    for j in range(plan.njobs):
        job = &plan.jobs[j]
        if job.coefficient_size != 0:
            block[job.dim] = min(block[job.dim], job.capacity)


cdef void visiting_order(const Plan *plan, int *order) noexcept nogil:
    """The dimensions in the order in which blocks advance, that of memory.

    Except that one along which not all coefficients are kept comes last, so that
    each is worked out once.
    """
    cdef bint partly[MAX_DIMS]
    cdef int d, j, last, k = 0
    for d in range(plan.ndim):
        partly[d] = False
    for j in range(plan.njobs):
        if plan.jobs[j].coefficient_size != 0 and plan.jobs[j].capacity < plan.jobs[j].n:
            partly[plan.jobs[j].dim] = True
    for last in range(2):
        for d in range(plan.ndim - 1, -1, -1):
            if partly[d] == last:
                order[k] = d
                k += 1


cdef void walk(Plan *plan) noexcept nogil:
    """Visit all blocks."""
    cdef Py_ssize_t block[MAX_DIMS]
    cdef Py_ssize_t lo[MAX_DIMS]
    cdef Py_ssize_t hi[MAX_DIMS]
    cdef int order[MAX_DIMS]
    cdef int d, k
    block_shape(plan, block)
    visiting_order(plan, order)
    for d in range(plan.ndim):
        lo[d] = 0
        hi[d] = block[d]
    while True:
        visit(plan, lo, hi)
        k = 0
        while k < plan.ndim:
            d = order[k]
            lo[d] = hi[d]
            if lo[d] < plan.shape[d]:
                hi[d] = min(lo[d] + block[d], plan.shape[d])
                break
            lo[d] = 0
            hi[d] = block[d]
            k += 1
        if k == plan.ndim:
            return
