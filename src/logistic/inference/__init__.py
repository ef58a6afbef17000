"""How sure a fit is of its coefficients: standard errors, tests, intervals."""
