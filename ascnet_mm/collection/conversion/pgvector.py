"""PostgreSQL with pgvector: a file that psql runs."""
from typing import Iterable

import numpy as np

from ..reading import Collection
from .rows import Rows, blocks, whole

# Of pgvector: channels that an index takes of vector and of halfvec
LARGEST, LARGEST_HALF = 2000, 4000

# What exists stays as it is: the script stops at its first error.
HEAD = r'''\set ON_ERROR_STOP on
SET client_encoding = 'UTF8';
BEGIN;
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE clips (
  id bigint PRIMARY KEY,
  file text NOT NULL,
  start double precision NOT NULL,
  "end" double precision NOT NULL,
  fps double precision NOT NULL,
  label bigint,
  feature vector({channels}) NOT NULL
);
COPY clips (id, file, start, "end", fps, label, feature) FROM stdin;
'''
TAIL = '''\\.
CREATE INDEX ON clips (file);
{index}COMMIT;
ANALYZE clips;
'''
INDEX = 'CREATE INDEX ON clips USING hnsw ({column} {operators});\n'


def write_sql(collection: Collection, out: str) -> None:
    """A script for ``psql DATABASE -f FILE``, which makes the table ``clips``
    with all of them and indexes for cosine distance (``<=>``), or nothing.
    """
    channels = collection.features.shape[1]
    with whole(out) as part, open(
            part, 'w', encoding='utf-8', errors='replace',
            newline='\n') as file:
        file.write(HEAD.format(channels=channels))
        for rows in blocks(collection):
            file.writelines(_lines(rows))
        file.write(TAIL.format(index=_index(channels)))


def _lines(rows: Rows) -> Iterable[str]:
    features = rows.features.astype(np.float32)
    for place, row in enumerate(rows.row):
        label = rows.label[place]
        # repr of float32: the shortest text that reads as the same number
        feature = ','.join(map(str, features[place]))
        yield '\t'.join((
            str(row), escaped(rows.file[place]),
            *(repr(float(column[place]))
              for column in (rows.start, rows.end, rows.fps)),
            '\\N' if label < 0 else str(label), f'[{feature}]')) + '\n'


def escaped(text: str) -> str:
    r"""A text as a field of COPY.

    Examples:
        >>> print(escaped('a\\b\tc\nd'))
        a\\b\tc\nd
    """
    for char, escape in (('\\', '\\\\'), ('\t', '\\t'), ('\n', '\\n'),
                         ('\r', '\\r')):
        text = text.replace(char, escape)
    return text


def _index(channels: int) -> str:
    if channels <= LARGEST:
        return INDEX.format(column='feature', operators='vector_cosine_ops')
    if channels <= LARGEST_HALF:
        return INDEX.format(column=f'(feature::halfvec({channels}))',
                            operators='halfvec_cosine_ops')
    return ''
