"""Videos embedded into a collection, and a collection brought up to date."""
import os
import shutil
import signal
import time
from contextlib import suppress

import numpy as np
import pytest
import torch.distributed as dist

pytest.importorskip('pyarrow')

from pyarrow import parquet

import ascnet_mm
from ascnet_mm import InputError
from ascnet_mm.collection import (
    Collection,
    embedding,
    index,
    indexing,
    listing,
)

from .builders import (
    content,
    noise,
    write_encoder,
    write_video,
    write_videos,
)


@pytest.fixture(scope='module')
def encoder(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp('encoder') / 'a.pth')


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Two videos a shard, so that ten make several."""
    monkeypatch.setattr(listing, 'VIDEOS', 2)


@pytest.fixture
def videos(tmp_path):
    return write_videos(tmp_path / 'videos')


def make(videos, folder, encoder, **options):
    return index(str(videos), str(folder), encoder, workers=0, **options)


def embedded(monkeypatch):
    """The names of what is embedded from now on."""
    names, embed = [], embedding.embed

    def spy(encoder, paths, *args):
        names.extend(os.path.basename(path) for path in paths)
        return embed(encoder, paths, *args)

    monkeypatch.setattr('ascnet_mm.collection.indexing.embed', spy)
    return names


@pytest.mark.parametrize('dtype', ['float16', 'float32'])
def test_it_holds_what_the_encoder_gives(videos, tmp_path, encoder, dtype):
    made = make(videos, tmp_path / 'c', encoder, dtype=dtype)
    loaded = ascnet_mm.load_encoder(encoder)
    files = sorted(str(path.relative_to(videos))
                   for path in videos.rglob('*.mkv'))
    assert [video.file for video in made.videos] == files
    assert len(made._shards) > 2
    for number, file in enumerate(files):
        found = loaded.embed_clips(str(videos / file))
        rows = made.rows(number)
        here = slice(rows.start, rows.stop)
        assert np.array_equal(made.features[here],
                              found.features.numpy().astype(dtype))
        assert made.clips.start[here].tolist() == found.start.tolist()
        assert made.clips.end[here].tolist() == found.end.tolist()
        assert (made.clips.fps[here] == 10).all()
    tables = [
        parquet.read_table(tmp_path / 'c' / 'shards' / f'{name}.parquet')
        for name in made.manifest['shards']
    ]
    assert [file for table in tables for file in
            table['file'].to_pylist()] == [
                files[video] for video in made.clips.video]
    made.verify()


def test_labels_of_a_list(videos, tmp_path, encoder):
    listed = tmp_path / 'list.txt'
    listed.write_text('b/01.mkv 7\na/00.mkv\na/02.mkv 3\n')
    made = make(listed, tmp_path / 'c', encoder, root=str(videos))
    assert {v.file: v.label for v in made.videos} == {
        'a/00.mkv': -1, 'a/02.mkv': 3, 'b/01.mkv': 7}
    assert made.clips.label.tolist() == [
        made.videos[video].label for video in made.clips.video]
    listed.write_text('b/01.mkv 7\nb/01.mkv 8\n')
    with pytest.raises(InputError, match='two labels'):
        make(listed, tmp_path / 'd', encoder, root=str(videos))
    listed.write_text(f'{videos}/b/01.mkv\n')
    with pytest.raises(InputError, match='does not lie below'):
        make(listed, tmp_path / 'd', encoder, root=str(videos / 'a'))


def test_only_what_is_new_or_changed_is_embedded(
        videos, tmp_path, encoder, monkeypatch):
    folder = tmp_path / 'c'
    make(videos, folder, encoder)
    before = content(folder)
    names = embedded(monkeypatch)
    make(videos, folder, encoder)
    assert names == [] and content(folder) == before
    (videos / 'a/04.mkv').unlink()
    write_video(videos / 'a/06.mkv', noise(2, 99))
    write_video(videos / 'c/10.mkv', noise(3, 10))
    os.utime(videos / 'b/03.mkv', ns=(1, 1))
    made = make(videos, folder, encoder)
    assert sorted(names) == ['03.mkv', '06.mkv', '10.mkv']
    assert made.find('a/04.mkv') is None
    # Nothing tells it from one that was made at once, nor is more left.
    make(videos, tmp_path / 'new', encoder)
    assert content(folder) == content(tmp_path / 'new')


def test_one_more_video_leaves_other_shards_alone(
        tmp_path, encoder, monkeypatch):
    monkeypatch.setattr(listing, 'VIDEOS', 4)
    paths = [listing.Video(f'{n:03}.mp4', 1, 1, -1) for n in range(200)]
    before = listing.share_out(paths)
    assert 25 < len(before) < 100
    after = listing.share_out(
        sorted([*paths, listing.Video('100x.mp4', 1, 1, -1)]))
    assert sum(part not in before for part in after) <= 2
    assert [v for part in before for v in part] == paths
    large = [video._replace(size=listing.BYTES) for video in paths]
    assert all(len(part) == 1 for part in listing.share_out(large))


def test_unreadable_videos_are_named_and_not_tried_again(
        videos, tmp_path, encoder, monkeypatch, capfd):
    (videos / 'a/torn.mkv').write_bytes(b'torn')
    listed = tmp_path / 'list.txt'
    listed.write_bytes(b'a/00.mkv\na/torn.mkv\na/none.mkv\na/\xff.mkv\n')
    folder = tmp_path / 'c'
    made = make(listed, folder, encoder, root=str(videos))
    assert [video.file for video in made.videos] == ['a/00.mkv']
    assert [video.file for video in made.unreadable] == [
        'a/none.mkv', 'a/torn.mkv', 'a/\udcff.mkv']
    lines = (folder / 'skipped_videos.txt').read_text().splitlines()
    assert [line.split('\t')[0] for line in lines] == [
        'a/none.mkv', 'a/torn.mkv', 'a/\\udcff.mkv']
    assert 'torn.mkv' in capfd.readouterr().err
    names = embedded(monkeypatch)
    make(listed, folder, encoder, root=str(videos))
    assert names == []
    write_video(videos / 'a/torn.mkv', noise(1, 1))
    listed.write_bytes(b'a/00.mkv\na/torn.mkv\n')
    made = make(listed, folder, encoder, root=str(videos))
    assert names == ['torn.mkv'] and not made.unreadable
    assert not (folder / 'skipped_videos.txt').exists()
    listed.write_bytes(b'a/none.mkv\na/torn.mkv\n')
    (videos / 'a/torn.mkv').write_bytes(b'torn')
    with pytest.raises(InputError, match='none of the 2 videos'):
        make(listed, folder, encoder, root=str(videos))
    assert len(Collection(folder).videos) == 2


def test_videos_that_are_no_longer_listed_are_told(
        videos, tmp_path, encoder, capsys):
    make(videos, tmp_path / 'c', encoder)
    assert 'dropped' not in capsys.readouterr().out
    listed = tmp_path / 'list.txt'
    listed.write_text('a/00.mkv\na/02.mkv\n')
    make(listed, tmp_path / 'c', encoder, root=str(videos))
    assert '8 of 10 videos are no longer listed and are dropped, a/04.mkv' in (
        capsys.readouterr().out)
    with pytest.raises(InputError, match='--root is for list files'):
        make(videos, tmp_path / 'c', encoder, root=str(videos))


def test_a_video_that_may_be_read_again_is_tried_again(
        videos, tmp_path, encoder, monkeypatch):
    """Permissions change neither the size nor the time of a file."""
    access = os.access
    with monkeypatch.context() as patch:
        patch.setattr(os, 'access', lambda path, mode: (
            not str(path).endswith('00.mkv') and access(path, mode)))
        made = make(videos, tmp_path / 'c', encoder)
    assert [video[::5] for video in made.unreadable] == [
        ('a/00.mkv', 'Permission denied')]
    names = embedded(monkeypatch)
    assert not make(videos, tmp_path / 'c', encoder).unreadable
    assert names == ['00.mkv']


def test_features_that_are_too_small_for_the_dtype_are_refused(
        videos, tmp_path, encoder, monkeypatch):
    def small(*args):
        for number, result in embedding.embed(*args):
            # Of one clip alone
            small = np.where(np.arange(len(result.features)) > 0, 1, 1e-8)
            yield number, result._replace(
                features=result.features * small[:, None].astype(np.float32))

    monkeypatch.setattr('ascnet_mm.collection.indexing.embed', small)
    with pytest.raises(InputError, match='too small for float16'):
        make(videos, tmp_path / 'c', encoder)
    made = make(videos, tmp_path / 'd', encoder, dtype='float32')
    assert np.abs(made.features[:]).max(axis=1).min() < 1e-6


def test_a_video_that_takes_too_long_is_unreadable(
        videos, tmp_path, encoder, monkeypatch):
    read = embedding.ClipReader.windows

    def slow(self, video, *args):
        if video['filename'].endswith('04.mkv'):
            with suppress(SystemExit):  # of the thread that is left behind
                time.sleep(2)
        return read(self, video, *args)

    def windows(self, *args):
        yield from slow(self, *args)

    monkeypatch.setattr(embedding, 'TIME_LIMIT', 1)
    monkeypatch.setattr(embedding.ClipReader, 'windows', windows)
    made = make(videos, tmp_path / 'c', encoder)
    (video,) = made.unreadable
    assert video.file == 'a/04.mkv' and '1 s' in video.unreadable


def test_a_fault_of_the_machine_ends_the_run(
        videos, tmp_path, encoder, monkeypatch):
    def no_answer(self, *args):
        raise OSError(5, 'Input/output error')
        yield

    monkeypatch.setattr(embedding, 'PATIENCE', 0)
    monkeypatch.setattr(embedding.ClipReader, 'windows', no_answer)
    with pytest.raises(InputError, match='the machine is at fault'):
        make(videos, tmp_path / 'c', encoder)


def test_a_damaged_shard_is_made_anew(
        videos, tmp_path, encoder, monkeypatch):
    folder = tmp_path / 'c'
    made = make(videos, folder, encoder)
    before = content(folder)
    shard = made._shards[1]
    for ending in ('.npy', '.parquet', '.json'):
        path = folder / 'shards' / (shard.name + ending)
        broken = bytearray(path.read_bytes())
        broken[len(broken) // 2] ^= 0xff
        path.write_bytes(broken)
        names = embedded(monkeypatch)
        make(videos, folder, encoder)
        assert content(folder) == before
        assert len(set(names)) == len(shard.videos)


def test_what_an_existing_folder_may_hold(videos, tmp_path, encoder):
    folder = tmp_path / 'c'
    make(videos, folder, encoder)
    before = content(folder)
    other = write_encoder(tmp_path / 'b.pth', seed=1)
    with pytest.raises(InputError, match='another encoder'):
        make(videos, folder, other)
    for option in (dict(window=1.0), dict(stride=0.5),
                   dict(dtype='float32')):
        with pytest.raises(InputError, match=f'another {[*option][0]}'):
            make(videos, folder, encoder, **option)
    write_video(tmp_path / 'others/x.mkv', noise(1, 0))
    with pytest.raises(InputError, match='none of them is unchanged in'):
        make(tmp_path / 'others', folder, encoder)
    # The same name, and another video
    write_video(tmp_path / 'others/a/00.mkv', noise(1, 50))
    with pytest.raises(InputError, match='none of them is unchanged in'):
        make(tmp_path / 'others', folder, encoder)
    # The same name that is nowhere
    for root in (videos, tmp_path / 'others'):
        listed = root / 'list.txt'
        listed.write_text('a/00.mkv\ngone.mkv\n')
        if root == videos:
            make(listed, tmp_path / 'd', encoder)
    with pytest.raises(InputError, match='none of them is unchanged in'):
        make(listed, tmp_path / 'd', encoder)
    (videos / 'list.txt').unlink()
    with pytest.raises(InputError, match='holds other files'):
        make(videos, videos, encoder)
    with pytest.raises(InputError, match='is a file'):
        make(videos, encoder, encoder)
    with pytest.raises(InputError, match='cannot be made'):
        make(videos, f'{encoder}/c', encoder)
    with pytest.raises(InputError, match='put single videos into one'):
        make(next(videos.rglob('*.mkv')), folder, encoder)
    with pytest.raises(InputError, match='workers is a whole number'):
        index(str(videos), str(folder), encoder, workers=-1)
    with pytest.raises(InputError, match='stride is a number of seconds'):
        make(videos, folder, encoder, stride=0)
    with pytest.raises(InputError, match='float16, float32'):
        make(videos, folder, encoder, dtype='float64')
    assert content(folder) == before
    # The same videos may lie elsewhere.
    videos.rename(tmp_path / 'moved')
    assert make(tmp_path / 'moved', folder, encoder).root.endswith('moved')


@pytest.mark.parametrize('name', ['collection.json', 'skipped_videos.txt'])
def test_a_run_killed_while_it_wrote_the_manifest_is_gone_on_with(
        videos, tmp_path, encoder, name, monkeypatch):
    folder = tmp_path / 'c'
    (videos / 'torn.mkv').write_bytes(b'torn')
    replace = os.replace

    def kill(part, path):
        if os.path.basename(path) == name:
            os._exit(9)
        replace(part, path)

    def run():
        monkeypatch.setattr('ascnet_mm.files.os.replace', kill)
        make(videos, folder, encoder)

    process = in_child(run)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 9
    assert [*folder.glob(f'{name}.*.part')]
    names = embedded(monkeypatch)
    made = make(videos, folder, encoder)
    assert len(made.videos) == 10 and len(made.unreadable) == 1 and not names
    assert not [*folder.glob('*.part')]


@pytest.mark.parametrize('name', [
    '.lock', 'collection.json.part', 'skipped_videos.txt.part'])
def test_nothing_is_written_through_the_links_of_others(
        videos, tmp_path, encoder, name):
    folder = tmp_path / 'c'
    make(videos, folder, encoder)
    (tmp_path / 'victim').write_text('mine')
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / 'victim')
    write_video(videos / 'new.mkv', noise(12, 99))
    if name == '.lock':
        with pytest.raises(InputError, match='.lock is a link'):
            make(videos, folder, encoder)
        (folder / name).unlink()
        os.link(tmp_path / 'victim', folder / name)
        with pytest.raises(InputError, match='.lock is a link'):
            make(videos, folder, encoder)
    else:
        assert len(make(videos, folder, encoder).videos) == 11
    assert (tmp_path / 'victim').read_text() == 'mine'


def test_a_video_that_was_away_is_tried_again(
        videos, tmp_path, encoder, monkeypatch):
    """It comes back as it was; the others are not embedded again."""
    folder, first = tmp_path / 'c', sorted(videos.rglob('*.mkv'))[0]
    embed_all = indexing.embed

    def embed(encoder, paths, *args):
        os.rename(first, tmp_path / 'away')
        yield from embed_all(encoder, paths, *args)

    with monkeypatch.context() as patch:
        patch.setattr(indexing, 'embed', embed)
        made = make(videos, folder, encoder)
    assert [video.file for video in made.unreadable] == [
        os.path.relpath(first, videos)]
    os.rename(tmp_path / 'away', first)
    names = embedded(monkeypatch)
    made = make(videos, folder, encoder)
    assert not made.unreadable and len(names) == 1
    assert len(make(videos, folder, encoder).videos) == 10
    assert len(names) == 1


def test_it_may_be_made_through_a_link(videos, tmp_path, encoder):
    (tmp_path / 'large').mkdir()
    (tmp_path / 'c').symlink_to(tmp_path / 'large')
    assert len(make(videos, tmp_path / 'c', encoder).videos) == 10
    assert (tmp_path / 'large/collection.json').exists()


def test_a_large_file_may_take_longer_to_open(
        videos, tmp_path, encoder, monkeypatch):
    """As one has to be decoded whole; later parts may not."""
    limits, within = {}, embedding.within

    def spy(seconds, step, parts, default):
        limits.setdefault(parts, []).append(seconds)
        return within(seconds, step, parts, default)

    monkeypatch.setattr(embedding, 'within', spy)
    monkeypatch.setattr(embedding, 'OPENED', 2000)
    make(videos, tmp_path / 'c', encoder)
    assert all(set(found[1:]) == {60} for found in limits.values())
    sizes = [path.stat().st_size for path in videos.rglob('*.mkv')]
    assert sorted(found[0] for found in limits.values()) == sorted(
        60 * (1 + size // 2000) for size in sizes)


def in_child(function):
    """Run a function in a forked process group."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        os.setsid()
        function()
        status = 0
    finally:
        os._exit(status)


