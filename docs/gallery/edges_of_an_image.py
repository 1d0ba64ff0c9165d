"""The edges of what is in an image: where brightness changes most from pixel to pixel."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.cbook import get_sample_data

import cgrad

# Grace Hopper, computer scientist and rear admiral; 600 x 512 pixels of red, green and blue.
with get_sample_data("grace_hopper.jpg") as file:
    picture = plt.imread(file, format="jpg")
brightness = picture @ np.array([0.299, 0.587, 0.114])

# The spacing is one pixel. Rows run downwards.
down, across = cgrad.gradient(brightness)
strength = np.hypot(down, across)
direction = np.arctan2(down, across)

# The colour says which way it gets brighter, and how bright the colour is, how fast.
edges = plt.colormaps["hsv"]((direction / (2 * np.pi)) % 1)[..., :3]
edges *= np.clip(strength / np.percentile(strength, 99), 0, 1)[..., np.newaxis]

figure, axes = plt.subplots(1, 3, figsize=(10, 4.3))
axes[0].imshow(brightness, cmap="gray")
axes[0].set_title("Brightness")
axes[1].imshow(strength, cmap="gray_r", vmax=np.percentile(strength, 99))
axes[1].set_title("How fast it changes")
axes[2].imshow(edges)
axes[2].set_title("And which way")
for ax in axes:
    ax.axis("off")
plt.show()
