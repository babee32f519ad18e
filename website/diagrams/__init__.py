"""The diagrams of the site: how the kernel of each family comes about. A function of these modules draws one of them."""

from website.diagrams import attention, cheap, graph, mixing, places, static

ALL = {
    function.__name__: function
    for module in (mixing, places, static, attention, cheap, graph)
    for function in module.DIAGRAMS
}