def killed_often(videos, folder, encoder, kills, seed=0):
    """Index, killed so many times at random moments, then to the end.

    What is left of a killed run is gone on with, but for every fourth.

    Returns:
        list[int]: How many shards there were at each kill.
    """
    def run(number):
        return in_child(lambda: index(
            str(videos), str(folder), encoder, workers=number % 3))

    began = time.monotonic()
    os.waitpid(run(0), 0)
    whole = time.monotonic() - began
    rng, shards = np.random.default_rng(seed), []
    while len(shards) < kills:
        if len(shards) % 4 == 0:
            shutil.rmtree(folder)
        process = run(len(shards))
        due = time.monotonic() + rng.uniform(0.1, 0.6) * whole
        ended = 0
        while time.monotonic() < due and not ended:
            time.sleep(0.002)
            ended, _ = os.waitpid(process, os.WNOHANG)
        if ended:
            shutil.rmtree(folder)
            continue
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        shards.append(len(list(folder.glob('shards/*.json'))))
    index(str(videos), str(folder), encoder, workers=2)
    return shards


def test_a_killed_run_ends_with_the_same_bits(videos, tmp_path, encoder):
    make(videos, tmp_path / 'alone', encoder)
    killed_often(videos, tmp_path / 'c', encoder, 3)
    assert content(tmp_path / 'c') == content(tmp_path / 'alone')


