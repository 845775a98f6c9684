"""Official files and videos as they are published, made small."""
import csv
import os
import os.path as osp
import shutil
import signal

import pytest

from ascnet_mm import InputError
from ascnet_mm.datasets import VideoList
from ascnet_mm.preparation import opening, prepare
from ascnet_mm.preparation.data_sets import DATA_SETS
from ascnet_mm_cli import commands_parser

from ..conftest import ROOT, run_tool

ODD = ('Geena___;-)_{}_0', 'Day_#_2!!_[NEW]_{}_1', "it's_~_&_(Part2)+@_{}_2")


def place(folder, names, extension='.avi'):
    """Empty files for videos."""
    for name in names:
        path = osp.join(folder, name + extension)
        os.makedirs(osp.dirname(path), exist_ok=True)
        open(path, 'w').close()


def save(folder, name, lines, end='\r\n'):
    os.makedirs(folder, exist_ok=True)
    with open(osp.join(folder, name), 'w', newline='') as file:
        file.writelines(line + end for line in lines)


def make_ucf101(folder, classes, videos, tests):
    """Official files of ``videos`` videos, ``tests`` of them for testing."""
    names = [
        f'{classes[i % len(classes)]}/v_{i // len(classes):03d}_c01'
        for i in range(videos)
    ]
    save(folder, 'classInd.txt',
         [f'{number} {name}' for number, name in enumerate(classes, 1)])
    for split, test in enumerate(tests, 1):
        first = 10 * split if videos > 1000 else split
        val = names[first:first + test]
        train = names[:first] + names[first + test:]
        save(folder, f'testlist0{split}.txt', [f'{name}.avi' for name in val])
        save(folder, f'trainlist0{split}.txt', [
            f'{name}.avi {classes.index(osp.dirname(name)) + 1}'
            for name in train
        ])
    return names


def make_hmdb51(folder, classes, train, test, neither):
    """Official files with so many videos of each use per class."""
    uses = '1' * train + '2' * test + '0' * neither
    names = []
    for name in classes:
        stems = [odd.format(name) for odd in ODD]
        stems += [f'x_{name}_{i}' for i in range(len(uses) - len(stems))]
        names += [f'{name}/{stem}' for stem in stems]
        for split in (1, 2, 3):
            turned = uses[split:] + uses[:split]
            save(folder, f'{name}_test_split{split}.txt',
                 [f'{stem}.avi {use} ' for stem, use in zip(stems, turned)],
                 end='\n')
    return names


def make_kinetics400(folder, classes, names=('train.csv', 'validate.csv')):
    """Official tables of one clip per class and part, all fields quoted."""
    os.makedirs(folder, exist_ok=True)
    for part, name in zip(('train', 'val'), names):
        with open(osp.join(folder, name), 'w', newline='') as file:
            table = csv.writer(file, quoting=csv.QUOTE_ALL)
            table.writerow(
                ['label', 'youtube_id', 'time_start', 'time_end', 'split'])
            table.writerows([label, clip_id(i, part), i, i + 10., part]
                            for i, label in enumerate(classes))


def clip_id(index, part):
    return f'{"-_x"[index % 3]}{part}{index:05d}'


def clip(index, part):
    return f'{clip_id(index, part)}_{index:06d}_{index + 10:06d}'


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command on ``tmp_path``'s ``source`` and ``official``."""
    monkeypatch.chdir(tmp_path)

    def call(dataset, *options, videos='source'):
        args = commands_parser().parse_args([
            'prepare', dataset, '--videos', videos, '--annotations',
            'official', '--workers', '1', *options
        ])
        args.run(args)

    return call


@pytest.fixture
def ucf101(run, monkeypatch):
    """A UCF-101 of twelve videos, all there; their names."""
    sizes = dict(zip(DATA_SETS['ucf101'].counts, (9, 3, 8, 4, 7, 5)))
    monkeypatch.setitem(
        DATA_SETS, 'ucf101', DATA_SETS['ucf101']._replace(
            classes=3, counts=sizes))
    names = make_ucf101('official', ['Archery', 'Punch', 'YoYo'], 12,
                        (3, 4, 5))
    place('source', names)
    return names


