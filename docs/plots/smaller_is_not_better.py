"""Rounding takes over where the spacing is tiny, and so does noise, sooner."""

import matplotlib.pyplot as plt
import numpy as np

import cgrad

random = np.random.default_rng(0)
# Powers of two, for which x + h is exact.
spacing = 2.0 ** -np.arange(1, 46)


def error(h, noise=0.0, dtype=float):
    """Find the median error at the middle of three samples of the sine, over many places."""
    x = random.uniform(0.5, 1, 500)
    samples = np.sin([x - h, x, x + h]) + noise * random.standard_normal((3, 500))
    return np.median(np.abs(cgrad.gradient(samples.astype(dtype), h, axis=0)[1] - np.cos(x)))


figure, ax = plt.subplots()
for label, colour, choice in (
        ("float64", "#0072B2", {}),
        ("float32", "#009E73", {"dtype": np.float32}),
        ("measured, with a noise of 1e-4", "#D55E00", {"noise": 1e-4})):
    ax.loglog(spacing, [error(h, **choice) for h in spacing], color=colour, label=label)
ax.set_ylim(1e-13, 10)
ax.set_xlim(1e-13, 1)
ax.invert_xaxis()
ax.set_xlabel("spacing (finer to the right)")
ax.set_ylabel("error of the derivative")
ax.legend(frameon=False)
plt.show()
