"""A walk over a hill: what is read on the way, and the slopes that follow from it."""

import matplotlib.pyplot as plt
import numpy as np

import cgrad

STEP = 10.0                       # metres between two readings
distance = np.arange(0, 101, STEP)
ground = np.linspace(0, 100, 401)


def height(s):
    """Return the ground, which the walker knows only where there is a reading."""
    return 100 + 14 * np.exp(-(((s - 42) / 20) ** 2)) + 6 * np.exp(-(((s - 85) / 10) ** 2))


readings = height(distance)
slopes = cgrad.gradient(readings, STEP)

figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 5.2), height_ratios=(3, 2))
above.plot(ground, height(ground), color="0.7", label="the ground")
for s, h, slope in zip(distance, readings, slopes, strict=True):
    reach = np.array([-4, 4])
    above.plot(s + reach, h + slope * reach, color="C1", linewidth=2.5)
above.plot([], [], color="C1", linewidth=2.5, label="slope found from the readings")
above.plot(distance, readings, "o", color="C0", label="readings, every 10 m")
i = 3
above.plot(distance[[i - 1, i + 1]], readings[[i - 1, i + 1]], "--", color="C0", linewidth=1)
above.annotate("parallel to the line\nbetween its neighbours", (distance[i], readings[i]),
               xytext=(3, 112.5), arrowprops={"arrowstyle": "->", "color": "0.4"}, color="0.3")
above.set_ylabel("height [m]")
above.legend(loc="upper right", frameon=False)
below.bar(distance, slopes, width=4, color="C1")
below.axhline(0, color="0.3", linewidth=0.8)
below.set_ylabel("slope [m per m]")
below.set_xlabel("distance walked [m]")
plt.show()
