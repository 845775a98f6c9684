"""Collections that are killed often, and such as are large."""
import json
import subprocess
import sys

import av
import numpy as np
import pytest
import torch

pytest.importorskip('pyarrow')

from ascnet_mm.collection import Collection
from ascnet_mm.preparation.synthetic import write_video as make_video

from ..collection.builders import (
    content,
    noise,
    write_encoder,
    write_shard,
    write_videos,
)
from ..collection.test_indexing import killed_often, make
from ..conftest import ROOT

pytestmark = pytest.mark.slow


def test_20_kills_leave_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr('ascnet_mm.collection.listing.VIDEOS', 2)
    videos = write_videos(tmp_path / 'videos', 40)
    encoder = write_encoder(tmp_path / 'a.pth')
    made = make(videos, tmp_path / 'alone', encoder)
    shards = killed_often(videos, tmp_path / 'c', encoder, 20)
    assert content(tmp_path / 'c') == content(tmp_path / 'alone')
    # Most were killed in the middle of it.
    between = [n for n in shards if 0 < n < len(made._shards)]
    assert len(set(between)) > 3, shards


def test_two_ranks_of_a_launcher(tmp_path):
    videos = write_videos(tmp_path / 'videos')
    encoder = write_encoder(tmp_path / 'a.pth')
    code = ('import tests.conftest, sys; from ascnet_mm_cli import main; '
            'main("index", sys.argv[1:])')
    (tmp_path / 'run.py').write_text(code)
    subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone',
         '--nproc-per-node', '2', str(tmp_path / 'run.py'), str(videos),
         str(tmp_path / 'c'), '--encoder', encoder, '--launcher', 'pytorch'],
        check=True, cwd=ROOT, env=dict(PYTHONPATH=ROOT, PATH='/usr/bin:/bin',
                                       OMP_NUM_THREADS='1'))
    make(videos, tmp_path / 'alone', encoder)
    assert content(tmp_path / 'c') == content(tmp_path / 'alone')


def test_a_million_clips_are_searched_in_bounded_memory(tmp_path):
    """1,000,000 x 512 in float16, 1 GB on the disk, against numpy."""
    rng = np.random.default_rng(0)
    folder, rows = tmp_path / 'c', 50_000
    (folder / 'shards').mkdir(parents=True)
    queries = rng.normal(size=(3, 512)).astype(np.float32)
    unit = torch.nn.functional.normalize(torch.from_numpy(queries)).numpy()
    names, cosines = [], []
    for number in range(20):
        features = rng.normal(size=(rows, 512)).astype(np.float16)
        names.append(f'{number:032x}')
        write_shard(folder, names[-1], features, [
            dict(file=f'{number:02}{video:03}.mp4', size=1, mtime_ns=1,
                 label=-1, clips=50) for video in range(rows // 50)])
        exact = features.astype(np.float32)
        cosines.append(unit @ (
            exact / np.linalg.norm(exact, axis=1, keepdims=True)).T)
    cosines = np.concatenate(cosines, axis=1)
    (folder / 'collection.json').write_text(json.dumps(dict(
        format='ascnet_mm collection', version=1, root='/videos', encoder={},
        recipe={}, window=2.0, stride=1.0, dtype='float16', channels=512,
        shards=names, versions={})))
    np.save(tmp_path / 'queries.npy', queries)
    code = (
        'import sys, resource, numpy as np\n'
        'from ascnet_mm.collection import Collection\n'
        'collection = Collection(sys.argv[1])\n'
        'collection.clips\n'
        'used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n'
        'found = collection.search(np.load(sys.argv[2]), top=10)\n'
        'more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used\n'
        'np.savez(sys.argv[3], more=more, **found._asdict())\n')
    subprocess.run(
        [sys.executable, '-c', code, str(folder),
         str(tmp_path / 'queries.npy'), str(tmp_path / 'found.npz')],
        check=True, cwd=ROOT)
    found = np.load(tmp_path / 'found.npz')
    best = cosines.reshape(3, -1, 50)
    expected = np.argsort(-best.max(axis=2), axis=1)[:, :10]
    assert np.array_equal(found['row'] // 50, expected)
    np.testing.assert_allclose(
        found['similarity'], np.take_along_axis(best.max(axis=2), expected,
                                                axis=1), rtol=1e-4)
    # All of them as float32 are 2 GB.
    assert found['more'] * 1024 < 0.8e9


def write_looped(path, source, times):
    """A video over and over, its packets copied."""
    with av.open(str(source)) as given, av.open(str(path), 'w') as container:
        stream = given.streams.video[0]
        packets = [packet for packet in given.demux(stream)
                   if packet.pts is not None]
        length = round(10 / stream.time_base)
        copied = container.add_stream_from_template(stream)
        content = [(bytes(packet), packet.pts, packet.dts, packet.is_keyframe)
                   for packet in packets]
        for turn in range(times):
            for data, pts, dts, key in content:
                packet = av.Packet(data)
                packet.pts, packet.dts = pts + turn * length, (
                    dts + turn * length)
                packet.is_keyframe = key
                packet.time_base, packet.stream = stream.time_base, copied
                container.mux(packet)


def test_a_long_video_is_indexed_in_bounded_memory(tmp_path):
    """Ten minutes, whose frames would take gigabytes."""
    frames = np.kron(noise(10, 0).repeat(2, axis=0), np.ones((18, 24)))
    frames = frames[..., None].repeat(3, axis=3).astype(np.uint8)
    make_video(str(tmp_path / 'short.mp4'), frames, fps=20)
    encoder = write_encoder(tmp_path / 'a.pth')
    code = (
        'import json, resource, sys\n'
        'import tests.conftest\n'
        'from ascnet_mm.collection import index\n'
        'index(sys.argv[1], sys.argv[2], sys.argv[3], workers=1)\n'
        'print(json.dumps([resource.getrusage(who).ru_maxrss for who in\n'
        '    (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]))\n')
    peaks = {}
    for name, times in dict(short=1, long=60).items():
        (tmp_path / name).mkdir()
        write_looped(tmp_path / name / 'a.mkv', tmp_path / 'short.mp4', times)
        done = subprocess.run(
            [sys.executable, '-c', code, str(tmp_path / name),
             str(tmp_path / f'{name}_c'), encoder], cwd=ROOT, check=True,
            capture_output=True, text=True)
        peaks[name] = np.array(json.loads(done.stdout.splitlines()[-1])) / 1e3
    short, long = (Collection(tmp_path / f'{name}_c')
                   for name in ('short', 'long'))
    assert long.clips.end.max() == 600 and len(long) in (599, 600)
    # The loop comes back to what it was: the same features each ten seconds.
    rows = long.features[:590].reshape(59, 10, -1)
    np.testing.assert_allclose(rows[:, :8], rows[:1, :8].repeat(59, 0),
                               rtol=1e-2, atol=1e-2)
    np.testing.assert_allclose(
        rows[0, :8], short.features[:8], rtol=1e-2, atol=1e-2)
    # 12000 frames of 384 x 288: 4 GB in RGB. In MB, of process and worker:
    assert (peaks['long'] - peaks['short'] < 100).all(), peaks
