"""Videos that are alike, by scikit-learn."""
import numpy as np

from ..errors import InputError, require_whole
from .reading import Collection
from .video_means import video_means

METHODS = ('kmeans', 'hdbscan')
# Videos of the smallest cluster of HDBSCAN: scikit-learn's default
SMALLEST = 5


def clusters(collection: Collection,
             k: int = 10,
             method: str = 'kmeans',
             seed: int = 0) -> np.ndarray:
    """The cluster of each video.

    Args:
        collection (Collection): Of V videos.
        k (int): How many clusters k-means makes. HDBSCAN finds the number
            itself. Defaults to 10.
        method (str): ``'kmeans'`` or ``'hdbscan'``. Defaults to
            ``'kmeans'``.
        seed (int): Of k-means. Defaults to 0.

    Returns:
        np.ndarray: int64 ``[V]``. Clusters are numbered from the largest,
        0; what HDBSCAN puts into none is -1.

    Raises:
        InputError: If scikit-learn is not installed, there is no such
            method, or there are fewer videos than clusters, for HDBSCAN fewer
            than 10.

    Examples:
        >>> clusters(Collection('mine'), k=3)[:6]  # doctest: +SKIP
        array([0, 0, 2, 1, 0, 1])
    """
    if method not in METHODS:
        raise InputError(f'method is one of {", ".join(METHODS)}, not '
                         f'{method!r}')
    try:
        from sklearn.cluster import HDBSCAN, KMeans
    except ImportError as error:
        raise InputError('clusters need scikit-learn, which is not installed: '
                         "pip install 'ascnet_mm[maps]'") from error
    require_whole('k', k)
    require_whole('seed', seed, 0)
    means = video_means(collection).numpy()
    # HDBSCAN finds two clusters at least, or none.
    least = k if method == 'kmeans' else 2 * SMALLEST
    if least > len(means):
        raise InputError(f'{collection.folder} holds {len(means)} videos, '
                         f'too few for {least} clusters'
                         if method == 'kmeans' else
                         f'{collection.folder} holds {len(means)} videos: '
                         f'HDBSCAN needs {least} or more')
    if method == 'kmeans':
        model = KMeans(n_clusters=k, n_init=10, random_state=seed)
    else:
        model = HDBSCAN(min_cluster_size=SMALLEST, copy=True)
    return _by_size(model.fit_predict(means))


def _by_size(numbers: np.ndarray) -> np.ndarray:
    """Renumber clusters from the largest; -1 stays."""
    found, counts = np.unique(numbers[numbers >= 0], return_counts=True)
    new = np.full(found.max(initial=-1) + 2, -1)
    new[found[np.argsort(-counts, kind='stable')]] = np.arange(len(found))
    return new[numbers]
