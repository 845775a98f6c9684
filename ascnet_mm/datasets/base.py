"""Base of all data sets: reproducible draws, unreadable videos."""
import hashlib
import logging
import math
import os.path as osp
import random
from abc import abstractmethod
from contextlib import contextmanager
from typing import (
    Callable,
    FrozenSet,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import numpy as np
import torch
from mmaction.datasets import BaseActionDataset
from mmaction.datasets import transforms as mmaction_transforms
from mmaction.structures import ActionDataSample
from mmengine.logging import print_log
from mmengine.runner.runner import _SlicedDataset
from torch.utils.data import Dataset

from ..errors import InputError
from ..scope import ensure_scope
from ..text import printable
from .machine import Patience, holds_files
from .skipped_list import SkippedList
from .transforms.decode import DecodeFrames, DecodePlanes, OpenVideo
from .transforms.paired import AppendPairedClip
from .video import MiscountedVideo, UnreadableVideo, reason, within

ROLES = ('gallery', 'query')
MMACTION2_OPENS = (mmaction_transforms.DecordInit,
                   mmaction_transforms.PyAVInit,
                   mmaction_transforms.OpenCVInit)
MMACTION2_DECODES = (mmaction_transforms.DecordDecode,
                     mmaction_transforms.PyAVDecode,
                     mmaction_transforms.OpenCVDecode)
# Broken files make decoders and their bindings raise about anything: what
# one of these raises is taken for the file's fault.
DECODING = (OpenVideo, DecodePlanes, DecodeFrames, AppendPairedClip,
            *MMACTION2_OPENS, *MMACTION2_DECODES)


class BaseVideoDataset(BaseActionDataset):
    """Videos whose clips are drawn reproducibly and may be unreadable.

    All random numbers of a sample, those of MMAction2's transforms included,
    come from (seed, epoch, index), whichever worker makes it
    (:class:`SampleSeedHook` tells seed and epoch), and in the further data
    sets that a ``ConcatDataset`` joins, also from their place among them. In
    test mode seed and epoch are 0: every evaluation sees the same clips.

    A video that cannot be read, or not in time, is named once in the log and
    not tried again. In training, another one takes its place, drawn in the
    same way; in test mode, the sample keeps its place without clips, with the
    metainfo ``readable=False``.

    A failure that the machine is to blame for (:func:`machine_fault`: the
    folder of the videos is gone, a disk or a server does not respond, no more
    files can be opened) says nothing about the video. The video is tried again
    for a while, outside its ``time_limit``; then the run is stopped, and the
    failure is not recorded. A video counts as unreadable when it takes too
    long, or when it fails twice and the system reports no fault in between.

    Every sample carries ``video_id`` (a number made from its absolute
    path), ``sample_seed`` and ``role``, which is ``'query'`` unless the data
    set says that it is ``'gallery'``.

    Args:
        *args: As for MMAction2's ``BaseActionDataset``.
        time_limit (float): Seconds after which a video counts as unreadable.
            Defaults to 60 (ours).
        patience (float): Seconds to wait for a fault of the machine to pass.
            Defaults to 30 (ours).
        **kwargs: As for MMAction2's ``BaseActionDataset``.

    Raises:
        InputError: If ``time_limit`` is not positive, ``patience`` negative,
            or a transform would decode what one of another kind has opened.
    """

    def __init__(self,
                 *args,
                 time_limit: float = 60,
                 patience: float = 30,
                 **kwargs) -> None:
        if not 0 < time_limit < math.inf:
            raise InputError(
                f'time_limit is a number of seconds, not {time_limit}')
        if not 0 <= patience < math.inf:
            raise InputError(
                f'patience is a number of seconds, not {patience}')
        self._folders: FrozenSet[str] = frozenset()
        ensure_scope()
        super().__init__(*args, **kwargs)
        _check_decoding(self.pipeline.transforms)
        self.time_limit = time_limit
        self.patience = patience
        self._list: Optional[SkippedList] = None
        self._named: Set[str] = set()
        # Shared with the workers, which are started after this.
        self._draws = torch.zeros(3, dtype=torch.int64).share_memory_()
        self._skipped = torch.zeros(
            len(self), dtype=torch.bool).share_memory_()
        self._told_slow = torch.zeros(1, dtype=torch.bool).share_memory_()

    @property
    @abstractmethod
    def source(self) -> str:
        """str: Where the videos are listed, for messages."""

    @property
    def skipped(self) -> torch.Tensor:
        """Tensor: Which videos were found unreadable so far, bool ``[len]``.
        """
        return self._skipped.clone()

    def share_skipped(self, path: str) -> None:
        """Name unreadable videos in a file, and try none that it names.

        To be called before the workers start, and again to hear what others
        have written to it since.

        Args:
            path (str): The file, see :class:`SkippedList`.
        """
        self._list = SkippedList(path)
        new = self._list.names() - self._named
        if new:
            self._named |= new
            for index in range(len(self)):
                if printable(self.get_data_info(index)['filename']) in new:
                    self._skipped[index] = True

    def set_draws(self, seed: int, epoch: int, part: int = 0) -> None:
        """Set what the training samples' random numbers come from.

        Args:
            seed (int): Of the run.
            epoch (int): That is to come.
            part (int): Place among the data sets that are trained on.
                Defaults to 0.
        """
        self._draws.copy_(torch.tensor([seed, epoch, part]))

    def get_data_info(self, idx: int) -> dict:
        """Add the video's identity and role to MMAction2's information."""
        info = super().get_data_info(idx)
        digest = hashlib.blake2b(
            osp.abspath(info['filename']).encode(errors='surrogateescape'),
            digest_size=8)
        # 63 bits, to fit a signed integer.
        info['video_id'] = int.from_bytes(digest.digest(), 'big') >> 1
        info.setdefault('role', 'query')
        return info

    def prepare_data(self, idx: int) -> dict:
        """Make the sample ``idx``, or the one that replaces it.

        Raises:
            InputError: If no video of the training set can be read.
        """
        seed, epoch, part = (
            (0, 0, 0) if self.test_mode else self._draws.tolist())
        sequence = np.random.SeedSequence(
            (seed, epoch, idx, part) if part else (seed, epoch, idx))
        sample_seed, start = sequence.generate_state(2).tolist()
        data = self._read(idx, sample_seed)
        if data is None and self.test_mode:
            return self._without_clips(idx)
        step = 0
        while data is None and step < len(self):
            data = self._read((start + step) % len(self), sample_seed)
            step += 1
        if data is not None:
            return data
        raise InputError(
            f'none of the {len(self)} videos of {self.source} can be read')

    def filter_data(self) -> List[dict]:
        """Leave out none, but note which folders hold files now."""
        folders = {osp.dirname(info['filename']) for info in self.data_list}
        self._folders = frozenset(filter(holds_files, folders))
        return self.data_list

    def _read(self, idx: int, sample_seed: int) -> Optional[dict]:
        """Make one sample; None if its video cannot be read.

        Raises:
            InputError: If the machine is at fault, and stays so.
        """
        # An element of an array is read faster than one of a tensor.
        if self._skipped.numpy()[idx]:
            return None
        info = self.get_data_info(idx)
        info['sample_seed'] = sample_seed
        try:
            return self._make_patiently(info)
        except (UnreadableVideo, TimeoutError) as error:
            self._skip(idx, info['filename'], str(error))
            return None

    def _make_patiently(self, info: dict) -> dict:
        """Make a sample, waiting for faults of the machine to pass.

        Raises:
            UnreadableVideo: If the machine is not to blame.
            InputError: If it is, and stays so.
        """
        patience = Patience(info['filename'], self._folders, self.time_limit,
                            self.patience, 'continue with --resume')
        while True:
            try:
                return self._make(info)
            except (UnreadableVideo, OSError, MemoryError) as error:
                patience.wait_or_raise(error)

    def _make(self, info: dict) -> dict:
        """Make a sample, all of whose draws come from its seed, in time."""
        try:
            # Around the thread: one that is left behind draws no more.
            with seeded(info['sample_seed']):
                return within(self.time_limit, self._transform, dict(info))
        except MiscountedVideo:
            # What was drawn fits another number of frames.
            return self._make(dict(info, in_order=True))

    def _transform(self, data: dict) -> dict:
        """Send a sample through the pipeline.

        Raises:
            UnreadableVideo: If opening or decoding fails.
        """
        filename, reader = data['filename'], None
        for transform in self.pipeline.transforms:
            try:
                data = transform(data)
            except (UnreadableVideo, InputError):
                raise
            except Exception as error:
                if isinstance(transform, DECODING):
                    raise UnreadableVideo(reason(error)) from error
                raise
            if data.get('total_frames', 1) < 1:
                raise UnreadableVideo('it has no frame')
            reader = data.get('video_reader', reader)
        if getattr(reader, 'in_order', False):
            self._tell_slow(filename)
        return data

    def _tell_slow(self, filename: str) -> None:
        """Say once, for all workers, that files are decoded in order."""
        if not self._told_slow[0]:
            self._told_slow[0] = True
            print_log(
                f'{printable(filename)}, and maybe others, cannot be sought '
                'in exactly: they are decoded from their beginning, which is '
                'slow; copies made by tools/data/transcode.py are not',
                logger='current',
                level=logging.WARNING)

    def _skip(self, idx: int, filename: str, why: str) -> None:
        if self._skipped[idx]:  # meanwhile, by another worker
            return
        self._skipped[idx] = True
        try:
            if self._list is not None and not self._list.add(filename, why):
                return
        except OSError as error:
            why = f'{why}; not written to {self._list.path}: {error.strerror}'
        print_log(
            f'skipped, cannot be read: {printable(filename)} '
            f'({printable(why)})',
            logger='current',
            level=logging.WARNING)

    def _without_clips(self, idx: int) -> dict:
        info = self.get_data_info(idx)
        sample = ActionDataSample(metainfo=dict(
            readable=False, role=info['role'], video_id=info['video_id'],
            filename=info['filename']))  # yapf: disable
        sample.set_gt_label(info['label'])
        return dict(inputs=None, data_samples=sample)


def _check_decoding(transforms: Sequence[Callable]) -> None:
    """Refuse what would fail for each video, as if the videos were broken."""

    def first(kinds: Tuple[type, ...]) -> Optional[str]:
        return next((type(transform).__name__ for transform in transforms
                     if isinstance(transform, kinds)), None)

    ours, theirs = first((OpenVideo, )), first(MMACTION2_OPENS)
    for opens, others, decodes, fitting in (
            (ours, theirs, first(MMACTION2_DECODES), 'DecodeFrames'),
            (theirs, ours, first((DecodePlanes, DecodeFrames)), None)):
        if opens and decodes and not others:
            fitting = fitting or decodes
            raise InputError(
                f'the pipeline opens videos by {opens} and decodes them by '
                f'{decodes}, which do not go together: use OpenVideo and '
                f'{fitting}')


def parts_of(dataset: Dataset) -> List[Dataset]:
    """The one data set, or those that a ``ConcatDataset`` joins.

    They are whole even if MMEngine takes only the beginning of them
    (``num_batch_per_epoch``).
    """
    if isinstance(dataset, _SlicedDataset):
        dataset = dataset._dataset
    return list(getattr(dataset, 'datasets', [dataset]))


def video_datasets(dataset: Dataset) -> List[BaseVideoDataset]:
    """:func:`parts_of` a data set that is made of those of this package.

    Raises:
        InputError: If any is not of this package.
    """
    parts = parts_of(dataset)
    for part in parts:
        if not isinstance(part, BaseVideoDataset):
            raise InputError(
                f'a {type(part).__name__} gives its videos no identities and '
                'no draws of their own: use VideoFolder, VideoList or a '
                'ConcatDataset of them')
    return parts


# Takes the place of numpy's own generator within `seeded`.
_SEEDED = np.random.MT19937()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of random, numpy and torch for a while.

    Afterward they go on where they were, but that numpy forgets a normal
    number it may have kept for the next call.
    """
    states = random.getstate(), torch.get_rng_state()
    # Another generator instead of another state: numpy takes 0.1 ms to read
    # a state and set it again.
    numpys_own = np.random.get_bit_generator()
    np.random.set_bit_generator(_SEEDED)
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_bit_generator(numpys_own)
        torch.set_rng_state(states[1])

