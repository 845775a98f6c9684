import json
import os

from ascnet_mm.benchmarking import files

from ..datasets.video.test_reader import render


def test_odd_files_are_counted_and_trained_on(tmp_path):
    folder = tmp_path / 'odd'
    folder.mkdir()
    render(folder / 'good.mp4', frames=20)
    render(folder / 'short.webm', frames=1, codec='libvpx')
    (folder / 'text.mp4').write_text('no video')
    (folder / 'other.csv').write_text('a,b')
    os.mkfifo(folder / 'pipe.mp4')
    files.run(str(folder), epochs=1, out=str(tmp_path))
    with open(tmp_path / 'reliability_files.json') as file:
        found = json.load(file)
    assert found['files']['tried'] == 5
    assert found['files']['readable'] == 2
    assert found['files']['by_reason'] == {
        'Invalid data found when processing input': 2,
        'it is no regular file': 1}
    assert found['training'] == dict(
        videos=165, epochs=1, exit_code=0, skipped=3, named_twice=0,
        warnings=3)
