"""What every layer and block costs beside a plain convolution: in training, on a phone, on a TPU."""
