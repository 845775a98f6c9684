import pytest
import torch

from ascnet_mm import InputError
from ascnet_mm.models.heads import unit_length
from ascnet_mm.models.memory_bank import (
    BankEntries,
    MemoryBank,
    RandomMemoryBank,
    TopKMemoryBank,
)


def entries(count, first_video=0, speeds=None, seed=0, dim=8):
    generator = torch.Generator().manual_seed(seed)
    return BankEntries(
        unit_length(torch.randn(count, dim, generator=generator)),
        unit_length(torch.randn(count, dim, generator=generator)),
        torch.tensor(speeds or [1] * count),
        torch.arange(first_video, first_video + count))


def unit(count):
    return unit_length(torch.randn(count, 8))


def test_size_defaults_to_the_papers():
    assert MemoryBank().size == 32768


@pytest.mark.parametrize('size', [0, -1, 1.5])
def test_refuses_a_size_below_one(size):
    with pytest.raises(InputError, match='memory_bank.size'):
        MemoryBank(size)


@pytest.mark.parametrize('batch', [1, 3, 4, 11, 25])
def test_keeps_the_most_recent_of_each_speed(batch):
    """Against a list, with sizes that do not divide and exceed K."""
    bank, expected = MemoryBank(size=10), {1: [], 2: []}
    for step in range(6):
        speeds = [1 + (step + i) % 2 for i in range(batch)]
        new = entries(batch, step * batch, speeds, seed=step)
        bank.enqueue(new)
        for speed, video in zip(speeds, new.video_ids.tolist()):
            expected[speed] = (expected[speed] + [video])[-10:]
    for speed, videos in expected.items():
        if videos:
            ring = bank._rings[speed]
            assert sorted(ring.video_ids[:ring.filled].tolist()) == videos
            assert bank.fill(speed) == len(videos) / 10


def test_a_batch_beyond_the_size_leaves_the_oldest_next_in_turn():
    bank = MemoryBank(size=4)
    bank.enqueue(entries(6))  # 2 3 4 5 stay
    bank.enqueue(entries(1, first_video=6))
    assert sorted(bank._rings[1].video_ids.tolist()) == [3, 4, 5, 6]


def test_search_finds_the_nearest_other_video():
    """Against a loop over all entries, own videos left out."""
    bank = MemoryBank(size=50)
    stored = entries(40, speeds=[1, 2] * 20, seed=1)
    bank.enqueue(stored)
    queries = entries(30, first_video=20, seed=2)
    speeds = torch.tensor([2, 1] * 15)
    hits = bank.search(queries.appearance, speeds, queries.video_ids)
    for row in range(30):
        candidates = [
            i for i in range(40) if stored.speeds[i] == speeds[row]
            and stored.video_ids[i] != queries.video_ids[row]
        ]
        dots = [float(stored.appearance[i] @ queries.appearance[row])
                for i in candidates]
        best = candidates[dots.index(max(dots))]
        assert hits.found[row]
        assert torch.equal(hits.motion[row], stored.motion[best])
        assert float(hits.similarity[row]) == pytest.approx(max(dots))


def test_autocast_leaves_the_search_in_single_precision():
    bank = MemoryBank(size=500)
    bank.enqueue(entries(500, dim=64))
    queries = entries(20, first_video=900, seed=2, dim=64)
    arguments = (queries.appearance, queries.speeds, queries.video_ids)
    single = bank.search(*arguments)
    with torch.autocast('cpu', torch.bfloat16):
        inside = bank.search(*arguments)
    assert torch.equal(single.similarity, inside.similarity)


def test_nothing_is_found_where_there_is_no_other_video():
    bank = MemoryBank(size=4)
    query = entries(1)
    empty = bank.search(query.appearance, query.speeds, query.video_ids)
    assert not empty.found.any() and not empty.motion.any()
    bank.enqueue(query)  # now the bank holds the query's own video alone
    own = bank.search(query.appearance, query.speeds, query.video_ids)
    assert not own.found.any() and not own.motion.any()
    assert own.similarity.item() == 0