@pytest.mark.parametrize('ending', ['.npy', '.parquet', '.json'])
def test_a_shard_counts_when_it_is_whole(
        videos, tmp_path, encoder, monkeypatch, ending):
    """Killed right before each kind of file of a shard gets its name."""
    replace, folder = os.replace, tmp_path / 'c'

    class Killed(BaseException):
        pass

    def kill(source, target):
        if target.endswith(ending) and 'shards' in target:
            raise Killed
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, 'replace', kill)
        with pytest.raises(Killed):
            make(videos, folder, encoder)
    with pytest.raises(InputError, match='not finished'):
        Collection(folder)
    make(videos, folder, encoder)
    make(videos, tmp_path / 'alone', encoder)
    assert content(folder) == content(tmp_path / 'alone')


def test_a_collection_stays_as_it_was_until_the_end(
        videos, tmp_path, encoder, monkeypatch):
    folder = tmp_path / 'c'
    before = make(videos, folder, encoder).features[:]
    for path in videos.rglob('*.mkv'):
        os.utime(path, ns=(1, 1))

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    monkeypatch.setattr('ascnet_mm.collection.indexing._finish', kill)
    with pytest.raises(Killed):
        make(videos, folder, encoder)
    assert np.array_equal(Collection(folder).features[:], before)


