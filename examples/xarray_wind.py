"""Vorticity and divergence of a wind on the sphere, and how the wind changes, with xarray.

    python examples/xarray_wind.py

A storm moves east. Its wind is a Dataset with the coordinates time, latitude and longitude;
one call differentiates it along all three. The derivatives are compared with those of xarray
itself, and a map is drawn to wind.png.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr

import cgrad.xarray  # noqa: F401, gives xarray's objects .cgrad

RADIUS = 6.371e6                    # of the Earth, in metres
DEGREE = np.pi / 180


def storm(step, hours):
    """Return the wind of a storm that moves 0.4 degrees an hour, every `step` degrees."""
    hour = xr.DataArray(np.arange(hours), dims="time")
    latitude = xr.DataArray(np.arange(20, 60 + step / 2, step), dims="latitude")
    longitude = xr.DataArray(np.arange(-40, 20 + step / 2, step), dims="longitude")
    north = latitude - 40
    east = (longitude + 22 - 0.4 * hour) * np.cos(latitude * DEGREE)
    strength = 9 * np.exp(-(north**2 + east**2) / 50)
    wind = xr.Dataset({
        "u": 8 - strength * north, "v": strength * east,
    }).transpose("time", "latitude", "longitude")
    start = np.datetime64("2026-01-01T00", "ns")
    return wind.assign_coords(
        time=start + np.arange(hours) * np.timedelta64(1, "h"),
        latitude=("latitude", latitude.data, {"units": "degrees_north"}),
        longitude=("longitude", longitude.data, {"units": "degrees_east"}))


def vorticity_and_divergence(wind):
    """Return both, in 1/s, of wind in m/s; each component needs one pass over its data."""
    cos = np.cos(wind.latitude * DEGREE)
    # On the sphere, meridians converge: what changes to the north is the flux between them.
    slopes = (wind * cos).cgrad.gradient(["latitude", "longitude"])
    north, east = slopes["latitude"], slopes["longitude"] / cos
    scale = RADIUS * DEGREE * cos
    return (east.v - north.u) / scale, (east.u + north.v) / scale


def compare(wind, rounds=5):
    """Print how long each takes for all derivatives; return whether their bits are equal."""
    coords = ["time", "latitude", "longitude"]
    contestants = {
        "xarray": lambda: {
            coord: wind.differentiate(coord, datetime_unit="h") for coord in coords},
        "cgrad": lambda: wind.cgrad.gradient(coords, datetime_unit="h"),
    }
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, differentiate in contestants.items():
            start = time.perf_counter()
            differentiate()
            seconds[name].append(time.perf_counter() - start)
    theirs, ours = (differentiate() for differentiate in contestants.values())
    equal = all(
        ours[coord].identical(theirs[coord])
        and all(ours[coord][name].values.tobytes() == theirs[coord][name].values.tobytes()
                for name in wind)
        for coord in coords)
    medians = ", ".join(
        f"{name} {1000 * statistics.median(times):.0f} ms" for name, times in seconds.items())
    print(f"{dict(wind.sizes)}: {medians}; bits equal: {'yes' if equal else 'NO'}")
    return equal


def draw(wind, path):
    """Draw the vorticity at half time, and how fast the wind from the west changes."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    vorticity, _ = vorticity_and_divergence(wind)
    tendency = wind.u.cgrad.differentiate("time", datetime_unit="h")
    middle = wind.sizes["time"] // 2
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    (1e5 * vorticity).isel(time=middle).plot(
        ax=left, cbar_kwargs={"label": "vorticity, 1e-5 / s"})
    tendency.isel(time=middle).plot(
        ax=right, cbar_kwargs={"label": "wind from the west, m/s in an hour"})
    figure.savefig(path, dpi=120)
    print(path)


def main(argv=None):
    """Compute, compare and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", type=float, default=0.25, help="degrees between grid points")
    parser.add_argument("--hours", type=int, default=72)
    parser.add_argument("--picture", type=Path, default=Path("wind.png"))
    options = parser.parse_args(argv)
    wind = storm(options.step, options.hours)
    equal = compare(wind)
    draw(wind, options.picture)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
