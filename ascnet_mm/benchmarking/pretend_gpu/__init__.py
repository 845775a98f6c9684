"""What a step launches, waits for and holds on a GPU, without a GPU.

``device`` is a GPU that computes nothing, ``training`` what trains on it,
``process`` how to get at both: a process that has used the device is of no
use for anything else.
"""
