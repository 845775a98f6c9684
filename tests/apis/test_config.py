from mmengine.config import Config

from ascnet_mm.apis import apply_options


def config():
    return Config(
        dict(
            data_root='old',
            clip_len=16,
            loader=dict(
                dataset=dict(data_root='old', pipeline=[
                    dict(type='A', clip_len=16), dict(type='B', clip_len=4)
                ])),
            other=dict(data_root='elsewhere')))  # yapf: disable


def test_a_variable_is_changed_wherever_its_value_stands():
    cfg = config()
    apply_options(cfg, dict(data_root='new', clip_len=8))
    assert cfg.data_root == cfg.loader.dataset.data_root == 'new'
    assert cfg.other.data_root == 'elsewhere'
    assert [t.clip_len for t in cfg.loader.dataset.pipeline] == [8, 4]


def test_dotted_keys_and_new_keys_are_merged_as_by_the_host():
    cfg = config()
    options = {'loader.dataset.pipeline.1.clip_len': 2, 'new.key': 3}
    apply_options(cfg, options)
    expected = config()
    expected.merge_from_dict(options)
    assert cfg.to_dict() == expected.to_dict()


def test_a_dotted_key_wins_over_a_variable():
    cfg = config()
    apply_options(
        cfg, {'clip_len': 8, 'loader.dataset.pipeline.0.clip_len': 5})
    assert [t.clip_len for t in cfg.loader.dataset.pipeline] == [5, 4]
