import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import DecordInit
from mmaction.registry import DATASETS
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope

from ascnet_mm import InputError
from ascnet_mm.apis import read_config
from ascnet_mm.datasets import VideoFolder, VideoList
from ascnet_mm.datasets.skipped_list import SkippedList
from ascnet_mm.datasets.video_folder import find_videos

PIPELINE = [
    dict(type='OpenVideo'),
    dict(type='SpeedPairedSampleFrames', clip_len=4),
    dict(type='DecodeFrames'),
    dict(
        type='PerClip',
        transforms=[
            dict(type='RandomResizedCrop'),  # draws from random and numpy
            dict(type='Resize', scale=(16, 16), keep_ratio=False),
            dict(type='Flip')
        ]),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(
        type='PackActionInputs',
        meta_keys=('filename', 'video_id', 'speeds', 'sample_seed', 'role'))
]


@pytest.fixture
def folder(videos, tmp_path):
    """Five good videos, one torn, one empty, a text; nested, with blanks."""
    paths = sorted(os.listdir(f'{videos}/videos/striped_disc_shifts'))[:5]
    (tmp_path / 'a b' / 'c').mkdir(parents=True)
    for index, name in enumerate(paths):
        shutil.copy(f'{videos}/videos/striped_disc_shifts/{name}',
                    tmp_path / 'a b' / ('c' if index % 2 else '') /
                    f'{index} x.MP4')
    good = (tmp_path / 'a b' / '0 x.MP4').read_bytes()
    (tmp_path / 'torn.mp4').write_bytes(good[:200])
    (tmp_path / 'empty.avi').write_bytes(b'')
    (tmp_path / 'notes.txt').write_text('no video')
    return tmp_path


def fetch(dataset, workers, epoch=0, seed=5):
    dataset.set_draws(seed, epoch)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=1, num_workers=workers, collate_fn=pseudo_collate)
    return [(b['inputs'][0], b['data_samples'][0]) for b in loader]


def equal(one, other):
    return all(
        torch.equal(a, b) and s.metainfo == t.metainfo
        for (a, s), (b, t) in zip(one, other))


def test_a_folder_is_searched_below_and_through_links(
        folder, tmp_path_factory):
    other = tmp_path_factory.mktemp('linked')
    os.symlink(folder, other / 'link')
    os.symlink(other, other / 'loop')
    found = VideoFolder(str(other), PIPELINE)
    assert len(found) == 7
    assert found.get_data_info(0)['label'] == -1


def test_train_and_val_part_a_folder(folder):
    names = {}
    for part in ('all', 'train', 'val'):
        dataset = VideoFolder(
            str(folder), PIPELINE, part=part, val_share=0.3)
        names[part] = {
            dataset.get_data_info(i)['filename'] for i in range(len(dataset))
        }
    assert len(names['val']) == 3  # 2.1, rounded up
    assert names['train'] | names['val'] == names['all']
    assert not names['train'] & names['val']


def test_draws_depend_on_seed_epoch_and_index_alone(folder):
    dataset = VideoFolder(str(folder / 'a b'), PIPELINE)
    first = fetch(dataset, workers=0)
    np.random.seed(99)
    torch.manual_seed(99)
    assert equal(first, fetch(dataset, workers=0))
    assert equal(first, fetch(dataset, workers=3))
    assert not equal(first, fetch(dataset, workers=0, epoch=1))
    assert not equal(first, fetch(dataset, workers=0, seed=6))
    clips = torch.cat([inputs for inputs, _ in first])
    assert len({c.numpy().tobytes() for c in clips}) == 10


def test_data_sets_that_are_joined_have_draws_of_their_own(folder):
    dataset = VideoFolder(str(folder / 'a b'), PIPELINE)
    alone = fetch(dataset, workers=0)

    def drawn(part):
        dataset.set_draws(5, 0, part)
        return [(sample['inputs'], sample['data_samples'])
                for sample in map(dataset.__getitem__, range(len(dataset)))]

    assert equal(drawn(0), alone)
    assert not equal(drawn(1), alone) and not equal(drawn(2), drawn(1))


