"""Slope, aspect and shaded relief of real mountains, from one call of cgrad.gradient.

Reads the elevation model of the Jacksboro fault (Tennessee) that ships with
matplotlib, differentiates it in metres, draws four maps as one PNG, and says how
long NumPy and cgrad took and whether they agree to the last bit. From the root of
the repository::

    pip install .[examples]
    python examples/terrain.py --output terrain.png

The exit status is 1 if the two gradients differ in a single bit.
"""

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")  # Draws into a file, so it needs no display.

import matplotlib.pyplot as plt
from matplotlib.cbook import get_sample_data
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MultipleLocator

import cgrad

ROUNDS = 101
SUN_AZIMUTH = 315.0  # Degrees clockwise from north: the north-west, as maps are usually lit.
SUN_ALTITUDE = 45.0  # Degrees above the horizon.
LAND_COLOURS = "#4f8a5b", "#a3bf7b", "#ece3a9", "#cf9f63", "#94604a", "#fbf8f5"
COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW", "N")


@dataclass(frozen=True)
class Terrain:
    """An elevation model on a grid of equal angles.

    Attributes
    ----------
    elevation : ndarray of int16, shape (rows, columns)
        Metres above sea level. Rows run from north to south, columns from west to east.
    step : tuple of float
        Spacing of the rows and of the columns, in degrees.
    west, east, south, north : float
        Outer edges of the outermost cells, in degrees.
    """

    elevation: np.ndarray
    step: tuple[float, float]
    west: float
    east: float
    south: float
    north: float

    @property
    def per_degree(self):
        """Metres per degree northwards and eastwards, at the central latitude.

        It serves for the whole grid: at the northern and the southern edge a degree of
        longitude is 0.2 % shorter or longer.
        """
        return metres_per_degree((self.south + self.north) / 2)

    @property
    def spacing(self):
        """Spacing of the rows and of the columns, in metres."""
        return tuple(step * metres for step, metres in zip(self.step, self.per_degree, strict=True))


def read_terrain():
    """Read the Jacksboro fault elevation model from matplotlib's sample data.

    Returns
    -------
    Terrain
    """
    with get_sample_data("jacksboro_fault_dem.npz") as dem:
        elevation = dem["elevation"]
        step = float(dem["dy"]), float(dem["dx"])
        west, east, north = (float(dem[key]) for key in ("xmin", "xmax", "ymax"))
    # The file's `ymin` is no southern edge: it lies north of `ymax`, by just the grid's
    # height, a lost minus sign. That the first row is at `ymax` and the rows run south
    # from there can be seen in the field: it puts the highest cell (1076 m) at 36.198 N
    # 84.231 W, on the summit of Cross Mountain (1077 m).
    south = north - elevation.shape[0] * step[0]
    return Terrain(elevation, step, west, east, south, north)


def metres_per_degree(latitude):
    """Work out the length of a degree of latitude and of a degree of longitude.

    With phi the latitude, and a and e the equatorial radius and the eccentricity of the
    WGS 84 ellipsoid, the radii of curvature along the meridian and across it are::

        M = a (1 - e^2) / (1 - e^2 sin^2 phi)^(3/2)
        N = a / (1 - e^2 sin^2 phi)^(1/2)

    A degree of latitude is M pi/180 long, a degree of longitude N cos(phi) pi/180.

    Parameters
    ----------
    latitude : float
        In degrees.

    Returns
    -------
    tuple of float
        Metres per degree northwards and eastwards.

    References
    ----------
    J. P. Snyder, "Map Projections: A Working Manual", U.S. Geological Survey
    Professional Paper 1395 (1987), pp. 24-25.
    """
    a, flattening = 6378137.0, 1 / 298.257223563
    e2 = flattening * (2 - flattening)
    phi = np.radians(latitude)
    w = 1 - e2 * np.sin(phi) ** 2
    radii = a * (1 - e2) / w**1.5, a / w**0.5 * np.cos(phi)
    return tuple(float(np.radians(radius)) for radius in radii)


def slope_and_aspect(northward, eastward):
    """Steepness of the ground, and the way it faces.

    Parameters
    ----------
    northward, eastward : ndarray
        Rise of the ground towards the north and the east, in metres per metre.

    Returns
    -------
    slope : ndarray
        Degrees from the horizontal.
    aspect : ndarray
        Compass direction in which the ground falls, in degrees clockwise from north;
        NaN where the ground is level and faces nowhere.
    """
    rise = np.hypot(northward, eastward)
    slope = np.degrees(np.arctan(rise))
    # Downhill is against the gradient. Arctan2 of (east, north) rather than (y, x)
    # counts clockwise from north, as a compass does.
    aspect = np.degrees(np.arctan2(-eastward, -northward)) % 360
    return slope, np.where(rise > 0, aspect, np.nan)


