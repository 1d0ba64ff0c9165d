"""Draw the pictures from a JSON file of bench_gradient.py.

    python benchmarks/plot.py results.json --output folder

``time_per_element.png``
    Time per element against size, on log axes, one line a contestant.
``traffic_share.png``
    How near cgrad comes to the traffic limit, into memory that exists, one bar a case.
"""

import argparse
import json
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

# Told apart by those who see few colours (Okabe and Ito), and by the marker.
STYLES = {
    "numpy": {"color": "#000000", "marker": "s", "label": "NumPy"},
    "torch": {"color": "#D55E00", "marker": "v", "label": "torch"},
    "jax": {"color": "#CC79A7", "marker": "^", "label": "jax, jit"},
    "findiff": {"color": "#E69F00", "marker": "D", "label": "findiff"},
    "numba": {"color": "#009E73", "marker": "P", "label": "numba, by hand"},
    "cgrad": {"color": "#0072B2", "marker": "o", "label": "cgrad"},
    "mapped": {"color": "#56B4E9", "marker": "o", "label": "cgrad, mapped"},
    "limit": {"color": "#999999", "marker": "", "label": "traffic limit"},
}

PANELS = (
    ("1-D float64", 1, "none"),
    ("1-D float64, coordinates", 1, "coordinates"),
    ("3-D float64, all axes", 3, "none"),
)

# The groups whose time is traffic, and their bars.
BARS = {"cache": "#56B4E9", "large": "#0072B2"}

# The other limits, as marks upon the bars.
MARKS = {
    "limit-native": {"color": "#000000", "marker": "|", "label": "of the native limit"},
    "limit-streaming": {"color": "#D55E00", "marker": "x", "label": "of the streaming limit"},
}


def parse_arguments(arguments=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", help="JSON written by bench_gradient.py --all --json")
    parser.add_argument("--output", default=".", metavar="FOLDER", help="where to (.)")
    return parser.parse_args(arguments)


def subtitle(environment):
    """One line that says what the picture was measured on."""
    names = ("CPU", "Python", "numpy", "cgrad")
    return ", ".join(f"{name} {environment[name]}" for name in names if name in environment)


def curve_rows(rows, ndim, spacing):
    """Pick the rows of a panel, by size."""
    chosen = [
        row
        for row in rows
        if row["group"] == "curve" and len(row["shape"]) == ndim and row["spacing"] == spacing
    ]
    return sorted(chosen, key=lambda row: row["size"])


def draw_curves(axes, rows):
    """Draw a line for each contestant."""
    for name, style in STYLES.items():
        points = [(row["size"], row["seconds"][name]) for row in rows if name in row["seconds"]]
        if points:
            sizes = [size for size, _ in points]
            nanoseconds = [1e9 * seconds / size for size, seconds in points]
            axes.loglog(sizes, nanoseconds, markersize=4, **style)
    axes.set_xlabel("elements")
    axes.grid(True, which="major", color="0.9")


def draw_time_per_element(document):
    """Draw time per element against size.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if the curves were not measured.
    """
    panels = [(title, curve_rows(document["rows"], *kind)) for title, *kind in PANELS]
    panels = [(title, rows) for title, rows in panels if rows]
    if not panels:
        return None
    figure, all_axes = plt.subplots(
        1, len(panels), figsize=(4.5 * len(panels), 4.6), sharey=True, squeeze=False
    )
    for axes, (title, rows) in zip(all_axes[0], panels, strict=True):
        axes.set_title(title)
        draw_curves(axes, rows)
    all_axes[0, 0].set_ylabel("time per element [ns]")
    handles, labels = labelled(all_axes[0])
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.suptitle(f"Time per element; lower is faster\n{subtitle(document['environment'])}")
    return figure


def labelled(all_axes):
    """Collect each label of all panels once."""
    lines = {}
    for axes in all_axes:
        handles, labels = axes.get_legend_handles_labels()
        lines.update(zip(labels, handles, strict=True))
    return list(lines.values()), list(lines)


def draw_traffic_share(document):
    """Draw the share of the traffic limit.

    Returns
    -------
    matplotlib.figure.Figure or None
        None if the limit was not measured.
    """
    rows = [
        row
        for row in document["rows"]
        if row["group"] in BARS and {"mapped", "limit"} <= row["seconds"].keys()
    ]
    if not rows:
        return None
    figure, axes = plt.subplots(figsize=(8, 2 + 0.26 * len(rows)))
    draw_bars(axes, rows)
    for name, style in MARKS.items():
        marked = [row for row in rows if name in row["seconds"]]
        if marked:
            places = [row["name"] for row in marked]
            axes.scatter([share_of(name, row) for row in marked], places, zorder=3, **style)
    axes.axvline(1, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(mpl.ticker.PercentFormatter(1))
    axes.set_xlabel("share of the traffic limit")
    axes.spines[["top", "right"]].set_visible(False)
    handles, labels = labelled([axes])
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.suptitle(
        "cgrad into memory that exists, against the traffic limit; longer is faster\n"
        + subtitle(document["environment"])
    )
    return figure


def draw_bars(axes, rows):
    """Draw the shares of the limit with plain stores, a colour for each group."""
    for group, color in BARS.items():
        chosen = [row for row in rows if row["group"] == group]
        if chosen:
            names = [row["name"] for row in chosen]
            shares = [share_of("limit", row) for row in chosen]
            axes.barh(names, shares, color=color, height=0.7, label=f"{group}: of the limit")
    beside = axes.get_yaxis_transform()
    for row in rows:
        speed = f"{row['GB/s']['mapped']:.0f} GB/s"
        axes.text(1.01, row["name"], speed, transform=beside, va="center", fontsize=8)


def share_of(name, row):
    """How much of a limit cgrad reaches."""
    return row["seconds"][name] / row["seconds"]["mapped"]


PICTURES = {
    "time_per_element.png": draw_time_per_element,
    "traffic_share.png": draw_traffic_share,
}


def main():
    """Draw what the results have rows for."""
    options = parse_arguments()
    document = json.loads(Path(options.results).read_text(encoding="utf-8"))
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update({"figure.constrained_layout.use": True, "font.size": 9})
    for name, draw in PICTURES.items():
        figure = draw(document)
        if figure is None:
            print(f"{name}: not drawn, for its cases were not measured")
        else:
            figure.savefig(folder / name, dpi=150)
            print(f"{name}: drawn")


if __name__ == "__main__":
    mpl.use("Agg")
    main()
