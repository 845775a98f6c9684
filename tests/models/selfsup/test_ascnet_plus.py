"""Terms beside ASCNet's losses, each against its formula in loops."""
from math import exp, log

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope

from ascnet_mm import InputError
from ascnet_mm.models.memory_bank import BankEntries, MemoryBank
from ascnet_mm.models.selfsup.ascnet import Step

from ...conftest import tiny_batch, tiny_model, train_on
from ...helpers.processes import spawn

N, C, D = 6, 8, 5
SPEEDS = [(1, 2), (2, 1), (2, 2), (1, 2), (4, 1), (2, 1)]
HOOKS = [dict(type='MomentumUpdateHook'), dict(type='MemoryBankHook')]


def unit(rows):
    return rows / rows.norm(dim=1, keepdim=True)


def full_bank():
    """Videos 0 and 1 of the batch, and others; nothing at 4x."""
    generator = torch.Generator().manual_seed(1)
    rows = unit(torch.randn(20, D, generator=generator).double())
    bank = MemoryBank(16)
    bank.enqueue(BankEntries(rows[:10], rows[10:], torch.tensor([1, 2] * 5),
                             torch.tensor([0, 1] + list(range(50, 58)))))
    return bank


def random_step(bank, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def rows(width):
        return torch.randn(N, width, generator=generator).double()

    speeds, ids = torch.tensor(SPEEDS), torch.arange(N)
    a_j = unit(rows(D))
    return Step(
        x_i=rows(C).requires_grad_(), x_j=rows(C),
        a_i=rows(D).requires_grad_(), a_j=a_j,
        m_i=rows(D).requires_grad_(), m_j=unit(rows(D)),
        predicted_a=unit(rows(D)).requires_grad_(),
        predicted_m=unit(rows(D)).requires_grad_(),
        retrieved=bank.search(a_j, speeds[:, 0], ids),
        speeds_i=speeds[:, 0], speeds_j=speeds[:, 1],
        video_ids=ids)  # yapf: disable


def term(kind, **options):
    return MODELS.build(dict(type=kind, **options)).double()


def entries(bank, own, speeds=(1, 2)):
    """Appearance and motion of other videos."""
    return [(ring.appearance[e], ring.motion[e])
            for speed, ring in bank._rings.items() if speed in speeds
            for e in range(ring.filled) if ring.video_ids[e] != own]


def test_contrast_finds_the_own_appearance():
    bank = full_bank()
    step = random_step(bank)
    losses = []
    for row in range(N):
        key = step.predicted_a[row] @ step.a_j[row] / 0.07
        others = [float((step.predicted_a[row] @ a).detach()) / 0.07
                  for a, _ in entries(bank, row)]
        losses.append(log(sum(map(exp, [key, *others]))) - float(key))
    found = term('InstanceContrast')(step, bank)['loss']
    assert found.item() == pytest.approx(sum(losses) / N)


def look_alike(bank, step, row, speed):
    others = entries(bank, row, [speed])
    return max(others, key=lambda e: float(e[0] @ step.a_j[row]),
               default=(None, None))[1]


def test_ranking_compares_look_alikes_at_both_speeds():
    bank = full_bank()
    step = random_step(bank)
    losses, right = [], []
    for row, (own, other) in enumerate(SPEEDS):
        near = look_alike(bank, step, row, own)
        far = look_alike(bank, step, row, other)
        if own != other and near is not None and far is not None:
            d = float(step.predicted_m[row] @ (near - far))
            losses.append(log(1 + exp(-d / 0.07)))
            right.append(d > 0)
    assert len(losses) == 4 and 0 < sum(right) < 4
    told = term('SpeedRanking')(step, bank)
    assert told['loss'].item() == pytest.approx(sum(losses) / 4)
    assert told['accuracy'].item() == pytest.approx(sum(right) / 4)


def test_order_scores_the_faster_clip_higher():
    bank = full_bank()
    step, order = random_step(bank), term('SpeedOrder', in_channels=C)
    u = order.score.weight[0]
    losses, right = [], []
    for x_i, x_j, (s_i, s_j) in zip(step.x_i, step.x_j, SPEEDS):
        if s_i != s_j:
            fast, slow = (x_i, x_j) if s_i > s_j else (x_j, x_i)
            d = float(u @ fast - u @ slow)
            losses.append(log(1 + exp(-d)))
            right.append(d > 0)
    told = order(step, bank)
    assert told['loss'].item() == pytest.approx(sum(losses) / 5)
    assert told['accuracy'].item() == pytest.approx(sum(right) / 5)


def test_similar_clips_have_an_order_under_autocast():
    """As in single precision: their scores are equal in bfloat16."""
    bank = full_bank()
    step, order = random_step(bank), term('SpeedOrder', in_channels=C).float()
    x_i = step.x_i.float()
    step = step._replace(x_i=x_i, x_j=x_i + 1e-3 * step.x_j.float())
    single = order(step, bank)
    with torch.autocast('cpu', torch.bfloat16):
        half = order(step, bank)
    assert half['accuracy'] == single['accuracy']
    torch.testing.assert_close(half['loss'], single['loss'])


def test_classification_is_of_the_online_clips_speed():
    bank = full_bank()
    step = random_step(bank)
    told = term('SpeedClassification', in_channels=C, speeds=(1, 2, 4))
    logits = told.head.classifier(step.x_i)
    expected = torch.nn.functional.cross_entropy(
        logits, torch.tensor([(1, 2, 4).index(s) for s, _ in SPEEDS]))
    assert told(step, bank)['loss'].item() == pytest.approx(expected.item())


@pytest.mark.parametrize('kind, options', [
    ('SpeedRanking', {}), ('SpeedOrder', dict(in_channels=C))])
def test_clips_of_one_speed_have_no_order(kind, options):
    bank = full_bank()
    step = random_step(bank)._replace(
        speeds_i=torch.full((N, ), 2), speeds_j=torch.full((N, ), 2))
    loss = term(kind, **options)(step, bank)['loss']
    assert loss == 0
    loss.backward()


def tico(steps, momentum, of):
    """TiCo's Algorithm 1 without its invariance; z is centered first."""
    c, losses = 0, []
    for step in steps:
        x = getattr(step, of)
        z = unit(x - x.mean(dim=0))
        b = sum(torch.outer(row, row) for row in z) / N
        c = momentum * c + (1 - momentum) * b
        losses.append(sum(row @ c @ row for row in z) / N)
        c = c.detach()
    return losses


def vicreg(steps, momentum, of):
    """VICReg's equations 1 to 4, of an average of covariances."""
    c, losses = 0, []
    for step in steps:
        c = momentum * c + (1 - momentum) * torch.cov(getattr(step, of).T)
        width = len(c)
        deviations = [(c[d, d] + 1e-4).sqrt() for d in range(width)]
        variance = sum((1 - s).clamp(min=0) for s in deviations) / width
        covariance = sum(c[i, j]**2 for i in range(width)
                         for j in range(width) if i != j) / width
        losses.append(variance + 0.04 * covariance)
        c = c.detach()
    return losses


@pytest.mark.parametrize('of, width', [('x_i', C), ('a_i', D), ('m_i', D)])
@pytest.mark.parametrize('momentum', [0., 0.7])
@pytest.mark.parametrize('kind, formula', [
    ('DirectionPenalty', tico), ('CovariancePenalty', vicreg)])
def test_decorrelation_over_three_steps(kind, formula, momentum, of, width):
    """Losses, and gradients through the batch's share of the average."""
    bank = full_bank()
    steps, same = ([random_step(bank, seed) for seed in range(3)]
                   for _ in range(2))
    for each in (steps, same):  # some dimensions vary less than 1
        each[2] = each[2]._replace(
            **{of: (0.5 * getattr(each[2], of)).detach().requires_grad_()})
    penalty = term(kind, channels=width, of=of, momentum=momentum)
    for step, other, expected in zip(
            steps, same, formula(same, momentum, of)):
        loss = penalty(step, bank)['loss']
        assert loss.item() == pytest.approx(expected.item())
        loss.backward()
        expected.backward()
        torch.testing.assert_close(
            getattr(step, of).grad, getattr(other, of).grad)


def test_directions_are_between_even_and_one_line():
    even = torch.cat([torch.eye(C), -torch.eye(C)]).double()
    line = torch.outer(torch.linspace(-1, 1, N), torch.rand(C)).double()
    bank = full_bank()
    step = random_step(bank)
    for rows, expected in ((even, 1 / C), (line, 1.)):
        penalty = term('DirectionPenalty', channels=C, momentum=0.)
        loss = penalty(step._replace(x_i=rows), bank)['loss']
        assert loss.item() == pytest.approx(expected)


def test_the_average_is_kept_in_checkpoints_and_only_trained():
    bank = full_bank()
    penalty = term('DirectionPenalty', channels=C)
    penalty.eval()(random_step(bank), bank)
    assert not penalty.state_dict()['moments'].any()
    penalty.train()(random_step(bank), bank)
    again = term('DirectionPenalty', channels=C)
    again.load_state_dict(penalty.state_dict())
    step = random_step(bank, seed=1)
    assert again(step, bank)['loss'] == penalty(step, bank)['loss']


@pytest.mark.parametrize('options, message', [
    (dict(of='x_j'), "of='x_j'"), (dict(momentum=1.), 'momentum')])
def test_impossible_decorrelations_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        term('DirectionPenalty', channels=C, **options)


def test_vectors_of_another_dimension_are_named():
    bank = full_bank()
    with pytest.raises(InputError, match='set channels=8'):
        term('CovariancePenalty', channels=5, of='x_i')(
            random_step(bank), bank)


def test_one_sample_has_no_covariance():
    bank = full_bank()
    step = random_step(bank)
    with pytest.raises(InputError, match='set a larger batch_size'):
        term('CovariancePenalty', channels=D)(
            step._replace(a_i=step.a_i[:1]), bank)


# --------------------------------------------------------------- the model


TERMS = dict(
    contrast=dict(type='InstanceContrast', weight=0.3),
    ranking=dict(type='SpeedRanking', weight=0.2),
    order=dict(type='SpeedOrder', in_channels=4, weight=2.),
    pace=dict(type='SpeedClassification', in_channels=4, weight=0.5),
    directions=dict(type='DirectionPenalty', channels=4, weight=4.),
    covariance=dict(type='CovariancePenalty', channels=5, momentum=0.9))


def trained(tmp_path, **options):
    torch.manual_seed(0)
    model = tiny_model(**options).double()
    generator = torch.Generator().manual_seed(0)
    batches = [tiny_batch([i, i + 1, i + 2], [(1, 2), (2, 1), (1, 2)],
                          generator) for i in range(5)]
    return model, train_on(model, batches, str(tmp_path), HOOKS)


@pytest.mark.parametrize('symmetric', [False, True])
def test_without_terms_it_is_ascnet_to_the_bit(symmetric, tmp_path):
    (ascnet, losses), (plus, other) = (
        trained(tmp_path, type=kind, symmetric=symmetric)
        for kind in ('ASCNet', 'ASCNetPlus'))
    assert losses == other
    theirs = plus.state_dict()
    for key, value in ascnet.state_dict().items():
        assert torch.equal(value, theirs[key]), key


@pytest.mark.parametrize('gamma', [0.3, 1.])
def test_the_loss_is_the_weighted_sum(gamma, tmp_path):
    _, steps = trained(
        tmp_path, type='ASCNetPlus', terms=TERMS, gamma=gamma)
    assert len(steps) == 5
    for losses in steps:
        expected = (gamma * losses['loss_scp'] +
                    (1 - gamma) * losses['loss_acp'])
        for name, cfg in TERMS.items():
            expected += cfg.get('weight', 1.) * losses[f'loss_{name}']
        assert losses['loss'] == pytest.approx(expected)


@pytest.mark.parametrize('name', ['acp', 'scp'])
def test_a_term_called_as_a_loss_of_ascnet_is_refused(name):
    with pytest.raises(InputError, match=f"model.terms: .'{name}'. are"):
        tiny_model(type='ASCNetPlus', terms={
            name: dict(type='InstanceContrast')})


def test_a_term_with_a_dot_in_its_name_is_refused():
    with pytest.raises(InputError, match="model.terms: 'speed.order'"):
        tiny_model(type='ASCNetPlus', terms={
            'speed.order': dict(type='InstanceContrast')})


def test_a_terms_wrong_dimension_is_named(tmp_path):
    with pytest.raises(InputError, match='model.terms.order.in_channels is 9'):
        trained(tmp_path, type='ASCNetPlus', terms=dict(
            order=dict(type='SpeedOrder', in_channels=9)))


def share_of(rows):
    """Losses and gradients of all terms for some rows of a batch."""
    torch.manual_seed(0)
    bank, found = full_bank(), {}
    for name, cfg in TERMS.items():
        cfg = {**cfg, **{key: C for key in ('in_channels',) if key in cfg}}
        cfg.update({'directions': dict(channels=C),
                    'pace': dict(speeds=(1, 2, 4))}.get(name, {}))
        part = term(**{'kind': cfg.pop('type'), **cfg})
        step = random_step(bank)
        leaves = {
            key: getattr(step, key)[rows].detach().requires_grad_()
            for key in ('x_i', 'a_i', 'predicted_a', 'predicted_m')
        }
        step = Step(**{key: value[rows] if key != 'retrieved' else
                       type(value)(*(field[rows] for field in value))
                       for key, value in step._asdict().items()})
        loss = part(step._replace(**leaves), bank)['loss']
        loss.backward()
        found[name] = loss.detach(), torch.cat(
            [leaf.grad for leaf in leaves.values() if leaf.grad is not None],
            dim=1)
    return found


def _on_one_of_two_ranks(rank, rendezvous, folder):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{rendezvous}', rank=rank, world_size=2)
    init_default_scope('mmaction')
    torch.save(share_of(range(rank, N, 2)), f'{folder}/{rank}.pth')
    torch.distributed.destroy_process_group()


def test_terms_on_two_ranks_are_one_process(tmp_path):
    spawn(
        _on_one_of_two_ranks,
        args=(str(tmp_path / 'rendezvous'), str(tmp_path)), nprocs=2)
    ranks = [torch.load(tmp_path / f'{rank}.pth') for rank in (0, 1)]
    for name, (loss, gradient) in share_of(range(N)).items():
        # The ranks' gradients are averaged, and so is the loss.
        losses, gradients = zip(*(found[name] for found in ranks))
        torch.testing.assert_close(sum(losses) / 2, loss)
        torch.testing.assert_close(
            torch.stack(gradients, dim=1).flatten(0, 1) / 2, gradient)
