import json

import torch

from ascnet_mm.benchmarking import retrieval


def test_both_searches_are_timed_and_written_down(tmp_path):
    sizes = dict(queries=20, gallery=300, channels=8, depth=5)
    retrieval.run(repeats=2, out=str(tmp_path), **sizes)
    with open(tmp_path / 'retrieval.json') as file:
        found = json.load(file)
    assert {name: len(times) for name, times in found['seconds'].items()
            } == dict(bare=2, ours=2)
    [ratio] = found['ratios']
    assert ratio['bar'] == '<= 1.2' and ratio['value'] > 0
    assert {name: found['settings'][name] for name in sizes} == sizes
    assert found['settings']['peak_mb'] > 50


def test_the_bare_search_finds_the_same_in_blocks():
    generator = torch.Generator().manual_seed(0)
    queries, gallery = (
        torch.randn(n, 6, dtype=torch.double, generator=generator)
        for n in (30, 200))
    found = retrieval.bare(queries, gallery, 7, (8, 64))
    expected = retrieval.nearest(queries, gallery, 7)
    torch.testing.assert_close(found[0], expected[0])
    assert torch.equal(found[1], expected[1])