def shaded_relief(northward, eastward):
    """Brightness of a matt (Lambertian) ground under the sun.

    It is the cosine of the angle between the sun and the normal of the ground, (-p, -q, 1)
    for a rise p to the east and q to the north; ground that is turned away is black.

    Parameters
    ----------
    northward, eastward : ndarray
        Rise of the ground towards the north and the east, in metres per metre.

    Returns
    -------
    ndarray
        From 0 (no direct light) to 1 (facing the sun).

    References
    ----------
    B. K. P. Horn, "Hill shading and the reflectance map", Proceedings of the IEEE 69
    (1981), pp. 14-47, doi:10.1109/PROC.1981.11918.
    """
    azimuth, altitude = np.radians([SUN_AZIMUTH, SUN_ALTITUDE])
    from_sun = np.sin(azimuth) * eastward + np.cos(azimuth) * northward
    cosine = np.sin(altitude) - np.cos(altitude) * from_sun
    return np.maximum(cosine / np.sqrt(1 + northward**2 + eastward**2), 0)


def same_bits(expected, got):
    """Whether two tuples of arrays are the same: dtypes, shapes, strides and every bit."""
    return len(expected) == len(got) and all(
        (x.dtype, x.shape, x.strides, x.tobytes()) == (y.dtype, y.shape, y.strides, y.tobytes())
        for x, y in zip(expected, got, strict=True)
    )


def median_seconds(functions, *args):
    """Measure how long each function takes for the same arguments: the medians.

    The functions take turns, so that whatever else the machine does slows all of them.

    Returns
    -------
    list of float
        Seconds, in the order of `functions`.
    """
    times = [[] for _ in functions]
    for _ in range(ROUNDS):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function(*args)
            record.append(time.perf_counter() - start)
    return [statistics.median(record) for record in times]


def draw_map(ax, terrain, values, *, title, label, ticks=None, **style):
    """Draw one map with its colour bar.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    terrain : Terrain
        Says where the map lies.
    values : ndarray, shape (rows, columns)
    title, label : str
        Of the map and of its colour bar.
    ticks : dict of float to str, optional
        What is written along the colour bar; by default matplotlib's choice.
    **style
        Given to `Axes.imshow`: the colour map and its limits.

    Returns
    -------
    matplotlib.image.AxesImage
    """
    extent = terrain.west, terrain.east, terrain.south, terrain.north
    image = ax.imshow(values, extent=extent, origin="upper", interpolation="none", **style)
    ax.set_title(title)
    bar = ax.figure.colorbar(image, cax=ax.inset_axes([1.03, 0, 0.04, 1]), label=label)
    if ticks:
        bar.set_ticks(list(ticks), labels=list(ticks.values()))
    return image


def draw_elevation(ax, terrain, relief):
    """Draw the elevation in the colours of land, with its highest point and its shadows."""
    land = LinearSegmentedColormap.from_list("land", LAND_COLOURS)
    image = draw_map(
        ax, terrain, terrain.elevation, title="Elevation", label="metres above sea level", cmap=land
    )
    shadow = 0.75 * (1 - relief / relief.max())
    black = np.zeros_like(relief)
    ax.imshow(black, extent=image.get_extent(), interpolation="none", cmap="gray", alpha=shadow)

    row, column = np.unravel_index(terrain.elevation.argmax(), terrain.elevation.shape)
    longitude = terrain.west + (column + 0.5) * terrain.step[1]
    latitude = terrain.north - (row + 0.5) * terrain.step[0]
    ax.plot(longitude, latitude, "^", color="white", markeredgecolor="black", markersize=9)
    ax.annotate(
        f"{terrain.elevation.max()} m",
        (longitude, latitude),
        xytext=(9, -3),
        textcoords="offset points",
        color="white",
        weight="bold",
        path_effects=[withStroke(linewidth=2.5, foreground="black")],
    )


def draw_scale(ax, terrain, kilometres=5):
    """Draw a bar that is so many kilometres long into the lower right corner."""
    _, eastward = terrain.per_degree
    end = terrain.east - 12 * terrain.step[1]
    start = end - 1000 * kilometres / eastward
    latitude = terrain.south + 12 * terrain.step[0]
    outline = [withStroke(linewidth=5, foreground="white")]
    ax.plot([start, end], [latitude] * 2, color="black", linewidth=3, path_effects=outline)
    ax.annotate(
        f"{kilometres} km",
        ((start + end) / 2, latitude),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )


