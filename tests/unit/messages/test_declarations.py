"""What a command line declares about sites is what `record` reads."""

from typing import Any

import click
import pytest

from dropout_props.auditing.options import read_options
from dropout_props.cli.declarations import declared

_NONE: dict[str, tuple[str, ...]] = dict.fromkeys(
    ("rates", "batch_axis", "ignore", "expect_shared", "expect_inactive"), ()
)


@pytest.mark.parametrize(
    ("option", "text", "value"),
    [
        ("rates", "encoder/*=0.1", 0.1),
        ("batch_axis", "*=1", 1),
        ("batch_axis", "*=-2", -2),
        ("ignore", "head/*=DP903", (("DP903",), "")),
        ("ignore", "head/* = dp903, DP904: mended in 2", (("DP903", "DP904"), "mended in 2")),
        ("expect_shared", "*=1,2", ((1, 2), "")),
        ("expect_shared", "*=1: DropPath", ((1,), "DropPath")),
        ("expect_shared", "*=one key by design", ((), "one key by design")),
        ("expect_inactive", "frozen/*=not trained, x=1", "not trained, x=1"),
    ],
)
def test_a_declaration_reaches_the_record(option: str, text: str, value: Any) -> None:
    """Each form of the help is read, by the same function that reads the arguments of `record`."""
    found = read_options(**declared({**_NONE, option: (text,)}))
    assert list(getattr(found, option).values()) == [value]


@pytest.mark.parametrize(
    ("option", "texts", "message"),
    [
        ("rates", ("0.1",), r"--rates '0.1': write PATTERN=RATE"),
        ("rates", ("=0.1",), r"--rates '=0.1': write"),
        ("ignore", ("a=",), r"--ignore 'a=': write PATTERN=IDS"),
        ("batch_axis", ("a=1", "a=2"), r"the pattern 'a' is given twice"),
    ],
)
def test_a_text_of_another_form_is_refused(
    option: str, texts: tuple[str, ...], message: str
) -> None:
    """The message names the option, the value and the form."""
    with pytest.raises(click.UsageError, match=message):
        declared({**_NONE, option: texts})


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("rates", "a=high", r"rates\['a'\]='high': a rate is in"),
        ("rates", "a=1.5", r"a rate is in"),
        ("batch_axis", "a=0.5", r"an axis is an integer"),
        ("ignore", "a=DP203", r"it names properties of records"),
    ],
)
def test_a_wrong_value_is_refused_as_record_refuses_it(
    option: str, text: str, message: str
) -> None:
    """The rule and the remedy are those of `record`."""
    with pytest.raises(ValueError, match=message):
        read_options(**declared({**_NONE, option: (text,)}))
