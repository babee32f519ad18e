"""Plain convolutions against every dynamic variant, at as many parameters and at as many multiply-adds."""