def frame(axes, terrain):
    """Give the land its true shape, and label longitudes below and latitudes on the left."""
    northward, eastward = terrain.per_degree
    for ax in axes.flat:
        ax.set_aspect(northward / eastward)
        ax.xaxis.set_major_locator(MultipleLocator(0.1))
        ax.yaxis.set_major_locator(MultipleLocator(0.1))
        ax.xaxis.set_major_formatter(lambda x, _: f"{-x:.1f}° W")
        ax.yaxis.set_major_formatter(lambda y, _: f"{y:.1f}° N")
    for ax in axes[-1]:
        ax.set_xlabel("longitude")
    for ax in axes[:, 0]:
        ax.set_ylabel("latitude")


def draw(terrain, slope, aspect, relief, path):
    """Draw elevation, shaded relief, slope and aspect, four maps in one PNG."""
    figure, axes = plt.subplots(
        2, 2, figsize=(13, 12.2), sharex=True, sharey=True, layout="compressed"
    )
    elevation_map, relief_map, slope_map, aspect_map = axes.flat
    draw_elevation(elevation_map, terrain, relief)
    sun = f"sun at {SUN_AZIMUTH:.0f}°, {SUN_ALTITUDE:.0f}° high"
    draw_map(
        relief_map,
        terrain,
        relief,
        title=f"Shaded relief, {sun}",
        label="brightness (1: facing the sun)",
        cmap="gray",
    )
    draw_scale(relief_map, terrain)
    draw_map(
        slope_map,
        terrain,
        slope,
        title="Slope",
        label="degrees from the horizontal",
        cmap="magma",
        vmin=0,
    )
    draw_map(
        aspect_map,
        terrain,
        aspect,
        title="Aspect: where the ground falls to (green: level)",
        label="degrees clockwise from north",
        ticks={45 * i: f"{45 * i}° {name}" for i, name in enumerate(COMPASS)},
        # Cyclic: 359 degrees lies beside 0, and has to look so.
        cmap=plt.colormaps["twilight"].with_extremes(bad="mediumseagreen"),
        vmin=0,
        vmax=360,
    )
    frame(axes, terrain)
    figure.suptitle("Jacksboro fault, Tennessee", fontsize=18)
    figure.savefig(path, dpi=150, bbox_inches="tight", pad_inches=0.2)
    plt.close(figure)


def describe(terrain):
    """Print what was read."""
    rows, columns = terrain.elevation.shape
    low, high = terrain.elevation.min(), terrain.elevation.max()
    row_step, column_step = terrain.spacing
    print("Jacksboro fault, Tennessee")
    print(f"  elevation     {rows} x {columns}, {terrain.elevation.dtype}, {low} to {high} m")
    print(f"  latitude      {terrain.south:.4f} to {terrain.north:.4f} degrees north")
    print(f"  longitude     {-terrain.east:.4f} to {-terrain.west:.4f} degrees west")
    print(f"  rows          every {terrain.step[0]:.6f} degrees = {row_step:.2f} m")
    print(f"  columns       every {terrain.step[1]:.6f} degrees = {column_step:.2f} m")


def compare(*args):
    """Print how long NumPy and cgrad take for the same call, and whether they agree.

    Returns
    -------
    bool
        Whether every bit is equal.
    """
    equal = same_bits(np.gradient(*args), cgrad.gradient(*args))
    numpy_time, cgrad_time = median_seconds([np.gradient, cgrad.gradient], *args)
    print(f"Both gradients, median of {ROUNDS} rounds")
    print(f"  numpy         {1e3 * numpy_time:.3f} ms")
    print(f"  cgrad         {1e3 * cgrad_time:.3f} ms, {numpy_time / cgrad_time:.1f} times as fast")
    print(f"  bits equal    {'yes' if equal else 'NO'}")
    return equal


def main():
    """Read, compare, differentiate and draw."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, default="terrain.png", help="default: %(default)s")
    path = parser.parse_args().output

    terrain = read_terrain()
    describe(terrain)
    row_step, column_step = terrain.spacing
    # Rows run southwards: a negative spacing gives the rise towards the north.
    spacing = -row_step, column_step
    equal = compare(terrain.elevation, *spacing)

    northward, eastward = cgrad.gradient(terrain.elevation, *spacing)
    slope, aspect = slope_and_aspect(northward, eastward)
    draw(terrain, slope, aspect, shaded_relief(northward, eastward), path)
    print("Maps")
    print(f"  slope         {np.median(slope):.1f} degrees (median), at most {slope.max():.1f}")
    print(f"  written to    {path}")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
