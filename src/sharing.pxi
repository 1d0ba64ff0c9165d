# One call's work shared by several threads: each has a plan of its own, for coefficients
# are worked out as they are wanted, and all walk parts of the same blocks.

cdef extern from "workers.h" nogil:
    ctypedef void (*part_runner)(void *task, Py_ssize_t part, int worker) noexcept nogil
    void run_parts(part_runner run, void *task, Py_ssize_t parts, int workers)
    void prepare_workers()

prepare_workers()

cdef struct Task:
    Plan *plans                   # one for each worker; the first is the caller's
    Blocks blocks
    Py_ssize_t parts


cdef void run_part(void *task, Py_ssize_t part, int worker) noexcept nogil:
    cdef Task *it = <Task *> task
    cdef Plan *plan = &it.plans[worker]
    if worker:
        # Floating-point events belong to threads; the caller's stay where they are.
        clear_floating_point_events()
        if plan.extended:
            clear_extended_events()
    walk(plan, &it.blocks, it.blocks.total * part // it.parts,
         it.blocks.total * (part + 1) // it.parts)
    if worker:
        plan.events |= all_events() if plan.extended else floating_point_events()


cdef void copy_plan(const Plan *plan, Plan *copy, Job *jobs) noexcept:
    """A copy with jobs of its own, for which `allocate_room_for` has to be called."""
    cdef int j
    copy[0] = plan[0]
    copy.jobs = jobs
    copy.events = 0
    for j in range(plan.njobs):
        jobs[j] = plan.jobs[j]


cdef int share(Plan *plan, int workers) except -1:
    """Carry out the plan by several workers; return the events that helpers met."""
    # Jobs begin a line of the cache, and hold long doubles.
    cdef size_t plans = (workers * sizeof(Plan) + LINE - 1) // LINE * LINE
    cdef Task task
    cdef Job *jobs
    cdef int made = 0, w, events = 0
    task.plans = <Plan *> PyMem_RawMalloc(plans + workers * plan.njobs * sizeof(Job))
    if task.plans == NULL:
        raise MemoryError()
    jobs = <Job *> (<char *> task.plans + plans)
    try:
        for made in range(workers):
            copy_plan(plan, &task.plans[made], jobs + made * plan.njobs)
            allocate_room_for(&task.plans[made], workers)
        made = workers
        with nogil:
            cut_into_blocks(task.plans, workers, &task.blocks)
            task.parts = min(task.blocks.total, <Py_ssize_t> (2 * SHARES * workers))
            run_parts(run_part, &task, task.parts, workers)
        for w in range(workers):
            events |= task.plans[w].events
    finally:
        for w in range(made):
            free_room_of(&task.plans[w])
        PyMem_RawFree(task.plans)
    return events
