"""The memory bank: motion features found by appearance."""
from typing import (
    Any,
    Callable,
    Dict,
    List,
    NamedTuple,
    Sequence,
    Tuple,
    Union,
)

import torch
from mmaction.registry import MODELS
from torch import Tensor

from ..errors import InputError


class BankEntries(NamedTuple):
    """What one step hands to the memory bank, row by row.

    Args:
        appearance (Tensor): Unit-length target projections a_j, ``[N, D]``.
        motion (Tensor): Unit-length target projections m_j, ``[N, D]``.
        speeds (Tensor): Playback speeds of the clips c_j, int64 ``[N]`` on
            the CPU.
        video_ids (Tensor): Identities of their videos, int64 ``[N]`` on the
            CPU.
    """
    appearance: Tensor
    motion: Tensor
    speeds: Tensor
    video_ids: Tensor


class Retrieved(NamedTuple):
    """What a search of the memory bank returns, row by row.

    Args:
        motion (Tensor): Stored motion features m_k, ``[N, D]``; zeros where
            nothing was found.
        similarity (Tensor): Dot product of query and found appearance,
            ``[N]``; zero where nothing was found.
        found (Tensor): Whether the bank held another video, bool ``[N]``.
        entry (Tensor): Which entry was found, int64 ``[N]``: a number of its
            own for each entry of each speed; -1 where nothing was found.
    """
    motion: Tensor
    similarity: Tensor
    found: Tensor
    entry: Tensor


class _Ring:
    """The most recent ``size`` entries of one speed."""

    def __init__(self, size: int, like: Tensor) -> None:
        dim = like.shape[1]
        self.appearance = like.new_zeros(size, dim)
        self.motion = like.new_zeros(size, dim)
        self.video_ids = torch.full((size, ), -1, device=like.device)
        self.next = 0  # where the next entry goes
        self.filled = 0

    def enqueue(self, appearance: Tensor, motion: Tensor,
                video_ids: Tensor) -> None:
        size = len(self.video_ids)
        # Of more than `size` new entries the first are overwritten at once.
        surplus = max(len(video_ids) - size, 0)
        count = len(video_ids) - surplus
        start = (self.next + surplus) % size
        for ring, rows in ((self.appearance, appearance),
                           (self.motion, motion),
                           (self.video_ids, video_ids)):
            head, tail = rows[surplus:].tensor_split([size - start])
            ring[start:start + len(head)] = head
            ring[:len(tail)] = tail
        self.next = (start + count) % size
        self.filled = min(self.filled + count, size)

    def similarity(self, queries: Tensor, video_ids: Tensor,
                   of: str = 'appearance') -> Tensor:
        similarity = queries @ getattr(self, of)[:self.filled].T
        same_video = video_ids[:, None] == self.video_ids[:self.filled]
        void = self.video_ids[:self.filled] == -1
        return similarity.masked_fill_(same_video | void, -torch.inf)

    def search(self, queries: Tensor, video_ids: Tensor,
               choose: Callable[[Tensor], Tensor]) -> Retrieved:
        similarity = self.similarity(queries, video_ids)
        index = choose(similarity)
        best = similarity.gather(1, index[:, None])[:, 0]
        found = best > -torch.inf
        return Retrieved(
            self.motion[index] * found[:, None],
            torch.where(found, best, torch.zeros_like(best)), found,
            torch.where(found, index, -1))