def test_state_survives_a_checkpoint(tmp_path):
    bank = MemoryBank(size=5)
    bank.enqueue(entries(8, speeds=[1, 2, 1, 1, 1, 1, 1, 1]))
    torch.save(bank.state_dict(), tmp_path / 'bank.pth')
    other = MemoryBank(size=5)
    other.load_state_dict(torch.load(tmp_path / 'bank.pth'))
    for b in (bank, other):  # the next entries go to the same places
        b.enqueue(entries(3, first_video=90, speeds=[1, 2, 1], seed=9))
    for speed in (1, 2):
        ours, theirs = other._rings[speed], bank._rings[speed]
        assert torch.equal(ours.appearance, theirs.appearance)
        assert torch.equal(ours.motion, theirs.motion)
        assert torch.equal(ours.video_ids, theirs.video_ids)
        assert (ours.next, ours.filled) == (theirs.next, theirs.filled)


def test_state_of_another_size_is_refused():
    with pytest.raises(InputError, match='memory_bank.size=5'):
        MemoryBank(size=6).load_state_dict(MemoryBank(size=5).state_dict())


@pytest.mark.parametrize('feature', ['appearance', 'motion'])
@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_an_entry_that_is_not_finite_is_never_found(feature, value):
    bank, clean = MemoryBank(size=6), MemoryBank(size=6)
    new = entries(5, seed=1)
    new.appearance.copy_(unit_length(new.appearance + 1))
    getattr(new, feature)[2, 3] = value
    bank.enqueue(new)
    clean.enqueue(BankEntries(*(rows[[0, 1, 3, 4]] for rows in new)))
    queries = entries(20, first_video=50, seed=2)
    # One is nearer to nothing at all than to any entry.
    queries.appearance[0] = -unit_length(
        new.appearance[[0, 1, 3, 4]].sum(dim=0, keepdim=True))
    arguments = (queries.appearance, queries.speeds, queries.video_ids)
    found, expected = bank.search(*arguments), clean.search(*arguments)
    assert found.found.all()
    assert torch.equal(found.motion, expected.motion)
    assert torch.equal(found.similarity, expected.similarity)
    bank.enqueue(entries(4, first_video=9, seed=3))  # over entries 0 to 2
    assert (bank._rings[1].video_ids[:6] >= 0).all()


def test_entries_are_told_apart_over_all_speeds():
    bank = MemoryBank(size=4)
    bank.enqueue(entries(2, speeds=[1, 2]))  # first of its ring each
    query = entries(1, first_video=9)
    queries = BankEntries(*(rows.repeat_interleave(3, dim=0)
                            for rows in query))
    hits = bank.search(queries.appearance, torch.tensor([1, 2, 1]),
                       queries.video_ids)
    assert hits.entry[0] == hits.entry[2] != hits.entry[1]
    nothing = bank.search(queries.appearance, torch.tensor([3, 3, 3]),
                          queries.video_ids)
    assert (nothing.entry == -1).all()


def test_similarity_is_that_to_every_entry_of_other_videos():
    bank = MemoryBank(3)
    queries = unit(2)
    ids = torch.tensor([4, 9])
    assert bank.similarity(queries, ids).shape == (2, 0)
    rows = unit(5)
    speeds = torch.tensor([2, 1, 2, 2, 2])  # the first is overwritten
    videos = torch.tensor([7, 4, 8, 9, 4])
    bank.enqueue(BankEntries(rows, unit(5), speeds, videos))
    queries.requires_grad_()
    found = bank.similarity(queries, ids)
    order = [1, 4, 2, 3]  # 1x; 2x with the last one in the first one's place
    for i, own in enumerate([4, 9]):
        for j, row in enumerate(order):
            expected = (queries[i] @ rows[row]).item()
            if videos[row] == own:
                expected = -float('inf')
            assert found[i, j].item() == pytest.approx(expected, abs=1e-6)
    found[found > -torch.inf].sum().backward()
    assert queries.grad.any()


