"""What importing the package changes in MMEngine, and what it does not."""


def test_importing_replaces_nothing_of_mmengine_and_applying_does(imported):
    assert not imported['replaced_by_import']
    assert imported['replaced'] == [True] * 6
    assert not imported['replaced_twice']
