"""Collections written by hand, as docs/collections.md describes them; and
videos and an encoder to make others of.
"""
import hashlib
import io
import json

import av
import numpy as np
import pyarrow
import pyarrow.parquet
import torch
from mmaction.registry import MODELS


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


RECIPE = dict(
    backbone=dict(type='TinyEncoder'),
    data_preprocessor=dict(
        type='ActionDataPreprocessor', mean=[100.] * 3, std=[50.] * 3,
        format_shape='NCTHW'),
    pipeline=[
        dict(type='OpenVideo'),
        dict(type='SampleFrames', clip_len=4, num_clips=1),
        dict(type='DecodeFrames'),
        dict(type='Resize', scale=(16, 16), keep_ratio=False),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs')])  # yapf: disable


def write_encoder(path, seed=0):
    """A checkpoint of an untrained encoder that says how it is built."""
    torch.manual_seed(seed)
    backbone = MODELS.build(RECIPE['backbone'])
    torch.save(
        dict(state_dict={f'backbone.{key}': value
                         for key, value in backbone.state_dict().items()},
             meta=dict(recipe=RECIPE)), path)
    return str(path)


def write_video(path, pictures, rate=10):
    """Gray pictures, uint8 ``[frames, 16, 16]``, without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), 'w', format='matroska') as container:
        stream = container.add_stream('ffv1', rate=rate)
        stream.width = stream.height = 16
        stream.pix_fmt = 'gray'
        for picture in pictures:
            container.mux(stream.encode(
                av.VideoFrame.from_ndarray(picture, format='gray')))
        container.mux(stream.encode())


def noise(seconds, seed):
    """Pictures of one to several seconds of noise that changes slowly."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (seconds + 1, 16, 16))
    share = np.linspace(0, seconds, 10 * seconds, endpoint=False)
    first = share.astype(int)
    share = (share - first)[:, None, None]
    return ((1 - share) * coarse[first]
            + share * coarse[first + 1]).astype(np.uint8)


def write_videos(folder, count=10):
    """Videos of one to four seconds in two folders."""
    for number in range(count):
        write_video(folder / 'ab'[number % 2] / f'{number:02}.mkv',
                    noise(1 + number % 4, number))
    return folder


def content(folder):
    """All files of a collection; names and bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file() and path.name != '.lock'
    }
