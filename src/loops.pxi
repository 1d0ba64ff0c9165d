# All that loops over rows, in one table, so that it can be had from builds for wider
# registers as well: the door keeps one such table, and `use_loops` exchanges it.

include "rows.pxi"
include "coefficients.pxi"
include "conversion.pxi"
include "pixels.pxi"

# The kernels for one pair of types, by what they do.
cdef struct Kernels:
    row_kernel divide
    bint divides_both             # whether `divide` runs along two axes at once
    row_kernel scale              # NULL for two different types
    row_kernel combine
    row_kernel combine_varying
    bint combines_both            # whether `combine_varying` does
    row_kernel combine_coordinates

# nonuniform_interior, from coordinates in double or long double.
ctypedef void (*filler)(const void *x, Py_ssize_t count, Precision precision, void *a, void *b,
                        void *c) noexcept nogil

ctypedef bint (*stepper)(const double *x, Py_ssize_t count, Precision precision,
                         double h) noexcept nogil

ctypedef void (*copier)(char *to, Py_ssize_t to_step, const char *source, Py_ssize_t step,
                        Py_ssize_t count, Py_ssize_t size, int parts, bint swap) noexcept nogil

cdef struct Loops:
    # By the precision of value_t and of coefficient_t, which is never the narrower one.
    Kernels kernels[EXTENDED + 1][EXTENDED + 1]
    filler fill[EXTENDED + 1]     # by what kernels read
    filler fill_extended          # for coordinates in long double
    stepper steps_are             # for coordinates in double
    Type types[NPY_HALF + 1]      # by NumPy's type number
    row_kernel scale_pixels[NPY_HALF + 1]    # by the same, where there is one
    copier copy_numbers


# What a build for wider registers hands over: sets its loops.
ctypedef void (*loop_setter)(Loops *loops) noexcept


cdef inline Kernels kernels_of(value_t value_tag, coefficient_t coefficient_tag) noexcept:
    cdef Kernels kernels
    kernels.divide = <row_kernel> divide[value_t, coefficient_t]
    kernels.divides_both = False
    kernels.scale = NULL
    kernels.combine = <row_kernel> combine[value_t, coefficient_t]
    kernels.combine_varying = <row_kernel> combine_varying[value_t, coefficient_t]
    kernels.combines_both = SHIFTS_NEIGHBOURS and coefficient_t is not longdouble
    kernels.combine_coordinates = NULL
    if value_t is float and coefficient_t is float:
        kernels.divides_both = DIVIDES_FLOATS_BOTH
    elif value_t is double and coefficient_t is double:
        kernels.divides_both = DIVIDES_DOUBLES_BOTH
    elif value_t is float and coefficient_t is double:
        kernels.divides_both = DIVIDES_WIDENED_BOTH
    if (value_t is float and coefficient_t is float
            or value_t is double and coefficient_t is double):
        kernels.scale = <row_kernel> scale[value_t, coefficient_t]
    if coefficient_t is not longdouble:
        kernels.combine_coordinates = <row_kernel> combine_coordinates[value_t, coefficient_t]
    return kernels


cdef void set_extended_loops(Loops *loops) noexcept:
    """Those of this build in extended precision, for which no CPU has wide registers."""
    loops.kernels[<int> SINGLE][<int> EXTENDED] = kernels_of(<float> 0, <longdouble> 0)
    loops.kernels[<int> DOUBLE][<int> EXTENDED] = kernels_of(<double> 0, <longdouble> 0)
    loops.kernels[<int> EXTENDED][<int> EXTENDED] = kernels_of(<longdouble> 0, <longdouble> 0)
    loops.fill[<int> EXTENDED] = <filler> nonuniform_interior[double, longdouble]
    loops.fill_extended = <filler> nonuniform_interior[longdouble, longdouble]


cdef void set_loops(Loops *loops) noexcept:
    """All others of this build, in a table that has those."""
    cdef int precision
    loops.kernels[<int> SINGLE][<int> SINGLE] = kernels_of(<float> 0, <float> 0)
    loops.kernels[<int> SINGLE][<int> DOUBLE] = kernels_of(<float> 0, <double> 0)
    loops.kernels[<int> DOUBLE][<int> DOUBLE] = kernels_of(<double> 0, <double> 0)
    # Halves are held in floats; `Kind` tells the kernels.
    loops.kernels[<int> HALF] = loops.kernels[<int> SINGLE]
    for precision in range(EXTENDED + 1):
        loops.kernels[precision][<int> HALF] = loops.kernels[precision][<int> SINGLE]
    loops.fill[<int> HALF] = <filler> nonuniform_interior[double, float]
    loops.fill[<int> SINGLE] = <filler> nonuniform_interior[double, float]
    loops.fill[<int> DOUBLE] = <filler> nonuniform_interior[double, double]
    loops.steps_are = steps_are[double]
    set_types(loops.types)
    set_pixels(loops.scale_pixels)
    loops.copy_numbers = <copier> copy_numbers
