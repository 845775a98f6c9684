"""TensorBoard's projector."""
import os
import os.path as osp

import numpy as np

from ...text import printable
from ..reading import Collection
from .rows import blocks, whole

COLUMNS = ('file', 'start', 'end', 'label')
CONFIG = '''embeddings {
  tensor_name: "clips"
  tensor_path: "vectors.tsv"
  metadata_path: "metadata.tsv"
}
'''


def write_projector(collection: Collection, out: str) -> None:
    """A folder for ``tensorboard --logdir``: ``projector_config.pbtxt``, and
    the features and what they are of as tables.
    """
    with whole(out) as part:
        os.makedirs(part)
        with open(osp.join(part, 'vectors.tsv'), 'w') as vectors, open(
                osp.join(part, 'metadata.tsv'), 'w',
                encoding='utf-8', errors='replace') as metadata:
            metadata.write('\t'.join(COLUMNS) + '\n')
            for rows in blocks(collection):
                # As many digits as tell apart any two numbers of float32.
                np.savetxt(vectors, rows.features, '%.9g', '\t')
                metadata.writelines(
                    f'{printable(file)}\t{start:g}\t{end:g}\t{label}\n'
                    for file, start, end, label in zip(
                        rows.file, rows.start, rows.end, rows.label))
        with open(osp.join(part, 'projector_config.pbtxt'), 'w') as config:
            config.write(CONFIG)