@MODELS.register_module()
class MemoryBank:
    """Maps appearance features to motion features, one bank per speed.

    As in section C of the supplementary material, both features come from the
    target network, and the most recent ``size`` pairs of each playback speed
    are kept. The bank of a speed is created with its first entry. Each entry
    carries the identity of its video, so that a search can leave that video
    out.

    It is not an ``nn.Module``: as buffers, its 134 MB (two speeds, 32768 pairs
    of 256 numbers) would enter every exported weight file and be averaged over
    the ranks by MMEngine's ``SyncBuffersHook``. :class:`MemoryBankHook` fills
    it and saves it.

    Everything that determines shapes (speeds, how many entries there are) is
    known on the CPU, so that neither searching nor adding entries waits for
    the device.

    Args:
        size (int): Entries kept per speed, K. Defaults to 32768 (section C).
        min_fill (float): Share of a speed's bank that has to be in use before
            a search at that speed finds anything, so that nothing is learned
            from early entries. 1 waits until it is full, as CoCLR's code does
            (Han et al., NeurIPS 2020). Defaults to 0.

    Raises:
        InputError: If ``size`` is less than 1, or ``min_fill`` is not between
            0 and 1.

    Examples:
        >>> bank = MemoryBank(size=4)
        >>> looks, motion = torch.eye(2), torch.rand(2, 2)
        >>> speeds, ids = torch.tensor([1, 1]), torch.tensor([7, 8])
        >>> bank.enqueue(BankEntries(looks, motion, speeds, ids))
        >>> bank.fill(1)
        0.5
        >>> hits = bank.search(looks, speeds, ids)  # each finds the other
        >>> torch.equal(hits.motion, motion.flip(0))
        True
    """

    def __init__(self, size: int = 32768, min_fill: float = 0.) -> None:
        if int(size) != size or size < 1:
            raise InputError(f'the memory bank cannot keep {size} entries '
                             'per speed: set memory_bank.size to 1 or more')
        if not 0 <= min_fill <= 1:
            raise InputError('memory_bank.min_fill is a share of the bank, '
                             f'0 to 1, not {min_fill}')
        self.size = int(size)
        self.min_fill = min_fill
        self._rings: Dict[int, _Ring] = {}

    @property
    def speeds(self) -> List[int]:
        """list[int]: The speeds that have entries, ascending."""
        return sorted(self._rings)

    def fill(self, speed: int) -> float:
        """Share of a speed's bank that is in use, 0 to 1."""
        ring = self._rings.get(speed)
        return ring.filled / self.size if ring else 0.0

    @torch.no_grad()
    def enqueue(self, entries: BankEntries) -> None:
        """Append entries in the order given, replacing the oldest ones.

        An entry that is not finite takes its place, but no search finds it:
        its similarity to anything would be NaN, the greatest of all. Only the
        device knows whether an entry is finite.

        Raises:
            InputError: If the speeds are not whole numbers; each of them would
                get a bank of its own.
        """
        appearance, motion, speeds, video_ids = entries
        if speeds.is_floating_point():
            raise InputError(
                'a memory bank is kept for each speed, which has to be a '
                f'whole number, not {speeds[0].item():.3g}: '
                'SpeedPairedSampleFrames has to choose the clips')
        for speed, rows in _rows_by_speed(speeds).items():
            if speed not in self._rings:
                self._rings[speed] = _Ring(self.size, appearance)
            rows, ids = _to_device(rows, video_ids, appearance.device)
            self._rings[speed].enqueue(*_void_unless_finite(
                appearance[rows], motion[rows], ids))

    @torch.no_grad()
    def search(self, queries: Tensor, speeds: Tensor,
               video_ids: Tensor) -> Retrieved:
        """Find the nearest other video at a given speed (lines 12-13).

        Args:
            queries (Tensor): Appearance features a_j, ``[N, D]``.
            speeds (Tensor): The speed whose bank is searched, that of c_i,
                int64 ``[N]`` on the CPU.
            video_ids (Tensor): The queries' own videos, which are left out,
                int64 ``[N]`` on the CPU.

        Returns:
            Retrieved: Motion feature, similarity and ``found`` per query.
        """
        motion = torch.zeros_like(queries)
        similarity = queries.new_zeros(len(queries))
        found = torch.zeros(
            len(queries), dtype=torch.bool, device=queries.device)
        entry = torch.full_like(found, -1, dtype=torch.int64)
        # Autocast would compare the features in half precision.
        with torch.autocast(queries.device.type, enabled=False):
            for speed, rows in _rows_by_speed(speeds).items():
                if speed in self._rings and self.fill(speed) >= self.min_fill:
                    rows, ids = _to_device(rows, video_ids, queries.device)
                    hits = self._rings[speed].search(
                        queries[rows], ids, self.choose)
                    motion[rows], similarity[rows], found[rows] = hits[:3]
                    entry[rows] = torch.where(
                        hits.found, hits.entry + speed * self.size, -1)
        return Retrieved(motion, similarity, found, entry)

    @staticmethod
    def choose(similarity: Tensor) -> Tensor:
        """Which entry a search returns: the most similar one.

        Args:
            similarity (Tensor): Of queries and entries, ``[N, M]``; -inf
                where an entry is of the query's own video.

        Returns:
            Tensor: A column for each row, int64 ``[N]``.
        """
        return similarity.argmax(dim=1)

    def similarity(self, queries: Tensor, video_ids: Tensor,
                   of: str = 'appearance') -> Tensor:
        """Dot products with a feature of all entries of all speeds.

        Args:
            queries (Tensor): Unit-length features, ``[N, D]``; a gradient
                goes to them, never to the entries.
            video_ids (Tensor): The queries' own videos, int64 ``[N]`` on the
                CPU.
            of (str): ``'appearance'`` or ``'motion'``. Defaults to the
                first.

        Returns:
            Tensor: ``[N, M]``, speeds ascending; -inf where an entry is of
            the query's own video.
        """
        ids = video_ids.to(queries.device, non_blocking=True)
        with torch.autocast(queries.device.type, enabled=False):
            parts = [
                self._rings[speed].similarity(queries, ids, of)
                for speed in self.speeds
            ]
        return torch.cat([queries.new_zeros(len(queries), 0), *parts], dim=1)

    def state_dict(self) -> dict:
        """All entries in use, on the CPU: tensors and numbers only."""
        return dict(
            size=self.size,
            rings={
                speed: dict(
                    appearance=ring.appearance[:ring.filled].clone().cpu(),
                    motion=ring.motion[:ring.filled].clone().cpu(),
                    video_ids=ring.video_ids[:ring.filled].clone().cpu(),
                    next=ring.next)
                for speed, ring in self._rings.items()
            })

    def load_state_dict(self,
                        state: dict,
                        device: Union[str, torch.device] = 'cpu') -> None:
        """Take over what :meth:`state_dict` returned, on a device.

        Raises:
            InputError: If it came from a bank of another size.
        """
        if state['size'] != self.size:
            raise InputError(
                f'the checkpoint holds a memory bank of {state["size"]} '
                f'entries per speed, the config asks for {self.size}: set '
                f'model.memory_bank.size={state["size"]} to resume')
        self._rings = {}
        for speed, saved in state['rings'].items():
            ring = _Ring(self.size, saved['appearance'].to(device))
            ring.filled = len(saved['video_ids'])
            for name in ('appearance', 'motion', 'video_ids'):
                getattr(ring, name)[:ring.filled] = saved[name]
            ring.next = saved['next']
            self._rings[speed] = ring


