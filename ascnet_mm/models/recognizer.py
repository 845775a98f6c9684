"""A classifier of videos that counts the unreadable ones."""
from typing import Any, Dict, List, Optional

from mmaction.models.recognizers import Recognizer3D
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from ..errors import InputError
from ..scope import ensure_scope
from .checkpoints import require_same_encoder
from .heads import single
from .memory_format import for_convolutions


@MODELS.register_module()
class ActionRecognizer(Recognizer3D):
    """MMAction2's ``Recognizer3D`` that counts every test video.

    A test video that could not be read counts as a miss at every k below the
    number of classes, so that accuracies have the same denominator whatever
    the decoder can read. A checkpoint without all of the model's weights is
    refused.

    Examples:
        >>> model = MODELS.build(dict(
        ...     type='ActionRecognizer',
        ...     backbone=dict(type='R3D', depth=18, base_channels=4),
        ...     cls_head=dict(type='I3DHead', num_classes=5, in_channels=32,
        ...                   average_clips='prob'))).eval()
        >>> sample = ActionDataSample().set_gt_label(3)
        >>> import torch
        >>> [sample] = model.predict(torch.rand(1, 2, 3, 8, 32, 32), [sample])
        >>> sample.pred_score.shape
        torch.Size([5])
    """

    def __init__(self, *args, **kwargs) -> None:
        ensure_scope()
        super().__init__(*args, **kwargs)
        # As in SelfSupervisedRecognizer: for stages that are frozen
        self.backbone.train()
        # MMAction2 hands the scores to numpy, which has no bfloat16.
        if self.with_cls_head:
            self.cls_head.register_forward_hook(_in_single_precision)

    @property
    def encoder_passes(self) -> Dict[str, int]:
        """dict[str, int]: What a step costs, per clip.

        As of :class:`SelfSupervisedRecognizer`. Of a frozen encoder no
        gradient is computed.
        """
        trained = any(weight.requires_grad
                      for weight in self.backbone.parameters())
        return dict(forward=1, backward=int(trained))

    def extract_feat(self, inputs: Tensor, *args, **kwargs) -> tuple:
        """Features of clips, as MMAction2's method.

        Args:
            inputs (Tensor): ``[B, clips, 3, T, H, W]`` in any memory layout:
                the preprocessor puts clip by clip, MMAction2 wants ``view``.
            *args: As for MMAction2's method.
            **kwargs: As for MMAction2's method.

        Returns:
            tuple: Features ``[B * clips, C, T', H', W']`` and arguments of
            the head.
        """
        clips = for_convolutions(inputs.flatten(0, 1).contiguous())
        return super().extract_feat(
            clips.unflatten(0, inputs.shape[:2]), *args, **kwargs)

    def predict(self, inputs: Optional[Tensor],
                data_samples: List[ActionDataSample],
                **kwargs) -> List[ActionDataSample]:
        """Class scores of every video, averaged over its clips and crops.

        Args:
            inputs (Tensor): Clips of the readable videos,
                ``[B', clips, 3, T, H, W]``.
            data_samples (list[ActionDataSample]): All B samples; those with
                the metainfo ``readable=False`` have no clips.

        Returns:
            list[ActionDataSample]: With ``pred_score``, ``[classes]``, and
            ``pred_label``, ``[1]``.
        """
        readable = [s for s in data_samples if s.get('readable', True)]
        if readable:
            super().predict(inputs, readable, **kwargs)
        for sample in data_samples:
            if not sample.get('readable', True):
                # Every other class scores higher than its own.
                scores = sample.gt_label.new_ones(
                    self.cls_head.num_classes).float()
                scores[sample.gt_label] = 0
                sample.set_pred_score(scores)
                sample.set_pred_label(scores.argmax(dim=0, keepdim=True))
        return data_samples

    def _load_from_state_dict(self, state_dict: dict, prefix: str,
                              *args) -> None:
        require_same_encoder(self, state_dict, prefix)
        # A FeatureHead has none.
        classifier = getattr(getattr(self, 'cls_head', None), 'fc_cls', None)
        given = state_dict.get(f'{prefix}cls_head.fc_cls.weight')
        wanted = getattr(classifier, 'weight', None)
        if wanted is not None and (given is None
                                   or given.shape != wanted.shape):
            found = 'none' if given is None else f'one of {len(given)} classes'
            raise InputError(
                f'the config has a classifier of {len(wanted)} classes and '
                f'the checkpoint {found}: to start from its encoder alone, '
                'give it as --pretrained')
        super()._load_from_state_dict(state_dict, prefix, *args)


def _in_single_precision(head: nn.Module, inputs: Any,
                         scores: Tensor) -> Tensor:
    return single(scores)