def test_workers_that_stay_hear_of_the_next_epoch(folder):
    dataset = VideoFolder(str(folder / 'a b'), PIPELINE)
    loader = torch.utils.data.DataLoader(
        dataset, batch_size=1, num_workers=1, collate_fn=pseudo_collate,
        persistent_workers=True)
    for epoch in (0, 1, 2):
        dataset.set_draws(5, epoch)
        stayed = [(b['inputs'][0], b['data_samples'][0]) for b in loader]
        assert equal(stayed, fetch(dataset, workers=0, epoch=epoch))


def test_making_a_sample_leaves_the_global_generators_alone(folder):
    dataset = VideoFolder(str(folder / 'a b'), PIPELINE)
    np.random.seed(3)
    torch.manual_seed(3)
    expected = np.random.rand(), torch.rand(1)
    np.random.seed(3)
    torch.manual_seed(3)
    dataset[0]
    assert (np.random.rand(), torch.rand(1)) == expected


def test_test_mode_ignores_seed_and_epoch(folder):
    dataset = VideoFolder(str(folder / 'a b'), PIPELINE, test_mode=True)
    assert equal(fetch(dataset, 0), fetch(dataset, 0, epoch=4, seed=8))


@pytest.mark.parametrize('workers', [0, 2])
def test_unreadable_videos_are_replaced_named_once_and_counted(
        folder, workers, tmp_path_factory):
    log_file = tmp_path_factory.mktemp('log') / 'x.log'
    MMLogger.get_instance(f'skips{workers}', log_file=str(log_file))
    dataset = VideoFolder(str(folder), PIPELINE)
    first = fetch(dataset, workers)
    assert len(first) == 7
    assert all('x.MP4' in sample.filename for _, sample in first)
    second = fetch(dataset, workers)
    assert equal(first, second)
    assert dataset.skipped.sum() == 2
    printed = log_file.read_text()
    for name in ('torn.mp4', 'empty.avi'):
        assert printed.count(f'{name} (') == 1


def test_unreadable_videos_keep_their_place_in_a_test(folder):
    dataset = VideoFolder(str(folder), PIPELINE, test_mode=True)
    samples = [dataset[i] for i in range(len(dataset))]
    lost = [s for s in samples if s['inputs'] is None]
    assert len(samples) == 7 and len(lost) == 2
    assert all(s['data_samples'].readable is False for s in lost)


def test_the_last_readable_video_replaces_all_others(folder):
    for name in ('1 x.MP4', '3 x.MP4'):
        (folder / 'a b' / 'c' / name).write_bytes(b'')
    dataset = VideoFolder(str(folder / 'a b' / 'c'), PIPELINE)
    (folder / 'a b' / 'c' / '1 x.MP4').write_bytes(
        (folder / 'a b' / '0 x.MP4').read_bytes())
    for epoch in range(20):
        dataset.set_draws(0, epoch)
        assert dataset[1]['data_samples'].filename.endswith('1 x.MP4')


def test_a_folder_of_unreadable_videos_ends_with_a_sentence(folder):
    shutil.rmtree(folder / 'a b')
    dataset = VideoFolder(str(folder), PIPELINE)
    with pytest.raises(InputError, match='none of the 2 videos'):
        dataset[0]


def test_a_list_may_hold_blanks_crlf_and_no_labels(tmp_path):
    (tmp_path / 'list.txt').write_bytes(
        b'abseiling/x y_0001.mp4 3\r\n\r\nplain.mp4\nclass 2/z.mp4\nw.mp4 -1')
    dataset = VideoList(
        'list.txt', PIPELINE, data_root=str(tmp_path),
        data_prefix=dict(video='clips'))
    info = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [(os.path.relpath(i['filename'], tmp_path / 'clips'), i['label'])
            for i in info] == [
        ('abseiling/x y_0001.mp4', 3), ('plain.mp4', -1),
        ('class 2/z.mp4', -1), ('w.mp4', -1)]  # yapf: disable


