"""The report: one offline page of what was fitted, how good it is, and where it errs."""
