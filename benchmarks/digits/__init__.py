"""Every layer of the package on scikit-learn's digits (scanned handwriting), beside the static layer in the same network."""
