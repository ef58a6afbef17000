"""Workload x program x target gap: how soon each program has the optimum, judged by one evaluator. ``python -m benchmarks -h``."""
