"""Pictures of what dynamic layers do, as matplotlib figures; they need the extra `plot`.

No window opens and pyplot is left alone: `figure.savefig("routing.png")`, or the last line of a notebook's cell.
"""

from tfdynconv.viz.involution import plot_involution as plot_involution
from tfdynconv.viz.masks import plot_masks as plot_masks
from tfdynconv.viz.offsets import plot_offsets as plot_offsets
from tfdynconv.viz.regions import plot_regions as plot_regions
from tfdynconv.viz.routing import plot_routing as plot_routing
from tfdynconv.viz.schedule import plot_schedule as plot_schedule
