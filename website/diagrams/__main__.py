"""Write docs/diagrams/*.svg.

python -m website.diagrams
"""

import pathlib

from website.diagrams import ALL

FOLDER = pathlib.Path(__file__).parent.parent.parent / "docs" / "diagrams"

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in ALL.items():
        (FOLDER / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")
        print(FOLDER / f"{name}.svg")