def lines(path):
    with open(path) as file:
        return file.read().splitlines()


def contents(folder):
    """All files of a folder, links apart."""
    found = {}
    for name in os.listdir(folder):
        if not osp.islink(osp.join(folder, name)):
            with open(osp.join(folder, name), 'rb') as file:
                found[name] = file.read()
    return found


def read(ann_file, root, videos='videos'):
    """What the data set makes of a list: paths below the folder, labels."""
    dataset = VideoList(
        ann_file=ann_file,
        data_root=root,
        data_prefix=dict(video=videos),
        pipeline=[],
        test_mode=True)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    folder = osp.join(root, videos)
    assert all(osp.isfile(info['filename']) for info in infos)
    return [(osp.relpath(info['filename'], folder), info['label'])
            for info in infos]


# ------------------------------------------------- as MMAction2 has them


def test_ucf101_in_its_official_size(run):
    classes = [f'Class{i:03d}' for i in range(101)]
    place('source', make_ucf101(
        'official', classes, 13320, (3783, 3734, 3696)))
    run('ucf101', '--no-check')
    assert osp.samefile('data/ucf101/videos', 'source')
    for split, (train, val) in enumerate(
        [(9537, 3783), (9586, 3734), (9624, 3696)], 1):
        for part, official, count in (('train', 'train', train),
                                      ('val', 'test', val)):
            found = read(f'ucf101_{part}_split_{split}_videos.txt',
                         'data/ucf101')
            # MMAction2's rule: numbers of classInd.txt less one
            mapping = {
                line.split()[1]: int(line.split()[0]) - 1
                for line in lines('official/classInd.txt')
            }
            wanted = [line.split()[0] for line in
                      lines(f'official/{official}list0{split}.txt')]
            assert len(found) == count and found == sorted(
                (path, mapping[osp.dirname(path)]) for path in wanted)


def test_hmdb51_in_its_official_size(run):
    # one name is the beginning of another, as climb and climb_stairs
    classes = [f'class_{i}' for i in range(49)] + ['climb_stairs', 'climb']
    place('source', make_hmdb51('official', classes, 70, 30, 4))
    run('hmdb51', '--no-check')
    for split in (1, 2, 3):
        for part, use, count in (('train', '1', 3570), ('val', '2', 1530)):
            found = read(f'hmdb51_{part}_split_{split}_videos.txt',
                         'data/hmdb51')
            # MMAction2's rule: places among the sorted class folders
            wanted = [
                (f'{name}/{line.split()[0]}', label)
                for label, name in enumerate(sorted(os.listdir('source')))
                for line in lines(f'official/{name}_test_split{split}.txt')
                if line.split()[1] == use
            ]
            assert len(found) == count and found == sorted(wanted)


CLASSES = [
    "massaging person's head", 'passing American football (in game)',
    '"tasting" beer, or not', 'passing American football',
    *(f'class {i}' for i in range(396))
]


def blanks(label):
    return label


def underscores(label):
    return label.replace(' ', '_').replace('"', '')


@pytest.mark.parametrize('style', [blanks, underscores, None])
@pytest.mark.parametrize('tables, folders', [
    (('train.csv', 'validate.csv'), ('train', 'val')),
    (('train.csv', 'val.csv'), ('videos_train', 'videos_val')),
    (('kinetics_train.csv', 'kinetics_val.csv'), ('train', 'val')),
])
def test_kinetics400(style, tables, folders, run):
    make_kinetics400('official', CLASSES, tables)
    files = {}
    for part, folder in zip(('train', 'val'), folders):
        files[part] = [
            osp.join(style(label) if style else '', clip(i, part))
            for i, label in enumerate(CLASSES)
        ]
        place(f'source/{folder}', files[part], '.mp4')
    run('kinetics400', '--no-check')
    # MMAction2's rule: places among the sorted labels, converted
    names = sorted(
        label.replace('"', '').replace(' ', '_') for label in CLASSES)
    for part in ('train', 'val'):
        found = read(f'kinetics400_{part}_list_videos.txt',
                     'data/kinetics400', f'videos_{part}')
        assert found == sorted(
            (osp.normpath(path) + '.mp4', names.index(underscores(label)))
            for path, label in zip(files[part], CLASSES))
    assert not osp.exists('data/kinetics400/missing_videos.txt')


