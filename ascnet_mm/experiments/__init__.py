"""Ways of pre-training compared at equal cost, over several seeds.

An experiment file says what is to be compared (:mod:`.source`). Its methods
and evaluations are resolved and given equal encoder passes (:mod:`.plan`),
become jobs (:mod:`.jobs`), each of which runs in a process of its own
(:mod:`.running`), and what these have found (:mod:`.results`) becomes tables,
pictures and a page (:mod:`.report`).
"""
