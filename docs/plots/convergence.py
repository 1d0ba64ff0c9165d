"""How the error of each kind of point falls with the spacing."""

import matplotlib.pyplot as plt
import numpy as np

import cgrad

STYLES = {
    "edges, edge_order=1": ("o-", "#D55E00"),
    "edges, edge_order=2": ("s-", "#009E73"),
    "interior, coordinates": ("^-", "#CC79A7"),
    "interior, uniform": ("D-", "#0072B2"),
}


def uneven(n):
    """Coordinates from 0 to 1 whose steps differ by up to a third from one to the next."""
    x = np.linspace(0, 1, n)
    return x + 0.25 / (n - 1) * np.sin(np.arange(n) * np.pi * 0.7)


def errors(n):
    """Find the largest error of each kind with n samples of exp(sin(3 x))."""
    found = {}
    for edge_order in (1, 2):
        x = np.linspace(0, 1, n)
        error = np.abs(cgrad.gradient(sample(x), 1 / (n - 1), edge_order=edge_order) - slope(x))
        found[f"edges, edge_order={edge_order}"] = max(error[0], error[-1])
    found["interior, uniform"] = error[1:-1].max()
    x = uneven(n)
    found["interior, coordinates"] = np.abs(cgrad.gradient(sample(x), x) - slope(x))[1:-1].max()
    return found


def sample(x):
    """Evaluate the function."""
    return np.exp(np.sin(3 * x))


def slope(x):
    """Evaluate its derivative."""
    return 3 * np.cos(3 * x) * sample(x)


sizes = 2 ** np.arange(3, 12) + 1
found = [errors(n) for n in sizes]
spacing = 1 / (sizes - 1)
figure, ax = plt.subplots(figsize=(7, 4.6))
for name, (line, colour) in STYLES.items():
    ax.loglog(spacing, [error[name] for error in found], line, color=colour, label=name,
              markersize=5)
for power, start, text in ((1, 14, "halved with the spacing"), (2, 0.15, "quartered")):
    guide = start * spacing**power
    ax.loglog(spacing, guide, color="0.7", linewidth=1, linestyle="--")
    ax.annotate(text, (spacing[3], guide[3]), xytext=(6, 8 if power == 1 else -18),
                textcoords="offset points", color="0.5")
ax.invert_xaxis()
ax.set_xlabel("spacing (finer to the right)")
ax.set_ylabel("largest error")
ax.legend(frameon=False)
plt.show()