@MODELS.register_module()
class RandomMemoryBank(MemoryBank):
    """A search returns any other video's entry, however it looks.

    For comparison: does it matter that the retrieved video looks alike? The
    draws come from torch's global generator, which :class:`SampleSeedHook`
    seeds in each iteration.

    Examples:
        >>> bank = MODELS.build(dict(type='RandomMemoryBank', size=4))
        >>> similarity = torch.tensor([[0.9, -torch.inf], [-torch.inf, 0.1]])
        >>> bank.choose(similarity)  # of the other video, the only one
        tensor([0, 1])
    """

    @staticmethod
    def choose(similarity: Tensor) -> Tensor:
        """Which entry a search returns: any of other videos, equally likely.

        Args:
            similarity (Tensor): As for :meth:`MemoryBank.choose`.

        Returns:
            Tensor: A column for each row, int64 ``[N]``.
        """
        draws = torch.rand_like(similarity)
        return draws.masked_fill_(similarity.isneginf(), -1).argmax(dim=1)


@MODELS.register_module()
class TopKMemoryBank(MemoryBank):
    """A search returns one of the k most similar entries, drawn uniformly.

    MSF (Koohpayegani et al., ICCV 2021) pulls a query toward its k nearest
    neighbors in the memory bank; on average over the draws, this does the
    same. The draws come from torch's global generator, which
    :class:`SampleSeedHook` seeds in each iteration.

    Args:
        k (int): Entries to draw from. Defaults to 5 (MSF's).
        **kwargs: As for :class:`MemoryBank`.

    Raises:
        InputError: If ``k`` is less than 1.

    Examples:
        >>> bank = MODELS.build(dict(type='TopKMemoryBank', k=2, size=4))
        >>> similarity = torch.tensor([[0.9, 0.1, -torch.inf, 0.5]])
        >>> bank.choose(similarity).item() in (0, 3)
        True
    """

    def __init__(self, k: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if k < 1:
            raise InputError('a positive is drawn from the k most similar '
                             f'entries: set memory_bank.k to 1 or more, not '
                             f'{k}')
        self.k = k

    def choose(self, similarity: Tensor) -> Tensor:
        """Which entry a search returns: any of the k most similar.

        Args:
            similarity (Tensor): As for :meth:`MemoryBank.choose`.

        Returns:
            Tensor: A column for each row, int64 ``[N]``.
        """
        best, columns = similarity.topk(min(self.k, similarity.shape[1]))
        draw = RandomMemoryBank.choose(best)
        return columns.gather(1, draw[:, None])[:, 0]


def concat_entries(entries: Sequence[BankEntries]) -> BankEntries:
    """Join the entries of several clips, in order."""
    return BankEntries(*(torch.cat(rows) for rows in zip(*entries)))


def _void_unless_finite(
        appearance: Tensor, motion: Tensor,
        video_ids: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Zeros of no video (-1) for the rows that are not finite."""
    finite = appearance.isfinite().all(dim=1) & motion.isfinite().all(dim=1)
    return (appearance.where(finite[:, None], appearance.new_zeros(())),
            motion.where(finite[:, None], motion.new_zeros(())),
            video_ids.where(finite, -1))


def _rows_by_speed(speeds: Tensor) -> Dict[int, List[int]]:
    """Row numbers of each speed, on the CPU, where the speeds are."""
    rows: Dict[int, List[int]] = {}
    for row, speed in enumerate(speeds.tolist()):
        rows.setdefault(speed, []).append(row)
    return rows


def _to_device(rows: List[int], video_ids: Tensor,
               device: torch.device) -> Tuple[Tensor, Tensor]:
    """Row numbers and their videos, in one copy that nothing waits for."""
    index = torch.tensor(rows)
    both = torch.stack((index, video_ids[index]))
    return both.to(device, non_blocking=True).unbind()