def test_two_ranks_make_what_one_process_makes(
        videos, tmp_path, encoder, monkeypatch):
    names = embedded(monkeypatch)

    def rank(number):
        def run():
            dist.init_process_group(
                'gloo', init_method=f'file://{tmp_path}/store', rank=number,
                world_size=2)
            index(str(videos), str(tmp_path / 'c'), encoder, workers=1)
            dist.destroy_process_group()
            (tmp_path / f'{number}.txt').write_text(' '.join(names))
        return in_child(run)

    for process in [rank(0), rank(1)]:
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    shares = [(tmp_path / f'{number}.txt').read_text().split()
              for number in (0, 1)]
    assert all(shares) and len(set(sum(shares, []))) == 10
    assert sum(map(len, shares)) == 10
    make(videos, tmp_path / 'alone', encoder)
    assert content(tmp_path / 'c') == content(tmp_path / 'alone')


def test_no_two_processes_write_to_one_folder(videos, tmp_path, encoder):
    reading, writing = os.pipe()

    def hold():
        from ascnet_mm.lock import hold
        hold(str(tmp_path / 'c'))
        os.write(writing, b'x')
        time.sleep(60)

    process = in_child(hold)
    os.read(reading, 1)
    try:
        with pytest.raises(InputError, match='another process'):
            make(videos, tmp_path / 'c', encoder)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def test_a_long_video_is_never_in_memory_as_a_whole(
        tmp_path, encoder, monkeypatch):
    monkeypatch.setattr('ascnet_mm.clip_reader.BYTES', 3 * 16 * 16 * 4 * 5)
    sizes, encode = [], ascnet_mm.VideoEncoder.encode

    def spy(self, part):
        sizes.append(part.clips)
        return encode(self, part)

    monkeypatch.setattr(ascnet_mm.VideoEncoder, 'encode', spy)
    write_video(tmp_path / 'videos/long.mkv', noise(60, 0))
    made = make(tmp_path / 'videos', tmp_path / 'c', encoder)
    assert len(made) == 59 and max(sizes) == 5 and len(sizes) > 20


def test_a_process_that_decodes_gives_the_same(videos, tmp_path, encoder):
    make(videos, tmp_path / 'alone', encoder)
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        index(str(videos), str(folder), encoder, workers=workers)
        assert content(folder) == content(tmp_path / 'alone')
