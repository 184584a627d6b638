"""Right NNX programs: the ways in which a step may carry the state of the streams."""

from typing import Any

import jax
from flax import nnx

from dropout_props.selftest.wirings import Outcome, Record
from dropout_props.selftest.wirings.nnx_models import Mlp, build_mlp, descend_in_place, nnx_training
from dropout_props.selftest.wirings.training import batch, key_of_step, squared_error, train
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS"]


def _one_default_stream() -> Mlp:
    return Mlp(rngs=nnx.Rngs(0))


def _switch_modes(model: Any, number: int) -> None:
    """Evaluate the model after every second step, as a training loop does."""
    if number % 2:
        model.eval()
        squared_error(model(jax.numpy.asarray(batch(0)[0])), batch(0)[1])
        model.train()


def _reseed_by_step(model: Any, x: Any, number: Any) -> Any:
    return model(x, rngs=nnx.Rngs(dropout=key_of_step(jax.random.key(7), number)))


def _eager(record: Record, steps: int) -> Outcome:
    """Train without compiling anything."""

    def step(model: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
        x, y = jax.numpy.asarray(x), jax.numpy.asarray(y)
        value, grads = nnx.value_and_grad(lambda model: squared_error(model(x), y))(model)
        descend_in_place(model, grads)
        return model, value

    model, losses = train(record, steps, step, build_mlp())
    return Outcome(losses, model)


PROGRAMS = (
    Program(
        name="stateful",
        api="nnx",
        says="nnx.jit writes the counts of the streams back.",
        run=nnx_training(build_mlp),
    ),
    Program(
        name="one_default_stream",
        api="nnx",
        says="Weights and masks draw from one stream, and its count moves on.",
        run=nnx_training(_one_default_stream),
    ),
    Program(
        name="evaluated_in_between",
        api="nnx",
        says="Every second step the model is evaluated, and put in training mode again.",
        run=nnx_training(build_mlp, before_step=_switch_modes),
    ),
    Program(
        name="streams_of_the_step",
        api="nnx",
        says="Each step hands over new streams, made from a key of the step.",
        run=nnx_training(build_mlp, call=_reseed_by_step),
    ),
    Program(name="eager", api="nnx", says="Nothing is compiled.", run=_eager),
)