def test_two_lists_have_two_roles_and_a_split(tmp_path):
    for part, line in (('train', 'a.mp4 1'), ('val', 'b.mp4 2')):
        (tmp_path / f'{part}_split_2.txt').write_text(line)
    dataset = VideoList(
        dict(gallery='train_split_{split}.txt', query='val_split_{split}.txt'),
        PIPELINE, data_root=str(tmp_path), split=2, test_mode=True)
    info = [dataset.get_data_info(i) for i in range(len(dataset))]
    assert [(i['role'], i['label']) for i in info] == [('gallery', 1),
                                                       ('query', 2)]
    assert dataset[0]['data_samples'].role == 'gallery'  # unreadable


def test_a_videos_identity_is_its_path(folder):
    paths = [f'{i} x.MP4' for i in (0, 2, 4)]
    (folder / 'list.txt').write_text('\n'.join(paths + paths[:1]))
    listed = VideoList(
        'list.txt', PIPELINE, data_root=str(folder),
        data_prefix=dict(video='a b'))
    ids = [listed.get_data_info(i)['video_id'] for i in range(4)]
    assert ids[0] == ids[3] and len(set(ids)) == 3
    assert all(0 <= i < 2**63 for i in ids)
    found = VideoFolder(str(folder / 'a b'), PIPELINE)
    assert ids[0] in [found.get_data_info(i)['video_id'] for i in range(5)]


@pytest.mark.parametrize('build, message', [
    (lambda p: VideoFolder(f'{p}/none', PIPELINE), 'no folder .*none'),
    (lambda p: VideoFolder(f'{p}/empty', PIPELINE), 'holds no video'),
    (lambda p: VideoList(f'{p}/none.txt', PIPELINE), 'no list file .*none'),
    (lambda p: VideoList(f'{p}/blank.txt', PIPELINE), 'names no video'),
    (lambda p: VideoList(dict(query=f'{p}/one.txt', gallery=f'{p}/blank.txt'),
                         PIPELINE), 'blank.txt names no video'),
    (lambda p: VideoFolder(f'{p}/single', PIPELINE, part='train'), 'single'),
    (lambda p: VideoFolder(f'{p}', PIPELINE, part='test'), 'part is'),
    (lambda p: VideoFolder(f'{p}', PIPELINE, val_share=1), 'val_share'),
    (lambda p: VideoList(dict(probe=f'{p}/l'), PIPELINE), 'probe'),
])  # yapf: disable
def test_impossible_sets_are_refused(build, message, tmp_path):
    (tmp_path / 'blank.txt').write_text('\n\n')
    (tmp_path / 'one.txt').write_text('one.mp4 0')
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'single').mkdir()
    (tmp_path / 'single' / 'one.mp4').touch()
    with pytest.raises(InputError, match=message):
        build(tmp_path)


# what cameras, discs and phones write, beside what the suite generates
@pytest.mark.parametrize('name', [
    'A.MTS', 'a.m2ts', 'a.asf', 'VTS_01_1.VOB', 'a.3g2', 'a.f4v', 'a.mxf',
    'a.rmvb', 'a.m2v', 'a.mpe', 'a.dv', 'a.qt', 'a.DivX'])
def test_videos_of_cameras_and_discs_count(name, tmp_path):
    (tmp_path / name).touch()
    assert find_videos(str(tmp_path)) == [name]
    assert len(VideoFolder(str(tmp_path), PIPELINE)) == 1


def test_hidden_files_and_folders_are_left_out(tmp_path):
    seen = ['a.mp4', 'b/a.mp4', 'b/_x.mp4', 'b.c/d.mp4']
    hidden = ['._a.mp4', '.a.mp4', 'b/._a.mp4', '.Trash/a.mp4', '.mp4',
              'b/.ipynb_checkpoints/a.mp4', '__MACOSX/b/a.mp4',
              'b/@eaDir/a.mp4']
    root = tmp_path / '.data'  # that of the folder itself is the user's
    for name in seen + hidden:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    os.symlink(root / 'b' / '.ipynb_checkpoints', root / 'link')
    assert find_videos(str(root)) == sorted([*seen, 'link/a.mp4'])


