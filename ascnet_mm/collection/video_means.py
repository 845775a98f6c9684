"""A feature per video of a collection."""
import torch
import torch.nn.functional as F
from torch import Tensor

from ..evaluation.search import require_numbers
from .contrast import BLOCK
from .features import UnitRows
from .reading import Collection


def video_means(collection: Collection) -> Tensor:
    """Mean of the clips of each video, centered and of unit length.

    Clips count by direction alone. The mean over the videos is subtracted:
    what all have in common tells nothing.

    Args:
        collection (Collection): V videos.

    Returns:
        Tensor: float32 ``[V, C]``.

    Raises:
        InputError: If a file of the collection is damaged or holds NaN.

    Examples:
        >>> video_means(Collection('mine')).shape  # doctest: +SKIP
        torch.Size([394, 512])
    """
    rows = UnitRows(collection.features)
    video = torch.from_numpy(collection.clips.video)
    sums = torch.zeros(len(collection.videos), collection.features.shape[1])
    for start in range(0, len(rows), BLOCK):
        sums.index_add_(0, video[start:start + BLOCK],
                        rows[start:start + BLOCK])
    require_numbers(sums)
    means = F.normalize(sums, dim=1)
    return F.normalize(means - means.mean(dim=0), dim=1)
