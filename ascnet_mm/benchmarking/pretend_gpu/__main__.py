"""``python -m ascnet_mm.benchmarking.pretend_gpu SPEC RANKS``.

SPEC is a list of the arguments of :func:`.training.measure`, as JSON; what it
returns is printed likewise.
"""
import json
import sys

from .device import pretend_gpu
from .training import joined, measure

if __name__ == '__main__':
    with pretend_gpu() as gpu, joined(int(sys.argv[2])):
        print(json.dumps(
            [measure(gpu, **each) for each in json.loads(sys.argv[1])]))