def test_another_extension_is_listed_as_it_is(ucf101, run):
    shutil.rmtree('source')
    place('source', ucf101, '.webm')
    place('source', ucf101[:1], '.mp4')  # the first of two
    place('source', ucf101, '.txt')
    run('ucf101', '--no-check')
    found = dict(read('ucf101_train_split_1_videos.txt', 'data/ucf101'))
    assert f'{ucf101[0]}.mp4' in found
    assert sum(path.endswith('.webm') for path in found) == 8


# ------------------------------------------- what is missing or unreadable


def test_missing_videos_are_an_error_until_they_are_there(ucf101, run):
    os.remove(f'source/{ucf101[4]}.avi')
    os.remove(f'source/{ucf101[0]}.avi')
    with pytest.raises(InputError, match='source lacks 2 of the official'):
        run('ucf101', '--no-check')
    assert lines('data/ucf101/missing_videos.txt') == [
        f'videos/{name}\tnot found' for name in sorted(ucf101[:5:4])
    ]
    path = 'data/ucf101/ucf101_train_split_1_videos.txt'
    assert len(lines(path)) == 7
    run('ucf101', '--no-check', '--subset')
    assert len(lines(path)) == 7

    place('source', ucf101)
    run('ucf101', '--no-check')
    assert len(lines(path)) == 9
    assert not osp.exists('data/ucf101/missing_videos.txt')


def test_kinetics_videos_may_vanish(run, capsys):
    make_kinetics400('official', CLASSES)
    place('source/train', [clip(i, 'train') for i in range(400)], '.mkv')
    place('source/val', [clip(i, 'val') for i in range(1, 400)], '.mkv')
    run('kinetics400', '--no-check')
    assert lines('data/kinetics400/missing_videos.txt') == [
        f'videos_val/{underscores(CLASSES[0])}/{clip(0, "val")}\tnot found']
    shown = capsys.readouterr().out
    assert '399 of 400 videos, 399 of 400 classes' in shown
    assert 'missing videos: 1, all named in' in shown


def test_unreadable_videos_are_listed_and_reported(ucf101, run, videos):
    good = f'{videos}/videos/{lines(f"{videos}/train.txt")[0].split()[0]}'
    for name in ucf101:
        shutil.copy(good, f'source/{name}.avi')
    bad = [f'{name}.avi' for name in sorted(ucf101[2:5])]
    place('source', [bad[0]], '')
    with open(good, 'rb') as whole, open(f'source/{bad[1]}', 'wb') as cut:
        cut.write(whole.read(900))
    with open(f'source/{bad[2]}', 'w') as text:
        text.write('no video')
    run('ucf101')
    reported = lines('data/ucf101/unreadable_videos.txt')
    assert [line.split('\t')[0] for line in reported] == [
        f'videos/{path}' for path in bad]
    assert all(len(line.split('\t')[1]) > 8 for line in reported)
    assert len(lines('data/ucf101/ucf101_train_split_1_videos.txt')) == 9

    first = contents('data/ucf101')
    assert len(first) == 7
    run('ucf101')
    assert contents('data/ucf101') == first

    for path in bad:
        shutil.copy(good, f'source/{path}')
    run('ucf101')
    del first['unreadable_videos.txt']
    assert contents('data/ucf101') == first


def kill_at(path):
    if 'bad' in path:
        os.kill(os.getpid(), signal.SIGKILL)
    return 'odd' if 'odd' in path else None


