"""The report's charts, as SVG text that is the same on every run: no date, no random ids."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

COLOURS = {"Adelie": "#f28e2b", "Chinstrap": "#9467bd", "Gentoo": "#1f8a8a"}
INK = "#22303c"
STYLE: dict[RcKeyType, Any] = {
    "axes.edgecolor": "#c9d1d9",
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "font.size": 10,
    "grid.color": "#eef1f4",
    "svg.fonttype": "path",
    "svg.hashsalt": "penguins",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def species_chart(penguins: pd.DataFrame, mistaken: pd.DataFrame) -> str:
    """Every bird by two pairs of measurements; a ring around those that a model took for another species."""
    pairs = [
        ("bill_length_mm", "bill_depth_mm", "bill length (mm)", "bill depth (mm)"),
        ("flipper_length_mm", "body_mass_g", "flipper length (mm)", "body mass (g)"),
    ]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.4), layout="constrained")
        for axes, (x, y, x_label, y_label) in zip(figure.subplots(1, 2), pairs, strict=True):
            for species, birds in penguins.groupby("species"):
                axes.scatter(birds[x], birds[y], s=26, alpha=0.75, linewidths=0, color=COLOURS[str(species)], label=species)
            axes.scatter(mistaken[x], mistaken[y], s=110, facecolors="none", edgecolors=INK, linewidths=1.4, label="mistaken")
            axes.set(xlabel=x_label, ylabel=y_label)
            axes.set_axisbelow(True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=4, frameon=False)
        return svg(figure)


def confusion_chart(models: list[tuple[str, list[tuple[str, str, int]]]]) -> str:
    """One table per model: how many birds of each species (rows) it took for which (columns)."""
    names = list(COLOURS)
    with mpl.rc_context(STYLE | {"axes.grid": False}):
        figure = Figure(figsize=(10, 3.9), layout="constrained")
        for axes, (model, confusion) in zip(figure.subplots(1, len(models)), models, strict=True):
            known = {(species, taken): count for species, taken, count in confusion}
            counts = [[known.get((species, taken), 0) for taken in names] for species in names]
            axes.imshow(counts, cmap="Blues", vmin=0, vmax=1.6 * max(map(max, counts)))
            for row, line in enumerate(counts):
                for column, count in enumerate(line):
                    weight = "bold" if row == column else "normal"
                    axes.text(column, row, str(count or "·"), ha="center", va="center", fontsize=13, fontweight=weight)
            axes.set(title=model, xlabel="taken for", ylabel="in truth", xticks=range(len(names)), yticks=range(len(names)))
            axes.set_xticklabels(names)
            axes.set_yticklabels(names)
            axes.tick_params(length=0)
            axes.spines[:].set_visible(False)
        return svg(figure)


def svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]
