"""One function, and each way to its gradient.

The page "From a function to its gradient" shows these functions and measures them for its
table; ``tests/test_manual.py`` checks them against each other.

Each way takes a function and the coordinates of a grid, x along the first axis and y along the
second, and returns both derivatives at every point, an array of shape (2, len(x), len(y)).
"""

import importlib

import numpy as np

import cgrad


def height(x, y, m=np):
    """Return the height of a landscape; `m` is the library whose numbers x and y are."""
    return m.sin(2 * x) * m.exp(-(y**2))


def exact(x, y):
    """Return its gradient, differentiated by hand."""
    x, y = np.meshgrid(x, y, indexing="ij")
    bell = np.exp(-(y**2))
    return np.stack([2 * np.cos(2 * x) * bell, -2 * y * np.sin(2 * x) * bell])


def by_cgrad(f, x, y, edge_order=2):
    """Differentiate samples at the points themselves."""
    samples = f(x[:, np.newaxis], y)
    return np.stack(cgrad.gradient(samples, x, y, edge_order=edge_order))


def by_torch_gradient(f, x, y, edge_order=2):
    """Differentiate the same samples, as tensors."""
    import torch

    samples, x, y = (torch.from_numpy(array) for array in (f(x[:, np.newaxis], y), x, y))
    return torch.stack(torch.gradient(samples, spacing=(x, y), edge_order=edge_order)).numpy()


def by_approx_fprime(f, x, y):
    """Compare samples a tiny step apart, which SciPy chooses."""
    from scipy.optimize import approx_fprime

    return at_each_point(lambda point: approx_fprime(point, lambda p: f(p[0], p[1])), x, y)


def by_numdifftools(f, x, y):
    """Extrapolate from samples at several steps around each point to a step of zero."""
    import numdifftools

    return at_each_point(numdifftools.Gradient(lambda p: f(p[0], p[1])), x, y)


def by_sympy(f, x, y):
    """Differentiate the formula, by the rules."""
    import sympy

    symbols = sympy.symbols("x y")
    formula = f(*symbols, sympy)
    derivatives = [sympy.diff(formula, symbol) for symbol in symbols]
    compiled = sympy.lambdify(symbols, derivatives, "numpy")
    return np.stack(compiled(*np.meshgrid(x, y, indexing="ij")))


def by_torch_autograd(f, x, y):
    """Differentiate the program, back through every operation."""
    import torch

    points = [torch.from_numpy(p).requires_grad_() for p in np.meshgrid(x, y, indexing="ij")]
    # A point's height depends on no other point, so the sum has each point's derivative.
    return torch.stack(torch.autograd.grad(f(*points, torch).sum(), points)).numpy()


def by_jax(f, x, y):
    """Differentiate the program in the same way, which jax has read once."""
    import jax

    with jax.enable_x64(True):
        gradient = jax.grad(lambda x, y: f(x, y, jax.numpy), argnums=(0, 1))
        for_each_point = jax.vmap(gradient)
        points = [p.ravel() for p in np.meshgrid(x, y, indexing="ij")]
        return np.stack(for_each_point(*points)).reshape(2, len(x), len(y))


def at_each_point(gradient, x, y):
    """Apply a function of one point to all of them."""
    gradients = [[gradient(np.array([a, b])) for b in y] for a in x]
    return np.moveaxis(np.array(gradients, dtype=float), -1, 0)


class Counted:
    """A function that counts at how many points it was asked for a value."""

    def __init__(self, f):
        self.f = f
        self.points = 0

    def __call__(self, *args):
        """Ask, and count."""
        value = self.f(*args)
        self.points += np.size(value)
        return value


# The name, the module that it needs, the function, and what it asks of the user.
WAYS = (
    ("cgrad, on a grid", "cgrad", by_cgrad, "samples on a grid"),
    ("``torch.gradient``", "torch", by_torch_gradient, "samples on a grid"),
    ("``scipy.optimize.approx_fprime``", "scipy", by_approx_fprime,
     "a function to call anywhere"),
    ("numdifftools", "numdifftools", by_numdifftools, "a function to call anywhere"),
    ("SymPy", "sympy", by_sympy, "a formula"),
    ("torch, automatic", "torch", by_torch_autograd, "a program in torch"),
    ("jax, automatic", "jax", by_jax, "a program in jax"),
)
SAMPLED = by_cgrad, by_torch_gradient, by_approx_fprime, by_numdifftools


def grid(points=65):
    """Return the coordinates of a square grid: 2 by 2, from (0, -1)."""
    return np.linspace(0, 2, points), np.linspace(-1, 1, points)


def comparison():
    """Work out the table: each way's samples for a point of the answer, and its error."""
    header = "way", "what it needs", "samples a point", "largest error"
    fine, coarse = grid(65), grid(9)
    rows = []
    for name, module, way, needs in WAYS:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError:
            rows.append((name, needs, "", "not there when this was built"))
            continue
        f = Counted(height)
        x, y = fine if "grid" in needs else coarse
        got = way(f if way in SAMPLED else height, x, y)
        samples = f"{f.points / got[0].size:.0f}" if way in SAMPLED else "none"
        error = np.abs(got - exact(x, y))
        rows.append((name, needs, samples, f"{error.max():.0e}"))
    return header, rows