@pytest.mark.parametrize('workers', [1, 2])
def test_a_decoder_that_crashes_is_named(workers, monkeypatch):
    paths = [f'{"bad" if i in (0, 20, 21) else "odd" if i == 30 else "ok"}{i}'
             for i in range(50)]
    monkeypatch.setattr(opening, 'why_unreadable', kill_at)
    assert opening.find_unreadable('.', paths, workers) == {
        **{f'bad{i}': 'the decoder crashed' for i in (0, 20, 21)},
        'odd30': 'odd'}


# ------------------------------------------------------ what is refused


def test_other_counts_are_refused_but_for_a_subset(ucf101, run, capsys):
    path = 'official/testlist02.txt'
    save('official', 'testlist02.txt', lines(path)[1:])
    with pytest.raises(
            InputError,
            match='official names 3 videos in val_split_2, .* 4: .*--subset'):
        run('ucf101', '--no-check')
    assert not osp.exists('data')
    run('ucf101', '--no-check', '--subset')
    shown = capsys.readouterr().out
    assert 'names 3 videos in val_split_2' in shown
    assert 'val_split_2_videos.txt: 3 of 4 videos' in shown
    assert len(lines('data/ucf101/ucf101_val_split_2_videos.txt')) == 3


@pytest.mark.parametrize('dataset', ['hmdb51', 'kinetics400'])
def test_another_number_of_classes_is_refused(dataset, run):
    make_hmdb51('official', ['wave', 'jump'], 70, 30, 4)
    make_kinetics400('official', ['waving', 'jumping'])
    place('source', [f'{part}/x' for part in ('train', 'val')])
    with pytest.raises(InputError, match='names 2 classes, .* (51|400)'):
        run(dataset)


def test_a_subset_keeps_the_official_labels(ucf101, run, capsys):
    shutil.rmtree('source/Archery')
    run('ucf101', '--no-check', '--subset')
    found = read('ucf101_val_split_3_videos.txt', 'data/ucf101')
    assert {label for _, label in found} == {1, 2}
    shown = capsys.readouterr().out
    assert 'of 5 videos, 2 of 3 classes' in shown
    assert 'missing videos: 4, all' in shown
    assert shown.count('(not found)') == 3


@pytest.mark.parametrize('name, line, parts', [
    ('classInd.txt', 'Archery', 'classInd.txt, line 4, .*Archery'),
    ('trainlist01.txt', 'v_x.avi 1', 'trainlist01.txt, line 10, .*v_x.avi'),
    ('trainlist01.txt', 'Archery/v_x.avi 2', 'Archery/v_x the number 2'),
    ('classInd.txt', '5 Wave', 'number its classes from 1 to 4'),
    ('classInd.txt', '1 Wave', 'number its classes from 1 to 4'),
    ('classInd.txt', '0 Wave', 'number its classes from 1 to 4'),
    ('testlist03.txt', 'Wave/v_x.avi', 'val_split_3 has videos of Wave'),
])
def test_a_line_that_is_not_as_published(name, line, parts, ucf101, run):
    save('official', name, [*lines(f'official/{name}'), line])
    with pytest.raises(InputError, match=parts):
        run('ucf101', '--subset')


@pytest.mark.parametrize('row', ['x', 'waving,id,1', 'waving,id,one,2'])
def test_a_row_that_is_not_as_published(row, run):
    make_kinetics400('official', CLASSES)
    with open('official/train.csv', 'a') as file:
        file.write(f'{row}\n')
    place('source', ['train/x'])
    with pytest.raises(InputError, match='train.csv, line 402, .*time_start'):
        run('kinetics400')


@pytest.mark.parametrize('dataset, path, parts', [
    ('ucf101', 'official/testlist02.txt', 'official holds no testlist02.txt'),
    ('kinetics400', 'official/validate.csv',
     'official holds no val.csv or validate.csv'),
    ('kinetics400', 'source/val', 'source holds no val or videos_val'),
    ('ucf101', 'official', '--annotations: there is no folder official'),
    ('ucf101', 'source', '--videos: there is no folder source'),
])
def test_what_is_not_there(dataset, path, parts, ucf101, run):
    make_kinetics400('official', CLASSES)
    place('source', [f'{part}/x' for part in ('train', 'val')])
    shutil.rmtree(path) if osp.isdir(path) else os.remove(path)
    with pytest.raises(InputError, match=parts):
        run(dataset, '--no-check')


