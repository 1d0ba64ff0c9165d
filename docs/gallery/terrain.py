"""Slope and shaded relief of a real mountain ridge, from the heights of the ground."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cbook import get_sample_data

import cgrad

# Heights in metres; rows run from north to south, columns from west to east.
with get_sample_data("jacksboro_fault_dem.npz") as dem:
    height = dem["elevation"]
    step_north = float(dem["dy"]) * 111_000          # degrees to metres, roughly
    step_east = float(dem["dx"]) * 111_000 * np.cos(np.radians(36.5))

# Rows run southwards, so a negative spacing gives the rise towards the north.
north, east = cgrad.gradient(height, -step_north, step_east)

slope = np.degrees(np.arctan(np.hypot(north, east)))
# How directly each place faces a sun in the north-west, 45 degrees high.
sun = np.array([-0.5, 0.5, np.sqrt(0.5)])            # east, north, up
relief = (sun[2] - sun[0] * east - sun[1] * north) / np.sqrt(1 + north**2 + east**2)

extent = np.array([0, height.shape[1] * step_east, 0, height.shape[0] * step_north]) / 1000
figure, axes = plt.subplots(1, 2, sharey=True, figsize=(10, 4.6))
for ax, values, colours, title, unit in (
        (axes[0], relief.clip(0), "gray", "Shaded relief", "brightness"),
        (axes[1], slope, "magma", "Slope", "degrees")):
    image = ax.imshow(values, extent=extent, cmap=colours)
    figure.colorbar(image, ax=ax, label=unit, shrink=0.8)
    ax.set_title(title)
    ax.set_xlabel("km east")
    ax.grid(False)
axes[0].set_ylabel("km north")
figure.suptitle("Jacksboro fault, Tennessee")
plt.show()