def test_random_positives_are_all_other_videos_alike():
    bank = RandomMemoryBank(6)
    rows = unit(6)
    videos = torch.tensor([0, 1, 2, 3, 4, 5])
    bank.enqueue(BankEntries(rows, rows, torch.ones(6).long(), videos))
    query, speed = rows[:1].expand(4000, -1), torch.ones(4000).long()
    torch.manual_seed(0)
    found = bank.search(query, speed, torch.full((4000, ), 3))
    drawn = (found.motion[:, None] == rows).all(dim=2).float().mean(dim=0)
    assert drawn[3] == 0 and found.found.all()
    for video in (0, 1, 2, 4, 5):
        assert drawn[video].item() == pytest.approx(0.2, abs=0.03)
    # The similarity told is that of the entry drawn.
    torch.testing.assert_close(
        found.similarity, (query * found.motion).sum(dim=1))
    torch.manual_seed(0)
    again = bank.search(query, speed, torch.full((4000, ), 3))
    assert torch.equal(again.motion, found.motion)


def test_random_positives_are_none_where_there_is_no_other_video():
    bank = RandomMemoryBank(6)
    bank.enqueue(BankEntries(unit(2), unit(2), torch.ones(2).long(),
                             torch.tensor([3, 3])))
    found = bank.search(unit(1), torch.ones(1).long(), torch.tensor([3]))
    assert not found.found.any() and not found.motion.any()


@pytest.mark.parametrize('k', [1, 3, 9])
def test_positives_are_drawn_from_the_k_most_similar(k):
    """Each alike; of other videos alone, and of all of a speed at most."""
    bank = TopKMemoryBank(k=k, size=8)
    rows = unit(6)
    bank.enqueue(BankEntries(rows, rows, torch.ones(6).long(),
                             torch.arange(6)))
    query, own = unit(1), 2
    dots = [-2. if video == own else float(query[0] @ rows[video])
            for video in range(6)]
    nearest = sorted(range(6), key=dots.__getitem__)[::-1][:min(k, 5)]
    torch.manual_seed(0)
    hits = bank.search(query.expand(4000, -1), torch.ones(4000).long(),
                       torch.full((4000, ), own))
    assert hits.found.all()
    drawn = (hits.motion[:, None] == rows).all(dim=2).float().mean(dim=0)
    for video in range(6):
        expected = 1 / len(nearest) if video in nearest else 0
        assert drawn[video].item() == pytest.approx(expected, abs=0.03)
        of_it = (hits.motion == rows[video]).all(dim=1)
        torch.testing.assert_close(
            hits.similarity[of_it],
            torch.full_like(hits.similarity[of_it], dots[video]))


def test_draws_are_those_of_the_seed_of_the_iteration():
    bank = TopKMemoryBank(k=4, size=30)
    bank.enqueue(entries(30))
    queries = entries(20, first_video=40, seed=1)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(bank.search(queries.appearance, queries.speeds,
                                 queries.video_ids).entry)
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_a_positive_of_none_is_refused():
    with pytest.raises(InputError, match='memory_bank.k'):
        TopKMemoryBank(k=0)


@pytest.mark.parametrize('min_fill, needed', [(0., 1), (0.5, 4), (1., 8)])
def test_a_search_waits_until_its_speeds_bank_is_filled(min_fill, needed):
    bank = MemoryBank(size=8, min_fill=min_fill)
    query = unit(2), torch.tensor([1, 2]), torch.tensor([50, 51])
    for count in range(1, 9):
        bank.enqueue(entries(1, first_video=count))
        assert bank.search(*query).found.tolist() == [count >= needed, False]


@pytest.mark.parametrize('min_fill', [-0.1, 1.1])
def test_an_impossible_fill_is_refused(min_fill):
    with pytest.raises(InputError, match='memory_bank.min_fill'):
        MemoryBank(min_fill=min_fill)


def test_speeds_that_are_no_whole_numbers_are_refused():
    """Each would get a bank of its own."""
    bank = MemoryBank(size=8)
    with pytest.raises(InputError, match='whole number, not 1.7'):
        bank.enqueue(entries(2, speeds=[1.7, 2.1]))
    assert bank.speeds == []