def test_a_folder_of_other_videos_is_refused(ucf101, run):
    place('.', ['other/Archery/x'])
    with pytest.raises(
            InputError, match='other holds none .* 9 .*train_split_1'):
        run('ucf101', '--subset', videos='other')
    assert not osp.exists('data')


def test_workers_are_positive(ucf101, run):
    with pytest.raises(InputError, match='--workers must be positive'):
        run('ucf101', '--workers', '0')


# -------------------------------------------------------------- writing


def test_something_else_in_the_links_place_is_kept(ucf101, run):
    os.makedirs('data/ucf101/videos')
    with pytest.raises(InputError, match='data/ucf101/videos .* else'):
        run('ucf101', '--no-check')
    os.rmdir('data/ucf101/videos')
    os.symlink('gone', 'data/ucf101/videos')
    with pytest.raises(InputError, match='data/ucf101/videos .* else'):
        run('ucf101', '--no-check')
    assert os.listdir('data/ucf101') == ['videos']


def test_videos_that_lie_in_place_are_not_linked(ucf101, run):
    os.makedirs('data/ucf101')
    os.rename('source', 'data/ucf101/videos')
    run('ucf101', '--no-check', videos='data/ucf101/videos')
    assert not osp.islink('data/ucf101/videos')
    assert len(read('ucf101_val_split_1_videos.txt', 'data/ucf101')) == 3


def test_the_same_from_python(ucf101, run):
    run('ucf101', '--no-check')
    prepare('ucf101', 'source', 'official', 'other', check=False)
    assert contents('other') == contents('data/ucf101')
    os.remove(f'source/{ucf101[0]}.avi')
    with pytest.raises(InputError, match='source lacks 1 of the official'):
        prepare('ucf101', 'source', 'official', check=False)
    prepare('ucf101', 'source', 'official', subset=True, workers=1)
    assert len(lines('data/ucf101/unreadable_videos.txt')) == 11


@pytest.mark.parametrize('arguments, parts', [
    (dict(name='ucf'), 'no data set ucf, only ucf101, hmdb51, kinetics400'),
    (dict(videos='gone'), '--videos: there is no folder gone'),
    (dict(annotations='gone'), '--annotations: there is no folder gone'),
    (dict(out='official/classInd.txt'), '--out: .*classInd.txt is a file'),
    (dict(workers=0), '--workers must be positive, not 0'),
])
def test_what_is_refused_from_python(arguments, parts, ucf101):
    valid = dict(name='ucf101', videos='source', annotations='official')
    with pytest.raises(InputError, match=parts):
        prepare(**dict(valid, **arguments))
    assert not osp.exists('data')


def test_as_a_script(tmp_path):
    """The lists, then one sentence and exit code 1 for missing videos."""
    classes = [f'class_{i}' for i in range(51)]
    names = make_hmdb51(f'{tmp_path}/official', classes, 70, 30, 0)
    place(tmp_path / 'source', names[1:])
    done = run_tool('tools/data/prepare.py', 'hmdb51', '--videos', 'source',
                    '--annotations', 'official', '--out', 'out',
                    '--no-check', cwd=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        'error: source lacks 1 of the official videos (see '
        'out/missing_videos.txt): extract the archives again, or add '
        '--subset\n')
    assert 'hmdb51_val_split_3_videos.txt: 15' in done.stdout
    assert 'r18_hmdb51_scratch.py --cfg-options data_root=out' in done.stdout


def test_the_configs_to_run_next_exist():
    for dataset in DATA_SETS.values():
        assert osp.isfile(osp.join(ROOT, dataset.config))
