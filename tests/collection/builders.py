"""Collections written by hand, as docs/collections.md describes them."""
import hashlib
import io
import json

import numpy as np
import pyarrow
import pyarrow.parquet


def write_collection(folder, features, clips_of_videos, rows_a_shard=3,
                     dtype='float32', **manifest):
    """Videos ``v00.mp4``, ... with so many clips each, a second apart."""
    (folder / 'shards').mkdir(parents=True)
    features = np.asarray(features, dtype)
    names, row, video = [], 0, 0
    while video < len(clips_of_videos):
        videos, first = [], row
        while video < len(clips_of_videos) and len(videos) < rows_a_shard:
            videos.append(dict(
                file=f'v{video:02}.mp4', size=9, mtime_ns=1, label=video % 2,
                clips=clips_of_videos[video]))
            row += clips_of_videos[video]
            video += 1
        names.append(f'{len(names):032x}')
        write_shard(folder, names[-1], features[first:row], videos)
    (folder / 'collection.json').write_text(json.dumps({**dict(
        format='ascnet_mm collection', version=1, root='/videos',
        encoder={}, recipe={}, window=2.0, stride=1.0, dtype=dtype,
        channels=features.shape[1], shards=names, versions={}), **manifest}))
    return folder


def write_shard(folder, name, features, videos):
    start = np.concatenate([np.arange(v['clips']) for v in videos])
    table = pyarrow.table(dict(
        file=[v['file'] for v in videos for _ in range(v['clips'])],
        start=start.astype(float), end=start + 2.0,
        fps=np.full(len(start), 25.0),
        label=np.repeat([v['label'] for v in videos],
                        [v['clips'] for v in videos])))
    contents = {}
    buffer = io.BytesIO()
    np.save(buffer, features)
    contents['.npy'] = buffer.getvalue()
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    contents['.parquet'] = buffer.getvalue()
    for ending, content in contents.items():
        (folder / 'shards' / (name + ending)).write_bytes(content)
    (folder / 'shards' / f'{name}.json').write_text(json.dumps(dict(
        videos=videos,
        size={ending: len(content) for ending, content in contents.items()},
        sha256={ending: hashlib.sha256(content).hexdigest()
                for ending, content in contents.items()})))
