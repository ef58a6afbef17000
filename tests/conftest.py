"""For all tests: torch on one thread, since its threads wait for each other on a busy machine, milliseconds for a tiny product."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
