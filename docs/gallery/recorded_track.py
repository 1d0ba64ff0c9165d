"""Velocity and acceleration from a recorded track whose time stamps are uneven.

The track is made up: a lap that gets slower and faster, noted at times that nobody would choose,
as a receiver does that loses its signal now and then.
"""

import matplotlib.pyplot as plt
import numpy as np

import cgrad

random = np.random.default_rng(7)
# Steps of 0.5 to 1.5 seconds, and now and then one of up to five.
steps = random.uniform(0.5, 1.5, 120) + random.choice([0, 3.5], 120, p=[0.95, 0.05])
time = np.concatenate([[0], np.cumsum(steps)])
turn = 2 * np.pi * time / time[-1]
phase = turn + 0.3 * np.sin(2 * turn)
place = np.stack([400 * np.cos(phase), 250 * np.sin(phase)])          # metres

# Along the last axis, at the time stamps as they are; the lap's ends as well as its middle.
velocity = cgrad.gradient(place, time, axis=1, edge_order=2)
acceleration = cgrad.gradient(velocity, time, axis=1, edge_order=2)
speed = np.hypot(*velocity)

figure, (lap, course) = plt.subplots(1, 2, figsize=(10, 4.2), width_ratios=(3, 2))
points = lap.scatter(*place, c=speed, cmap="viridis", s=14, zorder=3)
lap.plot(*place, color="0.8", linewidth=1)
figure.colorbar(points, ax=lap, label="speed [m/s]")
every = np.s_[:, ::6]
lap.quiver(*place[every], *acceleration[every], color="#D55E00", width=0.004)
lap.set_aspect("equal")
lap.set_title("Track, with acceleration as arrows")
lap.set_xlabel("m east")
lap.set_ylabel("m north")
course.plot(time, speed, ".-", markersize=4, label="from the uneven stamps")
course.plot(time, np.hypot(*cgrad.gradient(place, time[-1] / 120, axis=1)), color="0.75",
            linewidth=1, label="as if they were even: wrong")
course.set_xlabel("time [s]")
course.set_ylabel("speed [m/s]")
course.set_ylim(0, 62)
course.legend(frameon=False)
plt.show()
