from ascnet_mm.experiments.results import values


def test_a_measure_can_be_an_average():
    method = dict(runs=[
        dict(figures=dict(a=1., b=4.)), dict(figures=dict(a=2.)),
        dict(figures=dict(a=3., b=5.))
    ])
    assert values(method, 'a + b') == [2.5, 4.]
    assert values(method, 'a') == [1., 2., 3.]
