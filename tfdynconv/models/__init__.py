"""The networks of the papers, each described once, its convolutions handed in."""

from tfdynconv.models.convolutions import Convolutions as Convolutions
from tfdynconv.models.convolutions import condconv as condconv
from tfdynconv.models.convolutions import drconv as drconv
from tfdynconv.models.convolutions import dynamic_conv as dynamic_conv
from tfdynconv.models.convolutions import odconv as odconv
from tfdynconv.models.cost import cost as cost
from tfdynconv.models.dy_mobile import dy_mobile as dy_mobile
from tfdynconv.models.efficientnet import efficientnet as efficientnet
from tfdynconv.models.mobilenet_v1 import mobilenet_v1 as mobilenet_v1
from tfdynconv.models.mobilenet_v2 import mobilenet_v2 as mobilenet_v2
from tfdynconv.models.place import Place as Place
from tfdynconv.models.published import LoadReport as LoadReport
from tfdynconv.models.published import load_published as load_published
from tfdynconv.models.resnet import resnet as resnet
from tfdynconv.models.shufflenet_v2 import shufflenet_v2 as shufflenet_v2
