/* Helper threads that share a call's work, for `workers=`.

   They are made when first wanted and then wait for more: a short while in a loop, since
   waking a thread takes longer than many a gradient, then asleep. A caller always works
   too, and who is done with his own share takes parts of the others', so that a helper that
   wakes late only does less; if nothing is left for it, it is not waited for. One call at a
   time has the helpers: who finds them busy works alone.

   No thread here ever touches Python. Where there are no POSIX threads, callers work alone. */

typedef void (*part_runner)(void *task, Py_ssize_t part, int worker);

#if defined(_WIN32)
static void run_parts(part_runner run, void *task, Py_ssize_t parts, int workers)
{
    Py_ssize_t part;
    (void)workers;
    for (part = 0; part < parts; part++)
        run(task, part, 0);
}

static void prepare_workers(void) {}
#else
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE             /* for sched_getcpu and affinities */
#endif
#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { MOST_HELPERS = 255, SPINS_BETWEEN_LOOKS = 64 };

/* Nanoseconds that a helper looks out for more work before it sleeps. */
#define LOOKOUT 100000

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t call;              /* the number of the last call that wants this helper */
    int asleep;
    int worker;
} helper;

static helper helpers[MOST_HELPERS];
static int nhelpers;            /* changed and read only by who has `busy` */
static int busy;

/* The call at hand. Helpers go in while the gate is open for the number of its call; the low
   bits of the gate count how many are inside. */
static struct {
    part_runner run;
    void *task;
    Py_ssize_t parts;
    int workers;
    fenv_t environment;         /* the caller's rounding and the like hold for all */
} shared;
static int caller_cpu;

/* How many parts of each worker's share are taken; a cache line each, for all count at once. */
static struct {
    Py_ssize_t count;
    char padding[64 - sizeof(Py_ssize_t)];
} taken[MOST_HELPERS + 1];
static uint64_t gate;
#define GATE_OPEN ((uint64_t)1 << 16)
#define GATE_CALL(number) ((uint64_t)(number) << 17)

static inline void pause_spinning(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now_in_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#if defined(__linux__)
/* Helpers leave the caller's CPU to the caller. The system wakes threads where they last ran, and is
   slow to part two that run by turns, which costs all that a second one could gain. */
static int caller_thread;
static __thread int this_thread;

static void note_caller(void)
{
    if (!this_thread)
        this_thread = (int)syscall(SYS_gettid);
    __atomic_store_n(&caller_thread, this_thread, __ATOMIC_RELAXED);
    __atomic_store_n(&caller_cpu, sched_getcpu(), __ATOMIC_RELAXED);
}

/* The CPUs that a thread may use but for one; whether there are any. */
static int all_but(int cpu, int thread, cpu_set_t *others)
{
    if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getaffinity(thread, sizeof *others, others) != 0)
        return 0;
    CPU_CLR(cpu, others);
    return CPU_COUNT(others) > 0;
}

static void leave_callers_cpu(void)
{
    const int cpu = __atomic_load_n(&caller_cpu, __ATOMIC_RELAXED);
    const int thread = __atomic_load_n(&caller_thread, __ATOMIC_RELAXED);
    cpu_set_t others;
    if (sched_getcpu() == cpu && all_but(cpu, thread, &others))
        sched_setaffinity(0, sizeof others, &others);
}

static void begin_elsewhere(pthread_attr_t *attributes)
{
    cpu_set_t others;
    if (all_but(sched_getcpu(), 0, &others))
        pthread_attr_setaffinity_np(attributes, sizeof others, &others);
}
#else
static void note_caller(void) {}
static void leave_callers_cpu(void) {}
static void begin_elsewhere(pthread_attr_t *attributes) { (void)attributes; }
#endif

