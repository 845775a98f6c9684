from ascnet_mm.experiments.records import count_unreadable


def test_unreadable_videos_are_counted(tmp_path):
    assert count_unreadable(str(tmp_path)) == 0
    for folder, lines in (('1', 'a\tx\n'), ('2', 'a\tx\nb\ty\n')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / 'skipped_videos.txt').write_text(lines)
    assert count_unreadable(str(tmp_path)) == 2  # the last test's
    (tmp_path / 'skipped_videos.txt').write_text('c\tz\n')
    assert count_unreadable(str(tmp_path)) == 1  # a training's
