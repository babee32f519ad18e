"""Per-sample convolution and its kin: pure functions on tensors, no Keras."""

from tfdynconv.ops.attention_conv import attention_conv as attention_conv
from tfdynconv.ops.deform_conv import deform_conv as deform_conv
from tfdynconv.ops.hard_assignment import hard_assignment as hard_assignment
from tfdynconv.ops.mixing import mix as mix
from tfdynconv.ops.mixture_conv import mixture_conv as mixture_conv
from tfdynconv.ops.mixture_depthwise_conv import mixture_depthwise_conv as mixture_depthwise_conv
from tfdynconv.ops.per_sample_conv import per_sample_conv as per_sample_conv
from tfdynconv.ops.per_sample_conv import per_sample_depthwise_conv as per_sample_depthwise_conv
from tfdynconv.ops.per_sample_conv_transpose import per_sample_conv_transpose as per_sample_conv_transpose
from tfdynconv.ops.region_conv import region_conv as region_conv
from tfdynconv.ops.straight_through import binarize as binarize