static int go_in(uint64_t call)
{
    uint64_t seen = __atomic_load_n(&gate, __ATOMIC_RELAXED);
    while (seen >> 16 == (GATE_CALL(call) | GATE_OPEN) >> 16)
        if (__atomic_compare_exchange_n(&gate, &seen, seen + 1, 1, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return 1;
    return 0;
}

/* First the worker's own share, which is the same in every call of a loop, so that its data is in
   the caches of its CPU; then what others have left. */
static void take_parts(int worker)
{
    int turn;
    for (turn = 0; turn < shared.workers; turn++) {
        const int whose = (worker + turn) % shared.workers;
        const Py_ssize_t begin = shared.parts * whose / shared.workers;
        const Py_ssize_t count = shared.parts * (whose + 1) / shared.workers - begin;
        for (;;) {
            const Py_ssize_t k = __atomic_fetch_add(&taken[whose].count, 1, __ATOMIC_RELAXED);
            if (k >= count)
                break;
            shared.run(shared.task, begin + k, worker);
        }
    }
}

/* Wait until a call after this one wants the helper; return its number. */
static uint64_t wait_for_call(helper *me, uint64_t last)
{
    const int64_t start = now_in_nanoseconds();
    uint64_t call;
    do {
        int i;
        for (i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
            call = __atomic_load_n(&me->call, __ATOMIC_ACQUIRE);
            if (call != last)
                return call;
            pause_spinning();
        }
        sched_yield();          /* the caller may be waiting for this very CPU */
    } while (now_in_nanoseconds() - start < LOOKOUT);
    pthread_mutex_lock(&me->lock);
    __atomic_store_n(&me->asleep, 1, __ATOMIC_SEQ_CST);
    while ((call = __atomic_load_n(&me->call, __ATOMIC_SEQ_CST)) == last)
        pthread_cond_wait(&me->wake, &me->lock);
    __atomic_store_n(&me->asleep, 0, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&me->lock);
    return call;
}

static void *help(void *argument)
{
    helper *me = argument;
    uint64_t call = 0;
    for (;;) {
        call = wait_for_call(me, call);
        /* Before the gate: who shares the caller's CPU finds it shut. */
        leave_callers_cpu();
        if (go_in(call)) {
            fesetenv(&shared.environment);
            take_parts(me->worker);
            __atomic_fetch_sub(&gate, 1, __ATOMIC_RELEASE);
        }
    }
    return NULL;
}

static void call_helper(helper *it, uint64_t call)
{
    __atomic_store_n(&it->call, call, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&it->asleep, __ATOMIC_SEQ_CST)) {
        pthread_mutex_lock(&it->lock);
        pthread_cond_signal(&it->wake);
        pthread_mutex_unlock(&it->lock);
    }
}

/* Make helpers until there are this many, or no more can be had; return how many there are. */
static int have_helpers(int wanted)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    if (wanted > MOST_HELPERS)
        wanted = MOST_HELPERS;
    if (nhelpers >= wanted || pthread_attr_init(&attributes) != 0)
        return nhelpers < wanted ? nhelpers : wanted;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    begin_elsewhere(&attributes);
    /* Signals are for the threads that Python knows, but for those of one's own faults. */
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (nhelpers < wanted) {
        helper *it = &helpers[nhelpers];
        pthread_t thread;
        pthread_mutex_init(&it->lock, NULL);
        pthread_cond_init(&it->wake, NULL);
        it->call = 0;
        it->asleep = 0;
        it->worker = nhelpers + 1;
        if (pthread_create(&thread, &attributes, help, it) != 0)
            break;
        nhelpers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return nhelpers;
}

/* Run all parts of a task, each once, by up to this many workers, the caller being number 0. */
static void run_parts(part_runner run, void *task, Py_ssize_t parts, int workers)
{
    static uint64_t calls;      /* belongs to who has `busy` */
    uint64_t open;
    Py_ssize_t part;
    int i, n, free = 0;
    if (workers < 2 || parts < 2 ||
        !__atomic_compare_exchange_n(&busy, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        for (part = 0; part < parts; part++)
            run(task, part, 0);
        return;
    }
    n = have_helpers(workers - 1);
    shared.run = run;
    shared.task = task;
    shared.parts = parts;
    shared.workers = n + 1;
    for (i = 0; i <= n; i++)
        taken[i].count = 0;
    fegetenv(&shared.environment);
    note_caller();
    calls++;
    open = GATE_CALL(calls) | GATE_OPEN;
    __atomic_store_n(&gate, open, __ATOMIC_RELEASE);
    for (i = 0; i < n; i++)
        call_helper(&helpers[i], calls);
    take_parts(0);
    /* Shut the gate when all helpers are out. */
    for (i = 1;; i++) {
        uint64_t empty = open;
        if (__atomic_compare_exchange_n(&gate, &empty, GATE_CALL(calls), 0, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            break;
        pause_spinning();
        if (i % SPINS_BETWEEN_LOOKS == 0)
            sched_yield();
    }
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

/* A child process has none of its parent's threads. */
static void forget_helpers(void)
{
#if defined(__linux__)
    this_thread = 0;
#endif
    nhelpers = 0;
    gate = 0;
    busy = 0;
}

static void prepare_workers(void) { pthread_atfork(NULL, NULL, forget_helpers); }
#endif
