"""The report as one HTML file that loads nothing."""

from __future__ import annotations

from html import escape
from string import Template

import pandas as pd

PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Which penguin is it?</title>
<style>
  body { margin: 0; background: #f6f8fa; color: #22303c; font: 16px/1.55 system-ui, sans-serif; }
  main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem; }
  h1 { margin: 0; font-size: 2.2rem; letter-spacing: -0.02em; }
  h2 { margin: 0 0 .4rem; font-size: 1.1rem; }
  p { margin: .4rem 0 1.2rem; max-width: 46rem; }
  section { margin-top: 1.5rem; padding: 1.5rem; background: #fff; border: 1px solid #dfe5ea; border-radius: 12px; }
  svg { width: 100%; height: auto; }
  .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin-top: 1.5rem; }
  .cards section { margin: 0; }
  .number { font-size: 2rem; font-weight: 650; line-height: 1.2; }
  .end { margin-top: 1.5rem; }
  .note { color: #5b6b78; }
</style>
<main>
<h1>Which penguin is it?</h1>
<p class="note">$measured penguins of the Palmer Archipelago, Antarctica. $dropped more were never measured.</p>
<div class="cards">
$cards</div>
<section>
<h2>Three species, four measurements</h2>
<p>Bills tell Adélie from Chinstrap penguins, size tells Gentoo penguins from both. Rings mark birds that a model mistook.</p>
$species
</section>
<section>
<h2>Who is taken for whom</h2>
<p>Each model saw $tested birds that it had not learned from.</p>
$confusion
</section>
<p class="note end">Data: Horst, Hill, Gorman (2020), palmerpenguins, CC0; measured by Dr. Kristen Gorman and Palmer Station LTER.</p>
</main>
</html>
""")
CARD = Template("""\
<section><div class="note">$title</div><div class="number">$number</div><div class="note">$note</div></section>
""")


def render(*, penguins: pd.DataFrame, dropped: int, tested: int, scores: list[tuple[str, float, int]], species: str, confusion: str) -> str:
    """The page. `scores` are model, accuracy and number of mistakes; `species` and `confusion` are SVG."""
    cards = [
        CARD.substitute(title=escape(model), number=f"{accuracy:.1%}", note=f"right, {mistakes} of {tested} mistaken")
        for model, accuracy, mistakes in scores
    ]
    return PAGE.substitute(
        measured=len(penguins), dropped=dropped, tested=tested, cards="".join(cards), species=species, confusion=confusion
    )
