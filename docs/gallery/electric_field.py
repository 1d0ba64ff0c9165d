"""The electric field of two charged wires: minus the gradient of their potential."""

import matplotlib.pyplot as plt
import numpy as np

import cgrad

# A plane across two long parallel wires of opposite charge; metres and volts.
x = np.linspace(-0.1, 0.1, 401)
y = np.linspace(-0.08, 0.08, 321)
WIRES = (-0.04, +1), (+0.04, -1)                     # place on the x axis, sign of the charge
RADIUS = 0.008


def distance_from(place):
    """Return how far each point of the plane is from a wire, no less than its radius."""
    return np.maximum(np.hypot(x - place, y[:, np.newaxis]), RADIUS)


potential = sum(-100 * sign * np.log(distance_from(place)) for place, sign in WIRES)

# The first axis is y, the second x.
up, right = cgrad.gradient(potential, y, x)
field_y, field_x = -up, -right
strength = np.hypot(field_x, field_y)

figure, ax = plt.subplots(figsize=(8, 5.6))
colours = ax.contourf(x, y, potential, 24, cmap="RdBu_r", alpha=0.75)
figure.colorbar(colours, ax=ax, label="potential [V]")
# Arrows at every 16th point, all of one length: their colour is the strength.
every = np.s_[8::16]
inside = sum(distance_from(place) <= 1.3 * RADIUS for place, _ in WIRES) > 0
arrows = np.where(inside, np.nan, 1 / strength.clip(1e-9))
ax.quiver(x[every], y[every], (field_x * arrows)[every, every], (field_y * arrows)[every, every],
          strength[every, every] / 1000, cmap="Greys", scale=32, width=0.003, clim=(-4, 6))
for place, sign in WIRES:
    ax.add_patch(plt.Circle((place, 0), RADIUS, color="0.2", zorder=3))
    ax.text(place, 0, "+" if sign > 0 else "\N{MINUS SIGN}", color="white", fontsize=14,
            ha="center", va="center", zorder=4)
ax.set_aspect("equal")
ax.set_title("Field of two charged wires: darker arrows, stronger field")
ax.set_xlabel("x [m]")
ax.set_ylabel("y [m]")
ax.grid(False)
plt.show()