def test_what_is_passed_over_is_counted_once(tmp_path):
    log_file = tmp_path / 'x.log'
    folder = tmp_path / 'folder'
    for number in range(10):
        (folder / f'{number}').mkdir(parents=True)
        (folder / f'{number}' / 'a.mp4').touch()
        (folder / f'{number}' / 'a.TXT').touch()
    for name in ('a.json', 'b.json', 'README', '.DS_Store'):
        (folder / name).touch()
    MMLogger.get_instance('passed_over', log_file=str(log_file))
    for part in ('train', 'val', 'all'):
        VideoFolder(str(folder), PIPELINE, part=part)
    [line] = log_file.read_text().splitlines()
    assert f'{folder}: 13 other files (10 .txt, 2 .json, 1 without' in line
    VideoFolder(str(folder / '0' / '..' / '1'), PIPELINE)
    assert '1 other file (1 .txt)' in log_file.read_text()
    # a folder of nothing else
    (folder / '1' / 'a.mp4').unlink()
    with pytest.raises(InputError, match=r'no video, only 1 other .*\.txt'):
        VideoFolder(str(folder / '1'), PIPELINE)


# ------------------------------------------------- files that are not there


def placed(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def listing(root, *names, **options):
    (root / 'list.txt').write_text(''.join(f'{name} 0\n' for name in names))
    return VideoList('list.txt', [], data_root=str(root), **options)


@pytest.mark.parametrize('there, named, prefix, found', [
    ('videos/a/x.mp4', 'a/x.mp4', '', 'videos'),  # missing
    ('videos/a/x.mp4', 'a/x.mp4', 'vids', 'videos'),
    ('videos/a/x.mp4', 'videos/a/x.mp4', 'videos', ''),  # doubled
    ('a/x.mp4', 'a/x.mp4', 'videos', ''),
    ('videos/train/a/x.mp4', 'a/x.mp4', 'videos', 'videos/train'),
    ('other/a/x.mp4', 'a/x.mp4', 'videos/train', None),
    ('videos/x.mp4', 'UCF-101/a/x.mp4', 'videos', 'remove UCF-101/a/ from'),
    ('videos/a/x.mp4', 'a/x.avi', 'videos', 'a/x.mp4 is'),  # transcoded
    ('unrelated.mp4', 'a/x.mp4', 'videos', 'there is no folder'),
    ('videos/unrelated.mp4', 'a/x.mp4', 'videos', 'listed paths start'),
])
def test_where_no_listed_file_is_there_the_first_is_named(
        there, named, prefix, found, tmp_path):
    placed(tmp_path, there)
    (tmp_path / 'videos' / 'train').mkdir(parents=True, exist_ok=True)
    if found == 'there is no folder':
        shutil.rmtree(tmp_path / 'videos')
    dataset = listing(tmp_path, named, 'a/y.mp4',
                      data_prefix=dict(video=prefix))
    with pytest.raises(InputError) as error:
        dataset.require_files()
    message = str(error.value)
    assert f'{tmp_path / prefix / named} is not there, nor' in message
    assert 'any other of the 2 files' in message
    if found is None:
        return
    if not found.count(' '):
        assert f'data_prefix=dict(video={found!r})' in message
        listing(tmp_path, named,
                data_prefix=dict(video=found)).require_files()
    else:
        assert found in message


def test_a_path_below_the_working_folder_is_hinted_at(tmp_path, monkeypatch):
    """As lists have them that were made with `find data`."""
    placed(tmp_path, 'data/set/videos/x.mp4', 'data/set/list.txt')
    monkeypatch.chdir(tmp_path)
    dataset = listing(tmp_path / 'data' / 'set', 'data/set/videos/x.mp4',
                      data_prefix=dict(video='videos'))
    with pytest.raises(InputError, match='is not there: it lies below '
                       f'{tmp_path}, so .*{str(tmp_path)!r}'):
        dataset.require_files()


def test_lists_of_which_something_is_there_pass(tmp_path):
    names = [f'{number}.mp4' for number in range(3000)]
    placed(tmp_path, '1500.mp4')
    listing(tmp_path, *names).require_files()
    # nobody asks where it cannot be asked
    elsewhere = listing(tmp_path, 'none.mp4')
    with pytest.raises(InputError):
        elsewhere.require_files()
    elsewhere.pipeline.transforms = [
        DecordInit.__new__(DecordInit)]
    elsewhere.pipeline.transforms[0].io_backend = 'petrel'
    elsewhere.require_files()
    listing(tmp_path, 'none.mp4',
            data_prefix=dict(video='s3://bucket')).require_files()
    listing(tmp_path, 's3://bucket/none.mp4',
            allow_outside=True).require_files()


def test_links_that_lead_nowhere_are_named(tmp_path):
    os.symlink(tmp_path / 'away' / 'x.mp4', tmp_path / 'x.mp4')
    with pytest.raises(InputError, match='x.mp4 is not there: it is a link '
                       'to .*/away/x.mp4'):
        listing(tmp_path, 'x.mp4').require_files()


def test_each_list_is_looked_at(tmp_path):
    placed(tmp_path, 'a.mp4')
    (tmp_path / 'query.txt').write_text('a.mp4 0')
    (tmp_path / 'gallery.txt').write_text('b.mp4 0')
    dataset = VideoList(
        dict(gallery='gallery.txt', query='query.txt'), [],
        data_root=str(tmp_path))
    with pytest.raises(InputError, match='gallery.txt: .*b.mp4 is not there'):
        dataset.require_files()


# --------------------------------------- queries that stand in the gallery


@pytest.mark.parametrize('query, count', [
    ('a/x.mp4', 1), ('./a/../a//x.mp4', 1), ('linked/x.mp4', 1),
    ('y.mp4', 1), ('b/x.mp4', 0), ('none/x.mp4', 0)])
def test_a_query_that_stands_in_the_gallery_is_warned_of(
        query, count, tmp_path):
    root = tmp_path / 'root'
    placed(root, 'a/x.mp4', 'b/x.mp4', 'c/y.mp4')
    os.symlink(root / 'a', root / 'linked')
    os.symlink(root / 'c' / 'y.mp4', root / 'y.mp4')
    (root / 'gallery.txt').write_text('a/x.mp4 0\nc/y.mp4 1')
    (root / 'query.txt').write_text(f'z.mp4 0\n{query} 0')
    log_file = tmp_path / 'x.log'
    MMLogger.get_instance(str(tmp_path), log_file=str(log_file))
    VideoList(dict(gallery='gallery.txt', query='query.txt'), [],
              data_root=str(root))
    said = log_file.read_text()
    assert (f'1 of the 2 queries stand in the gallery as well, {root}/'
            f'{query} the first' in said) == bool(count)
    assert bool(said) == bool(count)


def test_a_list_is_parted_by_what_its_paths_match(tmp_path):
    lines = [f'v_A_g{group:02d}_c{clip}.avi {group}'
             for group in range(1, 5) for clip in (1, 2)]
    (tmp_path / 'g03.txt').write_text('\n'.join(lines))

    def parts(ann_file, **options):
        found = VideoList(ann_file, [], data_root=str(tmp_path), **options)
        infos = [found.get_data_info(i) for i in range(len(found))]
        return [(os.path.basename(i['filename']), i['role']) for i in infos]

    both = dict(gallery='g03.txt', query='g03.txt')
    assert parts(both, matching=dict(query=r'_g0[13]_', gallery='_g04')) == [
        ('v_A_g04_c1.avi', 'gallery'), ('v_A_g04_c2.avi', 'gallery'),
        *((f'v_A_g{group}_c{clip}.avi', 'query')
          for group in ('01', '03') for clip in (1, 2))]  # yapf: disable
    assert parts(both, matching=dict(query='_g01_c1'))[8:] == [
        ('v_A_g01_c1.avi', 'query')]  # yapf: disable
    # A number that is a label, or of the list's own name, is not matched.
    assert parts('g03.txt', matching='3$|g03_c1') == [
        ('v_A_g03_c1.avi', 'query')]  # yapf: disable
    for matching, words in (('_g9', 'in no path, such as .*g01_c1'),
                            ('_g(', 'no regular expression'),
                            (dict(querry='_g'), 'other lists')):
        with pytest.raises(InputError, match=words):
            parts('g03.txt', matching=matching)


def test_every_nth_line_is_a_sample_of_a_sorted_list(tmp_path):
    (tmp_path / 'list.txt').write_text('\n'.join(
        f'{label}/{number}.mp4 {label}'
        for label in range(6) for number in range(5)))

    def labels(**options):
        found = VideoList('list.txt', [], data_root=str(tmp_path), **options)
        return [found.get_data_info(i)['label'] for i in range(len(found))]

    assert labels(every=5) == [*range(6)]
    assert labels(every=2, matching='^[01]/') == [0, 0, 0, 1, 1]
    assert len(labels()) == 30
    with pytest.raises(InputError, match='every is 1 or more'):
        labels(every=0)


@pytest.mark.parametrize('name', ['r18_k400', 'supervised/r18_k400'])
def test_validation_on_kinetics_is_of_all_classes(name, tmp_path):
    """The list is sorted by class, 50 videos each."""
    cfg = read_config(f'ascnet_mm::ascnet/{name}.py', {})
    (tmp_path / 'kinetics400_val_list_videos.txt').write_text('\n'.join(
        f'{label:03}/{number:02}.mp4 {label}'
        for label in range(400) for number in range(50)))
    sizes = {}
    for loader in ('val_dataloader', 'test_dataloader'):
        dataset = cfg.get(loader) and dict(
            cfg[loader].dataset, data_root=str(tmp_path), pipeline=[])
        if dataset:
            found = DATASETS.build(dataset)
            labels = [found.get_data_info(i)['label']
                      for i in range(len(found))]
            assert set(labels) == {*range(400)}
            sizes[loader] = len(labels)
    assert sizes['val_dataloader'] == 2000
    assert sizes.get('test_dataloader', 20000) == 20000


def test_labels_are_permuted_within_each_list(tmp_path):
    lines = [f'{number}.mp4 {number // 10}' for number in range(60)]
    (tmp_path / 'list.txt').write_text('\n'.join(lines))

    def labels(seed):
        found = VideoList(
            dict(gallery='list.txt', query='list.txt'), [],
            data_root=str(tmp_path), shuffle_labels=seed)
        infos = [found.get_data_info(i) for i in range(len(found))]
        assert [i['role'] for i in infos] == ['gallery'] * 60 + ['query'] * 60
        found = [i['label'] for i in infos]
        return found[:60], found[60:]

    plain, _ = labels(None)
    assert labels(0) == labels(0) != labels(1)
    # No list agrees with the truth, or with the other one, beyond chance.
    for first, second in ((labels(0)[0], plain), (labels(0)[1], plain),
                          labels(0)):
        assert sorted(first) == sorted(plain)
        assert sum(a == b for a, b in zip(first, second)) < 25


@pytest.mark.parametrize('link', ['a link', 'before/link', 'real/sub/link'])
@pytest.mark.parametrize('backward', [False, True])
def test_of_two_ways_to_a_folder_the_one_without_a_link_counts(
        link, backward, tmp_path, monkeypatch):
    """Whatever order the disk gives them in."""
    (tmp_path / 'real' / 'sub').mkdir(parents=True)
    (tmp_path / 'before').mkdir()
    (tmp_path / link).symlink_to(tmp_path / 'real')
    (tmp_path / 'z').symlink_to(tmp_path / 'before')
    for name in ('real/sub/1.mp4', 'real/sub/0.mp4', 'before/2.mp4'):
        (tmp_path / name).touch()
    walk = os.walk

    def in_another_order(*args, **kwargs):
        for folder, subfolders, files in walk(*args, **kwargs):
            subfolders.sort(reverse=backward)
            yield folder, subfolders, files

    monkeypatch.setattr(os, 'walk', in_another_order)
    assert find_videos(str(tmp_path)) == [
        'before/2.mp4', 'real/sub/0.mp4', 'real/sub/1.mp4']
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere' / '3.mp4').touch()
    (tmp_path / 'real' / 'linked').symlink_to(tmp_path / 'elsewhere')
    assert find_videos(str(tmp_path / 'real')) == [
        'linked/3.mp4', 'sub/0.mp4', 'sub/1.mp4']


def test_a_folder_that_may_not_be_listed_is_named(
        tmp_path, monkeypatch, caplog):
    """One that cannot be, as on a drive that is gone, ends the search."""
    for name in ('good', 'bad'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'x.mp4').touch()
    scan, code = os.scandir, errno.EACCES

    def refuse(path):
        if 'bad' in str(path):
            raise OSError(code, os.strerror(code), str(path))
        return scan(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    said = []
    monkeypatch.setattr('ascnet_mm.datasets.video_folder.print_log',
                        lambda line, *args: said.append(line))
    assert find_videos(str(tmp_path)) == ['good/x.mp4']
    [line] = said
    assert f'{tmp_path}/bad' in line and 'Permission denied' in line
    with pytest.raises(InputError, match='bad cannot be listed .Permission'):
        find_videos(str(tmp_path / 'bad'))
    code = errno.EIO
    with pytest.raises(InputError, match='bad cannot be listed .Input/output'):
        find_videos(str(tmp_path))


@pytest.mark.parametrize('steps, words', [
    (['OpenVideo', 'SampleFrames', 'DecordDecode'],
     'by OpenVideo and decodes them by DecordDecode.*OpenVideo and DecodeFr'),
    (['PyAVInit', 'SampleFrames', 'DecodePlanes'],
     'by PyAVInit and decodes them by DecodePlanes.*OpenVideo and DecodePl'),
    (['OpenVideo', 'DecodeFrames'], 'needs the frames of a clip'),
    (['SampleFrames', 'DecodeFrames'], 'needs a video that OpenVideo'),
])
def test_a_pipeline_that_does_not_fit_is_no_fault_of_the_videos(
        steps, words, videos):
    options = {'SampleFrames': dict(clip_len=4)}
    pipeline = [dict(type=name, **options.get(name, {})) for name in steps]
    if steps[0] == 'SampleFrames':
        pipeline.insert(0, lambda results: dict(results, total_frames=9,
                                                start_index=0))
    with pytest.raises(InputError, match=words):
        VideoFolder(f'{videos}/videos', pipeline)[0]


@pytest.mark.parametrize('steps', [
    ['OpenVideo', 'SampleFrames', 'DecodeFrames'],
    ['DecordInit', 'SampleFrames', 'DecordDecode'],
    ['PyAVInit', 'OpenVideo', 'SampleFrames', 'PyAVDecode'],
])
def test_transforms_need_no_scope_and_folders_may_be_paths(steps, videos):
    """As in a notebook, where nothing has named MMAction2 before."""
    options = {'SampleFrames': dict(clip_len=4)}
    pipeline = [dict(type=name, **options.get(name, {})) for name in steps]
    before = dict(DefaultScope._instance_dict)
    DefaultScope._instance_dict.clear()
    try:
        dataset = VideoFolder(Path(videos), pipeline)  # lists, too
        listed = VideoList(Path('train.txt'), pipeline, Path(videos),
                           dict(video='videos'))
    finally:
        DefaultScope._instance_dict.update(before)
    assert len(dataset) == 64 and len(listed) == 48
    assert len(dataset[0]['imgs']) == 4


def test_a_prefix_of_other_files_is_refused(videos):
    with pytest.raises(InputError, match='dict.video=...., not .*img'):
        VideoList('train.txt', [], videos, dict(img='videos'))


def test_a_list_of_skipped_videos_may_come_out_of_any_editor(tmp_path):
    path = tmp_path / 'skipped.txt'
    path.write_bytes('a.mp4\ttorn\nb\xe9.mp4\ttorn\n'.encode('latin-1'))
    assert 'a.mp4' in SkippedList(str(path)).names()
